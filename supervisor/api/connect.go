package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// replaceTimeout bounds the wait for a successor: the old supervisor's grace and a start. It is not fatal: after it the client starts one.
const replaceTimeout = defaultGrace + stuckGrace + startTimeout

// ErrNotRunning says that no supervisor runs, and that none was to be started.
var ErrNotRunning = &Error{Code: CodeNothing, Message: "no supervisor is running", Hint: "any command that needs one starts it"}

// ClientOptions are the choices of Connect.
type ClientOptions struct {
	Paths Paths
	// Facts are Dir, Tmux, TmuxPane and EnvRole of the client; the rest is found out by the supervisor.
	Facts Caller
	// Spawn starts a supervisor and returns when it listens: SpawnDaemon. At any time one of all clients is in it. nil: none is started.
	Spawn func() error
	// Build and Binary are the client's own. When the running supervisor is an older build, it is asked to become Binary (or a copy, as
	// KeepBinary makes one), before the first request is served. Zero, or NoReplace: it never is.
	Build     Build
	Binary    string
	NoReplace bool
}

// Client talks to the supervisor. It may be used by many goroutines, and for a long time: when the supervisor has gone, the next call finds or starts
// another one. A call ends when its context does.
//
// A call whose supervisor died before it answered is made again when that is harmless; otherwise it fails, saying so.
type Client struct {
	o     ClientOptions
	http  *http.Client
	first chan net.Conn // what Connect dialled, for the first request; capacity 1
	keep  atomic.Bool   // the running supervisor is not to be replaced
}

// dialError tells a request that reached nobody from one that broke off. It stays inside the package.
type dialError struct{ err error }

func (e *dialError) Error() string { return e.err.Error() }

// Connect finds the supervisor of o.Paths or, with o.Spawn, starts it. When fifty commands do so at once, one starts it and all find it.
// Without Spawn it fails with ErrNotRunning. Close it after use.
func Connect(ctx context.Context, o ClientOptions) (*Client, error) {
	c := &Client{o: o, first: make(chan net.Conn, 1)}
	c.keep.Store(o.NoReplace || o.Binary == "" || o.Build == Build{})
	c.http = &http.Client{Transport: &http.Transport{
		DisableCompression: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			conn, err := c.dial(ctx)
			if err != nil {
				return nil, &dialError{err}
			}
			return conn, nil
		},
	}}
	conn, err := dialOrSpawn(ctx, o)
	if err != nil {
		return nil, err
	}
	c.first <- conn
	return c, nil
}

// Close closes the connections. Calls under way fail on their own contexts only.
func (c *Client) Close() error {
	select {
	case conn := <-c.first:
		conn.Close()
	default:
	}
	c.http.CloseIdleConnections()
	return nil
}

// dial makes a connection for a request.
func (c *Client) dial(ctx context.Context) (net.Conn, error) {
	select {
	case conn := <-c.first:
		if open(conn) {
			return conn, nil
		}
		conn.Close()
	default:
	}
	return dialOrSpawn(ctx, c.o)
}

// open reports whether the other side has not closed the unused conn.
func open(conn net.Conn) bool {
	raw, err := conn.(*net.UnixConn).SyscallConn()
	if err != nil {
		return false
	}
	var peekErr error
	err = raw.Control(func(fd uintptr) {
		_, _, peekErr = unix.Recvfrom(int(fd), make([]byte, 1), unix.MSG_PEEK|unix.MSG_DONTWAIT)
	})
	return err == nil && peekErr == unix.EAGAIN
}

// dialOnce connects to a running supervisor. ErrNotRunning: there is none, or it is just starting or ending.
func dialOnce(ctx context.Context, p Paths) (net.Conn, error) {
	if err := checkDir(p.Dir); errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotRunning
	} else if err != nil {
		return nil, err
	}
	conn, err := new(net.Dialer).DialContext(ctx, "unix", p.Socket)
	switch {
	case err == nil:
		return conn, nil
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return nil, ErrNotRunning
	case ctx.Err() != nil:
		return nil, fmt.Errorf("connecting to the supervisor: %w", context.Cause(ctx))
	}
	return nil, &Error{Code: CodeError, Message: fmt.Sprintf("cannot reach the supervisor at %s: %v", p.Socket, reason(err)),
		Hint: "a sandbox must allow this Unix socket"}
}

// dialOrSpawn connects, starting a supervisor when there is none.
func dialOrSpawn(ctx context.Context, o ClientOptions) (net.Conn, error) {
	conn, err := dialOnce(ctx, o.Paths)
	if err != ErrNotRunning || o.Spawn == nil {
		return conn, err
	}
	if err := prepareDir(o.Paths.Dir); err != nil {
		return nil, err
	}
	lock, err := waitLock(ctx, o.Paths.spawnLock())
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	return spawn(ctx, o)
}

// spawn starts a supervisor, unless there is one by now. The caller holds the spawn lock.
func spawn(ctx context.Context, o ClientOptions) (net.Conn, error) {
	conn, err := dialOnce(ctx, o.Paths)
	if err != ErrNotRunning {
		return conn, err
	}
	// As nobody else is starting one, whoever still has the other lock is ending: it must have gone before the next can start.
	ending, cancel := context.WithTimeoutCause(ctx, replaceTimeout, errors.New("the supervisor that is ending does not end"))
	defer cancel()
	if err := WaitGone(ending, o.Paths); err != nil {
		return nil, err
	}
	spawnErr := o.Spawn()
	conn, err = dialOnce(ctx, o.Paths)
	switch {
	case err == nil:
		return conn, nil // whoever started it
	case spawnErr != nil:
		return nil, fmt.Errorf("starting the supervisor: %w", spawnErr)
	case err == ErrNotRunning:
		return nil, errors.New("starting the supervisor: it ended at once; see supervisor.log in the state directory")
	}
	return nil, err
}

// upgrade has the running supervisor replaced by o.Binary. When that cannot be, the client keeps to the one that runs.
func (c *Client) upgrade(ctx context.Context) error {
	lock, err := waitLock(ctx, c.o.Paths.spawnLock())
	if err != nil {
		return err
	}
	defer lock.Close()
	ctx, cancel := context.WithTimeout(ctx, replaceTimeout)
	defer cancel()
	var h Hello
	if err := c.once(ctx, http.MethodGet, "/v1/hello", nil, &h); err != nil || !c.o.Build.Newer(h.Build) {
		return nil // gone, or replaced by somebody else meanwhile: the next request will see
	}
	binary := c.o.Binary
	if h.StateDir != "" {
		if binary, err = keepBinary(binary, h.StateDir); err != nil {
			return err
		}
	}
	if err := c.once(ctx, http.MethodPost, "/v1/supervisor/stop", StopSupervisor{Replace: binary, Build: c.o.Build}, nil); err != nil {
		c.keep.Store(true)
		return nil
	}
	c.http.CloseIdleConnections()
	// The socket is still there. A connection to it waits in the kernel until the successor takes it, unless the old one has just taken it.
	err = c.once(ctx, http.MethodGet, "/v1/hello", nil, &h)
	for gone := (*goneError)(nil); errors.As(err, &gone) && gone.why == endReplace; {
		err = c.once(ctx, http.MethodGet, "/v1/hello", nil, &h)
	}
	if err != nil {
		conn, err := spawn(ctx, c.spawnOptions())
		if err != nil {
			return fmt.Errorf("replacing the supervisor: %w", err)
		}
		return conn.Close()
	}
	if c.o.Build.Newer(h.Build) {
		c.keep.Store(true) // it is not what was asked for, but it works
	}
	return nil
}

// spawnOptions are the client's options, with a Spawn in any case.
func (c *Client) spawnOptions() ClientOptions {
	o := c.o
	if o.Spawn == nil {
		o.Spawn = func() error { return ErrNotRunning }
	}
	return o
}

// once makes one request on a connection of its own, to the supervisor that runs: it starts none and replaces none.
func (c *Client) once(ctx context.Context, method, path string, body, into any) error {
	tr := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return dialOnce(ctx, c.o.Paths)
	}}
	var b []byte
	if body != nil {
		var err error
		if b, err = json.Marshal(body); err != nil {
			return fmt.Errorf("writing the request: %w", err)
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://isesh"+path, bytes.NewReader(b))
	if err != nil {
		return err
	}
	c.head(req.Header)
	req.Header.Del(headerBuild)
	resp, err := tr.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if why := resp.Header.Get(headerEnding); why != "" {
		return &goneError{ending(why)}
	}
	if resp.StatusCode != http.StatusOK {
		return readFailure(resp)
	}
	if into == nil {
		into = new(struct{})
	}
	return json.NewDecoder(resp.Body).Decode(into)
}

// head writes the headers of every request.
func (c *Client) head(h http.Header) {
	h.Set(headerProtocol, strconv.Itoa(Protocol))
	setFacts(h, c.o.Facts)
	if !c.keep.Load() {
		h.Set(headerBuild, c.o.Build.header())
	}
}

// readFailure reads an answer that is not 200.
func readFailure(resp *http.Response) error {
	var f failure
	b, err := io.ReadAll(io.LimitReader(resp.Body, MaxBody))
	if err == nil {
		err = json.Unmarshal(b, &f)
	}
	if err != nil || f.Error == nil {
		return &Error{Code: CodeProtocol, Message: "the supervisor answered " + resp.Status + " without saying why"}
	}
	return f.Error
}

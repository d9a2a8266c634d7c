package api

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/matryer/is"
)

func TestStrangersGetNoAnswer(t *testing.T) {
	is := is.New(t)
	a, b := net.Pipe() // not even a socket
	is.Equal(ConnContext(context.Background(), a).Value(peerKey{}), nil)
	_, err := b.Read(make([]byte, 1))
	is.Equal(err, io.EOF)

	l, err := net.Listen("unix", filepath.Join(shortDir(t), "s"))
	is.NoErr(err)
	defer l.Close()
	client, err := net.Dial("unix", l.Addr().String())
	is.NoErr(err)
	defer client.Close()
	conn, err := l.Accept()
	is.NoErr(err)
	defer conn.Close()
	pid, err := PeerPID(conn)
	is.NoErr(err)
	is.Equal(pid, os.Getpid())
	uid, err := PeerUID(conn)
	is.NoErr(err)
	is.Equal(uid, os.Getuid())
	is.Equal(connContext(context.Background(), conn, uid).Value(peerKey{}), peer{pid, uid})
	is.Equal(connContext(context.Background(), conn, uid+1).Value(peerKey{}), nil)
	_, err = client.Read(make([]byte, 1))
	is.Equal(err, io.EOF)
}

func TestAnotherUserGetsNoAnswer(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, to be somebody else")
	}
	is := is.New(t)
	b := &fake{}
	s := serve(t, b, ServeOptions{})
	dir := shortDir(t)
	for _, d := range []string{dir, s.paths.Dir, filepath.Dir(s.paths.Dir)} {
		is.NoErr(os.Chmod(d, 0o755))
	}
	is.NoErr(os.Chmod(s.paths.Socket, 0o666))
	bin := filepath.Join(dir, "test")
	is.NoErr(copyBinary(os.Args[0], bin))
	is.NoErr(os.Chmod(bin, 0o755))
	cmd := exec.Command(bin)
	cmd.Dir = "/"
	cmd.Env = []string{"API_TEST=stranger", "API_TEST_SOCKET=" + s.paths.Socket}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.Output()
	is.Equal(string(out), "connected, closed without an answer\n")
	is.NoErr(err)
	is.Equal(b.count(), 0)
}

func TestHandlerNeedsConnContext(t *testing.T) {
	is := is.New(t)
	defer func() { is.Equal(recover(), http.ErrAbortHandler) }()
	r, err := http.NewRequest("GET", "/v1/roles", nil)
	is.NoErr(err)
	Handler(&fake{}).ServeHTTP(nil, r)
}

func TestEndLetsRequestsFinish(t *testing.T) {
	is := is.New(t)
	began, finish := make(chan struct{}), make(chan struct{})
	b := &fake{block: func(ctx context.Context, what string) {
		if what == "send" {
			close(began)
			<-finish
		}
	}}
	s := serve(t, b, ServeOptions{})
	c := connect(t, s.paths, Caller{})
	sent := make(chan error, 1)
	go func() { _, err := c.Send(testContext(t), SendRequest{}); sent <- err }()
	received(t, began)
	idle := dialRaw(t, s.paths) // connected in time: it gets an answer
	s.stop()
	waitNoFile(t, s.paths.Socket) // the end has begun
	_, err := Connect(testContext(t), ClientOptions{Paths: s.paths})
	is.Equal(err, ErrNotRunning)
	_, err = io.WriteString(idle, "GET /v1/roles HTTP/1.1\r\nHost: isesh\r\n\r\n")
	is.NoErr(err)
	answer, err := io.ReadAll(idle)
	is.NoErr(err)
	is.True(strings.Contains(string(answer), "503 Service Unavailable"))
	is.True(strings.Contains(string(answer), "Isesh-Ending: stop"))
	select {
	case <-s.done:
		t.Fatal("Serve returned before its request did")
	default:
	}
	close(finish)
	is.NoErr(received(t, sent))
	received(t, s.done)
	is.NoErr(s.err)
	is.Equal(s.clients.Count(), 0)
}

// waitNoFile waits until path is gone.
func waitNoFile(t *testing.T, path string) {
	t.Helper()
	eventually(t, path+" goes", func() bool {
		_, err := os.Lstat(path)
		return errors.Is(err, os.ErrNotExist)
	})
}

func TestEndIsBounded(t *testing.T) {
	is := is.New(t)
	began := make(chan struct{})
	b := &fake{block: func(ctx context.Context, what string) { close(began); <-ctx.Done() }}
	s := serve(t, b, ServeOptions{Grace: time.Millisecond})
	c := connect(t, s.paths, Caller{})
	sent := make(chan error, 1)
	go func() { _, err := c.Send(testContext(t), SendRequest{}); sent <- err }()
	received(t, began)
	s.stop()
	e := code(is, received(t, sent), CodeError)
	is.True(strings.Contains(e.Hint, "not known"))
	received(t, s.done)
	is.NoErr(s.err)
}

func TestEndTellsWaitsToGo(t *testing.T) {
	is := is.New(t)
	began := make(chan struct{})
	b := &fake{block: func(ctx context.Context, what string) { close(began); <-ctx.Done() }}
	s := serve(t, b, ServeOptions{})
	c := connect(t, s.paths, Caller{})
	waited := make(chan error, 1)
	go func() { _, err := c.Wait(testContext(t), WaitRequest{}); waited <- err }()
	received(t, began)
	s.stop()
	err := received(t, waited)
	is.True(err != nil)
	is.True(strings.Contains(err.Error(), "stopped"))
	received(t, s.done)
}

// Whoever connected before the end is answered, also those that the supervisor had not taken yet.
func TestEndAnswersTheBacklog(t *testing.T) {
	is := is.New(t)
	p := testPaths(t)
	l, lock, err := Listen(p)
	is.NoErr(err)
	defer lock.Close()
	var conns []net.Conn
	for range 20 {
		conn := dialRaw(t, p)
		_, err := io.WriteString(conn, "GET /v1/roles HTTP/1.1\r\nHost: isesh\r\n\r\n")
		is.NoErr(err)
		conns = append(conns, conn)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	is.NoErr(Serve(ctx, l, &fake{}, ServeOptions{}))
	for _, conn := range conns {
		answer, err := io.ReadAll(conn)
		is.NoErr(err)
		is.True(strings.Contains(string(answer), "Isesh-Ending: stop") || strings.Contains(string(answer), "200 OK"))
	}
}

// A client that is told to come again finds the next supervisor, which starts when the last one has gone.
func TestNextSupervisorAfterTheEnd(t *testing.T) {
	is := is.New(t)
	began, finish := make(chan struct{}), make(chan struct{})
	old := &fake{block: func(context.Context, string) { close(began); <-finish }}
	s := serve(t, old, ServeOptions{})
	next := &fake{hello: Hello{Version: "next"}}
	spawned := 0
	c, err := Connect(testContext(t), ClientOptions{Paths: s.paths, Spawn: func() error {
		spawned++
		serveAt2(t, s.paths, next)
		return nil
	}})
	is.NoErr(err)
	defer c.Close()
	sent := make(chan error, 1)
	go func() { _, err := c.Send(testContext(t), SendRequest{}); sent <- err }()
	received(t, began)
	s.stop()
	waitNoFile(t, s.paths.Socket)
	hello := make(chan Hello, 1)
	go func() { h, _ := c.Hello(testContext(t)); hello <- h }() // comes while the first one is ending
	close(finish)
	is.NoErr(received(t, sent))
	received(t, s.done)
	is.NoErr(s.lock.Close())
	is.Equal(received(t, hello).Version, "next")
	is.Equal(spawned, 1)
}

// serveAt2 is serveAt as a client's Spawn does it: it holds the spawn lock.
func serveAt2(t *testing.T, p Paths, b Backend) {
	os.Setenv(readyEnv, "none")
	defer os.Unsetenv(readyEnv)
	serveAt(t, p, b, ServeOptions{})
}

func TestSupervisorKilledBetweenRequests(t *testing.T) {
	is := is.New(t)
	s := serve(t, &fake{}, ServeOptions{})
	c := connect(t, s.paths, Caller{})
	s.stop()
	received(t, s.done)
	is.NoErr(s.lock.Close())
	_, err := c.Send(testContext(t), SendRequest{}) // the connection that Connect made is of no use any more
	is.Equal(err, ErrNotRunning)
	serveAt(t, s.paths, &fake{}, ServeOptions{})
	_, err = c.Send(testContext(t), SendRequest{})
	is.NoErr(err)
}

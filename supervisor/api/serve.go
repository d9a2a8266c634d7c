package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// defaultGrace is how long requests may take after the end was asked for: a little more than a send waits by default. It is not fatal:
	// what was accepted is kept, its client is told that the supervisor went.
	defaultGrace = 6 * time.Second
	// stuckGrace is how long a request may take after it was cancelled. Then Serve gives it up with an error: a supervisor that does not end
	// would keep its successor from starting.
	stuckGrace = 2 * time.Second
)

// Clients counts the open connections of a Serve. The zero value is ready; it may be read by any goroutine.
type Clients struct{ n atomic.Int64 }

// Count returns how many are open, idle ones included: an agent's helper that may ask again any time counts.
func (c *Clients) Count() int { return int(c.n.Load()) }

// ServeOptions are the choices of Serve; the zero value is good.
type ServeOptions struct {
	Clients *Clients      // counts the connections, when set
	Grace   time.Duration // how long requests may take to finish after ctx ended; 0: 6 s
	Log     *slog.Logger  // nil: slog.Default
}

// Serve answers for b on l, a Unix listener of Listen, until ctx ends or b agreed to be replaced, and returns when the last request has.
//
// At the end it takes no more connections, and answers those that came in time: requests under way finish within the grace, waits and followed logs
// are told to go, all others are told to come again, to whoever serves then. The socket is gone before, unless it is kept for
// a replacement. Serve returns nil after such an end. It closes l, but not what Listen returned beside it.
func Serve(ctx context.Context, l net.Listener, b Backend, o ServeOptions) error {
	ul, ok := l.(*net.UnixListener)
	if !ok {
		return fmt.Errorf("serving %s: not a Unix socket", l.Addr())
	}
	if o.Grace <= 0 {
		o.Grace = defaultGrace
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	s := &server{b: b, listener: &listener{UnixListener: ul, ended: make(chan struct{})}, log: o.Log}
	s.endCtx, s.endNow = context.WithCancel(context.Background())
	defer s.endNow()
	requestCtx, cancelRequests := context.WithCancel(context.Background())
	defer cancelRequests()
	hs := &http.Server{
		Handler:     s,
		ConnContext: ConnContext,
		BaseContext: func(net.Listener) context.Context { return requestCtx },
		ErrorLog:    slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn),
	}
	if o.Clients != nil {
		hs.ConnState = o.Clients.note
	}
	defer context.AfterFunc(ctx, func() { s.end(endStop) })()

	err := hs.Serve(s.listener) // until end is called, or accepting fails
	if !errors.Is(err, net.ErrClosed) {
		err = fmt.Errorf("serving %s: %w", ul.Addr(), err)
		s.end(endStop)
	} else {
		err = nil
	}
	grace, cancel := context.WithTimeout(context.Background(), o.Grace)
	defer cancel()
	if hs.Shutdown(grace) != nil {
		cancelRequests()
		hs.Close()
	}
	return errors.Join(err, s.waitRequests(stuckGrace))
}

// note follows a connection's life. It is an http.Server's ConnState.
func (c *Clients) note(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		c.n.Add(1)
	case http.StateClosed, http.StateHijacked:
		c.n.Add(-1)
	}
}

// server is the handler, with what it must know to end. Made by Handler it never ends: listener is nil.
type server struct {
	b        Backend
	listener *listener
	log      *slog.Logger
	endCtx   context.Context // ends with the first call of end
	endNow   context.CancelFunc

	mu        sync.Mutex // guards what follows
	why       ending
	replacing bool          // the backend is being asked to make room for a successor
	running   int           // requests under way
	idle      chan struct{} // closed when running falls to 0, made by waitRequests
}

// end makes the server take no more requests; the first reason stays. The order matters to clients that are told to come again: when they are, a
// new connection can no longer reach this server.
func (s *server) end(why ending) {
	if s.listener == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.why != endNot {
		return
	}
	if s.replacing {
		why = endReplace
	}
	if err := s.listener.end(why == endReplace); err != nil {
		s.log.Warn("ending the socket", "err", err)
	}
	s.why = why
	s.endNow()
}

// expectReplace says whether an end that comes now is for a successor.
func (s *server) expectReplace(yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replacing = yes
}

// begin counts a request in and returns endNot, unless the server is ending.
func (s *server) begin() ending {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.why == endNot {
		s.running++
	}
	return s.why
}

func (s *server) done() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running--
	if s.running == 0 && s.idle != nil {
		close(s.idle)
	}
}

func (s *server) reason() ending {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.why
}

// waitRequests waits until no handler runs. None can begin any more.
func (s *server) waitRequests(within time.Duration) error {
	s.mu.Lock()
	n := s.running
	idle := make(chan struct{})
	s.idle = idle
	s.mu.Unlock()
	if n == 0 {
		return nil
	}
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-idle:
		return nil
	case <-timer.C:
		return fmt.Errorf("ending the socket: %d requests did not end within %v of being cancelled", n, within)
	}
}

// listener is a Unix listener that can end without losing a connection: those that were made before the end are still handed out, or, when a
// successor takes over the socket, left to it.
type listener struct {
	*net.UnixListener
	once  sync.Once
	keep  bool          // for a successor; written before ended is closed
	ended chan struct{} // closed by end
}

// end stops Accept. Unless the socket is kept for a successor, its name goes first, so that no connection can come after the last.
func (l *listener) end(keep bool) error {
	var err error
	l.once.Do(func() {
		l.keep = keep
		if !keep {
			err = os.Remove(l.Addr().String())
		}
		close(l.ended)
		err = errors.Join(err, l.SetDeadline(time.Unix(1, 0))) // wakes Accept
	})
	return err
}

// Accept returns net.ErrClosed after end.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case <-l.ended:
		return l.rest()
	default:
	}
	c, err := l.UnixListener.AcceptUnix()
	if err == nil {
		return c, nil
	}
	select {
	case <-l.ended:
		return l.rest()
	default:
		return nil, err
	}
}

// rest hands out a connection that waits in the kernel, without waiting for one.
func (l *listener) rest() (net.Conn, error) {
	if l.keep {
		return nil, net.ErrClosed
	}
	raw, err := l.SyscallConn()
	if err != nil {
		return nil, net.ErrClosed
	}
	var fd int
	var acceptErr error
	err = raw.Control(func(lfd uintptr) {
		syscall.ForkLock.RLock() // no child may get fd before it is marked
		defer syscall.ForkLock.RUnlock()
		for {
			if fd, _, acceptErr = unix.Accept(int(lfd)); acceptErr != unix.EINTR && acceptErr != unix.ECONNABORTED {
				break
			}
		}
		if acceptErr == nil {
			unix.CloseOnExec(fd)
		}
	})
	if err != nil || acceptErr != nil {
		return nil, net.ErrClosed
	}
	f := os.NewFile(uintptr(fd), "connection")
	defer f.Close()
	return net.FileConn(f)
}

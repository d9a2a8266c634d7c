package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
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
	// silentGrace is how long a client that connected before the end may take to ask something. It is not fatal: it connects again.
	silentGrace = time.Second
)

// Clients counts the open connections of a Serve. The zero value is ready; it may be read by any goroutine.
type Clients struct {
	n atomic.Int64

	// Changed, when set before Serve, is called after the number has changed. It must not block: it is called from the goroutines that serve.
	Changed func()
}

// set takes the new number.
func (c *Clients) set(n int) {
	if c.n.Swap(int64(n)) != int64(n) && c.Changed != nil {
		c.Changed()
	}
}

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
	conns := connections{clients: o.Clients, states: map[net.Conn]http.ConnState{}, changed: make(chan struct{}, 1)}
	hs := &http.Server{
		Handler:     s,
		ConnContext: ConnContext,
		ConnState:   conns.note,
		BaseContext: func(net.Listener) context.Context { return requestCtx },
		ErrorLog:    slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn),
	}
	defer context.AfterFunc(ctx, func() { s.end(endStop) })()

	err := hs.Serve(s.listener) // until end is called, or accepting fails
	if errors.Is(err, net.ErrClosed) {
		err = nil
	} else {
		err = fmt.Errorf("serving %s: %w", ul.Addr(), err)
		s.end(endStop)
	}
	// Not http.Server.Shutdown: it drops requests that it reads while it ends, and whoever sent one would not know whether it was done.
	hs.SetKeepAlivesEnabled(false)
	if !conns.wait(o.Grace, min(silentGrace, o.Grace), http.StateActive) {
		cancelRequests()
		if !conns.wait(stuckGrace, 0, http.StateActive) {
			err = errors.Join(err, fmt.Errorf("ending the socket: a request did not end within %v of being cancelled", stuckGrace))
		}
	}
	hs.Close()
	if err == nil {
		conns.wait(stuckGrace, stuckGrace, http.StateActive, http.StateIdle) // all closed: their goroutines end at once
	}
	return err
}

// connections knows what every connection of a Serve is doing.
type connections struct {
	clients *Clients      // told how many there are; may be nil
	changed chan struct{} // capacity 1: look again

	mu     sync.Mutex // guards states
	states map[net.Conn]http.ConnState
}

// note follows a connection's life. It is an http.Server's ConnState.
func (c *connections) note(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if state == http.StateClosed || state == http.StateHijacked {
		delete(c.states, conn)
	} else {
		c.states[conn] = state
	}
	if c.clients != nil {
		c.clients.set(len(c.states))
	}
	select {
	case c.changed <- struct{}{}:
	default:
	}
}

// wait waits until no connection is in one of the states, and reports whether that came within the time. Connections on which nothing was
// asked yet are waited for, too, for the time of silent.
func (c *connections) wait(within, silent time.Duration, states ...http.ConnState) bool {
	end, silence := time.NewTimer(within), time.NewTimer(silent)
	defer end.Stop()
	defer silence.Stop()
	states = append(states, http.StateNew)
	for {
		c.mu.Lock()
		found := false
		for _, state := range c.states {
			found = found || slices.Contains(states, state)
		}
		c.mu.Unlock()
		if !found {
			return true
		}
		select {
		case <-c.changed:
		case <-silence.C:
			states = states[:len(states)-1]
		case <-end.C:
			return false
		}
	}
}

// server is the handler, with what it must know to end. Made by Handler it never ends: listener is nil.
type server struct {
	b        Backend
	listener *listener
	log      *slog.Logger
	endCtx   context.Context // ends with the first call of end
	endNow   context.CancelFunc
	spare    spare

	mu        sync.Mutex // guards what follows
	why       ending
	replacing bool // the backend is being asked to make room for a successor
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

// reason says whether the server takes no more requests, and why.
func (s *server) reason() ending {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.why
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

package control

import (
	"fmt"
	"sync"
	"time"
)

// closeGrace is how long a client may take to leave after its input was closed
// before it is killed. It needs a millisecond; a stuck server needs for ever.
const closeGrace = 2 * time.Second

// eventBuffer is how many events wait for a slow consumer of Events.
const eventBuffer = 512

// Client is a control-mode connection. All methods may be called by any number
// of goroutines. Close it when done.
type Client struct {
	conn     Conn
	session  string   // set by Dial before anybody else sees the Client
	identity Identity // the same
	features Features // the same
	scratch  *scratch
	limit    int // bytes kept per watched pane

	slots  chan struct{} // maxOutstanding tokens
	wake   chan struct{} // tells the writer that out is not empty
	events chan Event    // the reader sends and closes
	ready  chan struct{} // closed by the reader when tmux has answered the dial
	over   chan struct{} // closed by the reader when the connection has ended
	done   chan struct{} // closed when reader and writer have ended
	waits  sync.WaitGroup

	mu    sync.Mutex
	queue []*request // sent, not finished, in order
	out   []byte     // bytes for the writer
	cause error      // why nothing is accepted any more; nil while it is
	err   error      // why the connection ended, nil until then
	kill  *time.Timer
	// closing is set before Close waits for waits, to which nothing is added from then on.
	closing bool

	watchMu sync.Mutex
	watched map[string]*Output

	// The rest belongs to the reader.
	parser   Parser
	refusal  error    // its error; read by others after ready only
	greeted  bool     // ready is closed
	current  *request // whose reply is open
	foreign  []byte   // body of a reply that is not ours
	attached string   // id of the first session-changed
	exited   bool     // %exit was seen
	reason   string   // its text
	overflow bool     // an Overflow is in events and nothing behind it
	now      time.Time
}

func newClient(conn Conn) *Client {
	return &Client{
		conn:    conn,
		limit:   DefaultOutputBuffer,
		slots:   make(chan struct{}, maxOutstanding),
		wake:    make(chan struct{}, 1),
		events:  make(chan Event, eventBuffer),
		ready:   make(chan struct{}),
		over:    make(chan struct{}),
		done:    make(chan struct{}),
		watched: map[string]*Output{},
	}
}

// start runs the two goroutines: one reads and completes, one writes.
func (c *Client) start() {
	var writer sync.WaitGroup
	writer.Go(c.write)
	go func() {
		c.read()
		writer.Wait()
		close(c.done)
	}()
}

// write hands the queued bytes to tmux, all there are in one write.
func (c *Client) write() {
	var buf []byte
	for {
		select {
		case <-c.wake:
		case <-c.over:
			return
		}
		c.mu.Lock()
		buf, c.out = c.out, buf[:0]
		c.mu.Unlock()
		if len(buf) == 0 {
			continue
		}
		if _, err := c.conn.Write(buf); err != nil {
			// The reader meets the end, too, and knows more about it.
			c.shut(fmt.Errorf("writing to tmux: %w", err))
			return
		}
		if cap(buf) > 1<<20 {
			buf = nil
		}
	}
}

// shut refuses new requests from now on and asks tmux to let go; what does not
// go in time is killed. Only the first cause counts.
func (c *Client) shut(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause != nil {
		return
	}
	c.cause = cause
	c.kill = time.AfterFunc(closeGrace, func() { c.conn.Kill() })
	c.conn.Close()
}

// Close ends the connection and waits for its end: the panes live on. It takes
// at most a few seconds, kills the client process when it does not leave by
// itself, and removes the scratch files. Requests under way fail. Calling it
// again is harmless.
func (c *Client) Close() error {
	c.shut(ErrClosed)
	<-c.done
	c.mu.Lock()
	c.closing = true
	c.mu.Unlock()
	c.waits.Wait()
	return c.scratch.close()
}

// Done is closed when the connection has ended, for whatever reason. The
// client still has to be closed.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err is nil while the connection stands. Then it says why it ended: ErrClosed,
// ErrMoved, an *ExitError, or what went wrong with the pipes.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// PID is the process id of the tmux client process.
func (c *Client) PID() int { return c.conn.PID() }

// Session is the id ($3) of the session the client is attached to.
func (c *Client) Session() string { return c.session }

// Identity tells which life of which server the ids belong to.
func (c *Client) Identity() Identity { return c.identity }

// Features of the server's version.
func (c *Client) Features() Features { return c.features }

// Events delivers what tmux tells by itself, in order. Nobody has to read it:
// a bounded number waits, then events are dropped and an Overflow says so. It
// is closed when the connection has ended.
func (c *Client) Events() <-chan Event { return c.events }

// Watch starts to keep the output of a pane of the client's session, from now
// on. Watching a watched pane returns the same Output.
func (c *Client) Watch(pane string) *Output {
	c.watchMu.Lock()
	defer c.watchMu.Unlock()
	o := c.watched[pane]
	if o == nil {
		o = newOutput(c.limit)
		c.watched[pane] = o
	}
	return o
}

// Unwatch drops the output of a pane and what was kept of it.
func (c *Client) Unwatch(pane string) {
	c.watchMu.Lock()
	defer c.watchMu.Unlock()
	delete(c.watched, pane)
}

// finish is the one way out of the queue, for answers and for the end.
func (c *Client) finish(r *request) {
	if r.slot {
		<-c.slots
	}
	close(r.done)
}

package control

import (
	"bytes"
	"errors"
	"strings"
	"time"
)

// errLeft stands for "the reader knows why" until the reader has said it.
var errLeft = errors.New("the tmux control client has left")

// read is the reader: it owns the parser and everything that comes out of it,
// and never waits for anybody. Waiting requests get their answers, outputs and
// events go into bounded buffers.
func (c *Client) read() {
	buf := make([]byte, 64<<10)
	for {
		n, err := c.conn.Read(buf)
		if n > 0 {
			c.now = time.Now()
			c.parser.Feed(buf[:n], c.token)
		}
		if err != nil {
			break
		}
	}
	c.end()
}

// end completes everything when there is no more to read.
func (c *Client) end() {
	c.shut(errLeft)
	code, _ := c.conn.Wait()

	c.mu.Lock()
	c.kill.Stop()
	if c.cause != ErrClosed && c.cause != ErrMoved {
		exit := &ExitError{Reason: c.reason, Code: code, Silent: !c.exited}
		if p, ok := c.conn.(interface{ Stderr() string }); ok {
			exit.Stderr = p.Stderr()
		}
		c.cause = exit
	}
	c.err = c.cause
	queue := c.queue
	c.queue = nil
	err := c.err
	c.mu.Unlock()

	for _, r := range queue {
		if r.err == nil {
			r.err = err
		}
		c.finish(r)
	}
	if !c.greeted {
		c.greet(err)
	}
	close(c.events)
	close(c.over)
}

func (c *Client) greet(refusal error) {
	c.greeted, c.refusal = true, refusal
	close(c.ready)
}

// token takes one line of the stream.
func (c *Client) token(t Token) {
	switch t.Kind {
	case Begin:
		c.begin(t)
	case Body:
		if c.current != nil {
			c.current.add(t.Line)
		} else if len(c.foreign) < maxForeign {
			c.foreign = append(append(c.foreign, t.Line...), '\n')
		}
	case End, Fail:
		c.endReply(t.Kind == Fail)
	case Notify:
		c.notify(t)
	case Loose:
		c.emit(Stray{Line: string(t.Line)})
	}
}

// maxForeign bounds what is kept of a reply that is not ours.
const maxForeign = 64 << 10

func (c *Client) begin(t Token) {
	c.current, c.foreign = nil, c.foreign[:0]
	if !t.Own {
		return
	}
	c.mu.Lock()
	if len(c.queue) > 0 {
		c.current = c.queue[0]
	}
	c.mu.Unlock()
	if r := c.current; r != nil && r.posts < r.fence {
		c.parser.Fence(r.nonce)
	}
}

func (c *Client) endReply(failed bool) {
	r := c.current
	c.current = nil
	switch {
	case r != nil:
		if !r.end(failed) {
			return
		}
		c.mu.Lock()
		c.queue[0] = nil
		c.queue = c.queue[1:]
		c.mu.Unlock()
		c.finish(r)
	case !c.greeted:
		// The first reply answers the attach on the command line.
		var refusal error
		if failed {
			refusal = &CommandError{Line: "attach", Text: string(bytes.TrimSuffix(c.foreign, []byte{'\n'}))}
		}
		c.greet(refusal)
	case failed || len(c.foreign) > 0:
		c.emit(HookReply{Body: string(bytes.TrimSuffix(c.foreign, []byte{'\n'})), Failed: failed})
	}
}

func (c *Client) notify(t Token) {
	switch string(t.Name) {
	case "output":
		pane, data, _ := bytes.Cut(t.Rest, []byte{' '})
		c.output(pane, data)
	case "extended-output":
		head, data, ok := bytes.Cut(t.Rest, []byte(" : "))
		if !ok {
			head, data = bytes.TrimSuffix(t.Rest, []byte(" :")), nil
		}
		pane, _, _ := bytes.Cut(head, []byte{' '})
		c.output(pane, data)
	case "pause":
		c.paused(string(t.Rest))
	case "continue":
		// Our own doing.
	case "exit":
		c.exited, c.reason = true, string(t.Rest)
	case "session-changed":
		id, _, _ := strings.Cut(string(t.Rest), " ")
		c.emit(notification("session-changed", string(t.Rest)))
		switch {
		case c.attached == "":
			c.attached = id
		case c.attached != id:
			// Carried off by detach-on-destroy: what comes now belongs to others.
			c.shut(ErrMoved)
		}
	default:
		c.emit(notification(string(t.Name), string(t.Rest)))
	}
}

func (c *Client) output(pane, escaped []byte) {
	c.watchMu.Lock()
	o := c.watched[string(pane)]
	c.watchMu.Unlock()
	if o != nil {
		o.write(escaped, c.now)
	}
}

// paused resumes a pane whose backlog tmux has thrown away: from here on its
// output is complete again, and Chunk.Paused asks for a capture.
func (c *Client) paused(pane string) {
	if !isPaneID(pane) {
		return
	}
	r := newRequest("refresh-client")
	// An error means that the connection ends.
	_ = c.enqueue(r, `refresh-client -A "`+pane+`:continue"`)
	c.watchMu.Lock()
	o := c.watched[pane]
	c.watchMu.Unlock()
	if o != nil {
		o.pause(c.now)
	}
}

// emit queues an event. The last place is kept for the Overflow.
func (c *Client) emit(e Event) {
	switch waiting := len(c.events); {
	case waiting < cap(c.events)-1:
		c.overflow = false
		c.events <- e
	case !c.overflow:
		c.overflow = true
		c.events <- Overflow{}
	}
}

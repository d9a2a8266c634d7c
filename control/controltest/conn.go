package controltest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"isesh/control"
)

// client is one control-mode connection: what the server knows of it, and both ends of its pipes. Tmux.mu owns it.
type client struct {
	t       *Tmux
	pid     int
	session *session
	in      []byte    // received and not yet a full line
	out     []segment // sent and not yet read
	more    *sync.Cond
	queued  []byte // input that waits for the end of a stall
	inEOF   bool
	outEOF  bool
	killed  bool
	leaving bool // will exit with the notifications
	code    int
	ended   chan struct{}

	noOutput   bool
	ignoreSize bool
	waitExit   bool
	pauseAfter time.Duration // 0: never
	paused     map[*Pane]bool
	off        map[*Pane]bool
	subs       []*subscription
	errored    bool
	inBlock    bool
}

// segment is something on its way to the reader: finished bytes, or the output of a pane, which can still be thrown away and whose age is
// told when it is read.
type segment struct {
	data []byte
	pane *Pane
	at   time.Time
}

func (c *client) name() string { return fmt.Sprintf("client-%d", c.pid) }

// Connect is the tmux binary run as a control client, to be put into control.Options.Connect. args are its arguments: global flags and the
// attaching command, whose answer is the first block to read.
func (t *Tmux) Connect(ctx context.Context, args []string) (control.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	cmd, err := attaching(args)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.unlock()
	if t.closed {
		return nil, errors.New("the test has ended")
	}
	t.boot()
	c := &client{t: t, pid: t.process(), more: sync.NewCond(&t.mu), ended: make(chan struct{}), paused: map[*Pane]bool{}, off: map[*Pane]bool{}}
	t.clients = append(t.clients, c)
	list, err := t.compile(wordsOf(cmd))
	if err == nil {
		err = t.run(c, list, 0)
	} else {
		c.gone(1) // the complaint goes to the standard error, which nobody reads here
	}
	if err != nil && c.session == nil && !c.outEOF {
		c.errored = true
		c.exit("", 1)
	}
	if len(t.sessions) == 0 {
		t.note(func() { t.end("") })
	}
	return &conn{c}, nil
}

// attaching cuts tmux's global flags off.
func attaching(args []string) ([]string, error) {
	control := false
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		a := args[0]
		args = args[1:]
		switch {
		case a == "-L" || a == "-S" || a == "-f" || a == "-T" || a == "-c":
			if len(args) == 0 {
				return nil, fmt.Errorf("tmux: option requires an argument -- %s", a[1:])
			}
			args = args[1:]
		case strings.HasPrefix(a, "-L") || strings.HasPrefix(a, "-S") || strings.HasPrefix(a, "-f"):
		default:
			control = control || strings.Contains(a, "C")
		}
	}
	if !control {
		return nil, fmt.Errorf("only control clients (-C) can connect to a tmux in memory, not %q", args)
	}
	if len(args) == 0 {
		args = []string{"new-session"}
	}
	return args, nil
}

// conn is the client process as its parent sees it.
type conn struct{ c *client }

// Read blocks until there is output, or returns io.EOF after the client's end.
func (n *conn) Read(b []byte) (int, error) {
	c := n.c
	c.t.mu.Lock()
	defer c.t.mu.Unlock()
	for len(c.out) == 0 && !c.outEOF || c.t.stalled && !c.outEOF {
		c.more.Wait()
	}
	if c.killed || len(c.out) == 0 {
		return 0, io.EOF
	}
	if m := c.t.read; m > 0 && m < len(b) {
		b = b[:m]
	}
	total := 0
	for total < len(b) && len(c.out) > 0 {
		s := &c.out[0]
		if s.pane != nil {
			s.data, s.pane = c.encode(s.pane, s.data, time.Since(s.at)), nil
		}
		k := copy(b[total:], s.data)
		total += k
		if s.data = s.data[k:]; len(s.data) == 0 {
			c.out = c.out[1:]
		}
	}
	return total, nil
}

// Write hands over command lines. All full lines in it run before anything else happens in the server.
func (n *conn) Write(b []byte) (int, error) {
	c := n.c
	c.t.mu.Lock()
	defer c.t.unlock()
	if c.inEOF || c.outEOF {
		return 0, io.ErrClosedPipe
	}
	if c.t.stalled {
		c.queued = append(c.queued, b...)
	} else {
		c.receive(b)
	}
	return len(b), nil
}

// Close closes the client's standard input, whereupon it detaches.
func (n *conn) Close() error {
	c := n.c
	c.t.mu.Lock()
	defer c.t.unlock()
	if c.inEOF {
		return os.ErrClosed
	}
	c.inEOF = true
	if !c.outEOF && !c.t.stalled {
		c.detach()
	}
	return nil
}

// Kill ends the client process: there is no %exit.
func (n *conn) Kill() error {
	c := n.c
	c.t.mu.Lock()
	defer c.t.unlock()
	c.killed, c.inEOF, c.out = true, true, nil
	if !c.outEOF {
		c.gone(-1)
		c.t.detached(c)
	}
	return nil
}

// Wait waits for the end of the client process.
func (n *conn) Wait() (int, error) {
	<-n.c.ended
	n.c.t.mu.Lock()
	defer n.c.t.mu.Unlock()
	return n.c.code, nil
}

func (n *conn) PID() int { return n.c.pid }

// receive takes bytes of the client and runs the full lines in them.
func (c *client) receive(b []byte) {
	c.in = append(c.in, b...)
	for !c.outEOF && !c.leaving {
		i := bytes.IndexByte(c.in, '\n')
		if i < 0 {
			return
		}
		line := string(c.in[:i])
		c.in = c.in[i+1:]
		if line == "" {
			c.detach()
			return
		}
		c.t.line(c, line)
	}
}

// write sends finished bytes.
func (c *client) write(format string, args ...any) {
	if c.outEOF {
		return
	}
	c.out = append(c.out, segment{data: fmt.Appendf(nil, format, args...), at: time.Now()})
	c.more.Signal()
}

// tooFarBehind is how long tmux waits for a reader that does not read.
const tooFarBehind = 300 * time.Second

// output sends what a pane has written, unless the client does not want it. A pane whose output lies unread for too long is paused and its
// backlog thrown away, or without pause-after the client is.
func (c *client) output(p *Pane, data []byte) {
	if c.outEOF || c.noOutput || c.off[p] || c.paused[p] {
		return
	}
	now := time.Now()
	for _, s := range c.out {
		if s.pane != p {
			continue
		}
		switch age := now.Sub(s.at); {
		case c.pauseAfter > 0 && age >= c.pauseAfter:
			c.pause(p)
			return
		case c.pauseAfter == 0 && age >= tooFarBehind:
			c.exit("too far behind", 0)
			return
		}
		break
	}
	c.out = append(c.out, segment{data: data, pane: p, at: now})
	c.more.Signal()
}

func (c *client) pause(p *Pane) {
	if c.paused[p] {
		return
	}
	c.paused[p] = true
	c.out = slices.DeleteFunc(c.out, func(s segment) bool { return s.pane == p })
	c.write("%%pause %s\n", p)
}

// encode makes the line that carries a pane's output.
func (c *client) encode(p *Pane, data []byte, age time.Duration) []byte {
	var b []byte
	if c.pauseAfter > 0 {
		b = fmt.Appendf(b, "%%extended-output %s %d : ", p, age.Milliseconds())
	} else {
		b = fmt.Appendf(b, "%%output %s ", p)
	}
	for _, ch := range data {
		if ch < 0x20 || ch == '\\' {
			b = fmt.Appendf(b, `\%03o`, ch)
		} else {
			b = append(b, ch)
		}
	}
	return append(b, '\n')
}

// attach makes s the client's session.
func (c *client) attach(s *session) {
	c.session = s
	c.t.touch(s)
	c.t.note(func() {
		if c.session != s || c.outEOF {
			return
		}
		for _, o := range c.t.clients {
			if o == c {
				o.write("%%session-changed %s %s\n", s, s.name)
			} else if o.session != nil {
				o.write("%%client-session-changed %s %s %s\n", c.name(), s, s.name)
			}
		}
	})
}

// detach lets the client go; its exit code tells whether one of its commands failed.
func (c *client) detach() {
	code := 0
	if c.errored {
		code = 1
	}
	c.exit("", code)
	c.t.detached(c)
}

// exit writes the last line and ends the client.
func (c *client) exit(reason string, code int) {
	if c.outEOF {
		return
	}
	if reason != "" {
		reason = " " + reason
	}
	c.write("%%exit%s\n", reason)
	c.gone(code)
}

func (c *client) gone(code int) {
	c.outEOF, c.code = true, code
	c.t.clients = slices.DeleteFunc(slices.Clone(c.t.clients), func(o *client) bool { return o == c })
	c.more.Broadcast()
	close(c.ended)
}

// detached tells the others, and ends a session that does not outlive its last client.
func (t *Tmux) detached(c *client) {
	s := c.session
	c.session = nil
	for _, o := range t.clients {
		if o.session != nil {
			o := o
			t.note(func() { o.write("%%client-detached %s\n", c.name()) })
		}
	}
	if s != nil && t.option("destroy-unattached", s, nil, nil) == "on" && t.attached(s) == 0 {
		t.removeSession(s)
	}
}

package controltest

import (
	"fmt"
	"sync"
)

// hook is a block that follows commands without an answer being asked for.
type hook struct {
	command string
	body    []string
}

// Inject writes lines as they are to every connection, between two blocks: stray lines, unknown notifications, anything.
func (t *Tmux) Inject(lines ...string) {
	t.mu.Lock()
	defer t.unlock()
	for _, c := range t.clients {
		for _, l := range lines {
			c.write("%s\n", l)
		}
	}
}

// Hook makes every later run of a command ("" for all of them) be followed by a block with flags 0, as commands in tmux hooks are.
func (t *Tmux) Hook(command string, body ...string) {
	t.mu.Lock()
	defer t.unlock()
	t.hooks = append(t.hooks, hook{command, body})
}

// FailNext makes the next run of a command fail with this text. Calls add up.
func (t *Tmux) FailNext(command, text string) {
	t.mu.Lock()
	defer t.unlock()
	t.failing[command] = append(t.failing[command], text)
}

// Stall freezes the server: commands are not run, nothing arrives, programs' output waits. Resume lets it go on, in order.
func (t *Tmux) Stall() {
	t.mu.Lock()
	defer t.unlock()
	t.stalled = true
}

// Resume ends a Stall.
func (t *Tmux) Resume() {
	t.mu.Lock()
	defer t.unlock()
	if !t.stalled {
		return
	}
	t.stalled = false
	for _, c := range t.clients {
		b := c.queued
		c.queued = nil
		c.receive(b)
		if c.inEOF && !c.outEOF {
			c.detach()
		}
		c.more.Broadcast()
	}
	t.deliver()
	for _, p := range t.panes() {
		if b := p.pending; len(b) > 0 {
			p.pending = nil
			p.output(b)
		}
	}
}

// Crash ends the server as a bug in it does: "%exit server exited unexpectedly", and every session is lost. The next dial starts a new one.
func (t *Tmux) Crash() {
	t.mu.Lock()
	defer t.unlock()
	t.crash("Crash was called")
}

// Crashed tells which of tmux's own bugs has ended the server since it was started, "" for none.
func (t *Tmux) Crashed() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.crashed
}

// KillServer ends the server in good order.
func (t *Tmux) KillServer() {
	t.mu.Lock()
	defer t.unlock()
	if t.running {
		t.end("")
	}
}

// DetachAll makes every client leave, as another client's "attach-session -d" does.
func (t *Tmux) DetachAll() {
	t.mu.Lock()
	defer t.unlock()
	for _, c := range append([]*client(nil), t.clients...) {
		c.detach()
	}
}

// MoveAll attaches every client to another session, by id or name, as switch-client does from outside.
func (t *Tmux) MoveAll(session string) error {
	t.mu.Lock()
	defer t.unlock()
	s := t.findSession(session, nil)
	if s == nil {
		return fmt.Errorf("moving the clients: can't find session: %s", session)
	}
	for _, c := range t.clients {
		c.attach(s)
	}
	return nil
}

// CheckSubscriptions looks at all subscriptions now instead of at the next tick.
func (t *Tmux) CheckSubscriptions() {
	t.mu.Lock()
	defer t.unlock()
	t.check()
}

// Leaked is how many bytes of capture-pane -p replies a real server of this version would have leaked by now.
func (t *Tmux) Leaked() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.leaked
}

// Buffers are the names of the paste buffers, newest first.
func (t *Tmux) Buffers() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	names := []string{}
	for _, b := range t.buffers {
		names = append(names, b.name)
	}
	return names
}

// Clients is the number of connections.
func (t *Tmux) Clients() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.clients)
}

// Pane returns a pane by its id, or nil. It is the way to what a test did not launch itself.
func (t *Tmux) Pane(id string) *Pane {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range t.panes() {
		if p.String() == id {
			return p
		}
	}
	return nil
}

// Do runs a command line from outside, as somebody else's tmux command does, and returns what it prints.
func (t *Tmux) Do(line string) (string, error) {
	t.mu.Lock()
	defer t.unlock()
	t.boot()
	c := &client{t: t, pid: t.process(), more: sync.NewCond(&t.mu)}
	return t.capture(c, line)
}

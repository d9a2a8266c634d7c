package control

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// maxOutstanding bounds the requests on their way: tmux does not bound the
// replies it holds for a client.
const maxOutstanding = 64

// maxReply bounds what is kept of the answer to one request.
const maxReply = 64 << 20

// request is one write and its answer. Everything below done belongs to the
// reader until it closes done, and is read-only after.
type request struct {
	nonce string
	name  string // the command, shortened, for errors
	fence int    // number of blocks, from the first, that hold foreign text and have a fence post behind them
	slot  bool   // counts as outstanding
	done  chan struct{}

	blocks []string
	posts  int // fence posts seen
	body   []byte
	lines  int
	size   int
	err    error
}

// fenceMark behind the nonce ends a fenced block; the nonce alone ends the request.
const fenceMark = "m"

// fencePost is the command behind one that prints foreign text.
func (r *request) fencePost() string { return " ; display-message -p " + r.nonce + fenceMark }

// newSeparator is a word that no text holds. It is plain ASCII: tmux 3.5 and later write control characters of a list as octal.
func newSeparator() string { return "|" + newNonce()[:16] + "|" }

func newNonce() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

func newRequest(name string) *request {
	return &request{nonce: newNonce(), name: name, done: make(chan struct{})}
}

// add takes one line of a reply.
func (r *request) add(line []byte) {
	r.size += len(line) + 1
	if r.size > maxReply {
		r.err = fmt.Errorf("tmux %s: %w: more than %d bytes", r.name, ErrTooLarge, maxReply)
		r.body = nil
		return
	}
	if r.lines > 0 {
		r.body = append(r.body, '\n')
	}
	r.body = append(r.body, line...)
	r.lines++
}

// end takes the end of a reply and reports whether it was the last one.
func (r *request) end(failed bool) bool {
	body := r.body
	r.body, r.lines = r.body[:0], 0
	if cap(r.body) > 64<<10 {
		r.body = nil
	}
	if !failed && bytes.Equal(body, []byte(r.nonce)) {
		return true
	}
	if r.fence > 0 && !failed && bytes.Equal(body, []byte(r.nonce+fenceMark)) {
		r.posts++
		return false
	}
	if failed {
		if r.err == nil {
			r.err = &CommandError{Line: r.name, Text: string(body)}
		}
		return false
	}
	r.blocks = append(r.blocks, string(body))
	return false
}

// Do sends raw command lines as one request and returns the bodies of the
// replies, one for each command that succeeded: a line may hold none, one or
// several. The first refusal is returned as a *CommandError with the bodies so
// far; after it tmux runs the other lines, not the rest of the same line.
//
// Lines must not be empty (tmux would detach) and hold no LF or NUL. Commands
// that print foreign text, as capture-pane -p, can imitate the end of a reply:
// use Capture for those. Never send what waits for an answer, as
// command-prompt or confirm-before.
func (c *Client) Do(ctx context.Context, lines ...string) ([]string, error) {
	if len(lines) == 0 {
		return nil, errors.New("tmux: no command")
	}
	for _, l := range lines {
		if strings.Trim(l, " \t") == "" {
			return nil, errors.New("tmux: an empty command line, which would detach")
		}
		if strings.ContainsAny(l, "\n\x00") {
			return nil, fmt.Errorf("tmux %s: LF or NUL in a command line", briefLine(l))
		}
	}
	r := newRequest(briefLine(lines[0]))
	err := c.send(ctx, r, lines...)
	if err != nil && !isDone(r) {
		return nil, err
	}
	return r.blocks, err
}

// Run sends commands given as words, each quoted, on one line: tmux runs them
// without a gap, and stops at the first that fails. See Do.
func (c *Client) Run(ctx context.Context, cmds ...[]string) ([]string, error) {
	parts := make([]string, len(cmds))
	for i, words := range cmds {
		if len(words) == 0 || words[0] == "" {
			return nil, errors.New("tmux: an empty command")
		}
		var err error
		if parts[i], err = QuoteAll(words...); err != nil {
			return nil, fmt.Errorf("tmux %s: %w", words[0], err)
		}
	}
	if len(parts) == 0 {
		return nil, errors.New("tmux: no command")
	}
	r := newRequest(briefLine(strings.Join(cmds[0], " ")))
	err := c.send(ctx, r, strings.Join(parts, " ; "))
	if err != nil && !isDone(r) {
		return nil, err
	}
	return r.blocks, err
}

func isDone(r *request) bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// send puts r in the queue and on the wire and waits for its end. When ctx
// ends first, r goes on without us: r.done tells when it is over.
func (c *Client) send(ctx context.Context, r *request, lines ...string) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("tmux %s: %w", r.name, context.Cause(ctx))
	}
	r.slot = true
	select {
	case c.slots <- struct{}{}:
	default:
		select {
		case c.slots <- struct{}{}:
		case <-ctx.Done():
			return fmt.Errorf("tmux %s: waiting for earlier requests: %w", r.name, context.Cause(ctx))
		case <-c.over:
			return c.Err()
		}
	}
	if err := c.enqueue(r, lines...); err != nil {
		<-c.slots
		return err
	}
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		return fmt.Errorf("tmux %s: %w", r.name, context.Cause(ctx))
	}
}

// enqueue queues r and its bytes under one lock, so that the order of both is
// the same. It never blocks.
func (c *Client) enqueue(r *request, lines ...string) error {
	c.mu.Lock()
	if c.cause != nil {
		err := c.cause
		c.mu.Unlock()
		return fmt.Errorf("tmux %s: %w", r.name, err)
	}
	c.queue = append(c.queue, r)
	for _, l := range lines {
		c.out = append(c.out, l...)
		c.out = append(c.out, '\n')
	}
	c.out = append(c.out, "display-message -p "...)
	c.out = append(c.out, r.nonce...)
	c.out = append(c.out, '\n')
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
	return nil
}

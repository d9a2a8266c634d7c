package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// Snapshot is what a pane shows and what tmux knows of it, at one instant.
type Snapshot struct {
	// Pane holds, of its fields, ID, PID, Session, Window, Dead, DeadStatus,
	// DeadSignal, InMode, InputOff, Alternate, cursor, size, Step, Title and
	// Command. The others cost time and are zero: see Panes.
	Pane
	// Screen is the visible screen, rows joined by LF, without trailing spaces,
	// with escape sequences for colours and attributes that carry on from row
	// to row, as capture-pane -e writes it. Empty rows at the end are kept.
	Screen string
	At     time.Time // when the reply was read
}

// Snapshot reads screen and facts of one instant in one round trip. A missing
// pane is a *Refused with reason Gone.
func (c *Client) Snapshot(ctx context.Context, pane string) (Snapshot, error) {
	separator := newSeparator()
	format, err := Quote(paneFacts.format(separator))
	if err != nil {
		return Snapshot{}, err
	}
	rows, screen, err := c.capture(ctx, pane, CaptureOptions{Escapes: true}, format)
	if err != nil {
		return Snapshot{}, err
	}
	panes, err := paneFacts.parse(rows, separator)
	if err != nil {
		return Snapshot{}, err
	}
	if len(panes) != 1 || panes[0].ID != pane {
		return Snapshot{}, &Refused{Pane: pane, Reason: Gone}
	}
	return Snapshot{Pane: panes[0], Screen: screen, At: time.Now()}, nil
}

// CaptureOptions says what of a pane to capture. The zero value is the visible
// screen as plain text.
type CaptureOptions struct {
	// Start and End are line numbers as capture-pane -S and -E take them: 0 is
	// the first visible row, negative ones are in the history, "-" is the
	// beginning of the history or the end of the screen. "" = visible.
	Start, End string
	Escapes    bool // colours and attributes as escape sequences
	Join       bool // join wrapped lines; trailing spaces are kept
}

// Capture reads what a pane shows or has shown, rows joined by LF. The program's
// own screen is read even while the pane is in copy mode. A missing pane is a
// *Refused with reason Gone.
func (c *Client) Capture(ctx context.Context, pane string, o CaptureOptions) (string, error) {
	_, screen, err := c.capture(ctx, pane, o, "")
	return screen, err
}

// isLine reports whether s can be the start or the end of a capture.
func isLine(s string) bool {
	return s == "" || s == "-" || isNumber(strings.TrimPrefix(s, "-"), 9)
}

func captureCommand(pane string, o CaptureOptions, to string) (string, error) {
	if !isPaneID(pane) {
		return "", fmt.Errorf("capturing: %q is not a pane id (%%N)", pane)
	}
	if !isLine(o.Start) || !isLine(o.End) {
		return "", fmt.Errorf("capturing %s: start %q or end %q is not a line number", pane, o.Start, o.End)
	}
	cmd := "capture-pane " + to + ` -t "` + pane + `"`
	if o.Escapes {
		cmd += " -e"
	}
	if o.Join {
		cmd += " -J"
	}
	if o.Start != "" {
		cmd += ` -S "` + o.Start + `"`
	}
	if o.End != "" {
		cmd += ` -E "` + o.End + `"`
	}
	return cmd, nil
}

// factsCommand prints the row of one pane. It fails when there is none, which
// keeps the rest of the line from running.
func factsCommand(pane, quotedFormat string) string {
	return `list-panes -t "` + pane + `" -f "#{==:#{pane_id},` + pane + `}" -F ` + quotedFormat
}

// capture returns the row of the pane in the quoted format facts, "" for none,
// and its text.
func (c *Client) capture(ctx context.Context, pane string, o CaptureOptions, facts string) (row, text string, err error) {
	r := newRequest("capture-pane -t " + pane)
	line := ""
	if facts != "" {
		line = factsCommand(pane, facts) + r.fencePost() + " ; "
		r.fence = 1
	}
	if c.features.CaptureLeak {
		text, err = c.captureByFile(ctx, r, line, pane, o)
	} else {
		text, err = c.captureByReply(ctx, r, line, pane, o)
	}
	if err != nil {
		return "", "", goneOr(err, pane)
	}
	if facts != "" {
		row = r.blocks[0]
	}
	return row, text, nil
}

// captureByReply reads the text from the reply itself, which must be fenced: a
// screen can show what looks like the end of a reply.
func (c *Client) captureByReply(ctx context.Context, r *request, line, pane string, o CaptureOptions) (string, error) {
	cmd, err := captureCommand(pane, o, "-p")
	if err != nil {
		return "", err
	}
	r.fence++
	if err := c.send(ctx, r, line+cmd+r.fencePost()); err != nil {
		return "", err
	}
	if len(r.blocks) != r.fence {
		return "", fmt.Errorf("capturing %s: %d replies instead of %d", pane, len(r.blocks), r.fence)
	}
	return r.blocks[r.fence-1], nil
}

// captureByFile goes through a buffer and a file: before 3.6 a reply that holds
// a capture is never freed by the server.
func (c *Client) captureByFile(ctx context.Context, r *request, line, pane string, o CaptureOptions) (string, error) {
	buffer := "isesh-" + r.nonce[:16]
	cmd, err := captureCommand(pane, o, "-b "+buffer)
	if err != nil {
		return "", err
	}
	path, f, err := c.scratch.take()
	if err != nil {
		return "", fmt.Errorf("capturing %s: %w", pane, err)
	}
	defer f.Close()
	quoted, err := Quote(EscapeFormat(path))
	if err == nil {
		err = c.send(ctx, r, line+cmd+
			" ; set-buffer -a -b "+buffer+" "+r.nonce+
			" ; save-buffer -b "+buffer+" "+quoted+" ; delete-buffer -b "+buffer)
	}
	c.afterwards(r, func() { c.scratch.give(path) })
	if err != nil {
		return "", err
	}
	return readCapture(f, r.nonce, pane)
}

// readCapture checks that the file ends as the buffer did: tmux reports a file
// that it could not write outside of the reply, and a full disk not at all.
func readCapture(f *os.File, end, pane string) (string, error) {
	info, err := f.Stat()
	if err != nil {
		return "", fmt.Errorf("capturing %s: %w", pane, err)
	}
	var b strings.Builder
	b.Grow(int(info.Size()))
	if _, err := io.Copy(&b, f); err != nil {
		return "", fmt.Errorf("capturing %s: %w", pane, err)
	}
	text, ok := strings.CutSuffix(b.String(), end)
	if !ok {
		return "", fmt.Errorf("capturing %s: tmux wrote only %d bytes, is the disk of %s full?", pane, b.Len(), f.Name())
	}
	return strings.TrimSuffix(text, "\n"), nil
}

// afterwards runs clean once tmux is done with r: now, or, when its waiter gave
// up early, when the answer comes. Close waits for it.
func (c *Client) afterwards(r *request, clean func()) {
	if isDone(r) || !r.slot {
		clean()
		return
	}
	wait := func() {
		select {
		case <-r.done:
		case <-c.over:
		}
		clean()
	}
	c.mu.Lock()
	closing := c.closing
	if !closing {
		c.waits.Add(1)
	}
	c.mu.Unlock()
	if closing { // the connection ends at any moment
		wait()
		return
	}
	go func() {
		defer c.waits.Done()
		wait()
	}()
}

// goneOr turns tmux's "can't find" into the typed error.
func goneOr(err error, id string) error {
	var refused *CommandError
	if errors.As(err, &refused) && strings.HasPrefix(refused.Text, "can't find ") {
		return &Refused{Pane: id, Reason: Gone, Detail: refused.Text}
	}
	return err
}

// Panes lists every pane of every session of the server.
func (c *Client) Panes(ctx context.Context) ([]Pane, error) {
	separator := newSeparator()
	format, err := Quote(paneRows.format(separator))
	if err != nil {
		return nil, err
	}
	r := newRequest("list-panes -a")
	r.fence = 1
	if err := c.send(ctx, r, "list-panes -a -F "+format+r.fencePost()); err != nil {
		return nil, err
	}
	if len(r.blocks) != 1 {
		return nil, fmt.Errorf("tmux list-panes: %d replies instead of 1", len(r.blocks))
	}
	return paneRows.parse(r.blocks[0], separator)
}

package control

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Clean removes from a paste what could end it early or reach the program as a
// key: the control characters but tab and LF, DEL, and C1, also as stray bytes.
// CR LF becomes LF with that. Bytes that are no UTF-8 become U+FFFD, because
// tmux from 3.7 on would type them as octal. The rest is kept as it is.
func Clean(data []byte) []byte {
	out := make([]byte, 0, len(data))
	for i := 0; i < len(data); {
		b := data[i]
		if b < utf8.RuneSelf {
			if b >= 0x20 && b != 0x7f || b == '\t' || b == '\n' {
				out = append(out, b)
			}
			i++
			continue
		}
		r, size := utf8.DecodeRune(data[i:])
		c1 := r >= 0x80 && r < 0xa0 || r == utf8.RuneError && size == 1 && b < 0xa0
		if !c1 {
			out = utf8.AppendRune(out, r)
		}
		i += size
	}
	return out
}

// Paste types data, cleaned with Clean, into a pane as one bracketed paste, if
// the guard holds inside tmux: LF arrives as CR, and nothing submits it. When
// it does not hold, nothing is typed and a *Refused says why. The data passes
// through a private file, never through a command line, and no buffer stays.
//
// When ctx ends first, the paste may or may not happen; with Guard.Next it is
// safe to send the same again. Success means that tmux has written the bytes to
// the pane, not that the program has taken them.
func (c *Client) Paste(ctx context.Context, g Guard, data []byte) error {
	cond, err := g.format()
	if err != nil {
		return err
	}
	if data = Clean(data); len(data) == 0 {
		return fmt.Errorf("pasting into %s: nothing to paste", g.Pane)
	}
	path, f, err := c.scratch.take()
	if err != nil {
		return fmt.Errorf("pasting into %s: %w", g.Pane, err)
	}
	r := newRequest("paste-buffer -t " + g.Pane)
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = c.pasteFile(ctx, r, g, cond, path)
	}
	c.afterwards(r, func() { c.scratch.give(path) })
	if err != nil {
		return fmt.Errorf("pasting into %s: %w", g.Pane, err)
	}
	return nil
}

func (c *Client) pasteFile(ctx context.Context, r *request, g Guard, cond, path string) error {
	quoted, err := Quote(EscapeFormat(path))
	if err != nil {
		return err
	}
	buffer := "isesh-" + r.nonce[:16]
	line, err := g.line(cond, `paste-buffer -p -d -b `+buffer+` -t "`+g.Pane+`"`, "delete-buffer -b "+buffer+" ; ")
	if err != nil {
		return err
	}
	err = c.guarded(ctx, r, g, "load-buffer -b "+buffer+" "+quoted, line)
	var refused *CommandError
	if errors.As(err, &refused) {
		// The buffer may be left when tmux stopped in the middle.
		_, _ = c.Do(ctx, "delete-buffer -b "+buffer)
	}
	return err
}

// Keys types keys, named as tmux names them (see ValidKey) or marked by
// Literal, if the guard holds inside tmux. An invalid name is an error before
// anything is sent. See Paste for what the errors mean.
func (c *Client) Keys(ctx context.Context, g Guard, keys ...string) error {
	cond, err := g.format()
	if err != nil {
		return err
	}
	cmds, err := keyCommands(g.Pane, keys)
	if err != nil {
		return err
	}
	line, err := g.line(cond, strings.Join(cmds, " ; "), "")
	if err != nil {
		return err
	}
	if err := c.guarded(ctx, newRequest("send-keys -t "+g.Pane), g, line); err != nil {
		return fmt.Errorf("sending keys to %s: %w", g.Pane, err)
	}
	return nil
}

// typed is what the branch of a guarded line prints when it was taken.
const typed = "ok"

// line is the guarded line: condition, keystrokes and reason in one command.
func (g Guard) line(cond, do, undo string) (string, error) {
	quotedCond, err := Quote(cond)
	if err != nil {
		return "", err
	}
	why, err := Quote(g.why())
	if err != nil {
		return "", err
	}
	step := ""
	if g.Next != "" {
		// Before the keystrokes: whatever happens then, they are not repeated.
		step = `set-option -p -t "` + g.Pane + `" @isesh_step "` + g.Next + `" ; `
	}
	return `if-shell -F -t "` + g.Pane + `" ` + quotedCond +
		" { " + step + do + " ; display-message -p " + typed + " }" +
		" { " + undo + factsCommand(g.Pane, why) + " }", nil
}

// guarded sends lines, the last of which is a guarded one, and reads how it went.
func (c *Client) guarded(ctx context.Context, r *request, g Guard, lines ...string) error {
	err := c.send(ctx, r, lines...)
	var refused *CommandError
	if errors.As(err, &refused) && strings.HasPrefix(refused.Text, "can't find pane") {
		return &Refused{Pane: g.Pane, Reason: Gone}
	}
	if refused != nil && g.Next != "" {
		c.unstep(ctx, g)
	}
	if err != nil {
		return err
	}
	last := r.blocks[len(r.blocks)-1]
	if last == typed {
		return nil
	}
	return g.refused(last)
}

// unstep takes the step back after tmux itself refused the keystrokes behind it.
func (c *Client) unstep(ctx context.Context, g Guard) {
	set := `set-option -p -t "` + g.Pane + `" @isesh_step "` + g.Step + `"`
	cond := "#{&&:#{==:#{pane_id}," + g.Pane + "},#{&&:#{==:#{pane_pid}," + strconv.Itoa(g.PID) + "},#{==:#{@isesh_step}," + g.Next + "}}}"
	// Best effort: a step that stays set repeats nothing.
	_, _ = c.Do(ctx, `if-shell -F -t "`+g.Pane+`" "`+cond+`" { `+set+` }`)
}

// KillPane closes a pane if it still runs the process pid; else nothing happens
// and a *Refused says why.
func (c *Client) KillPane(ctx context.Context, pane string, pid int) error {
	if !isPaneID(pane) || pid <= 0 {
		return fmt.Errorf("closing a pane: want a pane id and a process id, not %q and %d", pane, pid)
	}
	// 3.8 forgets the process of a dead pane.
	cond := "#{&&:#{==:#{pane_id}," + pane + "},#{||:#{==:#{pane_pid}," + strconv.Itoa(pid) + "},#{&&:#{pane_dead},#{==:#{pane_pid},}}}}"
	facts := factsCommand(pane, `"no #{pane_pid}"`)
	r := newRequest("kill-pane -t " + pane)
	err := c.send(ctx, r, `if-shell -F -t "`+pane+`" "`+cond+`" { kill-pane -t "`+pane+`" ; display-message -p `+typed+` } { `+facts+` }`)
	if err != nil {
		return fmt.Errorf("closing %s: %w", pane, goneOr(err, pane))
	}
	switch last := r.blocks[len(r.blocks)-1]; {
	case last == typed:
		return nil
	case last == "":
		return &Refused{Pane: pane, Reason: Gone}
	default:
		return &Refused{Pane: pane, Reason: OtherProcess, Detail: fmt.Sprintf("process %s instead of %d", strings.TrimPrefix(last, "no "), pid)}
	}
}

// KillWindow closes a window, by id (@3), with all its panes. A missing one is
// a *Refused with reason Gone. Closing the last window of the client's own
// session ends the connection.
func (c *Client) KillWindow(ctx context.Context, window string) error {
	if !isWindowID(window) {
		return fmt.Errorf("closing a window: %q is not a window id (@N)", window)
	}
	return c.killID(ctx, "kill-window", window)
}

// KillSession closes a session, by id ($3). A missing one is a *Refused with
// reason Gone. Closing the client's own session ends the connection.
func (c *Client) KillSession(ctx context.Context, session string) error {
	if !isSessionID(session) {
		return fmt.Errorf("closing a session: %q is not a session id ($N)", session)
	}
	return c.killID(ctx, "kill-session", session)
}

func (c *Client) killID(ctx context.Context, cmd, id string) error {
	_, err := c.Run(ctx, []string{cmd, "-t", id})
	var exit *ExitError
	if id == c.session && errors.As(err, &exit) && exit.Reason == "" && !exit.Silent {
		return nil // tmux let go of us before it answered
	}
	if err != nil {
		return fmt.Errorf("closing %s: %w", id, goneOr(err, id))
	}
	return nil
}

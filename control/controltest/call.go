package controltest

import (
	"fmt"
	"strings"
	"time"
)

// call is one command being run.
type call struct {
	*command
	t      *Tmux
	c      *client
	target scope
	next   []*command // run in their own blocks when this one has answered
	bound  int        // commands run by keys of a mode
	late   []string   // lines that come when the block is closed, outside of any
}

// print writes a line of the answer.
func (x *call) print(format string, args ...any) {
	x.c.write("%s\n", fmt.Sprintf(format, args...))
}

// line parses and runs one command line of a client.
func (t *Tmux) line(c *client, line string) {
	list, err := parseLine(line, environment)
	var cmds []*command
	if err == nil {
		cmds, err = t.compile(list)
	}
	if err != nil {
		c.block(1, false, "parse error: "+err.Error())
		return
	}
	_ = t.run(c, cmds, 1)
}

// run runs a list of commands; a failing one drops what is left of its list.
func (t *Tmux) run(c *client, cmds []*command, flags int) error {
	for _, cmd := range cmds {
		if c.outEOF || c.leaving {
			return nil
		}
		end := c.begin(flags)
		x := &call{command: cmd, t: t, c: c}
		err := x.perform()
		if err != nil {
			c.errored = true
			x.print("%s", err)
		}
		end(err == nil)
		for _, l := range x.late {
			c.write("%s\n", l)
		}
		for range x.bound {
			c.block(0, true)
		}
		for _, h := range t.hooks {
			if h.command == "" || h.command == cmd.entry.name {
				c.block(0, true, h.body...)
			}
		}
		if err != nil {
			return err
		}
		_ = t.run(c, x.next, flags)
	}
	return nil
}

// perform finds the target and runs the command.
func (x *call) perform() error {
	name := x.entry.name
	if f := x.t.failing[name]; len(f) > 0 {
		x.t.failing[name] = f[1:]
		return fmt.Errorf("%s", f[0])
	}
	if x.entry.target != 0 {
		s, err := x.t.find(x.entry.target, x.get('t'), x.c)
		if err != nil && !x.entry.canfail {
			return err
		}
		x.target = s
	}
	x.target.t, x.target.c = x.t, x.c
	return x.entry.run(x)
}

// expand expands a format against the command's target, strftime first.
func (x *call) expand(f string) string {
	e := x.target
	e.strf = true
	return e.expand(f)
}

// begin opens a block and returns what closes it.
func (c *client) begin(flags int) func(ok bool) {
	c.t.number++
	tail := fmt.Sprintf("%d %d %d", time.Now().Unix(), c.t.number, flags)
	c.write("%%begin %s\n", tail)
	c.inBlock = true
	return func(ok bool) {
		c.inBlock = false
		if ok {
			c.write("%%end %s\n", tail)
		} else {
			c.write("%%error %s\n", tail)
		}
	}
}

// block writes a whole block.
func (c *client) block(flags int, ok bool, body ...string) {
	end := c.begin(flags)
	for _, l := range body {
		c.write("%s\n", l)
	}
	end(ok)
}

// capture runs a line for a client that is not connected and returns what it would have been told.
func (t *Tmux) capture(c *client, line string) (string, error) {
	list, err := parseLine(line, environment)
	if err != nil {
		return "", fmt.Errorf("running %q: %w", line, err)
	}
	cmds, err := t.compile(list)
	if err != nil {
		return "", fmt.Errorf("running %q: %w", line, err)
	}
	var b strings.Builder
	for len(cmds) > 0 {
		x := &call{command: cmds[0], t: t, c: c}
		c.out = nil
		err := x.perform()
		for _, s := range c.out {
			b.Write(s.data)
		}
		if err != nil {
			return b.String(), fmt.Errorf("running %q: %w", line, err)
		}
		if len(x.late) > 0 {
			return b.String(), fmt.Errorf("running %q: %s", line, strings.Join(x.late, "; "))
		}
		cmds = append(x.next, cmds[1:]...)
	}
	return b.String(), nil
}

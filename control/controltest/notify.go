package controltest

import (
	"fmt"
	"time"
)

// note keeps a notification until the commands that caused it have answered.
func (t *Tmux) note(f func()) { t.notes = append(t.notes, f) }

func (t *Tmux) deliver() {
	for len(t.notes) > 0 {
		f := t.notes[0]
		t.notes = t.notes[1:]
		f()
	}
}

// notifyAll tells every attached client.
func (t *Tmux) notifyAll(format string, args ...any) {
	line := fmt.Sprintf(format, args...) + "\n"
	t.note(func() {
		for _, c := range t.clients {
			if c.session != nil || c.leaving {
				c.write("%s", line)
			}
		}
	})
}

// notifyWindow tells that a window was added, closed or renamed: clients of other sessions hear of an unlinked window.
func (t *Tmux) notifyWindow(w *winlink, what, rest string) {
	t.note(func() {
		for _, c := range t.clients {
			if c.session == nil {
				continue
			}
			kind := "unlinked-window"
			for _, own := range c.session.windows {
				if own == w {
					kind = "window"
				}
			}
			c.write("%%%s-%s %s%s\n", kind, what, w, rest)
		}
	})
}

func (t *Tmux) notifyLayout(w *winlink) {
	t.note(func() {
		flags := w.flags()
		for _, c := range t.clients {
			if c.session == w.session {
				c.write("%%layout-change %s %s %s %s\n", w, w.layout(), w.layout(), flags)
			}
		}
	})
}

// notifyBuffer tells of a paste buffer, which tmux does since 3.4.
func (t *Tmux) notifyBuffer(what, name string) {
	if t.at(3, 4) {
		t.notifyAll("%%paste-buffer-%s %s", what, name)
	}
}

// subscription is one refresh-client -B.
type subscription struct {
	name   string
	what   string // "", "%*", "@*", "%3", "@3"
	format string
	last   map[string]string // by pane or window, for what is repeated
}

// arm starts the clock of the subscriptions, which runs while there are any.
func (t *Tmux) arm() {
	if t.timer != nil || t.tick <= 0 {
		return
	}
	n := 0
	for _, c := range t.clients {
		n += len(c.subs)
	}
	if n == 0 {
		return
	}
	t.timer = time.AfterFunc(t.tick, func() {
		t.mu.Lock()
		defer t.unlock()
		if t.timer = nil; t.closed || !t.running {
			return
		}
		t.check()
		t.arm()
	})
}

// check reports the subscriptions that have changed.
func (t *Tmux) check() {
	if t.stalled {
		return
	}
	for _, c := range t.clients {
		for _, s := range c.subs {
			c.check(s)
		}
	}
}

func (c *client) check(s *subscription) {
	if c.session == nil {
		return
	}
	report := func(key string, e scope, where string) {
		e.t, e.c, e.strf = c.t, c, true
		v := e.expand(s.format)
		if old, ok := s.last[key]; ok && old == v {
			return
		}
		s.last[key] = v
		c.write("%%subscription-changed %s %s %s : %s\n", s.name, c.session, where, v)
	}
	if s.what == "" {
		w := c.session.current
		report("", scope{s: c.session, w: w, p: w.active}, "- - -")
		return
	}
	for _, w := range c.session.windows {
		if s.what == "@*" || s.what == w.String() {
			report(w.String(), scope{s: c.session, w: w, p: w.active}, fmt.Sprintf("%s %d -", w, w.index))
		}
		for _, p := range w.panes {
			if s.what == "%*" || s.what == p.String() {
				report(p.String(), scope{s: c.session, w: w, p: p}, fmt.Sprintf("%s %d %s", w, w.index, p))
			}
		}
	}
}

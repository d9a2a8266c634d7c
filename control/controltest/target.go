package controltest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// find resolves a -t of the given kind. Without one it is what the client looks at, or the session used last.
func (t *Tmux) find(kind byte, target string, c *client) (scope, error) {
	target = strings.TrimPrefix(target, "{}")
	if target == "" || target == "." || target == ":" {
		s := c.session
		if s == nil {
			s = t.newest()
		}
		if s == nil {
			return scope{}, fmt.Errorf("no current target")
		}
		return whole(s), nil
	}
	var sessionPart, windowPart, panePart string
	haveSession := false
	if i := strings.IndexByte(target, ':'); i >= 0 {
		sessionPart, windowPart, haveSession = target[:i], target[i+1:], true
		if j := strings.IndexByte(windowPart, '.'); j >= 0 {
			windowPart, panePart = windowPart[:j], windowPart[j+1:]
		}
	} else if i := strings.IndexByte(target, '.'); i >= 0 {
		windowPart, panePart = target[:i], target[i+1:]
	} else {
		switch {
		case target[0] == '$' || kind == 's' && target[0] != '@' && target[0] != '%':
			sessionPart, haveSession = target, true
		case target[0] == '@' || kind == 'w' && target[0] != '%':
			windowPart = target
		default:
			panePart = target
		}
	}
	if windowPart == "" && panePart == "" || haveSession && sessionPart != "" {
		s := t.findSession(sessionPart, c)
		if s == nil {
			return scope{}, fmt.Errorf("can't find session: %s", strings.TrimPrefix(sessionPart, "="))
		}
		e := whole(s)
		if windowPart != "" {
			if e.w = s.findWindow(windowPart); e.w == nil {
				return scope{}, fmt.Errorf("can't find window: %s", windowPart)
			}
			e.p = e.w.active
		}
		if panePart != "" {
			if e.p = t.findPane(e.w, panePart); e.p == nil {
				return scope{}, fmt.Errorf("can't find pane: %s", panePart)
			}
		}
		return e, nil
	}
	if windowPart != "" {
		e, ok := t.window(windowPart, c)
		if !ok {
			return scope{}, fmt.Errorf("can't find window: %s", windowPart)
		}
		if panePart != "" {
			if e.p = t.findPane(e.w, panePart); e.p == nil {
				return scope{}, fmt.Errorf("can't find pane: %s", panePart)
			}
		}
		return e, nil
	}
	if panePart[0] == '%' {
		for _, p := range t.panes() {
			if p.String() == panePart {
				return scope{s: p.window.session, w: p.window, p: p}, nil
			}
		}
		return scope{}, fmt.Errorf("can't find pane: %s", panePart)
	}
	if cur, err := t.find('s', "", c); err == nil {
		if p := t.findPane(cur.w, panePart); p != nil {
			cur.p = p
			return cur, nil
		}
	}
	if e, ok := t.window(panePart, c); ok {
		return e, nil
	}
	return scope{}, fmt.Errorf("can't find pane: %s", panePart)
}

// whole is a session with its current window and active pane.
func whole(s *session) scope { return scope{s: s, w: s.current, p: s.current.active} }

// window resolves a window without a session: in the current one, or as a session's current window.
func (t *Tmux) window(spec string, c *client) (scope, bool) {
	if spec[0] == '@' {
		for _, s := range t.sessions {
			for _, w := range s.windows {
				if w.String() == spec {
					return scope{s: s, w: w, p: w.active}, true
				}
			}
		}
		return scope{}, false
	}
	if cur, err := t.find('s', "", c); err == nil {
		if w := cur.s.findWindow(spec); w != nil {
			return scope{s: cur.s, w: w, p: w.active}, true
		}
	}
	if spec[0] != '=' {
		if s := t.findSession(spec, c); s != nil {
			return whole(s), true
		}
	}
	return scope{}, false
}

func (t *Tmux) findSession(spec string, c *client) *session {
	if spec == "" {
		if c != nil && c.session != nil {
			return c.session
		}
		return t.newest()
	}
	if spec[0] == '$' {
		for _, s := range t.sessions {
			if s.String() == spec {
				return s
			}
		}
	}
	if spec[0] == '@' || spec[0] == '%' { // the session of that window or pane
		for _, p := range t.panes() {
			if p.String() == spec || p.window.String() == spec {
				return p.window.session
			}
		}
	}
	name, exact := strings.CutPrefix(spec, "=")
	return match(t.byName(), name, exact, func(s *session) string { return s.name })
}

func (s *session) findWindow(spec string) *winlink {
	for _, w := range s.windows {
		if w.String() == spec {
			return w
		}
	}
	name, exact := strings.CutPrefix(spec, "=")
	if i := slices.Index([]string{"^", "$", "!"}, name); i >= 0 && !exact {
		return []*winlink{s.windows[0], s.windows[len(s.windows)-1], s.last}[i]
	}
	if n, err := strconv.Atoi(name); err == nil && !exact {
		if w := s.window(n); w != nil {
			return w
		}
	}
	return match(s.windows, name, exact, func(w *winlink) string { return w.name })
}

// match looks for a name, then for the only name that begins like it, then for the only one that the pattern matches.
func match[T any](list []*T, name string, exact bool, nameOf func(*T) string) *T {
	only := func(ok func(string) bool) *T {
		var found *T
		for _, v := range list {
			if ok(nameOf(v)) {
				if found != nil {
					return nil
				}
				found = v
			}
		}
		return found
	}
	if v := only(func(n string) bool { return n == name }); v != nil || exact {
		return v
	}
	if v := only(func(n string) bool { return strings.HasPrefix(n, name) }); v != nil {
		return v
	}
	return only(func(n string) bool { return fnmatch(name, n) })
}

func (t *Tmux) findPane(w *winlink, spec string) *Pane {
	base, _ := strconv.Atoi(t.option("pane-base-index", w.session, w, nil))
	for i, p := range w.panes {
		if p.String() == spec || strconv.Itoa(i+base) == spec {
			return p
		}
	}
	return nil
}

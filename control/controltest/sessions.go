package controltest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

func init() {
	define(
		entry{name: "new-session", alias: "new", usage: "[-AdDEPX] [-c start-directory] [-e environment] [-F format] [-f flags] [-n window-name] [-s session-name] [-t target-session] [-x width] [-y height] [shell-command]",
			flags: "Ac:dDe:EF:f:n:Ps:t:x:Xy:", max: -1, run: newSession},
		entry{name: "attach-session", alias: "attach", usage: "[-dErx] [-c working-directory] [-f flags] [-t target-session]", flags: "c:dEf:rt:x", run: attachSession},
		entry{name: "switch-client", alias: "switchc", usage: "[-ElnprZ] [-c target-client] [-t target-session] [-T key-table]", flags: "lc:EFnpt:rT:Z", target: 's', run: switchClient},
		entry{name: "has-session", alias: "has", usage: "[-t target-session]", flags: "t:", target: 's', run: func(*call) error { return nil }},
		entry{name: "kill-session", usage: "[-aC] [-t target-session]", flags: "aCt:", target: 's', run: killSession},
		entry{name: "rename-session", alias: "rename", usage: "[-t target-session] new-name", flags: "t:", min: 1, max: 1, target: 's', run: renameSession},
		entry{name: "list-sessions", alias: "ls", usage: "[-F format] [-f filter]", flags: "F:f:", run: listSessions},
		entry{name: "kill-server", run: func(x *call) error {
			x.t.note(func() { x.t.end("") })
			x.c.leaving = true
			return nil
		}},
		entry{name: "start-server", alias: "start", run: func(*call) error { return nil }},
		entry{name: "new-window", alias: "neww", usage: "[-abdkPS] [-c start-directory] [-e environment] [-F format] [-n window-name] [-t target-window] [shell-command]",
			flags: "abc:de:F:kn:PSt:", max: -1, run: newWindow},
		entry{name: "kill-window", alias: "killw", usage: "[-a] [-t target-window]", flags: "at:", target: 'w', run: killWindow},
		entry{name: "rename-window", alias: "renamew", usage: "[-t target-window] new-name", flags: "t:", min: 1, max: 1, target: 'w', run: renameWindow},
		entry{name: "select-window", alias: "selectw", usage: "[-lnpT] [-t target-window]", flags: "lnpTt:", target: 'w', run: func(x *call) error {
			x.t.selectWindow(x.target.w)
			return nil
		}},
		entry{name: "list-windows", alias: "lsw", usage: "[-a] [-F format] [-f filter] [-t target-session]", flags: "aF:f:t:", target: 's', run: listWindows},
		entry{name: "resize-window", alias: "resizew", usage: "[-aADLRU] [-x width] [-y height] [-t target-window] [adjustment]", flags: "aADLRt:Ux:y:", max: 1, target: 'w', run: resizeWindow},
	)
}

// launch reads what a new pane is to run from the command.
func (x *call) launch(s *session) (launch, error) {
	l := launch{dir: "/", env: map[string]string{}}
	if s != nil {
		l.dir = s.dir
	}
	if x.has('c') {
		l.dir = x.expand(x.get('c'))
	}
	for _, e := range x.flags['e'] {
		name, v, ok := strings.Cut(e.text, "=")
		if !ok {
			return l, fmt.Errorf("invalid environment: %s", e.text)
		}
		l.env[name] = v
	}
	for _, a := range x.rest {
		l.argv = append(l.argv, a.text)
	}
	return l, nil
}

// printTarget is what -P prints.
func (x *call) printTarget(def string, p *Pane) {
	if !x.has('P') {
		return
	}
	f := def
	if x.has('F') {
		f = x.get('F')
	}
	x.print("%s", scope{t: x.t, c: x.c, s: p.window.session, w: p.window, p: p}.expand(f))
}

func newSession(x *call) error {
	t := x.t
	x.target = scope{t: t, c: x.c}
	if e, err := t.find('s', "", x.c); err == nil {
		x.target.s, x.target.w, x.target.p = e.s, e.w, e.p
	}
	name := t.cleanName(x.expand(x.get('s')))
	if x.has('s') && name == "" && !t.at(3, 7) {
		return fmt.Errorf("invalid session: %s", x.get('s'))
	}
	if x.has('f') && !x.has('d') {
		x.c.setFlags(x.get('f'))
	}
	if x.has('s') {
		for _, s := range t.sessions {
			if s.name != name {
				continue
			}
			if x.has('A') {
				x.c.attach(s)
				return nil
			}
			return fmt.Errorf("duplicate session: %s", name)
		}
	}
	sx, sy, err := x.size()
	if err != nil {
		return err
	}
	s := &session{id: t.id(0), name: name, dir: "/", created: time.Now(), options: options{}, env: map[string]string{}}
	if !x.has('s') {
		s.name = strconv.Itoa(s.id)
	}
	l, err := x.launch(nil)
	if err != nil {
		return err
	}
	s.dir = l.dir
	for k, v := range l.env {
		s.env[k] = v
	}
	t.sessions = append(t.sessions, s)
	t.touch(s)
	w := t.addWindow(s, -1, x.windowName(), sx, sy, l, false)
	if x.has('n') {
		w.options["automatic-rename"] = "off"
	}
	t.notifyAll("%%sessions-changed")
	x.printTarget("#{session_name}:", w.active)
	if !x.has('d') {
		x.c.attach(s)
	}
	return nil
}

func (x *call) windowName() string {
	if !x.has('n') {
		return ""
	}
	return x.expand(x.get('n'))
}

// size is the size of a new session: 3.2a does not honour what a detached one asks for.
func (x *call) size() (sx, sy int, err error) {
	sx, sy = 80, 24
	if x.has('d') && !x.t.at(3, 3) && (x.has('x') || x.has('y')) {
		return 80, 23, nil
	}
	for f, v := range map[byte]*int{'x': &sx, 'y': &sy} {
		s := x.get(f)
		if !x.has(f) || s == "-" {
			continue
		}
		if *v, err = strconv.Atoi(s); err != nil || *v < 1 || *v > 10000 {
			what := map[byte]string{'x': "width", 'y': "height"}[f]
			return 0, 0, fmt.Errorf("%s %s", what, badNumber(s))
		}
	}
	return sx, sy, nil
}

// badNumber is tmux's complaint about a number.
func badNumber(s string) string {
	n, err := strconv.Atoi(s)
	switch {
	case err != nil:
		return "invalid"
	case n < 1:
		return "too small"
	}
	return "too large"
}

func attachSession(x *call) error {
	t := x.t
	if len(t.sessions) == 0 {
		return fmt.Errorf("no sessions")
	}
	e, err := t.find('p', x.get('t'), x.c)
	if !strings.ContainsAny(x.get('t'), ":.%@") {
		e, err = t.find('s', x.get('t'), x.c)
	}
	if err != nil {
		return err
	}
	if x.has('f') {
		x.c.setFlags(x.get('f'))
	}
	if x.has('d') {
		for _, o := range slices.Clone(t.clients) {
			if o != x.c && o.session == e.s {
				t.note(func() { o.detach() })
			}
		}
	}
	x.c.attach(e.s)
	return nil
}

func switchClient(x *call) error {
	c := x.c
	if x.has('c') {
		if c = x.t.client(x.get('c')); c == nil {
			return fmt.Errorf("can't find client: %s", x.get('c'))
		}
	}
	c.attach(x.target.s)
	return nil
}

func killSession(x *call) error {
	if !x.has('a') {
		x.t.removeSession(x.target.s)
		return nil
	}
	for _, s := range x.t.byName() {
		if s != x.target.s {
			x.t.removeSession(s)
		}
	}
	return nil
}

func renameSession(x *call) error {
	t, s := x.t, x.target.s
	name := t.cleanName(x.expand(x.pos(0)))
	if name == "" && !t.at(3, 7) {
		return fmt.Errorf("invalid session: %s", x.pos(0))
	}
	for _, o := range t.sessions {
		if o.name == name && o != s {
			return fmt.Errorf("duplicate session: %s", name)
		}
	}
	if s.name != name {
		s.name = name
		t.notifyAll("%%session-renamed %s %s", s, name)
	}
	return nil
}

// row prints one line of a list, where the filter lets it.
func (x *call) row(e scope, def string) {
	e.t, e.c = x.t, x.c
	f := def
	if x.has('F') {
		f = x.get('F')
	}
	if !x.has('f') || truth(e.expand(x.get('f'))) {
		x.print("%s", e.expand(f))
	}
}

func listSessions(x *call) error {
	for _, s := range x.t.byName() {
		x.row(whole(s), "#{session_name}: #{session_windows} windows (created "+strings.ReplaceAll(s.created.Format(time.ANSIC), "#", "##")+")#{?session_attached, (attached),}")
	}
	return nil
}

func newWindow(x *call) error {
	t := x.t
	var s *session
	index := -1
	spec := x.get('t')
	if head, tail, ok := strings.Cut(spec, ":"); ok {
		if s = t.findSession(head, x.c); s == nil {
			return fmt.Errorf("can't find session: %s", strings.TrimPrefix(head, "="))
		}
		if n, err := strconv.Atoi(tail); err == nil {
			index = n
		}
	} else if n, err := strconv.Atoi(spec); err == nil {
		index = n
	}
	if s == nil {
		e, err := t.find('w', "", x.c)
		if spec != "" && index < 0 {
			e, err = t.find('w', spec, x.c)
		}
		if err != nil {
			return err
		}
		s = e.s
	}
	x.target.s, x.target.w, x.target.p = s, s.current, s.current.active
	if x.has('a') && s.current != nil {
		for index = s.current.index + 1; s.window(index) != nil; index++ {
		}
	}
	if index >= 0 && s.window(index) != nil {
		if !x.has('k') {
			return fmt.Errorf("create window failed: index %d in use", index)
		}
		defer t.removeWindow(s.window(index))
		index = -1
	}
	l, err := x.launch(s)
	if err != nil {
		return err
	}
	w := t.addWindow(s, index, x.windowName(), s.current.sx, s.current.sy, l, x.has('d'))
	if x.has('n') {
		w.options["automatic-rename"] = "off"
	}
	x.printTarget("#{session_name}:#{window_index}.#{pane_index}", w.active)
	return nil
}

func killWindow(x *call) error {
	if !x.has('a') {
		x.t.removeWindow(x.target.w)
		return nil
	}
	for _, w := range slices.Clone(x.target.s.windows) {
		if w != x.target.w {
			x.t.removeWindow(w)
		}
	}
	return nil
}

func renameWindow(x *call) error {
	w := x.target.w
	w.name = vis(x.expand(x.pos(0)))
	w.options["automatic-rename"] = "off"
	x.t.notifyWindow(w, "renamed", " "+w.name)
	return nil
}

func listWindows(x *call) error {
	const def = "#{window_index}: #{window_name}#{window_raw_flags} (#{window_panes} panes) [#{window_width}x#{window_height}] "
	list := []*session{x.target.s}
	prefix := ""
	if x.has('a') {
		list, prefix = x.t.byName(), "#{session_name}:"
	}
	for _, s := range list {
		for _, w := range s.windows {
			row := prefix + def
			if !x.has('a') {
				row = "#{window_index}: #{window_name}#{window_raw_flags} (#{window_panes} panes) [#{window_width}x#{window_height}] [layout #{window_layout}] #{window_id}#{?window_active, (active),}"
			}
			x.row(scope{s: s, w: w, p: w.active}, row)
		}
	}
	return nil
}

func resizeWindow(x *call) error {
	w := x.target.w
	sx, sy := w.sx, w.sy
	for f, v := range map[byte]*int{'x': &sx, 'y': &sy} {
		if !x.has(f) {
			continue
		}
		n, err := strconv.Atoi(x.get(f))
		if err != nil || n < 1 || n > 10000 {
			return fmt.Errorf("%s %s", map[byte]string{'x': "width", 'y': "height"}[f], badNumber(x.get(f)))
		}
		*v = n
	}
	if sx != w.sx || sy != w.sy {
		w.resize(sx, sy)
		x.t.notifyLayout(w)
	}
	return nil
}

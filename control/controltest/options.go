package controltest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// options are the values set at one place: the server, a session, a window, a pane, or globally.
type options map[string]string

// known are the options this tmux has, with where they live ('s'erver, 'S'ession, 'w'indow, 'p' window or pane) and their defaults.
var known = map[string]struct {
	scope byte
	def   string
}{
	"exit-empty": {'s', "on"}, "exit-unattached": {'s', "off"}, "escape-time": {'s', "500"}, "message-limit": {'s', "1000"}, "buffer-limit": {'s', "50"},
	"default-terminal": {'s', "screen"}, "focus-events": {'s', "off"}, "set-clipboard": {'s', "external"}, "extended-keys": {'s', "off"},
	"base-index": {'S', "0"}, "destroy-unattached": {'S', "off"}, "detach-on-destroy": {'S', "on"}, "renumber-windows": {'S', "off"},
	"default-command": {'S', ""}, "default-shell": {'S', "/bin/sh"}, "default-size": {'S', "80x24"}, "status": {'S', "on"}, "status-left": {'S', ""},
	"status-right": {'S', ""}, "mouse": {'S', "off"}, "history-limit": {'S', "2000"}, "prefix": {'S', "C-b"}, "set-titles": {'S', "off"},
	"update-environment": {'S', ""}, "display-time": {'S', "750"}, "status-interval": {'S', "15"},
	"aggressive-resize": {'w', "off"}, "automatic-rename": {'w', "on"}, "mode-keys": {'w', "emacs"}, "pane-base-index": {'w', "0"},
	"window-size": {'w', "latest"}, "monitor-activity": {'w', "off"}, "monitor-bell": {'w', "on"}, "main-pane-width": {'w', "80"},
	"allow-rename": {'p', "off"}, "allow-passthrough": {'p', "off"}, "alternate-screen": {'p', "on"}, "remain-on-exit": {'p', "off"},
	"synchronize-panes": {'p', "off"}, "scroll-on-clear": {'p', "on"},
}

// option is the value in force for a pane, a window or a session.
func (t *Tmux) option(name string, s *session, w *winlink, p *Pane) string {
	v, _ := t.lookupOption(name, s, w, p)
	return v
}

func (t *Tmux) serverOption(name string) string { return t.option(name, nil, nil, nil) }

func (t *Tmux) lookupOption(name string, s *session, w *winlink, p *Pane) (string, bool) {
	places := []options{t.options}
	if p != nil {
		places = append(places, p.options)
	}
	if w != nil {
		places = append(places, w.options)
	}
	places = append(places, t.globalw)
	if s != nil {
		places = append(places, s.options)
	}
	places = append(places, t.globals)
	for _, o := range places {
		if v, ok := o[name]; ok {
			return v, true
		}
	}
	k, ok := known[name]
	return k.def, ok
}

func init() {
	define(
		entry{name: "set-option", alias: "set", usage: "[-aFgopqsuUw] [-t target-pane] option [value]", flags: "aFgopqsuUwt:", min: 1, max: 2, run: setOption},
		entry{name: "set-window-option", alias: "setw", usage: "[-aFgoqu] [-t target-window] option [value]", flags: "aFgoqut:", min: 1, max: 2, run: setOption},
		entry{name: "show-options", alias: "show", usage: "[-AgHpqsvw] [-t target-pane] [option]", flags: "AgHpqsvwt:", max: 1, run: showOptions},
		entry{name: "show-window-options", alias: "showw", usage: "[-gv] [-t target-window] [option]", flags: "gvt:", max: 1, run: showOptions},
		entry{name: "set-environment", alias: "setenv", usage: "[-Fhgru] [-t target-session] name [value]", flags: "Fhgrut:", min: 1, max: 2, target: 's', canfail: true,
			run: func(x *call) error {
				if x.target.s != nil && !x.has('g') {
					x.target.s.env[x.pos(0)] = x.pos(1)
				}
				return nil
			}},
	)
}

// place finds which options a command means.
func (x *call) place(name string) (options, error) {
	window := x.has('w') || strings.Contains(x.entry.name, "window")
	kind := byte('S')
	if k, ok := known[name]; ok {
		kind = k.scope
	} else if name != "" && name[0] != '@' {
		return nil, fmt.Errorf("invalid option: %s", name)
	} else if x.has('s') {
		kind = 's'
	} else if x.has('p') {
		kind = 'p'
	} else if window {
		kind = 'w'
	}
	if kind == 's' {
		return x.t.options, nil
	}
	global := x.has('g')
	switch {
	case kind == 'S' && global:
		return x.t.globals, nil
	case kind != 'S' && global:
		return x.t.globalw, nil
	}
	e, err := x.t.find('p', x.get('t'), x.c)
	if err != nil {
		if !x.has('t') {
			return nil, fmt.Errorf("no current session")
		}
		what := map[byte]string{'S': "session", 'w': "window", 'p': "window"}[kind]
		if kind == 'p' && x.has('p') {
			what = "pane"
		}
		return nil, fmt.Errorf("no such %s: %s", what, x.get('t'))
	}
	switch {
	case kind == 'S':
		return e.s.options, nil
	case kind == 'p' && x.has('p'):
		return e.p.options, nil
	}
	return e.w.options, nil
}

func setOption(x *call) error {
	name := x.pos(0)
	o, err := x.place(name)
	if err != nil {
		if x.has('q') {
			return nil
		}
		return err
	}
	old, isSet := o[name]
	if x.has('u') || x.has('U') {
		delete(o, name)
		return nil
	}
	if isSet && x.has('o') {
		if x.has('q') {
			return nil
		}
		return fmt.Errorf("already set: %s", name)
	}
	v := x.pos(1)
	if x.has('F') {
		e, _ := x.t.find('p', x.get('t'), x.c)
		e.t, e.c = x.t, x.c
		v = e.expand(v)
	}
	k, isKnown := known[name]
	boolean := isKnown && (k.def == "on" || k.def == "off") && name != "status"
	switch {
	case boolean && len(x.rest) < 2:
		cur, _ := x.t.lookupOption(name, nil, nil, nil)
		if isSet {
			cur = old
		}
		v = map[bool]string{true: "off", false: "on"}[cur == "on"]
	case boolean:
		switch strings.ToLower(v) {
		case "on", "yes", "1":
			v = "on"
		case "off", "no", "0":
			v = "off"
		default:
			if name != "remain-on-exit" {
				return fmt.Errorf("bad value: %s", v)
			}
		}
	case len(x.rest) < 2:
		return fmt.Errorf("empty value")
	case x.has('a'):
		v = old + v
	}
	o[name] = v
	return nil
}

func showOptions(x *call) error {
	name := x.pos(0)
	o, err := x.place(name)
	if err != nil {
		if x.has('q') {
			return nil
		}
		return err
	}
	show := func(name, v string) {
		if x.has('v') {
			x.print("%s", v)
		} else {
			x.print("%s %s", name, quoteValue(v))
		}
	}
	if name == "" {
		for _, n := range slices.Sorted(maps.Keys(o)) {
			show(n, o[n])
		}
		return nil
	}
	v, ok := o[name]
	k, isKnown := known[name]
	switch {
	case ok:
		show(name, v)
	case isKnown && (x.has('A') || x.has('g') || k.scope == 's'):
		show(name, k.def)
	case !isKnown && !x.has('q'):
		return fmt.Errorf("invalid option: %s", name)
	}
	return nil
}

// quoteValue writes a value as show-options does.
func quoteValue(v string) string {
	quote := ""
	switch {
	case v == "":
		return "''"
	case strings.ContainsAny(v, " #';${}%"):
		quote = `"`
	case strings.Contains(v, `"`):
		quote = "'"
	}
	if len(v) == 1 && v != " " && (quote != "" || v == "~") {
		return `\` + v
	}
	s := vis(v)
	switch {
	case quote == `"`:
		s = strings.ReplaceAll(s, `"`, `\"`)
	case quote == "" && s[0] == '~':
		s = `\` + s
	}
	return quote + s + quote
}

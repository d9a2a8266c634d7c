package controltest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

func init() {
	define(
		entry{name: "display-message", alias: "display", usage: "[-aINpv] [-c target-client] [-d delay] [-F format] [-t target-pane] [message]", flags: "ac:d:F:INpt:v", max: 1, target: 'p', canfail: true, run: displayMessage},
		entry{name: "if-shell", alias: "if", usage: "[-bF] [-t target-pane] shell-command command [command]", flags: "bFt:", min: 2, max: 3, target: 'p', canfail: true, run: ifShell},
		entry{name: "refresh-client", alias: "refresh", usage: "[-cDlLRSU] [-A pane:state] [-B name:what:format] [-C XxY] [-f flags] [-t target-client] [adjustment]", flags: "A:B:cC:Df:F:lLRSt:U", max: 1, run: refreshClient},
		entry{name: "detach-client", alias: "detach", usage: "[-aP] [-E shell-command] [-s target-session] [-t target-client]", flags: "aE:Ps:t:", run: detachClient},
		entry{name: "list-clients", alias: "lsc", usage: "[-F format] [-t target-session]", flags: "F:t:f:", run: listClients},
		entry{name: "list-commands", alias: "lscm", usage: "[-F format] [command]", flags: "F:", max: 1, run: listCommands},
	)
}

func (t *Tmux) client(name string) *client {
	for _, c := range t.clients {
		if c.name() == strings.TrimSuffix(name, ":") {
			return c
		}
	}
	return nil
}

func displayMessage(x *call) error {
	f := x.pos(0)
	if x.has('F') {
		f = x.get('F')
	}
	if f == "" {
		f = "[#{session_name}] #{window_index}:#{window_name}, current pane #{pane_index}"
	}
	v := x.expand(f)
	switch {
	case x.has('p'):
		x.print("%s", v)
	case x.t.at(3, 4):
		x.c.write("%%message %s\n", v)
	}
	return nil
}

// ifShell runs one of two command lists. Nothing is ever run in a shell: without -F it fails.
func ifShell(x *call) error {
	if !x.has('F') {
		return errors.New("if-shell without -F is not part of the tmux in memory")
	}
	branch := 1
	if !truth(x.expand(x.pos(0))) {
		branch = 2
	}
	if branch >= len(x.rest) {
		return nil
	}
	a := x.rest[branch]
	if a.brace {
		x.next = a.block
		return nil
	}
	list, err := parseLine(a.text, environment)
	if err != nil {
		return err
	}
	x.next, err = x.t.compile(list)
	return err
}

// setFlags is -f: a list of flags, each taken away where ! precedes it.
func (c *client) setFlags(list string) {
	for _, f := range strings.Split(list, ",") {
		f, off := strings.CutPrefix(f, "!")
		name, value, _ := strings.Cut(f, "=")
		switch name {
		case "ignore-size":
			c.ignoreSize = !off
		case "no-output":
			c.noOutput = !off
		case "wait-exit":
			c.waitExit = !off
		case "pause-after":
			n, _ := strconv.Atoi(value)
			if c.pauseAfter = time.Duration(n) * time.Second; off {
				c.pauseAfter = 0
			} else if n == 0 {
				c.pauseAfter = time.Nanosecond
			}
		}
	}
}

func (c *client) flagList() string {
	list := []string{"attached", "focused", "control-mode"}
	if c.ignoreSize {
		list = append(list, "ignore-size")
	}
	if c.noOutput {
		list = append(list, "no-output")
	}
	if c.waitExit {
		list = append(list, "wait-exit")
	}
	if c.pauseAfter > 0 {
		list = append(list, fmt.Sprintf("pause-after=%d", c.pauseAfter/time.Second))
	}
	return strings.Join(append(list, "UTF-8"), ",")
}

func refreshClient(x *call) error {
	c := x.c
	if x.has('t') {
		if c = x.t.client(x.get('t')); c == nil {
			return fmt.Errorf("can't find client: %s", x.get('t'))
		}
	}
	if x.has('B') {
		for _, a := range x.flags['B'] {
			c.subscribe(a.text)
		}
		x.t.arm()
		return nil
	}
	for _, a := range x.flags['A'] {
		if err := c.flow(a.text); err != nil {
			return err
		}
	}
	for _, f := range []byte{'f', 'F'} {
		if x.has(f) {
			c.setFlags(x.get(f))
		}
	}
	if x.has('C') {
		var sx, sy int
		if _, err := fmt.Sscanf(strings.Replace(x.get('C'), ",", "x", 1), "%dx%d", &sx, &sy); err != nil || sx < 1 || sy < 1 {
			return errors.New("bad size argument")
		}
		if c.session != nil && !c.ignoreSize {
			for _, w := range c.session.windows {
				if w.sx != sx || w.sy != sy {
					w.resize(sx, sy)
					x.t.notifyLayout(w)
				}
			}
		}
	}
	return nil
}

// subscribe takes name:what:format, or a name alone to end a subscription.
func (c *client) subscribe(arg string) {
	parts := strings.SplitN(arg, ":", 3)
	c.subs = slices.DeleteFunc(c.subs, func(s *subscription) bool { return s.name == parts[0] })
	if len(parts) == 3 {
		c.subs = append(c.subs, &subscription{name: parts[0], what: parts[1], format: parts[2], last: map[string]string{}})
	}
}

// flow is refresh-client -A. Turning output off or on is what crashes servers before 3.7 under load, so here it always does.
func (c *client) flow(arg string) error {
	id, state, ok := strings.Cut(arg, ":")
	var p *Pane
	for _, q := range c.t.panes() {
		if q.String() == id {
			p = q
		}
	}
	if !ok || p == nil {
		return nil
	}
	switch state {
	case "pause":
		c.pause(p)
	case "continue":
		if c.paused[p] {
			delete(c.paused, p)
			c.write("%%continue %s\n", p)
		}
	case "on", "off":
		if !c.t.at(3, 7) {
			c.t.crash("refresh-client -A " + arg)
			return nil
		}
		c.off[p] = state == "off"
	}
	return nil
}

func detachClient(x *call) error {
	t := x.t
	var leave []*client
	switch {
	case x.has('s'):
		s := t.findSession(x.get('s'), x.c)
		if s == nil {
			return fmt.Errorf("can't find session: %s", x.get('s'))
		}
		for _, c := range t.clients {
			if c.session == s {
				leave = append(leave, c)
			}
		}
	case x.has('t'):
		c := t.client(x.get('t'))
		if c == nil {
			return fmt.Errorf("can't find client: %s", x.get('t'))
		}
		leave = append(leave, c)
	case x.has('a'):
		for _, c := range t.clients {
			if c != x.c {
				leave = append(leave, c)
			}
		}
	default:
		leave = append(leave, x.c)
	}
	for _, c := range leave {
		c.leaving = true
		t.note(func() { c.exit("", 0); t.detached(c) })
	}
	return nil
}

func listClients(x *call) error {
	for _, c := range x.t.clients {
		if c.session == nil {
			continue
		}
		f := "#{client_name}: #{session_name} [80x24 unknown] (#{client_flags})"
		if x.has('F') {
			f = x.get('F')
		}
		e := whole(c.session)
		e.t, e.c = x.t, c
		x.print("%s", e.expand(f))
	}
	return nil
}

func listCommands(x *call) error {
	f := "#{command_list_name}#{?command_list_alias, (#{command_list_alias}),} #{command_list_usage}"
	if x.has('F') {
		f = x.get('F')
	}
	for _, name := range slices.Sorted(maps.Keys(commands)) {
		e := commands[name]
		if want := x.pos(0); want != "" && want != e.name && want != e.alias {
			continue
		}
		usage := e.usage
		if e.name == "paste-buffer" && x.t.at(3, 7) {
			usage = strings.Replace(usage, "[-dpr]", "[-dprS]", 1)
		}
		row := scope{t: x.t, c: x.c, extra: map[string]string{"command_list_name": e.name, "command_list_alias": e.alias, "command_list_usage": usage}}
		x.print("%s", row.expand(f))
	}
	return nil
}

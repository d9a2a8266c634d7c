package controltest

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

func init() {
	define(
		entry{name: "split-window", alias: "splitw", usage: "[-bdefhIPvZ] [-c start-directory] [-e environment] [-F format] [-l size] [-t target-pane][shell-command]",
			flags: "bc:de:fF:hIl:p:Pt:vZ", max: -1, target: 'p', run: splitWindow},
		entry{name: "kill-pane", alias: "killp", usage: "[-a] [-t target-pane]", flags: "at:", target: 'p', run: killPane},
		entry{name: "list-panes", alias: "lsp", usage: "[-as] [-F format] [-f filter] [-t target-window]", flags: "asF:f:t:", target: 'w', run: listPanes},
		entry{name: "select-pane", alias: "selectp", usage: "[-DdeLlMmRUZ] [-T title] [-t target-pane]", flags: "DdegLlMmP:RT:t:UZ", target: 'p', run: selectPane},
		entry{name: "copy-mode", usage: "[-eHMuq] [-s src-pane] [-t target-pane]", flags: "eHMs:t:uq", target: 'p', run: copyMode},
		entry{name: "respawn-pane", alias: "respawnp", usage: "[-k] [-c start-directory] [-e environment] [-t target-pane] [shell-command]", flags: "c:e:kt:", max: -1, target: 'p', run: respawnPane},
		entry{name: "clear-history", alias: "clearhist", usage: "[-t target-pane]", flags: "t:", target: 'p', run: func(x *call) error {
			x.target.p.screen.history = nil
			return nil
		}},
		entry{name: "capture-pane", alias: "capturep", usage: "[-aCeJNpPq] [-b buffer-name] [-E end-line] [-S start-line] [-t target-pane]",
			flags: "ab:CeE:JMNpPqS:Tt:", target: 'p', run: capturePane},
	)
}

func splitWindow(x *call) error {
	p := x.target.p
	w := p.window
	sx, sy, err := w.split(p, x.has('h'))
	if err != nil {
		return err
	}
	l, err := x.launch(w.session)
	if err != nil {
		return err
	}
	q := x.t.newPane(w, sx, sy, l)
	w.insert(p, q)
	if !x.has('d') {
		w.active = q
		x.t.notifyAll("%%window-pane-changed %s %s", w, q)
	}
	x.t.notifyLayout(w)
	x.printTarget("#{session_name}:#{window_index}.#{pane_index}", q)
	return nil
}

func killPane(x *call) error {
	if !x.has('a') {
		x.t.removePane(x.target.p)
		return nil
	}
	for _, p := range slices.Clone(x.target.w.panes) {
		if p != x.target.p {
			x.t.removePane(p)
		}
	}
	return nil
}

func listPanes(x *call) error {
	const def = "#{pane_index}: [#{pane_width}x#{pane_height}] [history #{history_size}/#{history_limit}, 0 bytes] #{pane_id}#{?pane_active, (active),}#{?pane_dead, (dead),}"
	windows, prefix := []*winlink{x.target.w}, ""
	switch {
	case x.has('a'):
		windows, prefix = nil, "#{session_name}:#{window_index}."
		for _, s := range x.t.byName() {
			windows = append(windows, s.windows...)
		}
	case x.has('s'):
		windows, prefix = x.target.s.windows, "#{window_index}."
	}
	for _, w := range windows {
		for _, p := range w.panes {
			x.row(scope{s: w.session, w: w, p: p}, prefix+def)
		}
	}
	return nil
}

func selectPane(x *call) error {
	p := x.target.p
	switch {
	case x.has('d'):
		p.inputOff = true
	case x.has('e'):
		p.inputOff = false
	case x.has('T'):
		p.title = x.expand(x.get('T'))
	case p.window.active != p:
		p.window.active = p
		x.t.notifyAll("%%window-pane-changed %s %s", p.window, p)
	}
	return nil
}

func copyMode(x *call) error {
	if x.has('q') {
		x.target.p.setMode("")
	} else if x.target.p.mode == "" {
		x.target.p.setMode("copy-mode")
	}
	return nil
}

func respawnPane(x *call) error {
	p := x.target.p
	if !p.ended && !x.has('k') {
		return fmt.Errorf("respawn pane failed: pane %s still active", x.paneName(p))
	}
	l, err := x.launch(p.window.session)
	if err != nil {
		return err
	}
	if len(l.argv) == 0 {
		l.argv = p.launch.argv
	}
	p.close()
	old := p.screen
	p.screen = newScreen(old.sx, old.sy)
	p.screen.history, p.screen.title = old.history, old.title
	p.setMode("")
	p.spawn(l)
	return nil
}

func (x *call) paneName(p *Pane) string {
	return scope{t: x.t, s: p.window.session, w: p.window, p: p}.expand("#{session_name}:#{window_index}.#{pane_index}")
}

// capturePane copies rows of the screen to the client or to a buffer.
func capturePane(x *call) error {
	p := x.target.p
	s := p.screen
	if x.has('a') {
		if s.other == nil {
			if x.has('q') {
				x.print("")
				return nil
			}
			return fmt.Errorf("no alternate screen")
		}
		s = s.other
	}
	history := s.history
	if s.other != nil {
		history = s.other.history
	}
	rows := append(slices.Clone(history), s.rows...)
	line := func(f byte, def, all int) int {
		v := x.get(f)
		n, err := strconv.Atoi(v)
		switch {
		case !x.has(f):
			return def
		case v == "-":
			return all
		case err != nil:
			return def
		}
		return max(min(n+len(history), len(rows)-1), 0)
	}
	top := line('S', len(history), 0)
	bottom := line('E', len(rows)-1, len(rows)-1)
	if bottom < top {
		top, bottom = bottom, top
	}
	var b bytes.Buffer
	var last style
	for _, r := range rows[top : bottom+1] {
		var text bytes.Buffer
		for _, c := range r.cells {
			if x.has('e') && c.s != "" {
				c.style.change(&text, last)
				last = c.style
			}
			out := c.s
			if x.has('C') && out == `\` {
				out = `\\`
			}
			text.WriteString(out)
		}
		t := text.Bytes()
		if x.has('C') {
			t = bytes.ReplaceAll(t, []byte("\x1b"), []byte(`\033`))
		}
		if !x.has('J') && !x.has('N') {
			t = bytes.TrimRight(t, " ")
		}
		b.Write(t)
		if !x.has('J') || !r.wrapped {
			b.WriteByte('\n')
		}
	}
	if !x.has('p') {
		x.t.store(x.get('b'), b.Bytes())
		return nil
	}
	if !x.t.at(3, 6) {
		x.t.leaked += int64(b.Len())
	}
	x.print("%s", strings.TrimSuffix(b.String(), "\n"))
	return nil
}

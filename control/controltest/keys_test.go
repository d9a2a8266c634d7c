package controltest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// visible shows what it receives as "cat -v" does, without line feeds.
func visible(start string) func() Program {
	return func() Program {
		var p *Pane
		return Func{
			OnStart: func(pane *Pane) { p = pane; p.WriteString(start) },
			OnInput: func(data []byte) {
				var b bytes.Buffer
				for _, c := range data {
					switch {
					case c >= 0x80 && c&0x7f < 0x20:
						fmt.Fprintf(&b, "M-^%c", c&0x7f+'@')
					case c == 0xff:
						b.WriteString("M-^?")
					case c >= 0x80:
						fmt.Fprintf(&b, "M-%c", c&0x7f)
					case c == 0x7f:
						b.WriteString("^?")
					case c < 0x20 && c != '\t' && c != '\n':
						fmt.Fprintf(&b, "^%c", c+'@')
					case c == '\n':
						b.WriteString("\r\n")
					default:
						b.WriteByte(c)
					}
				}
				p.WriteString(b.String())
			},
		}
	}
}

// rawPane opens a window on both whose program shows its raw input, after it has written start.
func rawPane(t *testing.T, p pair, name, start string) {
	t.Helper()
	p.memory.ask("new-window -n raw " + name)
	p.real.ask(`new-window -n raw "stty raw -echo opost onlcr; printf '` + start + `\\033]2;ready\\007'; exec cat -v"`)
	for _, w := range []*wire{p.memory, p.real} {
		w.until("ready", "display-message -p -t one: '#{pane_title}'")
	}
}

func rawPair(t *testing.T, start string) pair {
	unescaped := strings.ReplaceAll(start, `\\033`, "\x1b")
	p := newPairWith(t, []Option{Handle("visible", visible(unescaped+"\x1b]2;ready\a"))}, setup...)
	rawPane(t, p, "visible", start)
	return p
}

var marks atomic.Int32

// typed sends the lines and compares what the program has received when the mark behind them has arrived.
func (p pair) typed(t *testing.T, lines ...string) {
	t.Helper()
	n := marks.Add(1)
	before, mark := fmt.Sprintf("=MARK%d=", n-1), fmt.Sprintf("=MARK%d=", n)
	p.both(t, append(lines, "send-keys -t one: -l "+mark+" ; send-keys -t one: -H 0a")...)
	for _, w := range []*wire{p.memory, p.real} {
		w.until("1", "display-message -p -t one: '#{?#{C:"+mark+"},1,0}'")
	}
	var got [2]string
	for i, w := range []*wire{p.memory, p.real} {
		rows := strings.Join(w.ask("capture-pane -p -t one:"), "\n")
		_, rest, ok := strings.Cut(rows, before)
		if !ok {
			rest = rows
		}
		got[i], _, _ = strings.Cut(rest, mark)
		if !ok {
			_, got[i], _ = strings.Cut(got[i], "\n")
		}
	}
	if got[0] != got[1] {
		t.Errorf("%s\nin memory %q\nreal %q", strings.Join(lines, "\n"), got[0], got[1])
	}
}

func TestKeyConformance(t *testing.T) {
	p := rawPair(t, "")
	keys := strings.Fields(`Enter Escape Tab BTab BSpace Space Up Down Left Right Home End IC DC PPage NPage PageUp PgDn F1 F4 F5 F12
		C-c C-Space C-@ C-[ C-? ^c M-a M-Enter C-M-a S-Up C-Up M-Up C-S-Left S-F1 C-F5 S-Home C-DC S-Tab S-Enter M-BSpace enter ESCAPE up
		a é 漢 NoSuchKey 0x41 0xe9 Ente xx -- - C-  C-é F13 Any None 0xzz`)
	for _, k := range keys {
		t.Run(k, func(t *testing.T) { p.typed(t, "send-keys -t one: -- '"+k+"'") })
	}
	t.Run("many", func(t *testing.T) {
		p.typed(t, "send-keys -t one: a b Space c Enter", "send-keys -N 3 -t one: x", "send-keys -N 0 -t one: x", "send-keys -t one:")
	})
	t.Run("literal", func(t *testing.T) { p.typed(t, `send-keys -l -t one: -- "Enter -x ; \"q\" é\033[A\012"`) })
	t.Run("hex", func(t *testing.T) { p.typed(t, "send-keys -H -t one: 1b 5b 41 00 ff 41") })
	t.Run("off", func(t *testing.T) {
		p.typed(t, "select-pane -d -t one:", "send-keys -t one: lost", "select-pane -e -t one:")
	})
	t.Run("mode", func(t *testing.T) {
		p.typed(t, "copy-mode -t one:", "send-keys -t one: bb Enter", "send-keys -l -t one: bb", "copy-mode -q -t one:")
	})
}

func TestPasteConformance(t *testing.T) {
	file := filepath.Join(t.TempDir(), "payload")
	if err := os.WriteFile(file, []byte("line one\n\tline two\nünï \x1b[201~ end"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, start := range map[string]string{"bracketed": `\\033[?2004h`, "plain": ""} {
		t.Run(name, func(t *testing.T) {
			p := rawPair(t, start)
			load := "load-buffer -b x '" + file + "'"
			p.typed(t, load, "paste-buffer -p -d -b x -t one:", "list-buffers")
			p.typed(t, load, "paste-buffer -d -b x -t one:")
			p.typed(t, load, "paste-buffer -r -d -b x -t one:")
			p.typed(t, load, "paste-buffer -s '|' -d -b x -t one:")
			p.typed(t, load, "copy-mode -t one:", "paste-buffer -p -d -b x -t one:", "copy-mode -q -t one:")
			p.typed(t, load, "select-pane -d -t one:", "paste-buffer -p -d -b x -t one:", "select-pane -e -t one:")
			guard := "if-shell -F -t one: '#{&&:#{==:#{pane_dead},0},#{&&:#{==:#{pane_in_mode},0},#{!=:#{C/r:^nothing here$},1}}}'" +
				" { paste-buffer -p -d -b x -t one: ; display-message -p OK } { delete-buffer -b x ; display-message -p REFUSED }"
			p.typed(t, load, guard)
			p.typed(t, load, "copy-mode -t one:", guard, "copy-mode -q -t one:", "list-buffers")
		})
	}
}

func TestOutputConformance(t *testing.T) {
	p := newPair(t, setup...)
	file := filepath.Join(t.TempDir(), "all")
	var all []byte
	for i := range 256 {
		all = append(all, byte(i))
	}
	if err := os.WriteFile(file, append(all, "\x1b]2;done\a"...), 0o600); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range []*wire{p.memory, p.real} {
		var out strings.Builder
		lines := w.ask("new-window cat " + file + " -")
		for !strings.Contains(strings.Join(lines, "\n"), "done") {
			lines = append(lines, w.ask()...)
		}
		for _, l := range lines {
			if rest, ok := strings.CutPrefix(l, "%output %1 "); ok {
				out.WriteString(rest)
			}
		}
		got = append(got, out.String())
	}
	if got[0] != got[1] {
		t.Errorf("in memory %q\nreal %q", got[0], got[1])
	}
}

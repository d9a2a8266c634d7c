package scripted

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"
)

// decode feeds the pieces and returns the events as text. Text that came in pieces is joined: only pastes and keys divide it.
func decode(pieces ...[]byte) string {
	var d decoder
	var out strings.Builder
	for _, p := range pieces {
		d.feed(p, func(ev event) {
			switch {
			case ev.paste != nil:
				fmt.Fprintf(&out, "<paste %q>", ev.paste.body)
			case ev.key != "":
				fmt.Fprintf(&out, "<%s>", ev.key)
			default:
				out.WriteString(ev.text)
			}
		})
	}
	d.flush(func(ev event) { fmt.Fprintf(&out, "<%s>", ev.key) })
	return out.String()
}

func TestDecoder(t *testing.T) {
	for in, want := range map[string]string{
		"héllo 漢":                             "héllo 漢",
		"a\rb\nc":                             "a<Enter>b<C-j>c",
		"\x1b[A\x1bOB\x1b[1~\x1b[3~":          "<Up><Down><Home><DC>",
		"\x1b[200~a\rb\n\x1b[A\x1b[201~c":     "<paste \"a\\rb\\n\\x1b[A\">c",
		"\x1b[200~\x1b[201~\x1b[200~x\x1b[20": "<paste \"\">",
		"\x1b":                                "<Escape>",
		"\x1b\x1b[A":                          "<Escape><Up>",
		"\x1b\r":                              "<M-Enter>",
		"\x1bx":                               "<M-x>",
		"\x1b]7501;?\x1b\\a\x1b]0;t\ab":       "ab",
		"\x1b[I\x1b[O\x1b[?62;c":              "",
		"a\x00\x1f\x7f":                       "a<BSpace>",
		"\xff\xc3(":                           "\xff\xc3(",
	} {
		t.Run(fmt.Sprintf("%q", in), func(t *testing.T) { is.New(t).Equal(decode([]byte(in)), want) })
	}
}

// However the bytes of a program that never pauses inside a sequence are cut, they mean the same.
func FuzzDecoderSplits(f *testing.F) {
	f.Add([]byte("a\x1b[200~漢\r\x1b[201~\x1b[A\r"), uint8(3))
	f.Add([]byte("\x1b[200~\x1b[201\x1b[201~x"), uint8(9))
	f.Fuzz(func(t *testing.T, in []byte, at uint8) {
		i := min(int(at), len(in))
		if i > 0 && in[i-1] == 0x1b {
			return // here the split itself says something: a lone ESC is a key
		}
		if whole, cut := decode(in), decode(in[:i], in[i:]); whole != cut && len(in) < maxCarry {
			t.Errorf("%q at %d: %q, whole %q", in, i, cut, whole)
		}
	})
}

func TestDecoderKeepsALargePasteLinear(t *testing.T) {
	is := is.New(t)
	var d decoder
	var got []byte
	body := bytes.Repeat([]byte("0123456789\x1b[201"), 200_000) // nearly the end, again and again
	begin := time.Now()
	d.feed([]byte("\x1b[200~"), func(event) {})
	for piece := body; len(piece) > 0; piece = piece[min(len(piece), 1000):] {
		d.feed(piece[:min(len(piece), 1000)], func(event) {})
	}
	d.feed([]byte("\x1b[201~"), func(ev event) { got = ev.paste.body })
	is.True(bytes.Equal(got, body))
	is.True(time.Since(begin) < 5*time.Second) // quadratic work would take minutes
}

func TestDirectives(t *testing.T) {
	for text, want := range map[string]string{
		"hello":                     "",
		"do this\nECHO one\nthanks": "ECHO one",
		"ECHO one\nECHO two":        "ECHO two",
		"[from:dev] SLOW 2s THEN SEND x a THEN b": "SLOW 2s | SEND x a THEN b",
		"SLOW down":                       "",
		"SEND off":                        "",
		"EXIT":                            "EXIT ",
		"EXIT -1":                         "",
		"ECHO":                            "ECHO ",
		"RUN":                             "",
		"echo x":                          "",
		"ECHO a THEN EXIT 3 THEN LINES 4": "ECHO a | EXIT 3 | LINES 4",
	} {
		t.Run(text, func(t *testing.T) {
			var got []string
			for _, s := range newMessage(text, draft{}).directives() {
				got = append(got, s.verb+" "+s.arg)
			}
			is.New(t).Equal(strings.Join(got, " | "), want)
		})
	}
}

func TestTag(t *testing.T) {
	for text, want := range map[string]string{
		"hello":                 "user|hello",
		"[from:dev] hello":      "dev|hello",
		" [from:shop/dev]\nx\n": "shop/dev|x",
		"[from:] x":             "user|[from:] x",
		"[from:a b] x":          "user|[from:a b] x",
		"x [from:dev] y":        "user|x [from:dev] y",
	} {
		m := newMessage(text, draft{})
		is.New(t).Equal(m.from+"|"+m.body, want)
	}
}

func TestSplitQuestion(t *testing.T) {
	for arg, want := range map[string]string{
		"Which colour? red|blue":   "Which colour?;red;blue",
		"Pick a colour red|blue":   "Pick a colour;red;blue",
		"red|blue":                 "Which one?;red;blue",
		"Why? Really? yes | no |":  "Why? Really?;yes;no",
		"Is \x1b[31mit\ttrue? a|b": "Is [31mit    true?;a;b",
	} {
		q, options := splitQuestion(arg)
		is.New(t).Equal(strings.Join(append([]string{q}, options...), ";"), want)
	}
}

func TestParseArgs(t *testing.T) {
	is := is.New(t)
	script := filepath.Join(t.TempDir(), "rules")
	is.NoErr(os.WriteFile(script, []byte("# rules\n\nTASK: => ECHO on it\n"), 0o600))
	o, err := ParseArgs([]string{"--swallow-enter", "--menu-before-key=5ms", "--menu-after-paste", "10ms:3", "--stop-reading=7", "--on", "@dev DONE=>ECHO a THEN ECHO b",
		"--script", script, "--persona", "reviewer", "--redraw", "10", "--busy", "--menu-deaf", "1s", "--back-delay", "1ms"})
	is.NoErr(err)
	is.True(o.SwallowEnter && o.SwallowWithin == 0 && o.MenuBeforeKey && o.MenuBeforeDelay == 5*time.Millisecond)
	is.True(o.MenuAfterPaste && o.MenuAfterDelay == 10*time.Millisecond && o.MenuAfterTimes == 3)
	is.True(o.StopReading && o.StopReadingAfter == 7 && o.Redraw == 10 && o.Busy && o.MenuDeaf == time.Second && o.BackDelay == time.Millisecond)
	is.Equal(o.Rules[0], Rule{From: "dev", Prefix: "DONE", Do: "ECHO a THEN ECHO b"})
	is.Equal(o.Rules[1], Rule{Prefix: "TASK:", Do: "ECHO on it"})
	is.Equal(o.Rules[2].Prefix, "DONE:")
	_, err = ParseArgs([]string{"-h"})
	is.True(errors.Is(err, flag.ErrHelp))
	for _, bad := range [][]string{{"--nope"}, {"x"}, {"--persona", "cook"}, {"--on", "no arrow"}, {"--on", "a=>sing"}, {"--menu-after-paste", "1s:0"}, {"--redraw", "-1"},
		{"--swallow-enter=soon"}, {"--script", "/nowhere/rules"}} {
		_, err := ParseArgs(bad)
		is.True(err != nil) // refused
	}
	for name := range personas {
		_, err := ParseArgs([]string{"--persona", name})
		is.NoErr(err)
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		in   string
		w    int
		want string
	}{
		{"", 5, ""}, {"hello", 5, "hello"}, {"hello world", 5, "hello|world"}, {"hello world", 8, "hello|world"}, {"abcdefgh", 3, "abc|def|gh"},
		{"漢字漢字", 5, "漢字|漢字"}, {"a bc def ghij", 4, "a bc|def|ghij"}, {"   indent ed", 9, "   indent|ed"}, {"ee\u0301e", 3, "ee\u0301e"}, {"          x", 4, "    |    |x"},
	} {
		got := wrap(c.in, c.w)
		is.New(t).Equal(strings.Join(got, "|"), c.want)
	}
}

// terminal is as much of a terminal as screen needs: it shows whether few bytes are also the right ones.
type terminal struct {
	cells      [][]string
	x, y       int
	top, under int
	bytes      int
}

func newTerminal(cols, rows int) *terminal {
	t := &terminal{under: rows}
	for range rows {
		t.cells = append(t.cells, make([]string, cols))
	}
	return t
}

func (t *terminal) Write(p []byte) (int, error) {
	t.bytes += len(p)
	for s := string(p); s != ""; {
		if rest, ok := strings.CutPrefix(s, "\x1b["); ok {
			i := strings.IndexAny(rest, "HJKmrhl")
			t.sequence(rest[:i], rest[i])
			s = rest[i+1:]
			continue
		}
		r := []rune(s)[0]
		s = s[len(string(r)):]
		if r == '\n' {
			if t.y == t.under-1 {
				copy(t.cells[t.top:t.under], t.cells[t.top+1:t.under])
				t.cells[t.under-1] = make([]string, len(t.cells[0]))
			} else {
				t.y++
			}
			continue
		}
		t.cells[t.y][min(t.x, len(t.cells[0])-1)] = string(r)
		for range width(r) - 1 {
			t.cells[t.y][t.x+1] = ""
		}
		t.x += width(r)
	}
	return len(p), nil
}

func (t *terminal) sequence(args string, final byte) {
	a, b := 1, 1
	fmt.Sscanf(args, "%d;%d", &a, &b)
	switch final {
	case 'H':
		t.x, t.y = b-1, a-1
	case 'J':
		for _, row := range t.cells {
			clear(row)
		}
	case 'K':
		clear(t.cells[t.y][min(t.x, len(t.cells[0])):])
	case 'r':
		t.top, t.under = 0, len(t.cells)
		if args != "" {
			t.top, t.under = a-1, b
		}
		t.x, t.y = 0, 0
	}
}

func (t *terminal) text() string {
	var b strings.Builder
	for _, row := range t.cells {
		line := ""
		for i, c := range row {
			if c == "" && (i == 0 || len(row[i-1]) == 0 || width([]rune(row[i-1])[0]) < 2) {
				c = " "
			}
			line += c
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

// Whatever a screen showed before, what it draws next is what a fresh one would show.
func FuzzScreen(f *testing.F) {
	f.Add("one\ntwo\nthree\nfour", "two\nthree\nfour\nfive")
	f.Add("full row!!\n漢字\nab", "full row!!x\n漢x\nabc")
	f.Add("a漢b\nworking 9s", "a字b\nworking 10s")
	f.Fuzz(func(t *testing.T, one, two string) {
		const cols, rows = 10, 6
		frame := func(s string) []row {
			out := make([]row, rows)
			lines := strings.Split(s, "\n")
			for i := range min(len(lines), rows) {
				text := strings.Map(func(r rune) rune { // a terminal of one character a cell knows no combining ones
					if width(r) == 0 {
						return -1
					}
					return r
				}, clean(lines[i]))
				out[i] = row{text: cut(text, cols)}
				if strings.HasPrefix(text, "w") {
					out[i].style, out[i].at = dim, len(out[i].text)
				}
			}
			return out
		}
		term, fresh := newTerminal(cols, rows), newTerminal(cols, rows)
		a, b := screen{out: term}, screen{out: fresh}
		a.resize(cols, rows)
		b.resize(cols, rows)
		_ = a.draw(frame(one), 0, 0, rows-1)
		_ = a.draw(frame(two), 0, 0, rows-1)
		_ = b.draw(frame(two), 0, 0, 0)
		if term.text() != fresh.text() {
			t.Errorf("%q then %q:\n%swant\n%s", one, two, term.text(), fresh.text())
		}
	})
}

func TestScreenWritesLittle(t *testing.T) {
	is := is.New(t)
	term := newTerminal(80, 24)
	s := screen{out: term}
	s.resize(80, 24)
	rows := make([]row, 24)
	for i := range 20 {
		rows[i] = row{text: fmt.Sprintf("line %d of what was said, which is rather long", i)}
	}
	rows[20] = row{text: "✢ Working… 3s"}
	is.NoErr(s.draw(rows, 2, 22, 20))
	term.bytes = 0
	is.NoErr(s.draw(rows, 2, 22, 20))
	is.Equal(term.bytes, 0) // nothing changed
	rows[20].text = "✳ Working… 3s"
	is.NoErr(s.draw(rows, 2, 22, 20))
	is.Equal(term.bytes, len("\x1b[21;1H✳\x1b[23;3H"))
	term.bytes = 0
	copy(rows[:19], rows[1:20])
	rows[19] = row{text: "new"}
	is.NoErr(s.draw(rows, 2, 22, 20))
	is.True(term.bytes < 60) // scrolled, not written again
}

func BenchmarkSpinner(b *testing.B) {
	a := &agent{scr: screen{out: newTerminal(80, 24)}, o: Options{Busy: true}}
	a.scr.resize(80, 24)
	a.turn = &turn{began: time.Now()}
	a.said.add("", strings.Repeat("a line of what was said\n", 100), "")
	a.draw()
	for b.Loop() {
		a.spin++
		a.draw()
	}
}

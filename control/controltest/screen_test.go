package controltest

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// until asks again and again until the answer is this, and returns all that was heard.
func (w *wire) until(want string, lines ...string) (heard []string) {
	w.t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		got := w.ask(lines...)
		heard = append(heard, got...)
		blocks, _ := notices(normal(got))
		if len(blocks) > 1 && blocks[1] == want {
			return heard
		}
		if w.pid != 0 {
			// A tmux 3.3a was seen to miss the end of a child until another one ended: one more SIGCHLD makes it look.
			_ = syscall.Kill(w.pid, syscall.SIGCHLD)
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("%q did not become %q but %q", lines, want, blocks)
		}
	}
}

// screens are programs' outputs whose pictures must be the same on both.
var screens = map[string]string{
	"text":    "one\ntwo  \n   three\n",
	"colours": "\x1b[1;31mred bold\x1b[0m plain \x1b[4;44munder\x1b[24m on blue\x1b[49m \x1b[38;5;208mx\x1b[38;2;1;2;3my\x1b[39mz\x1b[7mrev\x1b[27m\n\x1b[2mdim\x1b[22;3mital\x1b[0m\n\x1b[92;105mbright\x1b[m\n",
	"carry":   "\x1b[32mgreen\nstill\n\nthird\x1b[0m end\n",
	"wide":    "a漢字b\n日本\rX\néà e\u0301x\n😀!\n",
	"wrap":    strings.Repeat("0123456789", 17) + "\n" + strings.Repeat("x", 80) + "\nnext\n" + strings.Repeat("y", 79) + "漢\n",
	"cursor":  "\x1b[5;10Hat\x1b[A\x1b[3Cup\x1b[2B\x1b[4Ddown\x1b[1;1Hhome\x1b[20G20\x1b[7dd7\x1b[Enl\x1b[Fpl\n",
	"erase":   "aaaaaaaaaa\nbbbbbbbbbb\ncccccccccc\ndddddddddd\x1b[1;5H\x1b[K\x1b[2;5H\x1b[1K\x1b[3;3H\x1b[2X\x1b[3;8H\x1b[J",
	"bce":     "\x1b[41mred\x1b[K\n\x1b[0mtext\x1b[44m\x1b[2X\x1b[0m\n",
	"insert":  "abcdef\x1b[1;3H\x1b[2@\n123456\x1b[2;2H\x1b[3P\n\x1b[4hxyz\x1b[1Gins\x1b[4l\n",
	"lines":   "l1\nl2\nl3\nl4\nl5\x1b[2;1H\x1b[L\x1b[4;1H\x1b[M\x1b[Mend",
	"region":  "top\x1b[2;5r\x1b[2;1Ha\nb\nc\nd\ne\nf\x1b[r\x1b[10;1Hbelow\x1b[2;1H\x1bM\x1b[2S\x1b[T",
	"reverse": "first\nsecond\x1b[1;1H\x1bM\x1bMnew",
	"tabs":    "a\tb\tc\n\x1b[75Gx\ty\n",
	"bs":      "abc\b\bX\n\b\bq\n",
	"alt":     "normal\n\x1b[?1049h\x1b[Halternate \x1b[31mred",
	"altback": "normal\n\x1b[?1049h\x1b[Halternate\x1b[?1049lback\n",
	"title":   "\x1b]2;a title é\x07\x1b]0;other\x1b\\text\x1bP1;2;q ignored\x1b\\\x1b]52;c;aaaa\x07more\x1b_apc\x1b\\!\n",
	"scroll":  strings.Repeat("line\n", 30) + "last\n",
	"clear":   "before\nmore\x1b[2J\x1b[Hafter\n",
	"save":    "ab\x1b7\x1b[10;10Hfar\x1b8cd\x1b[s\x1b[H\x1b[31m>\x1b[uef\n",
	"hidden":  "\x1b[?25lhidden\n",
	"claude":  "\x1b[2J\x1b[H\x1b[38;2;153;153;153m──────\x1b[39m\n❯\u00a0hello\n\x1b[2m──────\x1b[22m\n  \x1b[7m \x1b[27m? for shortcuts\x1b[2A\x1b[3G",
	"nowrap":  "\x1b[?7l" + strings.Repeat("abcdefghij", 9) + "\x1b[?7h\n",
	"invalid": "a\xff\xfeb\xc3(c\xe2\x82 d\n",
}

func TestScreenConformance(t *testing.T) {
	p := newPair(t, setup...)
	dir := t.TempDir()
	const facts = `display-message -p -t one: '#{cursor_x},#{cursor_y} #{cursor_flag} #{alternate_on} #{pane_title} #{history_size} #{C/r:^third|^new}'`
	for name, text := range screens {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(dir, name)
			if err := os.WriteFile(file, []byte(text+"\x1b]2;done "+name+"\x07"), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, w := range []*wire{p.memory, p.real} {
				w.ask("new-window -n x cat " + file + " -")
				w.until("done "+name, "display-message -p -t one: '#{pane_title}'")
			}
			p.both(t, facts)
			for _, flags := range []string{"-p", "-pe", "-pJ", "-peJ -S -", "-p -S -5 -E 3", "-pa", "-pqa", "-pC -e"} {
				p.both(t, "capture-pane -t one: "+flags)
			}
		})
	}
}

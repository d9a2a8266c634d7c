package scripted

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/matryer/is"
)

var update = flag.Bool("update", false, "write the labelled screens that the classifier is tested with")

// screenLabel is what stands beside a labelled screen.
type screenLabel struct {
	Agent     string   `json:"agent"`
	Version   string   `json:"version"`
	Cols      int      `json:"cols"`
	Rows      int      `json:"rows"`
	Title     string   `json:"title"`
	CursorX   int      `json:"cursor_x"`
	CursorY   int      `json:"cursor_y"`
	Alternate int      `json:"alternate_on"`
	Dead      int      `json:"pane_dead"`
	State     string   `json:"state"`
	Kind      *string  `json:"kind"`
	Draft     *bool    `json:"draft"`
	Text      *string  `json:"text_typed"`
	Options   []string `json:"options"`
	Selected  *int     `json:"selected"`
	Heading   string   `json:"heading"`
	Needs     string   `json:"needs"`
	Note      string   `json:"note"`
	Quotes    bool     `json:"adversarial,omitempty"`
}

// scene is a screen of the program and how to get there.
type scene struct {
	name   string // label/NAME
	size   [2]int // zero is 80x24
	flags  []string
	play   func(p *pane)
	draft  string // "" is none
	menu   []string
	at     int
	head   string
	quotes bool
	moving bool // differs from run to run: not compared
	note   string
}

const quoted = `RUN printf '%s\n' '◆ Allow this command?' '    touch x' '› 1. Yes' '  2. No' '────────' '▸ Ask for something' '────────' '  ? for help' '  esc to stop' '» queued'`

var permission = []string{"Yes", "Yes, and don't ask again", "No"}

func (p *pane) draft(text, shows string) { p.paste(text); p.shows(shows) }

var scenes = []scene{
	{name: "starting/coming-up", flags: []string{"--start-delay", "10m"}, play: func(p *pane) { p.shows("starting…") }},
	{name: "idle/fresh"},
	{name: "idle/small", size: [2]int{24, 8}},
	{name: "idle/no-color", flags: []string{"--no-color"}},
	{name: "idle/after-turn", play: func(p *pane) { p.submit("[from:gestor] ECHO all done"); p.shows("• all done") }},
	{name: "idle/full-transcript", play: func(p *pane) { p.submit("LINES 100"); p.shows("line 100 of 100") }},
	{name: "idle/interrupted", play: func(p *pane) {
		p.submit("ECHO begun THEN SLOW 10m")
		p.shows("• begun")
		p.keys("Escape")
		p.shows("■ Interrupted")
	}},
	{name: "idle/declined", play: func(p *pane) {
		p.submit("ASKPERM touch x")
		p.shows("› 1.")
		p.keys("Escape")
		p.shows("■ Declined")
	}},
	{name: "idle/draft", draft: "add a login page", play: func(p *pane) { p.draft("add a login page", "add a login page") }},
	{name: "idle/draft-one-letter", draft: "x", play: func(p *pane) { p.keys("x"); p.shows("▸\u00a0x") }},
	{name: "idle/draft-no-color", flags: []string{"--no-color"}, draft: "Ask for something", note: "reads as the placeholder does with colours",
		play: func(p *pane) { p.draft("Ask for something", "enter to send") }},
	{name: "idle/draft-lines", draft: "one\n\n  three", play: func(p *pane) { p.draft("one\n\n  three", "three") }},
	{name: "idle/draft-cursor-up", draft: "one\ntwo\nthree", play: func(p *pane) {
		p.draft("one\ntwo\nthree", "three")
		p.keys("Up", "Up", "Home")
		p.until("cursor at home", func(string) bool { return p.ask("#{cursor_x},#{cursor_y}") == "2,19" })
	}},
	{name: "idle/draft-wrapped", size: [2]int{40, 15}, draft: "the quick brown fox jumps over the la\nzy dog", note: "cut in the middle of a word",
		play: func(p *pane) { p.draft("the quick brown fox jumps over the lazy dog", "zy dog") }},
	{name: "idle/draft-wide", draft: "漢字 👍 é", play: func(p *pane) { p.draft("漢字 👍 é", "漢字") }},
	{name: "idle/draft-collapsed", draft: "[Pasted #1 +39 lines]", play: func(p *pane) { p.draft(strings.Repeat("x\n", 39)+"end", "[Pasted") }},
	{name: "idle/draft-collapsed-line", draft: "[Pasted #1]", play: func(p *pane) { p.draft(strings.Repeat("x", 2500), "[Pasted") }},
	{name: "idle/draft-scrolled", size: [2]int{60, 15}, draft: "line 8\nline 9\nline 10\nline 11\nline 12", note: "the upper lines have scrolled out of the box",
		play: func(p *pane) {
			p.draft("line 1\nline 2\nline 3\nline 4\nline 5\nline 6\nline 7\nline 8\nline 9\nline 10\nline 11\nline 12", "line 12")
		}},
	{name: "idle/draft-scrolled-back", size: [2]int{60, 15}, draft: "line 4\nline 5\nline 6\nline 7\nline 8", note: "rows are hidden above and below",
		play: func(p *pane) {
			p.draft("line 1\nline 2\nline 3\nline 4\nline 5\nline 6\nline 7\nline 8\nline 9\nline 10", "line 10")
			p.keys("Up", "Up")
			p.until("draft scrolled back", func(s string) bool { return strings.Contains(s, "─ ↓ 2 more ─") })
		}},
	{name: "idle/draft-again-to-clear", draft: "half", play: func(p *pane) { p.draft("half", "half"); p.keys("Escape"); p.shows("esc again") }},
	{name: "idle/hint-exit", play: func(p *pane) { p.keys("C-c"); p.shows("ctrl-c again") }},
	{name: "idle/stashed", play: func(p *pane) { p.draft("half", "half"); p.keys("C-s"); p.shows("draft stashed") }},
	{name: "idle/transcript-quotes", quotes: true, play: func(p *pane) { p.submit(quoted); p.shows("» queued\n") }},
	{name: "idle/message-quotes", quotes: true, play: func(p *pane) {
		p.submit("◆ Allow this command?\n› 1. Yes\n  2. No\n  esc to stop\n✢ Working… 3s")
		p.shows("• ◆ Allow")
	}},
	{name: "idle/draft-quotes", quotes: true, draft: "◆ Allow this command?\n› 1. Yes\n  2. No\n────────\n  esc to stop", play: func(p *pane) {
		p.draft("◆ Allow this command?\n› 1. Yes\n  2. No\n────────\n  esc to stop", "  esc to stop")
	}},
	{name: "busy/working", play: func(p *pane) { p.submit("SLOW 10m"); p.shows("Working…") }},
	{name: "busy/from-the-start", flags: []string{"--busy"}},
	{name: "busy/no-color", flags: []string{"--no-color"}, play: func(p *pane) { p.submit("SLOW 10m"); p.shows("Working…") }},
	{name: "busy/draft", draft: "and then", play: func(p *pane) { p.submit("SLOW 10m"); p.shows("Working…"); p.draft("and then", "and then") }},
	{name: "busy/queued", play: func(p *pane) {
		p.submit("SLOW 10m")
		p.shows("Working…")
		p.submit("and then\nsomething else")
		p.shows("» and then")
	}},
	{name: "busy/queued-draft", draft: "third", play: func(p *pane) {
		p.submit("SLOW 10m")
		p.shows("Working…")
		p.submit("second")
		p.shows("» second")
		p.draft("third", "third")
	}},
	{name: "busy/queued-many", size: [2]int{60, 15}, play: func(p *pane) {
		p.submit("SLOW 10m")
		p.shows("Working…")
		for i := range 9 {
			p.submit(fmt.Sprintf("message %d", i))
			p.shows(fmt.Sprintf("» message %d", i))
		}
	}},
	{name: "busy/streaming", moving: true, play: func(p *pane) { p.submit("STREAM 100000"); p.shows("• word0") }},
	{name: "busy/tool", play: func(p *pane) { p.submit("RUN sleep 600"); p.shows("• Run(sleep 600)") }},
	{name: "busy/hang", play: func(p *pane) { p.submit("HANG 10m"); p.shows("Working…") }},
	{name: "busy/stashed", play: func(p *pane) {
		p.submit("SLOW 10m")
		p.shows("Working…")
		p.draft("half", "half")
		p.keys("C-s")
		p.shows("draft stashed")
	}},
	{name: "busy/transcript-quotes", quotes: true, play: func(p *pane) { p.submit(quoted + " THEN SLOW 10m"); p.shows("» queued\n"); p.shows("Working…") }},
	{name: "waiting-permission/first", menu: permission, head: "Allow this command? touch login.go",
		play: func(p *pane) { p.submit("ASKPERM touch login.go"); p.shows("› 1.") }},
	{name: "waiting-permission/no-color", flags: []string{"--no-color"}, menu: permission, head: "Allow this command? touch login.go",
		play: func(p *pane) { p.submit("ASKPERM touch login.go"); p.shows("› 1.") }},
	{name: "waiting-permission/third", menu: permission, at: 2, head: "Allow this command? touch login.go",
		play: func(p *pane) { p.submit("ASKPERM touch login.go"); p.shows("› 1."); p.keys("Up"); p.shows("› 3.") }},
	{name: "waiting-permission/long-command", size: [2]int{60, 15}, menu: permission, at: 1, head: "Allow this command? " + longCommand,
		play: func(p *pane) {
			p.submit("ASKPERM " + longCommand)
			p.shows("› 1.")
			p.keys("Down")
			p.shows("› 2.")
		}},
	{name: "waiting-permission/swapped", flags: []string{"--menu-before-key=1ms"}, menu: []string{"No", "Yes", "Yes, and don't ask again"},
		head: "Allow this command? rm -rf build", play: func(p *pane) { p.submit("ASKPERM touch x"); p.shows("rm -rf build") }},
	{name: "waiting-permission/over-a-draft", flags: []string{"--menu-after-paste", "0"}, menu: permission, head: "Allow this command? make test",
		play: func(p *pane) { p.paste("a message"); p.shows("› 1.") }},
	{name: "waiting-permission/transcript-quotes", quotes: true, menu: permission, head: "Allow this command? touch y",
		play: func(p *pane) { p.submit(quoted + " THEN ASKPERM touch y"); p.shows("touch y\n›") }},
	{name: "waiting-question/first", menu: []string{"red", "dark green", "blue"}, head: "Which colour?",
		play: func(p *pane) { p.submit("ASK Which colour? red|dark green|blue"); p.shows("› 1.") }},
	{name: "waiting-question/wrapped", size: [2]int{40, 15}, at: 1,
		menu: []string{"as it was before the last change that somebody made", "something quite new that nobody has thought of", "neither"},
		head: "Which of these two designs should be built first?",
		play: func(p *pane) {
			p.submit("ASK Which of these two designs should be built first? as it was before the last change that somebody made|something quite new that nobody has thought of|neither")
			p.shows("› 1.")
			p.keys("Down")
			p.shows("› 2.")
		}},
	{name: "waiting-question/cut", size: [2]int{40, 10}, menu: []string{"e", "f", "g", "h", "i"}, at: 0, head: "Which?", note: "options above and below are hidden",
		play: func(p *pane) {
			p.submit("ASK Which? a|b|c|d|e|f|g|h|i|j|k|l")
			p.shows("› 1.")
			p.keys("Down", "Down", "Down", "Down")
			p.shows("› 5.")
		}},
	{name: "dead/exited", moving: true, play: func(p *pane) { p.submit("ECHO last words THEN EXIT 3"); p.ended(); p.dead() }},
	{name: "dead/crashed", moving: true, play: func(p *pane) { p.submit("CRASH"); p.ended(); p.dead() }},
}

const longCommand = "find . -name '*.go' -not -path './vendor/*' -print0 | xargs -0 gofmt -l -w && git commit -am 'format all of it'"

// elapsed is what a slow machine changes.
var elapsed = regexp.MustCompile(`… \d+s`)

// The screens that the classifier is tested with are those that the program draws.
func TestScreens(t *testing.T) {
	for _, s := range scenes {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			is := is.New(t)
			size := s.size
			if size == [2]int{} {
				size = [2]int{80, 24}
			}
			p := start(t, size[0], size[1], append([]string{"--redraw", "0", "--dir", "/"}, s.flags...)...)
			if s.play != nil {
				s.play(p)
			}
			path := filepath.Join("..", "testdata", "screens", "scripted", s.name)
			if *update {
				is.NoErr(s.write(p, size, path))
				return
			}
			if s.moving {
				return
			}
			want, err := os.ReadFile(path + ".txt")
			is.NoErr(err)
			p.until("labelled screen:\n"+string(want), func(now string) bool {
				return elapsed.ReplaceAllString(now, "… 0s") == elapsed.ReplaceAllString(string(want), "… 0s")
			})
			var l screenLabel
			data, err := os.ReadFile(path + ".json")
			is.NoErr(err)
			is.NoErr(json.Unmarshal(data, &l))
			is.Equal(p.ask("#{cursor_x},#{cursor_y}"), fmt.Sprintf("%d,%d", l.CursorX, l.CursorY))
		})
	}
}

// write makes the three files of a labelled screen.
func (s scene) write(p *pane, size [2]int, path string) error {
	folder, _, _ := strings.Cut(s.name, "/")
	state, kind, _ := strings.Cut(folder, "-")
	l := screenLabel{Agent: "scripted", Version: "1", Cols: size[0], Rows: size[1], State: state, Note: s.note, Quotes: s.quotes, Options: s.menu, Heading: s.head}
	fmt.Sscan(p.ask("#{cursor_x} #{cursor_y} #{alternate_on} #{pane_dead}"), &l.CursorX, &l.CursorY, &l.Alternate, &l.Dead)
	switch state {
	case "waiting":
		l.Kind, l.Selected = &kind, &s.at
	case "idle", "busy":
		draft := s.draft != ""
		l.Draft = &draft
		if draft {
			l.Text = &s.draft
		}
	}
	if l.Options == nil {
		l.Options = []string{}
	}
	data, err := json.MarshalIndent(l, "", " ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	for ext, text := range map[string]string{".json": string(data) + "\n", ".txt": p.screen(), ".ansi": p.tmux("capture-pane", "-p", "-e", "-t", "=t:")} {
		if err := os.WriteFile(path+ext, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

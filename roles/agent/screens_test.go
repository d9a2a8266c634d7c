package agent_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"isesh/roles/agent"
)

// label is what the JSON beside a capture says: what tmux reported, and how the screen is to be read.
type label struct {
	Cols, Rows int
	Title      string
	CursorX    int   `json:"cursor_x"`
	CursorY    int   `json:"cursor_y"`
	Alternate  int   `json:"alternate_on"`
	Dead       int   `json:"pane_dead"`
	Scored     *bool `json:"options_scored"`

	State    agent.State
	Kind     agent.Kind
	Draft    *bool
	Text     *string `json:"text_typed"`
	Options  []string
	Selected *int
	Heading  string
	Needs    string
}

// capture is one labelled screen.
type capture struct {
	name   string // label/NAME
	want   label
	screen agent.Screen // with escapes
	plain  string
}

// read once: profile -> its captures. Tests do not write to them.
var known sync.Map

func captures(t testing.TB, profile string) []capture {
	t.Helper()
	if all, ok := known.Load(profile); ok {
		return all.([]capture)
	}
	paths, err := filepath.Glob(filepath.Join("testdata/screens", profile, "*", "*.json"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no captures of %s: %v", profile, err)
	}
	var all []capture
	for _, path := range paths {
		base := strings.TrimSuffix(path, ".json")
		c := capture{name: filepath.Base(filepath.Dir(base)) + "/" + filepath.Base(base)}
		if err := json.Unmarshal(read(t, path), &c.want); err != nil {
			t.Fatal(err)
		}
		w := c.want
		c.screen = agent.Screen{Text: string(read(t, base+".ansi")), Title: w.Title, Cols: w.Cols, Rows: w.Rows,
			CursorX: w.CursorX, CursorY: w.CursorY, Alternate: w.Alternate == 1, Dead: w.Dead == 1}
		c.plain = string(read(t, base+".txt"))
		all = append(all, c)
	}
	known.Store(profile, all)
	return all
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// problems lists in what r differs from the label.
func (c capture) problems(r agent.Reading) (out []string) {
	w := c.want
	say := func(what string, got, want any) {
		g, _ := json.Marshal(got)
		m, _ := json.Marshal(want)
		out = append(out, what+": got "+string(g)+", want "+string(m)+" (rule "+r.Rule+")")
	}
	if r.State != w.State && !(w.Needs != "" && r.State == agent.Unknown) {
		say("state", r.State, w.State)
		return out
	}
	if r.Kind != w.Kind {
		say("kind", r.Kind, w.Kind)
	}
	if w.Draft != nil && r.Composer && r.Draft != *w.Draft {
		say("draft", r.Draft, *w.Draft)
	}
	if w.Draft != nil && !r.Composer && w.State != agent.Dead {
		say("composer", r.Composer, true)
	}
	if w.Text != nil && r.DraftText != *w.Text {
		say("draft text", r.DraftText, *w.Text)
	}
	if w.State != agent.Waiting || w.Scored != nil && !*w.Scored {
		return out
	}
	if !slices.Equal(r.Options, w.Options) && len(r.Options)+len(w.Options) > 0 {
		say("options", r.Options, w.Options)
	}
	selected := -1
	if w.Selected != nil {
		selected = *w.Selected
	}
	if r.Selected != selected {
		say("selected", r.Selected, selected)
	}
	if r.Heading != w.Heading {
		say("heading", r.Heading, w.Heading)
	}
	return out
}

// knownWrong reads testdata/known-wrong-PROFILE.txt: one capture a line, then why.
func knownWrong(t *testing.T, profile string) map[string]bool {
	known := map[string]bool{}
	f, err := os.Open("testdata/known-wrong-" + profile + ".txt")
	if os.IsNotExist(err) {
		return known
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if name, why, _ := strings.Cut(strings.TrimSpace(s.Text()), " "); name != "" && name != "#" {
			if why == "" {
				t.Errorf("%s says not why %s is wrong", f.Name(), name)
			}
			known[name] = true
		}
	}
	return known
}

// Every folder of testdata/screens holds what the agent of that profile looked like: a capture put there is a test.
func TestLabelledScreens(t *testing.T) {
	dirs, err := os.ReadDir("testdata/screens")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range dirs {
		profile := d.Name()
		p, err := agent.Load(profile)
		if err != nil {
			t.Fatal(err)
		}
		known := knownWrong(t, profile)
		for _, c := range captures(t, profile) {
			for _, form := range []string{"ansi", "txt"} {
				name := profile + "/" + c.name + "." + form
				screen := c.screen
				if form == "txt" {
					screen.Text = c.plain
				}
				wrong := c.problems(agent.Classify(p, screen))
				key := c.name + "." + form
				switch {
				case len(wrong) > 0 && !known[key]:
					t.Errorf("%s\n\t%s", name, strings.Join(wrong, "\n\t"))
				case len(wrong) == 0 && known[key]:
					t.Errorf("%s is read right now: take it off the list of known wrong ones", name)
				}
				delete(known, key)
			}
		}
		for key := range known {
			t.Errorf("the list of known wrong screens of %s names %s, which is not there", profile, key)
		}
	}
}

package agent_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/matryer/is"

	"isesh/roles/agent"
)

func load(t testing.TB, name string) *agent.Profile {
	t.Helper()
	p, err := agent.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func find(t testing.TB, profile, name string) capture {
	t.Helper()
	for _, c := range captures(t, profile) {
		if c.name == name {
			return c
		}
	}
	t.Fatalf("no capture %s of %s", name, profile)
	return capture{}
}

func TestDeadPanesAreDead(t *testing.T) {
	is := is.New(t)
	for _, name := range agent.Names() {
		r := agent.Classify(load(t, name), agent.Screen{Text: "❯\u00a0", Dead: true})
		is.Equal(r.State, agent.Dead)
		is.Equal(r.Selected, -1)
	}
}

// A box that a program merely prints is no composer: the cursor is elsewhere.
func TestComposerNeedsTheCursor(t *testing.T) {
	is := is.New(t)
	c := find(t, "claude", "idle/v329-120x40-first")
	p := load(t, "claude")
	is.Equal(agent.Classify(p, c.screen).State, agent.Idle)
	c.screen.CursorY = 3
	is.Equal(agent.Classify(p, c.screen).State, agent.Unknown)
	c.screen.CursorX, c.screen.CursorY = -1, -1 // not known: the lowest box counts
	is.Equal(agent.Classify(p, c.screen).State, agent.Idle)
}

func TestReadingSaysWhatDecided(t *testing.T) {
	is := is.New(t)
	c := find(t, "claude", "waiting-permission/v329-80x24-write")
	r := agent.Classify(load(t, "claude"), c.screen)
	is.Equal(r.Rule, "permission")
	is.Equal(r.Keys, []string{"1", "2", "3"})
	is.True(len(r.Lines) > 0)
	is.True(strings.HasPrefix(r.Echo, "WRITE "))
	is.Equal(r.ComposerY, -1)

	r = agent.Classify(load(t, "claude"), find(t, "claude", "busy/v329-120x40-err-529-retrying").screen)
	is.Equal(r.Trouble, "529 stub error 529")
	is.Equal(r.Echo, "ERR 529")

	r = agent.Classify(load(t, "claude"), find(t, "claude", "busy/v329-120x40-busy-queued").screen)
	is.True(r.Queued)
}

// Cutting rows off a screen, or mixing them up, must never make a busy or waiting agent look idle with an empty composer
// unless the box at the bottom is whole.
func FuzzClassify(f *testing.F) {
	for _, name := range []string{"claude", "shell"} {
		for i, c := range captures(f, name) {
			if i%7 == 0 {
				f.Add(c.screen.Text, c.want.Title, c.want.CursorX, c.want.CursorY, c.want.Cols)
			}
		}
	}
	f.Add("\x1b[", "", 0, 0, 0)
	f.Add("\x1b]8;;", "\xff", -1, -1, -1)
	f.Add(strings.Repeat("❯ 1. a\n", 2000), "", 0, 1999, 80)
	f.Add(strings.Repeat("─", 40)+"\n❯\u00a0\n"+strings.Repeat("─", 40), "", 1<<30, 1, 40)
	var profiles []*agent.Profile
	for _, name := range agent.Names() {
		profiles = append(profiles, load(f, name))
	}
	f.Fuzz(func(t *testing.T, text, title string, x, y, cols int) {
		for _, p := range profiles {
			r := agent.Classify(p, agent.Screen{Text: text, Title: title, CursorX: x, CursorY: y, Cols: cols, Rows: 24})
			switch {
			case r.State == "":
				t.Error("no state")
			case (r.State == agent.Waiting) != (r.Kind != ""):
				t.Errorf("%s with kind %q", r.State, r.Kind)
			case r.Selected >= len(r.Options) || r.Selected < -1:
				t.Errorf("option %d of %d is selected", r.Selected, len(r.Options))
			case len(r.Keys) != len(r.Options):
				t.Errorf("%d keys for %d options", len(r.Keys), len(r.Options))
			case r.State == agent.Idle && !r.Composer:
				t.Error("idle without a composer")
			case r.State != agent.Unknown && r.Rule == "":
				t.Error("no rule decided")
			}
		}
	})
}

// A screen torn in the middle of a redraw may be unknown, but a torn menu never becomes a place to type into.
func TestTornScreensAreNotIdle(t *testing.T) {
	p := load(t, "claude")
	for _, c := range captures(t, "claude") {
		if c.want.State == agent.Idle || c.want.State == agent.Busy || c.want.Dead == 1 {
			continue
		}
		rows := strings.Split(c.screen.Text, "\n")
		for range 15 {
			torn := append([]string(nil), rows...)
			for range 1 + rand.IntN(6) {
				i := rand.IntN(len(torn))
				torn[i] = ""
			}
			s := c.screen
			s.Text = strings.Join(torn, "\n")
			if r := agent.Classify(p, s); r.State == agent.Idle && !r.Draft {
				t.Errorf("%s, torn, is idle by %s:\n%s", c.name, r.Rule, s.Text)
			}
		}
	}
}

func BenchmarkClassify(b *testing.B) {
	for _, name := range []string{
		"idle/v329-80x24-adv-trust", "busy/v329-80x24-adv-esc-stream", "busy/v329-80x24-stream-draft",
		"waiting-permission/v329-80x24-write", "idle/v329-160x60-idle", "idle/v329-120x40-long-output",
	} {
		c := find(b, "claude", name)
		p := load(b, "claude")
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				agent.Classify(p, c.screen)
			}
		})
	}
}

// The cursor of a menu may look like the prompt before a user's message.
func TestEchoAboveAMenu(t *testing.T) {
	is := is.New(t)
	is.Equal(agent.Classify(load(t, "claude"), find(t, "claude", "waiting-question/v329-120x40-ask-single").screen).Echo, "ASK")
}

// Screens that say that a draft was put aside, and all the others.
func TestStashed(t *testing.T) {
	is := is.New(t)
	for _, name := range []string{"claude", "scripted"} {
		p := load(t, name)
		for _, c := range captures(t, name) {
			for _, text := range []string{c.screen.Text, c.plain} {
				s := c.screen
				s.Text = text
				if got, want := p.Stashed(agent.Classify(p, s)), strings.Contains(c.name, "stash"); got != want {
					t.Errorf("%s/%s: stashed is %v, want %v", name, c.name, got, want)
				}
			}
		}
		is.True(p.Queues())
		is.True(len(p.Keys().Stash) > 0)
	}
	is.True(!load(t, "shell").Queues())
}

// A transcript may say what a footer says.
func TestStashedQuoted(t *testing.T) {
	is := is.New(t)
	p := load(t, "claude")
	rule := strings.Repeat("─", 60)
	for _, said := range []string{"● draft stashed", "● it says\n\n  draft stashed", "❯ › stashed"} {
		text := said + "\n\n✻ Baked for 0s · done 9:37 AM\n\n" + rule + "\n❯\u00a0\n" + rule + "\n  ⏸ manual mode on · ? for shortcuts"
		r := agent.Classify(p, agent.Screen{Text: text, Cols: 60, Rows: 24, CursorX: -1, CursorY: -1})
		is.Equal(r.State, agent.Idle)
		is.True(!p.Stashed(r))
	}
}

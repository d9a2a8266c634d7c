package agent_test

import (
	"strings"
	"testing"

	"github.com/matryer/is"

	"isesh/roles/agent"
)

// A turn that a person has ended says so at the end of the transcript, and no other one does.
func TestInterrupted(t *testing.T) {
	want := map[string]bool{
		"idle/v329-120x40-interrupt-streaming": true, "idle/v329-120x40-after-reject": true, "idle/v329-120x40-tool-interrupted": true,
		"idle/v329-120x40-ctrlc-1": true, "idle/v329-120x40-bang-mode": true, "idle/v329-120x40-bang-typed": true,
		"idle/v197-80x24-syn-trust-quoted": true, "idle/v197-60x15-busy-draft-esc": true, "idle/v197-80x24-plan-esc": true,
		"idle/interrupted": true, "idle/declined": true,
	}
	for _, profile := range []string{"claude", "scripted", "shell"} {
		for _, c := range captures(t, profile) {
			r := agent.Classify(load(t, profile), c.screen)
			if r.Interrupted != want[c.name] {
				t.Errorf("%s/%s: interrupted is %v", profile, c.name, r.Interrupted)
			}
			if r.BeforeEcho && !strings.Contains(c.plain, "Interrupted") && !strings.Contains(c.plain, "ejected") && !strings.Contains(c.plain, "eclined") {
				t.Errorf("%s/%s: the turn before is no interrupted one", profile, c.name)
			}
			delete(want, c.name)
		}
	}
	for name := range want {
		t.Errorf("%s is not among the captures", name)
	}
}

// The answers that people refuse, and the next turn: it says nothing of itself, but what was above it.
func TestInterruptedBlocks(t *testing.T) {
	is := is.New(t)
	c := find(t, "claude", "idle/v329-120x40-interrupt-streaming")
	p := load(t, "claude")
	rows := strings.Split(c.plain, "\n")
	with := func(said ...string) agent.Reading {
		out := append(make([]string, 36-len(said)), said...)
		s := c.screen
		s.Text = strings.Join(append(out, rows[len(rows)-5:]...), "\n")
		s.CursorX, s.CursorY = -1, -1
		return agent.Classify(p, s)
	}
	r := with("❯ ASK2", "", "● User declined to answer questions", "  ⎿  · Question 1: which? (Red / Blue)", "     · Question 2: which? (Red / Blue)", "")
	is.Equal([]bool{r.Composer, r.Interrupted, r.BeforeEcho}, []bool{true, true, false})
	r = with("❯ ASK", "", "● Declined to answer Claude's questions:", "  ⎿  · Question 1: which? (Red / Blue)", "", "● All steps finished (1).", "", "✻ Brewed for 0s", "")
	is.True(!r.Interrupted)
	r = with("❯ WRITE x", "", "● Update(x)", "  ⎿  User rejected update to x", "      1 -hello", "      2  world", "")
	is.True(r.Interrupted)
	r = with("❯ SLOW 20", "", "● word0", "  ⎿  Interrupted · What should Claude do instead?", "", "❯ ECHO next", "", "✻ Thinking… ", "")
	is.Equal([]bool{r.Interrupted, r.BeforeEcho}, []bool{false, true})
	is.Equal(r.Echo, "ECHO next")
	r = with("❯ ECHO it says", "", "● It says:", "  ⎿  Interrupted · and so on", "", "✻ Brewed for 0s", "")
	is.True(!r.Interrupted)
}

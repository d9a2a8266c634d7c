package supervisor

import (
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"isesh/control"
	"isesh/roles/agent"
)

func TestJudge(t *testing.T) {
	idle := agent.Reading{State: agent.Idle, Composer: true}
	draft := agent.Reading{State: agent.Idle, Composer: true, Draft: true}
	menu := agent.Reading{State: agent.Waiting, Kind: agent.Permission}
	tests := []struct {
		name string
		in   progress
		want move
	}{
		{"the text is seen: Enter", progress{phase: pasting, reading: draft, seen: true}, moveEnter},
		{"nothing yet", progress{phase: pasting, reading: idle, since: time.Second, quiet: time.Second}, moveNone},
		{"another text appeared and rests", progress{phase: pasting, reading: draft, drew: true, kin: true, since: time.Second, quiet: settledDraft}, moveEnter},
		{"another text appeared and is still drawn", progress{phase: pasting, reading: draft, drew: true, kin: true, since: time.Second, quiet: settledDraft / 2}, moveNone},
		{"a person's text appeared beside it", progress{phase: pasting, reading: draft, drew: true, since: time.Second, quiet: time.Minute}, moveNone},
		{"and stays", progress{phase: pasting, reading: draft, drew: true, since: seenWithin, watched: seenWithin, quiet: time.Minute}, moveUnconfirmed},
		{"a draft that was there before the paste was drawn", progress{phase: pasting, reading: draft, quiet: time.Minute}, moveNone},
		{"never appeared", progress{phase: pasting, reading: idle, since: seenWithin, watched: seenWithin, quiet: time.Minute}, moveUnconfirmed},
		{"never appeared, though others were drawn: it has been read, and taken out at once", progress{phase: pasting, reading: idle, since: seenWithin, watched: seenWithin, out: seenWithin, drew: true, ours: true, quiet: time.Minute}, moveAgain},
		{"never appeared, and nothing was drawn: it may not have been read", progress{phase: pasting, reading: idle, since: seenWithin, watched: seenWithin, out: seenWithin, ours: true, quiet: time.Minute}, moveUnconfirmed},
		{"pasted long ago under an earlier supervisor: not before this one has looked for a while", progress{phase: pasting, reading: idle, since: time.Hour, quiet: time.Minute}, moveNone},
		{"beside a person's text", progress{phase: pasting, reading: draft, mixed: true, drew: true, since: time.Hour, watched: time.Hour, quiet: time.Minute}, moveNone},
		{"beside a person's text that is changed", progress{phase: pasting, reading: draft, shown: true, drew: true, since: time.Hour, watched: time.Hour, quiet: time.Minute}, moveNone},
		{"taken out, a moment ago", progress{phase: pasting, reading: idle, shown: true, out: outFor / 2, ours: true, since: time.Hour, watched: time.Hour}, moveNone},
		{"taken out", progress{phase: pasting, reading: idle, shown: true, out: outFor, ours: true, since: outFor, watched: outFor}, moveAgain},
		{"taken out and another text typed", progress{phase: pasted, reading: draft, shown: true, out: outFor, ours: true, since: outFor, watched: outFor}, moveAgain},
		{"taken out, perhaps submitted", progress{phase: pasted, reading: idle, shown: true, out: outFor, since: outFor, watched: outFor}, moveNone},
		{"taken out, perhaps submitted: no proof came", progress{phase: pasted, reading: idle, shown: true, out: outFor, since: seenWithin, watched: outFor}, moveUnconfirmed},
		{"never appeared, but the agent is busy", progress{phase: pasting, reading: agent.Reading{State: agent.Busy}, since: seenWithin, quiet: time.Minute}, moveNone},
		{"a menu opened after the paste", progress{phase: pasting, reading: menu, seen: true, since: time.Hour, quiet: time.Hour}, moveNone},
		{"a menu opened before the Enter", progress{phase: pasted, reading: menu, seen: true, since: time.Hour, quiet: time.Hour}, moveNone},
		{"Enter was refused, the text is there", progress{phase: pasted, reading: draft, seen: true}, moveEnter},
		{"proof", progress{phase: entered, reading: idle, evidence: "busy"}, moveSubmitted},
		{"proof behind a menu", progress{phase: entered, reading: menu, evidence: "echo"}, moveSubmitted},
		{"a menu without proof", progress{phase: entered, reading: menu, since: time.Hour, quiet: time.Hour}, moveNone},
		{"swallowed, too early", progress{phase: entered, reading: draft, seen: true, drew: true, enters: 1, since: enterAgain / 2}, moveNone},
		{"swallowed", progress{phase: entered, reading: draft, seen: true, drew: true, enters: 1, since: enterAgain}, moveEnter},
		{"not drawn since: it may not have read the Enter yet", progress{phase: entered, reading: draft, seen: true, enters: 1, since: enterAgain}, moveNone},
		{"swallowed as often as we try", progress{phase: entered, reading: draft, seen: true, drew: true, enters: maxEnters, since: confirmWithin, quiet: time.Minute}, moveUnconfirmed},
		{"empty and no proof", progress{phase: entered, reading: idle, enters: 1, drew: true, since: confirmWithin, quiet: time.Minute}, moveUnconfirmed},
		{"empty and no proof yet", progress{phase: entered, reading: idle, enters: 1, drew: true, since: time.Second}, moveNone},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			is := is.New(t)
			got := judge(tt.in)
			is.Equal(got.move, tt.want)
			if got.move == moveNone && tt.in.reading.State != agent.Waiting && got.hold != heldMixed {
				is.True(got.wake > 0) // what is not decided now is decided later, even if nothing is drawn
			}
			if tt.in.phase != entered && got.move == moveSubmitted {
				t.Error("submitted without an Enter")
			}
		})
	}
}

func TestBlocked(t *testing.T) {
	idle := agent.Reading{State: agent.Idle, Composer: true}
	tests := []struct {
		name    string
		state   agent.State
		reading agent.Reading
		facts   control.Pane
		want    string
	}{
		{"idle", agent.Idle, idle, control.Pane{}, ""},
		{"copy mode", agent.Idle, idle, control.Pane{InMode: true}, "copy mode"},
		{"input off", agent.Idle, idle, control.Pane{InputOff: true}, "input is switched off"},
		{"busy", agent.Busy, idle, control.Pane{}, "busy"},
		{"unknown is not idle", agent.Unknown, idle, control.Pane{}, "unknown"},
		{"starting", agent.Starting, agent.Reading{}, control.Pane{}, "starting"},
		{"menu", agent.Waiting, agent.Reading{}, control.Pane{}, "waits for an answer"},
		{"somebody's draft", agent.Idle, agent.Reading{State: agent.Idle, Composer: true, Draft: true}, control.Pane{}, "draft"},
		{"no composer", agent.Idle, agent.Reading{State: agent.Idle}, control.Pane{}, "no composer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			is := is.New(t)
			is.Equal(blocked(tt.state, tt.reading, control.Snapshot{Pane: tt.facts}), tt.want)
		})
	}
}

func TestFold(t *testing.T) {
	drafted := agent.Reading{State: agent.Unknown, Composer: true, Draft: true}
	tests := []struct {
		name string
		in   witnesses
		want agent.State
	}{
		{"tmux says dead", witnesses{reading: agent.Reading{State: agent.Idle}, dead: true}, agent.Dead},
		{"a menu beats everything", witnesses{reading: agent.Reading{State: agent.Waiting}, quiet: 0, before: agent.Busy}, agent.Waiting},
		{"unknown before the first composer is the start", witnesses{reading: agent.Reading{State: agent.Unknown}}, agent.Starting},
		{"unknown later stays unknown", witnesses{reading: agent.Reading{State: agent.Unknown}, started: true}, agent.Unknown},
		{"idle at once", witnesses{reading: agent.Reading{State: agent.Idle}, before: agent.Busy, believe: time.Second}, agent.Idle},
		{"a draft hides the marker: as before", witnesses{reading: drafted, started: true, before: agent.Busy, believe: time.Second}, agent.Busy},
		{"a draft hides the marker: not known", witnesses{reading: drafted, started: true, before: agent.Idle, believe: time.Second}, agent.Unknown},
		{"and silence decides", witnesses{reading: drafted, started: true, before: agent.Busy, believe: time.Second, quiet: time.Second}, agent.Idle},
		{"silence decides nothing where the profile does not say so", witnesses{reading: drafted, started: true, quiet: time.Hour}, agent.Unknown},
		{"nor without a composer", witnesses{reading: agent.Reading{State: agent.Unknown}, started: true, quiet: time.Hour, believe: time.Second}, agent.Unknown},
		{"busy", witnesses{reading: agent.Reading{State: agent.Busy}, started: true, before: agent.Idle}, agent.Busy},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			is.New(t).Equal(fold(tt.in), tt.want)
		})
	}
}

func TestMenuIDNamesTheQuestion(t *testing.T) {
	is := is.New(t)
	a := agent.Reading{Kind: agent.Permission, Heading: "Run touch x?", Options: []string{"Yes", "No"}, Selected: 0}
	moved := a
	moved.Selected = 1
	is.Equal(menuOf(a).ID, menuOf(moved).ID) // moving the highlight is the same menu
	for _, other := range []agent.Reading{
		{Kind: agent.Permission, Heading: "Run touch y?", Options: a.Options},
		{Kind: agent.Permission, Heading: a.Heading, Options: []string{"Yes", "Yes, always", "No"}},
		{Kind: agent.Permission, Heading: a.Heading, Options: []string{"YesNo"}},
		{Kind: agent.Question, Heading: a.Heading, Options: a.Options},
	} {
		is.True(menuOf(other).ID != menuOf(a).ID)
	}
}

// The lookout's promises: news is looked at at once, what settles is looked at again, and a pane that never stops drawing costs a few
// looks a second.
func TestLookout(t *testing.T) {
	start := time.Unix(1000, 0)
	run := func(l *lookout, outputs []time.Duration, until time.Duration) (looks []time.Duration) {
		for now := time.Duration(0); now <= until; now += time.Millisecond {
			at := start.Add(now)
			for len(outputs) > 0 && outputs[0] <= now {
				l.output(at, 10, false)
				outputs = outputs[1:]
			}
			if l.due(at) {
				looks = append(looks, now)
				l.looked(at)
			}
		}
		return looks
	}
	every := func(gap, until time.Duration) (out []time.Duration) {
		for d := gap; d <= until; d += gap {
			out = append(out, d)
		}
		return out
	}
	t.Run("one output after quiet", func(t *testing.T) {
		is := is.New(t)
		looks := run(&lookout{}, []time.Duration{50 * time.Millisecond}, time.Second)
		is.Equal(looks, []time.Duration{50 * time.Millisecond, 70 * time.Millisecond}) // at once, and when it has settled
	})
	t.Run("a drawing in pieces is seen when it is whole", func(t *testing.T) {
		is := is.New(t)
		looks := run(&lookout{}, []time.Duration{50 * time.Millisecond, 60 * time.Millisecond, 65 * time.Millisecond}, time.Second)
		is.Equal(looks[0], 50*time.Millisecond)
		is.True(looks[len(looks)-1] >= 65*time.Millisecond && looks[len(looks)-1] <= 90*time.Millisecond)
	})
	t.Run("noise", func(t *testing.T) {
		is := is.New(t)
		looks := run(&lookout{}, every(100*time.Millisecond, 10*time.Second), 10*time.Second)
		is.True(len(looks) >= 30 && len(looks) <= 50) // about four a second
		steady := &lookout{}
		steady.steady(true)
		looks = run(steady, every(100*time.Millisecond, 10*time.Second), 10*time.Second)
		is.True(len(looks) >= 4 && len(looks) <= 12) // about one in two seconds
	})
	t.Run("the end of noise is noticed", func(t *testing.T) {
		is := is.New(t)
		l := &lookout{}
		l.steady(true)
		looks := run(l, every(100*time.Millisecond, 5*time.Second), 6*time.Second)
		last := looks[len(looks)-1]
		is.True(last >= 5*time.Second && last <= 5*time.Second+noisySettle+10*time.Millisecond)
	})
	t.Run("a trigger in the noise", func(t *testing.T) {
		is := is.New(t)
		l := &lookout{}
		run(l, every(100*time.Millisecond, time.Second), time.Second)
		at := start.Add(time.Second + 40*time.Millisecond)
		l.output(at, 10, true)
		is.True(l.due(at)) // at once
	})
	t.Run("the answer to what was typed", func(t *testing.T) {
		is := is.New(t)
		l := &lookout{urgent: true}
		l.output(start, 10, false)
		l.looked(start)
		l.output(start.Add(time.Millisecond), 10, false)
		is.True(!l.due(start.Add(time.Millisecond))) // looks keep apart
		l.looked(start.Add(urgentGap))
		l.urgently(start.Add(urgentGap))
		l.output(start.Add(urgentGap+time.Millisecond), 10, false)
		is.True(l.due(start.Add(urgentGap + time.Millisecond))) // but not when something was typed meanwhile
	})
	t.Run("urgent", func(t *testing.T) {
		is := is.New(t)
		l := &lookout{}
		run(l, every(10*time.Millisecond, time.Second), time.Second)
		l.urgent = true
		at := start.Add(time.Second + 40*time.Millisecond)
		l.output(at, 10, false)
		is.True(l.due(at))
	})
}

func TestLiteralMatchesItselfOnly(t *testing.T) {
	is := is.New(t)
	is.Equal(literal("1. Yes (y)?"), `^1\. Yes \(y\)\?`)
	is.Equal(literal("❯ a|b {c} $HOME"), `^❯ a\|b \{c\} \$HOME`)
}

func TestKin(t *testing.T) {
	long := "TASK: rename the type and everything that uses it, then run the tests."
	tests := []struct {
		draft, text string
		want        bool
	}{
		{"hello", "hello", true},
		{"hello", "hello\u00b7", true},
		{"hello and mine", "hello", false},
		{"mine", "hello", false},
		{"yes", long, false}, // its letters are all there, but that is no part of the message
		{"TASK: rename the type and … run the tests.", long, true},
		{"", "hello", false},
		{"[Pasted text #1 +122 lines]some draft of a person", strings.Repeat(long+" 0123456789\n", 122), false}, // all its letters are in so long a text
		{"types, then run the tests. 0123456789 TASK: rename", strings.Repeat(long+" 0123456789\n", 122), false},
		{"uses it, then run the tests. 0123456789 TASK: rename", strings.Repeat(long+" 0123456789\n", 122), true}, // the part of it that fits in
		{"wide 👩‍👧 text.g", "wide 👩‍👧 text.", true},                                                               // the g is left from what was drawn there before
		{"wide 👩‍👧 text. and this", "wide 👩‍👧 text.", false},
	}
	for _, tt := range tests {
		if got := kin(agent.Reading{Draft: tt.draft != "", DraftText: tt.draft}, tt.text); got != tt.want {
			t.Errorf("kin(%q, %q) = %v", tt.draft, tt.text, got)
		}
	}
}

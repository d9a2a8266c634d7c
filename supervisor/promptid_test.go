package supervisor

import (
	"context"
	"testing"
	"time"

	"github.com/matryer/is"

	"isesh/roles"
	"isesh/roles/agent"
)

// heardAs and stopAs are hooks of an agent that gives its prompts ids.
func (g *stage) heardAs(id, prompt string) {
	g.hook("user-prompt-submit", map[string]string{"prompt": prompt, "prompt_id": id})
}

func (g *stage) stopAs(id, text string) {
	g.hook("stop", map[string]string{"last_assistant_message": text, "prompt_id": id})
}

// ends are the ends of turns, oldest first: what was asked and what was said.
func (g *stage) ends() (out []string) {
	g.Helper()
	for _, over := range g.records(roles.KindTurn) {
		asked := "-"
		if over.Ref != "" {
			rec, _, err := g.s.log.Get(over.Ref)
			if err != nil {
				g.Fatal(err)
			}
			asked = rec.Text
		}
		out = append(out, asked+": "+over.Text)
	}
	return out
}

func (g *stage) answersGiven() (out []string) {
	for _, rec := range g.records(roles.KindReply) {
		out = append(out, rec.Text)
	}
	return out
}

// begin makes a turn of t/dev as a submit does, without typing anything.
func (g *stage) begin(queued bool, texts ...string) {
	g.Helper()
	for _, text := range texts {
		rec := g.s.record(roles.KindMessage)
		rec.From, rec.To, rec.Text, rec.Status = "user", "t/dev", text, roles.StatusSubmitted
		if err := g.s.log.Append(rec); err != nil {
			g.Fatal(err)
		}
		err := g.r.do(context.Background(), func() {
			g.r.turnBegins(rec, queued)
			g.r.expectHook(g.s.newDelivery(rec, text))
		})
		if err != nil {
			g.Fatal(err)
		}
	}
}

// atWork makes t/dev busy for good.
func (g *stage) atWork() {
	g.a.edit(func() { g.a.busy = true; g.a.draw() })
	time.Sleep(time.Second)
}

// The screen ended a turn before its hook came: that hook is not the end of the next one's.
func TestLateStop(t *testing.T) {
	const guess = "note: " // nothing that could be read
	for _, c := range []struct {
		name   string
		before func(g *stage) // hooks of the first before its end is guessed
		late   func(g *stage) // those of the first that come when the second runs
		right  func(g *stage) // those of the second
		id     string
	}{
		{"with ids", func(g *stage) {}, func(g *stage) { g.heardAs("1", "note"); g.stopAs("1", "noted") },
			func(g *stage) { g.heardAs("2", "TASK: work"); g.stopAs("2", "DONE: work") }, "2"},
		{"with ids, and only the end is late", func(g *stage) { g.heardAs("1", "note") }, func(g *stage) { g.stopAs("1", "noted") },
			func(g *stage) { g.heardAs("2", "TASK: work"); g.stopAs("2", "DONE: work") }, "2"},
		{"with ids, behind the next prompt", func(g *stage) { g.heardAs("1", "note") }, func(g *stage) { g.heardAs("2", "TASK: work"); g.stopAs("1", "noted") },
			func(g *stage) { g.stopAs("2", "DONE: work") }, "2"},
		{"with ids, all of them late", func(g *stage) {}, func(g *stage) { g.heardAs("1", "note"); g.heardAs("2", "TASK: work"); g.stopAs("1", "noted") },
			func(g *stage) { g.stopAs("2", "DONE: work") }, "2"},
		{"with ids, and the prompt's hook is lost", func(g *stage) {}, func(g *stage) { g.stopAs("1", "noted") },
			func(g *stage) { g.heardAs("2", "TASK: work"); g.stopAs("2", "DONE: work") }, "2"},
		{"without ids", func(g *stage) {}, func(g *stage) { g.heard("note"); g.stop("noted") },
			func(g *stage) { g.heard("TASK: work"); g.stop("DONE: work") }, ""},
		{"without ids, and the prompt's hook is lost", func(g *stage) {}, func(g *stage) { g.stop("noted") },
			func(g *stage) { g.heard("TASK: work"); g.stop("DONE: work") }, ""},
		{"without hooks of prompts", func(g *stage) {}, func(g *stage) { g.stop("noted") },
			func(g *stage) { g.stop("DONE: work") }, ""},
	} {
		onStage(t, c.name, func(g *stage, is *is.I) {
			g.a.edit(func() { g.a.turn = 10 * time.Millisecond })
			g.send("note")
			c.before(g)
			time.Sleep(10 * time.Second)
			is.Equal(g.ends(), []string{guess})
			g.a.edit(func() { g.a.turn = time.Hour })
			got := g.send("TASK: work")
			c.late(g)
			time.Sleep(time.Second)
			is.Equal(g.status(got.ID), roles.StatusSubmitted)
			is.Equal(g.ends(), []string{guess})
			c.right(g)
			time.Sleep(time.Second)
			is.Equal(g.ends(), []string{guess, "TASK: work: DONE: work"})
			is.Equal(g.answersGiven(), []string{"DONE: work"})
			if c.id != "" { // it went on a little
				g.stopAs(c.id, "and that")
				time.Sleep(time.Second)
				is.Equal(g.ends()[2:], []string{"-: and that"})
				is.Equal(len(g.answersGiven()), 1)
			}
		})
	}
}

// With ids, an end is that of the turn that it names; what waited in the agent's queue has the id of the turn that ran when it came.
func TestTurnsByID(t *testing.T) {
	onStage(t, "the queue has a turn of its own", func(g *stage, is *is.I) {
		g.atWork()
		g.begin(false, "a", "b", "c")
		for _, text := range []string{"a", "b", "c"} {
			g.heardAs("1", text)
		}
		g.stopAs("1", "one")
		time.Sleep(longEnough)
		g.stopAs("2", "two")
		time.Sleep(longEnough)
		is.Equal(g.ends(), []string{"a: one", "b: two", "c: two"})
	})
	onStage(t, "the queue goes into the turn", func(g *stage, is *is.I) {
		g.atWork()
		g.begin(false, "a", "b")
		g.heardAs("1", "a")
		g.heardAs("1", "b")
		g.stopAs("1", "both")
		g.a.edit(func() { g.a.busy = false; g.a.draw() })
		time.Sleep(longEnough)
		is.Equal(g.ends(), []string{"a: both", "b: both"})
		is.Equal(g.records(roles.KindTurn)[1].Evidence, "hook: stop")
	})
	onStage(t, "the queue's turn ends untold, much later", func(g *stage, is *is.I) {
		g.atWork()
		g.begin(false, "a", "b")
		g.heardAs("1", "a")
		g.heardAs("1", "b")
		g.stopAs("1", "one")
		time.Sleep(time.Minute)
		g.a.edit(func() { g.a.busy = false; g.a.transcript = append(g.a.transcript, "> b", "• two"); g.a.draw() })
		time.Sleep(longEnough)
		is.Equal(g.ends(), []string{"a: one", "b: two"})
		is.Equal(g.records(roles.KindTurn)[1].Evidence, "screen: idle")
	})
	onStage(t, "behind a turn that nobody saw begin", func(g *stage, is *is.I) {
		g.atWork()
		g.begin(true, "b")
		g.heardAs("1", "b")
		g.stopAs("1", "somebody else's")
		time.Sleep(longEnough)
		g.stopAs("2", "mine")
		time.Sleep(longEnough)
		is.Equal(g.ends(), []string{"-: somebody else's", "b: mine"})
	})
	onStage(t, "behind the agent's own", func(g *stage, is *is.I) {
		g.heardAs("1", "<task-notification>\nit is over")
		g.atWork()
		g.begin(false, "b")
		g.heardAs("1", "b")
		g.stopAs("1", "its own")
		time.Sleep(longEnough)
		g.stopAs("2", "mine")
		time.Sleep(longEnough)
		is.Equal(g.ends(), []string{"-: its own", "b: mine"})
	})
	onStage(t, "of a turn of nobody's", func(g *stage, is *is.I) {
		g.atWork()
		g.begin(false, "a")
		g.heardAs("1", "a")
		g.stopAs("x", "a stranger's")
		time.Sleep(longEnough)
		g.stopAs("1", "one")
		time.Sleep(time.Second)
		is.Equal(g.ends(), []string{"-: a stranger's", "a: one"})
	})
	onStage(t, "the first has no end, and the queue goes on", func(g *stage, is *is.I) {
		g.atWork()
		g.begin(false, "a", "b")
		g.heardAs("1", "a")
		g.heardAs("1", "b")
		g.stopAs("2", "two")
		time.Sleep(time.Second)
		is.Equal(g.ends(), []string{"a: ", "b: two"})
	})
	onStage(t, "the first has no end, and a person goes on", func(g *stage, is *is.I) {
		g.a.edit(func() { g.a.turn = time.Hour })
		got := g.send("TASK: a")
		g.heardAs("1", "TASK: a")
		g.heardAs("2", "no, something else")
		g.stopAs("2", "else")
		time.Sleep(longEnough)
		is.Equal(g.ends(), []string{"TASK: a: ", "no, something else: else"})
		is.Equal(g.answersGiven(), []string{"the turn ended and left no text that could be read: isesh read t/dev"})
		is.Equal(g.records(roles.KindReply)[0].InReplyTo, got.ID)
	})
}

// An agent that was started with hooks is given time for them from its first turn on, and no more when that has brought none.
func TestHooksAreExpected(t *testing.T) {
	turnTook := func(g *stage) time.Duration {
		g.Helper()
		began := time.Now()
		got := g.send("note")
		for g.status(got.ID) == roles.StatusSubmitted {
			time.Sleep(10 * time.Millisecond)
		}
		return time.Since(began)
	}
	expect := func(g *stage) {
		g.Helper()
		if err := g.r.do(context.Background(), func() { g.r.wired = true }); err != nil {
			g.Fatal(err)
		}
	}
	onStage(t, "and come", func(g *stage, is *is.I) {
		expect(g)
		got := g.send("TASK: one")
		next := make(chan struct{})
		g.s.wg.Go(func() { defer close(next); g.send("TASK: two") })
		time.Sleep(time.Second)
		is.Equal(g.a.turnsTaken(), []string{"TASK: one"})
		g.heardAs("1", "TASK: one")
		g.stopAs("1", "first")
		<-next
		is.Equal(g.status(got.ID), roles.StatusAnswered)
		is.Equal(g.ends(), []string{"TASK: one: first"})
	})
	onStage(t, "and do not", func(g *stage, is *is.I) {
		expect(g)
		g.a.edit(func() { g.a.turn = 100 * time.Millisecond })
		is.True(turnTook(g) >= stopGrace)
		is.True(turnTook(g) < stopGrace/2)
		g.heard("by hand")
		g.stop("yes")
		is.True(turnTook(g) >= stopGrace)
	})
	onStage(t, "by the launch", func(g *stage, is *is.I) {
		prof, err := agent.Load("claude")
		is.NoErr(err)
		for _, c := range []struct {
			launched bool
			argv     []string
			want     bool
		}{
			{true, []string{"claude"}, true}, {true, []string{"claude", "--settings", "x"}, false}, {false, []string{"claude"}, false},
		} {
			e := roles.Entry{Address: g.addr, Launched: c.launched, Argv: c.argv}
			is.Equal(newRunner(g.s, e, prof, g.a, func() {}).wired, c.want)
		}
	})
}

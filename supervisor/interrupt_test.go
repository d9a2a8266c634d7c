package supervisor

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matryer/is"

	"isesh/roles"
	"isesh/roles/agent"
	"isesh/supervisor/api"
)

// esc is a person who interrupts the agent in its pane.
func (g *stage) esc() { g.a.edit(func() { g.a.key("Escape"); g.a.redraw() }) }

// A turn that a person interrupts in the pane has failed, at once, and what was said until then is no answer. The agent says so on its screen alone,
// and goes on saying so until its next turn.
func TestInterruptedByHand(t *testing.T) {
	const none = "the turn was interrupted; no answer"
	begin := func(g *stage) {
		g.join("t/gestor")
		g.hook("session-start", map[string]string{"source": "startup", "session_id": "s"})
		g.a.edit(func() { g.a.turn, g.a.saysSo = time.Hour, true })
	}
	onStage(t, "while somebody waits", func(g *stage, is *is.I) {
		begin(g)
		got, w := g.asksAndWaits("t/gestor", "t/dev", "TASK: one", "")
		time.Sleep(time.Minute)
		g.esc()
		at := time.Now()
		<-w.done
		is.NoErr(w.err)
		is.True(time.Since(at) < stopGrace/2)
		is.Equal([]string{w.res.Message.Text, w.res.Message.Origin}, []string{none, originInterrupted})
		over := g.records(roles.KindTurn)[0]
		is.Equal([]string{over.Ref, string(over.Status), over.Evidence}, []string{got.ID, "failed", "interrupted"})

		g.a.edit(func() { g.a.turn = time.Second })
		next := g.sendWith(api.SendRequest{Text: "TASK: two"})
		time.Sleep(500 * time.Millisecond)
		g.stop("done")
		time.Sleep(longEnough)
		is.Equal(g.status(next.ID), roles.StatusAnswered)
	})
	onStage(t, "and what a person types then is another turn", func(g *stage, is *is.I) {
		begin(g)
		g.send("one")
		g.esc()
		time.Sleep(longEnough)
		g.a.edit(func() { g.a.composer = "mine"; g.a.key("Enter"); g.a.redraw() })
		g.heard("mine")
		time.Sleep(time.Second)
		g.stop("done")
		time.Sleep(longEnough)
		over := g.records(roles.KindTurn)
		is.Equal(len(over), 2)
		is.Equal([]string{string(over[1].Status), over[1].Text}, []string{"answered", "done"})
	})
	for _, hooks := range []bool{true, false} {
		onStage(t, "and the agent begins with the next in its queue", func(g *stage, is *is.I) {
			begin(g)
			one := g.sendWith(api.SendRequest{Text: "one", Owes: true})
			time.Sleep(time.Second)
			two := g.sendWith(api.SendRequest{Text: "two", Owes: true, Now: true})
			is.Equal(two.Status, roles.StatusSubmitted)
			if !hooks {
				is.NoErr(g.r.do(context.Background(), func() { g.r.hooked = false }))
				g.a.edit(func() { g.a.turn = time.Second })
			}
			g.esc()
			time.Sleep(500 * time.Millisecond)
			is.Equal(g.status(one.ID), roles.StatusFailed)
			is.Equal(g.status(two.ID), roles.StatusSubmitted)
			if hooks {
				g.stop("two it is")
			}
			time.Sleep(longEnough)
			is.Equal(g.status(two.ID), roles.StatusAnswered)
			replies := g.records(roles.KindReply)
			is.Equal(len(replies), 2)
			is.Equal([]string{replies[0].InReplyTo, replies[0].Text, replies[1].InReplyTo}, []string{one.ID, none, two.ID})
		})
	}
	onStage(t, "and isesh interrupts with one more in the queue", func(g *stage, is *is.I) {
		begin(g)
		g.a.edit(func() { g.a.saysSo = false })
		one := g.sendWith(api.SendRequest{Text: "one", Owes: true})
		time.Sleep(time.Second)
		two := g.sendWith(api.SendRequest{Text: "two", Owes: true, Now: true})
		go func() { _, _ = g.s.Cancel(context.Background(), api.Caller{How: "user"}, api.ActRequest{To: "t/dev"}) }()
		time.Sleep(200 * time.Millisecond)
		g.heard("two")
		g.stop("two it is")
		time.Sleep(longEnough)
		is.Equal([]roles.Status{g.status(one.ID), g.status(two.ID)}, []roles.Status{roles.StatusFailed, roles.StatusAnswered})
	})
	onStage(t, "while no supervisor ran", func(g *stage, is *is.I) {
		begin(g)
		got := g.sendWith(api.SendRequest{Text: "TASK: one"})
		g.end()
		g.esc()
		time.Sleep(time.Second)
		g.run()
		time.Sleep(longEnough)
		is.Equal(g.status(got.ID), roles.StatusFailed)
		is.Equal(g.records(roles.KindReply)[0].Text, none)
	})
	onStage(t, "and the row is that of the turn before", func(g *stage, is *is.I) {
		begin(g)
		g.send("one")
		g.esc()
		time.Sleep(longEnough)
		g.a.edit(func() { // it takes the message, and draws nothing of it for a while
			g.a.draws = time.Minute
			g.a.done = func(a *actor, did, _ string) error {
				if did == "paste" {
					a.later(time.Millisecond, a.draw)
				}
				if did == "Enter" {
					g.s.wg.Go(func() { g.heard("two") })
				}
				return nil
			}
		})
		two := g.sendWith(api.SendRequest{Text: "two"})
		is.Equal(two.Evidence, "hook")
		time.Sleep(stopGrace / 2)
		is.Equal(g.status(two.ID), roles.StatusSubmitted)
		g.stop("done")
		synctest.Wait()
		is.Equal(g.status(two.ID), roles.StatusAnswered)
	})
}

// The same with a program in a pane: keys of a person, and a no to what it asked.
func TestInterruptedInThePane(t *testing.T) {
	for _, c := range []struct{ name, text, key string }{
		{"in the middle of its text", "ECHO half of it THEN SLOW 10m", "Escape"},
		{"a permission, by Escape", "ECHO I ask THEN ASKPERM touch x", "Escape"},
		{"a permission, by its no", "ECHO I ask THEN ASKPERM touch x", "3"},
		{"a question", "ECHO I ask THEN ASK which? a | b", "Escape"},
	} {
		t.Run(c.name, func(t *testing.T) {
			is := is.New(t)
			g := newRig(t)
			g.serve()
			g.start("t", g.role("dev"))
			got := g.sendAs(g.person(), api.SendRequest{To: "t/dev", Text: c.text, Owes: true})
			is.Equal(got.Status, roles.StatusSubmitted)
			if c.text[len(c.text)-3:] == "10m" {
				g.in("t/dev", agent.Busy)
			} else {
				g.in("t/dev", agent.Waiting)
			}
			g.cli("send-keys", "-t", g.sup.runner(address("t/dev")).entry.Pane, c.key)
			g.soon("the end of the turn", func() bool { return len(g.turnsOf("t/dev")) > 0 })
			over := g.turnsOf("t/dev")[0]
			is.Equal([]string{string(over.Status), over.Evidence}, []string{"failed", "interrupted"})
			g.soon("the answer", func() bool { return len(g.replies()) > 0 })
			is.Equal(g.replies()[0].Text, "the turn was interrupted; no answer")
		})
	}
}

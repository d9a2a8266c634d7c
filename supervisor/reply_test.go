package supervisor

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/matryer/is"

	"isesh/roles"
	"isesh/supervisor/api"
)

// Which message a reply answers, and which it refuses to.
func TestReply(t *testing.T) {
	reply := func(g *stage, c api.Caller, id string) (roles.Record, *api.Error) {
		g.Helper()
		got, err := g.s.Reply(context.Background(), c, api.ReplyRequest{ID: id, Text: "my answer"})
		var e *api.Error
		if errors.As(err, &e) {
			return roles.Record{}, e
		}
		if err != nil {
			g.Fatal(err)
		}
		rec, _, err := g.s.log.Get(got.ID)
		if err != nil {
			g.Fatal(err)
		}
		return rec, nil
	}
	person := api.Caller{How: "user"}
	onStage(t, "of a role", func(g *stage, is *is.I) {
		g.join("t/gestor")
		_, e := reply(g, asRole("t/dev"), "")
		is.Equal(e.Code, api.CodeNotFound)

		g.a.edit(func() { g.a.turn = time.Hour })
		one := g.asks("t/gestor", "t/dev", "one")
		two := g.sendWith(api.SendRequest{Text: "two", Within: "1ms"}) // waits
		rec, _ := reply(g, asRole("t/dev"), "")
		is.Equal([]string{rec.InReplyTo, rec.To}, []string{one.ID, "t/gestor"}) // the one at work
		g.stop("over")
		g.a.edit(func() { g.a.busy = false; g.a.draw() })
		time.Sleep(10 * time.Second)
		is.Equal(g.status(two.ID), roles.StatusSubmitted)
		rec, _ = reply(g, asRole("t/dev"), "")
		is.Equal([]string{rec.InReplyTo, rec.To, string(rec.Status), rec.Evidence}, []string{two.ID, "user", "submitted", "mailbox"})
		rec, _ = reply(g, asRole("t/dev"), one.ID)
		is.Equal(rec.InReplyTo, one.ID)
		is.True(!rec.Owes)

		_, e = reply(g, asRole("t/gestor"), one.ID)
		is.Equal(e.Code, api.CodeUsage) // its own
		_, e = reply(g, asRole("t/gestor"), two.ID)
		is.Equal(e.Code, api.CodeForbidden) // another's
		_, e = reply(g, asRole("t/dev"), "no-such")
		is.Equal(e.Code, api.CodeNotFound)
		is.Equal(e.Candidates, []string{one.ID, two.ID})
		_, e = reply(g, asRole("t/dev"), g.records(roles.KindTurn)[0].ID)
		is.Equal(e.Code, api.CodeUsage)
	})
	onStage(t, "to one that has ended", func(g *stage, is *is.I) {
		gestor := g.join("t/gestor")
		g.a.edit(func() { g.a.turn = time.Hour })
		one := g.asks("t/gestor", "t/dev", "TASK: one")
		gestor.edit(func() { gestor.dead = true })
		g.s.runner(address("t/gestor")).tell(signal{dead: true})
		time.Sleep(time.Second)
		got, err := g.s.Reply(context.Background(), asRole("t/dev"), api.ReplyRequest{Text: "it is done"})
		is.NoErr(err)
		is.Equal(got.Status, roles.StatusQueued)
		g.s.runner(address("t/gestor")).tell(signal{gone: true})
		time.Sleep(time.Second)
		more, err := g.s.Reply(context.Background(), asRole("t/dev"), api.ReplyRequest{ID: one.ID, Text: "all of it"})
		is.NoErr(err)
		is.Equal(more.Status, roles.StatusQueued)
		g.stop("I have said so")
		time.Sleep(longEnough)
		next := g.join("t/gestor") // it is started again
		time.Sleep(longEnough)
		is.Equal(next.turnsTaken(), []string{"[from:dev] it is done", "[from:dev] all of it"})
	})
	onStage(t, "after the turn", func(g *stage, is *is.I) {
		one := g.send("one")
		time.Sleep(longEnough)
		rec, _ := reply(g, asRole("t/dev"), "")
		is.Equal(rec.InReplyTo, one.ID)
		_, e := reply(g, asRole("t/dev"), "")
		is.Equal(e.Code, api.CodeNotFound) // answered
	})
	onStage(t, "of several at once", func(g *stage, is *is.I) {
		g.a.edit(func() { g.a.turn = time.Hour })
		one := g.send("one")
		rec := g.s.record(roles.KindMessage)
		rec.From, rec.To, rec.Text, rec.Status = "user", "t/dev", "two", roles.StatusSubmitted
		is.NoErr(g.s.log.Append(rec))
		is.NoErr(g.r.do(context.Background(), func() { g.r.turnBegins(rec, true) }))
		_, e := reply(g, asRole("t/dev"), "")
		is.Equal(e.Code, api.CodeAmbiguous)
		is.Equal(e.Candidates, []string{one.ID, rec.ID})
	})
	onStage(t, "to what a person typed", func(g *stage, is *is.I) {
		g.heard("what is new?")
		rec, _ := reply(g, asRole("t/dev"), "")
		is.Equal([]string{rec.To, rec.InReplyTo}, []string{"user", g.records(roles.KindPrompt)[0].ID})
	})
	onStage(t, "of a person", func(g *stage, is *is.I) {
		_, e := reply(g, person, "")
		is.Equal(e.Code, api.CodeNotFound)
		q := g.asks("t/dev", "user", "QUESTION: which?")
		rec, _ := reply(g, person, "")
		is.Equal([]string{rec.To, rec.InReplyTo}, []string{"t/dev", q.ID})
		time.Sleep(longEnough)
		is.Equal(g.a.turnsTaken(), []string{"my answer"})
		is.Equal(g.status(rec.ID), roles.StatusAnswered)
		thread, err := g.s.log.Thread(rec.ID)
		is.NoErr(err)
		is.Equal(len(thread), 2)
	})
	onStage(t, "the same one twice", func(g *stage, is *is.I) {
		one := g.asks("t/dev", "user", "QUESTION: which?")
		req := api.ReplyRequest{Text: "this", NewID: "r1"}
		_, err := g.s.Reply(context.Background(), person, req)
		is.NoErr(err)
		g.asks("t/dev", "user", "QUESTION: and now?")
		again, err := g.s.Reply(context.Background(), person, req)
		is.NoErr(err)
		is.True(again.Again)
		time.Sleep(longEnough)
		is.Equal(g.a.turnsTaken(), []string{"this"})
		is.Equal(g.records(roles.KindReply)[0].InReplyTo, one.ID)
	})
	onStage(t, "to a menu", func(g *stage, is *is.I) {
		g.asks("t/dev", "user", "QUESTION: which?")
		g.a.edit(func() { g.a.menu = true; g.a.draw() })
		time.Sleep(time.Second)
		rec, _ := reply(g, person, "")
		time.Sleep(longEnough)
		is.Equal(g.status(rec.ID), roles.StatusQueued)
		is.Equal(g.a.menuKeys, nil)
	})
}

package supervisor

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matryer/is"

	"isesh/roles"
	"isesh/supervisor/api"
)

// asksAndWaits is `isesh send --wait` of a role.
func (g *stage) asksAndWaits(from, to, text, timeout string) (api.Receipt, *pendingWait) {
	g.Helper()
	got, err := g.s.Send(context.Background(), asRole(from), api.SendRequest{To: to, Text: text, Owes: true, Queue: true})
	if err != nil {
		g.Fatalf("%s sends %s: %v", from, to, err)
	}
	w := g.wait(asRole(from), api.WaitRequest{Reply: got.ID, Timeout: timeout})
	synctest.Wait()
	return got, w
}

// Whatever answers a message ends the wait for it at once, and is not typed into the pane of who waited.
func TestWaitForAnAnswer(t *testing.T) {
	for _, by := range []struct {
		name, text string
		do         func(g *stage, id string)
	}{
		{"the hook of the turn's end", "there", func(g *stage, _ string) { g.stop("there") }},
		{"a reply", "there", func(g *stage, _ string) {
			if _, err := g.s.Reply(context.Background(), asRole("t/dev"), api.ReplyRequest{Text: "there"}); err != nil {
				g.Error(err)
			}
		}},
		{"a reply by id", "there", func(g *stage, id string) {
			if _, err := g.s.Reply(context.Background(), asRole("t/dev"), api.ReplyRequest{ID: id, Text: "there"}); err != nil {
				g.Error(err)
			}
		}},
		{"a tagged message", "DONE: there", func(g *stage, _ string) { g.asks("t/dev", "t/gestor", "DONE: there") }},
	} {
		onStage(t, by.name, func(g *stage, is *is.I) {
			gestor := g.join("t/gestor")
			g.a.edit(func() { g.a.turn = time.Hour })
			got, w := g.asksAndWaits("t/gestor", "t/dev", "go", "")
			at := time.Now()
			by.do(g, got.ID)
			<-w.done
			is.NoErr(w.err)
			is.True(time.Since(at) < 50*time.Millisecond)
			is.Equal(w.res.Message.Text, by.text)
			is.Equal(w.res.Message.InReplyTo, got.ID)
			is.Equal(w.res.Ended, "")
			g.stop("the last of it")
			time.Sleep(longEnough)
			is.Equal(gestor.turnsTaken(), nil)
			is.Equal(g.status(w.res.Message.ID), roles.StatusTaken)

			// Asked again, it is there at once, also of the next supervisor.
			g.restart()
			w = g.wait(asRole("t/gestor"), api.WaitRequest{Reply: got.ID})
			<-w.done
			is.NoErr(w.err)
			is.True(w.took < 50*time.Millisecond)
			is.Equal(w.res.Message.Text, by.text)
		})
	}
	onStage(t, "what it owes nothing for", func(g *stage, is *is.I) {
		g.a.edit(func() { g.a.turn = time.Hour })
		got := g.send("by the way")
		w := g.wait(api.Caller{}, api.WaitRequest{Reply: got.ID})
		synctest.Wait()
		g.stop("fine")
		<-w.done
		is.NoErr(w.err)
		is.Equal(w.res.Ended, "over")
		w = g.wait(api.Caller{}, api.WaitRequest{Reply: got.ID})
		<-w.done
		is.Equal(w.res.Ended, "over")
	})
	onStage(t, "the screen alone", func(g *stage, is *is.I) {
		got := g.sendWith(api.SendRequest{Text: "go", Owes: true})
		w := g.wait(api.Caller{}, api.WaitRequest{Reply: got.ID})
		<-w.done
		is.NoErr(w.err)
		is.Equal(w.res.Message.InReplyTo, got.ID)
		is.Equal(g.records(roles.KindTurn)[0].Evidence, "screen: idle")
	})
}

// A wait ends when no answer can come before somebody has done something.
func TestWaitEndsEarly(t *testing.T) {
	start := func(g *stage) (*actor, api.Receipt, *pendingWait) {
		gestor := g.join("t/gestor")
		g.a.edit(func() { g.a.turn = time.Hour })
		got, w := g.asksAndWaits("t/gestor", "t/dev", "go", "")
		return gestor, got, w
	}
	onStage(t, "a menu", func(g *stage, is *is.I) {
		gestor, got, w := start(g)
		g.a.edit(func() { g.a.menu = true; g.a.draw() })
		<-w.done
		is.NoErr(w.err)
		is.Equal(w.res.Ended, "waiting")
		is.Equal(len(w.res.Roles[0].Menu.Options), 3)
		is.True(w.took < time.Second)
		g.a.edit(func() { g.a.menu = false; g.a.draw() })
		time.Sleep(time.Second)
		w = g.wait(asRole("t/gestor"), api.WaitRequest{Reply: got.ID}) // answered: it goes on
		synctest.Wait()
		g.stop("there")
		<-w.done
		is.Equal(w.res.Message.Text, "there")
		time.Sleep(longEnough)
		is.Equal(gestor.turnsTaken(), nil)
	})
	onStage(t, "its end", func(g *stage, is *is.I) {
		gestor, got, w := start(g)
		g.a.edit(func() { g.a.dead = true })
		g.r.tell(signal{dead: true})
		<-w.done
		is.NoErr(w.err)
		is.Equal(w.res.Ended, "dead")
		is.True(w.res.Message == nil)
		w = g.wait(asRole("t/gestor"), api.WaitRequest{Reply: got.ID})
		<-w.done
		is.Equal(w.res.Ended, "dead")
		time.Sleep(longEnough)
		is.Equal(gestor.turnsTaken(), nil) // who waited has been told
	})
	onStage(t, "a question back", func(g *stage, is *is.I) {
		gestor, got, w := start(g)
		q, qw := g.asksAndWaits("t/dev", "t/gestor", "which one?", "")
		is.Equal(q.Status, roles.StatusTaken)
		<-w.done
		is.NoErr(w.err)
		is.Equal(w.res.Message.ID, q.ID)
		is.Equal(w.res.Message.InReplyTo, "")
		_, err := g.s.Reply(context.Background(), asRole("t/gestor"), api.ReplyRequest{ID: q.ID, Text: "the red one"})
		is.NoErr(err)
		<-qw.done
		is.Equal(qw.res.Message.Text, "the red one")
		w = g.wait(asRole("t/gestor"), api.WaitRequest{Reply: got.ID}) // still owed
		synctest.Wait()
		g.stop("painted")
		<-w.done
		is.Equal(w.res.Message.Text, "painted")
		time.Sleep(longEnough)
		is.Equal(gestor.turnsTaken(), nil)
		is.Equal(g.a.turnsTaken(), []string{"[from:gestor] go"})
	})
	onStage(t, "a question that waited before", func(g *stage, is *is.I) {
		gestor := g.join("t/gestor")
		gestor.edit(func() { gestor.turn = time.Hour })
		g.asks("t/dev", "t/gestor", "start")
		q := g.asks("t/dev", "t/gestor", "QUESTION: which one?")
		is.Equal(q.Status, roles.StatusQueued)
		_, w := g.asksAndWaits("t/gestor", "t/dev", "go", "")
		<-w.done
		is.NoErr(w.err)
		is.Equal(w.res.Message.ID, q.ID)
		is.Equal(g.status(q.ID), roles.StatusTaken)
	})
	onStage(t, "the time", func(g *stage, is *is.I) {
		gestor, got, w := start(g)
		w.end()
		<-w.done
		is.Equal(w.err, context.Canceled)
		w = g.wait(asRole("t/gestor"), api.WaitRequest{Reply: got.ID, Timeout: "100s"})
		<-w.done
		is.NoErr(w.err)
		is.True(w.res.TimedOut)
		is.Equal(w.took, 100*time.Second)
		g.stop("there") // nobody waits any more: it goes to the asker
		time.Sleep(longEnough)
		is.Equal(gestor.turnsTaken(), []string{"[from:dev] there"})
	})
	onStage(t, "an answer in the asker's queue is taken out", func(g *stage, is *is.I) {
		gestor, got, w := start(g)
		w.end()
		<-w.done
		gestor.edit(func() { gestor.turn = time.Minute })
		g.asks("t/dev", "t/gestor", "work")
		g.stop("there")
		time.Sleep(time.Second)
		w = g.wait(asRole("t/gestor"), api.WaitRequest{Reply: got.ID})
		<-w.done
		is.Equal(w.res.Message.Text, "there")
		time.Sleep(longEnough)
		is.Equal(gestor.turnsTaken(), []string{"[from:dev] work"})
		is.Equal(g.status(w.res.Message.ID), roles.StatusTaken)
	})
	onStage(t, "its letter is cleared", func(g *stage, is *is.I) {
		g.join("t/gestor")
		g.a.edit(func() { g.a.turn = time.Hour })
		g.send("work")
		_, w := g.asksAndWaits("t/gestor", "t/dev", "go", "")
		in, err := g.s.InboxClear(context.Background(), asRole("t/dev"), api.InboxRequest{})
		is.NoErr(err)
		is.Equal(in.Cleared, 1)
		<-w.done
		is.NoErr(w.err)
		is.Equal(w.res.Ended, "over")
	})
	onStage(t, "its letter expires", func(g *stage, is *is.I) {
		gestor := g.join("t/gestor")
		g.a.edit(func() { g.a.turn = 30 * 24 * time.Hour })
		g.send("work")
		got, w := g.asksAndWaits("t/gestor", "t/dev", "go", "200h")
		again := g.wait(api.Caller{How: "user"}, api.WaitRequest{Reply: got.ID, Timeout: "200h"})
		mine := g.sendWith(api.SendRequest{Text: "by the way", Queue: true})
		wm := g.wait(api.Caller{How: "user"}, api.WaitRequest{Reply: mine.ID, Timeout: "200h"})
		<-w.done
		is.NoErr(w.err)
		is.True(strings.Contains(w.res.Message.Text, "was never given your message")) // which is more than that it is over
		<-again.done
		is.Equal(again.res.Message.ID, w.res.Message.ID)
		<-wm.done
		is.Equal(wm.res.Ended, "over")
		time.Sleep(longEnough)
		is.Equal(gestor.turnsTaken(), nil)
	})
	onStage(t, "cleared unread", func(g *stage, is *is.I) {
		_, got, w := start(g)
		rec, _, err := g.s.log.Get(got.ID)
		is.NoErr(err)
		g.s.conclude(rec, roles.StatusFailed, "as if")
		<-w.done
		is.Equal(w.res.Ended, "over")
	})
}

// Of two that wait for one answer both get it; somebody else's wait takes nothing from the asker.
func TestTwoWaiters(t *testing.T) {
	onStage(t, "of the asker", func(g *stage, is *is.I) {
		gestor := g.join("t/gestor")
		g.a.edit(func() { g.a.turn = time.Hour })
		got, one := g.asksAndWaits("t/gestor", "t/dev", "go", "")
		two := g.wait(asRole("t/gestor"), api.WaitRequest{Reply: got.ID})
		synctest.Wait()
		g.stop("there")
		<-one.done
		<-two.done
		is.Equal(one.res.Message.Text, "there")
		is.Equal(two.res.Message.Text, "there")
		time.Sleep(longEnough)
		is.Equal(gestor.turnsTaken(), nil)
	})
	onStage(t, "a person who looks on", func(g *stage, is *is.I) {
		gestor := g.join("t/gestor")
		g.a.edit(func() { g.a.turn = time.Hour })
		got := g.asks("t/gestor", "t/dev", "TASK: go")
		w := g.wait(api.Caller{}, api.WaitRequest{Reply: got.ID})
		synctest.Wait()
		g.stop("there")
		<-w.done
		is.Equal(w.res.Message.Text, "there")
		time.Sleep(longEnough)
		is.Equal(gestor.turnsTaken(), []string{"[from:dev] there"})
	})
	onStage(t, "of each other", func(g *stage, is *is.I) {
		g.join("t/gestor")
		g.a.edit(func() { g.a.turn = time.Hour })
		one, w1 := g.asksAndWaits("t/gestor", "t/dev", "one", "")
		two, w2 := g.asksAndWaits("t/dev", "t/gestor", "two", "")
		<-w1.done
		is.Equal(w1.res.Message.ID, two.ID)
		w1 = g.wait(asRole("t/gestor"), api.WaitRequest{Reply: one.ID, Timeout: "1m"})
		<-w1.done
		is.True(w1.res.TimedOut)
		_, err := g.s.Reply(context.Background(), asRole("t/gestor"), api.ReplyRequest{ID: two.ID, Text: "2"})
		is.NoErr(err)
		<-w2.done
		is.Equal(w2.res.Message.Text, "2")
	})
}

// What a wait took and could not use goes where it was sent: its client went in the same instant.
func TestWaiterThatHasGone(t *testing.T) {
	onStage(t, "", func(g *stage, is *is.I) {
		gestor := g.join("t/gestor")
		g.a.edit(func() { g.a.turn = time.Hour })
		got := g.asks("t/gestor", "t/dev", "TASK: go")
		ctx, cancel := context.WithCancel(context.Background())
		w := &waiter{ctx: ctx, who: "t/gestor", reply: got.ID, target: g.addr}
		g.s.expect(w)
		g.stop("there")
		<-w.got
		cancel()
		rec, claimed, _ := g.s.leave(w)
		is.True(claimed)
		is.Equal(g.s.handed(ctx, rec, claimed), context.Canceled)
		time.Sleep(longEnough)
		is.Equal(gestor.turnsTaken(), []string{"[from:dev] there"})
		is.Equal(g.status(rec.ID), roles.StatusAnswered)
	})
}

// The same when it had come before the wait: it is given out again, and the user's letter stays in the mailbox.
func TestWaiterThatHasGoneBefore(t *testing.T) {
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	onStage(t, "a pane", func(g *stage, is *is.I) {
		gestor := g.join("t/gestor")
		g.a.edit(func() { g.a.turn = time.Hour })
		got := g.asks("t/gestor", "t/dev", "TASK: go")
		gestor.edit(func() { gestor.turn = time.Minute })
		g.asks("t/dev", "t/gestor", "work")
		g.stop("there")
		time.Sleep(time.Second)
		asked, _, err := g.s.log.Get(got.ID)
		is.NoErr(err)
		ctx, cancel := context.WithCancel(context.Background())
		w := &waiter{ctx: ctx, who: "t/gestor", reply: got.ID, target: g.addr}
		g.s.expect(w)
		rec, took, err := g.s.before(ctx, w, asked)
		is.NoErr(err)
		is.True(took)
		cancel()
		is.Equal(g.s.hadBefore(ctx, w, rec, took, nil), context.Canceled)
		time.Sleep(longEnough)
		is.Equal(gestor.turnsTaken(), []string{"[from:dev] work", "[from:dev] there"})
	})
	onStage(t, "claimed, and then it could not be read", func(g *stage, is *is.I) {
		gestor := g.join("t/gestor")
		g.a.edit(func() { g.a.turn = time.Hour })
		got := g.asks("t/gestor", "t/dev", "TASK: go")
		w := &waiter{ctx: context.Background(), who: "t/gestor", reply: got.ID, target: g.addr}
		g.s.expect(w)
		g.stop("there")
		<-w.got
		is.Equal(g.s.hadBefore(context.Background(), w, w.rec, false, context.Canceled), context.Canceled)
		time.Sleep(longEnough)
		is.Equal(gestor.turnsTaken(), []string{"[from:dev] there"})
	})
	onStage(t, "the user's mailbox", func(g *stage, is *is.I) {
		g.a.edit(func() { g.a.turn = time.Hour })
		unread := func() int {
			in, err := g.s.Inbox(context.Background(), api.Caller{How: "user"}, api.InboxRequest{Count: true})
			is.NoErr(err)
			return in.Unread
		}
		got := g.send("TASK: go")
		ctx, cancel := context.WithCancel(context.Background())
		w := &waiter{ctx: ctx, who: "user", reply: got.ID, target: g.addr}
		g.s.expect(w)
		g.stop("there")
		<-w.got
		cancel()
		rec, claimed, _ := g.s.leave(w)
		is.Equal(g.s.handed(ctx, rec, claimed), context.Canceled)
		is.Equal(unread(), 1)
		_, err := g.s.Wait(gone, api.Caller{How: "user"}, api.WaitRequest{Reply: got.ID})
		is.Equal(err, context.Canceled)
		is.Equal(unread(), 1)
		res, err := g.s.Wait(context.Background(), api.Caller{How: "user"}, api.WaitRequest{Reply: got.ID})
		is.NoErr(err)
		is.Equal(res.Message.Text, "there")
		is.Equal(unread(), 0)
		is.Equal(g.status(rec.ID), roles.StatusTaken)
	})
}

// However many answers come, what was answered while its turn ran is not answered again at its end; and what is remembered is bounded.
func TestAnswersAreRemembered(t *testing.T) {
	is := is.New(t)
	s := &Supervisor{}
	tk := &s.talk
	tk.init()
	reply := func(n int, origin string) {
		tk.noteReply(roles.Record{ID: fmt.Sprint("r", n, origin), InReplyTo: fmt.Sprint(n), Origin: origin, At: roles.Offset(10 * n)})
	}
	const many = 3 * maxReplies
	for n := range many {
		reply(n, "auto")
		reply(n, "")
		reply(n, "auto")
		old := max(0, n-maxReplies+2)
		if !s.wasAnswered(fmt.Sprint(old)) {
			t.Fatalf("after %d answers that to %d is forgotten", n, old)
		}
	}
	is.True(len(tk.replies)+len(tk.older) <= 2*maxReplies)
	is.True(!s.wasAnswered("0"))
	id, known := tk.replyTo(roles.Record{ID: "0", At: 5})
	is.True(id == "" && !known) // the conversation tells
	id, known = tk.replyTo(roles.Record{ID: "none", At: 10 * many})
	is.True(id == "" && known)
	id, known = tk.replyTo(roles.Record{ID: fmt.Sprint(many - 1), At: 5})
	is.True(id == fmt.Sprint("r", many-1) && known) // the one on purpose
}

// Messages with a tag, or of a role, can be waited for, also since a time that has passed.
func TestWaitForATag(t *testing.T) {
	onStage(t, "", func(g *stage, is *is.I) {
		gestor := g.join("t/gestor")
		since := time.Now()
		w := g.wait(api.Caller{}, api.WaitRequest{Tag: "done", From: "t/dev"})
		mine := g.wait(asRole("t/gestor"), api.WaitRequest{From: "dev"})
		late := g.wait(api.Caller{}, api.WaitRequest{Tag: "BLOCKED", Timeout: "1m"})
		synctest.Wait()
		g.asks("t/dev", "t/gestor", "STATUS: half")
		<-mine.done
		is.NoErr(mine.err)
		is.Equal(mine.res.Message.Text, "STATUS: half")
		g.asks("t/dev", "t/gestor", "done: all")
		<-w.done
		is.NoErr(w.err)
		is.Equal(w.res.Message.Text, "done: all")
		<-late.done
		is.True(late.res.TimedOut)
		is.Equal(gestor.turnsTaken(), []string{"[from:dev] done: all"}) // what gestor waited for it has
		w = g.wait(api.Caller{}, api.WaitRequest{Tag: "DONE", From: "t/dev", Since: since})
		<-w.done
		is.Equal(w.res.Message.Text, "done: all")
		is.True(w.took < 50*time.Millisecond)

		w = g.wait(api.Caller{}, api.WaitRequest{Tag: "DONE", From: "t/dev"})
		synctest.Wait()
		g.a.edit(func() { g.a.dead = true })
		g.r.tell(signal{dead: true})
		<-w.done
		is.Equal(w.res.Ended, "dead")
	})
	onStage(t, "refused", func(g *stage, is *is.I) {
		for _, req := range []api.WaitRequest{
			{Tag: "LATER"}, {Reply: "x", Tag: "DONE"}, {Reply: "no-such"}, {From: "t/nobody"}, {Reply: "x", States: []string{"idle"}}, {},
		} {
			_, err := g.s.Wait(context.Background(), api.Caller{}, req)
			is.True(err != nil)
		}
	})
}

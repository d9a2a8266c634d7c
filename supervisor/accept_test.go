package supervisor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matryer/is"

	"isesh/roles"
	"isesh/supervisor/api"
)

func TestTheSameIDIsTheSameMessage(t *testing.T) {
	onStage(t, "sent again while it is under way, after it, and as another", func(g *stage, is *is.I) {
		g.a.edit(func() { g.a.draws = 300 * time.Millisecond })
		first := g.sendWith(api.SendRequest{Text: "hello", ID: "mine", Within: "1ms"})
		is.Equal(first.ID, "mine")
		again := g.sendWith(api.SendRequest{Text: "hello", ID: "mine"}) // waits for its delivery
		is.Equal(again.Status, roles.StatusSubmitted)
		is.True(again.Again)
		time.Sleep(longEnough)
		late := g.sendWith(api.SendRequest{Text: "hello", ID: "mine"})
		is.Equal(late.Status, roles.StatusAnswered)
		is.True(late.Again)
		is.Equal(g.a.turnsTaken(), []string{"hello"})

		_, err := g.s.Send(context.Background(), api.Caller{How: "user"}, api.SendRequest{To: "t/dev", Text: "other", ID: "mine"})
		var e *api.Error
		is.True(errors.As(err, &e) && e.Code == api.CodeConflict)
		_, err = g.s.Send(context.Background(), api.Caller{How: "user"}, api.SendRequest{To: "t/dev", Text: "other", ID: "not an id"})
		is.True(errors.As(err, &e) && e.Code == api.CodeUsage)
	})
	onStage(t, "a rejected message takes no id", func(g *stage, is *is.I) {
		g.a.edit(func() { g.a.menu = true; g.a.draw() })
		time.Sleep(time.Second)
		is.Equal(g.sendWith(api.SendRequest{Text: "hello", ID: "mine"}).Status, roles.StatusRejected)
		g.a.edit(func() { g.a.menu = false; g.a.draw() })
		time.Sleep(time.Second)
		got := g.sendWith(api.SendRequest{Text: "another", ID: "mine"})
		is.Equal(got.Status, roles.StatusSubmitted)
		is.True(!got.Again)
		time.Sleep(longEnough)

		// Nor is one that was accepted refused when it comes again.
		g.a.edit(func() { g.a.menu = true; g.a.draw() })
		time.Sleep(time.Second)
		got = g.sendWith(api.SendRequest{Text: "another", ID: "mine"})
		is.Equal(got.Status, roles.StatusAnswered)
		is.True(got.Again)
	})
	onStage(t, "also when its role has ended meanwhile", func(g *stage, is *is.I) {
		is.Equal(g.sendWith(api.SendRequest{Text: "hello", ID: "mine"}).Status, roles.StatusSubmitted)
		g.a.edit(func() { g.a.dead = true })
		g.r.tell(signal{dead: true})
		time.Sleep(time.Second)
		got := g.sendWith(api.SendRequest{Text: "hello", ID: "mine"})
		is.True(got.Again)
		is.True(got.Status.Final())
	})
}

// A mailbox takes what is sent to it, and nothing is typed.
func TestMailboxesWithoutAPane(t *testing.T) {
	onStage(t, "user and a registered mailbox", func(g *stage, is *is.I) {
		box := roles.Address{Role: "notes"}
		is.NoErr(g.s.reg.Put(roles.Entry{Address: box, ID: roles.NewID(), Mailbox: true}))
		for _, to := range []string{"user", "notes"} {
			got, err := g.s.Send(context.Background(), api.Caller{Role: g.addr, How: "ancestry"}, api.SendRequest{To: to, Text: "kept", ID: "to-" + to})
			is.NoErr(err)
			is.Equal(got.Status, roles.StatusSubmitted)
			is.Equal(got.Evidence, "mailbox")
			again, err := g.s.Send(context.Background(), api.Caller{Role: g.addr, How: "ancestry"}, api.SendRequest{To: to, Text: "kept", ID: "to-" + to})
			is.NoErr(err)
			is.True(again.Again)
			recs, err := g.s.mail.Letters(must(roles.ParseAddress(to)), roles.LetterOptions{})
			is.NoErr(err)
			is.Equal(len(recs), 1)
		}
		is.Equal(len(g.a.pressed()), 0)
	})
}

// Messages go in the order in which they were accepted, whatever their ids are.
func TestOrderIsThatOfAcceptance(t *testing.T) {
	onStage(t, "ids that sort the other way round", func(g *stage, is *is.I) {
		g.a.edit(func() { g.a.busy = true; g.a.redraw() })
		time.Sleep(time.Second)
		var want []string
		for i := range 6 {
			text := fmt.Sprintf("message %d", i)
			is.Equal(g.sendWith(api.SendRequest{Text: text, ID: fmt.Sprintf("id-%d", 9-i), Within: "1ms"}).Status, roles.StatusQueued)
			want = append(want, text)
			if i == 3 {
				g.restart()
				time.Sleep(time.Second)
			}
		}
		g.a.edit(func() { g.a.busy = false; g.a.redraw() })
		time.Sleep(longEnough)
		is.Equal(g.a.turnsTaken(), want)
	})
}

func TestTakeOut(t *testing.T) {
	onStage(t, "from the queue, but not what is being typed", func(g *stage, is *is.I) {
		g.a.edit(func() { g.a.draws = time.Second })
		ctx := context.Background()
		typed := g.sendWith(api.SendRequest{Text: "typed", Within: "100ms"})
		waits := make(chan api.Receipt)
		go func() { waits <- g.sendWith(api.SendRequest{Text: "taken", ID: "taken", Within: "1h"}) }()
		synctest.Wait()
		var could bool
		err := g.s.takeOut(ctx, g.addr, roles.StatusTaken, "inbox pop", func(may func(string) bool) ([]string, error) {
			could = may(typed.ID)
			l, err := g.s.mail.Pop(g.addr, may)
			return []string{l.ID}, err
		})
		is.NoErr(err)
		is.True(!could)
		<-waits
		is.Equal(g.status("taken"), roles.StatusTaken)
		time.Sleep(longEnough)
		is.Equal(g.a.turnsTaken(), []string{"typed"})
		is.Equal(g.role().Queue, 0)
	})
	onStage(t, "one by its id, once", func(g *stage, is *is.I) {
		g.a.edit(func() { g.a.busy = true; g.a.redraw() })
		time.Sleep(time.Second)
		id := g.sendWith(api.SendRequest{Text: "hello"}).ID
		rec, _, err := g.s.log.Get(id)
		is.NoErr(err)
		yes, err := g.s.withdraw(context.Background(), rec, "waiter")
		is.NoErr(err)
		is.True(yes)
		is.Equal(g.status(id), roles.StatusTaken)
		yes, err = g.s.withdraw(context.Background(), rec, "waiter")
		is.NoErr(err)
		is.True(!yes)
		g.a.edit(func() { g.a.busy = false; g.a.redraw() })
		time.Sleep(longEnough)
		is.Equal(len(g.a.pressed()), 0)
	})
	onStage(t, "of a role without a runner", func(g *stage, is *is.I) {
		g.a.edit(func() { g.a.busy = true; g.a.redraw() })
		time.Sleep(time.Second)
		id := g.sendWith(api.SendRequest{Text: "hello"}).ID
		g.r.tell(signal{gone: true})
		<-g.r.done
		rec, _, err := g.s.log.Get(id)
		is.NoErr(err)
		for _, forgotten := range []bool{false, true} {
			if forgotten {
				g.s.forget(g.r)
			}
			yes, err := g.s.withdraw(context.Background(), rec, "waiter")
			is.NoErr(err)
			is.Equal(yes, !forgotten)
		}
	})
}

func TestTextsInFiles(t *testing.T) {
	long := "TASK: read this" + strings.Repeat("\nand this line", 6000)
	onStage(t, "a long text, and one that is to be", func(g *stage, is *is.I) {
		for _, req := range []api.SendRequest{{Text: long}, {Text: "short", AsFile: true}} {
			got := g.sendWith(req)
			is.Equal(got.Status, roles.StatusSubmitted)
			data, err := os.ReadFile(got.File)
			is.NoErr(err)
			is.Equal(string(data), req.Text)
			info, err := os.Stat(got.File)
			is.NoErr(err)
			is.Equal(info.Mode().Perm(), os.FileMode(0o600))
			info, err = os.Stat(filepath.Dir(got.File))
			is.NoErr(err)
			is.Equal(info.Mode().Perm(), os.FileMode(0o700))
			typed := g.a.pasted()[len(g.a.pasted())-1]
			is.True(len(typed) < 1000)
			first, _, _ := strings.Cut(req.Text, "\n")
			is.True(strings.HasPrefix(typed, first))
			is.True(strings.Contains(typed, got.File))
			time.Sleep(longEnough)
			receipt, _, err := g.s.Receipt(context.Background(), api.Caller{}, got.ID)
			is.NoErr(err)
			is.Equal(receipt.File, got.File)
		}
	})
	onStage(t, "a file that has gone is written again when it is typed, also by the next supervisor", func(g *stage, is *is.I) {
		g.a.edit(func() { g.a.busy = true; g.a.redraw() })
		time.Sleep(time.Second)
		got := g.sendWith(api.SendRequest{Text: long})
		is.Equal(got.Status, roles.StatusQueued)
		data, err := os.ReadFile(got.File)
		is.NoErr(err) // whoever is told of it can look
		is.Equal(string(data), long)
		is.NoErr(os.Remove(got.File))
		g.restart()
		g.a.edit(func() { g.a.busy = false; g.a.redraw() })
		time.Sleep(longEnough)
		is.Equal(g.status(got.ID), roles.StatusAnswered)
		data, err = os.ReadFile(got.File)
		is.NoErr(err)
		is.Equal(string(data), long)
		is.NoErr(g.s.dropFile(got.ID))
		_, err = os.Stat(got.File)
		is.True(err != nil)
	})
	onStage(t, "a command for the agent is typed as it is", func(g *stage, is *is.I) {
		got := g.sendWith(api.SendRequest{Text: long, Raw: true})
		is.Equal(got.File, "")
		is.Equal(g.a.pasted()[0], long)
	})
	onStage(t, "files of messages that the conversation has dropped go", func(g *stage, is *is.I) {
		kept := g.sendWith(api.SendRequest{Text: "short", AsFile: true})
		old := filepath.Join(filepath.Dir(kept.File), "old.txt")
		is.NoErr(os.WriteFile(old, nil, 0o600))
		is.NoErr(os.Chtimes(old, time.Now().Add(-time.Hour), time.Now().Add(-time.Hour)))
		is.NoErr(os.Chtimes(kept.File, time.Now().Add(time.Hour), time.Now().Add(time.Hour)))
		g.s.sweepFiles()
		_, err := os.Stat(old)
		is.True(err != nil)
		_, err = os.Stat(kept.File)
		is.NoErr(err)
	})
}

func TestExpiry(t *testing.T) {
	ask := func(g *stage, text string, c api.Caller) string {
		g.Helper()
		got, err := g.s.Send(context.Background(), c, api.SendRequest{To: "t/dev", Text: text, Within: "1ms"})
		if err != nil {
			g.Fatal(err)
		}
		return got.ID
	}
	told := func(g *stage, id string) (n int) {
		g.Helper()
		recs, err := g.s.mail.Letters(roles.User, roles.LetterOptions{})
		if err != nil {
			g.Fatal(err)
		}
		for _, rec := range recs {
			if rec.Kind == roles.KindReply && rec.InReplyTo == id {
				n++
			}
		}
		return n
	}
	person := api.Caller{How: "user"}
	onStage(t, "each at its own time, and whoever counts on it is told", func(g *stage, is *is.I) {
		g.a.edit(func() { g.a.busy = true; g.a.redraw() })
		time.Sleep(time.Second)
		first := ask(g, "hello", person)
		time.Sleep(time.Hour)
		second := ask(g, "QUESTION: still there?", person)
		time.Sleep(7*24*time.Hour - 30*time.Minute)
		is.Equal(g.status(first), roles.StatusExpired)
		is.Equal(g.status(second), roles.StatusQueued)
		is.Equal(told(g, first), 0)
		time.Sleep(time.Hour)
		is.Equal(g.status(second), roles.StatusExpired)
		is.Equal(told(g, second), 1)
		is.Equal(g.role().Queue, 0)
		notices, err := g.s.log.Tail(roles.Filter{Kinds: []roles.Kind{roles.KindNotice}})
		is.NoErr(err)
		is.Equal(len(notices), 2)
		g.a.edit(func() { g.a.busy = false; g.a.redraw() })
		time.Sleep(longEnough)
		is.Equal(len(g.a.pressed()), 0)
	})
	onStage(t, "also while no supervisor runs", func(g *stage, is *is.I) {
		g.a.edit(func() { g.a.busy = true; g.a.redraw() })
		time.Sleep(time.Second)
		id := ask(g, "TASK: build it", person)
		g.end()
		time.Sleep(8 * 24 * time.Hour)
		g.run()
		time.Sleep(time.Second)
		is.Equal(g.status(id), roles.StatusExpired)
		is.Equal(told(g, id), 1)
	})
	onStage(t, "and while the role has no pane", func(g *stage, is *is.I) {
		g.a.edit(func() { g.a.busy = true; g.a.redraw() })
		time.Sleep(time.Second)
		id := ask(g, "TASK: build it", person)
		ctx, cancel := context.WithCancel(context.Background())
		g.s.wg.Go(func() { g.s.expireStranded(ctx) })
		time.Sleep(24 * time.Hour)
		g.r.tell(signal{gone: true})
		<-g.r.done
		time.Sleep(5 * 24 * time.Hour)
		is.Equal(g.status(id), roles.StatusQueued)
		time.Sleep(2 * 24 * time.Hour)
		is.Equal(g.status(id), roles.StatusExpired)
		is.Equal(told(g, id), 1)
		cancel()
	})
}

package supervisor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matryer/is"
	"github.com/sourcegraph/conc"

	"isesh/roles"
	"isesh/supervisor/api"
)

// Whose mailbox is meant follows from who asks; reading marks as read, once, and takes nothing away.
func TestInbox(t *testing.T) {
	is := is.New(t)
	d := newDesk(t)
	d.mailbox("me", "you")
	person, me, you := d.client(""), d.client("me"), d.client("you")
	for n := range 3 {
		is.Equal(send(t, person, "me", fmt.Sprint("hello ", n)).Evidence, "mailbox")
	}
	send(t, me, "user", "for you")

	is.Equal(count(t, me, ""), 3)
	is.Equal(count(t, person, "me"), 3)
	is.Equal(count(t, person, ""), 1) // the user's
	is.Equal(count(t, you, ""), 0)
	is.Equal(listed(t, me, api.InboxRequest{}).Address, "me")
	is.Equal(listed(t, person, api.InboxRequest{Peek: true}).Address, "user")

	first := listed(t, d.client("me"), api.InboxRequest{Unread: true})
	is.Equal(len(first.Letters), 0) // they were read just now
	again := listed(t, me, api.InboxRequest{})
	is.Equal(textsOf(again), []string{"hello 0", "hello 1", "hello 2"})
	is.True(again.Letters[0].Read)
	is.Equal(again.Unread, 0)

	send(t, person, "me", "hello 3")
	peeked := listed(t, me, api.InboxRequest{Peek: true})
	is.Equal(textsOf(peeked), []string{"hello 0", "hello 1", "hello 2", "hello 3"})
	is.Equal(textsOf(listed(t, me, api.InboxRequest{Unread: true, Peek: true})), []string{"hello 3"})
	is.Equal(textsOf(listed(t, me, api.InboxRequest{Limit: 2, Peek: true})), []string{"hello 2", "hello 3"})
	is.Equal(textsOf(listed(t, you, api.InboxRequest{Of: "me"})), []string{"hello 0", "hello 1", "hello 2", "hello 3"})
	is.Equal(count(t, me, ""), 1) // another's look does not count
	is.Equal(textsOf(listed(t, person, api.InboxRequest{Of: "me", Unread: true})), []string{"hello 3"})
	is.Equal(count(t, me, ""), 0) // a person's does

	list, err := person.Roles(context.Background())
	is.NoErr(err)
	is.Equal(len(list), 2)
	is.Equal([]any{list[0].State, list[0].Unread}, []any{"mailbox", 0})

	_, err = you.InboxPop(context.Background(), api.InboxRequest{Of: "me"})
	hasCode(is, err, api.CodeForbidden)
	_, err = you.InboxClear(context.Background(), api.InboxRequest{Of: "user"})
	hasCode(is, err, api.CodeForbidden)
	_, err = you.Inbox(context.Background(), api.InboxRequest{Of: "nobody"})
	hasCode(is, err, api.CodeNotFound)
}

// Beside what is unread stand the newest that were read, up to twenty, each in its place.
func TestInboxOfManyLetters(t *testing.T) {
	is := is.New(t)
	d := newDesk(t)
	d.mailbox("me")
	person, me := d.client(""), d.client("me")
	var want []string
	for n := range 70 {
		send(t, person, "me", fmt.Sprint(n))
		if n == 9 || n == 29 || n == 59 {
			listed(t, me, api.InboxRequest{Limit: 10}) // 20 to 29, 50 to 59
		}
	}
	for n := range 70 {
		if unread := n >= 10 && n < 20 || n >= 30 && n < 50 || n >= 60; unread || n >= 20 {
			want = append(want, fmt.Sprint(n)) // 0 to 9 were read, too, but are older than 20 others
		}
	}
	got := listed(t, me, api.InboxRequest{Peek: true})
	is.Equal(got.Unread, 40)
	is.Equal(textsOf(got), want)
	is.Equal(len(listed(t, me, api.InboxRequest{Unread: true, Peek: true}).Letters), 40)
	is.Equal(textsOf(listed(t, me, api.InboxRequest{Limit: 3})), []string{"67", "68", "69"})
}

// Of very many, or very long, unread letters the oldest are listed, and only they are read then; the next look goes on behind them.
func TestInboxOfVeryManyLetters(t *testing.T) {
	for _, c := range []struct {
		name  string
		bytes int
		lists []int // how many letters each look lists
	}{
		{"many", 10, []int{200, 200, 50 + readBeside, readBeside}},
		{"long", 3 << 20, []int{2, 2, 1 + 1, 2}}, // beside the last one there is room for another of these
	} {
		t.Run(c.name, func(t *testing.T) {
			is := is.New(t)
			d := newDesk(t)
			d.mailbox("me")
			n := 450
			if c.bytes > 1000 {
				n = 5
			}
			text := func(i int) string { return fmt.Sprintf("%03d", i) + strings.Repeat("x", c.bytes) }
			var recs []roles.Record
			for i := range n {
				rec := wire(d.s, "user", "me", roles.NewID())
				rec.Status, rec.Evidence, rec.Text = roles.StatusSubmitted, "mailbox", text(i)
				recs = append(recs, rec)
			}
			is.NoErr(d.s.log.AppendLazy(recs...))
			me, seen := d.client("me"), 0
			for _, want := range c.lists {
				peeked := listed(t, me, api.InboxRequest{Unread: true, Peek: true})
				got := listed(t, me, api.InboxRequest{})
				is.Equal(len(got.Letters), want)
				is.Equal(got.More, peeked.More)
				for _, l := range got.Letters {
					if !l.Read {
						is.Equal(l.Text, text(seen))
						is.Equal(l.Text, peeked.Letters[0].Text)
						peeked.Letters = peeked.Letters[1:]
						seen++
					}
				}
				is.Equal(got.More, n-seen)
				is.Equal(count(t, me, ""), n-seen)
			}
			is.Equal(seen, n)
			newest := listed(t, me, api.InboxRequest{Limit: 300})
			is.Equal(newest.More, 0)
			is.Equal(newest.Letters[len(newest.Letters)-1].Text, text(n-1))
			is.Equal(len(newest.Letters), map[int]int{450: 300, 5: 2}[n])
		})
	}
}

func TestInboxClear(t *testing.T) {
	is := is.New(t)
	d := newDesk(t)
	d.mailbox("me")
	person, me := d.client(""), d.client("me")
	ids := []string{send(t, person, "me", "read").ID}
	listed(t, me, api.InboxRequest{})
	ids = append(ids, send(t, person, "me", "unread").ID)
	got, err := me.InboxClear(context.Background(), api.InboxRequest{})
	is.NoErr(err)
	is.Equal(got, api.InboxCleared{Address: "me", Cleared: 2})
	is.Equal(len(listed(t, me, api.InboxRequest{}).Letters), 0)
	got, err = person.InboxClear(context.Background(), api.InboxRequest{Of: "me"})
	is.NoErr(err)
	is.Equal(got.Cleared, 0)
	for _, id := range ids { // the conversation keeps them
		r, recs, err := person.Receipt(context.Background(), id)
		is.NoErr(err)
		is.Equal(r.Status, roles.StatusCleared)
		is.True(recs[0].Text != "")
	}
}

// Listing a letter does not keep it from being taken out, nor from being typed before that.
func TestInboxPopOfWhatWasListed(t *testing.T) {
	onStage(t, "", func(g *stage, is *is.I) {
		g.a.edit(func() { g.a.turn = time.Minute })
		ctx := context.Background()
		self := api.Caller{Role: g.addr, How: "ancestry"}
		for i := range 4 {
			g.sendWith(api.SendRequest{Text: fmt.Sprint(i), Within: "3s"})
		}
		in, err := g.s.Inbox(ctx, self, api.InboxRequest{})
		is.NoErr(err)
		is.Equal([]any{in.Unread, textsOf(in)}, []any{3, []string{"0", "1", "2", "3"}}) // 0 was typed
		in, err = g.s.Inbox(ctx, self, api.InboxRequest{Count: true})
		is.NoErr(err)
		is.Equal(in.Unread, 0)
		l, err := g.s.InboxPop(ctx, self, api.InboxRequest{})
		is.NoErr(err)
		is.Equal(l.Text, "1")
		time.Sleep(90 * time.Second)
		l, err = g.s.InboxPop(ctx, self, api.InboxRequest{})
		is.NoErr(err)
		is.Equal(l.Text, "3")
		_, err = g.s.InboxPop(ctx, self, api.InboxRequest{})
		hasCode(is, err, api.CodeNothing)
		time.Sleep(longEnough)
		is.Equal(g.a.turnsTaken(), []string{"0", "2"})
		is.Equal(g.pending(), 0)
	})
}

// Eight that pop at once get each letter once, and each of them in order.
func TestInboxPop(t *testing.T) {
	is := is.New(t)
	d := newDesk(t)
	d.mailbox("me")
	person := d.client("")
	const n, poppers = 100, 8
	for i := range n {
		send(t, person, "me", fmt.Sprintf("%03d", i))
	}
	var got [poppers][]string
	var wg conc.WaitGroup
	for i := range poppers {
		c := d.client("me")
		wg.Go(func() {
			for {
				l, err := c.InboxPop(context.Background(), api.InboxRequest{})
				var e *api.Error
				if errors.As(err, &e) && e.Code == api.CodeNothing {
					return
				}
				if err != nil || l.Now != roles.StatusTaken {
					t.Error(l.Now, err)
					return
				}
				got[i] = append(got[i], l.Text)
			}
		})
	}
	wg.Wait()
	var all []string
	for _, texts := range got {
		is.True(slices.IsSorted(texts))
		all = append(all, texts...)
	}
	slices.Sort(all)
	is.Equal(len(slices.Compact(all)), n)
	is.Equal(len(all), n)
	is.Equal(count(t, person, "me"), 0)
}

// What is popped is not typed, what is typed is not popped, and nothing is lost between the two; the queue of a live role is the mailbox.
func TestPopAgainstDelivery(t *testing.T) {
	onStage(t, "", func(g *stage, is *is.I) {
		g.a.edit(func() { g.a.turn = 200 * time.Millisecond })
		const n = 200
		ctx := context.Background()
		self := api.Caller{Role: g.addr, How: "ancestry"}
		popped := map[string]int{}
		var sending atomic.Bool
		sending.Store(true)
		var wg conc.WaitGroup
		wg.Go(func() {
			for i := range n {
				_, err := g.s.Send(ctx, api.Caller{How: "user"}, api.SendRequest{To: "t/dev", Text: fmt.Sprintf("%03d", i), Within: "1ms"})
				is.NoErr(err)
				if i%10 == 9 {
					time.Sleep(3 * time.Second)
				}
			}
			sending.Store(false)
		})
		last := ""
		for {
			l, err := g.s.InboxPop(ctx, self, api.InboxRequest{})
			var e *api.Error
			if errors.As(err, &e) && e.Code == api.CodeNothing {
				if !sending.Load() && g.role().Queue == 0 {
					break
				}
				time.Sleep(130 * time.Millisecond)
				continue
			}
			is.NoErr(err)
			is.True(l.Text > last) // the oldest first
			last = l.Text
			popped[l.Text]++
			time.Sleep(35 * time.Millisecond)
		}
		wg.Wait()
		time.Sleep(longEnough)
		typed := map[string]int{}
		for _, text := range g.a.turnsTaken() {
			typed[text]++
		}
		for i := range n {
			id := fmt.Sprintf("%03d", i)
			if popped[id]+typed[id] != 1 {
				t.Errorf("%s was popped %d times and typed %d times", id, popped[id], typed[id])
			}
		}
		t.Logf("%d popped, %d typed", len(popped), len(typed))
		is.True(len(popped) > n/10 && len(typed) > n/10) // both happened
		is.Equal(g.pending(), 0)
	})
}

// The message that is being typed stays, its receipt goes on; the others are taken out, and whoever waits for their delivery is told.
func TestClearOfALiveRole(t *testing.T) {
	onStage(t, "", func(g *stage, is *is.I) {
		g.a.edit(func() { g.a.draws = 2 * time.Second })
		self := api.Caller{Role: g.addr, How: "ancestry"}
		first := g.sendWith(api.SendRequest{Text: "first", Within: "100ms"})
		var wg conc.WaitGroup
		results := make([]api.Receipt, 3)
		for i := range results {
			wg.Go(func() { results[i] = g.sendWith(api.SendRequest{Text: fmt.Sprint("more ", i), Within: "1m"}) })
		}
		synctest.Wait()
		in, err := g.s.Inbox(context.Background(), self, api.InboxRequest{})
		is.NoErr(err)
		is.Equal(in.Unread, 4)
		got, err := g.s.InboxClear(context.Background(), self, api.InboxRequest{})
		is.NoErr(err)
		is.Equal(got.Cleared, 3)
		wg.Wait()
		time.Sleep(time.Minute)
		is.Equal(g.a.turnsTaken(), []string{"first"})
		is.Equal(g.status(first.ID), roles.StatusAnswered)
		for _, r := range results {
			is.Equal(g.status(r.ID), roles.StatusCleared)
		}
		in, err = g.s.Inbox(context.Background(), self, api.InboxRequest{})
		is.NoErr(err)
		is.Equal(textsOf(in), []string{"first"})
	})
}

// The letters of a role that does not run are what its next program is given, but for those that were taken out.
func TestPopWhileTheRoleDoesNotRun(t *testing.T) {
	is := is.New(t)
	d := newDesk(t)
	is.NoErr(d.s.reg.Put(entryFor("dev")))
	for n := range 3 {
		rec := wire(d.s, "user", "dev", fmt.Sprint("id", n))
		rec.Text = fmt.Sprint(n)
		is.NoErr(d.s.log.Append(rec))
	}
	l, err := d.client("").InboxPop(context.Background(), api.InboxRequest{Of: "dev"})
	is.NoErr(err)
	is.Equal(l.Text, "0")
	pending, err := roles.Pending(d.s.log)
	is.NoErr(err)
	is.Equal(len(pending[address("dev")]), 2)
	res, err := d.client("").Process(context.Background())
	is.NoErr(err)
	is.Equal([]int{res.Queued, res.Delivered, len(res.Roles)}, []int{2, 0, 1})
	is.Equal(res.Roles[0].Held, "it is not running")
}

// What a role waits for shows in its inbox.
func TestInboxShowsTheMenu(t *testing.T) {
	onStage(t, "", func(g *stage, is *is.I) {
		g.a.edit(func() { g.a.menu = true; g.a.draw() })
		time.Sleep(time.Second)
		in, err := g.s.Inbox(context.Background(), api.Caller{How: "user"}, api.InboxRequest{Of: "t/dev", Count: true})
		is.NoErr(err)
		is.True(in.Menu != nil && strings.Contains(in.Menu.Heading, "Allow this command?"))
	})
}

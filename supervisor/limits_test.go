package supervisor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/matryer/is"

	"isesh/control"
	"isesh/layout"
	"isesh/roles"
	"isesh/supervisor/api"
)

// bare is a Supervisor over files in dir, without tmux and without anything that runs. close ends it.
func bare(t testing.TB, dir string) (s *Supervisor, end func()) {
	t.Helper()
	s, err := newFor(Config{Dir: dir}, control.Version{Major: 3, Minor: 3})
	if err != nil {
		t.Fatal(err)
	}
	return s, func() {
		if err := s.closeFiles(); err != nil {
			t.Error(err)
		}
	}
}

// withTeam remembers a team with limits of its own.
func withTeam(t testing.TB, s *Supervisor, name string, limits layout.Limits) {
	t.Helper()
	data, err := json.Marshal(layout.Team{Name: name, Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.reg.PutTeam(roles.Team{Name: name, Layout: data}); err != nil {
		t.Fatal(err)
	}
}

// clock is a time that a test sets.
type clock struct{ at time.Time }

func (c *clock) now() time.Time       { return c.at }
func (c *clock) pass(d time.Duration) { c.at = c.at.Add(d) }
func inside(address string) api.Caller {
	return api.Caller{Role: must(roles.ParseAddress(address)), How: "ancestry"}
}

// wire is a message from a role to another.
func wire(s *Supervisor, from, to, id string) roles.Record {
	rec := s.record(roles.KindMessage)
	rec.ID, rec.From, rec.To, rec.Time = id, from, to, s.now()
	rec.Team, rec.Status, rec.Text = teamIn(to), roles.StatusAccepted, "text"
	return rec
}

func limited(is *is.I, err error) *api.Error {
	is.Helper()
	var e *api.Error
	is.True(errors.As(err, &e) && e.Code == api.CodeLimited)
	return e
}

func TestPairLimit(t *testing.T) {
	is := is.New(t)
	s, end := bare(t, t.TempDir())
	defer end()
	c := &clock{time.Date(2026, 3, 4, 14, 20, 0, 500, time.Local)}
	s.now = c.now
	withTeam(t, s, "shop", layout.Limits{Hops: 2, Pair: layout.Rate{Count: 3, Per: 10 * time.Minute}})
	dev := inside("shop/dev")
	send := func(to string, n int) error { return s.allow(dev, wire(s, "shop/dev", to, fmt.Sprint(to, n))) }
	for n := range 3 {
		is.NoErr(send("shop/gestor", n))
		is.NoErr(send("shop/gestor", n)) // the same message again is one message
		c.pass(time.Minute)
	}
	e := limited(is, send("shop/gestor", 3))
	is.Equal(e.Message, "dev has sent gestor 3 messages within 10m: the next may go at 14:30:01, in 7m")
	is.Equal(e.Hint, "limits.pair of the layout is 3/10m; isesh status shows how far it is used")
	is.NoErr(send("shop/gestor", 2))                                                     // sent already
	is.NoErr(s.allow(inside("shop/gestor"), wire(s, "shop/gestor", "shop/dev", "back"))) // the pair is ordered
	is.NoErr(send("shop/reviewer", 0))
	is.NoErr(send("dev", 0))

	limits := s.limitsOf("shop")
	is.Equal(limits.Hops, 2)
	is.Equal(limits.Pair, "3/10m")
	is.Equal(len(limits.Use), 4)
	full := limits.Use[1]
	is.Equal(full, api.PairUsed{From: "shop/dev", To: "shop/gestor", Count: 3, Opens: c.at.Add(7 * time.Minute)})
	is.Equal(limits.Use[3], api.PairUsed{From: "shop/gestor", To: "shop/dev", Count: 1})

	c.pass(7 * time.Minute) // it opens when it said, for one
	is.NoErr(send("shop/gestor", 3))
	limited(is, send("shop/gestor", 4))
	s.disallow(wire(s, "shop/dev", "shop/gestor", "shop/gestor3")) // it was not accepted after all
	is.NoErr(send("shop/gestor", 4))
	c.pass(24 * time.Hour)
	is.Equal(s.limitsOf("shop").Use, nil)
}

func TestWhatNoLimitCounts(t *testing.T) {
	is := is.New(t)
	s, end := bare(t, t.TempDir())
	defer end()
	for n := range 100 {
		id := fmt.Sprint(n)
		is.NoErr(s.allow(api.Caller{How: "user"}, wire(s, "user", "shop/dev", id))) // a person
		is.NoErr(s.allow(inside("shop/dev"), wire(s, "shop/dev", "user", id)))      // to a person
		reply := wire(s, "shop/dev", "shop/gestor", id)
		reply.Kind, reply.InReplyTo = roles.KindReply, "x"
		is.NoErr(s.allow(inside("shop/dev"), reply))
	}
	for n := range 20 { // without a team: the defaults
		is.NoErr(s.allow(inside("a"), wire(s, "a", "b", fmt.Sprint(n))))
	}
	is.Equal(limited(is, s.allow(inside("a"), wire(s, "a", "b", "more"))).Message[:39], "a has sent b 20 messages within 10m: th")
}

func TestHops(t *testing.T) {
	is := is.New(t)
	s, end := bare(t, t.TempDir())
	defer end()
	withTeam(t, s, "shop", layout.Limits{Hops: 2})
	rec := wire(s, "shop/dev", "shop/gestor", "1")
	rec.Origin, rec.Hops = "auto", 2
	is.NoErr(s.allow(api.Caller{}, rec))
	rec.Hops = 3
	e := limited(is, s.allow(api.Caller{}, rec))
	is.Equal(e.Message, "what dev sends gestor by itself follows from 3 automatic messages in a row, more than 2")
	rec.Origin = "role:ancestry" // somebody wrote it
	is.NoErr(s.allow(inside("shop/dev"), rec))
}

// An end of the supervisor opens no limit.
func TestLimitsAreRecalled(t *testing.T) {
	is := is.New(t)
	dir := t.TempDir()
	s, end := bare(t, dir)
	withTeam(t, s, "shop", layout.Limits{Pair: layout.Rate{Count: 5, Per: time.Minute}})
	old := wire(s, "shop/dev", "shop/gestor", "old")
	old.Time = time.Now().Add(-2 * time.Minute)
	is.NoErr(s.log.Append(old))
	for n := range 4 {
		is.NoErr(s.log.Append(wire(s, "shop/dev", "shop/gestor", fmt.Sprint(n))))
	}
	for n := range 60 {
		rec := wire(s, "shop/gestor", "shop/dev", fmt.Sprint("b", n))
		rec.Kind, rec.Ref = roles.KindBroadcast, fmt.Sprint("cast", n)
		is.NoErr(s.log.Append(rec))
	}
	end()
	s, end = bare(t, dir)
	defer end()
	is.NoErr(s.allow(inside("shop/dev"), wire(s, "shop/dev", "shop/gestor", "3")))
	is.NoErr(s.allow(inside("shop/dev"), wire(s, "shop/dev", "shop/gestor", "4")))
	limited(is, s.allow(inside("shop/dev"), wire(s, "shop/dev", "shop/gestor", "5")))
	is.NoErr(s.allowCast(inside("shop/gestor"), "cast59")) // repeated
	e := limited(is, s.allowCast(inside("shop/gestor"), "more"))
	is.Equal(e.Message[:57], "shop/gestor has broadcast 60 times within 1m: the next ma")
	is.NoErr(s.allowCast(inside("shop/dev"), "more"))
}

// A clock that is set back closes nothing for longer than a span.
func TestLimitsWhenTheClockIsSetBack(t *testing.T) {
	is := is.New(t)
	l := newLimiter()
	rate := layout.Rate{Count: 1, Per: time.Minute}
	p := ordered{"a", "b"}
	now := time.Now()
	_, ok := l.take(p, "1", rate, now)
	is.True(ok)
	opens, ok := l.take(p, "2", rate, now.Add(-time.Hour))
	is.True(!ok)
	is.Equal(opens, now.Add(-time.Hour+time.Minute))
	_, ok = l.take(p, "2", rate, now.Add(-time.Hour+time.Minute))
	is.True(ok)
}

// What is remembered does not grow with the pairs that there have ever been, nor with the messages.
func TestLimiterIsBounded(t *testing.T) {
	is := is.New(t)
	l := newLimiter()
	now := time.Now()
	rate := layout.Rate{Count: 3 * maxStamps, Per: time.Minute}
	for n := range 10_000 {
		now = now.Add(time.Second)
		l.take(ordered{fmt.Sprint(n), "b"}, "x", rate, now)
	}
	is.True(len(l.pairs) <= 200)
	for n := range 2*maxStamps + 1 {
		l.take(ordered{"a", "b"}, fmt.Sprint(n%maxStamps, n), rate, now)
	}
	is.True(len(l.pairs[ordered{"a", "b"}].stamps) <= maxStamps+1)
}

// A message that is refused because its id is another's does not uncount that one.
func TestConflictUncountsNothing(t *testing.T) {
	onStage(t, "", func(g *stage, is *is.I) {
		g.join("t/gestor")
		g.a.edit(func() { g.a.turn = time.Hour })
		ask := func(text string) error {
			_, err := g.s.Send(context.Background(), asRole("t/gestor"), api.SendRequest{To: "t/dev", Text: text, ID: "q", Within: "1ms"})
			return err
		}
		is.NoErr(ask("one"))
		is.Equal(len(g.s.limitsOf("t").Use), 1)
		hasCode(is, ask("two"), api.CodeConflict)
		is.NoErr(ask("one"))
		is.Equal(g.s.limitsOf("t").Use[0].Count, 1)
	})
}

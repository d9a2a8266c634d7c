package supervisor

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/matryer/is"
	"github.com/sourcegraph/conc"

	"isesh/roles"
	"isesh/supervisor/api"
)

func TestRegister(t *testing.T) {
	is := is.New(t)
	d := newDesk(t)
	ctx := context.Background()
	person := d.client("")
	role, err := person.Register(ctx, api.RegisterRequest{Name: "me", Mailbox: true})
	is.NoErr(err)
	is.Equal([]string{role.Address, role.State, role.Pane}, []string{"me", "mailbox", ""})
	again, err := person.Register(ctx, api.RegisterRequest{Name: "/me", Mailbox: true}) // it is there already
	is.NoErr(err)
	is.True(again.Since.Equal(role.Since))
	_, err = d.client("me").Register(ctx, api.RegisterRequest{Name: "shop/me", Mailbox: true}) // a role may, too
	is.NoErr(err)

	for _, name := range []string{"", "Me", "user", "shop/lead", "all", "../x", "x\n", "a/b/c", "-x"} {
		_, err := person.Register(ctx, api.RegisterRequest{Name: name, Mailbox: true})
		hasCode(is, err, api.CodeUsage)
	}
	_, err = person.Register(ctx, api.RegisterRequest{Name: "x"})
	hasCode(is, err, api.CodeUsage)
	is.NoErr(d.s.reg.Put(entryFor("shop/dev")))
	_, err = person.Register(ctx, api.RegisterRequest{Name: "shop/dev", Mailbox: true})
	is.Equal(hasCode(is, err, api.CodeConflict).Message, "shop/dev is a role that does not run now")
	is.NoErr(d.s.reg.PutTeam(roles.Team{Name: "crew"}))
	_, err = person.Register(ctx, api.RegisterRequest{Name: "crew", Mailbox: true})
	hasCode(is, err, api.CodeConflict)

	// It is a role as far as mail goes, and none where a pane is needed.
	me, err := person.Role(ctx, "/me")
	is.NoErr(err)
	is.Equal(me.State, "mailbox")
	_, err = person.Read(ctx, api.ReadRequest{To: "/me"})
	is.Equal(hasCode(is, err, api.CodeUsage).Message, "me is a mailbox: there is no screen behind that name")
	_, err = person.Cancel(ctx, api.ActRequest{To: "/me"})
	hasCode(is, err, api.CodeUsage)
	_, err = person.Restart(ctx, api.RestartRequest{Targets: []string{"/me"}})
	is.True(err != nil)
	who, err := d.client("me").WhoAmI(ctx)
	is.NoErr(err)
	is.Equal(who.Address, "me")

	// Forgotten, its letters stay, and are its own again when it comes back.
	send(t, person, "/me", "keep this")
	hasCode(is, d.client("shop/me").Unregister(ctx, api.RegisterRequest{Name: "/me"}), api.CodeForbidden)
	is.NoErr(person.Unregister(ctx, api.RegisterRequest{Name: "shop/me"}))
	is.NoErr(person.Unregister(ctx, api.RegisterRequest{Name: "me"}))
	hasCode(is, person.Unregister(ctx, api.RegisterRequest{Name: "me"}), api.CodeNotFound)
	hasCode(is, person.Unregister(ctx, api.RegisterRequest{Name: "user"}), api.CodeUsage)
	_, err = person.Send(ctx, api.SendRequest{To: "me", Text: "nobody there"})
	hasCode(is, err, api.CodeNotFound)
	is.Equal(textsOf(listed(t, person, api.InboxRequest{Of: "me", Peek: true})), []string{"keep this"})
	d.mailbox("me")
	is.Equal(textsOf(listed(t, d.client("me"), api.InboxRequest{})), []string{"keep this"})

	var kinds []string
	is.NoErr(person.Events(ctx, api.EventQuery{Kinds: []string{"registered", "unregistered"}}, func(e roles.Event) error {
		kinds = append(kinds, fmt.Sprint(e.Role, " ", e.Kind))
		return nil
	}))
	is.Equal(kinds, []string{"me registered", "shop/me registered", "shop/me unregistered", "me unregistered", "me registered"})
}

// However many register at once, each name is there in the end.
func TestRegisterInParallel(t *testing.T) {
	is := is.New(t)
	d := newDesk(t)
	var wg conc.WaitGroup
	for n := range 50 {
		c := d.client("")
		wg.Go(func() {
			if _, err := c.Register(context.Background(), api.RegisterRequest{Name: fmt.Sprint("box-", n/2), Mailbox: true}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	list, err := d.client("").Roles(context.Background())
	is.NoErr(err)
	is.Equal(len(list), 25)
}

// A role that runs is not forgotten, and one that a mailbox's name is given to keeps the letters.
func TestRegisterAndPanes(t *testing.T) {
	is := is.New(t)
	g := newRig(t)
	ctx := context.Background()
	_, err := g.sup.Register(ctx, g.person(), api.RegisterRequest{Name: "t/dev", Mailbox: true})
	is.NoErr(err)
	g.send("t/dev", "before it ran")
	g.start("t", g.role("dev"), g.role("other"))
	_, err = g.sup.Register(ctx, g.person(), api.RegisterRequest{Name: "t/dev", Mailbox: true})
	e := hasCode(is, err, api.CodeConflict)
	is.Equal(e.Candidates, []string{"t/dev"})
	err = g.sup.Unregister(ctx, g.person(), api.RegisterRequest{Name: "t/dev"})
	is.Equal(hasCode(is, err, api.CodeConflict).Hint, "isesh stop t/dev --delete ends it and forgets it")
	is.Equal(g.send("t/dev", "now").Status, roles.StatusSubmitted)
	in, err := g.sup.Inbox(ctx, g.person(), api.InboxRequest{Of: "t/dev", Peek: true})
	is.NoErr(err)
	is.Equal(textsOf(in), []string{"before it ran", "now"})
	texts, _ := g.turns("dev")
	is.Equal(texts, []string{"now"})

	// A mailbox in a team is none of a restart's business.
	_, err = g.sup.Register(ctx, g.person(), api.RegisterRequest{Name: "t/box", Mailbox: true})
	is.NoErr(err)
	_, err = g.sup.Stop(ctx, g.person(), api.StopRequest{Targets: []string{"t"}})
	is.NoErr(err)
	is.NoErr(g.sup.Unregister(ctx, g.person(), api.RegisterRequest{Name: "t/other"}))
	back, err := g.sup.Restart(ctx, g.person(), api.RestartRequest{Targets: []string{"t"}, Env: testEnv(g)})
	is.NoErr(err)
	is.Equal(len(back), 1)
	boards, err := g.sup.Teams(ctx, g.person(), "t")
	is.NoErr(err)
	is.Equal([]string{boards[0].Roles[0].Name, boards[0].Roles[1].Name}, []string{"dev", "box"})
	is.Equal(boards[0].Limits, api.Limits{Hops: 8, Pair: "20/10m"})
}

// A wait for a mailbox would last for ever: it is refused.
func TestWaitForAMailbox(t *testing.T) {
	is := is.New(t)
	d := newDesk(t)
	d.mailbox("me")
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, err := d.client("").Wait(ctx, api.WaitRequest{Targets: []string{"me"}, States: []string{"idle"}})
	hasCode(is, err, api.CodeUsage)
}

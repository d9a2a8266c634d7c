package supervisor

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/matryer/is"

	"isesh/roles"
	"isesh/roles/agent"
	"isesh/supervisor/api"
)

// The name in a tag is one that a reply reaches from where the receiver stands.
func TestSenderTag(t *testing.T) {
	tests := []struct{ from, team, origin, want string }{
		{"user", "t", "person", ""},
		{"t/dev", "t", "role:ancestry", "dev"},
		{"u/dev", "t", "role:ancestry", "u/dev"},
		{"dev", "t", "role:ancestry", "/dev"}, // not t/dev
		{"dev", "", "role:ancestry", "dev"},
		{"u/dev", "", "role:ancestry", "u/dev"},
		{"t/dev", "t", "unverified:gestor", "gestor(unverified)"},
	}
	var s Supervisor
	for _, tt := range tests {
		if got := s.senderTag(roles.Record{From: tt.from, Team: tt.team, Origin: tt.origin}); got != tt.want {
			t.Errorf("from %s to team %q: %q, want %q", tt.from, tt.team, got, tt.want)
		}
	}
}

func TestDrain(t *testing.T) {
	onStage(t, "what is half typed is finished, and nothing is begun", func(g *stage, is *is.I) {
		g.a.edit(func() { g.a.draws = 300 * time.Millisecond })
		first := g.sendWith(api.SendRequest{Text: "first", Within: "1ms"})
		g.s.end()
		second := g.sendWith(api.SendRequest{Text: "second", Within: "1ms"})
		g.s.drain(context.Background())
		is.Equal(g.status(first.ID), roles.StatusSubmitted)
		is.Equal(second.Status, roles.StatusQueued)
		time.Sleep(longEnough)
		is.Equal(g.a.turnsTaken(), []string{"first"})
		g.a.edit(func() { g.a.draws = time.Millisecond })
		g.restart()
		time.Sleep(longEnough)
		is.Equal(g.a.turnsTaken(), []string{"first", "second"})
	})
	onStage(t, "but a menu is not waited for long", func(g *stage, is *is.I) {
		g.a.edit(func() {
			g.a.done = func(a *actor, did, _ string) error { a.menu = true; a.draw(); return nil }
		})
		g.sendWith(api.SendRequest{Text: "first", Within: "1s"})
		begin := time.Now()
		g.s.end()
		g.s.drain(context.Background())
		is.True(time.Since(begin) < time.Second)
	})
}

// A lead that may answer questions gets no further keys into what opens next.
func TestRespondOfALead(t *testing.T) {
	onStage(t, "the menu changes under its keys", func(g *stage, is *is.I) {
		lead := roles.Entry{Address: roles.Address{Team: "t", Role: "lead1"}, ID: roles.NewID(), Profile: "scripted", Lead: true, LeadMay: []string{"permission"}}
		is.NoErr(g.s.reg.Put(lead))
		g.a.edit(func() { g.a.menu = true; g.a.draw() })
		time.Sleep(time.Second)
		is.Equal(g.role().State, string(agent.Waiting))
		c := api.Caller{Role: lead.Address, How: "ancestry"}
		_, err := g.s.Respond(context.Background(), c, api.ActRequest{To: "t/dev", Keys: []string{"1", "x", "Enter"}})
		is.True(err != nil) // the first key closed the menu: the others would be typed into the composer
		is.Equal(g.a.count("1"), 1)
		is.Equal(g.a.count("x"), 0)
		is.Equal(g.a.count("Enter"), 0)
		g.a.edit(func() { g.a.menu = true; g.a.draw() })
		time.Sleep(time.Second)
		lead.LeadMay = nil
		is.NoErr(g.s.reg.Put(lead))
		_, err = g.s.Respond(context.Background(), c, api.ActRequest{To: "t/dev", Keys: []string{"1"}})
		var e *api.Error
		is.True(errors.As(err, &e) && e.Code == api.CodeForbidden)
		is.Equal(g.a.count("1"), 1)
	})
}

// Of several teams for one directory, a person there means the one that runs.
func TestTeamOfADirectory(t *testing.T) {
	onStage(t, "the running one", func(g *stage, is *is.I) {
		time.Sleep(time.Second)
		for _, name := range []string{"ended", "t", "ended-too"} {
			is.NoErr(g.s.reg.PutTeam(roles.Team{Name: name, Dir: "/work/shop"}))
		}
		is.NoErr(g.s.reg.PutTeam(roles.Team{Name: "outer", Dir: "/work"}))
		is.Equal(g.s.teamOf(api.Caller{Dir: "/work/shop/web"}), "t")
		is.Equal(g.s.teamOf(api.Caller{Dir: "/work/other"}), "outer")
		is.Equal(g.s.teamOf(api.Caller{Dir: "/elsewhere"}), "")
	})
}

package supervisor

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/matryer/is"

	"isesh/control/controltest"
	"isesh/roles"
	"isesh/roles/agent"
	"isesh/supervisor/api"
)

func TestNowNeedsASafeQueue(t *testing.T) {
	is := is.New(t)
	dir := t.TempDir()
	is.NoErr(os.WriteFile(filepath.Join(dir, "scripted.yaml"), []byte("extends: scripted\nqueue: false\n"), 0o600))
	g := newRigTuned(t, controltest.Real(t), func(c *Config) { c.Profiles = dir })
	g.start("t", g.role("dev"))
	g.send("t/dev", "SLOW 1h")
	g.in("t/dev", agent.Busy)
	_, err := g.sup.Send(context.Background(), g.person(), api.SendRequest{To: "t/dev", Text: "x", Now: true})
	var e *api.Error
	is.True(errors.As(err, &e) && e.Code == api.CodeUsage)
	texts, _ := g.turns("dev")
	is.Equal(len(texts), 1)
}

// What may go now goes into a busy agent's own queue, past what waits for it to be idle.
func TestNow(t *testing.T) {
	is := is.New(t)
	g := newRig(t)
	g.start("t", g.role("dev"))
	send := func(text string, now bool) api.Receipt {
		got, err := g.sup.Send(context.Background(), g.person(), api.SendRequest{To: "t/dev", Text: text, Now: now, Within: "5s"})
		is.NoErr(err)
		return got
	}
	g.send("t/dev", "SLOW 2s")
	g.in("t/dev", agent.Busy)
	later := send("later", false)
	is.Equal(later.Status, roles.StatusQueued)
	for _, text := range []string{"first", "second", "third"} {
		got := send(text, true)
		is.Equal(got.Status, roles.StatusSubmitted)
		is.Equal(got.Evidence, "queued")
	}
	is.True(g.settled(later.ID) != roles.StatusUnconfirmed)
	texts, _ := g.turns("dev")
	is.Equal(texts, []string{"SLOW 2s", "first", "second", "third", "later"})
}

func TestNowIsProvenByItsOwnPlaceInTheQueue(t *testing.T) {
	busy := func(g *stage) {
		g.a.edit(func() {
			g.a.turn, g.a.waits = time.Hour, []string{"somebody's"}
			g.a.begin()
			g.a.redraw()
		})
		time.Sleep(time.Second)
	}
	onStage(t, "it stands there", func(g *stage, is *is.I) {
		busy(g)
		got := g.sendWith(api.SendRequest{Text: "hello", Now: true})
		is.Equal(got.Status, roles.StatusSubmitted)
		is.Equal(got.Evidence, "queued")
		is.Equal(g.a.waiting(), []string{"somebody's", "hello"})
	})
	onStage(t, "the composer is empty and others' messages are in the queue: that proves nothing", func(g *stage, is *is.I) {
		busy(g)
		g.a.edit(func() {
			g.a.swallow = 9
			g.a.done = func(a *actor, did, _ string) error {
				if did == "Enter" {
					a.later(50*time.Millisecond, func() {
						a.composer = "" // somebody cleared it
						a.transcript = append(a.transcript, "and it works on")
						a.redraw()
					})
				}
				return nil
			}
		})
		got := g.sendWith(api.SendRequest{Text: "hello", Now: true})
		time.Sleep(longEnough)
		is.Equal(g.status(got.ID), roles.StatusUnconfirmed)
		is.Equal(g.a.count("Enter"), 1)
	})
	onStage(t, "somebody is typing: it waits", func(g *stage, is *is.I) {
		busy(g)
		g.a.edit(func() { g.a.composer = "a thought"; g.a.redraw() })
		time.Sleep(time.Second)
		got := g.sendWith(api.SendRequest{Text: "hello", Now: true})
		is.Equal(got.Status, roles.StatusQueued)
		time.Sleep(longEnough)
		is.Equal(len(g.a.pressed()), 0)
		is.Equal(g.role().Held, "draft")
		g.a.edit(func() { g.a.composer = ""; g.a.redraw() })
		time.Sleep(longEnough)
		is.Equal(g.status(got.ID), roles.StatusSubmitted)
		is.Equal(g.a.count("paste"), 1)
	})
}

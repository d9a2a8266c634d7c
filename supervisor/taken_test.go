package supervisor

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matryer/is"

	"isesh/roles"
	"isesh/supervisor/api"
)

// The answer of tmux to a step that it has done gets lost. The mark tells that it was done.
func TestLostReplies(t *testing.T) {
	for _, step := range []string{"paste", "Enter"} {
		for _, enters := range []int{0, 1} {
			onStage(t, step, func(g *stage, is *is.I) {
				g.a.edit(func() { g.a.swallow, g.a.done = enters, lose(step) })
				got := g.send("hello")
				time.Sleep(longEnough)
				is.Equal(g.status(got.ID), roles.StatusAnswered)
				is.Equal(g.a.turnsTaken(), []string{"hello"})
				is.Equal(g.a.count("paste"), 1)
				is.Equal(g.a.count("Enter"), 1+enters)
				for step, n := range g.a.steps {
					if n != 1 {
						t.Errorf("%s was done %d times", step, n)
					}
				}
			})
		}
		onStage(t, step+", and the connection is gone for a while", func(g *stage, is *is.I) {
			g.a.edit(func() {
				lost := lose(step)
				g.a.done = func(a *actor, did, s string) error {
					err := lost(a, did, s)
					if err != nil {
						a.connected = false
					}
					return err
				}
			})
			got := g.send("hello")
			time.Sleep(30 * time.Second)
			g.a.reconnect(g.r)
			time.Sleep(longEnough)
			is.Equal(g.status(got.ID), roles.StatusAnswered)
			is.Equal(g.a.keys, []string{"paste", "Enter"})
		})
	}
}

// A supervisor that ended at any point is followed by one that goes on from there.
func TestTakenUpAtEachStep(t *testing.T) {
	for _, step := range []string{".p", ".e", ".e2", ".e3"} {
		onStage(t, step, func(g *stage, is *is.I) {
			var id string
			reached := make(chan struct{})
			g.a.edit(func() {
				g.a.swallow = map[string]int{".e2": 1, ".e3": 2}[step]
				g.a.done = func(a *actor, _, mark string) error {
					if len(mark) > 36 && mark[36:] == step {
						a.done = nil
						a.connected = false // nothing is heard of the step any more
						close(reached)
						return errLost
					}
					return nil
				}
			})
			id = g.sendWith(api.SendRequest{Text: "hello", Within: "100ms"}).ID
			<-reached
			later := g.sendWith(api.SendRequest{Text: "and this", Within: "10ms"})
			g.end()
			g.a.edit(func() { g.a.connected = true; g.a.out = &stageOutput{ch: make(chan struct{}, 1)} })
			time.Sleep(10 * time.Minute)
			g.run()
			time.Sleep(longEnough)
			is.Equal(g.a.turnsTaken(), []string{"hello", "and this"})
			is.Equal(g.a.count("paste"), 2)
			for step, n := range g.a.steps {
				if n != 1 {
					t.Errorf("%s was done %d times", step, n)
				}
			}
			is.True(g.status(id).Final())
			is.Equal(g.status(later.ID), roles.StatusAnswered)
			is.Equal(g.pending(), 0)
		})
	}
	onStage(t, "a message without Enter is not submitted by the next supervisor", func(g *stage, is *is.I) {
		g.a.edit(func() {
			g.a.done = func(a *actor, _, _ string) error { a.connected = false; return errLost }
		})
		g.sendWith(api.SendRequest{Text: "look at this", NoSubmit: true, Within: "1s"})
		g.end()
		g.a.edit(func() { g.a.done = nil; g.a.connected = true })
		g.run()
		time.Sleep(longEnough)
		is.Equal(g.a.keys, []string{"paste"})
		is.Equal(g.pending(), 0)
	})
	onStage(t, "a message left in the composer, as asked, is finished", func(g *stage, is *is.I) {
		got := g.sendWith(api.SendRequest{Text: "look at this", NoSubmit: true})
		is.Equal(got.Status, roles.StatusPasted)
		is.Equal(g.pending(), 0)
		g.restart()
		time.Sleep(longEnough)
		is.Equal(g.a.keys, []string{"paste"})
	})
	onStage(t, "an empty composer behind an Enter is no proof", func(g *stage, is *is.I) {
		g.a.edit(func() {
			g.a.noEcho, g.a.turn = true, 0
			g.a.transcript = []string{"  something older"}
			g.a.done = func(a *actor, did, _ string) error {
				if did == "Enter" {
					a.connected = false
					return errLost
				}
				return nil
			}
		})
		got := g.sendWith(api.SendRequest{Text: "hello", Within: "1s"})
		g.end()
		g.a.edit(func() { g.a.done = nil; g.a.connected = true })
		g.run()
		time.Sleep(longEnough)
		is.Equal(g.status(got.ID), roles.StatusUnconfirmed)
		is.Equal(g.a.keys, []string{"paste", "Enter"})
	})
}

func TestDeathAtEachStep(t *testing.T) {
	kill := func(a *actor) { a.dead = true }
	for _, gone := range []bool{false, true} {
		for _, step := range []string{"", "paste", "Enter"} {
			name := "dies"
			if gone {
				name = "goes"
			}
			onStage(t, name+" at "+step, func(g *stage, is *is.I) {
				g.a.edit(func() {
					if step == "" {
						g.a.busy = true
						g.a.redraw()
						return
					}
					g.a.done = func(a *actor, did, _ string) error {
						if did == step {
							kill(a)
							a.gone = gone
						}
						return nil
					}
				})
				time.Sleep(time.Second)
				first := g.sendWith(api.SendRequest{Text: "hello", Within: "100ms"})
				second, err := g.s.Send(context.Background(), api.Caller{}, api.SendRequest{To: "t/dev", Text: "later", Within: "100ms"})
				g.a.edit(func() { kill(g.a); g.a.gone = gone })
				g.r.tell(signal{dead: !gone, gone: gone})
				time.Sleep(longEnough)
				keys := map[string][]string{"": nil, "paste": {"paste"}, "Enter": {"paste", "Enter"}}[step]
				is.Equal(g.a.keys, keys)
				if step == "" {
					is.Equal(g.status(first.ID), roles.StatusQueued)
				} else {
					is.Equal(g.status(first.ID), roles.StatusUnconfirmed)
				}
				if err == nil { // else it came after the death was known
					is.Equal(g.status(second.ID), roles.StatusQueued)
				}
				is.Equal(g.role().State, "dead")
			})
		}
	}
}

func TestDraftHoldsTheQueue(t *testing.T) {
	onStage(t, "until it is gone", func(g *stage, is *is.I) {
		g.a.edit(func() { g.a.deafToStash, g.a.composer = true, "half a thought"; g.a.redraw() })
		time.Sleep(time.Second)
		one, two := g.send("one"), g.send("two")
		is.Equal(one.Status, roles.StatusQueued)
		is.Equal(one.Reason, "draft")
		time.Sleep(longEnough)
		is.Equal(g.a.count("C-s"), 1) // once
		is.Equal(g.role().Held, "draft")
		is.Equal(g.role().Queue, 2)
		g.a.edit(func() { g.a.submit(); g.a.redraw() }) // its owner sends it
		time.Sleep(longEnough)
		is.Equal(g.a.turnsTaken(), []string{"half a thought", "one", "two"})
		is.Equal(g.status(two.ID), roles.StatusAnswered)
		is.Equal(g.role().Held, "")
	})
}

func TestSendsWhoseSenderLeaves(t *testing.T) {
	onStage(t, "an accepted message is delivered all the same", func(g *stage, is *is.I) {
		ctx, cancel := context.WithCancel(context.Background())
		release := make(chan struct{})
		go g.r.do(context.Background(), func() { <-release }) // the runner is at something
		synctest.Wait()
		rec, _ := g.s.message(api.Caller{}, g.addr, api.SendRequest{Text: "hello"})
		rec, _, err := g.s.accept(rec)
		is.NoErr(err)
		d := g.s.newDelivery(rec, "hello")
		cancel()
		go func() { time.Sleep(time.Second); close(release) }()
		g.s.handOver(d, g.addr)
		await(ctx, d, time.Second)
		time.Sleep(longEnough)
		is.Equal(g.a.turnsTaken(), []string{"hello"})
	})
}

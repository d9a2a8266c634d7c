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

// onStage runs a test in a bubble, where time passes only when all wait.
func onStage(t *testing.T, name string, fn func(*stage, *is.I)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			fn(newStage(t), is.New(t))
		})
	})
}

func TestLadder(t *testing.T) {
	onStage(t, "each rung once", func(g *stage, is *is.I) {
		got := g.send("hello")
		is.Equal(got.Status, roles.StatusSubmitted)
		time.Sleep(3 * time.Second)
		is.Equal(g.statuses(got.ID), []roles.Status{
			roles.StatusAccepted, roles.StatusPasting, roles.StatusPasted, roles.StatusEntered, roles.StatusSubmitted, roles.StatusAnswered,
		})
		is.Equal(g.a.turnsTaken(), []string{"hello"})
		is.Equal(g.a.keys, []string{"paste", "Enter"})
		is.Equal(g.pending(), 0)
	})
}

// after are the times by which everything has come to an end.
const longEnough = 2 * time.Minute

func TestEnterIsRepeatedWhereItWasSwallowed(t *testing.T) {
	for swallowed, want := range map[int]struct {
		enters int
		status roles.Status
	}{0: {1, roles.StatusAnswered}, 1: {2, roles.StatusAnswered}, 2: {3, roles.StatusAnswered}, 3: {3, roles.StatusUnconfirmed}, 9: {3, roles.StatusUnconfirmed}} {
		onStage(t, string(rune('0'+swallowed)), func(g *stage, is *is.I) {
			g.a.edit(func() { g.a.swallow = swallowed })
			got := g.send("hello")
			time.Sleep(longEnough)
			is.Equal(g.status(got.ID), want.status)
			is.Equal(g.a.count("Enter"), want.enters)
			is.Equal(g.a.count("paste"), 1)
			is.Equal(g.pending(), 0)
		})
	}
}

func TestSlowAgents(t *testing.T) {
	for _, draws := range []time.Duration{5 * time.Millisecond, 100 * time.Millisecond, 900 * time.Millisecond} {
		onStage(t, "draws "+draws.String(), func(g *stage, is *is.I) {
			g.a.edit(func() { g.a.draws, g.a.turn = draws, 20*time.Second })
			got := g.send("hello")
			time.Sleep(longEnough)
			is.Equal(g.status(got.ID), roles.StatusAnswered)
			is.Equal(g.a.keys, []string{"paste", "Enter"})
		})
	}
	onStage(t, "stops reading after the paste, and goes on", func(g *stage, is *is.I) {
		g.a.edit(func() { g.a.stopped = true })
		got := g.sendWith(api.SendRequest{Text: "hello", Within: "3s"})
		is.Equal(got.Status, roles.StatusUnconfirmed)
		is.True(got.Reason != "")
		is.Equal(g.a.count("Enter"), 0)
		g.a.edit(g.a.resume)
		time.Sleep(longEnough)
		is.Equal(g.status(got.ID), roles.StatusAnswered)
		is.Equal(g.a.turnsTaken(), []string{"hello"})
	})
	onStage(t, "never reads again", func(g *stage, is *is.I) {
		g.a.edit(func() { g.a.stopped = true })
		got := g.send("hello")
		time.Sleep(longEnough)
		is.Equal(g.status(got.ID), roles.StatusUnconfirmed)
		is.Equal(g.a.count("Enter"), 0)
		is.Equal(g.a.count("paste"), 1)
	})
	onStage(t, "reads the Enter late: the proof comes after it was called unconfirmed", func(g *stage, is *is.I) {
		g.a.edit(func() {
			g.a.done = func(a *actor, did, _ string) error {
				a.stopped = a.stopped || did == "paste"
				if did == "paste" {
					a.resume()
					a.stopped = true
				}
				return nil
			}
		})
		got := g.send("hello")
		time.Sleep(10 * time.Second)
		is.Equal(g.status(got.ID), roles.StatusUnconfirmed)
		is.Equal(g.a.count("Enter"), 1) // it has drawn nothing: it may not have read the first one
		g.a.edit(func() { g.a.done = nil; g.a.resume() })
		time.Sleep(longEnough)
		is.Equal(g.a.turnsTaken(), []string{"hello"})
		is.Equal(g.status(got.ID), roles.StatusAnswered)
	})
}

// A person who types while we wait for the proof is not helped to submit.
func TestEnterIsNotRepeatedIntoSomebodysDraft(t *testing.T) {
	onStage(t, "a draft behind a submit", func(g *stage, is *is.I) {
		g.a.edit(func() {
			g.a.noEcho, g.a.turn = true, 0 // nothing proves the submit
			g.a.done = func(a *actor, did, _ string) error {
				if did == "Enter" {
					a.composer = "rm -rf my own"
					a.redraw()
				}
				return nil
			}
		})
		got := g.send("hello")
		time.Sleep(longEnough)
		is.Equal(g.a.turnsTaken(), []string{"hello"})
		is.Equal(g.a.count("Enter"), 1)
		is.Equal(g.status(got.ID), roles.StatusUnconfirmed)
	})
}

func TestMenuBetweenSteps(t *testing.T) {
	open := func(a *actor) { a.menu = true; a.draw() }
	onStage(t, "it opens with the paste", func(g *stage, is *is.I) {
		g.a.edit(func() {
			g.a.done = func(a *actor, did, _ string) error {
				if did == "paste" {
					open(a)
				}
				return nil
			}
		})
		got := g.sendWith(api.SendRequest{Text: "hello", Within: "2s"})
		is.Equal(got.Status, roles.StatusUnconfirmed)
		time.Sleep(longEnough)
		is.Equal(g.a.keys, []string{"paste"})
		is.Equal(g.role().Held, "a menu opened")
		g.a.edit(func() { g.a.done = nil; g.a.menu = false; g.a.redraw() })
		time.Sleep(longEnough)
		is.Equal(g.status(got.ID), roles.StatusAnswered)
		is.Equal(g.a.keys, []string{"paste", "Enter"})
		is.Equal(len(g.a.menuKeys), 0)
	})
	onStage(t, "it opens just before the Enter, unseen by us", func(g *stage, is *is.I) {
		g.a.edit(func() {
			g.a.before = func(a *actor, did, _ string) error {
				if did == "Enter" && !a.menu {
					a.before = nil
					open(a)
				}
				return nil
			}
		})
		got := g.sendWith(api.SendRequest{Text: "hello", Within: "2s"})
		time.Sleep(longEnough)
		is.Equal(g.a.keys, []string{"paste"})
		g.a.edit(func() { g.a.menu = false; g.a.redraw() })
		time.Sleep(longEnough)
		is.Equal(g.status(got.ID), roles.StatusAnswered)
		is.Equal(len(g.a.menuKeys), 0)
	})
	onStage(t, "it opens just before the paste", func(g *stage, is *is.I) {
		g.a.edit(func() {
			g.a.before = func(a *actor, did, _ string) error {
				a.before = nil
				open(a)
				return nil
			}
		})
		got := g.send("hello")
		is.Equal(got.Status, roles.StatusQueued)
		time.Sleep(longEnough)
		is.Equal(len(g.a.keys), 0)
		is.Equal(g.role().Held, "waits for an answer")
		g.a.edit(func() { g.a.menu = false; g.a.redraw() })
		time.Sleep(longEnough)
		is.Equal(g.a.turnsTaken(), []string{"hello"})
	})
	onStage(t, "a send while it is open is refused and leaves nothing", func(g *stage, is *is.I) {
		g.a.edit(func() { open(g.a) })
		time.Sleep(time.Second)
		got := g.send("hello")
		is.Equal(got.Status, roles.StatusRejected)
		is.Equal(g.pending(), 0)
		kept := g.sendWith(api.SendRequest{Text: "kept", Queue: true})
		is.Equal(kept.Status, roles.StatusQueued)
		g.a.edit(func() { g.a.menu = false; g.a.redraw() })
		time.Sleep(longEnough)
		is.Equal(g.a.turnsTaken(), []string{"kept"})
	})
}

// What tmux refuses is done when it can be; each step once.
func TestRefusals(t *testing.T) {
	tests := []struct {
		name   string
		block  func(*actor)
		free   func(*actor)
		held   string
		silent bool // tmux does not tell when it ends
	}{
		{"copy mode", func(a *actor) { a.inMode = true }, func(a *actor) { a.inMode = false }, "copy mode", false},
		{"input off", func(a *actor) { a.inputOff = true }, func(a *actor) { a.inputOff = false }, "input is switched off", true},
		{"not connected", func(a *actor) { a.connected = false }, func(a *actor) { a.connected = true }, "tmux does not answer", false},
	}
	for _, tt := range tests {
		for _, step := range []string{"paste", "Enter"} {
			onStage(t, tt.name+" at the "+step, func(g *stage, is *is.I) {
				g.a.edit(func() {
					g.a.before = func(a *actor, did, _ string) error {
						if did == step {
							a.before = nil
							tt.block(a)
							if !a.connected {
								return errNoClient
							}
						}
						return nil
					}
				})
				got := g.sendWith(api.SendRequest{Text: "hello", Within: "2s"})
				time.Sleep(longEnough)
				is.Equal(g.role().Held, tt.held)
				is.Equal(g.a.count("Enter"), 0)
				is.Equal(len(g.a.turnsTaken()), 0)
				g.a.edit(func() { tt.free(g.a) })
				switch {
				case tt.name == "not connected":
					g.a.reconnect(g.r)
				case !tt.silent:
					g.r.tell(signal{look: true})
				}
				time.Sleep(longEnough)
				is.Equal(g.status(got.ID), roles.StatusAnswered)
				is.Equal(g.a.keys, []string{"paste", "Enter"})
			})
		}
	}
	onStage(t, "the composer is not where it was: the screen is looked at again", func(g *stage, is *is.I) {
		g.a.edit(func() {
			g.a.before = func(a *actor, did, _ string) error {
				a.before = nil
				a.shown, a.cursorY = "", 0 // cleared, to be drawn anew
				a.later(time.Second, a.draw)
				return nil
			}
		})
		got := g.send("hello")
		time.Sleep(longEnough)
		is.Equal(g.status(got.ID), roles.StatusAnswered)
		is.Equal(g.a.keys, []string{"paste", "Enter"})
	})
	onStage(t, "the mark is another's", func(g *stage, is *is.I) {
		g.a.edit(func() {
			g.a.before = func(a *actor, did, _ string) error {
				a.before = nil
				a.step = "somebody"
				return nil
			}
		})
		got := g.send("hello")
		time.Sleep(longEnough)
		is.Equal(g.status(got.ID), roles.StatusAnswered)
		is.Equal(g.a.keys, []string{"paste", "Enter"})
	})
}

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
		g.a.edit(func() { g.a.composer = "half a thought"; g.a.redraw() })
		time.Sleep(time.Second)
		one, two := g.send("one"), g.send("two")
		is.Equal(one.Status, roles.StatusQueued)
		is.Equal(one.Reason, "draft")
		time.Sleep(longEnough)
		is.Equal(len(g.a.keys), 0)
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
		d := newDelivery(rec, "hello")
		is.NoErr(g.s.log.Append(rec))
		cancel()
		go func() { time.Sleep(time.Second); close(release) }()
		g.s.handOver(g.r, d)
		await(ctx, d, time.Second)
		time.Sleep(longEnough)
		is.Equal(g.a.turnsTaken(), []string{"hello"})
	})
}

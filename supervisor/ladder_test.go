package supervisor

import (
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

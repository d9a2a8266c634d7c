package supervisor

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/matryer/is"

	"isesh/roles"
	"isesh/supervisor/api"
)

// A person's draft is put aside for a message, and comes back. Nothing of it is lost, sent, or mixed with a message.
func TestDraftIsPutAside(t *testing.T) {
	const thought = "half a thought"
	draft := func(g *stage, text string) {
		g.a.edit(func() { g.a.composer = text; g.a.redraw() })
		time.Sleep(100 * time.Millisecond)
	}
	onStage(t, "for each message, once it has rested", func(g *stage, is *is.I) {
		draft(g, thought)
		time.Sleep(time.Second)
		one, two := g.send("one"), g.send("two")
		is.Equal(one.Status, roles.StatusQueued)
		is.Equal(one.Reason, "draft")
		time.Sleep(time.Second)
		is.Equal(len(g.a.pressed()), 0) // it has not rested yet
		is.Equal(g.role().Held, "draft")
		time.Sleep(longEnough)
		is.Equal(g.a.pressed(), []string{"C-s", "paste", "Enter", "C-s", "paste", "Enter"})
		is.Equal(g.a.turnsTaken(), []string{"one", "two"})
		is.Equal(g.a.inComposer(), thought)
		is.Equal(g.a.aside(), "")
		is.Equal(g.status(one.ID), roles.StatusAnswered)
		is.Equal(g.status(two.ID), roles.StatusAnswered)
	})
	onStage(t, "for a pointer to a file, which is there by then", func(g *stage, is *is.I) {
		draft(g, thought)
		got := g.sendWith(api.SendRequest{Text: "one", AsFile: true, Within: "1ms"})
		time.Sleep(longEnough)
		is.Equal(g.a.pressed(), []string{"C-s", "paste", "Enter"})
		is.Equal(g.status(got.ID), roles.StatusAnswered)
		text, err := os.ReadFile(got.File)
		is.NoErr(err)
		is.Equal(string(text), "one")
	})
	onStage(t, "for a pointer to a file that cannot be written at first", func(g *stage, is *is.I) {
		draft(g, thought)
		files := filepath.Join(g.dir, filesDir)
		is.NoErr(os.RemoveAll(files))
		g.a.edit(func() {
			g.a.done = func(_ *actor, did, _ string) error {
				if did == "C-s" {
					is.NoErr(os.RemoveAll(files))
					is.NoErr(os.WriteFile(files, nil, 0o600)) // in the way of the directory
				}
				return nil
			}
		})
		got := g.sendWith(api.SendRequest{Text: "one", AsFile: true, Within: "1ms"})
		time.Sleep(longEnough)
		is.Equal(g.a.pressed(), []string{"C-s"})
		is.Equal(g.role().Held, "the file with its text cannot be written")
		is.NoErr(os.Remove(files))
		time.Sleep(longEnough)
		is.Equal(g.a.pressed(), []string{"C-s", "paste", "Enter"})
		is.Equal(g.status(got.ID), roles.StatusAnswered)
	})
	onStage(t, "for a pointer to a file, by the next supervisor", func(g *stage, is *is.I) {
		draft(g, thought)
		reached := make(chan struct{})
		g.a.edit(func() {
			g.a.done = func(a *actor, _, _ string) error {
				a.done, a.connected = nil, false
				close(reached)
				return errLost
			}
		})
		got := g.sendWith(api.SendRequest{Text: "one", AsFile: true, Within: "1ms"})
		<-reached
		g.end()
		is.NoErr(os.RemoveAll(filepath.Join(g.dir, filesDir)))
		g.a.edit(func() { g.a.connected = true; g.a.out = &stageOutput{ch: make(chan struct{}, 1)} })
		g.run()
		time.Sleep(longEnough)
		is.Equal(g.a.pressed(), []string{"C-s", "paste", "Enter"})
		is.Equal(g.status(got.ID), roles.StatusAnswered)
		text, err := os.ReadFile(got.File)
		is.NoErr(err)
		is.Equal(string(text), "one")
	})
	onStage(t, "not while somebody types", func(g *stage, is *is.I) {
		got := ""
		text := thought
		for i := range 20 {
			text += " and on"
			draft(g, text)
			time.Sleep(draftRest - 300*time.Millisecond)
			if i == 0 {
				got = g.sendWith(api.SendRequest{Text: "one", Within: "1ms"}).ID
			}
		}
		is.Equal(len(g.a.pressed()), 0)
		draft(g, "")
		time.Sleep(longEnough)
		is.Equal(g.a.pressed(), []string{"paste", "Enter"})
		is.Equal(g.status(got), roles.StatusAnswered)
	})
	onStage(t, "typed on in the moment of the key: it is refused", func(g *stage, is *is.I) {
		draft(g, thought)
		g.a.edit(func() {
			g.a.before = func(a *actor, did, _ string) error {
				a.before = nil
				a.composer += " more"
				a.draw()
				return nil
			}
		})
		got := g.sendWith(api.SendRequest{Text: "one", Within: "1ms"})
		time.Sleep(4 * time.Second)
		is.Equal(len(g.a.pressed()), 0)
		time.Sleep(longEnough)
		is.Equal(g.a.turnsTaken(), []string{"one"})
		is.Equal(g.a.inComposer(), thought+" more")
		is.Equal(g.status(got.ID), roles.StatusAnswered)
	})
	onStage(t, "typed on after it was put aside: the message waits, and the second draft is not put aside over the first", func(g *stage, is *is.I) {
		draft(g, thought)
		g.a.edit(func() {
			g.a.done = func(a *actor, did, _ string) error {
				if did == "C-s" {
					a.done = nil
					a.later(time.Millisecond, func() { a.composer = "more"; a.redraw() })
				}
				return nil
			}
			g.a.draws = 20 * time.Millisecond
		})
		got := g.sendWith(api.SendRequest{Text: "one", Within: "1ms"})
		time.Sleep(longEnough)
		is.Equal(g.a.count("C-s"), 1)
		is.Equal(g.a.count("paste"), 0)
		is.Equal(g.role().Held, "draft")
		g.a.edit(func() { g.a.submit(); g.a.redraw() })
		time.Sleep(longEnough)
		is.Equal(g.a.turnsTaken(), []string{"more", "one"})
		is.Equal(g.a.inComposer(), thought)
		is.Equal(g.status(got.ID), roles.StatusAnswered)
	})
	for _, mark := range []string{".s", ".p", ".e"} {
		onStage(t, "the supervisor ends at "+mark, func(g *stage, is *is.I) {
			draft(g, thought)
			reached := make(chan struct{})
			g.a.edit(func() {
				g.a.done = func(a *actor, _, step string) error {
					if len(step) > 36 && step[36:] == mark {
						a.done, a.connected = nil, false
						close(reached)
						return errLost
					}
					return nil
				}
			})
			got := g.sendWith(api.SendRequest{Text: "one", Within: "1ms"})
			<-reached
			g.end()
			g.a.edit(func() { g.a.connected = true; g.a.out = &stageOutput{ch: make(chan struct{}, 1)} })
			time.Sleep(time.Hour)
			g.run()
			time.Sleep(longEnough)
			is.Equal(g.a.turnsTaken(), []string{"one"})
			is.Equal(g.a.inComposer(), thought)
			is.Equal(g.a.pressed(), []string{"C-s", "paste", "Enter"})
			is.Equal(g.status(got.ID), roles.StatusAnswered)
		})
	}
}

// A text that was left in the composer as asked is known as ours: it is no draft to put aside, and when a person submits it, that is seen.
func TestLeftInTheComposer(t *testing.T) {
	for _, restarted := range []bool{false, true} {
		name := "by this supervisor"
		if restarted {
			name = "by the one before"
		}
		onStage(t, name, func(g *stage, is *is.I) {
			left := g.sendWith(api.SendRequest{Text: "look at this", NoSubmit: true})
			is.Equal(left.Status, roles.StatusPasted)
			if restarted {
				g.restart()
			}
			time.Sleep(time.Second)
			next := g.sendWith(api.SendRequest{Text: "next", Within: "1ms"})
			time.Sleep(longEnough)
			is.Equal(g.role().Held, "left by --no-submit")
			is.Equal(g.a.pressed(), []string{"paste"})
			g.a.edit(func() { g.a.submit(); g.a.redraw() })
			time.Sleep(longEnough)
			is.Equal(g.a.turnsTaken(), []string{"look at this", "next"})
			is.Equal(g.status(left.ID), roles.StatusAnswered)
			is.Equal(g.status(next.ID), roles.StatusAnswered)
		})
	}
}

// A person's Escape makes the agent hand a message back: it is known as ours, and cleared only when another message needs the composer.
func TestHandedBackByAPerson(t *testing.T) {
	esc := func(g *stage) { g.a.edit(func() { g.a.key("Escape"); g.a.redraw() }) }
	begin := func(g *stage, is *is.I) string {
		g.a.edit(func() {
			g.a.handsBack, g.a.turn = true, time.Hour
		})
		got := g.send("hello")
		is.Equal(got.Status, roles.StatusSubmitted)
		time.Sleep(time.Second)
		g.a.edit(func() { g.a.transcript = nil }) // it takes the echo back, too
		esc(g)
		time.Sleep(2 * time.Second)
		is.Equal(g.status(got.ID), roles.StatusReturned)
		is.Equal(g.a.inComposer(), "hello")
		return got.ID
	}
	onStage(t, "and it stays until somebody does something", func(g *stage, is *is.I) {
		id := begin(g, is)
		time.Sleep(longEnough)
		is.Equal(g.status(id), roles.StatusReturned)
		is.Equal(g.a.pressed(), []string{"paste", "Enter"})
	})
	for _, restarted := range []bool{false, true} {
		name := map[bool]string{false: "", true: " of the next supervisor"}[restarted]
		onStage(t, "cleared for the next message"+name, func(g *stage, is *is.I) {
			id := begin(g, is)
			if restarted {
				g.restart()
				time.Sleep(time.Second)
			}
			g.a.edit(func() { g.a.turn = time.Second })
			next := g.send("next")
			time.Sleep(longEnough)
			is.Equal(g.status(id), roles.StatusFailed)
			is.Equal(g.status(next.ID), roles.StatusAnswered)
			is.Equal(g.a.turnsTaken(), []string{"hello", "next"})
			is.Equal(g.a.pasted(), []string{"hello", "next"})
		})
		onStage(t, "sent again by the person"+name, func(g *stage, is *is.I) {
			id := begin(g, is)
			if restarted {
				g.restart()
				time.Sleep(time.Second)
			}
			g.a.edit(func() { g.a.turn = time.Second; g.a.submit(); g.a.redraw() })
			time.Sleep(longEnough)
			is.Equal(g.status(id), roles.StatusAnswered)
			is.Equal(g.a.turnsTaken(), []string{"hello", "hello"})
			is.Equal(g.a.count("paste"), 1)
			is.Equal(g.pending(), 0)
		})
	}
	onStage(t, "removed by the person", func(g *stage, is *is.I) {
		id := begin(g, is)
		g.a.edit(func() { g.a.composer = ""; g.a.redraw() })
		time.Sleep(longEnough)
		is.Equal(g.status(id), roles.StatusFailed)
		is.Equal(g.pending(), 0)
	})
	onStage(t, "changed by the person: theirs now, put aside and not cleared", func(g *stage, is *is.I) {
		begin(g, is)
		g.a.edit(func() { g.a.composer = "hello, or rather"; g.a.turn = time.Second; g.a.redraw() })
		time.Sleep(time.Second)
		next := g.send("next")
		time.Sleep(longEnough)
		is.Equal(g.status(next.ID), roles.StatusAnswered)
		is.Equal(g.a.inComposer(), "hello, or rather")
		is.Equal(g.a.count("Escape"), 0)
	})
	onStage(t, "the program ends", func(g *stage, is *is.I) {
		id := begin(g, is)
		g.a.edit(func() { g.a.dead = true })
		g.r.tell(signal{dead: true})
		time.Sleep(time.Second)
		is.Equal(g.status(id), roles.StatusFailed)
	})
	onStage(t, "by our own cancel: it is on the way to failed", func(g *stage, is *is.I) {
		g.a.edit(func() { g.a.handsBack, g.a.turn = true, time.Hour })
		got := g.send("hello")
		time.Sleep(time.Second)
		_, err := g.s.Cancel(context.Background(), api.Caller{How: "user"}, api.ActRequest{To: "t/dev"})
		is.NoErr(err)
		sts := g.statuses(got.ID)
		is.True(len(sts) > 2)
		is.Equal(sts[len(sts)-3:], []roles.Status{roles.StatusFailed, roles.StatusReturned, roles.StatusFailed}) // the first is the turn's
	})
}

// A hook tells of a submit before the screen shows it: the text that is still drawn is neither a person's draft nor handed back.
func TestHookBeforeTheScreen(t *testing.T) {
	onStage(t, "the next message", func(g *stage, is *is.I) {
		g.a.edit(func() {
			g.a.draws, g.a.turn = 400*time.Millisecond, 100*time.Millisecond
			g.a.done = func(a *actor, did, _ string) error {
				if did == "Enter" {
					time.AfterFunc(10*time.Millisecond, func() {
						g.hook("user-prompt-submit", map[string]string{"prompt": a.pastes[len(a.pastes)-1]})
					})
				}
				return nil
			}
		})
		one := g.send("one")
		is.Equal(one.Evidence, "hook")
		two := g.sendWith(api.SendRequest{Text: "two", Within: "20s"})
		is.Equal(two.Status, roles.StatusSubmitted)
		time.Sleep(longEnough)
		is.Equal(g.a.pressed(), []string{"paste", "Enter", "paste", "Enter"})
		is.Equal(g.status(one.ID), roles.StatusAnswered)
		for _, st := range append(g.statuses(one.ID), g.statuses(two.ID)...) {
			is.True(st != roles.StatusQueued && st != roles.StatusReturned)
		}
	})
}

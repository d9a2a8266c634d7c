package supervisor

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/matryer/is"

	"isesh/roles"
	"isesh/supervisor/api"
)

const (
	spoken1 = "TASK: rename it everywhere" // a message
	begun   = "look at "                   // what a person has begun to type
)

// typeFirst lets a person's text be typed just before a paste, too late to be seen on the screen.
func (g *stage) typeFirst(text string) {
	g.a.edit(func() {
		g.a.before = func(a *actor, did, _ string) error {
			if did == "paste" {
				a.before = nil
				a.composer = text
			}
			return nil
		}
	})
}

// types makes the composer hold a text.
func (g *stage) types(text string) { g.a.edit(func() { g.a.composer = text; g.a.redraw() }) }

// mixed sends a message that gets mixed with a person's text.
func (g *stage) mixed(is *is.I) string {
	g.Helper()
	g.typeFirst(begun)
	got := g.sendWith(api.SendRequest{Text: spoken1, Within: "1s"})
	is.Equal(got.Reason, heldMixed)
	is.Equal(g.role().Held, heldMixed)
	is.Equal(g.a.inComposer(), begun+spoken1)
	return got.ID
}

// A message that stands in the composer beside a person's text is not submitted by us, and waits for what the person does.
func TestBesideADraft(t *testing.T) {
	const both = begun + spoken1
	enter := func(g *stage) { g.a.edit(func() { g.a.submit(); g.a.redraw() }) }
	start := func(g *stage) { g.hook("session-start", map[string]string{"source": "startup", "session_id": "s"}) }

	onStage(t, "for as long as it takes, and goes when it is alone", func(g *stage, is *is.I) {
		id := g.mixed(is)
		time.Sleep(time.Hour)
		is.Equal(g.status(id), roles.StatusPasting)
		is.Equal(g.role().Held, heldMixed)
		g.types("k at " + spoken1)
		time.Sleep(time.Second)
		g.types(begun + "TASK: rename it") // no longer whole
		time.Sleep(time.Hour)
		is.Equal(g.status(id), roles.StatusPasting)
		is.Equal(g.a.pressed(), []string{"paste"})
		g.types(spoken1)
		time.Sleep(longEnough)
		is.Equal(g.a.pressed(), []string{"paste", "Enter"})
		is.Equal(g.status(id), roles.StatusAnswered)
	})
	onStage(t, "and the person sends both: the hook tells", func(g *stage, is *is.I) {
		start(g)
		id := g.mixed(is)
		enter(g)
		g.heard(both)
		time.Sleep(time.Second)
		is.Equal(g.status(id), roles.StatusSubmitted)
		is.Equal(g.records(roles.KindPrompt)[0].Text, both)
		g.stop("renamed")
		time.Sleep(longEnough)
		is.Equal(g.status(id), roles.StatusAnswered)
		is.Equal(g.records(roles.KindReply)[0].Text, "renamed")
		is.Equal(len(g.records(roles.KindTurn)), 2) // of the prompt and of the message
		is.Equal(len(g.records(roles.KindPrompt)), 1)
		is.Equal(g.a.pressed(), []string{"paste"})
	})
	onStage(t, "and the person sends both: the hook is late", func(g *stage, is *is.I) {
		start(g)
		id := g.mixed(is)
		enter(g)
		time.Sleep(outFor - time.Second)
		g.heard(both)
		time.Sleep(time.Second)
		is.Equal(g.status(id), roles.StatusSubmitted)
		is.Equal(g.a.pressed(), []string{"paste"})
	})
	onStage(t, "and the person sends both: the transcript tells", func(g *stage, is *is.I) {
		id := g.mixed(is)
		enter(g)
		time.Sleep(longEnough)
		is.Equal(g.status(id), roles.StatusAnswered)
		is.Equal(g.evidence(id, roles.StatusSubmitted), withinEcho)
		is.Equal(g.records(roles.KindPrompt)[0].Text, both)
		is.Equal(len(g.records(roles.KindPrompt)), 1)
		is.Equal(g.a.pressed(), []string{"paste"})
	})
	onStage(t, "and the person sends both, unseen: that it was submitted cannot be excluded", func(g *stage, is *is.I) {
		g.a.edit(func() { g.a.noEcho = true })
		id := g.mixed(is)
		enter(g)
		time.Sleep(longEnough)
		is.Equal(g.status(id), roles.StatusUnconfirmed)
		is.Equal(g.a.pressed(), []string{"paste"})
	})
	for _, hooked := range []bool{false, true} {
		name := map[bool]string{false: " without hooks", true: " with hooks"}[hooked]
		onStage(t, "and the person clears both: it is pasted again"+name, func(g *stage, is *is.I) {
			if hooked {
				start(g)
			}
			id := g.mixed(is)
			g.types("")
			time.Sleep(outFor - 100*time.Millisecond)
			is.Equal(g.status(id), roles.StatusPasting)
			next := g.sendWith(api.SendRequest{Text: "next", Within: "1ms"})
			time.Sleep(longEnough)
			is.Equal(g.a.pressed(), []string{"paste", "paste", "Enter", "paste", "Enter"})
			is.Equal(g.a.turnsTaken(), []string{spoken1, "next"}) // its place in the queue is its own
			is.Equal(g.statuses(id), []roles.Status{
				roles.StatusAccepted, roles.StatusPasting, roles.StatusQueued, roles.StatusPasting, roles.StatusPasted, roles.StatusEntered, roles.StatusSubmitted, roles.StatusAnswered,
			})
			is.Equal(g.marks(id), []string{id + ".p", id + ".p", id + ".p2", id + ".e"})
			is.Equal(g.status(next.ID), roles.StatusAnswered)
		})
		onStage(t, "and the person types something else in its place"+name, func(g *stage, is *is.I) {
			if hooked {
				start(g)
			}
			id := g.mixed(is)
			g.types("no, wait")
			time.Sleep(longEnough)
			is.Equal(g.status(id), roles.StatusAnswered)
			is.Equal(g.a.pressed(), []string{"paste", "C-s", "paste", "Enter"})
			is.Equal(g.a.inComposer(), "no, wait")
		})
		onStage(t, "and the person clears it each time"+name, func(g *stage, is *is.I) {
			if hooked {
				start(g)
			}
			id := g.mixed(is)
			for range maxPastes - 1 {
				g.typeFirst(begun)
				g.types("")
				time.Sleep(2 * outFor)
				is.Equal(g.role().Held, heldMixed)
			}
			g.types("")
			time.Sleep(longEnough)
			is.Equal(g.status(id), roles.StatusUnconfirmed)
			is.Equal(g.a.count("paste"), maxPastes)
			is.Equal(g.a.count("Enter"), 0)
			is.Equal(g.pending(), 0)
		})
		onStage(t, "and is cleared while no supervisor runs"+name, func(g *stage, is *is.I) {
			if hooked {
				start(g)
				g.send("before") // by which the next one knows that there are hooks
				g.heard("before")
				g.stop("ok")
				time.Sleep(longEnough)
				g.send("before")
				g.heard("before")
				g.stop("ok")
				time.Sleep(longEnough)
			}
			before := len(g.a.pressed())
			id := g.mixed(is)
			g.end()
			g.types("")
			time.Sleep(time.Minute)
			g.run()
			time.Sleep(longEnough)
			if g.r.hooked {
				is.Equal(g.a.pressed()[before:], []string{"paste", "paste", "Enter"})
				is.True(g.status(id) == roles.StatusAnswered)
			} else {
				is.Equal(g.a.pressed(), []string{"paste"}) // who knows what happened meanwhile
				is.Equal(g.status(id), roles.StatusUnconfirmed)
			}
		})
		onStage(t, "and is cleared under the next supervisor"+name, func(g *stage, is *is.I) {
			if hooked {
				start(g)
			}
			id := g.mixed(is)
			g.restart()
			time.Sleep(longEnough)
			is.Equal(g.role().Held, heldMixed)
			g.types("")
			time.Sleep(longEnough)
			is.Equal(g.a.pressed(), []string{"paste", "paste", "Enter"})
			is.Equal(g.status(id), roles.StatusAnswered)
		})
	}
	onStage(t, "and the person clears both and sends something else", func(g *stage, is *is.I) {
		start(g)
		g.a.edit(func() { g.a.turn = time.Minute })
		id := g.mixed(is)
		g.types("how is it going?")
		time.Sleep(time.Second)
		enter(g)
		g.heard("how is it going?")
		time.Sleep(10 * time.Second)
		is.Equal(g.status(id), roles.StatusPasting)
		time.Sleep(time.Minute)
		g.stop("well")
		time.Sleep(longEnough)
		is.Equal(g.a.turnsTaken(), []string{"how is it going?", spoken1})
	})
	onStage(t, "and the person sends a part of it", func(g *stage, is *is.I) {
		start(g)
		id := g.mixed(is)
		g.types(begun + "TASK: rename it")
		time.Sleep(time.Second)
		enter(g)
		g.heard(begun + "TASK: rename it")
		time.Sleep(longEnough)
		is.Equal(g.status(id), roles.StatusUnconfirmed)
		is.Equal(g.a.count("paste"), 1)
	})
	onStage(t, "and the program ends", func(g *stage, is *is.I) {
		id := g.mixed(is)
		g.a.edit(func() { g.a.dead = true })
		g.r.tell(signal{dead: true})
		time.Sleep(time.Second)
		is.Equal(g.status(id), roles.StatusUnconfirmed)
	})
	onStage(t, "the next supervisor is killed when it is back in the queue", func(g *stage, is *is.I) {
		id := g.mixed(is)
		killed := make(chan struct{})
		g.a.edit(func() {
			g.a.before = func(a *actor, did, _ string) error {
				a.before, a.connected = nil, false
				close(killed)
				return errNoClient
			}
		})
		g.types("")
		<-killed
		is.Equal(g.status(id), roles.StatusQueued)
		g.end()
		g.a.edit(func() { g.a.connected = true; g.a.out = &stageOutput{ch: make(chan struct{}, 1)} })
		g.run()
		time.Sleep(longEnough)
		is.Equal(g.status(id), roles.StatusAnswered)
		is.Equal(g.a.pressed(), []string{"paste", "paste", "Enter"})
		for step, n := range g.a.steps {
			if n != 1 {
				t.Errorf("%s was done %d times", step, n)
			}
		}
	})
	for _, mark := range []string{".p2", ".e"} {
		onStage(t, "the supervisor ends at "+mark, func(g *stage, is *is.I) {
			id := g.mixed(is)
			reached := make(chan struct{})
			g.a.edit(func() {
				g.a.done = func(a *actor, _, step string) error {
					if step == id+mark {
						a.done, a.connected = nil, false
						close(reached)
						return errLost
					}
					return nil
				}
			})
			g.types("")
			<-reached
			g.end()
			g.a.edit(func() { g.a.connected = true; g.a.out = &stageOutput{ch: make(chan struct{}, 1)} })
			time.Sleep(time.Minute)
			g.run()
			time.Sleep(longEnough)
			is.Equal(g.status(id), roles.StatusAnswered)
			is.Equal(g.a.pressed(), []string{"paste", "paste", "Enter"})
			is.Equal(g.a.turnsTaken(), []string{spoken1})
		})
	}
}

// A message that a person takes out of the composer before it was ever seen there is pasted again, if the program has read it.
func TestTakenOutUnseen(t *testing.T) {
	onStage(t, "", func(g *stage, is *is.I) {
		g.a.edit(func() {
			g.a.done = func(a *actor, did, _ string) error {
				if did == "paste" {
					a.done = nil
					a.composer = ""
				}
				return nil
			}
		})
		got := g.sendWith(api.SendRequest{Text: spoken1, Within: "1s"})
		is.Equal(got.Status, roles.StatusUnconfirmed)
		time.Sleep(longEnough)
		is.Equal(g.status(got.ID), roles.StatusAnswered)
		is.Equal(g.a.pressed(), []string{"paste", "paste", "Enter"})
	})
}

// How long a paste may stay unseen does not begin anew with each supervisor.
func TestUnseenAcrossRestarts(t *testing.T) {
	onStage(t, "", func(g *stage, is *is.I) {
		g.a.edit(func() { g.a.stopped = true })
		id := g.sendWith(api.SendRequest{Text: spoken1, Within: "1s"}).ID
		for range 3 {
			time.Sleep(4 * time.Second)
			is.Equal(g.status(id), roles.StatusPasting)
			g.restart()
		}
		time.Sleep(outFor + time.Second)
		is.Equal(g.statuses(id), []roles.Status{roles.StatusAccepted, roles.StatusPasting, roles.StatusUnconfirmed})
	})
}

// evidence is what the log says that proved a status.
func (g *stage) evidence(id string, status roles.Status) string {
	g.Helper()
	_, recs, err := g.s.log.Get(id)
	if err != nil {
		g.Fatal(err)
	}
	for _, r := range recs {
		if r.Status == status {
			return r.Evidence
		}
	}
	return ""
}

// marks are those that the log has of a message.
func (g *stage) marks(id string) (out []string) {
	g.Helper()
	_, recs, err := g.s.log.Get(id)
	if err != nil {
		g.Fatal(err)
	}
	for _, r := range recs {
		if r.Step != "" {
			out = append(out, r.Step)
		}
	}
	return out
}

// The same in tmux, with an agent that draws late: what a person has just typed is not seen before the paste.
func TestBesideADraftInTmux(t *testing.T) {
	for _, c := range []struct {
		name, key string
		turns     []string
		evidence  string
	}{
		{"cleared", "C-u", []string{"message"}, ""},
		{"sent", "Enter", []string{begun + "message"}, withinHook},
	} {
		t.Run(c.name, func(t *testing.T) {
			is := is.New(t)
			g := newRig(t)
			g.serve()
			g.start("t", g.role("dev", "--draw-delay", "200ms"))
			g.cli("send-keys", "-t", "=isesh-t:dev", "-l", begun)
			got := must(g.sup.Send(context.Background(), g.person(), api.SendRequest{To: "t/dev", Text: "message", Within: "1ms"}))
			g.until("it is held", func() bool { return g.sup.runner(address("t/dev")).view().role.Held == heldMixed })
			g.cli("send-keys", "-t", "=isesh-t:dev", c.key)
			g.soon("the end", func() bool { return g.status(got.ID) == roles.StatusAnswered })
			texts, _ := g.turns("dev")
			is.Equal(texts, c.turns)
			if c.evidence != "" {
				_, recs, err := g.sup.log.Get(got.ID)
				is.NoErr(err)
				is.True(slices.ContainsFunc(recs, func(r roles.Record) bool { return r.Evidence == c.evidence }))
			}
		})
	}
}

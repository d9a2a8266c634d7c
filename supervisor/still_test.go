package supervisor

import (
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"isesh/roles"
	"isesh/roles/agent"
	"isesh/supervisor/api"
)

// Enter is pressed only on the composer that was seen: what is typed or drawn between the look and the Enter refuses it.
func TestEnterOnWhatWasSeen(t *testing.T) {
	meanwhile := func(g *stage, do func(a *actor)) {
		g.a.edit(func() {
			g.a.before = func(a *actor, did, _ string) error {
				if did == "Enter" {
					a.before = nil
					do(a)
				}
				return nil
			}
		})
	}
	onStage(t, "a person's first letter", func(g *stage, is *is.I) {
		meanwhile(g, func(a *actor) { a.composer += "d"; a.draw() })
		got := g.sendWith(api.SendRequest{Text: spoken1, Within: "1s"})
		is.Equal(got.Reason, heldMixed)
		time.Sleep(longEnough)
		is.Equal(g.a.pressed(), []string{"paste"})
		g.types(spoken1)
		time.Sleep(longEnough)
		is.Equal(g.a.turnsTaken(), []string{spoken1})
		is.Equal(g.status(got.ID), roles.StatusAnswered)
	})
	onStage(t, "a person's first letter in another row", func(g *stage, is *is.I) {
		meanwhile(g, func(a *actor) { a.composer += "\nd"; a.draw() })
		got := g.sendWith(api.SendRequest{Text: spoken1, Within: "1s"})
		is.Equal(got.Reason, heldMixed)
		is.Equal(g.a.pressed(), []string{"paste"})
	})
	for _, step := range []string{"paste", "Enter"} {
		onStage(t, "drawn elsewhere before the "+step+": it is done there, at once", func(g *stage, is *is.I) {
			g.a.edit(func() {
				g.a.before = func(a *actor, did, _ string) error {
					if did == step {
						a.before = nil
						a.transcript = append(a.transcript, "news")
						a.draw()
						a.cursorX++ // not yet where it will be
						a.later(2*time.Millisecond, a.draw)
					}
					return nil
				}
			})
			began := time.Now()
			got := g.send(spoken1)
			is.Equal(got.Status, roles.StatusSubmitted)
			is.True(time.Since(began) < refusedRetry/2)
			is.Equal(g.a.pressed(), []string{"paste", "Enter"})
		})
	}
	onStage(t, "a program that never keeps its cursor still", func(g *stage, is *is.I) {
		g.a.edit(func() { g.a.restless = true })
		got := g.sendWith(api.SendRequest{Text: spoken1, Within: "10s"})
		is.Equal(got.Status, roles.StatusSubmitted)
		time.Sleep(longEnough)
		next := g.sendWith(api.SendRequest{Text: "next", Within: "10s"})
		is.Equal(next.Status, roles.StatusSubmitted)
		is.Equal(g.a.turnsTaken(), []string{spoken1, "next"})
	})
}

// Whatever a message is made of, the cursor is where it was seen.
func TestEnterOnOddTexts(t *testing.T) {
	is := is.New(t)
	g := newRig(t)
	g.start("t", g.role("dev", "--no-hooks"))
	for i, text := range []string{
		"100% of #{pane_id}, #[fg=red] and #(date); a|b {c} [d] $HOME ^x *y +z \\n \\. ,},#,", "漢字とかな、全角", "👩‍👧 fine ❤️ 🇩🇪", "cafe\u0301 \u1112\u1161\u11ab a\u200bb",
		"العربية و עברית", "a\tb\t\tc", strings.Repeat("word ", 60), strings.Repeat("全", 130), "a\n\n  b\n\tc # d", strings.Repeat("line\n", 20) + "end", "~!@#$%^&*()_+`-={}|[]\\:\";'<>?,./", "nbsp\u00a0and \u2028 \ufeff",
	} {
		began := time.Now()
		got := g.send("t/dev", text)
		is.Equal(got.Status, roles.StatusSubmitted)
		if took := time.Since(began); took > refusedRetry*(strictTries-atOnce) {
			t.Errorf("text %d took %s", i, took)
		}
		g.in("t/dev", agent.Idle)
	}
}

package supervisor

import (
	"context"
	"encoding/json"

	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matryer/is"

	"isesh/roles"
	"isesh/supervisor/api"
)

func (g *stage) heard(prompt string) {
	g.hook("user-prompt-submit", map[string]string{"prompt": prompt})
}

// A hook that tells what was submitted proves a message, whatever the screen shows.
func TestHookIsProof(t *testing.T) {
	onStage(t, "of the message under way", func(g *stage, is *is.I) {
		g.a.edit(func() {
			g.a.noEcho, g.a.turn = true, 0
			g.a.done = func(a *actor, did, _ string) error {
				if did == "Enter" {
					g.s.wg.Go(func() { g.heard("hello\n") })
				}
				return nil
			}
		})
		got := g.send("hello")
		is.Equal([]string{string(got.Status), got.Evidence}, []string{"submitted", "hook"})
		is.Equal(len(g.records(roles.KindPrompt)), 0)
	})
	onStage(t, "of one that was called unconfirmed", func(g *stage, is *is.I) {
		g.a.edit(func() { g.a.noEcho, g.a.turn = true, 0 })
		got := g.send("TASK: hello")
		time.Sleep(longEnough)
		is.Equal(g.status(got.ID), roles.StatusUnconfirmed)
		g.heard("TASK: hello")
		g.stop("hello yourself")
		time.Sleep(longEnough)
		is.Equal(g.statuses(got.ID)[4:], []roles.Status{roles.StatusUnconfirmed, roles.StatusSubmitted, roles.StatusAnswered})
		is.Equal(g.records(roles.KindReply)[0].Text, "hello yourself")
	})
	onStage(t, "of one that a person was to submit", func(g *stage, is *is.I) {
		got := g.sendWith(api.SendRequest{Text: "hello", NoSubmit: true})
		is.Equal(got.Status, roles.StatusPasted)
		g.a.edit(func() { g.a.noEcho = true; g.a.key("Enter"); g.a.redraw() })
		g.heard("hello")
		g.stop("hi")
		time.Sleep(longEnough)
		is.Equal(g.status(got.ID), roles.StatusAnswered)
		is.Equal(len(g.records(roles.KindPrompt)), 0)
	})
	onStage(t, "of one that a person was to submit, without hooks", func(g *stage, is *is.I) {
		got := g.sendWith(api.SendRequest{Text: "hello", NoSubmit: true})
		g.a.edit(func() { g.a.key("Enter"); g.a.redraw() })
		time.Sleep(longEnough)
		is.Equal(g.status(got.ID), roles.StatusAnswered)
		is.Equal(len(g.records(roles.KindPrompt)), 0)
	})
	onStage(t, "and comes late", func(g *stage, is *is.I) {
		g.a.edit(func() { g.a.turn = time.Hour })
		got := g.send("hello")
		is.True(got.Evidence != "hook")
		g.heard("hello")
		g.stop("hi")
		time.Sleep(longEnough)
		is.Equal(len(g.records(roles.KindPrompt)), 0)
		is.Equal(g.status(got.ID), roles.StatusAnswered)
	})
}

// What a person types is in the conversation, and how the turn ended; what isesh typed is not taken for a person's.
func TestPromptsOfPersons(t *testing.T) {
	onStage(t, "from the hook", func(g *stage, is *is.I) {
		g.heard("do it\nnow")
		g.stop("done it")
		g.heard(strings.Repeat("ä", 100_000))
		g.heard("<task-notification>\nbackground work is over")
		g.heard("  \n")
		time.Sleep(longEnough)
		recs := g.records(roles.KindPrompt)
		is.Equal(len(recs), 2)
		is.Equal([]string{recs[0].Text, recs[0].From, recs[0].To, recs[0].Origin}, []string{"do it\nnow", "user", "t/dev", "hook"})
		is.Equal(len(recs[1].Text), maxSaid)
		over := g.records(roles.KindTurn)[0]
		is.Equal([]string{over.Ref, over.Text}, []string{recs[0].ID, "done it"})
	})
	onStage(t, "the same words as a message's", func(g *stage, is *is.I) {
		g.send("go on")
		g.heard("go on")
		g.stop("ok")
		time.Sleep(longEnough)
		g.heard("go on")
		time.Sleep(time.Second)
		is.Equal(len(g.records(roles.KindPrompt)), 1)
	})
	onStage(t, "from the screen", func(g *stage, is *is.I) {
		g.send("ours")
		time.Sleep(longEnough)
		g.a.edit(func() { g.a.composer = "theirs"; g.a.key("Enter"); g.a.redraw() })
		time.Sleep(longEnough)
		recs := g.records(roles.KindPrompt)
		is.Equal(len(recs), 1)
		is.Equal([]string{recs[0].Text, recs[0].Origin}, []string{"theirs", "screen"})
		over := g.records(roles.KindTurn)
		is.Equal(over[len(over)-1].Ref, recs[0].ID)
		g.send("ours again")
		time.Sleep(longEnough)
		is.Equal(len(g.records(roles.KindPrompt)), 1)
	})
	onStage(t, "from the screen and the hook", func(g *stage, is *is.I) {
		time.Sleep(time.Second)
		g.a.edit(func() { g.a.composer = "theirs, with a longer text"; g.a.key("Enter"); g.a.redraw() })
		time.Sleep(time.Second)
		g.heard("theirs, with a longer text")
		g.stop("well")
		time.Sleep(longEnough)
		is.Equal(len(g.records(roles.KindPrompt)), 1)
		is.Equal(len(g.records(roles.KindTurn)), 1)
	})
}

// Only a process of the role is believed; nothing that a hook sends makes it fail; no text gets into the supervisor's own log.
func TestHooksOfStrangers(t *testing.T) {
	onStage(t, "", func(g *stage, is *is.I) {
		g.a.edit(func() { g.a.turn = time.Hour })
		g.send("TASK: go")
		input, err := json.Marshal(map[string]string{"last_assistant_message": "forged", "prompt": "forged", "session_id": "forged"})
		is.NoErr(err)
		for _, c := range []api.Caller{
			{How: "user"}, {Role: g.addr, How: "isesh_role"}, {Role: address("t/nobody"), How: "ancestry"},
		} {
			for _, event := range []string{"stop", "user-prompt-submit", "session-start"} {
				res, err := g.s.Hook(context.Background(), c, api.HookRequest{Event: event, Input: input})
				is.NoErr(err)
				is.Equal(res.Output, nil)
			}
		}
		for _, raw := range []string{"", "null", "{", `"x"`, `{"prompt":7}`, `[]`, `{"agent_id":"sub","last_assistant_message":"a subagent's"}`} {
			for _, event := range []string{"stop", "no-such-hook"} {
				if raw == "null" && event == "stop" {
					continue // an end without a text is an end
				}
				_, err := g.s.Hook(context.Background(), asRole("t/dev"), api.HookRequest{Event: event, Input: json.RawMessage(raw)})
				is.NoErr(err)
			}
		}
		time.Sleep(longEnough)
		is.Equal(len(g.records(roles.KindTurn)), 0)
		is.Equal(len(g.records(roles.KindPrompt)), 0)
	})
}

// The agent's session is remembered; its briefing is printed when it may have lost it, and only if its command line does not keep it.
func TestSessionStart(t *testing.T) {
	onStage(t, "", func(g *stage, is *is.I) {
		start := func(source string) string {
			return string(g.hook("session-start", map[string]string{"source": source, "session_id": "s-" + source, "transcript_path": "/t.jsonl"}).Output)
		}
		is.Equal(start("clear"), "")
		e, _ := g.s.reg.Get(g.addr)
		is.Equal([]string{e.AgentSession, e.Transcript}, []string{"s-clear", "/t.jsonl"})
		is.NoErr(g.s.prompts.Set(g.addr, "You are \"dev\"."))
		want := `{"hookSpecificOutput":{"hookEventName":"SessionStart","additionalContext":"You are \"dev\"."}}`
		for _, source := range []string{"startup", "resume", "clear", "compact"} {
			is.Equal(start(source), want)
		}
		is.Equal(start("other"), "")
		is.NoErr(g.s.prompts.Delete(g.addr))
		is.NoErr(g.s.reg.PutTeam(roles.Team{Name: "t", Layout: json.RawMessage(`{"roles":[{"name":"dev","prompt":"You are \"dev\"."}]}`)}))
		is.Equal(start("compact"), want) // a profile without a place for it
		e.Profile, e.Argv = "claude", []string{"claude"}
		is.NoErr(g.s.reg.Put(e))
		is.Equal(start("compact"), "") // on the command line
		e.Argv = []string{"claude", "--append-system-prompt", "Be brief."}
		is.NoErr(g.s.reg.Put(e))
		is.Equal(start("compact"), want)
		is.NoErr(g.s.prompts.Set(g.addr, "another"))
		is.Equal(start("resume"), strings.ReplaceAll(want, `You are \"dev\".`, "another"))
	})
}

// With hooks, a turn ends with its hook and not with the first idle screen; when nothing tells of the end, the screen does after a while.
func TestHookAndScreen(t *testing.T) {
	onStage(t, "the hook is later than the screen", func(g *stage, is *is.I) {
		g.hook("session-start", map[string]string{"source": "startup", "session_id": "s"})
		g.a.edit(func() { g.a.turn = time.Second })
		got := g.send("TASK: one")
		next := g.sendWith(api.SendRequest{Text: "two", Within: "1ms"})
		time.Sleep(2 * time.Second) // idle since a second
		is.Equal(g.status(got.ID), roles.StatusSubmitted)
		is.Equal(len(g.a.turnsTaken()), 1) // the next waits for the end to be told
		g.stop("first")
		synctest.Wait()
		is.Equal(g.status(got.ID), roles.StatusAnswered)
		time.Sleep(time.Second)
		is.Equal(len(g.a.turnsTaken()), 2)
		time.Sleep(10 * time.Second)
		is.Equal(g.status(next.ID), roles.StatusAnswered)
		over := g.records(roles.KindTurn)
		is.Equal([]string{over[0].Evidence, over[0].Text, over[1].Evidence}, []string{"hook: stop", "first", "screen: idle"})
		g.stop("too late") // the screen has ended it, a moment ago
		time.Sleep(time.Second)
		is.Equal(len(g.records(roles.KindTurn)), 2)
	})
	onStage(t, "interrupted", func(g *stage, is *is.I) {
		g.hook("session-start", map[string]string{"source": "startup", "session_id": "s"})
		g.a.edit(func() { g.a.turn = time.Hour })
		got := g.send("TASK: one")
		_, err := g.s.Cancel(context.Background(), api.Caller{How: "user"}, api.ActRequest{To: "t/dev"})
		is.NoErr(err)
		time.Sleep(stopGrace / 2)
		is.Equal(g.status(got.ID), roles.StatusFailed)
		is.Equal(g.records(roles.KindReply)[0].Origin, "auto:interrupted")
	})
}

// Several messages in the agent's own queue: the first end is the first one's, the rest end with the next, or with the same one when nothing follows.
func TestQueuedInTheAgent(t *testing.T) {
	onStage(t, "two ends", func(g *stage, is *is.I) {
		g.a.edit(func() { g.a.busy = true; g.a.draw() })
		time.Sleep(time.Second)
		g.begin(false, "a", "b", "c")
		g.stop("one")
		time.Sleep(longEnough)
		g.stop("two")
		time.Sleep(longEnough)
		is.Equal(g.ends(), []string{"a: one", "b: two", "c: two"})
	})
	onStage(t, "one end", func(g *stage, is *is.I) {
		g.begin(false, "a", "b", "c")
		g.stop("one")
		time.Sleep(longEnough)
		is.Equal(g.ends(), []string{"a: one", "b: one", "c: one"})
	})
	onStage(t, "behind a turn that nobody saw begin", func(g *stage, is *is.I) {
		g.a.edit(func() { g.a.busy = true; g.a.draw() })
		time.Sleep(time.Second)
		g.begin(true, "b")
		w := g.wait(api.Caller{}, api.WaitRequest{Tag: "DONE", Timeout: "1s"})
		synctest.Wait()
		g.stop("somebody else's")
		<-w.done
		is.True(w.res.TimedOut) // that end concerns nobody
		time.Sleep(longEnough)
		g.stop("mine")
		time.Sleep(longEnough)
		is.Equal(g.ends(), []string{"-: somebody else's", "b: mine"})
	})
}

// A runner that fails leaves its turns to the next one.
func TestTurnsOutliveARunner(t *testing.T) {
	onStage(t, "", func(g *stage, is *is.I) {
		g.a.edit(func() { g.a.turn = time.Hour })
		got := g.send("TASK: go")
		e, _ := g.s.reg.Get(g.addr)
		r := newRunner(g.s, e, g.r.prof, g.a, func() {})
		is.NoErr(g.r.do(context.Background(), func() { r.recallTurns(g.s.recalled, g.r) }))
		is.Equal(len(r.turns), 1)
		is.Equal(r.turns[0].rec.ID, got.ID)
	})
}

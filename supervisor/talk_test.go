package supervisor

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"isesh/roles"
	"isesh/roles/agent"
	"isesh/supervisor/api"
)

// asRole is a call of a program inside a role.
func asRole(name string) api.Caller { return api.Caller{Role: address(name), How: "ancestry"} }

// join gives the stage another role, with a program of its own.
func (g *stage) join(name string) *actor {
	g.Helper()
	prof, err := agent.Load("scripted")
	if err != nil {
		g.Fatal(err)
	}
	a := newActor()
	e := roles.Entry{Address: address(name), ID: roles.NewID(), Pane: "%2", PanePID: actorPID, Profile: "scripted"}
	if err := g.s.reg.Put(e); err != nil {
		g.Fatal(err)
	}
	r := newRunner(g.s, e, prof, a, func() {})
	r.recallTurns(g.s.recalled, nil)
	g.s.mu.Lock()
	g.s.runners[e.Address] = r
	g.s.mu.Unlock()
	r.tell(signal{attached: true})
	g.s.wg.Go(func() { r.run(g.s.run) })
	return a
}

// asks is a message of one role to another, accepted.
func (g *stage) asks(from, to, text string) api.Receipt {
	g.Helper()
	got, err := g.s.Send(context.Background(), asRole(from), api.SendRequest{To: to, Text: text})
	if err != nil {
		g.Fatalf("%s sends %s: %v", from, to, err)
	}
	return got
}

// hook is a hook of t/dev.
func (g *stage) hook(event string, input any) api.HookResult {
	g.Helper()
	data, err := json.Marshal(input)
	if err != nil {
		g.Fatal(err)
	}
	res, err := g.s.Hook(context.Background(), asRole("t/dev"), api.HookRequest{Event: event, Input: data})
	if err != nil {
		g.Fatalf("hook %s: %v", event, err)
	}
	return res
}

func (g *stage) stop(text string) { g.hook("stop", map[string]string{"last_assistant_message": text}) }

// records are those of a kind, oldest first.
func (g *stage) records(kind roles.Kind) []roles.Record {
	g.Helper()
	recs, err := g.s.log.Tail(roles.Filter{Kinds: []roles.Kind{kind}})
	if err != nil {
		g.Fatal(err)
	}
	return recs
}

// pendingWait is a wait that runs beside the test.
type pendingWait struct {
	res  api.WaitResult
	err  error
	took time.Duration
	done chan struct{}
	end  context.CancelFunc
}

func (g *stage) wait(c api.Caller, req api.WaitRequest) *pendingWait {
	ctx, cancel := context.WithCancel(context.Background())
	w, began := &pendingWait{done: make(chan struct{}), end: cancel}, time.Now()
	g.s.wg.Go(func() {
		defer close(w.done)
		w.res, w.err = g.s.Wait(ctx, c, req)
		w.took = time.Since(began)
	})
	g.Cleanup(cancel)
	return w
}

// A TASK is answered with the last text of its turn, once, whatever told of the end; what answers in time is not repeated.
func TestOwedAnswers(t *testing.T) {
	const typed = "[from:dev] "
	onStage(t, "by its hook", func(g *stage, is *is.I) {
		gestor := g.join("t/gestor")
		got := g.asks("t/gestor", "t/dev", "TASK: add login")
		is.Equal(got.Status, roles.StatusSubmitted)
		g.hook("user-prompt-submit", map[string]string{"prompt": "[from:gestor] TASK: add login"})
		g.stop("DONE: login is there")
		time.Sleep(longEnough)
		is.Equal(gestor.turnsTaken(), []string{typed + "DONE: login is there"})
		over := g.records(roles.KindTurn)
		is.Equal([]string{over[0].Ref, over[0].Evidence, over[0].Text, string(over[0].Status)}, []string{got.ID, "hook: stop", "DONE: login is there", "answered"})
		replies := g.records(roles.KindReply)
		is.Equal(len(replies), 1)
		re := replies[0]
		is.Equal([]string{re.From, re.To, re.InReplyTo, re.Origin, re.Tag}, []string{"t/dev", "t/gestor", got.ID, "auto", "DONE"})
		is.True(!re.Owes && re.Hops == 1)
		is.Equal(g.status(got.ID), roles.StatusAnswered)
		is.Equal(len(g.records(roles.KindPrompt)), 0)
	})
	onStage(t, "a plain message owes nothing", func(g *stage, is *is.I) {
		gestor := g.join("t/gestor")
		g.asks("t/gestor", "t/dev", "by the way")
		g.stop("fine")
		time.Sleep(longEnough)
		is.Equal(gestor.turnsTaken(), nil)
		is.Equal(g.records(roles.KindTurn)[0].Text, "fine")
	})
	onStage(t, "an answer in time", func(g *stage, is *is.I) {
		gestor := g.join("t/gestor")
		got := g.asks("t/gestor", "t/dev", "QUESTION: ready?")
		rep, err := g.s.Reply(context.Background(), asRole("t/dev"), api.ReplyRequest{Text: "yes"})
		is.NoErr(err)
		is.Equal(rep.To, "t/gestor")
		g.stop("I said yes.")
		time.Sleep(longEnough)
		is.Equal(gestor.turnsTaken(), []string{typed + "yes"})
		is.Equal(g.records(roles.KindReply)[0].InReplyTo, got.ID)
		is.Equal(len(g.records(roles.KindTurn)), 2) // dev's, and gestor's with the answer
	})
	onStage(t, "a message tagged as an answer", func(g *stage, is *is.I) {
		gestor := g.join("t/gestor")
		got := g.asks("t/gestor", "t/dev", "TASK: go")
		g.asks("t/dev", "t/gestor", "STATUS: half")
		done := g.asks("t/dev", "t/gestor", "DONE: all of it")
		g.stop("That was it.")
		time.Sleep(longEnough)
		is.Equal(gestor.turnsTaken(), []string{typed + "STATUS: half", typed + "DONE: all of it"})
		rec, _, err := g.s.log.Get(done.ID)
		is.NoErr(err)
		is.Equal(rec.InReplyTo, got.ID)
		is.Equal(len(g.records(roles.KindReply)), 0)
	})
	onStage(t, "interrupted", func(g *stage, is *is.I) {
		gestor := g.join("t/gestor")
		g.a.edit(func() { g.a.turn = time.Hour })
		g.asks("t/gestor", "t/dev", "TASK: go")
		_, err := g.s.Cancel(context.Background(), api.Caller{How: "user"}, api.ActRequest{To: "t/dev"})
		is.NoErr(err)
		time.Sleep(longEnough)
		is.Equal(gestor.turnsTaken(), []string{typed + "the turn was interrupted; no answer"})
		is.Equal(g.records(roles.KindReply)[0].Origin, "auto:interrupted")
	})
	onStage(t, "its program ends", func(g *stage, is *is.I) {
		gestor := g.join("t/gestor")
		g.a.edit(func() { g.a.turn = time.Hour })
		g.asks("t/gestor", "t/dev", "TASK: go")
		g.a.edit(func() { g.a.dead = true })
		g.r.tell(signal{dead: true})
		time.Sleep(longEnough)
		is.Equal(gestor.turnsTaken(), []string{typed + "its program ended in the middle of the turn; no answer"})
	})
	onStage(t, "the agent's own failure", func(g *stage, is *is.I) {
		gestor := g.join("t/gestor")
		g.asks("t/gestor", "t/dev", "TASK: go")
		g.hook("stop-failure", map[string]string{"last_assistant_message": "API Error: 529", "error": "unknown"})
		time.Sleep(longEnough)
		is.Equal(gestor.turnsTaken(), []string{typed + "the turn failed; no answer. API Error: 529"})
	})
	onStage(t, "more than fits", func(g *stage, is *is.I) {
		gestor := g.join("t/gestor")
		g.asks("t/gestor", "t/dev", "TASK: go")
		text := strings.Repeat("größer ", 12_000)
		g.stop(text)
		time.Sleep(longEnough)
		over := g.records(roles.KindTurn)[0]
		is.True(len(over.Text) <= maxSaid && len(over.Text) > maxSaid-4 && strings.HasPrefix(text, over.Text))
		got := gestor.turnsTaken()[0]
		is.True(strings.Contains(got, " bytes more: isesh log --id "+over.ID+" --full)"))
		is.True(len(got) < replyText+150)
	})
	onStage(t, "to a menu", func(g *stage, is *is.I) {
		gestor := g.join("t/gestor")
		g.asks("t/gestor", "t/dev", "TASK: go")
		gestor.edit(func() { gestor.menu = true; gestor.draw() })
		time.Sleep(time.Second)
		g.stop("here it is")
		time.Sleep(longEnough)
		is.Equal(gestor.turnsTaken(), nil)
		is.Equal(gestor.menuKeys, nil)
		gestor.edit(func() { gestor.menu = false; gestor.draw() })
		time.Sleep(longEnough)
		is.Equal(gestor.turnsTaken(), []string{typed + "here it is"})
	})
	onStage(t, "to a role that ended", func(g *stage, is *is.I) {
		gestor := g.join("t/gestor")
		g.asks("t/gestor", "t/dev", "TASK: go")
		gestor.edit(func() { gestor.dead = true })
		g.s.runner(address("t/gestor")).tell(signal{dead: true})
		time.Sleep(time.Second)
		g.stop("here it is")
		time.Sleep(longEnough)
		pending, err := roles.Pending(g.s.log)
		is.NoErr(err)
		is.Equal(len(pending[address("t/gestor")]), 1)
	})
	onStage(t, "to a role that is not known any more", func(g *stage, is *is.I) {
		g.join("t/gestor")
		got := g.asks("t/gestor", "t/dev", "TASK: go")
		g.s.runner(address("t/gestor")).tell(signal{gone: true})
		time.Sleep(time.Second)
		is.NoErr(g.s.reg.Remove(address("t/gestor")))
		g.s.mu.Lock()
		delete(g.s.runners, address("t/gestor"))
		g.s.mu.Unlock()
		g.stop("here it is")
		time.Sleep(longEnough)
		n := g.records(roles.KindNotice)
		is.True(len(n) > 0 && strings.Contains(n[len(n)-1].Text, got.ID))
		is.Equal(g.status(got.ID), roles.StatusAnswered)
	})
}

// A supervisor that ends in the middle of a turn, or between its end and the answer, is followed by one that gives the answer, once.
func TestOwedAnswersSurvive(t *testing.T) {
	onStage(t, "in the middle of the turn", func(g *stage, is *is.I) {
		g.a.edit(func() { g.a.turn = time.Hour })
		got := g.send("TASK: go")
		is.Equal(got.Status, roles.StatusSubmitted)
		g.restart()
		time.Sleep(time.Minute)
		is.Equal(len(g.records(roles.KindTurn)), 0)
		g.stop("it is done")
		time.Sleep(longEnough)
		replies := g.records(roles.KindReply)
		is.Equal(len(replies), 1)
		is.Equal([]string{replies[0].Text, replies[0].To, replies[0].InReplyTo}, []string{"it is done", "user", got.ID})
		g.restart()
		time.Sleep(longEnough)
		is.Equal(len(g.records(roles.KindReply)), 1)
		is.Equal(len(g.records(roles.KindTurn)), 1)
	})
	onStage(t, "the turn ended meanwhile", func(g *stage, is *is.I) {
		got := g.send("TASK: go")
		g.end()
		time.Sleep(time.Minute)
		g.run()
		time.Sleep(longEnough)
		is.Equal(g.records(roles.KindReply)[0].InReplyTo, got.ID)
		is.Equal(g.status(got.ID), roles.StatusAnswered)
	})
	onStage(t, "answered before", func(g *stage, is *is.I) {
		g.a.edit(func() { g.a.turn = time.Hour })
		g.send("TASK: go")
		_, err := g.s.Reply(context.Background(), asRole("t/dev"), api.ReplyRequest{Text: "soon"})
		is.NoErr(err)
		g.restart()
		time.Sleep(time.Second)
		g.stop("it is done")
		time.Sleep(longEnough)
		is.Equal(len(g.records(roles.KindReply)), 1)
		is.Equal(len(g.records(roles.KindTurn)), 1)
	})
	onStage(t, "between the turn's end and the answer", func(g *stage, is *is.I) {
		g.a.edit(func() { g.a.turn = time.Hour })
		got := g.send("TASK: go")
		rec := g.s.record(roles.KindTurn)
		rec.Team, rec.From, rec.Ref, rec.Status, rec.Evidence, rec.Text = "t", "t/dev", got.ID, roles.StatusAnswered, "hook: stop", "it is done"
		g.s.write(rec)
		g.restart()
		time.Sleep(longEnough)
		replies := g.records(roles.KindReply)
		is.Equal(len(replies), 1)
		is.Equal(replies[0].Text, "it is done")
		g.restart()
		time.Sleep(longEnough)
		is.Equal(len(g.records(roles.KindReply)), 1)
	})
	onStage(t, "the hook of the submit starts the next one", func(g *stage, is *is.I) {
		g.a.edit(func() {
			g.a.turn, g.a.noEcho = time.Hour, true
			g.a.done = func(a *actor, did, step string) error {
				if did == "Enter" {
					a.connected = false // nothing is seen of it
				}
				return nil
			}
		})
		got := g.sendWith(api.SendRequest{Text: "TASK: go", Within: "10ms"})
		time.Sleep(time.Second)
		g.end()
		g.a.edit(func() { g.a.connected, g.a.done = true, nil; g.a.out = &stageOutput{ch: make(chan struct{}, 1)} })
		g.run()
		g.hook("user-prompt-submit", map[string]string{"prompt": "TASK: go"})
		g.stop("it is done")
		time.Sleep(longEnough)
		is.Equal(g.status(got.ID), roles.StatusAnswered)
		is.Equal(len(g.records(roles.KindPrompt)), 0)
		is.Equal(g.records(roles.KindReply)[0].Text, "it is done")
		is.True(slices.Contains(g.statuses(got.ID), roles.StatusSubmitted))
	})
}

// What an earlier program was at when it ended unseen is over, though its role runs again.
func TestTurnOfAnEarlierProgram(t *testing.T) {
	onStage(t, "", func(g *stage, is *is.I) {
		rec := wire(g.s, "user", "t/gestor", "of-old")
		rec.Owes, rec.Status = true, roles.StatusAccepted
		is.NoErr(g.s.log.Append(rec, g.s.lastStatus(rec, roles.StatusSubmitted, "echo")))
		time.Sleep(time.Second)
		r := newRunner(g.s, roles.Entry{Address: address("t/gestor"), Started: time.Now(), Profile: "scripted"}, g.r.prof, newActor(), func() {})
		g.s.mu.Lock()
		g.s.runners[r.addr] = r
		g.s.mu.Unlock()
		rc, err := g.s.recall()
		is.NoErr(err)
		r.recallTurns(rc, nil)
		is.Equal(len(r.turns), 0)
		g.s.settleRecalled(rc)
		time.Sleep(time.Second)
		is.Equal(g.status("of-old"), roles.StatusFailed)
		is.Equal(g.records(roles.KindReply)[0].Origin, originDead)
		g.s.forget(r)
	})
}

package supervisor

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"isesh/roles"
	"isesh/roles/agent"
	"isesh/supervisor/api"
)

// inside is a caller in a role's pane, found out as any caller is.
func (g *rig) inside(name string) api.Caller {
	g.Helper()
	r := g.sup.runner(address(name))
	c := g.sup.Attribute(context.Background(), api.Caller{PID: r.panePID, Dir: g.dir})
	if c.Role != r.addr || c.How != "ancestry" {
		g.Fatalf("the program of %s is taken for %+v", name, c)
	}
	return c
}

func (g *rig) sendAs(c api.Caller, req api.SendRequest) api.Receipt {
	g.Helper()
	req.Within = "20s"
	got, err := g.sup.Send(context.Background(), c, req)
	if err != nil {
		g.Fatalf("send to %s: %v", req.To, err)
	}
	return got
}

func (g *rig) hook(name, event string, input map[string]string) {
	g.Helper()
	data, err := json.Marshal(input)
	if err != nil {
		g.Fatal(err)
	}
	if _, err := g.sup.Hook(context.Background(), g.inside(name), api.HookRequest{Event: event, Input: data}); err != nil {
		g.Fatal(err)
	}
}

// replies are the automatic ones.
func (g *rig) replies() (out []roles.Record) {
	g.Helper()
	recs, err := g.sup.log.Tail(roles.Filter{Kinds: []roles.Kind{roles.KindReply}})
	if err != nil {
		g.Fatal(err)
	}
	return slices.DeleteFunc(recs, func(r roles.Record) bool { return !automatic(r) })
}

// A TASK from one role to another brings the last text of its turn back, once; neither agent knows isesh.
func TestTaskBringsItsLastText(t *testing.T) {
	is := is.New(t)
	g := newRig(t)
	g.start("t", g.role("gestor"), g.role("dev", "--on", "TASK:=>ECHO looking THEN SLOW 500ms THEN ECHO the form is in place"))
	got := g.sendAs(g.inside("t/gestor"), api.SendRequest{To: "dev", Text: "TASK: add a form"})
	is.Equal(got.Status, roles.StatusSubmitted)
	g.soon("the answer at gestor", func() bool { texts, _ := g.turns("gestor"); return len(texts) > 0 })
	g.soon("the turn of the answer", func() bool { return g.status(g.replies()[0].ID) == roles.StatusAnswered })
	texts, _ := g.turns("gestor")
	is.Equal(texts, []string{"[from:dev] the form is in place"})
	is.Equal(len(g.replies()), 1)
	is.Equal(g.replies()[0].InReplyTo, got.ID)
}

// The same with hooks, and a supervisor that ends in the middle: whose hook comes first thing finds its turn again.
func TestAnswerAfterARestart(t *testing.T) {
	for _, hooks := range []bool{true, false} {
		t.Run(fmt.Sprintf("hooks %v", hooks), func(t *testing.T) {
			is := is.New(t)
			g := newRig(t)
			g.start("t", g.role("gestor"), g.role("dev", "--on", "TASK:=>SLOW 2s THEN ECHO on the screen"))
			if hooks {
				g.hook("t/dev", "session-start", map[string]string{"source": "startup", "session_id": "s"})
			}
			got := g.sendAs(g.inside("t/gestor"), api.SendRequest{To: "dev", Text: "TASK: go"})
			is.Equal(got.Status, roles.StatusSubmitted)
			if hooks {
				g.hook("t/dev", "user-prompt-submit", map[string]string{"prompt": "[from:gestor] TASK: go"})
			}
			g.end()
			g.run()
			want := "[from:dev] on the screen"
			if hooks {
				g.hook("t/dev", "stop", map[string]string{"last_assistant_message": "told by the hook"})
				want = "[from:dev] told by the hook"
			}
			g.soon("the answer at gestor", func() bool { texts, _ := g.turns("gestor"); return len(texts) > 0 })
			g.in("t/dev", agent.Idle)
			g.soon("the turn of the answer", func() bool { return g.status(g.replies()[0].ID) == roles.StatusAnswered })
			texts, _ := g.turns("gestor")
			is.Equal(texts, []string{want})
			is.Equal(len(g.replies()), 1)
			is.Equal(g.replies()[0].InReplyTo, got.ID)
		})
	}
}

// A wait for an answer ends by what the screen shows: the answer, a menu, the end of the program.
func TestWaitOnRealScreens(t *testing.T) {
	g := newRig(t)
	g.start("t", g.role("gestor"), g.role("dev"))
	for _, c := range []struct{ text, ended, message string }{
		{"ECHO it is 42", "", "it is 42"},
		{"ASKPERM touch x THEN ECHO touched", "waiting", ""},
		{"CRASH", "dead", ""},
	} {
		t.Run(strings.Fields(c.text)[0], func(t *testing.T) {
			is := is.New(t)
			me := g.inside("t/gestor")
			got := g.sendAs(me, api.SendRequest{To: "dev", Text: c.text, Owes: true})
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			res, err := g.sup.Wait(ctx, me, api.WaitRequest{Reply: got.ID})
			is.NoErr(err)
			is.Equal(res.Ended, c.ended)
			if c.message != "" {
				is.Equal(res.Message.Text, c.message)
			}
			if c.ended == "waiting" {
				_, err := g.sup.Approve(ctx, g.person(), api.ActRequest{To: "t/dev", MenuID: res.Roles[0].Menu.ID})
				is.NoErr(err)
				g.in("t/dev", agent.Idle)
				res, err = g.sup.Wait(ctx, me, api.WaitRequest{Reply: got.ID})
				is.NoErr(err)
				is.Equal(res.Message.Text, "touched")
			}
		})
	}
	texts, _ := g.turns("gestor")
	if len(texts) != 0 {
		t.Errorf("what the waits had got was typed as well: %q", texts)
	}
}

// What a team's opening task came to is in the user's mailbox, if it was tagged as one that wants an answer.
func TestOpeningTaskIsAnswered(t *testing.T) {
	is := is.New(t)
	g := newRig(t)
	asked, told := g.role("dev", "--on", "TASK:=>ECHO the plan is made"), g.role("docs")
	asked.Task, told.Task = "TASK: make a plan", "ECHO hello"
	g.start("t", asked, told)
	g.soon("the ends of both turns", func() bool { return len(g.turnsOf("t/dev")) > 0 && len(g.turnsOf("t/docs")) > 0 })
	g.soon("the answer", func() bool { return len(g.replies()) > 0 })
	in, err := g.sup.Inbox(context.Background(), g.person(), api.InboxRequest{})
	is.NoErr(err)
	is.Equal(textsOf(in), []string{"the plan is made"})
	is.Equal([]string{in.Letters[0].From, in.Letters[0].InReplyTo}, []string{"t/dev", g.turnsOf("t/dev")[0].Ref})
}

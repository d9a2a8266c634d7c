package supervisor

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/matryer/is"

	"isesh/layout"
	"isesh/roles"
	"isesh/roles/agent"
	"isesh/supervisor/api"
)

func broadcast(t testing.TB, c *api.Client, r api.BroadcastRequest) api.BroadcastResult {
	t.Helper()
	res, err := c.Broadcast(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// targets are those of a result: with a "!" those that did not get it.
func targets(r api.BroadcastResult) (out []string) {
	for _, d := range r.Targets {
		if d.Error != nil {
			d.To = "!" + d.To
		}
		out = append(out, d.To)
	}
	return out
}

func TestBroadcastToMailboxes(t *testing.T) {
	is := is.New(t)
	d := newDesk(t)
	ctx := context.Background()
	d.mailbox("shop/a", "shop/b", "web/c", "loner")
	is.NoErr(d.s.reg.Put(entryFor("gone/dev"), entryFor("shop/dead"))) // nothing runs there
	person, a := d.client(""), d.client("shop/a")

	res := broadcast(t, person, api.BroadcastRequest{Text: "STATUS: hello all", All: true})
	is.Equal(targets(res), []string{"loner", "shop/a", "shop/b", "web/c"})
	is.Equal(targets(broadcast(t, a, api.BroadcastRequest{Text: "TASK: team"})), []string{"shop/b"}) // never the sender, nor the user
	is.Equal(targets(broadcast(t, a, api.BroadcastRequest{Text: "web", Team: "web"})), []string{"web/c"})
	is.Equal(count(t, person, ""), 0)
	in := listed(t, d.client("shop/b"), api.InboxRequest{})
	is.Equal(textsOf(in), []string{"STATUS: hello all", "TASK: team"})
	is.Equal(in.Letters[0].Ref, res.ID)
	is.Equal([]any{in.Letters[0].Kind, in.Letters[0].Tag, in.Letters[1].Owes}, []any{roles.KindBroadcast, "STATUS", false})

	// The same broadcast again is the same messages.
	again := broadcast(t, person, api.BroadcastRequest{Text: "STATUS: hello all", All: true, ID: res.ID})
	for i, got := range again.Targets {
		is.True(got.Receipt.Again)
		is.Equal(got.Receipt.ID, res.Targets[i].Receipt.ID)
	}
	is.Equal(count(t, person, "shop/b"), 0)
	other := broadcast(t, person, api.BroadcastRequest{Text: "another text", All: true, ID: res.ID})
	is.Equal(other.Targets[0].Error.Code, api.CodeConflict)

	for _, bad := range []api.BroadcastRequest{
		{Text: "", All: true}, {Text: "x"}, {Text: "x", All: true, Team: "shop"}, {Text: "x", All: true, ID: "a b"},
		{Text: strings.Repeat("ü", MaxBroadcast+1), All: true}, {Text: "x", All: true, Within: "soon"},
	} {
		_, err := person.Broadcast(ctx, bad)
		hasCode(is, err, api.CodeUsage)
	}
	_, err := person.Broadcast(ctx, api.BroadcastRequest{Text: "x", Team: "nobody"})
	hasCode(is, err, api.CodeNotFound)
	_, err = person.Broadcast(ctx, api.BroadcastRequest{Text: "x", Team: "gone"})
	hasCode(is, err, api.CodeNothing)
	broadcast(t, person, api.BroadcastRequest{Text: strings.Repeat("ü", MaxBroadcast), Team: "web"}) // characters, not bytes
}

// Sixty a minute, for each sender its own; what a pair of roles may send counts, too.
func TestBroadcastRate(t *testing.T) {
	is := is.New(t)
	d := newDesk(t)
	d.mailbox("shop/a", "shop/b")
	person, a := d.client(""), d.client("shop/a")
	refused := 0
	for n := range 65 {
		_, err := person.Broadcast(context.Background(), api.BroadcastRequest{Text: fmt.Sprint(n), Team: "shop", ID: fmt.Sprint("id", n)})
		if err != nil {
			e := hasCode(is, err, api.CodeLimited)
			is.True(strings.HasPrefix(e.Message, "user has broadcast 60 times within 1m: the next may go at "))
			refused++
		}
	}
	is.Equal(refused, 5)
	is.Equal(count(t, person, "shop/b"), 60)
	for n := range 20 {
		is.Equal(targets(broadcast(t, a, api.BroadcastRequest{Text: fmt.Sprint(n)})), []string{"shop/b"})
	}
	over := broadcast(t, a, api.BroadcastRequest{Text: "more"})
	is.Equal(over.Targets[0].Error.Code, api.CodeLimited)
	_, err := a.Send(context.Background(), api.SendRequest{To: "shop/b", Text: "and more"})
	hasCode(is, err, api.CodeLimited)
	send(t, a, "user", "help")
	send(t, person, "shop/b", "persons are free")
}

// One program that is stopped, and one that waits for an answer, cost the others nothing.
func TestBroadcastPastASlowTarget(t *testing.T) {
	is := is.New(t)
	g := newRig(t)
	const n = 10
	var team []layout.ResolvedRole
	for i := range n {
		team = append(team, g.role(fmt.Sprint("w", i)))
	}
	// Behind a shell: tmux wakes what it started itself.
	team[4].Argv = []string{"bash", "-c", strings.Join(team[4].Argv, " ") + "; true"}
	g.start("t", team...)
	out, err := exec.Command("pgrep", "-P", strconv.Itoa(g.sup.runner(address("t/w4")).panePID)).Output()
	is.NoErr(err)
	slow := must(strconv.Atoi(strings.TrimSpace(string(out))))
	is.NoErr(syscall.Kill(slow, syscall.SIGSTOP))
	defer syscall.Kill(slow, syscall.SIGCONT)
	g.send("t/w7", "ASKPERM touch x")
	g.in("t/w7", agent.Waiting)

	begin := time.Now()
	res, err := g.sup.Broadcast(context.Background(), g.person(), api.BroadcastRequest{Text: "hello", Team: "t", Within: "4s"})
	is.NoErr(err)
	is.True(time.Since(begin) < 20*time.Second)
	var late time.Duration
	for i, got := range res.Targets {
		is.Equal(got.To, fmt.Sprint("t/w", i))
		switch st := got.Receipt.Status; i {
		case 4:
			is.True(st != roles.StatusSubmitted)
		case 7:
			is.Equal(st, roles.StatusRejected)
			is.True(got.Receipt.Menu != nil)
		default:
			is.Equal(st, roles.StatusSubmitted)
			late = max(late, got.Receipt.Time.Sub(begin))
		}
	}
	t.Logf("the last of the others was submitted after %v", late)
	is.True(late < 4*time.Second) // before the slow one was given up

	// Rejected is one target's own affair: the same broadcast once more reaches it, and only it.
	_, err = g.sup.Approve(context.Background(), g.person(), api.ActRequest{To: "t/w7"})
	is.NoErr(err)
	g.in("t/w7", agent.Idle)
	is.NoErr(syscall.Kill(slow, syscall.SIGCONT))
	_, err = g.sup.Broadcast(context.Background(), g.person(), api.BroadcastRequest{Text: "hello", Team: "t", ID: res.ID, Within: "20s"})
	is.NoErr(err)
	for i := range n {
		name := fmt.Sprint("w", i)
		g.until(name+" has it", func() bool { texts, _ := g.turns(name); return slices.Contains(texts, "hello") })
		texts, _ := g.turns(name)
		is.Equal(len(slices.DeleteFunc(texts, func(s string) bool { return s != "hello" })), 1)
	}
}

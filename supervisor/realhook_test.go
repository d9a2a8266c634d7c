package supervisor

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/matryer/is"
	"github.com/sourcegraph/conc"

	"isesh/roles"
	"isesh/roles/agent"
	"isesh/supervisor/api"
)

// runHook is what `isesh hook EVENT` comes to in tests. Where nobody answers on the role's socket it does nothing.
func runHook(event string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	socket := os.Getenv("ISESH_SOCKET")
	if _, err := os.Stat(socket); err != nil {
		return nil
	}
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	paths, err := socketPaths(socket)
	if err != nil {
		return err
	}
	c, err := api.Connect(ctx, api.ClientOptions{Paths: paths})
	if err != nil {
		return err
	}
	defer c.Close()
	res, err := c.Hook(ctx, api.HookRequest{Event: event, Input: input})
	if err == nil && len(res.Output) > 0 {
		fmt.Printf("%s\n", res.Output)
	}
	return err
}

func socketPaths(socket string) (api.Paths, error) {
	return api.PathsFor(filepath.Dir(socket), "", func(name string) string {
		if name == "ISESH_SOCKET" {
			return socket
		}
		return ""
	})
}

// serve answers on the socket that roles are told of, until the test ends.
func (g *rig) serve() {
	g.Helper()
	paths, err := socketPaths(g.sup.cfg.Socket)
	if err != nil {
		g.Fatal(err)
	}
	l, lock, err := api.Listen(paths)
	if err != nil {
		g.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg conc.WaitGroup
	wg.Go(func() {
		if err := api.Serve(ctx, l, g.sup, api.ServeOptions{}); err != nil {
			g.Error(err)
		}
	})
	g.Cleanup(func() { cancel(); wg.Wait(); lock.Close() })
}

// Programs that call hooks, and the hooks are found out to be theirs: turns end by them, submits are proven, and what a person types is known.
func TestHooksOfPrograms(t *testing.T) {
	for _, c := range []struct {
		name, evidence string
		flags          []string
	}{
		{"at once", "hook: stop", nil},
		{"late", "hook: stop", []string{"--hook-delay", "700ms"}},
		{"the last one is lost", "screen: idle", []string{"--hook-drop", "stop"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			is := is.New(t)
			g := newRig(t)
			g.serve()
			flags := append([]string{"--on", "TASK:=>SLOW 300ms THEN ECHO the form is in place"}, c.flags...)
			g.start("t", g.role("gestor"), g.role("dev", flags...))
			// The hook of the session's start may be late, too.
			dev := g.sup.runner(address("t/dev"))
			g.soon("hooks heard", func() bool {
				heard := false
				return dev.do(context.Background(), func() { heard = dev.hooked }) == nil && heard
			})
			got := g.sendAs(g.inside("t/gestor"), api.SendRequest{To: "dev", Text: "TASK: add a form"})
			is.Equal(got.Status, roles.StatusSubmitted)
			g.soon("the answer at gestor", func() bool { texts, _ := g.turns("gestor"); return len(texts) > 0 })
			g.soon("the turn of the answer", func() bool { return g.status(g.replies()[0].ID) == roles.StatusAnswered })
			texts, _ := g.turns("gestor")
			is.Equal(texts, []string{"[from:dev] the form is in place"})
			is.Equal(len(g.replies()), 1)
			is.Equal(g.turnsOf("t/dev")[0].Evidence, c.evidence)

			g.in("t/dev", agent.Idle)
			g.cli("send-keys", "-t", dev.entry.Pane, "ECHO typed by hand", "Enter")
			g.soon("the end of that turn", func() bool { return len(g.turnsOf("t/dev")) > 1 })
			prompts, err := g.sup.log.Tail(roles.Filter{Kinds: []roles.Kind{roles.KindPrompt}})
			is.NoErr(err)
			is.Equal(len(prompts), 1) // and none of what was sent
			is.Equal(prompts[0].Text, "ECHO typed by hand")
			is.Equal(g.turnsOf("t/dev")[1].Ref, prompts[0].ID)
			is.Equal(g.turnsOf("t/dev")[1].Text, "typed by hand")
		})
	}
}

// soon waits for what no change of a role tells of.
func (g *rig) soon(what string, cond func() bool) {
	g.Helper()
	for end := time.Now().Add(20 * time.Second); !cond(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			g.Fatalf("not reached: %s", what)
		}
	}
}

func (g *rig) turnsOf(name string) []roles.Record {
	g.Helper()
	recs, err := g.sup.log.Tail(roles.Filter{Kinds: []roles.Kind{roles.KindTurn}, From: name})
	if err != nil {
		g.Fatal(err)
	}
	return recs
}

package supervisor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"isesh/roles"
	"isesh/roles/agent"
	"isesh/supervisor/api"
)

func TestKillSessionIsNoticed(t *testing.T) {
	is := is.New(t)
	g := newRig(t)
	team := g.start("t", g.role("dev"), g.role("other"))
	g.start("u", g.role("third"))
	begin := time.Now()
	g.cli("kill-session", "-t", "="+team.Session)
	g.in("t/dev", agent.Dead)
	g.in("t/other", agent.Dead)
	t.Logf("noticed after %s", time.Since(begin).Round(time.Millisecond))
	is.Equal(g.state1("u/third"), agent.Idle)
	is.Equal(g.send("u/third", "hello").Status, roles.StatusSubmitted)
}

// A supervisor that ended without a word is replaced by one that finds everything again, with what was queued.
func TestTakenUpAgain(t *testing.T) {
	is := is.New(t)
	g := newRig(t)
	team := g.start("t", g.role("dev"))
	g.send("t/dev", "SLOW 3s")
	g.in("t/dev", agent.Busy)
	got := g.send("t/dev", "queued while busy")
	is.Equal(got.Status, roles.StatusQueued)
	g.end()
	is.True(strings.Contains(g.cli("list-panes", "-a", "-F", "#{pane_id} #{pane_dead}"), team.Roles[0].Pane+" 0")) // the agent goes on
	g.run()
	is.True(g.settled(got.ID) != roles.StatusUnconfirmed)
	texts, _ := g.turns("dev")
	is.Equal(texts, []string{"SLOW 3s", "queued while busy"})
}

// What was typed before the supervisor ended is not typed again.
func TestStepsAreDoneOnce(t *testing.T) {
	for _, mark := range []string{"p", "e"} {
		t.Run(mark, func(t *testing.T) {
			is := is.New(t)
			g := newRig(t)
			team := g.start("t", g.role("dev"))
			g.end()
			// As if killed right after the step: the message is on disk, tmux has done the step, nobody wrote that down.
			pane := team.Roles[0].Pane
			log, _, err := roles.OpenLog(must(roles.OpenDir(g.state)))
			is.NoErr(err)
			rec := roles.Record{V: roles.Version, ID: roles.NewID(), Time: time.Now(), Kind: roles.KindMessage, Team: "t", From: "user", To: "t/dev", Text: "once", Status: roles.StatusAccepted}
			is.NoErr(log.Append(rec))
			is.NoErr(log.Close())
			g.cli("set-buffer", "-b", "x", "once")
			g.cli("paste-buffer", "-p", "-d", "-b", "x", "-t", pane)
			g.cli("set-option", "-p", "-t", pane, "@isesh_step", rec.ID+"."+mark)
			if mark == "e" {
				g.waitScreen(pane, "▸\u00a0once")
				g.cli("send-keys", "-t", pane, "Enter")
				g.waitScreen(pane, "> once")
			}
			g.run()
			is.True(g.settled(rec.ID) != roles.StatusUnconfirmed)
			texts, _ := g.turns("dev")
			is.Equal(texts, []string{"once"})
		})
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// waitScreen waits until a pane shows something, by tmux's own means: the supervisor of the rig may not be running.
func (g *rig) waitScreen(pane, want string) {
	g.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if strings.Contains(g.cli("capture-pane", "-p", "-t", pane), want) {
			return
		}
	}
	g.Fatalf("the pane never showed %q:\n%s", want, g.cli("capture-pane", "-p", "-t", pane))
}

func TestStartTwiceAndFailedStart(t *testing.T) {
	is := is.New(t)
	g := newRig(t)
	g.start("t", g.role("dev"))
	before := g.cli("list-panes", "-a", "-F", "#{pane_id} #{pane_pid}")
	res, err := g.tryStart("t", g.role("dev"))
	is.NoErr(err)
	is.True(res.Already)
	is.Equal(g.cli("list-panes", "-a", "-F", "#{pane_id} #{pane_pid}"), before) // nothing changed

	bad := g.role("broken")
	bad.Argv = []string{"no-such-program"}
	_, err = g.tryStart("u", g.role("fine"), bad)
	is.True(err != nil)
	is.Equal(g.cli("list-panes", "-a", "-F", "#{pane_id} #{pane_pid}"), before) // undone
	files, _ := os.ReadDir(g.state + "/run")
	is.True(!slices.ContainsFunc(files, func(e os.DirEntry) bool { return strings.HasSuffix(e.Name(), ".json") }))

	g.cli("new-session", "-d", "-s", "isesh-v", "cat")
	_, err = g.tryStart("v", g.role("dev"))
	var e *api.Error
	is.True(errors.As(err, &e) && e.Code == api.CodeConflict) // somebody else's session is left alone
	is.Equal(strings.TrimSpace(g.cli("list-windows", "-t", "=isesh-v", "-F", "#{window_panes}")), "1")
}

func TestStopEndsOnlyItsOwn(t *testing.T) {
	is := is.New(t)
	g := newRig(t)
	g.start("t", g.role("dev"), g.role("other"))
	g.start("u", g.role("dev"))
	_, err := g.sup.Stop(context.Background(), g.person(), api.StopRequest{Targets: []string{"t/other"}})
	is.NoErr(err)
	is.Equal(g.state1("t/dev"), agent.Idle)
	res, err := g.sup.Stop(context.Background(), g.person(), api.StopRequest{Targets: []string{"t"}})
	is.NoErr(err)
	is.Equal(res.Stopped, []string{"t/dev"})
	sessions := strings.TrimSpace(g.cli("list-sessions", "-F", "#{session_name}"))
	is.Equal(sessions, "isesh-u")
}

func TestRestart(t *testing.T) {
	is := is.New(t)
	g := newRig(t)
	team := g.start("t", g.role("dev"), g.role("other"))
	g.send("t/dev", "CRASH")
	g.in("t/dev", agent.Dead)
	out, err := g.sup.Restart(context.Background(), g.person(), api.RestartRequest{Targets: []string{"t/dev"}, Env: map[string]string{"PATH": os.Getenv("PATH")}})
	is.NoErr(err)
	is.Equal(len(out), 1)
	is.True(out[0].Pane != team.Roles[0].Pane)
	is.Equal(g.send("t/dev", "hello again").Status, roles.StatusSubmitted)
	is.Equal(strings.Count(g.cli("list-panes", "-a", "-F", "#{pane_id}"), "%"), 2) // the old pane is gone
}

// Attribution by ancestry: a process inside a role speaks as that role, whatever it claims, and may not answer its own menu.
func TestAttribution(t *testing.T) {
	is := is.New(t)
	g := newRig(t)
	team := g.start("t", g.role("dev"), g.role("other"))
	c := g.sup.Attribute(context.Background(), api.Caller{PID: team.Roles[0].PID, EnvRole: "t/other"})
	is.Equal(c.Role, roles.Address{Team: "t", Role: "dev"})
	is.Equal(c.How, "ancestry")
	id, err := g.tmux.Identity(context.Background())
	is.NoErr(err)
	c = g.sup.Attribute(context.Background(), api.Caller{PID: 1, TmuxPane: team.Roles[1].Pane, Tmux: id.Socket + "," + strconv.Itoa(id.PID) + ",0"})
	is.Equal(c.Role.Role, "other")
	c = g.sup.Attribute(context.Background(), api.Caller{PID: 1, TmuxPane: team.Roles[1].Pane, Tmux: "/other,1,0"})
	is.Equal(c.Name(), "user") // the same pane id on another server

	g.send("t/dev", "ASKPERM touch x")
	g.in("t/dev", agent.Waiting)
	dev := api.Caller{Role: roles.Address{Team: "t", Role: "dev"}, How: "ancestry"}
	other := api.Caller{Role: roles.Address{Team: "t", Role: "other"}, How: "ancestry"}
	for _, who := range []api.Caller{dev, other} {
		_, err := g.sup.Approve(context.Background(), who, api.ActRequest{To: "dev"})
		var e *api.Error
		is.True(errors.As(err, &e) && e.Code == api.CodeForbidden)
	}
	_, keys := g.turns("dev")
	is.Equal(len(keys), 0)

	got, err := g.sup.Send(context.Background(), dev, api.SendRequest{To: "other", Text: "hi", From: "gestor"})
	is.NoErr(err)
	is.Equal(got.From, "t/dev")
	texts, _ := g.turns("other")
	is.Equal(len(texts), 1)
	is.True(strings.HasPrefix(texts[0], "[from:") && strings.Contains(texts[0], "unverified"))
	got, err = g.sup.Send(context.Background(), dev, api.SendRequest{To: "user", Text: "DONE: it is done"})
	is.NoErr(err)
	is.Equal(got.Evidence, "mailbox")
}

// An environment value is in no command line and in no tmux log.
func TestEnvironmentStaysPrivate(t *testing.T) {
	is := is.New(t)
	g := newRig(t)
	role := g.role("dev")
	role.Env = map[string]string{"SECRET_TOKEN": "hunter2-hunter2"}
	team := g.start("t", role)
	is.True(!strings.Contains(g.cli("show-messages"), "hunter2"))
	cmdline, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", team.Roles[0].PID))
	is.NoErr(err)
	is.True(!strings.Contains(string(cmdline), "hunter2"))
	env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", team.Roles[0].PID))
	is.NoErr(err)
	is.True(strings.Contains(string(env), "SECRET_TOKEN=hunter2-hunter2")) // and it did arrive
}

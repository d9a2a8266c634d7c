package supervisor

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"
	"github.com/sourcegraph/conc"

	"isesh/control"
	"isesh/control/controltest"
	"isesh/roles"
	"isesh/roles/agent"
	"isesh/supervisor/api"
)

// What a person, or an agent, does with tmux in a team's session: it works as ever, and the roles stay what they are.
func TestTheSessionIsAPersonsToo(t *testing.T) {
	is := is.New(t)
	g := newRig(t)
	team := g.start("t", g.role("dev"), g.role("other"))
	dev := team.Roles[0].Pane
	const panes = "#{window_name} #{?@isesh_role,#{@isesh_role},person}"
	g.send("t/dev", "RUN tmux new-window -d -n extra cat && tmux split-window -d -t $TMUX_PANE cat && tmux rename-window -t $TMUX_PANE mine && tmux rename-session -t $TMUX_PANE theirs")
	g.until("the new name", func() bool { return g.sup.runner(address("t/dev")).view().role.Session == "theirs" })
	g.in("t/dev", agent.Idle)
	is.Equal(g.cli("list-panes", "-s", "-t", "=theirs", "-F", panes), "mine t/dev\nmine person\nother t/other\nextra person")
	is.Equal(g.send("t/dev", "hello").Status, roles.StatusSubmitted)
	boards, err := g.sup.Teams(context.Background(), g.person(), "t")
	is.NoErr(err)
	is.Equal(boards[0].Session, "theirs")

	// A restart stays in the session, whatever it is called.
	_, err = g.sup.Restart(context.Background(), g.person(), api.RestartRequest{Targets: []string{"t/other"}, Env: testEnv(g)})
	is.NoErr(err)
	is.Equal(g.cli("list-sessions", "-F", "#{session_name}"), "theirs")

	// A supervisor that comes later knows the name, too.
	g.end()
	g.run()
	is.Equal(g.sup.runner(address("t/other")).view().role.Session, "theirs")

	// A stop leaves what is not ours, and a start goes beside it.
	_, err = g.sup.Stop(context.Background(), g.person(), api.StopRequest{Targets: []string{"t"}})
	is.NoErr(err)
	is.Equal(g.cli("list-panes", "-s", "-t", "=theirs", "-F", panes), "mine person\nextra person")
	again := g.start("t", g.role("dev"), g.role("other"))
	is.True(again.Roles[0].Pane != dev)
	is.Equal(again.Roles[0].Session, "theirs")
	is.Equal(g.cli("list-panes", "-s", "-t", "=theirs", "-F", panes), "mine person\nextra person\ndev t/dev\nother t/other")
	is.Equal(g.send("t/other", "hello").Status, roles.StatusSubmitted)
}

func address(s string) roles.Address { return must(roles.ParseAddress(s)) }

func testEnv(g *rig) map[string]string {
	return map[string]string{"PATH": os.Getenv("PATH"), "HOME": g.dir, "LANG": "C.UTF-8"}
}

// A role is watched where a person moves its pane, also when its old session ends with that; one in a session that ends with its last
// client is given up, and said so.
func TestMovedPanesAreFollowed(t *testing.T) {
	is := is.New(t)
	g := newRig(t)
	team := g.start("t", g.role("dev"), g.role("other"))
	dev, other := team.Roles[0].Pane, team.Roles[1].Pane
	g.cli("new-session", "-d", "-x", "100", "-y", "40", "-s", "work", "cat")
	in := func(name, session string) func() bool {
		return func() bool { return g.sup.runner(address(name)).view().role.Session == session }
	}
	g.cli("break-pane", "-d", "-s", dev, "-t", "isesh-t:")
	g.cli("join-pane", "-d", "-s", dev, "-t", "work:")
	is.Equal(g.send("t/dev", "joined").Status, roles.StatusSubmitted)
	g.until("dev in work", in("t/dev", "work"))
	g.cli("move-window", "-d", "-s", other, "-t", "work:") // the team's own session ends
	is.Equal(g.send("t/other", "moved").Status, roles.StatusSubmitted)
	g.until("other in work", in("t/other", "work"))
	is.Equal(g.cli("list-clients", "-F", "#{session_name}"), "work") // one client, the other has gone

	// A window in two sessions has not gone from either.
	g.cli("new-session", "-d", "-s", "also", "cat")
	g.cli("link-window", "-d", "-s", other, "-t", "also:")
	g.send("t/other", "linked")
	g.cli("unlink-window", "-t", "work:other")
	is.Equal(g.send("t/other", "unlinked").Status, roles.StatusSubmitted)
	g.until("other in also", in("t/other", "also"))
	texts, _ := g.turns("other")
	is.Equal(texts, []string{"moved", "linked", "unlinked"})

	// A session that ends with its last client would be ended by our leaving: it is not entered.
	g.cli("new-session", "-d", "-s", "frail", "cat")
	person, err := control.Dial(context.Background(), control.Options{Server: g.tmux, Session: "=frail"})
	is.NoErr(err)
	defer person.Close()
	g.cli("set-option", "-t", "=frail:", "destroy-unattached", "on", ";", "move-window", "-d", "-s", dev, "-t", "=frail:")
	g.in("t/dev", agent.Dead)
	is.Equal(g.cli("list-clients", "-t", "=frail", "-F", "#{client_pid}"), strconv.Itoa(person.PID()))
	is.True(strings.Contains(g.cli("list-panes", "-s", "-t", "=frail", "-F", "#{pane_id}"), dev)) // its program goes on
}

// Detached again and again, as by `tmux attach -d`, the supervisor comes back, and what is sent meanwhile waits for that, not longer.
func TestDetachedAgainAndAgain(t *testing.T) {
	is := is.New(t)
	g := newRig(t)
	team := g.start("t", g.role("dev"))
	size := g.cli("list-windows", "-a", "-F", "#{window_width}x#{window_height}")
	var want []string
	for i := range 4 {
		g.cli("detach-client", "-s", team.Session)
		for j := range 3 {
			text := strconv.Itoa(i) + strconv.Itoa(j)
			is.Equal(g.send("t/dev", text).Status, roles.StatusSubmitted)
			want = append(want, text)
		}
	}
	texts, _ := g.turns("dev")
	is.Equal(texts, want)
	is.Equal(g.cli("list-windows", "-a", "-F", "#{window_width}x#{window_height}"), size) // no window changes its size for us
	is.Equal(g.cli("list-clients", "-F", "#{client_control_mode}"), "1")
}

// Another program in the pane, by respawn-pane, is not the role: nothing is typed into it, and a stop leaves it alone.
func TestRespawnedPane(t *testing.T) {
	is := is.New(t)
	g := newRig(t)
	team := g.start("t", g.role("dev"), g.role("other"))
	pane := team.Roles[0].Pane
	g.cli("respawn-pane", "-k", "-t", pane, "cat")
	got, err := g.sup.Send(context.Background(), g.person(), api.SendRequest{To: "t/dev", Text: "never typed"})
	is.True(err != nil || got.Status == roles.StatusQueued)
	g.in("t/dev", agent.Dead)
	_, err = g.sup.Stop(context.Background(), g.person(), api.StopRequest{Targets: []string{"t"}})
	is.NoErr(err)
	is.Equal(g.cli("list-panes", "-a", "-F", "#{pane_id}"), pane)
	is.Equal(strings.TrimSpace(g.cli("capture-pane", "-p", "-t", pane)), "")
}

// A killed window or pane is noticed; the others go on, and a restart puts the role back.
func TestKilledWindowAndPane(t *testing.T) {
	for _, command := range []string{"kill-window", "kill-pane"} {
		t.Run(command, func(t *testing.T) {
			is := is.New(t)
			g := newRig(t)
			team := g.start("t", g.role("dev"), g.role("other"))
			g.cli("split-window", "-d", "-t", team.Roles[0].Pane, "cat")
			g.cli(command, "-t", team.Roles[0].Pane)
			g.in("t/dev", agent.Dead)
			is.Equal(g.state1("t/other"), agent.Idle)
			_, err := g.sup.Restart(context.Background(), g.person(), api.RestartRequest{Targets: []string{"t/dev"}, Env: testEnv(g)})
			is.NoErr(err)
			is.Equal(g.send("t/dev", "back").Status, roles.StatusSubmitted)
		})
	}
}

// The session is killed and one role is wanted back: it gets a session of its own again.
func TestRestartWithoutSession(t *testing.T) {
	is := is.New(t)
	g := newRig(t)
	g.start("t", g.role("dev"), g.role("other"))
	g.cli("kill-session", "-t", "=isesh-t")
	g.in("t/dev", agent.Dead)
	g.in("t/other", agent.Dead)
	_, err := g.sup.Restart(context.Background(), g.person(), api.RestartRequest{Targets: []string{"t/dev"}, Env: testEnv(g)})
	is.NoErr(err)
	is.Equal(g.send("t/dev", "back").Status, roles.StatusSubmitted)
	_, err = g.sup.Restart(context.Background(), g.person(), api.RestartRequest{Targets: []string{"t/other"}, Env: testEnv(g)})
	is.NoErr(err)
	is.Equal(g.cli("list-windows", "-a", "-F", "#{session_name} #{window_name}"), "isesh-t dev\nisesh-t other")
}

// Configurations that change what tmux counts from, keeps, destroys or prints.
func TestOddConfigurations(t *testing.T) {
	is := is.New(t)
	config := filepath.Join(t.TempDir(), "tmux.conf")
	err := os.WriteFile(config, []byte(`
set -g base-index 1
setw -g pane-base-index 1
set -g renumber-windows on
set -g destroy-unattached on
set -g detach-on-destroy off
set -g remain-on-exit on
setw -g aggressive-resize on
set -g exit-empty off
set -g default-command "exec false"
set -g default-size 70x20
set -g status off
set-hook -g after-new-window 'display-message -p x'
set-hook -g after-new-session 'display-message -p x'
set-hook -g after-set-option 'display-message -p x'
set-hook -g after-display-message 'display-message -p x'
set-hook -g after-capture-pane 'display-message -p x'
set-hook -g after-list-panes 'display-message -p x'
set-hook -g after-show-options 'display-message -p x'
set-hook -g after-set-buffer 'display-message -p x'
set-hook -g after-save-buffer 'display-message -p x'
set-hook -g after-load-buffer 'display-message -p x'
set-hook -g after-paste-buffer 'display-message -p x'
set-hook -g after-send-keys 'display-message -p x'
set-hook -g session-created 'display-message -p x'
set-hook -g client-attached 'display-message -p x'
`), 0o600)
	is.NoErr(err)
	tmux := controltest.Real(t)
	tmux.Config = config
	_, err = tmux.Output(context.Background(), "kill-server") // one with the configuration comes with the first team
	is.True(err == nil || errors.Is(err, control.ErrNoServer))
	g := newRigOn(t, tmux)
	team := g.start("t", g.role("dev"), g.role("other"), g.role("third"))
	is.Equal(firstLine(g.cli("show-options", "-g", "-v", "base-index")), "1") // the hook prints behind it
	is.Equal(g.cli("list-windows", "-a", "-F", "#{window_index} #{window_name} #{window_width}x#{window_height}"), "1 dev 100x30\n2 other 100x30\n3 third 100x30")
	for _, name := range []string{"t/dev", "t/other", "t/third"} {
		is.Equal(g.send(name, "hello").Status, roles.StatusSubmitted)
	}
	g.cli("kill-window", "-t", team.Roles[0].Pane) // the others are renumbered
	g.in("t/dev", agent.Dead)
	is.Equal(g.send("t/third", "hello again").Status, roles.StatusSubmitted)
	_, err = g.sup.Restart(context.Background(), g.person(), api.RestartRequest{Targets: []string{"t/dev"}, Env: testEnv(g)})
	is.NoErr(err)
	is.Equal(g.send("t/dev", "back").Status, roles.StatusSubmitted)
	u := g.start("u", g.role("fourth"))
	g.cli("kill-session", "-t", "="+u.Session) // with detach-on-destroy off, clients move to another session then
	g.in("u/fourth", agent.Dead)
	is.Equal(g.send("t/other", "still here").Status, roles.StatusSubmitted)
	is.Equal(g.cli("list-clients", "-F", "#{session_name}"), "isesh-t")
	g.end() // leaves a session behind that "destroy-unattached on" would have ended
	is.Equal(g.cli("list-sessions", "-F", "#{session_name}"), "isesh-t")
	g.run()
	is.Equal(g.send("t/other", "and again").Status, roles.StatusSubmitted)
}

// kill-server with many teams leaves nothing of theirs, is noticed, and all can be started again.
func TestKillServerWithManyTeams(t *testing.T) {
	is := is.New(t)
	g := newRig(t)
	const teams = 12
	start := func() {
		for i := range teams {
			g.start("t"+strconv.Itoa(i), g.role("dev"+strconv.Itoa(i)))
		}
	}
	start()
	clients := strings.Fields(g.cli("list-clients", "-F", "#{client_pid}"))
	is.Equal(len(clients), teams)
	agents := strings.Fields(g.cli("list-panes", "-a", "-F", "#{pane_pid}"))
	begin := time.Now()
	g.cli("kill-server")
	for i := range teams {
		g.in("t"+strconv.Itoa(i)+"/dev"+strconv.Itoa(i), agent.Dead)
	}
	t.Logf("noticed after %s", time.Since(begin).Round(time.Millisecond))
	for _, pid := range append(clients, agents...) {
		eventually(t, "process "+pid+" has gone", func() bool { return !runs(pid) })
	}
	start()
	is.Equal(g.send("t3/dev3", "hello").Status, roles.StatusSubmitted)
}

// runs reports whether a process is there and not just waiting to be reaped.
func runs(pid string) bool {
	stat, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !cond(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not reached: " + what)
		}
	}
}

// Many starts of the same team at once: one makes it, the others find it.
func TestStartsAtOnce(t *testing.T) {
	is := is.New(t)
	g := newRig(t)
	var wg conc.WaitGroup
	results := make(chan bool, 8)
	for range cap(results) {
		wg.Go(func() {
			res, err := g.tryStart("t", g.role("dev"), g.role("other"))
			if err != nil {
				t.Error(err)
			}
			results <- res.Already
		})
	}
	wg.Wait()
	close(results)
	n := 0
	for already := range results {
		if !already {
			n++
		}
	}
	is.Equal(n, 1)
	is.Equal(strings.Count(g.cli("list-panes", "-a", "-F", "#{pane_id}"), "%"), 2)
}

// A panic in a runner ends neither the program nor the role, and what tmux had done is not done again.
func TestPanicInARunner(t *testing.T) {
	is := is.New(t)
	g := newRig(t)
	g.start("t", g.role("dev"), g.role("other"))
	is.Equal(g.send("t/dev", "before").Status, roles.StatusSubmitted)
	old := g.sup.runner(address("t/dev"))
	err := old.do(context.Background(), func() { panic("injected") })
	var e *api.Error
	is.True(errors.As(err, &e) && e.Code == api.CodeDead) // whoever asked is answered
	g.until("a new runner", func() bool {
		r := g.sup.runner(address("t/dev"))
		return r != old && r.view().role.State == string(agent.Idle)
	})
	is.Equal(g.send("t/dev", "after").Status, roles.StatusSubmitted)
	is.Equal(g.send("t/other", "as ever").Status, roles.StatusSubmitted)
	texts, _ := g.turns("dev")
	is.Equal(texts, []string{"before", "after"})
	log, err := os.ReadFile(filepath.Join(g.state, "events.jsonl"))
	is.NoErr(err)
	is.True(strings.Contains(string(log), "injected"))
}

// The same between an Enter and its proof: the message is not typed a second time.
func TestPanicAfterTheEnter(t *testing.T) {
	is := is.New(t)
	g := newRig(t)
	g.start("t", g.role("dev", "--draw-delay", "200ms"))
	r := g.sup.runner(address("t/dev"))
	sent := make(chan api.Receipt, 1)
	var wg conc.WaitGroup
	wg.Go(func() { sent <- g.send("t/dev", "once") })
	for armed := false; !armed; time.Sleep(time.Millisecond) {
		err := r.do(context.Background(), func() {
			if armed = r.cur != nil && r.cur.phase == entered; armed {
				panic("injected")
			}
		})
		if err != nil {
			break
		}
	}
	wg.Wait()
	got := <-sent
	is.True(g.settled(got.ID) != roles.StatusUnconfirmed)
	texts, _ := g.turns("dev")
	is.Equal(texts, []string{"once"})
}

package layout

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"
)

// hostileConfig is what users have in their tmux.conf that a launched team must live with.
const hostileConfig = `set -g base-index 1
setw -g pane-base-index 1
set -g renumber-windows on
set -g destroy-unattached on
set -g detach-on-destroy off
set -g remain-on-exit on
setw -g aggressive-resize on
setw -g automatic-rename on
setw -g allow-rename on
set -g default-command "echo never; exec cat"
setw -g pane-border-status bottom
`

// server is a private tmux server, gone when the test ends.
type server struct {
	t      *testing.T
	socket string
	config string
}

// newServer prepares a server; the first command that creates a session starts it.
func newServer(t *testing.T, config string) *server {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("tmux is not installed")
	}
	dir, err := os.MkdirTemp("", "isesh") // short: a socket's path has an end
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, socket: filepath.Join(dir, "s"), config: filepath.Join(dir, "conf")}
	if err := os.WriteFile(s.config, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.command("kill-server").Run() // it may have ended by itself
		os.RemoveAll(dir)
	})
	return s
}

func (s *server) command(args ...string) *exec.Cmd {
	cmd := exec.Command("tmux", append([]string{"-u", "-S", s.socket, "-f", s.config}, args...)...)
	cmd.Env = append(os.Environ(), "TMUX=", "TMUX_PANE=")
	return cmd
}

// run runs commands as one line and returns what they print.
func (s *server) run(cmds ...[]string) string {
	s.t.Helper()
	var args []string
	for i, c := range cmds {
		if i > 0 {
			args = append(args, ";")
		}
		args = append(args, c...)
	}
	out, err := s.command(args...).CombinedOutput()
	if err != nil {
		s.t.Fatalf("tmux %q: %v: %s", args, err, out)
	}
	return string(out)
}

func (s *server) lines(words ...string) []string {
	s.t.Helper()
	out := strings.TrimSuffix(s.run(words), "\n")
	if out == "" {
		return nil
	}
	return strings.Split(out, "\n")
}

// made is what a creating command printed.
type made struct{ session, window, pane string }

func (s *server) made(out string) made {
	s.t.Helper()
	f := strings.Fields(out)
	if len(f) != 5 || f[0] != "r" || f[1][0] != '$' || f[2][0] != '@' || f[3][0] != '%' || strings.Count(out, "\n") != 1 {
		s.t.Fatalf("not one line in PrintFormat: %q", out)
	}
	return made{f[1], f[2], f[3]}
}

// execute does what a supervisor does with a plan, and returns what each role got.
func (s *server) execute(plans []SessionPlan) map[string]made {
	s.t.Helper()
	got := map[string]made{}
	for _, p := range plans {
		first := s.made(s.run(p.Create...))
		got[p.Role] = first
		for _, w := range p.More {
			got[w.Role] = s.made(s.run(w.Fill(first.session, first.window)...))
		}
	}
	return got
}

// testTeam is a team whose programs show their arguments and stay.
func testTeam(dir, arrange string, names ...string) *Team {
	t := &Team{Name: "shop", Dir: dir, Arrange: arrange}
	for _, n := range names {
		// The program asks for another window name and title, as agents do.
		t.Roles = append(t.Roles, ResolvedRole{Name: n, Dir: dir, Argv: []string{"sh", "-c", `printf '\033kevil\033\\\033]2;title\007'; printf '[%s]' "$@"; exec cat`, "sh", n, "a;b ; $HOME '*' #{pid} {session}"}})
	}
	return t
}

var configs = map[string]string{"plain": "", "hostile": hostileConfig}

func TestPlanInTmuxWindows(t *testing.T) {
	for name, config := range configs {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			s := newServer(t, config)
			dir := awkwardDir(t)
			team := testTeam(dir, ArrangeWindows, "gestor", "dev", "dev2", "reviewer")
			got := s.execute(team.Plan(PlanOptions{Prefix: "isesh-", Width: 133, Height: 44}))

			is.Equal(s.lines("list-sessions", "-F", "#{session_name}"), []string{"isesh-shop"})
			base := 0
			if name == "hostile" {
				base = 1
			}
			var want []string
			for i, r := range team.Roles {
				want = append(want, fmt.Sprintf("%d %s %s 133x44 1 shop/%s %s", base+i, r.Name, got[r.Name].window, r.Name, got[r.Name].pane))
			}
			is.Equal(s.lines("list-windows", "-t", "=isesh-shop", "-F", "#{window_index} #{window_name} #{window_id} #{window_width}x#{window_height} #{window_panes} #{@isesh_role} #{pane_id}"), want)
			is.Equal(s.lines("display-message", "-p", "-t", "=isesh-shop:", "#{window_name}"), []string{"gestor"}) // the first stays the current one
			for _, m := range got {
				s.checkWindow(is, m.window)
				s.checkProgram(is, m.pane, dir, "a;b ; $HOME '*' #{pid} {session}")
			}
			is.Equal(s.lines("show-options", "-v", "-t", "=isesh-shop:", "destroy-unattached"), []string{"off"})
			s.checkNames(is, team, got)
			s.checkGlobals(is, name)

			// A window that goes away and comes again goes to the end, whatever gaps there are and whatever else is called so.
			s.run([]string{"new-window", "-d", "-t", "=isesh-shop:", "-n", "dev", "cat"})
			s.run([]string{"kill-window", "-t", got["dev"].window})
			w, err := team.PlanWindow("dev", PlanOptions{})
			is.NoErr(err)
			again := s.made(s.run(w.Fill(got["gestor"].session, "")...))
			s.checkWindow(is, again.window)
			is.Equal(s.lines("show-options", "-pv", "-t", again.pane, RoleOption), []string{"shop/dev"})
			all := s.lines("list-windows", "-t", "=isesh-shop", "-F", "#{window_id}")
			is.Equal(all[len(all)-1], again.window)
		})
	}
}

func TestPlanInTmuxPanes(t *testing.T) {
	for name, config := range configs {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			s := newServer(t, config)
			dir := awkwardDir(t)
			var names []string
			for i := range 9 { // more than halving an 80x24 window again and again has room for
				names = append(names, fmt.Sprintf("w-%d", i))
			}
			team := testTeam(dir, ArrangePanes, names...)
			got := s.execute(team.Plan(PlanOptions{Prefix: "isesh-"}))

			window := got["w-0"].window
			var want []string
			for _, n := range names {
				is.Equal(got[n].window, window)
				want = append(want, fmt.Sprintf("%s w-0 shop/%s", got[n].pane, n))
			}
			is.Equal(s.lines("list-panes", "-s", "-t", "=isesh-shop", "-F", "#{pane_id} #{window_name} #{@isesh_role}"), want) // in the order of the file
			is.Equal(s.lines("display-message", "-p", "-t", window, "#{pane_id}"), []string{got["w-0"].pane})                  // and the first is active
			is.Equal(s.lines("show-options", "-wv", "-t", window, "pane-border-status"), []string{"top"})
			is.Equal(s.lines("display-message", "-p", "-t", got["w-3"].pane, "#{E:pane-border-format}"), []string{" w-3 "})
			s.checkWindow(is, window)
			for _, m := range got {
				is.Equal(s.lines("show-options", "-pAv", "-t", m.pane, "remain-on-exit"), []string{"on"})
			}

			// A pane that comes later does not take the keyboard from whoever is typing.
			s.run([]string{"select-pane", "-t", got["w-4"].pane})
			s.run([]string{"kill-pane", "-t", got["w-2"].pane})
			w, err := team.PlanWindow("w-2", PlanOptions{})
			is.NoErr(err)
			again := s.made(s.run(w.Fill(got["w-0"].session, window)...))
			is.Equal(s.lines("display-message", "-p", "-t", window, "#{pane_id}"), []string{got["w-4"].pane})
			is.Equal(s.lines("show-options", "-pv", "-t", again.pane, RoleOption), []string{"shop/w-2"})
			is.Equal(s.lines("show-options", "-pv", "-t", got["w-3"].pane, RoleOption), []string{"shop/w-3"})
		})
	}
}

func TestPlanInTmuxSessions(t *testing.T) {
	for name, config := range configs {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			s := newServer(t, config)
			dir := awkwardDir(t)
			team := testTeam(dir, ArrangeSessions, "dev", "dev-2", "rev")
			got := s.execute(team.Plan(PlanOptions{Prefix: "isesh-", Width: 100, Height: 30}))

			is.Equal(s.lines("list-windows", "-a", "-F", "#{session_name} #{window_name} #{window_width}x#{window_height} #{@isesh_role}"), []string{
				"isesh-dev dev 100x30 shop/dev", "isesh-dev-2 dev-2 100x30 shop/dev-2", "isesh-rev rev 100x30 shop/rev"})
			for n, m := range got {
				s.checkWindow(is, m.window)
				is.Equal(s.lines("show-options", "-v", "-t", "=isesh-"+n+":", "destroy-unattached"), []string{"off"})
			}
			s.checkNames(is, team, got)
			s.checkGlobals(is, name)
		})
	}
}

// A second team, and a session of the user's, are not touched by the options of the first; a name that is a prefix of another's is told apart.
func TestPlanInTmuxOthers(t *testing.T) {
	is := is.New(t)
	s := newServer(t, "set -g base-index 1\n")
	dir := t.TempDir()
	s.run([]string{"new-session", "-d", "-s", "isesh-shop-two", "-n", "own", "cat"})
	team := testTeam(dir, ArrangeWindows, "dev", "rev")
	s.execute(team.Plan(PlanOptions{Prefix: "isesh-"}))
	is.Equal(s.lines("show-options", "-t", "=isesh-shop-two:", "destroy-unattached"), nil)
	is.Equal(s.lines("show-options", "-w", "-t", "=isesh-shop-two:", "remain-on-exit"), nil)
	is.Equal(s.lines("list-windows", "-t", "=isesh-shop-two", "-F", "#{window_name}"), []string{"own"})

	// The same team again is refused, and nothing of the line runs.
	out, err := s.command(team.Plan(PlanOptions{Prefix: "isesh-"})[0].Create[0]...).CombinedOutput()
	is.True(err != nil)
	is.Equal(string(out), "duplicate session: isesh-shop\n")
}

// With Resize the window has its size from resize-window, and a person's terminal still decides later.
func TestPlanInTmuxResize(t *testing.T) {
	is := is.New(t)
	s := newServer(t, "")
	team := testTeam(t.TempDir(), ArrangeWindows, "dev", "rev")
	got := s.execute(team.Plan(PlanOptions{Prefix: "isesh-", Width: 120, Height: 35, Resize: true}))
	for _, m := range got {
		is.Equal(s.lines("display-message", "-p", "-t", m.window, "#{window_width}x#{window_height}"), []string{"120x35"})
		is.Equal(s.lines("show-options", "-w", "-t", m.window, "window-size"), nil) // not manual
	}
}

// A team without a name lives in one session, and a launch of one word is not read by a shell.
func TestPlanInTmuxSingle(t *testing.T) {
	is := is.New(t)
	s := newServer(t, hostileConfig)
	dir := t.TempDir()
	program := filepath.Join(dir, "two words;$HOME")
	is.NoErr(os.WriteFile(program, []byte("#!/bin/sh\nprintf ran; exec cat\n"), 0o755))
	a := &Team{Dir: dir, Roles: []ResolvedRole{{Name: "worker-a", Dir: dir}}}
	launch := PlanOptions{Prefix: "isesh-", Launch: func(string) []string { return []string{program} }}
	got := s.execute(a.Plan(launch))
	is.Equal(s.lines("list-windows", "-a", "-F", "#{session_name} #{window_name} #{@isesh_role}"), []string{"isesh worker-a worker-a"})
	s.waitFor(is, got["worker-a"].pane, "ran")

	b := &Team{Dir: dir, Roles: []ResolvedRole{{Name: "worker-b", Dir: dir}}}
	w, err := b.PlanWindow("worker-b", launch)
	is.NoErr(err)
	more := s.made(s.run(w.Fill(got["worker-a"].session, "")...))
	s.waitFor(is, more.pane, "ran")
	is.Equal(s.lines("list-windows", "-a", "-F", "#{session_name} #{window_name}"), []string{"isesh worker-a", "isesh worker-b"})
}

// awkwardDir returns a directory whose name means much to tmux formats, and to the caller's placeholders.
func awkwardDir(t *testing.T) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, "a#b ##c #{pid} #(id) 50%Y #[x] {session}:{end} é ;x")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// checkWindow checks the options of a window of ours.
func (s *server) checkWindow(is *is.I, window string) {
	s.t.Helper()
	is.Helper()
	for option, want := range map[string]string{"remain-on-exit": "on", "automatic-rename": "off", "allow-rename": "off"} {
		is.Equal(s.lines("show-options", "-wv", "-t", window, option), []string{want})
	}
}

// checkProgram checks that the program got its arguments as they are, in its directory, and waits until it runs.
func (s *server) checkProgram(is *is.I, pane, dir, arg string) {
	s.t.Helper()
	is.Helper()
	s.waitFor(is, pane, "["+arg+"]")
	is.Equal(s.lines("display-message", "-p", "-t", pane, "#{pane_current_path}"), []string{dir})
}

// waitFor waits until a pane shows text. It looks whenever a control client, attached before the first look, has something to say.
func (s *server) waitFor(is *is.I, pane, text string) {
	s.t.Helper()
	is.Helper()
	ctl := s.command("-C", "attach-session", "-f", "ignore-size", "-t", pane) // its lines are the events
	in, err := ctl.StdinPipe()
	is.NoErr(err)
	out, err := ctl.StdoutPipe()
	is.NoErr(err)
	is.NoErr(ctl.Start())
	defer func() {
		_ = ctl.Process.Kill()
		in.Close()
		_ = ctl.Wait()
	}()
	late := time.AfterFunc(20*time.Second, func() { _ = ctl.Process.Kill() }) // ends the read below
	defer late.Stop()
	buf := make([]byte, 4096)
	for !strings.Contains(strings.Join(s.lines("capture-pane", "-p", "-J", "-t", pane), "\n"), text) {
		if _, err := out.Read(buf); err != nil {
			s.t.Fatalf("pane %s never showed %q", pane, text)
		}
	}
}

// checkNames checks that windows keep their names when their programs end, and are kept themselves.
func (s *server) checkNames(is *is.I, team *Team, got map[string]made) {
	s.t.Helper()
	is.Helper()
	for _, r := range team.Roles {
		s.run([]string{"respawn-pane", "-k", "-t", got[r.Name].pane, "--", "sh", "-c", `printf '\033kevil\033\\done'; exit 9`})
		// Asked again and again: no hook, for tmux 3.3a now and then learns of a child's end only with the next one's.
		for late := time.Now().Add(20 * time.Second); s.lines("display-message", "-p", "-t", got[r.Name].pane, "#{pane_dead}")[0] != "1"; {
			if time.Now().After(late) {
				s.t.Fatalf("the program of %s did not end", r.Name)
			}
		}
		is.Equal(s.lines("display-message", "-p", "-t", got[r.Name].pane, "#{window_name}"), []string{r.Name})
	}
}

// checkGlobals checks that the user's own settings are as they were.
func (s *server) checkGlobals(is *is.I, config string) {
	s.t.Helper()
	is.Helper()
	want := map[string]string{"destroy-unattached": "off", "remain-on-exit": "off", "automatic-rename": "on", "default-size": "80x24"}
	if config == "hostile" {
		want["destroy-unattached"], want["remain-on-exit"] = "on", "on"
	}
	for option, value := range want {
		is.Equal(s.lines("show-options", "-gv", option), []string{value})
	}
}

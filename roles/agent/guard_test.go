package agent_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"isesh/roles/agent"
)

// tmuxServer is a private tmux server whose panes show captures.
type tmuxServer struct {
	t      *testing.T
	socket string
}

func startTmux(t *testing.T) *tmuxServer {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("tmux is not installed")
	}
	dir, err := os.MkdirTemp("", "isesh")
	if err != nil {
		t.Fatal(err)
	}
	s := &tmuxServer{t: t, socket: filepath.Join(dir, "s")}
	t.Cleanup(func() {
		s.command("kill-server").Run()
		os.RemoveAll(dir)
	})
	s.run("new-session", "-d", "-s", "base", "-x", "200", "-y", "60", "sleep 600")
	return s
}

func (s *tmuxServer) command(args ...string) *exec.Cmd {
	cmd := exec.Command("tmux", append([]string{"-u", "-S", s.socket, "-f", "/dev/null"}, args...)...)
	cmd.Env = append(os.Environ(), "TMUX=", "LC_ALL=C.UTF-8")
	return cmd
}

func (s *tmuxServer) run(args ...string) string {
	s.t.Helper()
	out, err := s.command(args...).CombinedOutput()
	if err != nil {
		s.t.Fatalf("tmux %q: %v: %s", args, err, out)
	}
	return strings.TrimRight(string(out), "\n")
}

// show opens a pane of its size for each capture, which shows it. Panes are called 0, 1, 2 ...
func (s *tmuxServer) show(all []capture) {
	s.t.Helper()
	dir := filepath.Dir(s.socket)
	var args []string
	for i, c := range all {
		file := filepath.Join(dir, strconv.Itoa(i))
		text := strings.ReplaceAll(strings.TrimSuffix(c.screen.Text, "\n"), "\n", "\r\n")
		text += fmt.Sprintf("\x1b[0m\x1b[%d;%dH\x1b]2;shown\x07", c.want.CursorY+1, c.want.CursorX+1)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			s.t.Fatal(err)
		}
		args = append(args, "new-session", "-d", "-s", strconv.Itoa(i), "-x", strconv.Itoa(c.want.Cols), "-y", strconv.Itoa(c.want.Rows),
			"stty raw -echo; cat "+file+"; exec sleep 600", ";")
	}
	s.run(args...)
	deadline := time.Now().Add(20 * time.Second)
	for strings.Count(s.run("list-panes", "-a", "-F", "#{pane_title}"), "shown") < len(all) {
		if time.Now().After(deadline) {
			s.t.Fatal("the panes never showed their screens")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// find is what tmux itself finds on each of the first n panes: for each regex 1 + the first row that matches, 0 for none.
func (s *tmuxServer) find(n int, regexes []string) [][]int {
	s.t.Helper()
	var format []string
	for _, re := range regexes {
		format = append(format, "#{C/r:"+strings.NewReplacer(",", "#,", "}", "#}").Replace(re)+"}")
	}
	var args []string
	for i := range n {
		args = append(args, "display-message", "-p", "-t", strconv.Itoa(i)+":", strings.Join(format, " "), ";")
	}
	var found [][]int
	for line := range strings.Lines(s.run(args...)) {
		var row []int
		for _, f := range strings.Fields(line) {
			k, err := strconv.Atoi(f)
			if err != nil {
				s.t.Fatal(err)
			}
			row = append(row, k)
		}
		if len(row) != len(regexes) {
			s.t.Fatalf("%d answers to %d questions", len(row), len(regexes))
		}
		found = append(found, row)
	}
	if len(found) != n {
		s.t.Fatalf("%d answers from %d panes", len(found), n)
	}
	return found
}

// The rows that tmux is asked for before anything is typed: on a screen with an empty composer the composer's row is found
// under the cursor and no menu is, whatever the transcript quotes; with a draft the composer's row is found above the cursor;
// on a menu a menu's row is found, or no composer is.
func TestGuardOnRealTmux(t *testing.T) {
	if testing.Short() {
		t.Skip("uses a real tmux")
	}
	for _, profile := range agent.Names() {
		p := load(t, profile)
		if p.ComposerRow() == "" {
			continue
		}
		var all []capture
		for _, c := range captures(t, profile) {
			if c.want.Dead == 0 && c.want.State != agent.Starting {
				all = append(all, c)
			}
		}
		for chunk := range slices.Chunk(all, 40) {
			s := startTmux(t)
			s.show(chunk)
			found := s.find(len(chunk), append([]string{p.ComposerRow()}, p.MenuRows()...))
			for i, c := range chunk {
				checkGuard(t, p, c, found[i])
			}
		}
	}
}

// checkGuard checks what tmux found on one screen.
func checkGuard(t *testing.T, p *agent.Profile, c capture, found []int) {
	r := agent.Classify(p, c.screen)
	profile := p.Name()
	composer, menu := found[0], ""
	for i, n := range found[1:] {
		if n > 0 {
			menu = fmt.Sprintf("%q in row %d", p.MenuRows()[i], n-1)
		}
	}
	switch {
	case (r.State == agent.Idle || r.State == agent.Busy) && menu != "":
		t.Errorf("%s/%s: %s is taken for a menu: nothing could ever be typed", profile, c.name, menu)
	case r.State == agent.Idle && !r.Draft && composer != c.want.CursorY+1 && !shellMode(c):
		t.Errorf("%s/%s: the composer is found in row %d, the cursor is in %d", profile, c.name, composer-1, c.want.CursorY)
	case (r.State == agent.Idle || r.State == agent.Busy) && r.Draft && (composer == 0 || composer > c.want.CursorY+1) && !shellMode(c):
		t.Errorf("%s/%s: with a draft the composer is found in row %d, the cursor is in %d", profile, c.name, composer-1, c.want.CursorY)
	case c.want.State == agent.Waiting && menu == "" && composer != 0:
		t.Errorf("%s/%s: tmux sees no menu, and a composer in row %d", profile, c.name, composer-1)
	case c.want.State == agent.Unknown && composer == c.want.CursorY+1 && c.want.Title == "vm":
		t.Errorf("%s/%s: is taken for a composer", profile, c.name)
	}
	if (c.want.Kind == agent.Permission || c.want.Kind == agent.Plan) && menu == "" {
		t.Errorf("%s/%s: tmux finds no row of the menu", profile, c.name)
	}
}

// shellMode tells that what is typed would run as a command, so the guard must refuse.
func shellMode(c capture) bool { return strings.Contains(c.plain, "\n!") }

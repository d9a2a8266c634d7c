package agent_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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

// show opens a pane of the capture's size that shows it, and returns the pane's id.
func (s *tmuxServer) show(c capture) string {
	s.t.Helper()
	dir := filepath.Dir(s.socket)
	file := filepath.Join(dir, "screen")
	rows := strings.Split(strings.TrimSuffix(c.screen.Text, "\n"), "\n")
	text := strings.Join(rows, "\r\n") + fmt.Sprintf("\x1b[0m\x1b[%d;%dH", c.want.CursorY+1, c.want.CursorX+1)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	pane := s.run("new-session", "-d", "-P", "-F", "#{pane_id}", "-x", strconv.Itoa(c.want.Cols), "-y", strconv.Itoa(c.want.Rows),
		"stty raw -echo; cat "+file+"; printf '\\033]2;shown\\007'; exec sleep 600")
	for deadline := time.Now().Add(5 * time.Second); s.run("display-message", "-p", "-t", pane, "#{pane_title}") != "shown"; {
		if time.Now().After(deadline) {
			s.t.Fatalf("the pane never showed %s", c.name)
		}
		time.Sleep(5 * time.Millisecond)
	}
	return pane
}

// find is what tmux itself finds on the pane: for each regex 1 + the first row that matches, 0 for none.
func (s *tmuxServer) find(pane string, regexes []string) []int {
	s.t.Helper()
	var format []string
	for _, re := range regexes {
		format = append(format, "#{C/r:"+strings.NewReplacer(",", "#,", "}", "#}").Replace(re)+"}")
	}
	var found []int
	for _, f := range strings.Fields(s.run("display-message", "-p", "-t", pane, strings.Join(format, " "))) {
		n, err := strconv.Atoi(f)
		if err != nil {
			s.t.Fatal(err)
		}
		found = append(found, n)
	}
	if len(found) != len(regexes) {
		s.t.Fatalf("%d answers to %d questions", len(found), len(regexes))
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
	s := startTmux(t)
	for _, profile := range agent.Names() {
		p := load(t, profile)
		if p.ComposerRow() == "" {
			continue
		}
		for _, c := range captures(t, profile) {
			if c.want.Dead == 1 || c.want.State == agent.Starting {
				continue
			}
			r := agent.Classify(p, c.screen)
			pane := s.show(c)
			found := s.find(pane, append([]string{p.ComposerRow()}, p.MenuRows()...))
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
			s.run("kill-pane", "-t", pane)
		}
	}
}

// shellMode tells that what is typed would run as a command, so the guard must refuse.
func shellMode(c capture) bool { return strings.Contains(c.plain, "\n!") }

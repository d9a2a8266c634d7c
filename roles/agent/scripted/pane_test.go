package scripted

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for what should happen at once; only a failing test waits that long.
const patience = 30 * time.Second

// pane is the program in a pane of a private tmux server.
type pane struct {
	t      *testing.T
	socket string
	record string
	dir    string
}

// start runs the program with the flags in a pane of cols x rows.
func start(t *testing.T, cols, rows int, flags ...string) *pane {
	t.Helper()
	p := blank(t)
	p.launch(cols, rows, flags...)
	if p.record != "" && !has(flags, "--start-delay") {
		p.until("an idle or busy composer", func(s string) bool { return strings.Contains(s, "\n▸\u00a0") })
	}
	return p
}

func has(flags []string, name string) bool {
	for _, f := range flags {
		if strings.HasPrefix(f, name) {
			return true
		}
	}
	return false
}

func blank(t *testing.T) *pane {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("tmux is not installed")
	}
	dir, err := os.MkdirTemp("", "isesh")
	if err != nil {
		t.Fatal(err)
	}
	p := &pane{t: t, socket: filepath.Join(dir, "s"), record: filepath.Join(dir, "record"), dir: dir}
	t.Cleanup(func() {
		_ = exec.Command("tmux", "-S", p.socket, "kill-server").Run()
		os.RemoveAll(dir)
	})
	return p
}

func (p *pane) launch(cols, rows int, flags ...string) {
	p.t.Helper()
	self, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	args := []string{"-f", "/dev/null", "new-session", "-d", "-s", "t", "-x", strconv.Itoa(cols), "-y", strconv.Itoa(rows), "-c", p.dir,
		"-e", "ISESH_TEST_SCRIPTED=1", "sh", "-c", `"$0" "$@"; echo $? >exit`, self, "--record", p.record}
	args = append(args, flags...)
	p.tmux(append(args, ";", "set-option", "-w", "-t", "=t:", "remain-on-exit", "on")...)
}

func (p *pane) tmux(args ...string) string {
	p.t.Helper()
	cmd := exec.Command("tmux", append([]string{"-u", "-S", p.socket}, args...)...)
	cmd.Env = append(os.Environ(), "PATH="+p.dir+":"+os.Getenv("PATH")) // of the panes, too
	out, err := cmd.CombinedOutput()
	if err != nil {
		p.t.Fatalf("tmux %q: %v: %s", args, err, out)
	}
	return string(out)
}

func (p *pane) screen() string { p.t.Helper(); return p.tmux("capture-pane", "-p", "-t", "=t:") }

func (p *pane) ask(format string) string {
	p.t.Helper()
	return strings.TrimSuffix(p.tmux("display-message", "-p", "-t", "=t:", format), "\n")
}

// until waits for the screen to be so, and returns it.
func (p *pane) until(what string, ok func(screen string) bool) string {
	p.t.Helper()
	end := time.Now().Add(patience)
	for {
		s := p.screen()
		if ok(s) {
			return s
		}
		if time.Now().After(end) {
			p.t.Fatalf("no %s on the screen:\n%s\nrecord: %+v", what, s, p.records())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (p *pane) shows(text string) string {
	p.t.Helper()
	return p.until(fmt.Sprintf("%q", text), func(s string) bool { return strings.Contains(s, text) })
}

func (p *pane) hides(text string) string {
	p.t.Helper()
	return p.until("screen without "+fmt.Sprintf("%q", text), func(s string) bool { return !strings.Contains(s, text) })
}

func (p *pane) keys(keys ...string) {
	p.t.Helper()
	p.tmux(append([]string{"send-keys", "-t", "=t:"}, keys...)...)
}

// paste pastes as the supervisor does: bracketed, from a file.
func (p *pane) paste(text string, then ...string) {
	p.t.Helper()
	file := filepath.Join(p.dir, "payload")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
	flags := "-pd"
	if p.raw() {
		flags += "S"
	}
	p.tmux(append([]string{"load-buffer", "-b", "b", file, ";", "paste-buffer", flags, "-b", "b", "-t", "=t:"}, then...)...)
}

// raw tells whether this tmux has to be told to paste control characters as they are: from 3.7 on it spells them out.
func (p *pane) raw() bool {
	return strings.Contains(p.tmux("list-commands", "-F", "#{command_list_usage}", "paste-buffer"), "S")
}

// submit pastes, waits for the draft and presses Enter.
func (p *pane) submit(text string) {
	p.t.Helper()
	p.paste(text)
	p.until("draft", func(s string) bool { return strings.Contains(s, "  enter to ") })
	p.keys("Enter")
}

// records waits for nothing: it is what the record file holds now.
func (p *pane) records() []entry {
	p.t.Helper()
	data, err := os.ReadFile(p.record)
	if err != nil {
		p.t.Fatal(err)
	}
	var out []entry
	for line := range strings.Lines(string(data)) {
		var e entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			p.t.Fatalf("record line %q: %v", line, err)
		}
		out = append(out, e)
	}
	return out
}

// turns waits for n submitted messages, and returns them.
func (p *pane) turns(n int) []string {
	p.t.Helper()
	end := time.Now().Add(patience)
	for {
		var texts []string
		for _, e := range p.records() {
			if e.Text != nil {
				texts = append(texts, *e.Text)
			}
		}
		if len(texts) >= n {
			return texts
		}
		if time.Now().After(end) {
			p.t.Fatalf("%d of %d messages were submitted\n%s", len(texts), n, p.screen())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// cursorRow is the row the cursor is on.
func (p *pane) cursorRow() string {
	p.t.Helper()
	y, _ := strconv.Atoi(p.ask("#{cursor_y}"))
	return strings.Split(p.screen(), "\n")[y]
}

// ended waits for the program to end, and returns its exit code as a shell tells it. tmux is not asked: 3.3a was measured to leave an
// ended child unreaped, and its status empty, for as long as anyone watched.
func (p *pane) ended() string {
	p.t.Helper()
	end := time.Now().Add(patience)
	for {
		code, err := os.ReadFile(filepath.Join(p.dir, "exit"))
		if err == nil && len(code) > 0 {
			return strings.TrimSpace(string(code))
		}
		if time.Now().After(end) {
			p.t.Fatalf("the program does not end:\n%s", p.screen())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// dead waits for tmux to say that the pane is dead. A tmux 3.3a was seen to miss the end of a child until another one ended: one more SIGCHLD
// makes it look.
func (p *pane) dead() string {
	p.t.Helper()
	server, err := strconv.Atoi(p.ask("#{pid}"))
	if err != nil {
		p.t.Fatal(err)
	}
	return p.until("dead pane", func(s string) bool {
		if strings.Contains(s, "Pane is dead") {
			return true
		}
		_ = syscall.Kill(server, syscall.SIGCHLD)
		return false
	})
}

// running reports whether a process is there and no zombie that a test machine without an init leaves.
func running(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	out, err := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && !strings.HasPrefix(string(out), "Z")
}

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets this test binary be isesh: scripts, daemons and roles execute it under that name.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"isesh": main, "messenger": main, "imessenger": main})
}

// TestTmuxIsInstalled fails with the one line that says how to install tmux. Every other test that needs tmux is skipped then.
func TestTmuxIsInstalled(t *testing.T) {
	if err := newApp().needTmux(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestScripts runs testdata/script. Each script has a home, a state directory and a tmux server of its own, and leaves nothing behind.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setUpScript,
		Condition: func(name string) (bool, error) {
			return name == "tmux" && newApp().needTmux(t.Context()) == nil, nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"eventually": eventually,
			"processes":  processes,
			"recorded":   recorded,
		},
	})
}

// setUpScript makes the private world of a script.
func setUpScript(env *testscript.Env) error {
	// Sockets need a short path, which the script's own directory does not have.
	short, err := os.MkdirTemp("/tmp", "isesh")
	if err != nil {
		return err
	}
	env.Defer(func() {
		if err := os.RemoveAll(short); err != nil {
			env.T().Log(err)
		}
	})
	home := filepath.Join(env.WorkDir, "home")
	for _, dir := range []string{home, filepath.Join(short, "tmp")} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
	}
	isesh, err := exec.LookPath("isesh")
	if err != nil {
		return err
	}
	env.Setenv("BINDIR", filepath.Dir(isesh))
	env.Setenv("OLDPATH", os.Getenv("PATH"))
	env.Setenv("HOME", home)
	env.Setenv("SHORT", short)
	env.Setenv("TMPDIR", filepath.Join(short, "tmp"))
	env.Setenv("XDG_RUNTIME_DIR", short)
	env.Setenv("TMUX_TMPDIR", short)
	env.Setenv("LANG", "C.UTF-8")
	env.Setenv("SHELL", "/bin/sh")
	for _, name := range []string{"TMUX", "TMUX_PANE", "ISESH_ROLE", "ISESH_DIR", "ISESH_SOCKET", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "NO_COLOR"} {
		env.Setenv(name, "")
	}
	env.Defer(func() { endScript(env) })
	return nil
}

// endScript ends the supervisor and the tmux server of a script that has not done so.
func endScript(env *testscript.Env) {
	for _, argv := range [][]string{{"isesh", "supervise", "--stop"}, {"tmux", "kill-server"}} {
		c := exec.Command(argv[0], argv[1:]...)
		c.Dir, c.Env = env.WorkDir, env.Vars
		if out, err := c.CombinedOutput(); err != nil && !strings.Contains(string(out), "no server running") && !strings.Contains(string(out), "error connecting") {
			env.T().Log(strings.Join(argv, " "), string(out), err)
		}
	}
}

// patience is how long a test waits for what must come. Only a failing test waits so long.
const patience = 20 * time.Second

// eventually is a script command: it runs a command until it succeeds.
func eventually(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: eventually COMMAND...")
	}
	for deadline := time.Now().Add(patience); ; {
		err := ts.Exec(args[0], args[1:]...)
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s: %v", strings.Join(args, " "), err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// processes is a script command: it waits until so many processes have all the texts in their command line or environment.
func processes(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: processes COUNT TEXT...")
	}
	for deadline := time.Now().Add(patience); ; {
		found := processesWith(args[1:])
		if strconv.Itoa(len(found)) == args[0] {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%d processes with %q:\n%s", len(found), args[1:], strings.Join(found, "\n"))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// processesWith are the command lines of the processes, other than this one, that have all texts in their command line or environment.
func processesWith(texts []string) []string {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	var found []string
next:
	for _, dir := range dirs {
		if filepath.Base(dir) == strconv.Itoa(os.Getpid()) {
			continue
		}
		line, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		env, _ := os.ReadFile(filepath.Join(dir, "environ"))
		all := strings.ReplaceAll(string(line)+"\x00"+string(env), "\x00", " ")
		for _, text := range texts {
			if !strings.Contains(all, text) {
				continue next
			}
		}
		found = append(found, filepath.Base(dir)+" "+strings.ReplaceAll(string(line), "\x00", " "))
	}
	return found
}

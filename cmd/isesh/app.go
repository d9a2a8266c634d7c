package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/term"

	"isesh/roles"
	"isesh/roles/agent"
	"isesh/supervisor/api"
)

// app is what every command has at hand: the streams, the environment and the flags that all commands share. It belongs to the one
// goroutine that runs the command.
type app struct {
	in     *os.File
	out    io.Writer
	err    io.Writer
	getenv func(string) string
	now    func() time.Time
	flags  flags
}

// flags are the ones every command understands.
type flags struct {
	json     bool
	stateDir string
	tmuxName string // -L
	tmuxPath string // -S
	quiet    bool
	verbose  bool
	noColor  bool
}

// newApp is the app of this process.
func newApp() *app {
	return &app{in: os.Stdin, out: os.Stdout, err: os.Stderr, getenv: os.Getenv, now: time.Now}
}

// stateDir is where everything is remembered: --state-dir, $ISESH_DIR, $XDG_STATE_HOME/isesh, ~/.local/state/isesh.
func (a *app) stateDir() (string, error) {
	dir := a.flags.stateDir
	if dir == "" {
		dir = a.getenv("ISESH_DIR")
	}
	if dir == "" {
		if x := a.getenv("XDG_STATE_HOME"); filepath.IsAbs(x) {
			return filepath.Join(x, "isesh"), nil
		}
		home := a.getenv("HOME")
		if home == "" {
			return "", usagef("set HOME, or name a directory with --state-dir or ISESH_DIR", "no place for the state directory")
		}
		return filepath.Join(home, ".local", "state", "isesh"), nil
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("finding the state directory %s: %w", dir, err)
	}
	return abs, nil
}

// configDir is a directory of the user's configuration, "" without a place for one.
func (a *app) configDir(name string) string {
	if x := a.getenv("XDG_CONFIG_HOME"); filepath.IsAbs(x) {
		return filepath.Join(x, "isesh", name)
	}
	if home := a.getenv("HOME"); home != "" {
		return filepath.Join(home, ".config", "isesh", name)
	}
	return ""
}

// layoutDirs are the directories with the user's own layouts.
func (a *app) layoutDirs() []string { return nonEmpty(a.configDir("layouts")) }

// agentsDir is the directory with the user's own agent profiles.
func (a *app) agentsDir() string { return a.configDir("agents") }

// agents are the names of the known agent profiles, the user's own included.
func (a *app) agents() ([]string, error) {
	names, err := agent.NamesFrom(a.agentsDir())
	if err != nil {
		return nil, fmt.Errorf("listing agent profiles: %w", err)
	}
	return names, nil
}

// paths are the socket and lock of the supervisor in use.
func (a *app) paths() (api.Paths, error) {
	dir, err := a.stateDir()
	if err != nil {
		return api.Paths{}, err
	}
	return api.PathsFor(dir, a.tmuxSocket(a.tmux()), a.socketEnv)
}

// socketEnv is the environment as far as it decides on the supervisor's socket: a flag that names another state directory or tmux server
// wins over ISESH_SOCKET, which a role has from the supervisor that started it.
func (a *app) socketEnv(name string) string {
	named := a.flags.stateDir != "" || a.flags.tmuxName != "" || a.flags.tmuxPath != ""
	if name == "ISESH_SOCKET" && named {
		return ""
	}
	return a.getenv(name)
}

// facts are what this process tells the supervisor of itself. The supervisor checks what it can.
func (a *app) facts() api.Caller {
	dir, err := os.Getwd()
	if err != nil {
		dir = "" // a deleted directory belongs to no team
	}
	return api.Caller{Dir: dir, Tmux: a.getenv("TMUX"), TmuxPane: a.getenv("TMUX_PANE"), EnvRole: a.getenv("ISESH_ROLE")}
}

// connect reaches the supervisor, starting one when none runs. The caller closes the client.
func (a *app) connect(ctx context.Context) (*api.Client, error) {
	paths, err := a.paths()
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding the isesh binary: %w", err)
	}
	build, err := api.BinaryBuild(self)
	if err != nil {
		return nil, fmt.Errorf("reading the isesh binary: %w", err)
	}
	return api.Connect(ctx, api.ClientOptions{
		Paths: paths, Facts: a.facts(), Build: build, Binary: self,
		Spawn: func() error { return a.spawn(paths) },
	})
}

// connectRunning reaches the supervisor only if one runs; it starts and replaces nothing.
func (a *app) connectRunning(ctx context.Context) (*api.Client, error) {
	paths, err := a.paths()
	if err != nil {
		return nil, err
	}
	return api.Connect(ctx, api.ClientOptions{Paths: paths, Facts: a.facts(), NoReplace: true})
}

// spawn starts the supervisor as a daemon and returns when it listens on the socket of paths.
func (a *app) spawn(paths api.Paths) error {
	dir, err := a.stateDir()
	if err != nil {
		return err
	}
	if _, err := a.tmux().Version(context.Background()); err != nil {
		return err
	}
	if _, err := roles.OpenDir(dir); err != nil { // the supervisor would say so, too, but only after much else had failed
		return err
	}
	binary, err := api.KeepBinary(dir)
	if err != nil {
		return fmt.Errorf("keeping a copy of the isesh binary: %w", err)
	}
	argv := []string{binary, "--state-dir", dir, "--socket-path", a.tmuxSocket(a.tmux())}
	// The daemon could not work the socket out again from inside a role, whose environment lacks variables that decide on it.
	argv = append(argv, "supervise", "--daemon", "--socket", paths.Socket)
	if idle := a.getenv("ISESH_IDLE_EXIT"); idle != "" {
		argv = append(argv, "--idle-exit", idle)
	}
	if a.flags.verbose {
		argv = append(argv, "--verbose")
	}
	return api.SpawnDaemon(argv, daemonEnv(os.Environ()), filepath.Join(dir, "supervisor.log"))
}

// daemonEnv is the environment of the daemon: the caller's without what ties it to the caller's place in tmux or makes it a role.
func daemonEnv(env []string) []string {
	var kept []string
	for _, kv := range env {
		switch name, _, _ := strings.Cut(kv, "="); name {
		case "TMUX", "TMUX_PANE", "ISESH_ROLE", "ISESH_SOCKET":
		default:
			kept = append(kept, kv)
		}
	}
	return kept
}

// isTerminal reports whether f, a stream of the app, is a terminal.
func isTerminal(f any) bool {
	file, ok := f.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// terminalSize is the size of the terminal on standard output, 0, 0 when there is none.
func (a *app) terminalSize() (width, height int) {
	file, ok := a.out.(*os.File)
	if !ok {
		return 0, 0
	}
	width, height, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0, 0
	}
	return width, height
}

// note prints a line for people on standard error, unless --quiet.
func (a *app) note(format string, args ...any) {
	if !a.flags.quiet {
		fmt.Fprintln(a.err, printable(fmt.Sprintf(format, args...), false))
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"

	"isesh/control"
	"isesh/supervisor/api"
)

// needTmux refuses to go on without a usable tmux, naming the command that installs it.
func (a *app) needTmux(ctx context.Context) error {
	_, err := a.tmux().Version(ctx)
	if err != nil {
		return classify(err)
	}
	return nil
}

// tmuxError is the one line about a tmux that is missing or too old.
func tmuxError(err error) *api.Error {
	message := "tmux is not installed"
	if !errors.Is(err, control.ErrNoTmux) {
		message = err.Error()
	}
	release, _ := os.ReadFile("/etc/os-release")
	return &api.Error{Code: api.CodeError, Message: message,
		Hint: "isesh needs tmux 3.2 or later: " + installTmux(runtime.GOOS, string(release), os.Getuid() == 0)}
}

// tmuxInstallers are the commands that install tmux, in the order in which they are listed when the system is not known.
var tmuxInstallers = []struct {
	system  string
	ids     []string // ID and ID_LIKE of os-release
	command string
	root    bool
}{
	{"Debian", []string{"debian", "ubuntu"}, "apt-get install tmux", true},
	{"Fedora", []string{"fedora", "rhel", "centos"}, "dnf install tmux", true},
	{"Alpine", []string{"alpine"}, "apk add tmux", true},
	{"Arch", []string{"arch"}, "pacman -S tmux", true},
	{"macOS", []string{"darwin"}, "brew install tmux", false},
}

// installTmux is the command that installs tmux on this system, or on each system when this one is unknown.
func installTmux(goos, release string, root bool) string {
	ids := []string{goos}
	if goos == "linux" {
		ids = releaseIDs(release)
	}
	var all []string
	for _, in := range tmuxInstallers {
		command := in.command
		if in.root && !root {
			command = "sudo " + command
		}
		for _, id := range ids {
			for _, known := range in.ids {
				if id == known {
					return command
				}
			}
		}
		all = append(all, in.system+": "+command)
	}
	return strings.Join(all, "; ")
}

// releaseIDs are the words of ID and ID_LIKE in os-release, most specific first.
func releaseIDs(release string) []string {
	var id, like []string
	for line := range strings.Lines(release) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch words := strings.Fields(strings.Trim(value, `"'`)); key {
		case "ID":
			id = words
		case "ID_LIKE":
			like = words
		}
	}
	return append(id, like...)
}

// attach shows a tmux target to the person: by switching the client that this process runs in, by becoming a tmux client, or, inside
// another tmux server, by printing the command. It does not return when it becomes a client. The target is an id.
func (a *app) attach(ctx context.Context, target string) error {
	server := a.tmux()
	if own := insideTmux(a.getenv); own != "" {
		same := a.tmuxSocket(control.Server{Path: own}) == a.tmuxSocket(server)
		if !same {
			a.note("this terminal is inside another tmux server; run this outside, or in a new terminal:")
			_, err := fmt.Fprintln(a.out, a.attachCommand(target))
			return err
		}
		// With TMUX and TMUX_PANE in its environment, tmux itself finds the server and the client to switch.
		out, err := exec.CommandContext(ctx, server.Binary, "switch-client", "-t", target).CombinedOutput()
		if err != nil {
			return fmt.Errorf("switching to %s: %s (%w)", target, strings.TrimSpace(string(out)), err)
		}
		return nil
	}
	if !isTerminal(a.in) || !isTerminal(a.out) {
		_, err := fmt.Fprintln(a.out, a.attachCommand(target))
		return err
	}
	path, err := exec.LookPath(server.Binary)
	if err != nil {
		return tmuxError(control.ErrNoTmux)
	}
	argv := append([]string{server.Binary}, server.Args("attach-session", "-t", target)...)
	if err := syscall.Exec(path, argv, os.Environ()); err != nil {
		return fmt.Errorf("running %s: %w", path, err)
	}
	return nil
}

// attachCommand is the shell command that shows a target.
func (a *app) attachCommand(target string) string {
	words := []string{"tmux"}
	switch s := a.tmux(); {
	case a.tmuxSocket(s) == a.tmuxSocket(control.Server{}): // the default one
	case s.Path != "":
		words = append(words, "-S", s.Path)
	default:
		words = append(words, "-L", s.Name)
	}
	words = append(words, "attach", "-t", target)
	for i, w := range words {
		words[i] = shellWord(w)
	}
	return strings.Join(words, " ")
}

// shellWord quotes s for a shell where it needs quotes.
func shellWord(s string) string {
	unsafe := func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:@%+,", r))
	}
	if s != "" && !strings.ContainsFunc(s, unsafe) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

package control

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// Server says which tmux is meant. The zero value is the user's default server.
// A Server holds no resources; its methods run the command line client, about
// 2 ms each, and need no connection.
type Server struct {
	Binary string   // program, "" = tmux
	Name   string   // -L, a socket name
	Path   string   // -S, a socket path; wins over Name
	Config string   // -f, the configuration of a server that gets started
	Env    []string // environment of the commands, nil = this process's
}

// Args returns args behind the flags that select the server. -u is among them:
// without it a C locale turns every character outside ASCII of a reply into _.
func (s Server) Args(args ...string) []string {
	all := []string{"-u"}
	switch {
	case s.Path != "":
		all = append(all, "-S", s.Path)
	case s.Name != "":
		all = append(all, "-L", s.Name)
	}
	if s.Config != "" {
		all = append(all, "-f", s.Config)
	}
	return append(all, args...)
}

// Command returns a command of the tmux command line client, not started, in
// a session of its own (a Ctrl-Z must not stop it) and without TMUX and
// TMUX_PANE. An argument that ends in ';' separates commands; write \; for the
// character.
func (s Server) Command(ctx context.Context, args ...string) *exec.Cmd {
	return s.command(ctx, s.Args(args...), nil)
}

// command takes complete arguments, as those of a dial are.
func (s Server) command(ctx context.Context, args, env []string) *exec.Cmd {
	binary := s.Binary
	if binary == "" {
		binary = "tmux"
	}
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.SysProcAttr = ownSession()
	base := s.Env
	if base == nil {
		base = os.Environ()
	}
	cmd.Env = make([]string, 0, len(base)+len(env))
	for _, kv := range base {
		if !strings.HasPrefix(kv, "TMUX=") && !strings.HasPrefix(kv, "TMUX_PANE=") {
			cmd.Env = append(cmd.Env, kv)
		}
	}
	cmd.Env = append(cmd.Env, env...)
	return cmd
}

// Output runs a command line client and returns its standard output without
// the last newline. Errors: ErrNoTmux, ErrNoServer, a *CommandError with tmux's
// words, or that of ctx.
func (s Server) Output(ctx context.Context, args ...string) (string, error) {
	cmd := s.Command(ctx, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if err == nil {
		return strings.TrimSuffix(stdout.String(), "\n"), nil
	}
	if ctx.Err() != nil {
		return "", fmt.Errorf("running tmux %s: %w", brief(args), context.Cause(ctx))
	}
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("running %s: %w", cmd.Path, ErrNoTmux)
	}
	text := strings.TrimSpace(stderr.String())
	if noServer(text) {
		return "", fmt.Errorf("%w (%s)", ErrNoServer, text)
	}
	if text == "" {
		text = err.Error()
	}
	return "", &CommandError{Line: brief(args), Text: text}
}

// noServer recognises the client's words for a missing server.
func noServer(text string) bool {
	return strings.HasPrefix(text, "no server running") ||
		strings.HasPrefix(text, "error connecting to") &&
			(strings.Contains(text, "No such file") || strings.Contains(text, "Connection refused")) ||
		strings.HasPrefix(text, "no sessions")
}

// Version is the version of the binary: ErrNoTmux when there is none,
// *OldVersionError when it is too old. A running server may have another one.
func (s Server) Version(ctx context.Context) (Version, error) {
	out, err := s.Output(ctx, "-V")
	if err != nil {
		return Version{}, err
	}
	v, err := ParseVersion(out)
	if err == nil && !v.AtLeast(MinMajor, MinMinor) {
		err = &OldVersionError{v}
	}
	return v, err
}

// Identity tells one life of a tmux server from every other: pane ids start
// again with each.
type Identity struct {
	PID     int
	Start   int64 // unix seconds
	Socket  string
	Version Version
}

const identityFormat = "r #{pid} #{start_time} #{version} #{socket_path}"

func parseIdentity(line string) (Identity, error) {
	f := strings.SplitN(line, " ", 5)
	if len(f) != 5 || f[0] != "r" {
		return Identity{}, fmt.Errorf("reading the identity of the tmux server: unexpected %q", line)
	}
	pid, err1 := strconv.Atoi(f[1])
	start, err2 := strconv.ParseInt(f[2], 10, 64)
	v, err3 := ParseVersion(f[3])
	if err := errors.Join(err1, err2, err3); err != nil {
		return Identity{}, fmt.Errorf("reading the identity of the tmux server: %w", err)
	}
	return Identity{PID: pid, Start: start, Version: v, Socket: f[4]}, nil
}

// Identity of the running server: ErrNoServer when none runs,
// *OldVersionError when it is too old.
func (s Server) Identity(ctx context.Context) (Identity, error) {
	separator := newSeparator()
	out, err := s.Output(ctx, "display-message", "-p", separator+identityFormat+separator)
	if err != nil {
		return Identity{}, err
	}
	if parts := strings.Split(out, separator); len(parts) == 3 { // around it stands what hooks print
		out = parts[1]
	}
	id, err := parseIdentity(out)
	if err == nil && !id.Version.AtLeast(MinMajor, MinMinor) {
		err = &OldVersionError{id.Version}
	}
	return id, err
}

// Panes lists every pane of every session: ErrNoServer when no server runs.
func (s Server) Panes(ctx context.Context) ([]Pane, error) {
	separator := newSeparator()
	out, err := s.Output(ctx, "list-panes", "-a", "-F", paneRows.format(separator))
	if err != nil {
		return nil, err
	}
	return paneRows.parse(out, separator)
}

// brief shortens a command for an error: it must neither flood a log nor carry
// a secret into it.
func brief(args []string) string {
	if len(args) > 3 {
		args = args[:3]
	}
	return briefLine(strings.Join(args, " "))
}

func briefLine(line string) string {
	line, _, cut := strings.Cut(line, "\n")
	if len(line) > 60 {
		line, cut = strings.ToValidUTF8(line[:60], ""), true
	}
	if cut {
		line += "..."
	}
	return line
}

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"

	"isesh/control"
	"isesh/supervisor/api"
)

// tmux is the tmux server in use: -S, -L, else the one that the roles of this state directory live in, else the one this process runs in,
// else the default one.
func (a *app) tmux() control.Server {
	s := control.Server{Binary: "tmux", Name: a.flags.tmuxName, Path: a.flags.tmuxPath}
	if s.Path != "" {
		if abs, err := filepath.Abs(s.Path); err == nil {
			s.Path = abs
		}
		return s
	}
	if s.Name == "" {
		if s.Path = a.boundTmux(); s.Path == "" {
			s.Path = insideTmux(a.getenv)
		}
	}
	return s
}

// tmuxFile is the file of a state directory that names the socket of the tmux server its roles live in. A state directory has one
// supervisor, and so one tmux server: a person who stands in another one still means the roles that there are.
const tmuxFile = "tmux"

// boundTmux is the socket that tmuxFile names, "" when there is none, or when neither that server nor a supervisor of it is left.
func (a *app) boundTmux() string {
	dir, err := a.stateDir()
	if err != nil {
		return ""
	}
	data, err := os.ReadFile(filepath.Join(dir, tmuxFile))
	path := strings.TrimSpace(string(data))
	if err != nil || !filepath.IsAbs(path) {
		return ""
	}
	if paths, err := api.PathsFor(dir, path, a.socketEnv); err == nil {
		if _, err := os.Lstat(paths.Socket); err == nil {
			return path
		}
	}
	conn, err := net.Dial("unix", path) // tmux leaves its socket behind, so only this tells
	if err != nil {
		return ""
	}
	conn.Close()
	return path
}

// bindTmux writes tmuxFile. Only the supervisor does, which has the state directory to itself.
func bindTmux(dir, socket string) error {
	path := filepath.Join(dir, tmuxFile)
	if old, err := os.ReadFile(path); err == nil && string(old) == socket+"\n" {
		return nil
	}
	if err := os.WriteFile(path+".new", []byte(socket+"\n"), 0o600); err != nil {
		return fmt.Errorf("noting the tmux server: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("noting the tmux server: %w", err)
	}
	return nil
}

// insideTmux is the socket of the tmux server this process runs in, "" outside tmux.
func insideTmux(getenv func(string) string) string {
	path, _, _ := strings.Cut(getenv("TMUX"), ",")
	if !filepath.IsAbs(path) {
		return ""
	}
	return path
}

// tmuxSocket is the path of a server's socket, by which one server is always called the same, however it was named.
func (a *app) tmuxSocket(s control.Server) string {
	path := s.Path
	if path == "" {
		name := s.Name
		if name == "" {
			name = "default"
		}
		dir := a.getenv("TMUX_TMPDIR")
		if dir == "" {
			dir = "/tmp"
		}
		path = filepath.Join(dir, fmt.Sprintf("tmux-%d", os.Getuid()), name)
	}
	// The directory may be a link (/tmp on macOS); the socket itself may not exist yet.
	if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		path = filepath.Join(dir, filepath.Base(path))
	}
	return path
}

// ownTmux is the tmux server as the supervisor uses it: by the path of its socket, which does not depend on anybody's environment. The
// directory that tmux would have made for it is there afterwards.
func (a *app) ownTmux() (control.Server, error) {
	path := a.tmuxSocket(a.tmux())
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return control.Server{}, fmt.Errorf("making the directory of the tmux socket: %w", err)
	}
	return control.Server{Binary: "tmux", Path: path}, nil
}

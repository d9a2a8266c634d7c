package api

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// maxSocketPath is the longest path that every system takes as a socket's address: 104 bytes with the closing zero on macOS, 108 on Linux.
const maxSocketPath = 103

// Paths are where the supervisor of one state directory and tmux server is found. They are not inside the state directory, whose path may be
// longer than a socket's address may be.
type Paths struct {
	Dir    string // of both files: mode 0700, ours, not a symbolic link
	Socket string
	Lock   string // held by flock for the supervisor's life; the file stays
}

// PathsFor works out the paths for a state directory and a tmux server (as it was chosen, "" for the default one). It creates nothing: Listen and Connect
// do, and they refuse a directory that somebody else could have prepared.
//
// Inside a role, $ISESH_SOCKET names the supervisor that started the role and decides alone. A caller who was told of another state directory
// or tmux server by a flag passes a getenv that hides it.
func PathsFor(stateDir, tmuxServer string, getenv func(string) string) (Paths, error) {
	if socket := getenv("ISESH_SOCKET"); socket != "" {
		if !filepath.IsAbs(socket) || len(socket) > maxSocketPath {
			return Paths{}, &Error{Code: CodeUsage,
				Message: fmt.Sprintf("ISESH_SOCKET=%q is not an absolute path of at most %d bytes", socket, maxSocketPath), Hint: "unset it to use the default"}
		}
		return pathsOf(socket), nil
	}
	state, err := realPath(stateDir)
	if err != nil {
		return Paths{}, fmt.Errorf("finding the state directory %q: %w", stateDir, err)
	}
	host, err := os.Hostname()
	if err != nil {
		return Paths{}, fmt.Errorf("reading the host's name: %w", err)
	}
	sum := sha256.Sum256([]byte(host + "\x00" + state + "\x00" + tmuxServer))
	name := hex.EncodeToString(sum[:8]) + ".sock"
	for _, dir := range runtimeDirs(os.Getuid(), getenv("XDG_RUNTIME_DIR")) {
		if socket := filepath.Join(dir, name); len(socket) <= maxSocketPath {
			return pathsOf(socket), nil
		}
	}
	return Paths{}, errors.New("finding a directory for the socket: no path is short enough")
}

func pathsOf(socket string) Paths {
	return Paths{Dir: filepath.Dir(socket), Socket: socket, Lock: strings.TrimSuffix(socket, ".sock") + ".lock"}
}

// spawnLock is held by whoever starts or replaces a supervisor.
func (p Paths) spawnLock() string { return strings.TrimSuffix(p.Lock, ".lock") + ".spawn" }

// runtimeDirs returns the directories for sockets, the best first. The system's own runtime directory is tried without the variable, too: a
// command from cron or over ssh must find the supervisor that a login session started.
func runtimeDirs(uid int, xdg string) []string {
	var dirs []string
	for _, base := range []string{xdg, "/run/user/" + strconv.Itoa(uid)} {
		if info, err := os.Stat(base); filepath.IsAbs(base) && err == nil && info.IsDir() && owner(info) == uid {
			dirs = append(dirs, filepath.Join(base, "isesh"))
		}
	}
	return append(dirs, "/tmp/isesh-"+strconv.Itoa(uid))
}

// realPath resolves symbolic links in as much of path as exists, so that the answer is the same before and after the rest is made.
func realPath(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	rest := ""
	for dir := abs; ; dir = filepath.Dir(dir) {
		real, err := filepath.EvalSymlinks(dir)
		if err == nil {
			return filepath.Join(real, rest), nil
		}
		if !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			return "", err
		}
		rest = filepath.Join(filepath.Base(dir), rest)
	}
}

// prepareDir makes dir, or checks the one that is there.
func prepareDir(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return &Error{Code: CodeError, Message: fmt.Sprintf("cannot make the socket directory %s: %v", dir, reason(err)),
			Hint: "set XDG_RUNTIME_DIR to a directory of yours that can be written; a sandbox must allow it"}
	}
	return checkDir(dir)
}

// checkDir refuses a directory in which somebody else could put a socket. One of our making that is open to others is closed to them. A missing one is
// an error that is fs.ErrNotExist.
func checkDir(dir string) error {
	info, err := os.Lstat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("looking at the socket directory: %w", err)
	case err != nil:
		return &Error{Code: CodeError, Message: fmt.Sprintf("cannot look at the socket directory %s: %v", dir, reason(err))}
	}
	what := ""
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		what = "a symbolic link"
	case !info.IsDir():
		what = "not a directory"
	case owner(info) != os.Getuid():
		what = fmt.Sprintf("owned by uid %d, not by you", owner(info))
	case info.Mode().Perm()&0o077 == 0:
	case !strings.HasPrefix(filepath.Base(dir), "isesh"):
		what = "open to others" // and not of our making: $ISESH_SOCKET may point into /tmp itself, which is not ours to change
	default:
		if err := os.Chmod(dir, 0o700); err != nil {
			what = fmt.Sprintf("open to others and cannot be closed (%v)", reason(err))
		}
	}
	if what != "" {
		return &Error{Code: CodeError, Message: fmt.Sprintf("refusing the socket directory %s: it is %s", dir, what),
			Hint: "remove it, or set XDG_RUNTIME_DIR to a directory of yours"}
	}
	return nil
}

func owner(info fs.FileInfo) int {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(st.Uid)
	}
	return -1
}

// reason is the bare cause of a file error, whose path the message has already.
func reason(err error) error {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return err
}

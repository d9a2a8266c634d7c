package api

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/matryer/is"
)

func TestPathsFor(t *testing.T) {
	is := is.New(t)
	dir := shortDir(t)
	get := env("XDG_RUNTIME_DIR", dir)
	paths := func(state, tmux string, getenv func(string) string) Paths {
		p, err := PathsFor(state, tmux, getenv)
		is.NoErr(err)
		return p
	}
	a := paths(filepath.Join(dir, "state"), "", get)
	is.Equal(a.Dir, filepath.Join(dir, "isesh"))
	is.Equal(filepath.Dir(a.Socket), a.Dir)
	is.Equal(filepath.Dir(a.Lock), a.Dir)
	is.True(a.Lock != a.Socket && a.Lock != a.spawnLock())

	is.True(paths(filepath.Join(dir, "other"), "", get) != a)
	is.True(paths(filepath.Join(dir, "state"), "private", get) != a)

	// The same directory by other names, before and after it is made.
	is.NoErr(os.Symlink(dir, filepath.Join(dir, "link")))
	is.Equal(paths(filepath.Join(dir, "link", "state"), "", get), a)
	is.Equal(paths(filepath.Join(dir, "x", "..", "state")+"/", "", get), a)
	is.NoErr(os.Mkdir(filepath.Join(dir, "state"), 0o700))
	is.Equal(paths(filepath.Join(dir, "state"), "", get), a)
	t.Chdir(dir)
	is.Equal(paths("state", "", get), a)

	// A state path may be longer than a socket's address.
	long := paths("/"+strings.Repeat("long/", 100), "", get)
	is.Equal(len(long.Socket), len(a.Socket))

	fallback := fmt.Sprintf("/tmp/isesh-%d", os.Getuid())
	deep := filepath.Join(dir, strings.Repeat("d", 100))
	is.NoErr(os.Mkdir(deep, 0o700))
	for name, xdg := range map[string]string{"too long": deep, "missing": filepath.Join(dir, "none"), "relative": "state", "a file": "/etc/passwd"} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			p := paths("/s", "", env("XDG_RUNTIME_DIR", xdg))
			system := fmt.Sprintf("/run/user/%d/isesh", os.Getuid())
			is.True(p.Dir == fallback || p.Dir == system)
			is.True(len(p.Socket) <= maxSocketPath)
		})
	}

	// Inside a role.
	in := paths("/elsewhere", "x", env("ISESH_SOCKET", a.Socket))
	is.Equal(in, a)
	for _, bad := range []string{"relative.sock", "/" + strings.Repeat("x", maxSocketPath)} {
		_, err := PathsFor("/s", "", env("ISESH_SOCKET", bad))
		code(is, err, CodeUsage)
	}
}

func TestSocketDirectoryIsOurs(t *testing.T) {
	is := is.New(t)
	dir := shortDir(t)
	mk := func(name string) string { return filepath.Join(dir, name) }

	is.NoErr(prepareDir(mk("isesh")))
	info, err := os.Stat(mk("isesh"))
	is.NoErr(err)
	is.Equal(info.Mode().Perm(), fs.FileMode(0o700))
	is.NoErr(prepareDir(mk("isesh"))) // again

	is.NoErr(os.Chmod(mk("isesh"), 0o755))
	is.NoErr(checkDir(mk("isesh")))
	info, err = os.Stat(mk("isesh"))
	is.NoErr(err)
	is.Equal(info.Mode().Perm(), fs.FileMode(0o700)) // closed

	is.True(errors.Is(checkDir(mk("none")), fs.ErrNotExist))

	refused := func(path, want string) {
		is.Helper()
		e := code(is, prepareDir(path), CodeError)
		is.True(strings.Contains(e.Message, want))
		is.True(e.Hint != "")
		p := Paths{Dir: path, Socket: filepath.Join(path, "a.sock"), Lock: filepath.Join(path, "a.lock")}
		_, _, err := Listen(p)
		is.Equal(err, e)
		_, err = Connect(testContext(t), ClientOptions{Paths: p, Spawn: func() error { t.Error("spawned"); return nil }})
		is.Equal(err, e)
	}
	is.NoErr(os.Symlink(mk("isesh"), mk("isesh-link")))
	refused(mk("isesh-link"), "symbolic link")
	is.NoErr(os.WriteFile(mk("isesh-file"), nil, 0o600))
	refused(mk("isesh-file"), "not a directory")
	is.NoErr(os.Mkdir(mk("shared"), 0o700))
	is.NoErr(os.Chmod(mk("shared"), 0o777))
	refused(mk("shared"), "open to others") // not of our making: not changed
	if os.Getuid() == 0 {
		is.NoErr(os.Mkdir(mk("isesh-foreign"), 0o700))
		is.NoErr(os.Chown(mk("isesh-foreign"), 65534, 65534))
		refused(mk("isesh-foreign"), "owned by uid 65534")
	}
	refused("/proc/isesh", "cannot make") // no directory can be made there, not even by root
}

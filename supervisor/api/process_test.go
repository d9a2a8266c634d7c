package api

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/matryer/is"
	"golang.org/x/sys/unix"
)

// processDir is a directory for processes of the tests. What supervisor is left in the end is stopped.
func processDir(t *testing.T) (dir string, p Paths) {
	t.Helper()
	dir = shortDir(t)
	p, err := PathsFor(filepath.Join(dir, "state"), "", env("XDG_RUNTIME_DIR", dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), deadline)
		defer cancel()
		if c, err := Connect(ctx, ClientOptions{Paths: p}); err == nil {
			if err := c.StopSupervisor(ctx, StopSupervisor{}); err != nil {
				t.Error(err)
			}
			c.Close()
		}
		if err := WaitGone(ctx, p); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			b, _ := os.ReadFile(filepath.Join(dir, "log"))
			t.Logf("supervisor's log:\n%s", b)
		}
	})
	return dir, p
}

// binary is a copy of the test binary, built at the given time.
func binary(t *testing.T, dir, name string, built time.Time) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := copyBinary(os.Args[0], path); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, built, built); err != nil {
		t.Fatal(err)
	}
	return path
}

// kept is the copy that a client makes of its binary.
func kept(dir string) string { return filepath.Join(dir, "state", "bin", "isesh") }

func spawner(bin, mode, dir string) func() error {
	return func() error { return SpawnDaemon([]string{bin}, processEnv(mode, dir), filepath.Join(dir, "log")) }
}

// clients runs n clients at once, which all begin when all have started, and returns what they printed.
func clients(t *testing.T, n int, bin, dir string) []string {
	t.Helper()
	gate, open, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer gate.Close()
	out := make([]strings.Builder, n)
	cmds := make([]*exec.Cmd, n)
	for i := range cmds {
		cmds[i] = exec.Command(bin)
		cmds[i].Env = processEnv("client", dir)
		cmds[i].Stdin = gate
		cmds[i].Stdout, cmds[i].Stderr = &out[i], &out[i]
		if err := cmds[i].Start(); err != nil {
			t.Fatal(err)
		}
	}
	open.Close()
	var lines []string
	for i, cmd := range cmds {
		if err := cmd.Wait(); err != nil {
			t.Errorf("client %d: %v: %s", i, err, out[i].String())
		}
		lines = append(lines, strings.TrimSpace(out[i].String()))
	}
	return lines
}

func TestFiftyCommandsStartOneSupervisor(t *testing.T) {
	is := is.New(t)
	dir, _ := processDir(t)
	lines := clients(t, 50, os.Args[0], dir)
	pids := startedPIDs(t, dir)
	is.Equal(len(pids), 1) // one supervisor
	for _, line := range lines {
		is.Equal(line, "submitted "+pids[0]+" "+os.Args[0]) // fifty successes
	}
}

func TestFiftyNewerCommandsReplaceItOnce(t *testing.T) {
	is := is.New(t)
	dir, p := processDir(t)
	now := time.Now()
	older := binary(t, dir, "older", now.Add(-time.Hour))
	newer := binary(t, dir, "newer", now)
	is.NoErr(os.Mkdir(p.Dir, 0o700))
	is.NoErr(spawner(older, "daemon", dir)())

	lines := clients(t, 50, newer, dir)
	pids := startedPIDs(t, dir)
	is.Equal(len(pids), 2)
	is.Equal(pids[0], pids[1]) // it has become the newer one
	for _, line := range lines {
		is.Equal(line, "submitted "+pids[0]+" "+kept(dir)) // of a copy: the client's own binary could vanish
	}
	is.Equal(clients(t, 1, older, dir), []string{"submitted " + pids[0] + " " + kept(dir)}) // an older one leaves it alone
	is.Equal(len(startedPIDs(t, dir)), 2)
}

func TestWaitAndFollowGoOnAtTheSuccessor(t *testing.T) {
	is := is.New(t)
	dir, p := processDir(t)
	older := binary(t, dir, "older", time.Now().Add(-time.Hour))
	newer := binary(t, dir, "newer", time.Now())
	c, err := Connect(testContext(t), ClientOptions{Paths: p, Spawn: spawner(older, "daemon", dir)})
	is.NoErr(err)
	defer c.Close()

	ctx, cancel := context.WithCancel(testContext(t))
	defer cancel()
	entries, followed := make(chan string, 10), make(chan error, 1)
	go func() {
		followed <- c.Log(ctx, LogQuery{Follow: true}, func(e Entry) error { entries <- e.ID; return nil })
	}()
	for n := 1; n <= 3; n++ {
		is.Equal(received(t, entries), fmt.Sprint(n))
	}
	waited := make(chan WaitResult, 1)
	go func() {
		r, err := c.Wait(ctx, WaitRequest{Timeout: "1m"})
		if err != nil {
			t.Error(err)
		}
		waited <- r
	}()

	eventually(t, "the wait begins", func() bool {
		b, err := os.ReadFile(filepath.Join(dir, "log"))
		return err == nil && string(b) == "waiting\n"
	})
	is.Equal(clients(t, 1, newer, dir), []string{"submitted " + startedPIDs(t, dir)[0] + " " + kept(dir)})
	left, err := time.ParseDuration(received(t, waited).Roles[0].State)
	is.NoErr(err)
	is.True(left < time.Minute) // the time that it waited before counts
	for n := 4; n <= 5; n++ {   // the third was seen
		is.Equal(received(t, entries), fmt.Sprint(n))
	}
	cancel()
	is.Equal(received(t, followed), context.Canceled)
}

// A supervisor that cannot become the newer build ends; the client starts the newer one.
func TestReplacementThatCannotRun(t *testing.T) {
	is := is.New(t)
	dir, p := processDir(t)
	older := binary(t, dir, "older", time.Now().Add(-time.Hour))
	newer := binary(t, dir, "newer", time.Now())
	broken := filepath.Join(dir, "broken")
	is.NoErr(os.WriteFile(broken, []byte("no program"), 0o700))
	is.NoErr(os.Mkdir(p.Dir, 0o700))
	is.NoErr(spawner(older, "daemon", dir)())
	build, err := BinaryBuild(newer)
	is.NoErr(err)
	c, err := Connect(testContext(t), ClientOptions{Paths: p, Build: build, Binary: broken, Spawn: spawner(newer, "daemon", dir)})
	is.NoErr(err)
	defer c.Close()
	_, err = c.Send(testContext(t), SendRequest{})
	is.NoErr(err)
	h, err := c.Hello(testContext(t))
	is.NoErr(err)
	is.Equal(h.Version, newer)
}

func TestReplacementThatIsRefused(t *testing.T) {
	is := is.New(t)
	b := &fake{hello: Hello{Version: "old", Build: Build{Size: 1, ModTime: time.Unix(1, 0)}}}
	b.onStop = func(StopSupervisor) error { return &Error{Code: CodeForbidden, Message: "a role may not"} }
	s := serve(t, b, ServeOptions{})
	c, err := Connect(testContext(t), ClientOptions{Paths: s.paths, Build: Build{Size: 1, ModTime: time.Unix(2, 0)}, Binary: "/new"})
	is.NoErr(err)
	defer c.Close()
	_, err = c.Send(testContext(t), SendRequest{})
	is.NoErr(err) // served by the one that runs
	is.Equal(b.last().what, "send")
	_, err = c.Roles(testContext(t))
	is.NoErr(err)
	is.Equal(b.count(), 3) // and not asked again
}

func TestKilledSupervisor(t *testing.T) {
	is := is.New(t)
	dir, p := processDir(t)
	c, err := Connect(testContext(t), ClientOptions{Paths: p, Spawn: spawner(os.Args[0], "daemon", dir)})
	is.NoErr(err)
	defer c.Close()
	h, err := c.Hello(testContext(t))
	is.NoErr(err)
	is.NoErr(syscall.Kill(h.PID, syscall.SIGKILL))
	is.NoErr(WaitGone(testContext(t), p))
	_, err = os.Lstat(p.Socket)
	is.NoErr(err) // left behind
	next, err := c.Hello(testContext(t))
	is.NoErr(err)
	is.True(next.PID != h.PID) // another one took its place

	e := func() *Error { // it dies with the request in its hands: not made again
		_, err := c.Deny(testContext(t), ActRequest{})
		return code(is, err, CodeUnconfirmed)
	}()
	is.True(strings.Contains(e.Message, "went away"))
	is.True(strings.Contains(e.Hint, "not known"))
	is.NoErr(WaitGone(testContext(t), p))
	is.Equal(len(startedPIDs(t, dir)), 2)
}

func TestStaleSocketAndHeldLock(t *testing.T) {
	is := is.New(t)
	p := testPaths(t)
	is.NoErr(os.Mkdir(p.Dir, 0o700))
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: p.Socket})
	is.NoErr(err)
	dead.SetUnlinkOnClose(false)
	is.NoErr(dead.Close())
	_, err = Connect(testContext(t), ClientOptions{Paths: p})
	is.Equal(err, ErrNotRunning)
	is.NoErr(os.WriteFile(p.Lock, []byte("1\n"), 0o600)) // of a killed one

	l, lock, err := Listen(p)
	is.NoErr(err)
	info, err := os.Lstat(p.Socket)
	is.NoErr(err)
	is.Equal(info.Mode(), os.ModeSocket|0o600)
	_, _, err = Listen(p)
	var running *ErrRunning
	is.True(errors.As(err, &running))
	is.Equal(running.PID, os.Getpid())
	is.True(strings.Contains(err.Error(), strconv.Itoa(os.Getpid())))
	is.NoErr(l.Close())
	_, err = os.Lstat(p.Socket)
	is.NoErr(err) // goes with the lock
	is.NoErr(lock.Close())
	is.NoErr(lock.Close())
	_, err = os.Lstat(p.Socket)
	is.True(errors.Is(err, os.ErrNotExist))

	l, lock, err = Listen(p)
	is.NoErr(err)
	is.NoErr(l.Close())
	is.NoErr(lock.Close())

	is.NoErr(os.WriteFile(p.Socket, nil, 0o600))
	_, _, err = Listen(p)
	is.True(err != nil) // somebody's file is not removed
	is.True(strings.Contains(err.Error(), "no socket"))
}

func TestWaitGoneEndsWithItsContext(t *testing.T) {
	is := is.New(t)
	p := testPaths(t)
	is.NoErr(WaitGone(testContext(t), p)) // not even a directory
	l, lock, err := Listen(p)
	is.NoErr(err)
	defer l.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	is.True(errors.Is(WaitGone(ctx, p), context.Canceled))
	done := make(chan error, 1)
	go func() { done <- WaitGone(testContext(t), p) }()
	is.NoErr(lock.Close())
	is.NoErr(received(t, done))
}

func TestSpawnDaemonTellsWhatWentWrong(t *testing.T) {
	is := is.New(t)
	dir := shortDir(t)
	log := filepath.Join(dir, "log")
	start := func(mode string) error {
		return SpawnDaemon([]string{os.Args[0], "-x"}, processEnv(mode, dir), log)
	}
	is.Equal(start("error"), &Error{Code: CodeForbidden, Message: "not here", Hint: "there"})
	is.Equal(start("plain"), &Error{Code: CodeError, Message: "plain words"})
	err := start("mute")
	is.True(err != nil)
	is.True(strings.Contains(err.Error(), "exit status 1") && strings.Contains(err.Error(), log))
	b, err := os.ReadFile(log)
	is.NoErr(err)
	is.Equal(string(b), "ends without a word\n")
	info, err := os.Stat(log)
	is.NoErr(err)
	is.Equal(info.Mode().Perm(), os.FileMode(0o600))
	is.NoErr(start("gone")) // it was ready; only the first word counts

	is.True(SpawnDaemon([]string{filepath.Join(dir, "none")}, nil, log) != nil)
	code(is, SpawnDaemon([]string{os.Args[0]}, nil, "/proc/none/log"), CodeError)

	p := testPaths(t)
	_, err = Connect(testContext(t), ClientOptions{Paths: p, Spawn: spawner(os.Args[0], "error", dir)})
	var e *Error
	is.True(errors.As(err, &e))
	is.Equal(e.Code, CodeForbidden)
	_, err = Connect(testContext(t), ClientOptions{Paths: p, Spawn: func() error { return nil }})
	is.True(err != nil)
	is.True(strings.Contains(err.Error(), "ended at once"))
}

func TestDaemonIsOnItsOwn(t *testing.T) {
	is := is.New(t)
	dir, p := processDir(t)
	c, err := Connect(testContext(t), ClientOptions{Paths: p, Spawn: spawner(os.Args[0], "daemon", dir)})
	is.NoErr(err)
	defer c.Close()
	h, err := c.Hello(testContext(t))
	is.NoErr(err)
	sid, err := unix.Getsid(h.PID)
	is.NoErr(err)
	is.Equal(sid, h.PID)
	for link, want := range map[string]string{"cwd": "/", "fd/0": "/dev/null", "fd/1": "/dev/null", "fd/2": filepath.Join(dir, "log")} {
		got, err := os.Readlink(fmt.Sprintf("/proc/%d/%s", h.PID, link))
		if errors.Is(err, os.ErrNotExist) {
			t.Skip("no /proc")
		}
		is.NoErr(err)
		is.Equal(got, want)
	}
	is.NoErr(c.StopSupervisor(testContext(t), StopSupervisor{}))
	is.NoErr(WaitGone(testContext(t), p))
	eventually(t, "the daemon is gone, and no zombie", func() bool { return syscall.Kill(h.PID, 0) != nil })
}

func TestKeepBinary(t *testing.T) {
	is := is.New(t)
	dir := shortDir(t)
	self, err := os.Executable()
	is.NoErr(err)
	kept, err := KeepBinary(dir) // a test's binary vanishes
	is.NoErr(err)
	is.Equal(kept, filepath.Join(dir, "bin", "isesh"))
	want, err := BinaryBuild(self)
	is.NoErr(err)
	got, err := BinaryBuild(kept)
	is.NoErr(err)
	is.Equal(got, want)
	is.True(!got.Newer(want) && !want.Newer(got))
	cmd := exec.Command(kept)
	cmd.Env = processEnv("gone", dir)
	is.NoErr(cmd.Run()) // it runs

	newer := want.ModTime.Add(time.Hour)
	is.NoErr(os.Chtimes(kept, newer, newer))
	_, err = KeepBinary(dir)
	is.NoErr(err)
	got, err = BinaryBuild(kept)
	is.NoErr(err)
	is.True(got.Newer(want)) // a newer copy stays
	files, err := os.ReadDir(filepath.Join(dir, "bin"))
	is.NoErr(err)
	is.Equal(len(files), 1)

	is.NoErr(os.Chmod(dir, 0o700))
	_, err = KeepBinary("/proc/none")
	is.True(err != nil)
	is.True(!vanishes("/usr/bin/isesh", "/tmp"))
	is.True(!vanishes("/tmpx/isesh", "/tmp"))
	is.True(vanishes("/tmp/go-build1/isesh", "/tmp"))
	is.True(vanishes("/root/.cache/go-build/ab/isesh", "/tmp"))
	_, err = BinaryBuild(filepath.Join(dir, "none"))
	is.True(errors.Is(err, os.ErrNotExist))
	is.True(!Build{}.Newer(want) && !want.Newer(Build{}))
	is.Equal(parseBuild(want.header()).ModTime.Equal(want.ModTime), true)
}

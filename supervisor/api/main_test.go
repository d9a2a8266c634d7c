package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The test binary is every process of the tests, by $API_TEST. What they share is the directory $API_TEST_DIR: the runtime directory, the state
// directory, and "started", one line for each supervisor that listened.
func TestMain(m *testing.M) {
	modes := map[string]func() error{
		"daemon": daemonMain, "client": clientMain, "stranger": strangerMain,
		"mute":  func() error { return errors.New("ends without a word") },
		"error": func() error { NotifyReady(&Error{Code: CodeForbidden, Message: "not here", Hint: "there"}); return nil },
		"plain": func() error { NotifyReady(errors.New("plain words")); return nil },
		"gone":  func() error { NotifyReady(nil); NotifyReady(errors.New("twice")); return nil },
	}
	mode, ok := modes[os.Getenv("API_TEST")]
	if !ok {
		os.Exit(m.Run())
	}
	if err := mode(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func processPaths() (Paths, error) {
	dir := os.Getenv("API_TEST_DIR")
	return PathsFor(filepath.Join(dir, "state"), "", env("XDG_RUNTIME_DIR", dir))
}

// processEnv is the environment of a process of the tests.
func processEnv(mode, dir string) []string {
	return []string{"API_TEST=" + mode, "API_TEST_DIR=" + dir, "PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir(), "GOCOVERDIR=" + dir}
}

// daemonMain is a supervisor with a fake backend, until it is stopped or replaced.
func daemonMain() error {
	p, err := processPaths()
	if err != nil {
		NotifyReady(err)
		return err
	}
	l, lock, err := Listen(p)
	if err != nil {
		NotifyReady(err)
		return err
	}
	started, err := os.OpenFile(filepath.Join(os.Getenv("API_TEST_DIR"), "started"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	fmt.Fprintln(started, os.Getpid())
	started.Close()
	NotifyReady(nil)

	// Started by a path, not by /proc/self/exe: an exec keeps that but not the name.
	build, err := BinaryBuild(os.Args[0])
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	next := ""
	b := &fake{hello: Hello{Build: build, Version: os.Args[0], StateDir: filepath.Join(os.Getenv("API_TEST_DIR"), "state")}}
	b.onStop = func(r StopSupervisor) error {
		next = r.Replace
		cancel()
		return nil
	}
	b.onWait = func(ctx context.Context, r WaitRequest) (WaitResult, error) {
		if r.Timeout == "" { // answered only by a replaced supervisor, which knows its time
			return WaitResult{Roles: []Role{{State: os.Args[0]}}}, nil
		}
		if os.Getenv("API_TEST_REPLACED") != "" {
			return WaitResult{Roles: []Role{{State: r.Timeout}}}, nil
		}
		fmt.Fprintln(os.Stderr, "waiting")
		<-ctx.Done()
		return WaitResult{}, ctx.Err()
	}
	b.block = func(ctx context.Context, what string) {
		if what == "deny" {
			os.Exit(3)
		}
	}
	b.onLog = func(ctx context.Context, q LogQuery, yield func(Entry) error) error {
		from := 1
		if !q.Since.IsZero() {
			from = int(q.Since.Unix())
		}
		for n := from; n < from+3; n++ {
			if err := yield(entry(n)); err != nil {
				return err
			}
		}
		<-ctx.Done()
		return ctx.Err()
	}
	if err := Serve(ctx, l, b, ServeOptions{}); err != nil {
		return err
	}
	if next != "" {
		return Exec(next, []string{next}, append(os.Environ(), "API_TEST_REPLACED=1"), lock)
	}
	return lock.Close()
}

// clientMain makes one request, starting a supervisor if need be, and prints its answer.
func clientMain() error {
	dir := os.Getenv("API_TEST_DIR")
	p, err := processPaths()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	build, err := BinaryBuild(os.Args[0])
	if err != nil {
		return err
	}
	io.ReadAll(os.Stdin) // the starting signal
	c, err := Connect(ctx, ClientOptions{Paths: p, Build: build, Binary: os.Args[0], Spawn: func() error {
		return SpawnDaemon([]string{os.Args[0]}, processEnv("daemon", dir), filepath.Join(dir, "log"))
	}})
	if err != nil {
		return err
	}
	defer c.Close()
	r, err := c.Send(ctx, SendRequest{To: "dev"})
	if err != nil {
		return err
	}
	h, err := c.Hello(ctx)
	if err != nil {
		return err
	}
	fmt.Println(r.Status, h.PID, h.Version)
	return nil
}

// strangerMain connects to a socket of another user.
func strangerMain() error {
	conn, err := net.Dial("unix", os.Getenv("API_TEST_SOCKET"))
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(deadline))
	io.WriteString(conn, "GET /v1/hello HTTP/1.1\r\nHost: isesh\r\n\r\n") // may fail: it is closed
	answer, err := io.ReadAll(conn)
	if len(answer) > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("answer %q, %v", answer, err)
	}
	fmt.Println("connected, closed without an answer")
	return nil
}

// startedPIDs are the supervisors that listened, in their order.
func startedPIDs(t *testing.T, dir string) []string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "started"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return strings.Fields(string(b))
}

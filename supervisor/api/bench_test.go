package api

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func benchmarkServer(b *testing.B) Paths {
	dir, err := os.MkdirTemp("", "isesh")
	if err != nil {
		b.Fatal(err)
	}
	p, err := PathsFor(filepath.Join(dir, "state"), "", env("XDG_RUNTIME_DIR", dir))
	if err != nil {
		b.Fatal(err)
	}
	l, lock, err := Listen(p)
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, l, discard{&fake{}}, ServeOptions{}) }()
	b.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			b.Error(err)
		}
		lock.Close()
		os.RemoveAll(dir)
	})
	return p
}

// discard is a fake that does not record, so that a long benchmark keeps nothing.
type discard struct{ *fake }

func (discard) Send(_ context.Context, _ Caller, r SendRequest) (Receipt, error) {
	return Receipt{ID: "1", To: r.To}, nil
}

// A request on a connection that is there.
func BenchmarkRequest(b *testing.B) {
	c, err := Connect(context.Background(), ClientOptions{Paths: benchmarkServer(b)})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	for b.Loop() {
		if _, err := c.Send(context.Background(), SendRequest{To: "dev", Text: "TASK: add login"}); err != nil {
			b.Fatal(err)
		}
	}
}

// What a command does: connect, one request, close.
func BenchmarkConnectAndRequest(b *testing.B) {
	p := benchmarkServer(b)
	for b.Loop() {
		c, err := Connect(context.Background(), ClientOptions{Paths: p})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := c.Send(context.Background(), SendRequest{To: "dev", Text: "TASK: add login"}); err != nil {
			b.Fatal(err)
		}
		c.Close()
	}
}

// The same from the start of a process to its end.
func BenchmarkProcess(b *testing.B) {
	dir := filepath.Dir(benchmarkServer(b).Dir)
	for b.Loop() {
		cmd := exec.Command(os.Args[0])
		cmd.Env = processEnv("client", dir)
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
	}
}

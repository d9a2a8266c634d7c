package control_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"isesh/control"
	"isesh/control/controltest"

	"github.com/matryer/is"
)

// backend is a tmux for the tests that hold on every one of them.
type backend struct {
	name string
	// open returns how to dial a private, empty tmux whose panes run cat (which
	// echoes, like a terminal in its usual mode).
	open func(t testing.TB) control.Options
}

var backends = []backend{
	{"real", func(t testing.TB) control.Options {
		return control.Options{Server: controltest.Real(t)}
	}},
	{"memory 3.3a", func(t testing.TB) control.Options { return inMemory(t, "3.3a") }},
	{"memory 3.7c", func(t testing.TB) control.Options { return inMemory(t, "3.7c") }},
}

func inMemory(t testing.TB, version string) control.Options {
	return control.Options{Connect: controltest.New(t, controltest.Version(version), controltest.Tick(50*time.Millisecond)).Connect}
}

// onEach runs a test on every backend: c is attached to a session with one pane
// that runs cat.
func onEach(t *testing.T, test func(t *testing.T, c *control.Client, pane control.Pane)) {
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) {
			o := b.open(t)
			o.Create = []string{"new-session", "-s", "main", "-x", "80", "-y", "24", "cat"}
			c := dial(t, o)
			test(t, c, only(t, c))
		})
	}
}

func background(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func dial(t testing.TB, o control.Options) *control.Client {
	t.Helper()
	if o.Scratch == "" {
		o.Scratch = filepath.Join(t.TempDir(), "100% #{pid} scratch")
	}
	c, err := control.Dial(background(t), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		left, err := os.ReadDir(o.Scratch)
		if err != nil || len(left) > 0 {
			t.Errorf("left in the scratch directory: %v %v", left, err)
		}
	})
	return c
}

// only is the one pane of a server.
func only(t testing.TB, c *control.Client) control.Pane {
	t.Helper()
	panes, err := c.Panes(background(t))
	if err != nil || len(panes) != 1 {
		t.Fatalf("want one pane: %v %v", panes, err)
	}
	return panes[0]
}

// run runs one command and returns its reply.
func run(t testing.TB, c *control.Client, words ...string) string {
	t.Helper()
	out, err := c.Run(background(t), words)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, "\n")
}

// sees waits until the pane's screen holds text, looking again after output.
func sees(t testing.TB, c *control.Client, pane, text string) control.Snapshot {
	t.Helper()
	return until(t, c, pane, func(s control.Snapshot) bool { return strings.Contains(s.Screen, text) })
}

func until(t testing.TB, c *control.Client, pane string, ok func(control.Snapshot) bool) control.Snapshot {
	t.Helper()
	ctx := background(t)
	out := c.Watch(pane)
	for {
		s, err := c.Snapshot(ctx, pane)
		if err != nil {
			t.Fatal(err)
		}
		if ok(s) {
			return s
		}
		select {
		case <-out.C():
			out.Take()
		case <-time.After(100 * time.Millisecond): // what is not output, as modes
		case <-ctx.Done():
			t.Fatalf("not seen on the screen:\n%s\n%+v", s.Screen, s.Pane)
		}
	}
}

// guardOf is a guard on nothing but the pane itself.
func guardOf(p control.Pane) control.Guard { return control.Guard{Pane: p.ID, PID: p.PID} }

// reason is why something was refused, "" when it was not, or the error.
func reason(err error) string {
	var refused *control.Refused
	switch {
	case err == nil:
		return ""
	case errors.As(err, &refused):
		return string(refused.Reason)
	}
	return err.Error()
}

// nothingLeft checks that no buffer of ours stays.
func nothingLeft(is *is.I, c *control.Client, ctx context.Context) {
	out, err := c.Run(ctx, []string{"list-buffers", "-F", "b #{buffer_name}"})
	is.NoErr(err)
	is.Equal(out, []string{""}) // buffers left behind
}

package supervisor

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/matryer/is"
	"github.com/sourcegraph/conc"

	"isesh/control"
	"isesh/roles"
	"isesh/supervisor/api"
)

// desk is a Supervisor without tmux that answers on its socket: mailboxes and the conversation are all there is.
type desk struct {
	testing.TB
	s     *Supervisor
	paths api.Paths
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	base, err := os.MkdirTemp("", "isesh")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(base) })
	s, err := newFor(Config{Dir: filepath.Join(base, "state")}, control.Version{Major: 3, Minor: 3})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.run, s.wg = ctx, conc.NewWaitGroup()
	close(s.ready)
	d := &desk{TB: t, s: s}
	var stop func()
	d.paths, stop = serveOn(t, filepath.Join(base, "run"), s)
	t.Cleanup(func() {
		stop()
		cancel()
		s.wg.Wait()
		if err := s.closeFiles(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// serveOn answers for s on a socket in dir until stop is called.
func serveOn(t testing.TB, dir string, s *Supervisor) (paths api.Paths, stop func()) {
	t.Helper()
	getenv := func(name string) string {
		if name == "ISESH_SOCKET" {
			return filepath.Join(dir, "s.sock")
		}
		return ""
	}
	paths, err := api.PathsFor(dir, "", getenv)
	if err != nil {
		t.Fatal(err)
	}
	l, lock, err := api.Listen(paths)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg conc.WaitGroup
	wg.Go(func() {
		if err := api.Serve(ctx, l, s, api.ServeOptions{}); err != nil {
			t.Error(err)
		}
	})
	return paths, func() { cancel(); wg.Wait(); lock.Close() }
}

// client is a command: a person's, or with a name that of whatever says it is that role.
func (d *desk) client(role string) *api.Client {
	d.Helper()
	c, err := api.Connect(context.Background(), api.ClientOptions{Paths: d.paths, Facts: api.Caller{EnvRole: role, Dir: "/nowhere"}})
	if err != nil {
		d.Fatal(err)
	}
	d.Cleanup(func() { c.Close() })
	return c
}

// mailbox registers names without panes.
func (d *desk) mailbox(names ...string) {
	d.Helper()
	for _, n := range names {
		if _, err := d.client("").Register(context.Background(), api.RegisterRequest{Name: n, Mailbox: true}); err != nil {
			d.Fatal(err)
		}
	}
}

// send sends and expects it to be accepted.
func send(t testing.TB, c *api.Client, to, text string) api.Receipt {
	t.Helper()
	r, err := c.Send(context.Background(), api.SendRequest{To: to, Text: text})
	if err != nil {
		t.Fatalf("send to %s: %v", to, err)
	}
	return r
}

// hasCode asserts the code of an error and returns it.
func hasCode(is *is.I, err error, code api.Code) *api.Error {
	is.Helper()
	var e *api.Error
	is.True(errors.As(err, &e)) // an *api.Error
	is.Equal(e.Code, code)
	return e
}

// texts are what letters say.
func textsOf(in api.Inbox) (out []string) {
	for _, l := range in.Letters {
		out = append(out, l.Text)
	}
	return out
}

func listed(t testing.TB, c *api.Client, r api.InboxRequest) api.Inbox {
	t.Helper()
	in, err := c.Inbox(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// count is how many letters nobody has read.
func count(t testing.TB, c *api.Client, of string) int {
	t.Helper()
	return listed(t, c, api.InboxRequest{Of: of, Count: true}).Unread
}

func entryFor(name string) roles.Entry {
	return roles.Entry{Address: address(name), Profile: "scripted"}
}

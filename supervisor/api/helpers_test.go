package api

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"isesh/roles"

	"github.com/matryer/is"
)

// deadline ends a test that would hang; none is expected to come near it.
const deadline = 30 * time.Second

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	t.Cleanup(cancel)
	return ctx
}

// shortDir is a directory whose path leaves room for a socket's name.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "isesh")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func testPaths(t *testing.T) Paths {
	t.Helper()
	dir := shortDir(t)
	p, err := PathsFor(filepath.Join(dir, "state"), "", env("XDG_RUNTIME_DIR", dir))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// env is a getenv that knows the pairs.
func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

// fake is a Backend that records its calls and answers what it is told to.
type fake struct {
	Backend
	hello    Hello
	err      error                                  // of every call
	block    func(ctx context.Context, what string) // called in every call
	onEvents func(ctx context.Context, q EventQuery, yield func(roles.Event) error) error
	onLog    func(ctx context.Context, q LogQuery, yield func(Entry) error) error
	onWait   func(ctx context.Context, r WaitRequest) (WaitResult, error)
	progress []string
	onStop   func(StopSupervisor) error

	mu    sync.Mutex // guards calls
	calls []fakeCall
}

type fakeCall struct {
	what   string
	caller Caller
	arg    any
}

func (f *fake) record(ctx context.Context, what string, c Caller, arg any) error {
	f.mu.Lock()
	f.calls = append(f.calls, fakeCall{what, c, arg})
	f.mu.Unlock()
	if f.block != nil {
		f.block(ctx, what)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return f.err
}

func (f *fake) last() fakeCall {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.calls) == 0 {
		return fakeCall{}
	}
	return f.calls[len(f.calls)-1]
}

func (f *fake) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.calls)
}

func (f *fake) Hello() Hello {
	h := f.hello
	h.Protocol, h.PID = Protocol, os.Getpid()
	return h
}

func (f *fake) Attribute(_ context.Context, c Caller) Caller {
	if c.How = "user"; c.EnvRole != "" {
		c.How, c.Role = "isesh_role", roles.Address{Team: "shop", Role: c.EnvRole}
	}
	return c
}

func (f *fake) Start(ctx context.Context, c Caller, r StartRequest, progress func(string)) (StartResult, error) {
	for _, p := range f.progress {
		progress(p)
	}
	return StartResult{Team: Team{Name: "shop"}, Notices: []string{"n"}}, f.record(ctx, "start", c, r)
}

func (f *fake) Stop(ctx context.Context, c Caller, r StopRequest) (StopResult, error) {
	return StopResult{Stopped: []string{"dev"}}, f.record(ctx, "stop", c, r)
}

func (f *fake) Restart(ctx context.Context, c Caller, r RestartRequest) ([]Role, error) {
	return []Role{{Name: "dev"}}, f.record(ctx, "restart", c, r)
}

func (f *fake) Roles(ctx context.Context, c Caller) ([]Role, error) {
	return []Role{{Name: "dev"}, {Name: "gestor"}}, f.record(ctx, "roles", c, nil)
}

func (f *fake) Role(ctx context.Context, c Caller, ref string) (Role, error) {
	return Role{Name: ref}, f.record(ctx, "role", c, ref)
}

func (f *fake) Teams(ctx context.Context, c Caller, name string) ([]Team, error) {
	return nil, f.record(ctx, "teams", c, name)
}

func (f *fake) Send(ctx context.Context, c Caller, r SendRequest) (Receipt, error) {
	return Receipt{ID: "1", From: c.Name(), To: r.To, Status: roles.StatusSubmitted}, f.record(ctx, "send", c, r)
}

func (f *fake) Receipt(ctx context.Context, c Caller, id string) (Receipt, []roles.Record, error) {
	return Receipt{ID: id}, []roles.Record{{ID: id, Kind: roles.KindMessage}}, f.record(ctx, "receipt", c, id)
}

func (f *fake) act(ctx context.Context, what string, c Caller, r ActRequest) (ActResult, error) {
	return ActResult{To: r.To, State: what}, f.record(ctx, what, c, r)
}

func (f *fake) Approve(ctx context.Context, c Caller, r ActRequest) (ActResult, error) {
	return f.act(ctx, "approve", c, r)
}

func (f *fake) Deny(ctx context.Context, c Caller, r ActRequest) (ActResult, error) {
	return f.act(ctx, "deny", c, r)
}

func (f *fake) Respond(ctx context.Context, c Caller, r ActRequest) (ActResult, error) {
	return f.act(ctx, "respond", c, r)
}

func (f *fake) Cancel(ctx context.Context, c Caller, r ActRequest) (ActResult, error) {
	return f.act(ctx, "cancel", c, r)
}

func (f *fake) Read(ctx context.Context, c Caller, r ReadRequest) (ReadResult, error) {
	return ReadResult{Screen: []string{"$ "}}, f.record(ctx, "read", c, r)
}

func (f *fake) Wait(ctx context.Context, c Caller, r WaitRequest) (WaitResult, error) {
	if err := f.record(ctx, "wait", c, r); err != nil || f.onWait == nil {
		return WaitResult{Roles: []Role{{Name: "dev", State: "idle"}}}, err
	}
	return f.onWait(ctx, r)
}

func (f *fake) WhoAmI(ctx context.Context, c Caller) (WhoAmI, error) {
	return WhoAmI{Caller: c, Address: c.Name()}, f.record(ctx, "whoami", c, nil)
}

func (f *fake) Log(ctx context.Context, c Caller, q LogQuery, yield func(Entry) error) error {
	if err := f.record(ctx, "log", c, q); err != nil || f.onLog == nil {
		return err
	}
	return f.onLog(ctx, q, yield)
}

func (f *fake) StopSupervisor(ctx context.Context, c Caller, r StopSupervisor) error {
	if err := f.record(ctx, "supervisor/stop", c, r); err != nil || f.onStop == nil {
		return err
	}
	return f.onStop(r)
}

func (f *fake) Reply(ctx context.Context, c Caller, r ReplyRequest) (Receipt, error) {
	return Receipt{ID: r.NewID}, f.record(ctx, "reply", c, r)
}

func (f *fake) Broadcast(ctx context.Context, c Caller, r BroadcastRequest) (BroadcastResult, error) {
	res := BroadcastResult{ID: r.ID, Targets: []Delivered{{To: "a", Receipt: &Receipt{ID: "1"}}, {To: "b", Error: &Error{Code: CodeDead, Message: "m"}}}}
	return res, f.record(ctx, "broadcast", c, r)
}

func (f *fake) Inbox(ctx context.Context, c Caller, r InboxRequest) (Inbox, error) {
	return Inbox{Address: r.Of, Unread: 1, Letters: []Letter{letter()}, Menu: &Menu{ID: "m"}}, f.record(ctx, "inbox", c, r)
}

func (f *fake) InboxPop(ctx context.Context, c Caller, r InboxRequest) (Letter, error) {
	return letter(), f.record(ctx, "pop", c, r)
}

func (f *fake) InboxClear(ctx context.Context, c Caller, r InboxRequest) (InboxCleared, error) {
	return InboxCleared{Address: r.Of, Cleared: 3}, f.record(ctx, "clear", c, r)
}

func (f *fake) Process(ctx context.Context, c Caller) (ProcessResult, error) {
	return ProcessResult{Delivered: 1, Queued: 2, Roles: []Role{}}, f.record(ctx, "process", c, nil)
}

func (f *fake) Register(ctx context.Context, c Caller, r RegisterRequest) (Role, error) {
	return Role{Name: r.Name}, f.record(ctx, "register", c, r)
}

func (f *fake) Unregister(ctx context.Context, c Caller, r RegisterRequest) error {
	return f.record(ctx, "unregister", c, r)
}

func (f *fake) Hook(ctx context.Context, c Caller, r HookRequest) (HookResult, error) {
	return HookResult{Output: []byte(`{"a":1}`)}, f.record(ctx, "hook", c, r)
}

func (f *fake) Redact(ctx context.Context, c Caller, r RedactRequest) error {
	return f.record(ctx, "redact", c, r)
}

func (f *fake) Events(ctx context.Context, c Caller, q EventQuery, yield func(roles.Event) error) error {
	if err := f.record(ctx, "events", c, q); err != nil || f.onEvents == nil {
		return err
	}
	return f.onEvents(ctx, q, yield)
}

// letter is a message with every kind of field.
func letter() Letter {
	l := Letter{Read: true, Now: roles.StatusTaken, Record: entry(7).Record}
	l.Refs, l.Hops, l.Owes = []string{"a"}, 2, true
	return l
}

// event is the nth event.
func event(n int) roles.Event {
	return roles.Event{V: roles.Version, Time: time.Unix(int64(n), 0).UTC(), Kind: roles.EventState, Role: roles.Address{Team: "shop", Role: "dev"}, To: fmt.Sprint(n)}
}

// entry is the nth record of a log.
func entry(n int) Entry {
	return Entry{Record: roles.Record{ID: fmt.Sprint(n), Time: time.Unix(int64(n), 0).UTC(), Kind: roles.KindMessage, Text: "text"}}
}

// served is a Serve under test.
type served struct {
	paths   Paths
	clients *Clients
	lock    interface{ Close() error }
	stop    context.CancelFunc
	done    chan struct{} // closed when Serve returned
	err     error         // its error
}

// serve serves b until the test ends.
func serve(t *testing.T, b Backend, o ServeOptions) *served {
	t.Helper()
	return serveAt(t, testPaths(t), b, o)
}

func serveAt(t *testing.T, p Paths, b Backend, o ServeOptions) *served {
	t.Helper()
	l, lock, err := Listen(p)
	if err != nil {
		t.Fatal(err)
	}
	if o.Clients == nil {
		o.Clients = new(Clients)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &served{paths: p, clients: o.Clients, lock: lock, stop: cancel, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		s.err = Serve(ctx, l, b, o)
	}()
	t.Cleanup(func() {
		cancel()
		<-s.done
		lock.Close()
	})
	return s
}

// connect makes a client that starts no supervisor.
func connect(t *testing.T, p Paths, facts Caller) *Client {
	t.Helper()
	c, err := Connect(testContext(t), ClientOptions{Paths: p, Facts: facts})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// dialRaw connects without a client.
func dialRaw(t *testing.T, p Paths) net.Conn {
	t.Helper()
	conn, err := net.Dial("unix", p.Socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(deadline)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// received fails the test unless a value comes in time.
func received[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(deadline):
		t.Fatal("nothing came")
	}
	panic("unreachable")
}

// code asserts the code of an error.
func code(is *is.I, err error, want Code) *Error {
	is.Helper()
	e, ok := err.(*Error)
	is.True(ok) // an *Error
	is.Equal(e.Code, want)
	return e
}

// eventually waits for a condition that no event tells of.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(deadline); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

package api

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"isesh/roles"
)

var errStub = errors.New("not written yet")

// Handler serves b.
func Handler(b Backend) http.Handler { return http.NotFoundHandler() }

// ConnContext notes who is at the other end of c.
func ConnContext(ctx context.Context, c net.Conn) context.Context { return ctx }

// Clients counts the connections of a Serve. The zero value is ready.
type Clients struct{ n atomic.Int64 }

// Count returns how many are open.
func (c *Clients) Count() int { return int(c.n.Load()) }

// ServeOptions are the choices of Serve; the zero value is good.
type ServeOptions struct {
	Clients *Clients
	Grace   time.Duration
	Log     *slog.Logger
}

// Serve serves b on l until ctx ends.
func Serve(ctx context.Context, l net.Listener, b Backend, o ServeOptions) error { return errStub }

// Paths are where a supervisor is found.
type Paths struct{ Dir, Socket, Lock string }

// PathsFor finds them.
func PathsFor(stateDir, tmuxServer string, getenv func(string) string) (Paths, error) {
	return Paths{}, errStub
}

// ErrRunning says that another supervisor holds the lock.
type ErrRunning struct{ PID int }

func (e *ErrRunning) Error() string { return "" }

// Listen takes the lock and listens.
func Listen(p Paths) (net.Listener, io.Closer, error) { return nil, nil, errStub }

// Exec becomes the newer binary, keeping socket and lock. It returns only when that fails.
func Exec(binary string, argv, env []string, lock io.Closer) error { return errStub }

// ErrNotRunning says that no supervisor runs and none was to be started.
var ErrNotRunning = &Error{Code: CodeNothing, Message: "no supervisor is running"}

// WaitGone waits until no supervisor holds the lock.
func WaitGone(ctx context.Context, p Paths) error { return errStub }

// ClientOptions are the choices of Connect.
type ClientOptions struct {
	Paths     Paths
	Facts     Caller
	Spawn     func() error
	Build     Build
	Binary    string
	NoReplace bool
}

// Client talks to a supervisor.
type Client struct{}

// Connect finds or starts the supervisor.
func Connect(ctx context.Context, o ClientOptions) (*Client, error) { return nil, errStub }

func (c *Client) Close() error                             { return nil }
func (c *Client) Hello(ctx context.Context) (Hello, error) { return Hello{}, errStub }
func (c *Client) Start(ctx context.Context, r StartRequest, progress func(string)) (StartResult, error) {
	return StartResult{}, errStub
}
func (c *Client) Stop(ctx context.Context, r StopRequest) (StopResult, error) {
	return StopResult{}, errStub
}
func (c *Client) Restart(ctx context.Context, r RestartRequest) ([]Role, error) { return nil, errStub }
func (c *Client) Roles(ctx context.Context) ([]Role, error)                     { return nil, errStub }
func (c *Client) Role(ctx context.Context, ref string) (Role, error)            { return Role{}, errStub }
func (c *Client) Teams(ctx context.Context, name string) ([]Team, error)        { return nil, errStub }
func (c *Client) Send(ctx context.Context, r SendRequest) (Receipt, error)      { return Receipt{}, errStub }
func (c *Client) Receipt(ctx context.Context, id string) (Receipt, []roles.Record, error) {
	return Receipt{}, nil, errStub
}
func (c *Client) Approve(ctx context.Context, r ActRequest) (ActResult, error) {
	return ActResult{}, errStub
}
func (c *Client) Deny(ctx context.Context, r ActRequest) (ActResult, error) {
	return ActResult{}, errStub
}
func (c *Client) Respond(ctx context.Context, r ActRequest) (ActResult, error) {
	return ActResult{}, errStub
}
func (c *Client) Cancel(ctx context.Context, r ActRequest) (ActResult, error) {
	return ActResult{}, errStub
}
func (c *Client) Read(ctx context.Context, r ReadRequest) (ReadResult, error) {
	return ReadResult{}, errStub
}
func (c *Client) Wait(ctx context.Context, r WaitRequest) (WaitResult, error) {
	return WaitResult{}, errStub
}
func (c *Client) WhoAmI(ctx context.Context) (WhoAmI, error) { return WhoAmI{}, errStub }

// Log calls yield for each entry.
func (c *Client) Log(ctx context.Context, q LogQuery, yield func(Entry) error) error { return errStub }
func (c *Client) StopSupervisor(ctx context.Context, r StopSupervisor) error         { return errStub }

// BinaryBuild reads the build of a binary.
func BinaryBuild(path string) (Build, error) { return Build{}, errStub }

// SpawnDaemon starts the daemon and returns when it is ready.
func SpawnDaemon(argv []string, env []string, logFile string) error { return errStub }

// NotifyReady tells the starter that the daemon listens, or why not.
func NotifyReady(err error) {}

// KeepBinary returns a path of this binary that will last.
func KeepBinary(stateDir string) (path string, err error) { return "", errStub }

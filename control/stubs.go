package control

import (
	"context"
	"errors"
	"os/exec"
	"time"
)

var errTODO = errors.New("not built yet")

// MinMajor.MinMinor is the oldest tmux that works.
const MinMajor, MinMinor = 3, 2

type Version struct {
	Major, Minor int
	Text         string
}

func ParseVersion(s string) (Version, error)    { return Version{}, errTODO }
func (v Version) AtLeast(major, minor int) bool { return false }
func (v Version) String() string                { return v.Text }
func (v Version) Features() Features            { return Features{} }

type Features struct {
	CaptureLeak  bool
	PasteRaw     bool
	FragileDial  bool
	DeadPasteBug bool
	DeadSignal   bool
}

type Server struct {
	Binary string
	Name   string
	Path   string
	Config string
	Env    []string
}

func (s Server) Args(args ...string) []string                               { return nil }
func (s Server) Command(ctx context.Context, args ...string) *exec.Cmd      { return nil }
func (s Server) Output(ctx context.Context, args ...string) (string, error) { return "", errTODO }
func (s Server) Version(ctx context.Context) (Version, error)               { return Version{}, errTODO }
func (s Server) Identity(ctx context.Context) (Identity, error)             { return Identity{}, errTODO }
func (s Server) Panes(ctx context.Context) ([]Pane, error)                  { return nil, errTODO }

type Identity struct {
	PID     int
	Start   int64
	Socket  string
	Version Version
}

type Options struct {
	Server       Server
	Session      string
	Create       []string
	Mark         string
	PauseAfter   time.Duration
	Scratch      string
	OutputBuffer int
	Connect      func(ctx context.Context, args []string) (Conn, error)
}

type Client struct{}

func Dial(ctx context.Context, o Options) (*Client, error) { return nil, errTODO }
func SweepOrphans(mark string) (int, error)                { return 0, errTODO }

func (c *Client) Close() error                                                { return errTODO }
func (c *Client) Done() <-chan struct{}                                       { return nil }
func (c *Client) Err() error                                                  { return errTODO }
func (c *Client) PID() int                                                    { return 0 }
func (c *Client) Session() string                                             { return "" }
func (c *Client) Identity() Identity                                          { return Identity{} }
func (c *Client) Features() Features                                          { return Features{} }
func (c *Client) Do(ctx context.Context, lines ...string) ([]string, error)   { return nil, errTODO }
func (c *Client) Run(ctx context.Context, cmds ...[]string) ([]string, error) { return nil, errTODO }
func (c *Client) Events() <-chan Event                                        { return nil }
func (c *Client) Watch(pane string) *Output                                   { return nil }
func (c *Client) Unwatch(pane string)                                         {}
func (c *Client) Panes(ctx context.Context) ([]Pane, error)                   { return nil, errTODO }
func (c *Client) Snapshot(ctx context.Context, pane string) (Snapshot, error) {
	return Snapshot{}, errTODO
}
func (c *Client) Capture(ctx context.Context, pane string, o CaptureOptions) (string, error) {
	return "", errTODO
}
func (c *Client) Paste(ctx context.Context, g Guard, data []byte) error    { return errTODO }
func (c *Client) Keys(ctx context.Context, g Guard, keys ...string) error  { return errTODO }
func (c *Client) KillPane(ctx context.Context, pane string, pid int) error { return errTODO }
func (c *Client) KillWindow(ctx context.Context, window string) error      { return errTODO }
func (c *Client) KillSession(ctx context.Context, session string) error    { return errTODO }

type Snapshot struct {
	Pane
	Screen string
	At     time.Time
}

// CaptureOptions: Start and End are line numbers as capture-pane -S and -E take
// them (0 = first visible row, negative = history, "-" = its beginning/the end); "" = visible.
type CaptureOptions struct {
	Start, End string
	Escapes    bool
	Join       bool
}

func Row(re string) Cond         { return Cond{} }
func NoRow(re string) Cond       { return Cond{} }
func CursorOn(re string) Cond    { return Cond{} }
func CursorBelow(re string) Cond { return Cond{} }
func Not(c Cond) Cond            { return Cond{} }
func Any(cs ...Cond) Cond        { return Cond{} }
func All(cs ...Cond) Cond        { return Cond{} }
func (c Cond) String() string    { return c.text }

func Quote(s string) (string, error)           { return "", errTODO }
func QuoteAll(words ...string) (string, error) { return "", errTODO }
func EscapeFormat(s string) string             { return s }
func ValidKey(name string) error               { return errTODO }

// Literal marks text for Keys that is typed as it is.
func Literal(text string) string { return "\x00" + text }

// Clean removes what must not be in a paste: C0 but tab and LF, DEL, C1, escapes' ESC.
func Clean(data []byte) []byte { return data }

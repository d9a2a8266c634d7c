package control

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Options say what to dial. One of Session and Create is required.
type Options struct {
	Server Server
	// Session to attach to: "$3", "=name", or what else attach-session -t takes.
	Session string
	// Create is a new-session command (its words, without -d, -P, -F, -t and
	// -A) to create the session to attach to. Further commands may follow behind
	// a word ";", as one that sets remain-on-exit: they run before anything else.
	// When no server runs, this starts one.
	Create []string
	// Mark goes into the environment of the client process, so that
	// SweepOrphans(Mark) can tell those of a supervisor that was killed.
	Mark string
	// PauseAfter is how far this process may be behind before tmux drops the
	// output of a pane instead of storing it; 0 = 30 s. Whole seconds.
	PauseAfter time.Duration
	// Scratch is a directory for payloads and captures: 0700, made if missing,
	// may be shared by connections, best in memory. "" = one of its own.
	Scratch string
	// OutputBuffer is how many bytes are kept per watched pane, 0 = DefaultOutputBuffer.
	OutputBuffer int
	// Connect replaces the start of the tmux client process, for tests: args are
	// all of the command line but the program. No other program is run then.
	Connect func(ctx context.Context, args []string) (Conn, error)
}

// Environment of the client process, for SweepOrphans.
const (
	markEnv   = "ISESH_CONTROL"
	parentEnv = "ISESH_CONTROL_PARENT"
)

// dials holds one token per server: attaching is safe one at a time only.
var dials struct {
	sync.Mutex
	m map[string]chan struct{}
}

func dialToken(s Server) chan struct{} {
	key := "S" + s.Path
	if s.Path == "" {
		key = "L" + os.Getenv("TMUX_TMPDIR") + "/" + s.Name
	}
	dials.Lock()
	defer dials.Unlock()
	if dials.m == nil {
		dials.m = map[string]chan struct{}{}
	}
	if dials.m[key] == nil {
		dials.m[key] = make(chan struct{}, 1)
	}
	return dials.m[key]
}

// Dial attaches a control client and returns when commands can be sent. ctx
// bounds the dial only; when it ends, the client process is killed.
//
// Dials of one server are let through one at a time, and before tmux 3.7 only
// when no session and no client came or went for a moment. The client takes no
// part in window sizes.
//
// Errors: ErrNoTmux, ErrNoServer, *OldVersionError, a *CommandError with tmux's
// words (as "can't find session: x", "duplicate session: x"), *ExitError.
func Dial(ctx context.Context, o Options) (*Client, error) {
	c, err := dial(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("dialling tmux: %w", err)
	}
	return c, nil
}

func dial(ctx context.Context, o Options) (*Client, error) {
	if (o.Session == "") == (len(o.Create) == 0) {
		return nil, errors.New("want either a session to attach to or one to create")
	}
	if len(o.Create) > 0 && o.Create[0] != "new-session" {
		return nil, fmt.Errorf("cannot create a session with %q, want new-session", o.Create[0])
	}
	scratch, err := openScratch(o.Scratch)
	if err != nil {
		return nil, err
	}
	c, err := connect(ctx, o)
	if err != nil {
		scratch.close()
		return nil, err
	}
	c.scratch = scratch
	if err := c.introduce(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// connect starts a client and waits until tmux has accepted it.
func connect(ctx context.Context, o Options) (*Client, error) {
	open := o.Connect
	if open == nil {
		token := dialToken(o.Server)
		select {
		case token <- struct{}{}:
			defer func() { <-token }()
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for another dial: %w", context.Cause(ctx))
		}
		if err := prepare(ctx, &o); err != nil {
			return nil, err
		}
		open = func(_ context.Context, args []string) (Conn, error) {
			// The process outlives the dial, hence not ctx.
			env := []string{parentEnv + "=" + strconv.Itoa(os.Getpid())}
			if o.Mark != "" {
				env = append(env, markEnv+"="+o.Mark)
			}
			cmd := o.Server.command(context.Background(), args, env)
			dieWithParent(cmd.SysProcAttr)
			return startProcess(cmd)
		}
	}
	conn, err := open(ctx, o.Server.Args(attachWords(o)...))
	if err != nil {
		return nil, err
	}
	c := newClient(conn)
	if o.OutputBuffer > 0 {
		c.limit = o.OutputBuffer
	}
	c.start()
	select {
	case <-c.ready:
	case <-ctx.Done():
		// Not by closing its input: end of input before the first reply, in
		// numbers, crashes servers before 3.7.
		conn.Kill()
		<-c.done
		return nil, context.Cause(ctx)
	}
	if c.refusal != nil {
		conn.Kill()
		<-c.done
		var refused *CommandError
		if errors.As(c.refusal, &refused) && noServer(refused.Text) {
			return nil, fmt.Errorf("%w (%s)", ErrNoServer, refused.Text)
		}
		return nil, c.refusal
	}
	return c, nil
}

// attachWords is the command on the client's command line. Flags are given
// here and never changed: toggling them crashes or hangs servers before 3.7.
func attachWords(o Options) []string {
	pause := o.PauseAfter
	if pause == 0 {
		pause = 30 * time.Second
	}
	flags := "ignore-size,pause-after=" + strconv.Itoa(max(1, int(pause/time.Second)))
	if o.Session != "" {
		return []string{"-C", "attach-session", "-t", o.Session, "-f", flags}
	}
	return append([]string{"-C", "new-session", "-f", flags}, o.Create[1:]...)
}

// prepare makes an attach safe. A session to create on a server that does not
// run yet is created here, so that the server does not come out of the client
// process and inherit its environment; o then names it.
func prepare(ctx context.Context, o *Options) error {
	id, err := o.Server.Identity(ctx)
	switch {
	case err == nil:
		if id.Version.Features().FragileDial {
			return quiet(ctx, o.Server)
		}
		return nil
	case !errors.Is(err, ErrNoServer) || o.Session != "":
		return err
	}
	if _, err := o.Server.Version(ctx); err != nil {
		return err
	}
	words := append([]string{"new-session", "-d", "-P", "-F", "#{session_id}"}, o.Create[1:]...)
	out, err := o.Server.Output(ctx, words...)
	if err != nil {
		return err
	}
	session, _, _ := strings.Cut(out, "\n")
	if !isSessionID(session) {
		return fmt.Errorf("creating a session: unexpected answer %q", briefLine(out))
	}
	o.Session, o.Create = session, nil
	return nil
}

// quietFor is how long nothing may have come or gone. Session churn that hits
// the few milliseconds of an attach crashes servers before 3.7; a look before
// and one after a short while see that it is going on.
const quietFor = 50 * time.Millisecond

// quiet waits until two looks at sessions and clients are equal.
func quiet(ctx context.Context, s Server) error {
	look := func() (string, error) {
		// next_session_id also tells of a session that came and went.
		out, err := s.Output(ctx, "display-message", "-p", "#{next_session_id}", ";",
			"list-sessions", "-F", "#{session_id} #{session_attached}", ";", "list-clients", "-F", "#{client_pid}")
		lines := strings.Split(out, "\n")
		slices.Sort(lines)
		return strings.Join(lines, "\n"), err
	}
	last, err := look()
	for err == nil {
		select {
		case <-time.After(quietFor):
		case <-ctx.Done():
			return fmt.Errorf("waiting for tmux to be quiet, sessions keep coming and going: %w", context.Cause(ctx))
		}
		var now string
		if now, err = look(); now == last && err == nil {
			return nil
		}
		last = now
	}
	return err
}

// introduce learns who the server is and subscribes to its structure.
func (c *Client) introduce(ctx context.Context) error {
	quoted, err := QuoteAll("refresh-client", "-B", structureName+"::"+structureFormat)
	if err != nil {
		return err
	}
	bodies, err := c.Do(ctx, `display-message -p "`+identityFormat+`"`, `display-message -p "s #{session_id}"`, quoted)
	if err != nil {
		return err
	}
	if len(bodies) != 3 {
		return fmt.Errorf("tmux answered %d of 3 commands", len(bodies))
	}
	if c.identity, err = parseIdentity(bodies[0]); err != nil {
		return err
	}
	if !c.identity.Version.AtLeast(MinMajor, MinMinor) {
		return &OldVersionError{c.identity.Version}
	}
	c.features = c.identity.Version.Features()
	session, ok := strings.CutPrefix(bodies[1], "s ")
	if !ok || !isSessionID(session) {
		return fmt.Errorf("reading the attached session: unexpected %q", bodies[1])
	}
	c.session = session
	return nil
}

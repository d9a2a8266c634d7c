package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"isesh/layout"
	"isesh/layouts"
	"isesh/roles/agent"
	"isesh/supervisor/api"
)

const (
	// demoTimeout bounds the demo. A round takes some seconds; one that takes this long will not end, and that is an error.
	demoTimeout = 45 * time.Second

	// demoCleanUp bounds each step of the clean-up, which happens after Ctrl-C, too.
	demoCleanUp = 10 * time.Second

	// maxTempDir is how long the path of the temporary directory may be: sockets go below it, and their addresses are short.
	maxTempDir = 40
)

// demoTask is what the person of the demo asks for.
const demoTask = "add a login page"

// demoCmd is `isesh demo`.
func (a *app) demoCmd() *cobra.Command {
	var keep bool
	c := &cobra.Command{
		Use:     "demo",
		GroupID: groupPeople,
		Short:   "Watch three scripted agents work together, with no account and no network",
		Long: `demo starts three scripted agents (gestor, dev, reviewer) on a tmux server of its own
and plays a round: you give gestor a task, gestor hands it to dev, dev asks for a
permission and gets it, reviewer approves, gestor tells you. It ends by itself in some
seconds and leaves nothing behind; your own tmux is not touched.`,
		Example: `  isesh demo
  isesh demo --keep      leave it running, to attach and look around`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(c *cobra.Command, _ []string) error { return a.demo(c.Context(), keep) },
	}
	c.Flags().BoolVar(&keep, "keep", false, "leave the agents running, and say how to attach")
	return c
}

// demo is one run of the demo: an app of its own, whose state, sockets and tmux server are all below one temporary directory.
type demo struct {
	*app
	dir    string
	client *api.Client
}

// demo plays the demo and cleans up after it, however it went.
func (a *app) demo(ctx context.Context, keep bool) (err error) {
	if err := a.needTmux(ctx); err != nil {
		return err
	}
	// Written into a pipe that nobody reads, the demo ends with an error, and cleans up, instead of dying. What it starts is not told.
	pipe := make(chan os.Signal, 1)
	signal.Notify(pipe, syscall.SIGPIPE)
	defer signal.Stop(pipe)
	d, err := a.newDemo(keep)
	if err != nil {
		return err
	}
	kept := false
	defer func() {
		if kept {
			return
		}
		var said exitStatus
		switch left := d.cleanUp(context.WithoutCancel(ctx)); {
		case left == nil:
		case errors.As(err, &said): // nothing would be printed
			err = left
		default:
			err = errors.Join(err, left)
		}
	}()
	limited, cancel := context.WithTimeoutCause(ctx, demoTimeout, errDemoTime)
	defer cancel()
	began := d.now()
	if err := d.play(limited); err != nil {
		return d.explain(ctx, limited, err)
	}
	d.say("")
	d.say("The round is over, after %s.", short(d.now().Sub(began)))
	if kept = keep; kept {
		return d.sayHow()
	}
	d.say("Next: isesh start trio starts three real agents; isesh init writes a layout.")
	return nil
}

// errDemoTime is why a demo that hangs is ended.
var errDemoTime = fmt.Errorf("the round did not end within %s", demoTimeout)

// newDemo makes the directory of a demo. One that is kept has its supervisor's socket where every command looks for it.
func (a *app) newDemo(keep bool) (*demo, error) {
	parent := os.TempDir()
	if len(parent) > maxTempDir {
		parent = "/tmp"
	}
	dir, err := os.MkdirTemp(parent, "isesh-demo-")
	if err != nil {
		return nil, &api.Error{Code: api.CodeError, Message: fmt.Sprintf("making a directory for the demo: %v", err), Hint: "TMPDIR may name another place"}
	}
	for _, sub := range []string{"run", "shop"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, errors.Join(fmt.Errorf("making a directory for the demo: %w", err), os.RemoveAll(dir))
		}
	}
	own := *a
	own.flags.stateDir, own.flags.tmuxName, own.flags.tmuxPath = filepath.Join(dir, "state"), "", filepath.Join(dir, "tmux.sock")
	own.getenv = func(name string) string {
		switch name {
		case "TMUX", "TMUX_PANE", "ISESH_ROLE", "ISESH_SOCKET", "ISESH_DIR":
			return "" // the demo is not part of where it was started
		case "XDG_RUNTIME_DIR":
			if !keep {
				return filepath.Join(dir, "run")
			}
		}
		return a.getenv(name)
	}
	return &demo{app: &own, dir: dir}, nil
}

// play starts the team and plays the round.
func (d *demo) play(ctx context.Context) error {
	d.say("Three scripted agents on a tmux server of their own; yours is not touched.")
	team, err := d.team()
	if err != nil {
		return err
	}
	if d.client, err = d.connect(ctx); err != nil {
		return err
	}
	began := d.now()
	result, err := d.client.Start(ctx, api.StartRequest{Team: team, Env: environment(os.Environ()), Width: 100, Height: 30, Wait: true}, nil)
	if err != nil {
		return fmt.Errorf("starting the team: %w", err)
	}
	if !d.flags.json && !d.flags.quiet {
		d.say("Started in %s:", short(d.now().Sub(began)))
		if err := d.board().team(result.Team); err != nil {
			return err
		}
	}
	d.say("")
	return d.round(ctx, result.Team)
}

// team is the shipped demo layout, resolved for the demo's directory.
func (d *demo) team() ([]byte, error) {
	data, path, err := layout.Find("demo", nil, layouts.FS)
	if err != nil {
		return nil, err
	}
	file, err := layout.Parse(path, data)
	if err != nil {
		return nil, err
	}
	team, err := file.Resolve(layout.Env{Getenv: d.getenv, Base: filepath.Join(d.dir, "shop"), Profiles: agent.Names()},
		layout.Override{Name: "demo", Shipped: true})
	if err != nil {
		return nil, err
	}
	return json.Marshal(team)
}

// explain adds to a failure what the roles were doing.
func (d *demo) explain(ctx, limited context.Context, err error) error {
	if ctx.Err() != nil {
		return err // Ctrl-C
	}
	if errors.Is(err, syscall.EPIPE) {
		return status(exitPipe)
	}
	if limited.Err() != nil {
		err = context.Cause(limited)
	}
	ctx, cancel := context.WithTimeout(ctx, demoCleanUp)
	defer cancel()
	var states []string
	if d.client != nil {
		if list, listErr := d.client.Roles(ctx); listErr == nil {
			for _, r := range list {
				states = append(states, strings.Join(nonEmpty(r.Name+" is "+r.State, r.Kind), " "))
			}
		}
	}
	log, readErr := os.ReadFile(filepath.Join(d.dir, "state", "supervisor.log"))
	if readErr == nil && d.flags.verbose {
		fmt.Fprintf(d.err, "the supervisor's log:\n%s", printable(string(log), true))
	}
	e := &api.Error{Code: api.CodeError, Message: "demo: " + err.Error(), Hint: "isesh -v demo prints the supervisor's log"}
	if len(states) > 0 {
		e.Message += "; " + strings.Join(states, ", ")
	}
	return e
}

// cleanUp ends what the demo started and removes its directory.
func (d *demo) cleanUp(ctx context.Context) error {
	var errs []error
	step := func(do func(context.Context) error) {
		ctx, cancel := context.WithTimeout(ctx, demoCleanUp)
		defer cancel()
		if err := do(ctx); err != nil {
			errs = append(errs, err)
		}
	}
	if d.client == nil {
		// Ctrl-C may have come while the supervisor was starting.
		step(func(ctx context.Context) error {
			client, err := d.connectRunning(ctx)
			if errors.Is(err, api.ErrNotRunning) {
				return nil
			}
			d.client = client
			return err
		})
	}
	if d.client != nil {
		step(func(ctx context.Context) error { return d.endSupervisor(ctx, d.client) })
		d.client.Close()
	}
	step(func(ctx context.Context) error {
		server := d.tmux()
		if _, err := os.Stat(server.Path); errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return d.killServer(ctx)
	})
	step(func(context.Context) error { return os.RemoveAll(d.dir) })
	if len(errs) > 0 {
		return fmt.Errorf("cleaning up after the demo in %s: %w", d.dir, errors.Join(errs...))
	}
	return nil
}

// say prints a line of the demo's own, which --json and --quiet leave out.
func (d *demo) say(format string, args ...any) {
	if !d.flags.json && !d.flags.quiet {
		fmt.Fprintln(d.out, d.palette(d.out).faint(fmt.Sprintf(format, args...)))
	}
}

// sayHow tells how to look at a demo that was kept, and how to end it.
func (d *demo) sayHow() error {
	self, err := api.KeepBinary(d.flags.stateDir)
	if err != nil {
		return err
	}
	if path, err := exec.LookPath("isesh"); err == nil && path == self {
		self = "isesh"
	}
	// The state directory knows its tmux server.
	isesh := fmt.Sprintf("%s --state-dir %s", shellWord(self), shellWord(d.flags.stateDir))
	_, err = fmt.Fprintf(d.out, `Look around:  %s attach
              %s log
Talk:         %s send dev "TASK: something else"
End it:       %s stop --all && %s supervise --stop && rm -r %s
`, isesh, isesh, isesh, isesh, isesh, shellWord(d.dir))
	return err
}

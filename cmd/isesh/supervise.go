package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"time"

	"github.com/sourcegraph/conc"
	"github.com/spf13/cobra"

	"isesh/roles"
	"isesh/supervisor"
	"isesh/supervisor/api"
)

// stopTimeout bounds the wait for a supervisor that was asked to end. It finishes what it is typing first.
const stopTimeout = 20 * time.Second

// superviseFlags are the flags of `isesh supervise`.
type superviseFlags struct {
	stop, status, daemon bool
	idleExit             time.Duration
	idleExitGiven        bool // the configuration does not count
	socket               string
}

// superviseCmd is `isesh supervise`.
func (a *app) superviseCmd() *cobra.Command {
	var f superviseFlags
	c := &cobra.Command{
		Use:     "supervise",
		GroupID: groupInside,
		Short:   "Run the supervisor in the foreground, stop it, or see how it is",
		Long: `The supervisor watches the roles and is the only one that types into them. Any
command that needs it starts it in the background; supervise runs it here, with its
log on standard error. Ending it never ends an agent.`,
		Example: `  isesh supervise --status
  isesh supervise --stop
  isesh supervise -v`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case f.status:
				return a.supervisorStatus(c.Context())
			case f.stop:
				return a.stopSupervisor(c.Context())
			}
			// In the foreground it is a person who ends it.
			f.idleExitGiven = !f.daemon || c.Flags().Changed("idle-exit")
			err := a.supervise(c.Context(), f)
			if err != nil {
				api.NotifyReady(err) // does nothing when it was ready before
			}
			return err
		},
	}
	fl := c.Flags()
	fl.SortFlags = false
	fl.BoolVar(&f.stop, "stop", false, "end the supervisor; agents go on")
	fl.BoolVar(&f.status, "status", false, "tell whether one runs, and how it is")
	fl.DurationVar(&f.idleExit, "idle-exit", 0, "end after so long with nothing to do; 0 is never")
	fl.BoolVar(&f.daemon, "daemon", false, "started by another command")
	fl.StringVar(&f.socket, "socket", "", "the socket to listen on")
	_ = fl.MarkHidden("daemon")
	_ = fl.MarkHidden("socket")
	c.MarkFlagsMutuallyExclusive("stop", "status", "daemon")
	noFiles(c, "idle-exit")
	return c
}

// supervise is the supervisor's life: it takes the socket, serves until it is told to end, and becomes its successor if there is one.
func (a *app) supervise(ctx context.Context, f superviseFlags) error {
	if a.getenv("GOMAXPROCS") == "" {
		// A supervisor waits for tmux and for files. Woken a few hundred times a second by busy agents, it would spend a quarter of its
		// time on waking further threads that find nothing to do.
		runtime.GOMAXPROCS(1)
	}
	if err := a.needTmux(ctx); err != nil {
		return err
	}
	var config supervisor.Config
	if _, err := readConfig(a.configDir("config.yaml"), &config); err != nil {
		return err
	}
	if f.idleExitGiven {
		config.IdleExit = f.idleExit
	}
	dir, err := a.stateDir()
	if err != nil {
		return err
	}
	if _, err := roles.OpenDir(dir); err != nil {
		return err
	}
	paths, err := a.paths()
	if f.socket != "" {
		paths, err = api.PathsFor(dir, "", func(string) string { return f.socket })
	}
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding the isesh binary: %w", err)
	}
	build, err := api.BinaryBuild(self)
	if err != nil {
		return err
	}
	listener, lock, err := api.Listen(paths)
	var running *api.ErrRunning
	if errors.As(err, &running) {
		return &api.Error{Code: api.CodeConflict, Message: err.Error(), Hint: "isesh supervise --stop ends it"}
	}
	if err != nil {
		return err
	}
	defer lock.Close()
	binary, err := api.KeepBinary(dir)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	server, err := a.ownTmux()
	if err != nil {
		return errors.Join(err, listener.Close())
	}

	log := a.supervisorLog(f.daemon)
	var clients api.Clients
	config.Dir, config.Tmux, config.Binary, config.Socket, config.Log = dir, server, binary, paths.Socket, log
	config.Version, config.Build, config.Clients, config.Profiles = version, build, clients.Count, a.agentsDir()
	sup, err := supervisor.New(config)
	if err == nil {
		err = bindTmux(dir, server.Path)
	}
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	clients.Changed = sup.Poke // nobody connected may mean nothing left to do
	// The two ends of a life: when the supervisor is told to end, serving ends after it; when this process is, serving ends first,
	// so that requests under way still find a supervisor.
	serving, stopServing := context.WithCancel(ctx)
	defer stopServing()
	life, endLife := context.WithCancel(context.WithoutCancel(ctx))
	defer endLife()
	var wg conc.WaitGroup
	var serveErr error
	wg.Go(func() {
		defer endLife()
		serveErr = api.Serve(serving, listener, sup, api.ServeOptions{Clients: &clients, Log: log})
	})
	log.Info("supervising", "state", dir, "socket", paths.Socket, "pid", os.Getpid())
	api.NotifyReady(nil)
	runErr := sup.Run(life)
	stopServing()
	wg.Wait()
	if err := errors.Join(runErr, serveErr); err != nil {
		log.Error("ended", "err", err)
		return err
	}
	if next := sup.Replacement(); next != "" {
		log.Info("becoming a newer build", "binary", next)
		return api.Exec(next, append([]string{next}, os.Args[1:]...), os.Environ(), lock)
	}
	log.Info("ended; agents go on")
	return nil
}

// supervisorLog is the log on standard error: for people in the foreground, with the date as a daemon.
func (a *app) supervisorLog(daemon bool) *slog.Logger {
	level := slog.LevelInfo
	switch {
	case a.flags.verbose:
		level = slog.LevelDebug
	case a.flags.quiet:
		level = slog.LevelWarn
	}
	o := &slog.HandlerOptions{Level: level}
	if !daemon {
		o.ReplaceAttr = func(groups []string, attr slog.Attr) slog.Attr {
			if attr.Key == slog.TimeKey && len(groups) == 0 {
				attr.Value = slog.StringValue(attr.Value.Time().Format(time.TimeOnly))
			}
			return attr
		}
	}
	return slog.New(slog.NewTextHandler(a.err, o))
}

// supervisorStatus prints how the supervisor is.
func (a *app) supervisorStatus(ctx context.Context) error {
	paths, err := a.paths()
	if err != nil {
		return err
	}
	client, err := a.connectRunning(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	h, err := client.Hello(ctx)
	if err != nil {
		return err
	}
	if a.flags.json {
		return a.printJSON(a.out, struct {
			api.Hello
			Socket string `json:"socket"`
		}{h, paths.Socket})
	}
	return writeTable(a.out, [][]cell{
		{plain("supervisor"), plain(fmt.Sprintf("isesh %s, process %d, for %s", h.Version, h.PID, age(a.now(), h.Started)))},
		{plain("state"), plain(h.StateDir)},
		{plain("socket"), plain(paths.Socket)},
		{plain("tmux"), plain(h.Tmux + ", socket " + a.tmuxSocket(a.tmux()))},
		{plain("roles"), plain(fmt.Sprintf("%d alive", h.Roles))},
		{plain("messages"), plain(fmt.Sprintf("%d not yet delivered", h.Pending))},
		{plain("clients"), plain(fmt.Sprint(h.Clients))},
	}, 0)
}

// stopSupervisor ends the supervisor and waits until it has gone. That none runs is what was wanted.
func (a *app) stopSupervisor(ctx context.Context) error {
	client, err := a.connectRunning(ctx)
	if errors.Is(err, api.ErrNotRunning) {
		a.note("no supervisor is running")
		return nil
	}
	if err != nil {
		return err
	}
	defer client.Close()
	if err := a.endSupervisor(ctx, client); err != nil {
		return err
	}
	a.note("the supervisor has ended; agents go on")
	return nil
}

// endSupervisor asks the supervisor to end and waits until it has.
func (a *app) endSupervisor(ctx context.Context, client *api.Client) error {
	if err := client.StopSupervisor(ctx, api.StopSupervisor{}); err != nil {
		return err
	}
	paths, err := a.paths()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, stopTimeout, fmt.Errorf("it has not ended after %s", stopTimeout))
	defer cancel()
	if err := api.WaitGone(ctx, paths); err != nil {
		return fmt.Errorf("waiting for the supervisor to end: %w", err)
	}
	return nil
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"isesh/supervisor/api"
)

const (
	// hookTimeout bounds what a hook may keep its agent waiting.
	hookTimeout = 2 * time.Second

	// maxHookInput is how much of a hook's input is read. A prompt of the longest message fits.
	maxHookInput = 12 << 20
)

// hookEvents are the events that the supervisor makes something of.
var hookEvents = []string{"stop", "stop-failure", "user-prompt-submit", "session-start", "session-end"}

// hookCmd is `isesh hook`.
func (a *app) hookCmd() *cobra.Command {
	c := &cobra.Command{
		Use:     "hook EVENT",
		GroupID: groupInside,
		Hidden:  true,
		Short:   "Tell the supervisor what an agent's hook was told",
		Long: `hook is run by the hooks of an agent, with the event's JSON on standard input. The
events are stop, stop-failure, user-prompt-submit, session-start and session-end;
others are ignored. It never holds an agent up: the exit code is always 0, and it prints
nothing but what the supervisor has for the agent. -v says on standard error what went
wrong.`,
		Example: `  isesh hook stop
  isesh hook session-start`,
		Args:               cobra.ArbitraryArgs,
		ValidArgsFunction:  cobra.FixedCompletions(hookEvents, cobra.ShellCompDirectiveNoFileComp),
		FParseErrWhitelist: cobra.FParseErrWhitelist{UnknownFlags: true},
		RunE: func(c *cobra.Command, args []string) error {
			if err := a.hook(c.Context(), args); err != nil && a.flags.verbose {
				a.note("hook: %v", err)
			}
			return nil
		},
	}
	c.SetFlagErrorFunc(func(*cobra.Command, error) error { return exitStatus(exitOK) })
	return c
}

// hook passes an event on.
func (a *app) hook(ctx context.Context, args []string) error {
	if a.getenv("ISESH_ROLE") == "" && a.getenv("TMUX_PANE") == "" {
		return nil // an agent that is nobody's role
	}
	if len(args) == 0 || !slices.Contains(hookEvents, args[0]) {
		return fmt.Errorf("event %q is none of %q", args, hookEvents)
	}
	input, err := a.hookInput()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, hookTimeout)
	defer cancel()
	client, err := a.hookClient(ctx, args[0])
	if err != nil {
		return err
	}
	defer client.Close()
	result, err := client.Hook(ctx, api.HookRequest{Event: args[0], Input: input})
	if err != nil || len(result.Output) == 0 {
		return err
	}
	_, err = fmt.Fprintf(a.out, "%s\n", result.Output)
	return err
}

// hookClient reaches the supervisor. One that was killed is started again, so that what waits for the end of this turn goes. One that was ended
// stays ended: it has taken its socket away.
func (a *app) hookClient(ctx context.Context, event string) (*api.Client, error) {
	client, err := a.connectRunning(ctx)
	if !errors.Is(err, api.ErrNotRunning) || event == "session-end" {
		return client, err
	}
	paths, pathErr := a.paths()
	if pathErr != nil {
		return nil, pathErr
	}
	if _, statErr := os.Lstat(paths.Socket); statErr != nil {
		return nil, err
	}
	return a.connect(ctx)
}

// hookInput is the JSON on standard input, an empty object where there is none.
func (a *app) hookInput() (json.RawMessage, error) {
	none := json.RawMessage("{}")
	if isTerminal(a.in) {
		return none, nil
	}
	data, err := io.ReadAll(io.LimitReader(a.in, maxHookInput))
	if err != nil {
		return nil, fmt.Errorf("reading standard input: %w", err)
	}
	switch {
	case len(data) == 0:
		return none, nil
	case !json.Valid(data):
		return nil, fmt.Errorf("standard input is no JSON, or more than %d bytes", maxHookInput)
	}
	return data, nil
}

package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"isesh/layout"
	"isesh/supervisor/api"
)

// roleStates are the states that can be waited for.
var roleStates = []string{"starting", "idle", "busy", "waiting", "dead", "unknown"}

// waitCmd is `isesh wait`.
func (a *app) waitCmd() *cobra.Command {
	var (
		req     api.WaitRequest
		timeout time.Duration
	)
	c := &cobra.Command{
		Use:     "wait ROLE...",
		GroupID: groupTalk,
		Short:   "Wait until a role is in a state",
		Long: `wait returns when one of the roles (with --all, every one) is in one of the states:
starting, idle, busy, waiting, dead, unknown. It prints the state that was reached.
When the time is over it prints the state there is, and the exit code is 8.`,
		Example: `  isesh wait dev --state idle --timeout 10m
  isesh wait dev reviewer --state idle,waiting --all`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: a.completeRoles(0, false),
		RunE: func(c *cobra.Command, args []string) error {
			for _, name := range args {
				if !slices.Contains(req.Targets, name) {
					req.Targets = append(req.Targets, name)
				}
			}
			for _, s := range req.States {
				if !slices.Contains(roleStates, s) {
					return unknownState(s)
				}
			}
			if timeout < 0 {
				return usagef(seeHelp(c), "wait: --timeout %s is negative", timeout)
			}
			if timeout > 0 {
				req.Timeout = timeout.String()
			}
			client, err := a.connect(c.Context())
			if err != nil {
				return err
			}
			defer client.Close()
			result, err := client.Wait(c.Context(), req)
			if err != nil {
				return err
			}
			return a.printWait(result, timeout)
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringSliceVar(&req.States, "state", []string{"idle", "waiting", "dead"}, "the states to wait for")
	f.DurationVar(&timeout, "timeout", 0, "give up after so long (default: never)")
	f.BoolVar(&req.All, "all", false, "until every role is, not any")
	noFiles(c, "timeout")
	_ = c.RegisterFlagCompletionFunc("state", cobra.FixedCompletions(roleStates, cobra.ShellCompDirectiveNoFileComp))
	return c
}

// unknownState refuses a word that is no state.
func unknownState(s string) error {
	e := usagef("states: "+strings.Join(roleStates, ", "), "no state %q", s)
	if near := layout.Suggest(s, roleStates); near != "" {
		e.Hint, e.Candidates = fmt.Sprintf("did you mean %q?", near), []string{near}
	}
	return e
}

// printWait prints the states at the end of a wait.
func (a *app) printWait(result api.WaitResult, timeout time.Duration) error {
	if a.flags.json {
		if err := a.printJSON(a.out, result); err != nil {
			return err
		}
		if result.TimedOut {
			return status(exitTimeout)
		}
		return nil
	}
	p := a.palette(a.out)
	var reached []string
	for _, r := range result.Roles {
		state := r.State
		if r.Kind != "" {
			state += " " + r.Kind
		}
		reached = append(reached, r.Address+" is "+state)
		if _, err := fmt.Fprintf(a.out, "%s %s\n", p.speaker(r.Address), p.paint(state, stateColours[r.State]...)); err != nil {
			return err
		}
	}
	if result.TimedOut {
		return &api.Error{Code: api.CodeTimeout, Message: fmt.Sprintf("timed out after %s: %s", timeout, strings.Join(reached, ", "))}
	}
	return nil
}

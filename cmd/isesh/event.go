package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"isesh/roles"
	"isesh/supervisor/api"
)

// eventKinds are the kinds of event that can be picked.
var eventKinds = []string{
	string(roles.EventRegistered), string(roles.EventStarted), string(roles.EventState), string(roles.EventDied), string(roles.EventRestarted),
	string(roles.EventDrift), string(roles.EventTrouble), string(roles.EventStopped),
}

// eventCmd is `isesh event`.
func (a *app) eventCmd() *cobra.Command {
	c := &cobra.Command{
		Use:     "event",
		Aliases: []string{"events"},
		GroupID: groupMail,
		Short:   "Print what happened to roles: started, idle, busy, waiting, died",
		Example: `  isesh event list
  isesh event list dev --follow
  isesh event latest`,
		Args: unknownCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.eventListCmd("list [ROLE]", "Print the last events, oldest first", `  isesh event list
  isesh event list dev --kind state --since 1h
  isesh event list --follow --json`, defaultLogLimit),
		a.eventListCmd("latest [ROLE]", "Print the last event", `  isesh event latest
  isesh event latest dev --kind state`, 1))
	return c
}

// eventListCmd is `isesh event list` and, with a limit of 1, `isesh event latest`.
func (a *app) eventListCmd(use, short, example string, limit int) *cobra.Command {
	var (
		q     api.EventQuery
		since string
	)
	c := &cobra.Command{
		Use:               use,
		Short:             short,
		Example:           example,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.completeRoles(1, false),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				q.Role = args[0]
			}
			if q.Limit < 0 {
				return usagef("0 is no limit", "event: --limit %d is negative", q.Limit)
			}
			for _, k := range q.Kinds {
				if !slices.Contains(eventKinds, k) {
					return unknownWord("kind", k, eventKinds)
				}
			}
			if since != "" {
				t, err := parseSince(since, a.now())
				if err != nil {
					return err
				}
				q.Since = t
				if !c.Flags().Changed("limit") && limit > 1 {
					q.Limit = 0
				}
			}
			return a.events(c.Context(), q)
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&since, "since", "", "only what is younger: 10m, 2h, 3d, or a date or time")
	f.StringSliceVar(&q.Kinds, "kind", nil, "only these: "+strings.Join(eventKinds[:4], ", ")+", ...")
	f.BoolVarP(&q.Follow, "follow", "f", false, "go on with what happens from now")
	q.Limit = limit
	if limit > 1 {
		f.IntVarP(&q.Limit, "limit", "n", limit, "the last so many; 0 prints all")
		noFiles(c, "limit")
	}
	noFiles(c, "since")
	_ = c.RegisterFlagCompletionFunc("kind", completeList(eventKinds))
	return c
}

// events prints the events that q picks.
func (a *app) events(ctx context.Context, q api.EventQuery) error {
	client, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	p := a.palette(a.out)
	none := true
	err = client.Events(ctx, q, func(e roles.Event) error {
		none = false
		if a.flags.json {
			return a.printJSON(a.out, e)
		}
		_, err := fmt.Fprintln(a.out, eventLine(p, a.now(), e, q.Follow))
		return err
	})
	if err == nil && none && !q.Follow {
		a.note("nothing happened that fits")
	}
	return err
}

// eventLine is the line of an event. clock: with the time of day in place of the age, which would be wrong soon.
func eventLine(p palette, now time.Time, e roles.Event, clock bool) string {
	when := fmt.Sprintf("%4s", age(now, e.Time))
	if clock {
		when = e.Time.Local().Format(time.TimeOnly)
	}
	what := string(e.Kind)
	if e.Kind == roles.EventState {
		state := strings.Join(nonEmpty(e.To, e.StateKind), " ")
		what = "is " + p.paint(state, stateColours[e.To]...)
		if e.From != "" {
			what += p.faint(" (was " + printable(e.From, false) + ")")
		}
	}
	return strings.Join(nonEmpty(p.faint(when)+" ", p.speaker(e.Role.String()), what, printable(e.Detail, false)), " ")
}

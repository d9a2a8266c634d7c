package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"isesh/supervisor/api"
)

// defaultLogLimit is how many records `isesh log` prints when nothing is said.
const defaultLogLimit = 50

// pipedWidth is where lines are cut that go to no terminal: far enough for a search, and short enough for an agent that reads the log.
const pipedWidth = 1000

// logCmd is `isesh log`.
func (a *app) logCmd() *cobra.Command {
	var (
		q     api.LogQuery
		since string
		full  bool
	)
	c := &cobra.Command{
		Use:     "log [ROLE|TEAM|ID]",
		Aliases: []string{"history", "logs"},
		GroupID: groupPeople,
		Short:   "Print the conversation",
		Long: `log prints who said what to whom, one line a message, oldest first, with how long
ago it was and how far it came. Approvals, denials, cancels and notices are part of
it. Long messages are cut; --full prints them whole, --json one object a line with
every step of every message.`,
		Example: `  isesh log
  isesh log dev --since 1h
  isesh log --follow
  isesh log --json | jq -r 'select(.tag=="DONE") | .text'`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.completeRoles(1, true),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 && isID(args[0]) {
				q.ID = args[0]
			} else if len(args) == 1 {
				if q.Role != "" && q.Role != args[0] {
					return usagef("name one role", "log: %s or --role %s?", args[0], q.Role)
				}
				q.Role = args[0]
			}
			if q.Limit < 0 {
				return usagef("0 is no limit", "log: --limit %d is negative", q.Limit)
			}
			if since != "" {
				t, err := parseSince(since, a.now())
				if err != nil {
					return err
				}
				q.Since = t
				if !c.Flags().Changed("limit") {
					q.Limit = 0
				}
			}
			return a.log(c.Context(), q, full)
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.BoolVarP(&q.Follow, "follow", "f", false, "go on with what is said from now")
	f.StringVar(&q.Role, "role", "", "only what this role said or was told")
	f.StringVar(&q.Team, "team", "", "only this team")
	f.IntVarP(&q.Limit, "limit", "n", defaultLogLimit, "the last so many records; 0 prints all")
	f.StringVar(&since, "since", "", "only what is younger: 10m, 2h, 3d, or a date or time")
	f.BoolVar(&full, "full", false, "print messages whole")
	noFiles(c, "limit", "since")
	_ = c.RegisterFlagCompletionFunc("role", a.completeRoles(0, false))
	_ = c.RegisterFlagCompletionFunc("team", a.completeTeams)
	return c
}

// log prints the records that q picks.
func (a *app) log(ctx context.Context, q api.LogQuery, full bool) error {
	client, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	if a.flags.json {
		return client.Log(ctx, q, func(e api.Entry) error { return a.printJSON(a.out, e) })
	}
	r := a.logRenderer(q, full)
	q.Said = !r.steps && q.ID == ""
	if q.Follow {
		return client.Log(ctx, q, r.print)
	}
	var entries []api.Entry
	err = client.Log(ctx, q, func(e api.Entry) error {
		entries = append(entries, e)
		return nil
	})
	if err != nil {
		return err
	}
	if len(entries) == 0 {
		nothing := "nothing was said yet"
		if q.Role != "" || q.Team != "" || !q.Since.IsZero() {
			nothing = "nothing was said that fits"
		}
		a.note("%s", nothing)
		return nil
	}
	r.fit(entries)
	for _, e := range entries {
		if err := r.print(e); err != nil {
			return err
		}
	}
	return nil
}

// logRenderer is the renderer for what q picks, on standard output.
func (a *app) logRenderer(q api.LogQuery, full bool) *logRenderer {
	width, _ := a.terminalSize()
	if width == 0 {
		width = pipedWidth
	}
	return &logRenderer{w: a.out, p: a.palette(a.out), now: a.now, width: width, full: full, clock: q.Follow, steps: a.flags.verbose, whole: q.ID != "", team: q.Team}
}

// parseSince reads a span (10m, 2h, 3d) or a point in time.
func parseSince(s string, now time.Time) (time.Time, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n >= 0 {
			return now.AddDate(0, 0, -n), nil
		}
	}
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(form, s, time.Local); err == nil {
			return t, nil
		}
	}
	if t, err := time.ParseInLocation("15:04", s, time.Local); err == nil {
		y, m, d := now.Date()
		return time.Date(y, m, d, t.Hour(), t.Minute(), 0, 0, time.Local), nil
	}
	return time.Time{}, usagef("write a span or a time: 10m, 2h, 3d, 14:30, 2006-01-02", "%s", fmt.Sprintf("bad time %q", s))
}

package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"isesh/roles"
	"isesh/supervisor/api"
)

// broadcastCmd is `isesh broadcast`.
func (a *app) broadcastCmd() *cobra.Command {
	var (
		b       bodyFlags
		req     api.BroadcastRequest
		timeout time.Duration
	)
	c := &cobra.Command{
		Use:     "broadcast [TEXT...|-]",
		GroupID: groupTalk,
		Short:   "Send a message to every role of a team, or to all roles",
		Long: `broadcast sends a message to every role of your team, of --team, or with --all to every
role there is; never to the sender. It prints a line for each: none waits for another,
and a broadcast owes no answer.

The exit code is 0 when all have it, and else that of the worst: 1 an error, 7
unconfirmed, 5 rejected, 6 queued. At most 262144 characters, and 60 broadcasts a minute.`,
		Example: `  isesh broadcast "STATUS: the interface of Store has changed"
  isesh broadcast --all --queue "stop at the next commit"
  isesh broadcast --team shop --file news.md`,
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			if timeout < 0 {
				return usagef(seeHelp(c), "broadcast: --timeout %s is negative", timeout)
			}
			var err error
			if req.Text, err = a.body(args, b.file); err != nil {
				return err
			}
			req.ID, req.From = b.id, b.from
			return a.broadcast(c.Context(), req, timeout)
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&req.Team, "team", "", "to the roles of this team (default: your own)")
	f.BoolVar(&req.All, "all", false, "to every role there is")
	b.add(c)
	b.addFrom(a, c)
	f.BoolVar(&req.NoTag, "no-tag", false, "without [from:ROLE] in front")
	f.BoolVar(&req.Queue, "queue", false, "queue it, instead of rejecting it, where a role waits for an answer")
	f.DurationVar(&timeout, "timeout", 0, "how long to wait for the submits (default 5s)")
	c.MarkFlagsMutuallyExclusive("team", "all")
	noFiles(c, "timeout")
	_ = c.RegisterFlagCompletionFunc("team", a.completeTeams)
	return c
}

// broadcast sends req and prints a line for each target.
func (a *app) broadcast(ctx context.Context, req api.BroadcastRequest, within time.Duration) error {
	if within > 0 {
		req.Within = within.String()
	}
	if req.ID == "" {
		req.ID = roles.NewID()
	}
	started := a.now()
	client, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	result, err := surely(ctx, func() (api.BroadcastResult, error) { return client.Broadcast(ctx, req) })
	if err != nil {
		return err
	}
	code := broadcastExit(result.Targets)
	if a.flags.json {
		if err := a.printJSON(a.out, result); err != nil {
			return err
		}
		return status(code)
	}
	if len(result.Targets) == 0 {
		return &api.Error{Code: api.CodeNothing, Message: "there is nobody to send it to"}
	}
	if err := a.printBroadcast(result, a.now().Sub(started)); err != nil {
		return err
	}
	return status(code)
}

// printBroadcast prints a line for each target of a broadcast.
func (a *app) printBroadcast(result api.BroadcastResult, took time.Duration) error {
	if a.flags.quiet && broadcastExit(result.Targets) == exitOK {
		return nil
	}
	p := a.palette(a.out)
	var rows [][]cell
	for _, t := range result.Targets {
		step, about := "error", ""
		switch {
		case t.Receipt != nil:
			step, about = string(t.Receipt.Status), t.Receipt.Reason
			if about == "" {
				about = t.Receipt.Evidence
			}
		case t.Error != nil:
			about = errorLine(t.Error)
		}
		rows = append(rows, []cell{{t.To, p.speaker}, {step, p.state}, {printable(about, false), p.faint}})
	}
	a.note("broadcast %s to %s in %s", result.ID, plural(len(result.Targets), "role"), short(took))
	columns, _ := a.terminalSize()
	return writeTable(a.out, rows, columns)
}

// broadcastExit is the exit code of a broadcast: that of the target that needs most attention.
func broadcastExit(targets []api.Delivered) int {
	worst := []int{exitError, exitUnconfirmed, exitRejected, exitQueued}
	at := len(worst)
	for _, t := range targets {
		code := exitError
		if t.Receipt != nil {
			code = receiptExit(t.Receipt.Status)
		}
		for i, w := range worst[:at] {
			if code == w {
				at = i
				break
			}
		}
	}
	if at == len(worst) {
		return exitOK
	}
	return worst[at]
}

package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"isesh/supervisor/api"
)

// inboxFlags are the flags of `isesh inbox`.
type inboxFlags struct {
	req      api.InboxRequest
	clear    bool
	watch    bool
	interval time.Duration
	full     bool
}

// inboxCmd is `isesh inbox`.
func (a *app) inboxCmd() *cobra.Command {
	var f inboxFlags
	c := &cobra.Command{
		Use:     "inbox [ROLE]",
		GroupID: groupMail,
		Short:   "List a mailbox: your own, or a role's",
		Long: `inbox lists what was sent to you, or to a role: what is unread, marked with *, and the
last that was read. Listing marks as read and removes nothing; a message that waits for
its turn is typed all the same. inbox pop and --clear take messages out, so that they
are never typed; isesh log keeps them.

A role may look into the boxes of others, which marks nothing. A person's box is user.
The question that a role waits with is printed under its box.`,
		Example: `  isesh inbox
  isesh inbox dev --unread
  isesh inbox --count
  isesh inbox pop
  isesh inbox --watch --notify-interval 5m`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.completeRoles(1, false),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				f.req.Of = args[0]
			}
			if f.req.Limit < 0 {
				return usagef(seeHelp(c), "inbox: --limit %d is negative", f.req.Limit)
			}
			if f.interval <= 0 {
				return usagef(seeHelp(c), "inbox: --notify-interval %s is no span", f.interval)
			}
			client, err := a.connect(c.Context())
			if err != nil {
				return err
			}
			defer client.Close()
			switch {
			case f.clear:
				return a.clearInbox(c, client, f.req)
			case f.watch:
				return a.watchInbox(c.Context(), client, f)
			}
			return a.listInbox(c, client, f)
		},
	}
	fl := c.Flags()
	fl.SortFlags = false
	fl.BoolVar(&f.req.Count, "count", false, "print only how many are unread")
	fl.BoolVarP(&f.req.Unread, "unread", "u", false, "only what is unread")
	fl.IntVarP(&f.req.Limit, "limit", "n", 0, "the newest so many (default: the oldest 200 unread, and up to 20 that were read)")
	fl.BoolVar(&f.req.Peek, "peek", false, "do not mark as read")
	fl.BoolVar(&f.req.Peek, "keep", false, "the same as --peek")
	fl.BoolVar(&f.full, "full", false, "print messages whole")
	fl.BoolVar(&f.clear, "clear", false, "take every message out; isesh log keeps them")
	fl.BoolVar(&f.watch, "watch", false, "print a line when something comes, and while something is unread")
	fl.DurationVar(&f.interval, "notify-interval", time.Minute, "with --watch: say again after so long that something is unread")
	_ = fl.MarkHidden("keep")
	c.MarkFlagsMutuallyExclusive("count", "clear", "watch")
	noFiles(c, "limit", "notify-interval")
	c.AddCommand(a.inboxPopCmd())
	return c
}

// inboxPopCmd is `isesh inbox pop`.
func (a *app) inboxPopCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "pop [ROLE]",
		Short: "Take the oldest message out of a mailbox and print it",
		Long: `pop takes the oldest message out of your mailbox, or a role's, and prints its text,
also when it was listed before. Of many that pop at once, each gets another message.
What was taken is not typed any more; isesh log keeps it. When there is none the exit
code is 3, and nothing is printed.`,
		Example: `  isesh inbox pop
  isesh inbox pop dev --json | jq -r .from
  while isesh inbox pop >message; do sh handle.sh; done`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.completeRoles(1, false),
		RunE: func(c *cobra.Command, args []string) error {
			var req api.InboxRequest
			if len(args) == 1 {
				req.Of = args[0]
			}
			client, err := a.connect(c.Context())
			if err != nil {
				return err
			}
			defer client.Close()
			letter, err := client.InboxPop(c.Context(), req)
			var e *api.Error
			switch {
			case errors.As(err, &e) && e.Code == api.CodeNothing:
				return status(exitNothing)
			case err != nil:
				return err
			case a.flags.json:
				return a.printJSON(a.out, letter)
			}
			return a.printText(letter.Text)
		},
	}
}

// listInbox prints a mailbox, or how much of it is unread.
func (a *app) listInbox(c *cobra.Command, client *api.Client, f inboxFlags) error {
	box, err := client.Inbox(c.Context(), f.req)
	if err != nil {
		return err
	}
	switch {
	case f.req.Count && a.flags.json:
		return a.printJSON(a.out, struct {
			Address string `json:"address"`
			Unread  int    `json:"unread"`
		}{box.Address, box.Unread})
	case f.req.Count:
		_, err := fmt.Fprintln(a.out, box.Unread)
		return err
	case a.flags.json:
		if box.Letters == nil {
			box.Letters = []api.Letter{}
		}
		return a.printJSON(a.out, box)
	}
	if len(box.Letters) == 0 {
		a.note("nothing%s in the mailbox of %s", map[bool]string{true: " unread"}[f.req.Unread], box.Address)
	}
	if err := a.board().inbox(box, f.full); err != nil {
		return err
	}
	if box.More > 0 {
		a.note("%d more are unread", box.More)
	}
	return nil
}

// clearInbox takes everything out of a mailbox.
func (a *app) clearInbox(c *cobra.Command, client *api.Client, req api.InboxRequest) error {
	cleared, err := client.InboxClear(c.Context(), req)
	if err != nil {
		return err
	}
	if a.flags.json {
		return a.printJSON(a.out, cleared)
	}
	a.note("%s taken out of the mailbox of %s; isesh log keeps them", plural(cleared.Cleared, "message"), cleared.Address)
	return nil
}

// plural is a count of things.
func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

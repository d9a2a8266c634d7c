package main

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"isesh/supervisor/api"
)

// cancelCmd is `isesh cancel`.
func (a *app) cancelCmd() *cobra.Command {
	var (
		req    api.ActRequest
		within time.Duration
	)
	c := &cobra.Command{
		Use:     "cancel ROLE [MESSAGE...]",
		GroupID: groupTalk,
		Short:   "Interrupt a role, and tell it something else",
		Long: `cancel interrupts what a role is doing and waits until it is idle. The message, if
there is one, is sent then. A role that waits for an answer is left alone, because
its menu would take the key for a no: --force cancels it all the same.`,
		Example: `  isesh cancel dev
  isesh cancel dev "stop, the other branch"`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: a.completeRoles(1, false),
		RunE: func(c *cobra.Command, args []string) error {
			req.To, req.Message = args[0], strings.Join(args[1:], " ")
			return a.act(c.Context(), (*api.Client).Cancel, "cancelled", req, within)
		},
	}
	c.Flags().BoolVar(&req.Force, "force", false, "even when the role waits for an answer")
	c.Flags().DurationVar(&within, "timeout", 0, "how long to wait until the role is idle (default 5s)")
	noFiles(c, "timeout")
	return c
}

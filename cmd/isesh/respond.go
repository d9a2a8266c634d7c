package main

import (
	"time"

	"github.com/spf13/cobra"

	"isesh/supervisor/api"
)

// respondCmd is `isesh respond`.
func (a *app) respondCmd() *cobra.Command {
	var (
		req    api.ActRequest
		within time.Duration
	)
	c := &cobra.Command{
		Use:     "respond ROLE KEY...",
		GroupID: groupTalk,
		Short:   "Press keys in a role that waits for an answer",
		Long: `respond presses keys, named as tmux names them (1, Down, Enter, Escape, C-c), in a
role that waits for an answer. A name that tmux does not know is refused.`,
		Example: `  isesh respond dev 2
  isesh respond dev Down Down Enter`,
		Args:              cobra.MinimumNArgs(2),
		ValidArgsFunction: a.completeRoles(1, false),
		RunE: func(c *cobra.Command, args []string) error {
			req.To, req.Keys = args[0], args[1:]
			return a.act(c.Context(), (*api.Client).Respond, "answered", req, within)
		},
	}
	c.Flags().StringVar(&req.MenuID, "menu", "", "only this menu (its id is in status --json)")
	c.Flags().DurationVar(&within, "timeout", 0, "how long to wait until the screen has answered (default 5s)")
	noFiles(c, "menu", "timeout")
	return c
}

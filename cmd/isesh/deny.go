package main

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"isesh/supervisor/api"
)

// denyCmd is `isesh deny`.
func (a *app) denyCmd() *cobra.Command {
	var (
		req    api.ActRequest
		within time.Duration
	)
	c := &cobra.Command{
		Use:     "deny ROLE [MESSAGE...]",
		GroupID: groupTalk,
		Short:   "Answer a role's permission menu with no",
		Long: `deny refuses what the permission menu of a role asks for. The message, if there is
one, is sent to the role afterwards: it says what to do instead.`,
		Example: `  isesh deny dev
  isesh deny dev "use the staging database"`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: a.completeRoles(1, false),
		RunE: func(c *cobra.Command, args []string) error {
			req.To, req.Message = args[0], strings.Join(args[1:], " ")
			return a.act(c.Context(), (*api.Client).Deny, "denied", req, within)
		},
	}
	c.Flags().StringVar(&req.MenuID, "menu", "", "only this menu (its id is in status --json)")
	c.Flags().DurationVar(&within, "timeout", 0, "how long to wait until the menu has closed (default 5s)")
	noFiles(c, "menu", "timeout")
	return c
}

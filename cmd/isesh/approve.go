package main

import (
	"time"

	"github.com/spf13/cobra"

	"isesh/supervisor/api"
)

// approveCmd is `isesh approve`.
func (a *app) approveCmd() *cobra.Command {
	var (
		req    api.ActRequest
		within time.Duration
	)
	c := &cobra.Command{
		Use:     "approve ROLE [1|2|LABEL]",
		GroupID: groupTalk,
		Short:   "Answer a role's permission menu with yes",
		Long: `approve answers the permission menu that is open in a role. 1, the default, allows
this once; 2 allows it and does not ask again, where the menu offers that; anything
else is the label of an option. The option is found by what it says, not by its
number, and the menu is seen to close.`,
		Example: `  isesh approve dev
  isesh approve dev 2
  isesh approve dev --menu "$(isesh status dev --json | jq -r .menu.id)"`,
		Args:              cobra.RangeArgs(1, 2),
		ValidArgsFunction: a.completeRoles(1, false),
		RunE: func(c *cobra.Command, args []string) error {
			req.To = args[0]
			if len(args) == 2 {
				req.Option = args[1]
			}
			return a.act(c.Context(), (*api.Client).Approve, "approved", req, within)
		},
	}
	c.Flags().StringVar(&req.MenuID, "menu", "", "only this menu (its id is in status --json)")
	c.Flags().DurationVar(&within, "timeout", 0, "how long to wait until the menu has closed (default 5s)")
	noFiles(c, "menu", "timeout")
	return c
}

package main

import (
	"github.com/spf13/cobra"

	"isesh/supervisor/api"
)

// restartCmd is `isesh restart`.
func (a *app) restartCmd() *cobra.Command {
	var req api.RestartRequest
	c := &cobra.Command{
		Use:     "restart TEAM|ROLE...",
		GroupID: groupPeople,
		Short:   "Start the program of roles again, in place",
		Example: `  isesh restart dev
  isesh restart dev --fresh      without resuming the agent's own session`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: a.completeRoles(0, true),
		RunE: func(c *cobra.Command, args []string) error {
			req.Targets = args
			client, err := a.connect(c.Context())
			if err != nil {
				return err
			}
			defer client.Close()
			list, err := client.Restart(c.Context(), req)
			if err != nil {
				return err
			}
			if a.flags.json {
				return a.printJSON(a.out, list)
			}
			return a.board().list(list)
		},
	}
	c.Flags().BoolVar(&req.Fresh, "fresh", false, "do not resume the agent's session")
	return c
}

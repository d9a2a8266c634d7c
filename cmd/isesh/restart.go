package main

import (
	"os"

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
		Long: `restart ends the program of each role and starts it again in a new window: as the
layout said when the team was started, with the environment of this command, and as a
new session of the agent. Roles that have ended are started, too. Messages that wait
are kept.`,
		Example: `  isesh restart dev
  isesh restart shop      the whole team, even when it has ended`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: a.completeRoles(0, true),
		RunE: func(c *cobra.Command, args []string) error {
			req.Targets, req.Env = args, environment(os.Environ())
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
	c.Flags().BoolVar(&req.Fresh, "fresh", false, "do not resume the agent's session") // none is resumed so far
	_ = c.Flags().MarkHidden("fresh")
	return c
}

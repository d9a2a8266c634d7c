package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"isesh/supervisor/api"
)

// stopCmd is `isesh stop`.
func (a *app) stopCmd() *cobra.Command {
	var req api.StopRequest
	c := &cobra.Command{
		Use:     "stop [TEAM|ROLE...]",
		GroupID: groupPeople,
		Short:   "End teams or roles, keeping their conversation",
		Long: `Without an argument, stop ends the team of this directory, or of the role that
asks. The conversation stays; --delete forgets the roles and their briefings, too.

This ends agents. To end only the supervisor, and let the agents go on, use
isesh supervise --stop.`,
		Example: `  isesh stop
  isesh stop shop
  isesh stop shop/worker-2
  isesh stop --all`,
		ValidArgsFunction: a.completeRoles(0, true),
		RunE: func(c *cobra.Command, args []string) error {
			if req.All && len(args) > 0 {
				return usagef(seeHelp(c), "stop: --all stops everything; leave out %s", strings.Join(args, " "))
			}
			req.Targets = args
			client, err := a.connect(c.Context())
			if err != nil {
				return err
			}
			defer client.Close()
			result, err := client.Stop(c.Context(), req)
			if err != nil {
				return err
			}
			if a.flags.json {
				return a.printJSON(a.out, result)
			}
			if len(result.Stopped) == 0 && len(result.Forgotten) == 0 {
				a.note("nothing was running")
				return nil
			}
			if len(result.Stopped) > 0 {
				if _, err := fmt.Fprintln(a.out, "stopped "+strings.Join(result.Stopped, ", ")); err != nil {
					return err
				}
			}
			if len(result.Forgotten) > 0 {
				_, err = fmt.Fprintln(a.out, "forgot "+strings.Join(result.Forgotten, ", "))
			}
			return err
		},
	}
	c.Flags().BoolVar(&req.All, "all", false, "stop every team and role")
	c.Flags().BoolVar(&req.Delete, "delete", false, "forget the roles, too")
	return c
}

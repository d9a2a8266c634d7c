package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// whoamiCmd is `isesh whoami`.
func (a *app) whoamiCmd() *cobra.Command {
	return &cobra.Command{
		Use:     "whoami",
		GroupID: groupNames,
		Short:   "Print the role that this command runs in",
		Long: `whoami prints the address of the role that runs this command, or user for a
person. The supervisor finds it by the process's ancestry; -v says how.`,
		Example: `  isesh whoami
  isesh whoami -v`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := a.connect(c.Context())
			if err != nil {
				return err
			}
			defer client.Close()
			who, err := client.WhoAmI(c.Context())
			if err != nil {
				return err
			}
			if a.flags.json {
				return a.printJSON(a.out, who)
			}
			line := who.Address
			if a.flags.verbose {
				line += fmt.Sprintf("\t%s; process %d", knownBy(who.Caller.How), who.Caller.PID)
				if who.Team != "" {
					line += "; team " + who.Team
				}
			}
			_, err = fmt.Fprintln(a.out, line)
			return err
		},
	}
}

// knownBy says in words how the supervisor found out who asks.
func knownBy(how string) string {
	switch how {
	case "ancestry":
		return "a descendant of the role's process"
	case "tmux_pane":
		return "by $TMUX_PANE"
	case "isesh_role":
		return "by $ISESH_ROLE"
	}
	return "run by no role"
}

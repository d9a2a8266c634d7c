package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"isesh/supervisor/api"
)

// registerCmd is `isesh register`.
func (a *app) registerCmd() *cobra.Command {
	var req api.RegisterRequest
	c := &cobra.Command{
		Use:     "register NAME --mailbox",
		GroupID: groupNames,
		Short:   "Make a name known that has a mailbox and no pane",
		Long: `register makes a name known to which messages can be sent though no agent runs under
it: a script, or a person. They stay in its mailbox until inbox pop takes them.`,
		Example: `  isesh register me --mailbox
  isesh register shop/ci --mailbox`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			if !req.Mailbox {
				return usagef("isesh register "+args[0]+" --mailbox makes a mailbox; isesh start starts an agent", "register: a pane that runs already cannot be registered yet")
			}
			req.Name = args[0]
			client, err := a.connect(c.Context())
			if err != nil {
				return err
			}
			defer client.Close()
			role, err := client.Register(c.Context(), req)
			if err != nil {
				return err
			}
			if a.flags.json {
				return a.printJSON(a.out, role)
			}
			_, err = fmt.Fprintf(a.out, "registered %s, a mailbox\n", a.palette(a.out).speaker(role.Address))
			return err
		},
	}
	c.Flags().BoolVar(&req.Mailbox, "mailbox", false, "a mailbox without a pane")
	return c
}

// unregisterCmd is `isesh unregister`.
func (a *app) unregisterCmd() *cobra.Command {
	return &cobra.Command{
		Use:     "unregister NAME",
		GroupID: groupNames,
		Short:   "Forget a name; its conversation is kept",
		Example: `  isesh unregister me`,
		Args:    cobra.ExactArgs(1),

		ValidArgsFunction: a.completeRoles(1, false),
		RunE: func(c *cobra.Command, args []string) error {
			client, err := a.connect(c.Context())
			if err != nil {
				return err
			}
			defer client.Close()
			if err := client.Unregister(c.Context(), api.RegisterRequest{Name: args[0]}); err != nil {
				return err
			}
			if a.flags.json {
				return a.printJSON(a.out, struct {
					Unregistered string `json:"unregistered"`
				}{args[0]})
			}
			_, err = fmt.Fprintf(a.out, "unregistered %s\n", args[0])
			return err
		},
	}
}

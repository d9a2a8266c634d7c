package main

import (
	"errors"
	"flag"
	"fmt"

	"github.com/spf13/cobra"

	"isesh/roles/agent/scripted"
	"isesh/supervisor/api"
)

// agentCmd is `isesh agent`, whose only agent so far is the scripted one.
func (a *app) agentCmd() *cobra.Command {
	c := &cobra.Command{
		Use:    "agent",
		Hidden: true,
		Short:  "Programs that behave like a coding agent",
		Args:   unknownCommand,
		RunE:   func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(&cobra.Command{
		Use:                "scripted [FLAG...]",
		Short:              "A small agent that does what its messages say, for the demo and for tests",
		Example:            `  isesh agent scripted --help`,
		DisableFlagParsing: true,
		ValidArgsFunction:  cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			o, err := scripted.ParseArgs(args)
			if errors.Is(err, flag.ErrHelp) {
				_, err = fmt.Fprint(a.out, scripted.Usage)
				return err
			}
			if err != nil {
				return &api.Error{Code: api.CodeUsage, Message: err.Error(), Hint: "see isesh agent scripted --help"}
			}
			code, err := scripted.Run(c.Context(), o)
			if err != nil {
				return err
			}
			return status(code)
		},
	})
	return c
}

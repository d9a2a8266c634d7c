package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"isesh/supervisor/api"
)

// readCmd is `isesh read`.
func (a *app) readCmd() *cobra.Command {
	var req api.ReadRequest
	c := &cobra.Command{
		Use:     "read ROLE",
		GroupID: groupTalk,
		Short:   "Print what is on a role's screen",
		Example: `  isesh read dev
  isesh read dev -n 200 --join     the last 200 lines, wrapped ones joined`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeRoles(1, false),
		RunE: func(c *cobra.Command, args []string) error {
			req.To = args[0]
			if req.Lines < 0 {
				return usagef(seeHelp(c), "read: -n %d is negative", req.Lines)
			}
			client, err := a.connect(c.Context())
			if err != nil {
				return err
			}
			defer client.Close()
			result, err := client.Read(c.Context(), req)
			if err != nil {
				return err
			}
			if a.flags.json {
				return a.printJSON(a.out, result)
			}
			if result.Dead {
				a.note("%s has ended; this is its last screen", result.Role.Address)
			}
			screen := result.Screen
			for len(screen) > 0 && strings.TrimSpace(screen[len(screen)-1]) == "" {
				screen = screen[:len(screen)-1]
			}
			if len(screen) == 0 {
				return nil
			}
			_, err = fmt.Fprintln(a.out, strings.Join(screen, "\n"))
			return err
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.IntVarP(&req.Lines, "lines", "n", 0, "so many lines, from the history too (default: the screen)")
	f.BoolVar(&req.Colour, "colour", false, "with its colours")
	f.BoolVar(&req.Colour, "color", false, "the same as --colour")
	f.BoolVar(&req.Join, "join", false, "join lines that were wrapped")
	_ = f.MarkHidden("color")
	noFiles(c, "lines")
	return c
}

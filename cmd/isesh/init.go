package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"isesh/layout"
	"isesh/supervisor/api"
)

// initCmd is `isesh init`.
func (a *app) initCmd() *cobra.Command {
	var force bool
	c := &cobra.Command{
		Use:     "init",
		GroupID: groupSetUp,
		Short:   "Write a commented ./isesh.yaml",
		Example: `  isesh init
  isesh start`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error {
			const name = "isesh.yaml"
			how := os.O_WRONLY | os.O_CREATE | os.O_EXCL
			if force {
				how = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
			}
			f, err := os.OpenFile(name, how, 0o644)
			if os.IsExist(err) {
				return &api.Error{Code: api.CodeConflict, Message: name + " is there already", Hint: "isesh init --force overwrites it"}
			}
			if err != nil {
				return fmt.Errorf("writing %s: %w", name, err)
			}
			_, err = f.Write(layout.Starter())
			if closeErr := f.Close(); err == nil {
				err = closeErr
			}
			if err != nil {
				return fmt.Errorf("writing %s: %w", name, err)
			}
			if a.flags.json {
				return a.printJSON(a.out, struct {
					Path string `json:"path"`
				}{name})
			}
			a.note("wrote %s: a lead, a developer and a reviewer. Change it, then: isesh layout check, isesh start", name)
			return nil
		},
	}
	c.Flags().BoolVar(&force, "force", false, "overwrite the one that is there")
	return c
}

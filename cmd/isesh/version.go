package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is the program's own.
const version = "0.1.0"

// versionCmd is `isesh version`.
func (a *app) versionCmd() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		GroupID: groupSetUp,
		Short:   "Print the versions of isesh, Go and tmux",
		Example: `  isesh version
  isesh version --json`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			v := struct {
				Version  string `json:"version"`
				Revision string `json:"revision,omitempty"`
				Go       string `json:"go"`
				Tmux     string `json:"tmux,omitempty"`
			}{Version: version, Revision: revision(), Go: runtime.Version()}
			tmux, err := a.tmux().Version(c.Context())
			if err == nil {
				v.Tmux = tmux.String()
			}
			if a.flags.json {
				return a.printJSON(a.out, v)
			}
			line := "isesh " + v.Version
			if v.Revision != "" {
				line += " (" + v.Revision + ")"
			}
			line += ", " + v.Go
			if v.Tmux != "" {
				line += ", tmux " + v.Tmux
			}
			if _, err := fmt.Fprintln(a.out, line); err != nil {
				return err
			}
			if err != nil {
				a.note("%s", errorLine(classify(err)))
			}
			return nil
		},
	}
}

// revision is the commit this was built from, "" when that is not known.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return s.Value[:12]
		}
	}
	return ""
}

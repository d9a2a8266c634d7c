package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"

	"isesh/layout"
	"isesh/layouts"
	"isesh/supervisor/api"
)

// layoutCmd is `isesh layout`.
func (a *app) layoutCmd() *cobra.Command {
	c := &cobra.Command{
		Use:     "layout",
		GroupID: groupSetUp,
		Short:   "List, show and check layouts",
		Long: `A layout is a YAML file that says which roles a team has. Layouts are found by name
among your own (~/.config/isesh/layouts) and the shipped ones, or by path.`,
		Example: `  isesh layout list
  isesh layout show trio
  isesh layout check isesh.yaml
  isesh layout schema > isesh.schema.json`,
		Args: unknownCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.layoutListCmd(), a.layoutShowCmd(), a.layoutCheckCmd(), a.layoutSchemaCmd())
	return c
}

func (a *app) layoutListCmd() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List the layouts that can be started by name",
		Example: `  isesh layout list
  isesh layout list --json`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			entries, err := layout.List(a.layoutDirs(), layouts.FS)
			if err != nil {
				return err
			}
			if a.flags.json {
				return a.printJSON(a.out, entries)
			}
			p := a.palette(a.out)
			var rows [][]cell
			for _, e := range entries {
				text := e.Description
				if e.Problem != "" {
					text = e.Problem
				}
				rows = append(rows, []cell{{e.Name, p.bold}, plain(strings.Join(e.Roles, ", ")), {printable(text, false), p.faint}})
			}
			columns, _ := a.terminalSize()
			return writeTable(a.out, rows, columns)
		},
	}
}

func (a *app) layoutShowCmd() *cobra.Command {
	var name, dir string
	c := &cobra.Command{
		Use:   "show [NAME|FILE]",
		Short: "Print what start would start: replicas, defaults and directories resolved",
		Example: `  isesh layout show
  isesh layout show crew --name shop -d ./backend`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.completeLayouts,
		RunE: func(c *cobra.Command, args []string) error {
			arg := "./isesh.yaml"
			if len(args) == 1 {
				arg = args[0]
			}
			file, path, err := a.findLayout(arg)
			if err != nil {
				return layoutError(err)
			}
			team, err := a.resolveFile(file, path, arg, name, dir)
			if err != nil {
				return err
			}
			if a.flags.json {
				return a.printJSON(a.out, team)
			}
			enc := yaml.NewEncoder(a.out)
			enc.SetIndent(2)
			if err := enc.Encode(team); err != nil {
				return fmt.Errorf("printing the layout: %w", err)
			}
			return enc.Close()
		},
	}
	c.Flags().StringVar(&name, "name", "", "the team's name")
	c.Flags().StringVarP(&dir, "dir", "d", "", "the directory to work in")
	noFiles(c, "name")
	return c
}

func (a *app) layoutCheckCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "check [FILE|NAME...]",
		Short: "Say what is wrong with layout files, with line and suggestion",
		Example: `  isesh layout check
  isesh layout check team.yaml`,
		ValidArgsFunction: a.completeLayouts,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				args = []string{"./isesh.yaml"}
			}
			var problems []string
			for _, arg := range args {
				if err := a.checkLayout(arg); err != nil {
					problems = append(problems, layoutError(err).Error())
				} else if !a.flags.json && !a.flags.quiet {
					fmt.Fprintf(a.out, "%s: ok\n", arg)
				}
			}
			if len(problems) > 0 {
				return &api.Error{Code: api.CodeError, Message: strings.Join(problems, "\n")}
			}
			if a.flags.json {
				return a.printJSON(a.out, struct {
					OK bool `json:"ok"`
				}{true})
			}
			return nil
		},
	}
}

// checkLayout parses and resolves one layout.
func (a *app) checkLayout(arg string) error {
	file, path, err := a.findLayout(arg)
	if err != nil {
		return err
	}
	_, err = a.resolveFile(file, path, arg, "", "")
	return err
}

func (a *app) layoutSchemaCmd() *cobra.Command {
	return &cobra.Command{
		Use:               "schema",
		Short:             "Print the JSON Schema of layout files, for editors",
		Example:           `  isesh layout schema > isesh.schema.json`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error {
			_, err := a.out.Write(append(trimNewline(layout.Schema()), '\n'))
			return err
		},
	}
}

// trimNewline is data without its last newlines.
func trimNewline(data []byte) []byte { return []byte(strings.TrimRight(string(data), "\n")) }

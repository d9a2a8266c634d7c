package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"isesh/supervisor"
	"isesh/supervisor/api"
)

// configCmd is `isesh config`.
func (a *app) configCmd() *cobra.Command {
	c := &cobra.Command{
		Use:     "config",
		GroupID: groupSetUp,
		Short:   "Show and check the configuration",
		Long: `The configuration is one YAML file, which may be missing: ~/.config/isesh/config.yaml.
config shows every value in effect and where it comes from; init writes a file in which
every value is explained. The supervisor reads it when it starts, and refuses to start
with a mistake in it; isesh supervise --stop lets the next command start another one.`,
		Example: `  isesh config
  isesh config init
  isesh config check`,
		Args: unknownCommand,
		RunE: func(*cobra.Command, []string) error { return a.showConfig() },
	}
	c.AddCommand(
		&cobra.Command{
			Use: "show", Short: "Print the values in effect and where each comes from",
			Example: `  isesh config show
  isesh config show --json | jq -r '.settings[] | .key + "=" + .value'`,
			Args: cobra.NoArgs, ValidArgsFunction: cobra.NoFileCompletions,
			RunE: func(*cobra.Command, []string) error { return a.showConfig() },
		},
		&cobra.Command{
			Use: "path", Short: "Print where the configuration file is",
			Example: `  $EDITOR $(isesh config path)`,
			Args:    cobra.NoArgs, ValidArgsFunction: cobra.NoFileCompletions,
			RunE: func(*cobra.Command, []string) error {
				path, err := a.configPath()
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(a.out, path)
				return err
			},
		},
		&cobra.Command{
			Use: "check [FILE]", Short: "Find the mistakes in the configuration file",
			Example: `  isesh config check
  isesh config check new.yaml`,
			Args: cobra.MaximumNArgs(1),
			RunE: func(_ *cobra.Command, args []string) error { return a.checkConfig(args) },
		},
		&cobra.Command{
			Use: "init", Short: "Write a configuration file in which every value is explained",
			Example: `  isesh config init`,
			Args:    cobra.NoArgs, ValidArgsFunction: cobra.NoFileCompletions,
			RunE: func(*cobra.Command, []string) error { return a.initConfig() },
		},
	)
	return c
}

// configPath is the user's configuration file.
func (a *app) configPath() (string, error) {
	path := a.configDir("config.yaml")
	if path == "" {
		return "", usagef("set HOME or XDG_CONFIG_HOME", "no place for a configuration file")
	}
	return path, nil
}

// showConfig prints what is in effect.
func (a *app) showConfig() error {
	path, err := a.configPath()
	if err != nil {
		return err
	}
	values, err := readConfig(path, new(supervisor.Config))
	if err != nil {
		return err
	}
	if a.flags.json {
		return a.printJSON(a.out, struct {
			Path     string        `json:"path"`
			Settings []configValue `json:"settings"`
		}{path, values})
	}
	p := a.palette(a.out)
	var rows [][]cell
	for _, v := range values {
		rows = append(rows, []cell{{v.Key, p.bold}, plain(printable(v.Value, false)), {printable(tilde(v.From, a.getenv("HOME")), false), p.faint}})
	}
	columns, _ := a.terminalSize()
	return writeTable(a.out, rows, columns)
}

// checkConfig tells whether a file has mistakes.
func (a *app) checkConfig(args []string) error {
	path, err := a.configPath()
	if len(args) == 1 {
		path, err = args[0], nil
	}
	if err != nil {
		return err
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if len(args) == 1 {
			return fmt.Errorf("reading the configuration: %w", err)
		}
		a.note("there is no %s: the defaults are in effect", tilde(path, a.getenv("HOME")))
		return nil
	}
	if _, err := readConfig(path, new(supervisor.Config)); err != nil {
		return err
	}
	a.note("%s is fine", tilde(path, a.getenv("HOME")))
	return nil
}

// initConfig writes a configuration file with the defaults.
func (a *app) initConfig() error {
	path, err := a.configPath()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("making a directory for the configuration: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return &api.Error{Code: api.CodeConflict, Message: path + " is there already; nothing was written", Hint: "isesh config show"}
	}
	if err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	_, err = f.WriteString(configText())
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	a.note("wrote %s; isesh config check finds mistakes in it", tilde(path, a.getenv("HOME")))
	return nil
}

// configText is a configuration file with the defaults.
func configText() string {
	var b strings.Builder
	b.WriteString("# What isesh does where nothing else is said. The supervisor reads this when it starts.\n")
	group := ""
	for _, s := range settings {
		indent, name := "", s.key
		if of, in, ok := strings.Cut(s.key, "."); ok {
			if of != group {
				fmt.Fprintf(&b, "%s:\n", of)
			}
			group, indent, name = of, "  ", in
		}
		fmt.Fprintf(&b, "%s%s: %s # %s\n", indent, name, s.value, s.about)
	}
	return b.String()
}

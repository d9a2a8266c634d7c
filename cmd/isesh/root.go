package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"isesh/layout"
	"isesh/supervisor/api"
)

// The groups of `isesh help`.
const (
	groupPeople = "people"
	groupTalk   = "talk"
	groupMail   = "mail"
	groupNames  = "names"
	groupSetUp  = "setup"
	groupInside = "inside"
)

// newRoot builds the whole command line. Each command has its own file.
func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "isesh",
		Short: "Run coding agents in tmux as a team that can talk",
		Long: `isesh starts coding agents in tmux as roles (gestor, dev, reviewer, or any names),
watches their screens, and lets people and agents send each other messages,
approve, cancel and review what was said.`,
		Example: `  isesh demo                         see it work, with no account and no network
  isesh start trio                   start a gestor, a dev and a reviewer here
  isesh send dev "TASK: add login"   type it into dev and submit it
  isesh approve dev                  answer dev's permission menu with yes
  isesh log --follow                 read the conversation as it happens`,
		Args:          unknownCommand,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       version,
	}
	root.SetVersionTemplate("isesh {{.Version}}\n")
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetFlagErrorFunc(flagError)

	f := root.PersistentFlags()
	f.SortFlags = false
	f.BoolVar(&a.flags.json, "json", false, "print JSON; errors too, as an object on standard error")
	f.StringVar(&a.flags.stateDir, "state-dir", "", "where everything is remembered (default $ISESH_DIR, else ~/.local/state/isesh)")
	f.StringVarP(&a.flags.tmuxName, "socket-name", "L", "", "name of the tmux server, as in tmux -L")
	f.StringVarP(&a.flags.tmuxPath, "socket-path", "S", "", "socket of the tmux server, as in tmux -S")
	f.BoolVarP(&a.flags.quiet, "quiet", "q", false, "print no notes and no progress")
	f.BoolVarP(&a.flags.verbose, "verbose", "v", false, "print more")
	f.BoolVar(&a.flags.noColor, "no-color", false, "no colours (also NO_COLOR, and whenever the output is no terminal)")
	root.MarkFlagsMutuallyExclusive("socket-name", "socket-path")

	root.AddGroup(
		&cobra.Group{ID: groupPeople, Title: "People:"},
		&cobra.Group{ID: groupTalk, Title: "Talk:"},
		&cobra.Group{ID: groupMail, Title: "Mail:"},
		&cobra.Group{ID: groupNames, Title: "Names:"},
		&cobra.Group{ID: groupSetUp, Title: "Set-up:"},
		&cobra.Group{ID: groupInside, Title: "Inside:"},
	)
	root.SetHelpCommand(a.helpCmd())
	root.AddCommand(
		a.startCmd(), a.stopCmd(), a.restartCmd(), a.attachCmd(), a.listCmd(), a.statusCmd(), a.logCmd(), a.demoCmd(),
		a.sendCmd(), a.broadcastCmd(), a.replyCmd(), a.cancelCmd(), a.approveCmd(), a.denyCmd(), a.respondCmd(), a.readCmd(), a.waitCmd(),
		a.inboxCmd(), a.processCmd(), a.eventCmd(), a.registerCmd(), a.unregisterCmd(), a.whoamiCmd(),
		a.initCmd(), a.layoutCmd(), a.configCmd(), a.completionCmd(), a.versionCmd(),
		a.superviseCmd(), a.hookCmd(), a.execCmd(), a.agentCmd(),
	)
	usageArgs(root)
	return root
}

// usageArgs gives every complaint about the number of arguments the class usage.
func usageArgs(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			err := check(c, args)
			if err == nil {
				return nil
			}
			if e, ok := err.(*api.Error); ok {
				return e
			}
			if text := err.Error(); strings.Contains(text, "arg(s)") || strings.HasPrefix(text, "unknown command") {
				return usagef(seeHelp(c), "wrong number of arguments: %s", strings.TrimSuffix(c.UseLine(), " [flags]"))
			}
			return usagef("one of "+strings.Join(c.ValidArgs, ", "), "%s%q is none of its arguments", within(c), args[0])
		}
	}
	for _, sub := range c.Commands() {
		usageArgs(sub)
	}
}

// helpCmd is `isesh help`.
func (a *app) helpCmd() *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		GroupID: groupSetUp,
		Short:   "Print the help of a command",
		Example: `  isesh help send
  isesh help layout check`,
		ValidArgsFunction: func(c *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			of, rest, err := c.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			var offers []cobra.Completion
			for _, sub := range of.Commands() {
				if sub.IsAvailableCommand() {
					offers = append(offers, cobra.CompletionWithDesc(sub.Name(), sub.Short))
				}
			}
			return offers, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(c *cobra.Command, args []string) error {
			of, rest, err := c.Root().Find(args)
			if of != nil && len(rest) > 0 && of.HasSubCommands() {
				return unknownCommand(of, rest)
			}
			if err != nil {
				return err
			}
			of.InitDefaultHelpFlag()
			return of.Help()
		},
	}
}

// seeHelp is the hint that leads to a command's help.
func seeHelp(c *cobra.Command) string { return "see " + c.CommandPath() + " -h" }

// flagError is the complaint about a flag in our words.
func flagError(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var empty *pflag.ValueRequiredError
	var bad *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		return unknownFlag(c, unknown)
	case errors.As(err, &empty):
		return usagef(seeHelp(c), "%s%s needs a value", within(c), flagName(empty.GetFlag()))
	case errors.As(err, &bad):
		hint, what := seeHelp(c), "no value for it"
		switch bad.GetFlag().Value.Type() {
		case "duration":
			hint, what = "write 500ms, 30s, 5m or 2h", "no span of time"
		case "int":
			what = "no whole number"
		case "bool":
			what = "neither true nor false"
		}
		return usagef(hint, "%s%s: %q is %s", within(c), flagName(bad.GetFlag()), bad.GetValue(), what)
	}
	return usagef(seeHelp(c), "%s%s", within(c), err)
}

// unknownFlag refuses a flag that a command does not have, with the nearest one.
func unknownFlag(c *cobra.Command, err *pflag.NotExistError) error {
	flag := "--" + err.GetSpecifiedName()
	if err.GetSpecifiedShortnames() != "" {
		flag = "-" + err.GetSpecifiedName()
	}
	e := usagef(seeHelp(c), "%sno flag %s", within(c), flag)
	var names, begun []string
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		names = append(names, f.Name)
		if strings.HasPrefix(f.Name, err.GetSpecifiedName()) && err.GetSpecifiedShortnames() == "" {
			begun = append(begun, f.Name)
		}
	})
	near := layout.Suggest(err.GetSpecifiedName(), names)
	if len(begun) == 1 {
		near = begun[0]
	}
	switch {
	case near != "":
		e.Hint, e.Candidates = fmt.Sprintf("did you mean --%s?", near), []string{"--" + near}
	case c.Name() == "send":
		e.Hint = `text that begins with - goes after --: isesh send dev -- "-n"`
	}
	return e
}

// within names the command that an error is about, in front of it.
func within(c *cobra.Command) string {
	if !c.HasParent() {
		return ""
	}
	return strings.TrimPrefix(c.CommandPath(), c.Root().Name()+" ") + ": "
}

// flagName is a flag as it is written.
func flagName(f *pflag.Flag) string { return "--" + f.Name }

// exclusiveFlags puts the complaint about flags that exclude each other into our words.
func exclusiveFlags(err error) error {
	if _, set, found := strings.Cut(err.Error(), "none of the others can be; ["); found {
		set, _, _ = strings.Cut(set, "]")
		return usagef("leave out all but one", "--%s do not go together", strings.Join(strings.Fields(set), " and --"))
	}
	return err
}

// unknownCommand refuses what is no command, with the nearest ones.
func unknownCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	e := usagef("see "+c.CommandPath()+" -h", "no command %q", strings.TrimPrefix(c.CommandPath()+" ", "isesh ")+args[0])
	c.SuggestionsMinimumDistance = 2
	e.Candidates = c.SuggestionsFor(args[0])
	if len(e.Candidates) > 0 {
		e.Hint = fmt.Sprintf("did you mean %q?", e.Candidates[0])
	}
	return e
}

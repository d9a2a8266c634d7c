package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"isesh/supervisor/api"
)

// The groups of `isesh help`.
const (
	groupPeople = "people"
	groupTalk   = "talk"
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
		&cobra.Group{ID: groupNames, Title: "Names:"},
		&cobra.Group{ID: groupSetUp, Title: "Set-up:"},
		&cobra.Group{ID: groupInside, Title: "Inside:"},
	)
	root.SetHelpCommandGroupID(groupSetUp)
	root.AddCommand(
		a.startCmd(), a.stopCmd(), a.restartCmd(), a.attachCmd(), a.listCmd(), a.statusCmd(), a.logCmd(), a.demoCmd(),
		a.sendCmd(), a.cancelCmd(), a.approveCmd(), a.denyCmd(), a.respondCmd(), a.readCmd(), a.waitCmd(),
		a.whoamiCmd(),
		a.initCmd(), a.layoutCmd(), a.completionCmd(), a.versionCmd(),
		a.superviseCmd(), a.execCmd(), a.agentCmd(),
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
			return usagef(seeHelp(c), "%s: %s", c.CommandPath(), err)
		}
	}
	for _, sub := range c.Commands() {
		usageArgs(sub)
	}
}

// seeHelp is the hint that leads to a command's help.
func seeHelp(c *cobra.Command) string { return "see " + c.CommandPath() + " -h" }

// flagError is cobra's complaint about a flag in our words.
func flagError(c *cobra.Command, err error) error {
	hint := seeHelp(c)
	if c.Name() == "send" && strings.Contains(err.Error(), "unknown") {
		hint = `text that begins with - goes after --: isesh send dev -- "-n"`
	}
	return usagef(hint, "%s: %s", c.CommandPath(), err)
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

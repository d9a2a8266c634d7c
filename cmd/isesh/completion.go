package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"isesh/layout"
	"isesh/layouts"
	"isesh/supervisor/api"
)

// completionTimeout bounds what a press of Tab may wait for. Nobody waits longer; it is not an error, there is just nothing to offer.
const completionTimeout = 500 * time.Millisecond

// completionCmd is `isesh completion`.
func (a *app) completionCmd() *cobra.Command {
	return &cobra.Command{
		Use:     "completion bash|zsh|fish|powershell",
		GroupID: groupSetUp,
		Short:   "Print the completion script for a shell",
		Example: `  source <(isesh completion bash)
  isesh completion zsh > "${fpath[1]}/_isesh"
  isesh completion fish > ~/.config/fish/completions/isesh.fish`,
		Args:                  cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		ValidArgs:             []string{"bash", "zsh", "fish", "powershell"},
		DisableFlagsInUseLine: true,
		RunE: func(c *cobra.Command, args []string) error {
			root := c.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(a.out, true)
			case "zsh":
				return root.GenZshCompletion(a.out)
			case "fish":
				return root.GenFishCompletion(a.out, true)
			}
			return root.GenPowerShellCompletionWithDesc(a.out)
		},
	}
}

// completeRoles offers the roles that there are, for the first most arguments (0: for all), and their teams where those will do, too. It
// starts no supervisor: without one there is nothing to offer.
func (a *app) completeRoles(most int, teams bool) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		const directive = cobra.ShellCompDirectiveNoFileComp
		if most > 0 && len(args) >= most {
			return nil, directive
		}
		list := a.rolesNow(c.Context())
		// A bare name will do where it is the only one.
		names := map[string]int{}
		for _, r := range list {
			names[r.Name]++
		}
		var offers []cobra.Completion
		seen := map[string]bool{}
		offer := func(word, about string) {
			if !seen[word] {
				seen[word] = true
				offers = append(offers, cobra.CompletionWithDesc(word, about))
			}
		}
		for _, r := range list {
			if teams && r.Team != "" {
				offer(r.Team, "team")
			}
			about := strings.Join(nonEmpty(r.State, r.Kind), " ")
			if names[r.Name] == 1 {
				offer(r.Name, about)
			} else {
				offer(r.Address, about)
			}
		}
		return offers, directive
	}
}

// completeTeams offers the teams that there are.
func (a *app) completeTeams(c *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var teams []cobra.Completion
	for _, r := range a.rolesNow(c.Context()) {
		if r.Team != "" && !slices.Contains(teams, r.Team) {
			teams = append(teams, r.Team)
		}
	}
	return teams, cobra.ShellCompDirectiveNoFileComp
}

// rolesNow are the roles that a running supervisor knows, none when none runs or it does not answer at once.
func (a *app) rolesNow(ctx context.Context) []api.Role {
	ctx, cancel := context.WithTimeout(ctx, completionTimeout)
	defer cancel()
	client, err := a.connectRunning(ctx)
	if err != nil {
		return nil
	}
	defer client.Close()
	list, err := client.Roles(ctx)
	if err != nil {
		return nil
	}
	return list
}

// completeLayouts offers the layouts that can be started by name, and files.
func (a *app) completeLayouts(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	entries, err := layout.List(a.layoutDirs(), layouts.FS)
	if err != nil {
		return nil, cobra.ShellCompDirectiveDefault
	}
	var offers []cobra.Completion
	for _, e := range entries {
		if e.Problem == "" {
			offers = append(offers, cobra.CompletionWithDesc(e.Name, strings.Join(e.Roles, ", ")))
		}
	}
	return offers, cobra.ShellCompDirectiveDefault
}

// completeList offers words for a flag that takes several with commas between them: those that are not there yet.
func completeList(words []string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		before := typed[:strings.LastIndexByte(typed, ',')+1]
		var offers []cobra.Completion
		for _, w := range words {
			if !slices.Contains(strings.Split(before, ","), w) {
				offers = append(offers, before+w)
			}
		}
		return offers, cobra.ShellCompDirectiveNoFileComp
	}
}

// noFiles says of flags that their values are no files.
func noFiles(c *cobra.Command, flags ...string) {
	for _, name := range flags {
		if err := c.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions); err != nil {
			panic(fmt.Sprintf("completion of --%s: %v", name, err)) // a flag that does not exist
		}
	}
}

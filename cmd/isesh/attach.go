package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"isesh/supervisor/api"
)

// attachCmd is `isesh attach`.
func (a *app) attachCmd() *cobra.Command {
	return &cobra.Command{
		Use:     "attach [ROLE|TEAM]",
		GroupID: groupPeople,
		Short:   "Show a role's terminal",
		Long: `attach shows a role, or the lead of a team, in this terminal. Inside the same tmux
server it switches to it; inside another one, or without a terminal, it prints
the command to run. Detach as ever in tmux (prefix d): the agents go on.`,
		Example: `  isesh attach
  isesh attach dev
  isesh attach shop/gestor`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.completeRoles(1, true),
		RunE: func(c *cobra.Command, args []string) error {
			role, err := a.attachRole(c.Context(), args)
			if err != nil {
				return err
			}
			target := attachTarget(role)
			if target == "" {
				return &api.Error{Code: api.CodeDead, Message: fmt.Sprintf("%s has no terminal", role.Address),
					Hint: "isesh restart " + role.Address + " starts it again"}
			}
			if a.flags.json {
				return a.printJSON(a.out, struct {
					Role    string `json:"role"`
					Command string `json:"command"`
				}{role.Address, a.attachCommand(target)})
			}
			return a.attach(c.Context(), target)
		},
	}
}

// attachRole finds the role to show: the one that is named, the lead of the team that is named, or the lead of the only team.
func (a *app) attachRole(ctx context.Context, args []string) (api.Role, error) {
	client, err := a.connect(ctx)
	if err != nil {
		return api.Role{}, err
	}
	defer client.Close()
	if len(args) == 1 {
		role, roleErr := client.Role(ctx, args[0])
		if roleErr == nil {
			return role, nil
		}
		if teams, err := client.Teams(ctx, args[0]); err == nil && len(teams) == 1 {
			return leadOf(teams[0]), nil
		}
		return api.Role{}, roleErr
	}
	who, err := client.WhoAmI(ctx)
	if err != nil {
		return api.Role{}, err
	}
	teams, err := client.Teams(ctx, who.Team)
	if err != nil {
		return api.Role{}, err
	}
	var names []string
	for _, t := range teams {
		for _, r := range t.Roles {
			names = append(names, r.Address)
		}
	}
	switch {
	case len(names) == 0:
		return api.Role{}, &api.Error{Code: api.CodeNothing, Message: "there is nothing to attach to", Hint: "isesh start trio starts a team"}
	case len(teams) > 1:
		return api.Role{}, &api.Error{Code: api.CodeAmbiguous, Message: "several teams run", Hint: "say which role or team: isesh attach NAME", Candidates: names}
	}
	return leadOf(teams[0]), nil
}

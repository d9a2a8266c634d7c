package main

import (
	"context"
	"fmt"
	"strings"

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
			if target == "" || role.Pane == "" && role.State == "dead" {
				return &api.Error{Code: api.CodeDead, Message: fmt.Sprintf("%s has ended and has no terminal", role.Address),
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

// attachRole finds the role to show: the one that is named, the lead of the team that is named, or the lead of the only team. Where a lead
// has no terminal, another role of the team stands for it.
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
			return frontOf(teams[0].Roles), nil
		}
		return api.Role{}, roleErr
	}
	who, err := client.WhoAmI(ctx)
	if err != nil {
		return api.Role{}, err
	}
	roles, err := client.Roles(ctx)
	if err != nil {
		return api.Role{}, err
	}
	return onlyOne(roles, who.Team)
}

// onlyOne is the role to show when nothing is named: the front of the caller's own team, else of the only team or single role that runs.
func onlyOne(roles []api.Role, own string) (api.Role, error) {
	var names []string
	of := map[string][]api.Role{}
	for _, r := range roles {
		if r.Pane == "" {
			continue
		}
		name := r.Team
		if name == "" {
			name = r.Address
		}
		if of[name] == nil {
			names = append(names, name)
		}
		of[name] = append(of[name], r)
	}
	switch {
	case own != "" && of[own] != nil:
		return frontOf(of[own]), nil
	case len(names) == 0:
		return api.Role{}, &api.Error{Code: api.CodeNothing, Message: "there is nothing to attach to", Hint: "isesh start trio starts a team"}
	case len(names) > 1:
		return api.Role{}, &api.Error{Code: api.CodeAmbiguous, Message: "there are several to attach to: " + strings.Join(names, ", "),
			Hint: "say which: isesh attach " + names[0], Candidates: names}
	}
	return frontOf(of[names[0]]), nil
}

// frontOf is the role that stands for a team: its lead, else the first that has a terminal, else the first.
func frontOf(roles []api.Role) api.Role {
	front := leadOf(api.Team{Roles: roles})
	if front.Pane != "" {
		return front
	}
	for _, r := range roles {
		if r.Pane != "" {
			return r
		}
	}
	return front
}

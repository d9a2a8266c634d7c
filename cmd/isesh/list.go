package main

import (
	"errors"

	"github.com/spf13/cobra"

	"isesh/roles"
	"isesh/supervisor/api"
)

// listCmd is `isesh list`.
func (a *app) listCmd() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		GroupID: groupPeople,
		Short:   "List every role with its state",
		Example: `  isesh list
  isesh list --json | jq -r '.[] | select(.state=="waiting") | .address'`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := a.connect(c.Context())
			if err != nil {
				return err
			}
			defer client.Close()
			list, err := client.Roles(c.Context())
			if err != nil {
				return err
			}
			if a.flags.json {
				if list == nil {
					list = []api.Role{}
				}
				return a.printJSON(a.out, list)
			}
			if len(list) == 0 {
				a.note("no roles yet (isesh start trio starts three)")
				return nil
			}
			return a.board().list(list)
		},
	}
}

// statusCmd is `isesh status`.
func (a *app) statusCmd() *cobra.Command {
	return &cobra.Command{
		Use:     "status [TEAM|ROLE|ID]",
		GroupID: groupPeople,
		Short:   "Show the teams' boards, one role in detail, or how far a message came",
		Long: `Without an argument, status shows the board of every team, and the single roles.
With a team's name it shows that board, with a role all that is known of it and its
open question, and with a message's id how far that message came and what proved
each step.

For a message the exit code is that of send: 0 submitted, 5 rejected, 6 queued,
7 unconfirmed.`,
		Example: `  isesh status
  isesh status shop
  isesh status dev
  isesh status 0192f0c1-7b2e-7c3a-9d4e-5f6071829304`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.completeRoles(1, true),
		RunE: func(c *cobra.Command, args []string) error {
			client, err := a.connect(c.Context())
			if err != nil {
				return err
			}
			defer client.Close()
			if len(args) == 0 {
				teams, err := client.Teams(c.Context(), "")
				if err != nil {
					return err
				}
				list, err := client.Roles(c.Context())
				if err != nil {
					return err
				}
				if single := withoutTeam(list); len(single) > 0 {
					teams = append(teams, api.Team{Roles: single})
				}
				if len(teams) == 0 && !a.flags.json {
					a.note("no teams yet (isesh start trio starts one)")
					return nil
				}
				return a.printTeams(teams)
			}
			if isID(args[0]) {
				return a.messageStatus(c, client, args[0])
			}
			role, roleErr := client.Role(c.Context(), args[0])
			if roleErr == nil {
				if a.flags.json {
					return a.printJSON(a.out, role)
				}
				return a.board().role(role)
			}
			// What is no role may be a team.
			var e *api.Error
			if errors.As(roleErr, &e) && (e.Code == api.CodeNotFound || e.Code == api.CodeAmbiguous) {
				if teams, err := client.Teams(c.Context(), args[0]); err == nil && len(teams) > 0 {
					return a.printTeams(teams)
				}
				// A message's id may be a name that its sender chose.
				if receipt, steps, err := client.Receipt(c.Context(), args[0]); err == nil {
					return a.printMessage(receipt, steps)
				}
			}
			return roleErr
		},
	}
}

// withoutTeam are the roles that belong to no team.
func withoutTeam(list []api.Role) (single []api.Role) {
	for _, r := range list {
		if r.Team == "" {
			single = append(single, r)
		}
	}
	return single
}

// printTeams prints boards, or their JSON.
func (a *app) printTeams(teams []api.Team) error {
	if a.flags.json {
		if teams == nil {
			teams = []api.Team{}
		}
		return a.printJSON(a.out, teams)
	}
	return a.board().teams(teams)
}

// messageStatus prints a message's receipt and the steps that led to it.
func (a *app) messageStatus(c *cobra.Command, client *api.Client, id string) error {
	receipt, steps, err := client.Receipt(c.Context(), id)
	if err != nil {
		return err
	}
	return a.printMessage(receipt, steps)
}

// printMessage prints how far a message came, and returns its exit code as an error.
func (a *app) printMessage(receipt api.Receipt, steps []roles.Record) (err error) {
	if a.flags.json {
		err = a.printJSON(a.out, struct {
			api.Receipt
			Steps []roles.Record `json:"steps"`
		}{receipt, steps})
	} else {
		err = a.board().receipt(receipt, steps)
	}
	if err != nil {
		return err
	}
	return status(receiptExit(receipt.Status))
}

// isID reports whether s has the shape of a message's id, which no role's name has. The ids of messages that were made of others have more after a
// full stop.
func isID(s string) bool {
	if len(s) < 36 || len(s) > 36 && s[36] != '.' {
		return false
	}
	for i := range 36 {
		switch c := s[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F':
		default:
			return false
		}
	}
	return true
}

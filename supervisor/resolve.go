package supervisor

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"isesh/roles"
	"isesh/supervisor/api"
)

// resolve finds the role that ref means to the caller.
func (s *Supervisor) resolve(c api.Caller, ref string) (roles.Address, error) {
	switch team, name, both := strings.Cut(ref, "/"); {
	case ref == "":
		return roles.Address{}, &api.Error{Code: api.CodeUsage, Message: "the name of a role is empty", Hint: "isesh list shows them"}
	case ref == "lead":
		return s.leadOf(s.teamOf(c))
	case both && name == "lead":
		return s.leadOf(team)
	}
	var known []roles.Address
	for _, e := range s.reg.All() {
		known = append(known, e.Address)
	}
	a, err := roles.Resolve(ref, s.teamOf(c), known)
	var unknown *roles.UnknownError
	var ambiguous *roles.AmbiguousError
	switch {
	case errors.As(err, &unknown):
		e := &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("no role %q", ref), Hint: "isesh list shows them"}
		if members := s.members(ref); len(members) > 0 {
			e.Message, e.Candidates = fmt.Sprintf("%q is a team, not a role", ref), members
			e.Hint = "say which: " + strings.Join(members, ", ")
		} else if unknown.Suggestion != "" {
			e.Hint, e.Candidates = fmt.Sprintf("did you mean %q?", unknown.Suggestion), []string{unknown.Suggestion}
		}
		return a, e
	case errors.As(err, &ambiguous):
		e := &api.Error{Code: api.CodeAmbiguous, Message: fmt.Sprintf("%q is the name of several roles", ref)}
		for _, cand := range ambiguous.Candidates {
			e.Candidates = append(e.Candidates, cand.String())
		}
		e.Hint = "say which: " + strings.Join(e.Candidates, ", ")
		return a, e
	case err != nil:
		return a, &api.Error{Code: api.CodeUsage, Message: err.Error()}
	}
	return a, nil
}

// members are the addresses of a team's roles.
func (s *Supervisor) members(team string) (out []string) {
	for _, e := range s.reg.All() {
		if e.Team == team && team != "" {
			out = append(out, e.Address.String())
		}
	}
	return out
}

// leadOf is the role that leads a team.
func (s *Supervisor) leadOf(team string) (roles.Address, error) {
	for _, e := range s.reg.All() {
		if e.Lead && e.Team == team && team != "" {
			return e.Address, nil
		}
	}
	return roles.Address{}, &api.Error{Code: api.CodeNotFound, Message: noLead(team), Hint: "name the role; isesh list shows them"}
}

func noLead(team string) string {
	if team == "" {
		return "no team belongs to this directory, so there is no lead"
	}
	return fmt.Sprintf("no role leads team %q", team)
}

// teamOf is the caller's own team: a role's, or for a person the one whose directory holds the current directory, the innermost if several do.
func (s *Supervisor) teamOf(c api.Caller) string {
	if c.Role.Role != "" {
		return c.Role.Team
	}
	best, team, lives := "", "", false
	for _, t := range s.reg.Teams() {
		if t.Dir == "" || !within(c.Dir, t.Dir) || len(t.Dir) < len(best) {
			continue
		}
		// Of several for one directory, one that runs.
		if running := s.teamLives(t.Name); len(t.Dir) > len(best) || running && !lives {
			best, team, lives = t.Dir, t.Name, running
		}
	}
	return team
}

func within(dir, root string) bool {
	rel, err := filepath.Rel(root, dir)
	return dir != "" && err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// need returns the runner of a role that must be running.
func (s *Supervisor) need(c api.Caller, ref string) (*runner, error) {
	a, err := s.resolve(c, ref)
	if err != nil {
		return nil, err
	}
	if a == roles.User {
		return nil, &api.Error{Code: api.CodeUsage, Message: "\"user\" is you: there is no screen behind that name"}
	}
	r := s.runner(a)
	if r == nil || !r.view().live {
		return nil, s.dead(a)
	}
	return r, nil
}

func (s *Supervisor) dead(a roles.Address) error {
	if entry, _ := s.reg.Get(a); entry.Mailbox {
		return &api.Error{
			Code: api.CodeUsage, Message: fmt.Sprintf("%s is a mailbox: there is no screen behind that name", a), Hint: "isesh inbox " + a.String() + " shows what was sent to it",
		}
	}
	e := &api.Error{Code: api.CodeDead, Message: fmt.Sprintf("role %q is not running", a), Hint: "isesh restart " + a.String() + " starts it again"}
	if a.Team != "" {
		if _, ok := s.reg.Team(a.Team); ok && !s.teamLives(a.Team) {
			e.Hint = "its team has ended: isesh restart " + a.Team + " starts it again"
		}
	}
	return e
}

func (s *Supervisor) teamLives(team string) bool {
	for _, r := range s.allRunners() {
		if r.addr.Team == team && r.view().live {
			return true
		}
	}
	return false
}

// Attribute finds out who asks: by the caller's ancestors first, which cannot be forged by a variable, then by its tmux pane, then by
// ISESH_ROLE. A claim that leads nowhere makes a person.
//
// Every request passes here first, so here it waits for the recovery to be over.
func (s *Supervisor) Attribute(ctx context.Context, c api.Caller) api.Caller {
	select {
	case <-s.ready:
	case <-ctx.Done():
		return c
	}
	byPID := map[int]*runner{}
	for _, r := range s.allRunners() {
		if r.view().live {
			byPID[r.panePID] = r
		}
	}
	c.How = "user"
	var above []int
	if len(byPID) > 0 { // looking costs as much as all the rest of a request
		above = ancestors(c.PID)
	}
	for _, pid := range above {
		if r := byPID[pid]; r != nil {
			c.Role, c.How = r.addr, "ancestry"
			return c
		}
	}
	if c.TmuxPane != "" {
		for _, r := range byPID {
			if r.entry.Pane == c.TmuxPane && sameTmux(c.Tmux, r.entry.Server) {
				c.Role, c.How = r.addr, "tmux_pane"
				return c
			}
		}
	}
	if c.EnvRole != "" {
		if a, err := roles.ParseAddress(c.EnvRole); err == nil && (s.runner(a) != nil || a != roles.User && s.mailboxOnly(a)) {
			c.Role, c.How = a, "isesh_role"
		}
	}
	return c
}

// sameTmux compares $TMUX ("socket,pid,session") with a server.
func sameTmux(env string, id roles.ServerID) bool {
	parts := strings.Split(env, ",")
	if len(parts) < 2 {
		return false
	}
	pid, err := strconv.Atoi(parts[len(parts)-2])
	return err == nil && pid == id.PID
}

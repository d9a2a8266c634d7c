package supervisor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"isesh/roles"
	"isesh/supervisor/api"
)

// Register makes a name known that has a mailbox and no pane. One that is a mailbox already stays as it is; any other role of that name is a
// conflict. Roles may do it, too: nothing is typed anywhere because of it.
func (s *Supervisor) Register(ctx context.Context, c api.Caller, req api.RegisterRequest) (api.Role, error) {
	a, err := roles.ParseAddress(strings.TrimPrefix(req.Name, "/"))
	if err == nil {
		err = roles.ValidRoleName(a.Role)
	}
	if err != nil {
		return api.Role{}, &api.Error{Code: api.CodeUsage, Message: err.Error(), Hint: "isesh register NAME --mailbox, or TEAM/NAME"}
	}
	if !req.Mailbox {
		return api.Role{}, &api.Error{
			Code: api.CodeUsage, Message: fmt.Sprintf("%s would have no pane", a), Hint: "--mailbox registers a name without one; isesh start starts a role in one",
		}
	}
	name := firstOf(a.Team, a.Role) // as a start of it claims
	if err := s.claimInTurn(ctx, name); err != nil {
		return api.Role{}, err
	}
	defer s.unclaim(name)
	e, known := s.reg.Get(a)
	if known && !e.Mailbox {
		return api.Role{}, s.taken(e)
	}
	if !known {
		if _, ok := s.reg.Team(a.Role); ok && a.Team == "" {
			return api.Role{}, &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("%q is a team", a.Role), Hint: "choose another name, or register " + a.Role + "/NAME"}
		}
		e = roles.Entry{Address: a, Dir: c.Dir, Mailbox: true, Started: time.Now()}
		if err := s.reg.Put(e); err != nil {
			return api.Role{}, err
		}
		e, _ = s.reg.Get(a)
		s.event(roles.Event{Kind: roles.EventRegistered, Role: a, ID: e.ID, Detail: "mailbox, by " + c.Name()})
		s.changes.broadcast()
	}
	return s.roleOf(e), nil
}

// taken says that a name belongs to a role with a pane.
func (s *Supervisor) taken(e roles.Entry) error {
	what := "a role that does not run now"
	if r := s.runner(e.Address); r != nil && r.view().live {
		what = "a running role, in pane " + e.Pane
	}
	return &api.Error{
		Code: api.CodeConflict, Message: fmt.Sprintf("%s is %s", e.Address, what), Hint: "choose another name; every role has a mailbox: isesh inbox " + e.Address.String(),
		Candidates: []string{e.Address.String()},
	}
}

// Unregister forgets a name. Its letters and what the conversation says of it stay: registered again, it finds them. A role that runs is not forgotten.
func (s *Supervisor) Unregister(ctx context.Context, c api.Caller, req api.RegisterRequest) error {
	a, err := s.resolve(c, req.Name)
	if err != nil {
		return err
	}
	if a == roles.User {
		return &api.Error{Code: api.CodeUsage, Message: "\"user\" is you, and always has a mailbox"}
	}
	name := firstOf(a.Team, a.Role)
	if err := s.claimInTurn(ctx, name); err != nil {
		return err
	}
	defer s.unclaim(name)
	e, ok := s.reg.Get(a)
	if !ok {
		return &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("no role %q", a), Hint: "isesh list shows them"}
	}
	if !c.Role.IsZero() && a != c.Role {
		return &api.Error{Code: api.CodeForbidden, Message: fmt.Sprintf("%s may not make isesh forget %s", c.Name(), a)}
	}
	if r := s.runner(a); r != nil {
		if r.view().role.Pane != "" {
			return &api.Error{
				Code: api.CodeConflict, Message: fmt.Sprintf("%s has a pane, %s", a, r.view().role.Pane), Hint: "isesh stop " + a.String() + " --delete ends it and forgets it",
			}
		}
		s.forget(r)
	}
	removeFiles(s.cfg.Dir, e.ID)
	if err := s.reg.Remove(a); err != nil && !errors.Is(err, roles.ErrNotFound) {
		return err
	}
	s.event(roles.Event{Kind: roles.EventUnregistered, Role: a, ID: e.ID, Detail: "by " + c.Name()})
	s.changes.broadcast()
	return nil
}

package supervisor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"isesh/control"
	"isesh/layout"
	"isesh/roles"
	"isesh/supervisor/api"
)

// stopWithin is how long a stop waits for tmux to report that a pane has gone.
const stopWithin = 5 * time.Second

// Stop ends teams or single roles: their panes, and with the last one their session. What is remembered of them stays unless Delete.
func (s *Supervisor) Stop(ctx context.Context, c api.Caller, req api.StopRequest) (api.StopResult, error) {
	targets, err := s.stopTargets(c, req)
	if err != nil {
		return api.StopResult{}, err
	}
	for _, a := range targets {
		if a == c.Role {
			return api.StopResult{}, &api.Error{Code: api.CodeForbidden, Message: "a role cannot stop itself", Hint: "end the program instead"}
		}
	}
	var res api.StopResult
	var errs []error
	for _, a := range targets {
		stopped, err := s.stopRole(ctx, a, req.Delete)
		errs = append(errs, err)
		if stopped {
			res.Stopped = append(res.Stopped, a.String())
		}
		if req.Delete && err == nil {
			res.Forgotten = append(res.Forgotten, a.String())
		}
	}
	if req.Delete {
		errs = append(errs, s.forgetTeams())
	}
	return res, errors.Join(errs...)
}

// stopTargets resolves what shall stop: team names, addresses, everything, or the caller's team.
func (s *Supervisor) stopTargets(c api.Caller, req api.StopRequest) ([]roles.Address, error) {
	var out []roles.Address
	add := func(team string) int {
		n := 0
		for _, e := range s.reg.All() {
			if (req.All || e.Team == team) && !slices.Contains(out, e.Address) {
				out = append(out, e.Address)
				n++
			}
		}
		return n
	}
	if req.All {
		add("")
		return out, nil
	}
	if len(req.Targets) == 0 {
		team := s.teamOf(c)
		if team == "" {
			return nil, &api.Error{Code: api.CodeUsage, Message: "stop what? no team belongs to this directory", Hint: "name a team or a role, or --all"}
		}
		add(team)
		return out, nil
	}
	for _, t := range req.Targets {
		if _, ok := s.reg.Team(t); ok {
			add(t)
			continue
		}
		a, err := s.resolve(c, t)
		if err != nil {
			return nil, err
		}
		if a == roles.User {
			return nil, &api.Error{Code: api.CodeUsage, Message: "\"user\" is you: there is nothing to stop"}
		}
		if !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	return out, nil
}

// stopRole ends the pane of one role, if that pane is still the one we know.
func (s *Supervisor) stopRole(ctx context.Context, a roles.Address, remove bool) (bool, error) {
	r := s.runner(a)
	stopped := false
	if r != nil && r.view().role.Pane != "" {
		c := s.anyClient()
		if c == nil {
			return false, fmt.Errorf("stopping %s: %w", a, errNoClient)
		}
		if err := s.killPane(ctx, c, r); err != nil {
			// Gone already, or the connection went with the last pane. What still runs must not be forgotten.
			s.slog.Info("stopping", "role", a, "err", err)
			if rows, again := s.whereabouts(ctx, r.entry.Pane, r.panePID); again != nil || len(rows) > 0 {
				return false, fmt.Errorf("stopping %s, which still runs: %w", a, err)
			}
		}
		r.tell(signal{gone: true})
		select {
		case <-r.done:
		case <-time.After(stopWithin):
			return false, fmt.Errorf("stopping %s: its runner did not end", a)
		}
		stopped = true
		s.event(roles.Event{Kind: roles.EventStopped, Role: a, ID: r.entry.ID})
	}
	if r != nil {
		s.forget(r)
	}
	if e, ok := s.reg.Get(a); ok {
		removeFiles(s.cfg.Dir, e.ID)
		if remove {
			return stopped, s.reg.Remove(a)
		}
		e.Pane, e.PanePID = "", 0
		return stopped, s.reg.Put(e)
	}
	return stopped, nil
}

// killPane ends a role's pane if its own process is still the one in it.
func (s *Supervisor) killPane(ctx context.Context, c *control.Client, r *runner) error {
	s.quiet.Lock()
	defer s.quiet.Unlock()
	return c.KillPane(ctx, r.entry.Pane, r.panePID)
}

// removeFiles removes what was generated for a role.
func removeFiles(dir, id string) {
	files, _ := filepath.Glob(filepath.Join(dir, "run", id+"*"))
	for _, f := range files {
		os.Remove(f)
	}
}

// forgetTeams drops teams without roles.
func (s *Supervisor) forgetTeams() error {
	var errs []error
	for _, t := range s.reg.Teams() {
		if !slices.ContainsFunc(s.reg.All(), func(e roles.Entry) bool { return e.Team == t.Name }) {
			errs = append(errs, s.reg.RemoveTeam(t.Name))
		}
	}
	return errors.Join(errs...)
}

// Restart ends roles and starts them again as their layout said when the team was started. What was queued for them goes to the new program.
func (s *Supervisor) Restart(ctx context.Context, c api.Caller, req api.RestartRequest) ([]api.Role, error) {
	targets, err := s.stopTargets(c, api.StopRequest{Targets: req.Targets})
	if err != nil {
		return nil, err
	}
	var out []api.Role
	for _, a := range targets {
		if e, _ := s.reg.Get(a); e.Mailbox && !slices.ContainsFunc(req.Targets, func(t string) bool { return strings.TrimPrefix(t, "/") == a.String() || t == a.Role }) {
			continue // of a team: nothing runs there
		}
		if a == c.Role {
			return out, &api.Error{Code: api.CodeForbidden, Message: "a role cannot restart itself"}
		}
		if err := s.restartRole(ctx, req, a); err != nil {
			return out, err
		}
		if e, ok := s.reg.Get(a); ok {
			out = append(out, s.roleOf(e))
		}
	}
	return out, nil
}

func (s *Supervisor) restartRole(ctx context.Context, req api.RestartRequest, a roles.Address) error {
	team, err := s.layoutOf(a)
	if err != nil {
		return err
	}
	name := launchName(team)
	if err := s.claimInTurn(ctx, name); err != nil {
		return err
	}
	defer s.unclaim(name)
	one := *team
	role := *team.Role(a.Role)
	role.After, role.Task = nil, "" // its companions run, and its task was given when the team began
	one.Roles = []layout.ResolvedRole{role}
	l := &launching{s: s, team: &one, env: req.Env}
	if err := l.prepare(&one.Roles[0]); err != nil {
		return err
	}
	// The new window comes first: with the last window of a session the session would end.
	home, err := s.home(ctx, team, a.Role)
	if err != nil {
		return err
	}
	old := s.runner(a)
	opts := layout.PlanOptions{
		Prefix: s.cfg.Prefix, Width: 120, Height: 40, Resize: !s.tmux.AtLeast(3, 3),
		Launch: func(role string) []string { return []string{s.cfg.Binary, "exec", l.execPath(role)} },
	}
	if home.session == "" {
		if old != nil {
			if _, err := s.stopOld(ctx, a, old); err != nil {
				return err
			}
		}
		for _, plan := range one.Plan(opts) {
			if err := l.session(ctx, plan, one.Order()); err != nil {
				l.undo()
				return err
			}
		}
	} else if err := s.replaceWindow(ctx, l, &one, a, home, old, opts); err != nil {
		return err
	}
	s.event(roles.Event{Kind: roles.EventRestarted, Role: a, ID: l.entries[0].ID})
	s.until(ctx, startWithin, func() bool { return ready(s.runner(a)) })
	return nil
}

// replaceWindow puts a new window for a role into a session that stands, and ends the old one.
func (s *Supervisor) replaceWindow(
	ctx context.Context, l *launching, one *layout.Team, a roles.Address, home place, old *runner, opts layout.PlanOptions,
) error {
	made, err := l.window(ctx, one, a.Role, home, opts)
	if err != nil {
		return err
	}
	if old != nil {
		if _, err := s.stopOld(ctx, a, old); err != nil {
			return err
		}
	}
	return l.enter(ctx, a.Role, home.name, made)
}

// stopOld ends the pane of a role without touching the files of its successor.
func (s *Supervisor) stopOld(ctx context.Context, a roles.Address, old *runner) (bool, error) {
	if c := s.anyClient(); c != nil && old.view().role.Pane != "" {
		if err := s.killPane(ctx, c, old); err != nil {
			s.slog.Info("ending the old pane", "role", a, "err", err)
		}
	}
	old.tell(signal{gone: true})
	select {
	case <-old.done:
	case <-time.After(stopWithin):
		return false, fmt.Errorf("restarting %s: its runner did not end", a)
	}
	s.forget(old)
	return true, nil
}

// layoutOf returns the layout that a role was started from.
func (s *Supervisor) layoutOf(a roles.Address) (*layout.Team, error) {
	var team layout.Team
	if t, ok := s.reg.Team(a.Team); a.Team != "" && ok {
		if err := json.Unmarshal(t.Layout, &team); err == nil && team.Role(a.Role) != nil {
			return &team, nil
		}
	}
	e, ok := s.reg.Get(a)
	if e.Mailbox {
		return nil, s.dead(a)
	}
	if !ok || len(e.Argv) == 0 {
		return nil, &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("nothing is remembered of how %s was started", a), Hint: "isesh start"}
	}
	return &layout.Team{
		Name: a.Team, Dir: e.Dir, File: e.LayoutFile, Arrange: layout.ArrangeWindows,
		Roles: []layout.ResolvedRole{{Name: a.Role, Agent: e.Profile, Argv: e.Argv, Dir: e.Dir, Lead: e.Lead, LeadMay: e.LeadMay}},
	}, nil
}

package supervisor

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/sourcegraph/conc/panics"

	"isesh/control"
	"isesh/roles"
	"isesh/roles/agent"
	"isesh/supervisor/api"
)

// pane is the terminal of a runner: one pane, by way of the client of the session it is in.
type pane struct {
	id string

	mu sync.Mutex // owns w
	w  *watch     // a person may move the pane to another session
}

func (p *pane) watch() *watch {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.w
}

func (p *pane) client() (*control.Client, error) { return p.watch().current() }

func (p *pane) leave() { p.watch().leave(p.id) }

func (p *pane) enter(w *watch) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.w = w
}

func (p *pane) Snapshot(ctx context.Context) (control.Snapshot, error) {
	c, err := p.client()
	if err != nil {
		return control.Snapshot{}, err
	}
	return c.Snapshot(ctx, p.id)
}

func (p *pane) History(ctx context.Context, lines int) (string, error) {
	c, err := p.client()
	if err != nil {
		return "", err
	}
	return c.Capture(ctx, p.id, control.CaptureOptions{Start: strconv.Itoa(-lines), Join: true})
}

func (p *pane) Paste(ctx context.Context, g control.Guard, data []byte) error {
	c, err := p.client()
	if err != nil {
		return err
	}
	return c.Paste(ctx, g, data)
}

func (p *pane) Keys(ctx context.Context, g control.Guard, keys ...string) error {
	c, err := p.client()
	if err != nil {
		return err
	}
	return c.Keys(ctx, g, keys...)
}

func (p *pane) Output() output {
	c, err := p.client()
	if err != nil {
		return nil
	}
	return c.Watch(p.id)
}

// supervise watches the session of a role's pane and starts a runner for it. before, if there is one, is called in the new runner's goroutine's
// stead. Its queue the runner fills itself, once it can be found: what is accepted earlier it finds on disk, what is accepted later is given to it.
func (s *Supervisor) supervise(ctx context.Context, e roles.Entry, before func(*runner)) (*runner, error) {
	prof, err := agent.LoadFrom(s.cfg.Profiles, e.Profile)
	if err != nil {
		return nil, err
	}
	p := &pane{id: e.Pane}
	r := newRunner(s, e, prof, p, p.leave)
	r.find = func(ctx context.Context) (place, string) { return s.chase(ctx, p, r) }
	if before != nil {
		before(r)
	}
	if err := s.joinWatch(ctx, p, r, place{e.Session, e.Window, e.SessionName}); err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.runners[e.Address] = r
	s.mu.Unlock()
	s.changes.broadcast()
	s.wg.Go(func() {
		var c panics.Catcher
		c.Try(func() { r.run(s.run) })
		if fault := c.Recovered(); fault != nil {
			s.faulted(r, p, fault)
		}
	})
	return r, nil
}

// maxFaults is how often a runner that panics is replaced. The role goes on in its pane in any case.
const maxFaults = 5

// faulted replaces a runner that panicked. What it was doing is found by the mark on the pane, as after a crash of the whole supervisor.
func (s *Supervisor) faulted(r *runner, p *pane, fault *panics.Recovered) {
	e := r.entry
	s.slog.Error("a runner failed", "role", e.Address, "panic", fault.String())
	s.event(roles.Event{Kind: roles.EventTrouble, Role: e.Address, ID: e.ID, Detail: fmt.Sprint("internal error: ", fault.Value)})
	s.mu.Lock()
	s.faults[e.Address]++
	n := s.faults[e.Address]
	s.mu.Unlock()
	if n > maxFaults || s.run.Err() != nil {
		s.notice(e.Team, fmt.Sprintf("%s is not watched any more: its supervision failed %d times; its program goes on", e.Address, n))
		r.unwatched()
		return
	}
	rows, err := s.whereabouts(s.run, p.id, e.PanePID)
	p.leave()
	if err == nil && len(rows) > 0 {
		e.Session, e.Window, e.SessionName = rows[0].Session, rows[0].Window, rows[0].SessionName
		err = s.takeUp(s.run, e, rows[0].Step, r)
	}
	if err != nil {
		s.slog.Error("replacing a runner that failed", "role", e.Address, "err", err)
	}
}

func (s *Supervisor) allRunners() []*runner {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*runner, 0, len(s.runners))
	for _, r := range s.runners {
		all = append(all, r)
	}
	return all
}

func (s *Supervisor) runner(a roles.Address) *runner {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.runners[a]
}

// Hello says who serves.
func (s *Supervisor) Hello() api.Hello {
	h := api.Hello{
		Protocol: api.Protocol, Version: s.cfg.Version, Build: s.cfg.Build, StateDir: s.cfg.Dir,
		Tmux: s.tmux.String(), Started: s.started, PID: pid, Clients: s.cfg.Clients(),
	}
	for _, r := range s.allRunners() {
		v := r.view()
		if v.live {
			h.Roles++
		}
		h.Pending += v.role.Queue
	}
	return h
}

// Roles returns every role that is remembered, by team and in the order of the layout.
func (s *Supervisor) Roles(context.Context, api.Caller) ([]api.Role, error) {
	var out []api.Role
	for _, e := range s.reg.All() {
		out = append(out, s.roleOf(e))
	}
	slices.SortStableFunc(out, func(a, b api.Role) int { return cmp.Compare(a.Team, b.Team) })
	return out, nil
}

// stateMailbox is the state of a role without a pane in what others see: nothing runs there that could be idle or dead, and nothing is waited for.
const stateMailbox = "mailbox"

// roleOf is what is known of a role: the runner's view, or what the registry remembers of one that does not run.
func (s *Supervisor) roleOf(e roles.Entry) api.Role {
	role := api.Role{
		Address: e.Address.String(), Team: e.Team, Name: e.Role, State: string(agent.Dead), Since: e.Started, Dir: e.Dir,
		Profile: e.Profile, Lead: e.Lead, Session: e.SessionName,
	}
	if r := s.runner(e.Address); r != nil {
		role = r.view().role
	} else if e.Mailbox {
		role.State = stateMailbox
	}
	var err error
	if role.Unread, err = s.mail.Unread(e.Address); err != nil {
		s.slog.Error("counting a mailbox", "role", e.Address, "err", err)
	}
	return role
}

// Role returns one role.
func (s *Supervisor) Role(_ context.Context, c api.Caller, ref string) (api.Role, error) {
	a, err := s.resolve(c, ref)
	if err != nil {
		return api.Role{}, err
	}
	if a == roles.User {
		return api.Role{}, &api.Error{Code: api.CodeUsage, Message: "\"user\" is you: there is no screen behind that name", Hint: "isesh log user shows what was said to you"}
	}
	e, ok := s.reg.Get(a)
	if !ok {
		return api.Role{}, &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("no role %q", ref), Hint: "isesh list shows them"}
	}
	return s.roleOf(e), nil
}

// Teams returns the boards of the team called name, or of all teams.
func (s *Supervisor) Teams(_ context.Context, _ api.Caller, name string) ([]api.Team, error) {
	var out []api.Team
	for _, t := range s.reg.Teams() {
		if name == "" || t.Name == name {
			out = append(out, s.board(t))
		}
	}
	if name != "" && len(out) == 0 {
		return nil, &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("no team %q", name), Hint: "isesh list shows what runs"}
	}
	return out, nil
}

func (s *Supervisor) board(t roles.Team) api.Team {
	board := api.Team{Name: t.Name, Dir: t.Dir, Layout: t.LayoutFile, Session: t.SessionName, Limits: s.limitsOf(t.Name)}
	for _, e := range s.reg.All() {
		if e.Team != t.Name {
			continue
		}
		role := s.roleOf(e)
		if len(board.Roles) == 0 && role.Session != "" {
			board.Session = role.Session // a person may have given it another name
		}
		board.Roles = append(board.Roles, role)
	}
	return board
}

// WhoAmI tells the caller what it is taken for.
func (s *Supervisor) WhoAmI(_ context.Context, c api.Caller) (api.WhoAmI, error) {
	me := api.WhoAmI{Caller: c, Address: c.Name(), Team: s.teamOf(c)}
	if e, ok := s.reg.Get(c.Role); ok {
		role := s.roleOf(e)
		me.Role = &role
	}
	return me, nil
}

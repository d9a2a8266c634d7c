package supervisor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"isesh/control"
	"isesh/layout"
	"isesh/roles"
	"isesh/roles/agent"
	"isesh/supervisor/api"
)

// startWithin is how long a start waits for its roles to be ready unless it says otherwise.
const startWithin = 60 * time.Second

// launching is a team being started. What it made so far is undone when it fails.
type launching struct {
	s        *Supervisor
	team     *layout.Team
	env      map[string]string
	server   control.Identity
	sessions []string // ids of the sessions it made
	windows  []string // ids of windows it made in sessions that were there before
	files    []string
	entries  []roles.Entry
	before   []roles.Entry  // what was remembered of its roles
	tasks    []roles.Record // opening tasks that it wrote down
	progress func(string)
}

// Start starts a team: its tmux session, a window per role, its runners, and its opening tasks. A team that runs is left as it is.
func (s *Supervisor) Start(ctx context.Context, c api.Caller, req api.StartRequest, progress func(string)) (api.StartResult, error) {
	var team layout.Team
	if err := json.Unmarshal(req.Team, &team); err != nil {
		return api.StartResult{}, &api.Error{Code: api.CodeUsage, Message: "the layout cannot be read: " + err.Error()}
	}
	if len(team.Roles) == 0 {
		return api.StartResult{}, &api.Error{Code: api.CodeUsage, Message: "the layout has no roles"}
	}
	within, err := duration(req.Within, startWithin)
	if err != nil {
		return api.StartResult{}, err
	}
	l := &launching{s: s, team: &team, env: req.Env, progress: progress}
	already, err := l.launch(ctx, req)
	if err != nil || already.Already {
		return already, err
	}
	res := api.StartResult{Team: s.teamBoard(&team)}
	if req.Wait {
		res.Notices = l.waitReady(ctx, within)
		res.Team = s.teamBoard(&team)
	}
	return res, nil
}

// launch makes everything there is to make for a team. When another command is just starting the same one, it waits for that and finds it
// running already.
func (l *launching) launch(ctx context.Context, req api.StartRequest) (api.StartResult, error) {
	s, team := l.s, l.team
	name := launchName(team)
	if err := s.claimInTurn(ctx, name); err != nil {
		return api.StartResult{}, err
	}
	defer s.unclaim(name)
	if running := s.running(team); len(running) > 0 {
		return s.already(team, running)
	}
	if err := s.clearDead(ctx, team); err != nil {
		return api.StartResult{}, err
	}
	session := "session " + team.SessionName(s.cfg.Prefix, team.Roles[0].Name)
	if err := s.claimInTurn(ctx, session); err != nil {
		return api.StartResult{}, err
	}
	defer s.unclaim(session)
	err := l.start(ctx, req)
	if err != nil {
		l.undo()
	}
	return api.StartResult{}, err
}

// launchName is what two starts of the same thing have in common.
func launchName(t *layout.Team) string {
	if t.Name != "" {
		return t.Name
	}
	return t.Roles[0].Name
}

func (s *Supervisor) claim(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.launches[name] {
		return false
	}
	s.launches[name] = true
	return true
}

// claimInTurn claims a name as soon as nobody else has it.
func (s *Supervisor) claimInTurn(ctx context.Context, name string) error {
	for {
		changed := s.changes.wait()
		if s.claim(name) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// clearDead removes the panes of a team whose programs have all ended, so that it can be started anew.
func (s *Supervisor) clearDead(ctx context.Context, t *layout.Team) error {
	for _, role := range t.Roles {
		if _, err := s.stopRole(ctx, roles.Address{Team: t.Name, Role: role.Name}, false); err != nil {
			return err
		}
	}
	return nil
}

func (s *Supervisor) unclaim(name string) {
	s.mu.Lock()
	delete(s.launches, name)
	s.mu.Unlock()
	s.changes.broadcast()
}

// running returns the addresses of the team's roles that live.
func (s *Supervisor) running(t *layout.Team) []string {
	var out []string
	for _, role := range t.Roles {
		if r := s.runner(roles.Address{Team: t.Name, Role: role.Name}); r != nil && r.view().live {
			out = append(out, r.addr.String())
		}
	}
	return out
}

// already answers a start of what runs.
func (s *Supervisor) already(t *layout.Team, running []string) (api.StartResult, error) {
	known, _ := s.reg.Team(t.Name)
	if t.Name != "" && known.Dir != "" && known.Dir != t.Dir {
		return api.StartResult{}, &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("a team %q runs already, for %s", t.Name, known.Dir),
			Hint: "give this one another name: --name " + t.Name + "-2",
		}
	}
	res := api.StartResult{Team: s.teamBoard(t), Already: true}
	for _, role := range t.Roles {
		a := roles.Address{Team: t.Name, Role: role.Name}
		if !slices.Contains(running, a.String()) {
			res.Notices = append(res.Notices, fmt.Sprintf("%s does not run; isesh restart %s starts it again", a, a))
		}
	}
	return res, nil
}

func (s *Supervisor) teamBoard(t *layout.Team) api.Team {
	board := api.Team{Name: t.Name, Dir: t.Dir, Layout: t.File, Limits: s.limitsOf(t.Name)}
	for _, role := range t.Roles {
		if e, ok := s.reg.Get(roles.Address{Team: t.Name, Role: role.Name}); ok {
			board.Roles = append(board.Roles, s.roleOf(e))
			if board.Session == "" {
				board.Session = board.Roles[0].Session
			}
		}
	}
	return board
}

// inOrder is the team with its roles in the order in which they can be started: each after those that it waits for.
func (l *launching) inOrder() *layout.Team {
	team := *l.team
	team.Roles = nil
	for _, name := range l.team.Order() {
		team.Roles = append(team.Roles, *l.team.Role(name))
	}
	return &team
}

func (l *launching) start(ctx context.Context, req api.StartRequest) error {
	opts := layout.PlanOptions{
		Prefix: l.s.cfg.Prefix, Width: req.Width, Height: req.Height, Resize: !l.s.tmux.AtLeast(3, 3),
		Launch: func(role string) []string { return []string{l.s.cfg.Binary, "exec", l.execPath(role)} },
	}
	if opts.Width <= 0 || opts.Height <= 0 {
		opts.Width, opts.Height = 120, 40
	}
	for i := range l.team.Roles {
		if err := l.prepare(&l.team.Roles[i]); err != nil {
			return err
		}
	}
	order := l.team.Order()
	for _, plan := range l.inOrder().Plan(opts) {
		if err := l.after(ctx, plan.Role); err != nil {
			return err
		}
		home, err := l.s.home(ctx, l.team, plan.Role)
		if err != nil {
			return err
		}
		if home.session == "" {
			err = l.session(ctx, plan, order)
		} else {
			err = l.within(ctx, home, plan, order, opts)
		}
		if err != nil {
			return err
		}
	}
	return l.remember()
}

// after waits until the roles that this one shall follow are ready.
func (l *launching) after(ctx context.Context, name string) error {
	for _, before := range l.team.Role(name).After {
		a := roles.Address{Team: l.team.Name, Role: before}
		l.say(fmt.Sprintf("%s waits for %s", name, before))
		ok := l.s.until(ctx, startWithin, func() bool { return ready(l.s.runner(a)) })
		if !ok {
			return &api.Error{Code: api.CodeTimeout, Message: fmt.Sprintf("%s was not ready after %s, so %s was not started", before, startWithin, name)}
		}
	}
	return nil
}

// ready reports that a role has come up: idle, or asking something, or dead.
func ready(r *runner) bool {
	if r == nil {
		return true
	}
	switch agent.State(r.view().role.State) {
	case agent.Idle, agent.Waiting, agent.Dead, agent.Busy:
		return true
	}
	return false
}

// waitReady waits until every role has come up, and tells what did not go as it should.
func (l *launching) waitReady(ctx context.Context, within time.Duration) (notices []string) {
	said := map[string]bool{}
	l.s.until(ctx, within, func() bool {
		all := true
		for _, e := range l.entries {
			r := l.s.runner(e.Address)
			if !ready(r) {
				all = false
			} else if r != nil && !said[e.Role] {
				said[e.Role] = true
				l.say(e.Role + " is " + stateWords(r.view().role))
			}
		}
		return all
	})
	for _, e := range l.entries {
		r := l.s.runner(e.Address)
		if r == nil {
			notices = append(notices, fmt.Sprintf("%s ended at once; isesh read %s shows its last words", e.Address, e.Address))
			continue
		}
		switch role := r.view().role; agent.State(role.State) {
		case agent.Dead:
			notices = append(notices, fmt.Sprintf("%s ended at once; isesh read %s shows its last words", e.Address, e.Address))
		case agent.Waiting:
			notices = append(notices, fmt.Sprintf("%s waits for an answer: %s", e.Address, firstOf(role.Menu.Heading, role.Kind)))
		case agent.Starting, agent.Unknown:
			notices = append(notices, fmt.Sprintf("%s is still %s after %s; isesh read %s shows its screen", e.Address, role.State, within, e.Address))
		}
	}
	return notices
}

func stateWords(role api.Role) string {
	if role.Kind != "" {
		return role.State + " (" + role.Kind + ")"
	}
	return role.State
}

// remember writes the team down.
func (l *launching) remember() error {
	if l.team.Name == "" {
		return nil
	}
	resolved, err := json.Marshal(l.team)
	if err != nil {
		return err
	}
	t := roles.Team{Name: l.team.Name, Dir: l.team.Dir, LayoutFile: l.team.File, Layout: resolved, Started: time.Now()}
	t.Session, t.SessionName = l.entries[0].Session, l.entries[0].SessionName
	return l.s.reg.PutTeam(t)
}

// undo removes what a failed start made. Its own context: the caller's may be what ended it.
func (l *launching) undo() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(l.s.run), 5*time.Second)
	defer cancel()
	var errs []error
	for _, f := range l.files {
		if err := os.Remove(f); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	for _, w := range l.windows {
		errs = append(errs, l.s.killTarget(ctx, "kill-window", w))
	}
	for _, id := range l.sessions {
		errs = append(errs, l.s.killTarget(ctx, "kill-session", id))
	}
	for _, e := range l.entries {
		if r := l.s.runner(e.Address); r != nil {
			r.tell(signal{gone: true})
			<-r.done
			l.s.forget(r)
		}
		was := slices.IndexFunc(l.before, func(b roles.Entry) bool { return b.Address == e.Address })
		if was >= 0 { // a role that was there before keeps its id, and so its mailbox and history
			old := l.before[was]
			old.Pane, old.PanePID = "", 0
			errs = append(errs, l.s.reg.Put(old))
		} else if _, ok := l.s.reg.Get(e.Address); ok {
			errs = append(errs, l.s.reg.Remove(e.Address))
		}
	}
	for _, task := range l.tasks {
		if l.s.owed(task.ID) {
			l.s.conclude(task, roles.StatusFailed, "the start failed and was undone")
		}
	}
	if err := errors.Join(errs...); err != nil {
		l.s.slog.Warn("undoing a failed start", "err", err)
	}
}

// forget drops a runner that has ended.
func (s *Supervisor) forget(r *runner) {
	s.mu.Lock()
	if s.runners[r.addr] == r {
		delete(s.runners, r.addr)
	}
	s.mu.Unlock()
	s.changes.broadcast()
}

// killTarget ends a session or window by its id, through a connection that stands or by the tmux program.
func (s *Supervisor) killTarget(ctx context.Context, command, id string) error {
	s.quiet.Lock()
	defer s.quiet.Unlock()
	if c := s.anyClient(); c != nil {
		if _, err := c.Run(ctx, []string{command, "-t", id}); err == nil {
			return nil
		}
	}
	_, err := s.cfg.Tmux.Output(ctx, command, "-t", id)
	return err
}

func (l *launching) say(text string) {
	if l.progress != nil {
		l.progress(text)
	}
}

func (l *launching) execPath(role string) string {
	i := slices.IndexFunc(l.entries, func(e roles.Entry) bool { return e.Role == role })
	return filepath.Join(l.s.cfg.Dir, "run", l.entries[i].ID+".json")
}

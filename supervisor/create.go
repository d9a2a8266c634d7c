package supervisor

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"isesh/layout"
	"isesh/roles"
	"isesh/supervisor/api"
)

// within puts the roles of a plan into a session that stands: the one that single roles share, or one of this team that a person keeps
// windows in.
func (l *launching) within(ctx context.Context, home place, plan layout.SessionPlan, order []string, opts layout.PlanOptions) error {
	l.say("adding windows to session " + home.name)
	home.window = "" // of its own also in a team of panes: in the windows that there are a person is at home
	made, err := l.window(ctx, l.team, plan.Role, home, opts)
	if err != nil {
		return err
	}
	l.windows = append(l.windows, made.window)
	if err := l.enter(ctx, plan.Role, home.name, made); err != nil {
		return err
	}
	return l.more(ctx, plan, made, order)
}

// window makes a window for a role in a session that stands, or, in a team of panes, a pane in home.window.
func (l *launching) window(ctx context.Context, team *layout.Team, role string, home place, opts layout.PlanOptions) (created, error) {
	w, err := l.s.openWatch(ctx, home.session, home.name) // commands need a connection
	if err != nil {
		return created{}, err
	}
	defer w.leave("")
	t := *team
	if home.window == "" {
		t.Arrange = layout.ArrangeWindows
	}
	plan, err := t.PlanWindow(role, opts)
	if err != nil {
		return created{}, err
	}
	client, err := w.current()
	if err != nil {
		return created{}, fmt.Errorf("making a window for %s: %w", role, err)
	}
	l.server = client.Identity()
	made, err := l.run(ctx, plan.Fill(home.session, home.window)...)
	if err != nil {
		return created{}, fmt.Errorf("making a window for %s: %w", role, err)
	}
	return made, nil
}

// session makes one session and the windows in it.
func (l *launching) session(ctx context.Context, plan layout.SessionPlan, order []string) error {
	l.say("creating session " + plan.Session)
	made, err := l.create(ctx, plan)
	if err != nil {
		return err
	}
	l.sessions = append(l.sessions, made.session)
	if err := l.enter(ctx, plan.Role, plan.Session, made); err != nil {
		return err
	}
	return l.more(ctx, plan, made, order)
}

// more makes the windows of a plan that follow its first one.
func (l *launching) more(ctx context.Context, plan layout.SessionPlan, made created, order []string) error {
	// Windows are made in file order as far as the roles they wait for allow.
	more := slices.Clone(plan.More)
	slices.SortStableFunc(more, func(a, b layout.WindowPlan) int { return slices.Index(order, a.Role) - slices.Index(order, b.Role) })
	for _, w := range more {
		if err := l.after(ctx, w.Role); err != nil {
			return err
		}
		got, err := l.run(ctx, w.Fill(made.session, made.window)...)
		if err != nil {
			return fmt.Errorf("making a window for %s: %w", w.Role, err)
		}
		if err := l.enter(ctx, w.Role, plan.Session, got); err != nil {
			return err
		}
	}
	return nil
}

// created is what PrintFormat printed.
type created struct {
	session, window, pane string
	pid                   int
}

func parseCreated(s string) (created, error) {
	f := strings.Fields(s)
	if len(f) != 5 || f[0] != "r" {
		return created{}, fmt.Errorf("tmux answered %q", s)
	}
	n, err := strconv.Atoi(f[4])
	return created{f[1], f[2], f[3], n}, err
}

// create makes a session: through a connection that stands, else by the tmux program with a clean environment, for that may start the server,
// which would inherit ours.
func (l *launching) create(ctx context.Context, plan layout.SessionPlan) (created, error) {
	l.s.quiet.Lock()
	defer l.s.quiet.Unlock()
	var out string
	var err error
	if l.s.anyClient() != nil {
		return l.runIdentified(ctx, plan)
	}
	var words []string
	for i, cmd := range plan.Create {
		if i > 0 {
			words = append(words, ";")
		}
		words = append(words, cmd...)
	}
	server := l.s.cfg.Tmux
	server.Env = serverEnv(l.env)
	if out, err = server.Output(ctx, words...); err == nil {
		l.server, err = l.s.cfg.Tmux.Identity(ctx)
	}
	if err != nil {
		return created{}, l.sessionError(plan.Session, err)
	}
	return parseCreated(firstLine(out))
}

func (l *launching) runIdentified(ctx context.Context, plan layout.SessionPlan) (created, error) {
	client := l.s.anyClient()
	l.server = client.Identity()
	made, err := l.run(ctx, plan.Create...)
	if err != nil {
		return made, l.sessionError(plan.Session, err)
	}
	return made, nil
}

func (l *launching) sessionError(session string, err error) error {
	if strings.Contains(err.Error(), "duplicate session") {
		return &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("there is a tmux session %q already that isesh did not start", session),
			Hint: "end it with: tmux kill-session -t ='" + session + "', or give this team another name with --name",
		}
	}
	return fmt.Errorf("creating session %s: %w", session, err)
}

// run runs commands on one line through a connection that stands.
func (l *launching) run(ctx context.Context, cmds ...[]string) (created, error) {
	client := l.s.anyClient()
	if client == nil {
		return created{}, errNoClient
	}
	out, err := client.Run(ctx, cmds...)
	if err != nil {
		return created{}, err
	}
	for _, body := range out {
		if strings.HasPrefix(body, "r $") {
			return parseCreated(firstLine(body))
		}
	}
	return created{}, fmt.Errorf("tmux did not say what it made: %q", out)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// enter registers a role whose pane was just made and starts its runner.
func (l *launching) enter(ctx context.Context, name, session string, made created) error {
	role := l.team.Role(name)
	i := slices.IndexFunc(l.entries, func(e roles.Entry) bool { return e.Role == name })
	e := &l.entries[i]
	e.Server = serverOf(l.server)
	e.Pane, e.PanePID, e.Session, e.Window, e.SessionName = made.pane, made.pid, made.session, made.window, session
	if err := l.s.reg.Put(*e); err != nil {
		return fmt.Errorf("registering %s: %w", e.Address, err)
	}
	l.s.event(roles.Event{Kind: roles.EventStarted, Role: e.Address, ID: e.ID, Detail: "pane " + e.Pane})
	if err := l.opening(role, *e); err != nil {
		return err
	}
	_, err := l.s.supervise(ctx, *e, nil)
	return err
}

// startup is the origin of opening tasks.
const startup = "startup"

// opening writes down a role's opening task, behind what was kept for the role while it did not run.
func (l *launching) opening(role *layout.ResolvedRole, e roles.Entry) error {
	if role.Task == "" {
		return nil
	}
	pending, err := roles.Pending(l.s.log)
	if err != nil {
		return err
	}
	for _, rec := range pending[e.Address] {
		if rec.Origin == startup { // of a start whose program never came so far as to take it
			l.s.conclude(rec, roles.StatusFailed, "the role was started anew, with its task")
		}
	}
	rec := l.s.record(roles.KindMessage)
	rec.Team, rec.From, rec.To, rec.Text, rec.Tag = e.Team, roles.User.String(), e.Address.String(), role.Task, roles.Tag(role.Task)
	rec.Origin, rec.Status = startup, roles.StatusAccepted
	rec.Owes = owing(rec.Tag) // to the user, whose mailbox then has what the team's first task came to
	if _, err := l.s.typed(e.Address, rec); err != nil {
		return fmt.Errorf("opening task of %s: %w", e.Address, err)
	}
	rec, _, err = l.s.accept(rec)
	if err != nil {
		return err
	}
	l.tasks = append(l.tasks, rec)
	return nil
}

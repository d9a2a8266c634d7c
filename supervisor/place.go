package supervisor

import (
	"context"
	"errors"
	"fmt"

	"isesh/control"
	"isesh/layout"
	"isesh/roles"
)

// place is where a pane is now: ids, and the session's name for people. A person may move panes and windows to other sessions and rename
// those at any time; what the registry remembers is where the role was started.
type place struct{ session, window, name string }

func placeOf(p control.Pane) place { return place{p.Session, p.Window, p.SessionName} }

// chases is how often a pane that was moved is looked for while it keeps moving, or its session cannot be attached to.
const chases = 3

// whereabouts returns a pane as each session that has it sees it, none when it has gone or another process runs in it.
func (s *Supervisor) whereabouts(ctx context.Context, pane string, pid int) ([]control.Pane, error) {
	panes, err := s.cfg.Tmux.Panes(ctx)
	if errors.Is(err, control.ErrNoServer) {
		return nil, nil
	}
	var rows []control.Pane
	for _, p := range panes {
		if p.ID == pane && p.Runs(pid) {
			rows = append(rows, p)
		}
	}
	return rows, err
}

// chase watches a pane where it is now. It returns why when it cannot be watched any more.
func (s *Supervisor) chase(ctx context.Context, p *pane, r *runner) (at place, lost string) {
	for try := 1; ; try++ {
		rows, err := s.whereabouts(ctx, p.id, r.panePID)
		if err == nil && len(rows) == 0 {
			return place{}, "the pane has gone"
		}
		for _, row := range rows {
			if row.Session == p.watch().session {
				return placeOf(row), ""
			}
		}
		if err == nil {
			at = placeOf(rows[0])
			err = s.joinWatch(ctx, p, r, at)
		}
		switch {
		case err == nil:
			s.slog.Info("the pane was moved", "role", r.addr, "session", at.name)
			return at, ""
		case ctx.Err() != nil:
			return r.at, ""
		case try == chases:
			lost = fmt.Sprintf("%s is not watched any more: its pane was moved (%v); its program goes on", r.addr, err)
			s.notice(r.addr.Team, lost)
			return place{}, lost
		}
	}
}

// joinWatch makes a runner hear of its pane from the watch of the session that the pane is in, and no longer from another.
func (s *Supervisor) joinWatch(ctx context.Context, p *pane, r *runner, at place) error {
	for {
		w, err := s.openWatch(ctx, at.session, at.name)
		if err != nil {
			return err
		}
		if !w.join(p.id, r) {
			continue // its last member has just left
		}
		old := p.watch()
		p.enter(w)
		if old != nil && old != w {
			old.leave(p.id)
		}
		return nil
	}
}

// home returns where further windows of a team go: the session that it was started in, if that still stands, as it does also while it only
// holds windows of a person. window is one with a pane of the team, "" when there is none.
func (s *Supervisor) home(ctx context.Context, t *layout.Team, role string) (place, error) {
	id, err := s.cfg.Tmux.Identity(ctx)
	if errors.Is(err, control.ErrNoServer) {
		return place{}, nil
	}
	if err != nil {
		return place{}, fmt.Errorf("asking tmux who it is: %w", err)
	}
	panes, err := s.cfg.Tmux.Panes(ctx)
	if err != nil && !errors.Is(err, control.ErrNoServer) {
		return place{}, fmt.Errorf("asking tmux which sessions there are: %w", err)
	}
	var at place
	for _, e := range s.reg.All() {
		if e.Team != t.Name || e.Server.PID != id.PID || e.Server.Start != id.Start {
			continue
		}
		if (t.Arrange == layout.ArrangeSessions || t.Name == "") && e.SessionName != t.SessionName(s.cfg.Prefix, role) {
			continue
		}
		for _, p := range panes {
			if p.Session != e.Session {
				continue
			}
			if own := p.ID == e.Pane && p.Runs(e.PanePID); own || at.session == "" {
				at.session, at.name = p.Session, p.SessionName
				if own {
					at.window = p.Window
				}
			}
		}
	}
	return at, nil
}

// serverOf is a server as the registry remembers it.
func serverOf(id control.Identity) roles.ServerID {
	return roles.ServerID{Socket: id.Socket, PID: id.PID, Start: id.Start}
}

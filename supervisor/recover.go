package supervisor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"isesh/control"
	"isesh/roles"
	"isesh/roles/agent"
)

// firstLook bounds the wait for the first look at every role that was taken up. A look takes milliseconds.
const firstLook = 500 * time.Millisecond

// readAgain is how soon the messages that wait for a role are read again when that has failed.
const readAgain = 1 * time.Second

// recover finds the roles again that an earlier supervisor left running, and takes up what it had not finished.
func (s *Supervisor) recover(ctx context.Context) error {
	if n, err := control.SweepOrphans(s.mark()); err != nil {
		s.slog.Warn("sweeping control clients left behind", "err", err)
	} else if n > 0 {
		s.slog.Info("ended control clients left behind", "count", n)
	}
	entries := s.reg.All()
	panes, id, err := s.livePanes(ctx, entries)
	if err != nil {
		return err
	}
	if s.recalled, err = s.recall(); err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		if e.Pane == "" {
			continue
		}
		p, ok := panes[e.Pane]
		if !ok || e.Server.PID != id.PID || e.Server.Start != id.Start || !p.Runs(e.PanePID) {
			errs = append(errs, s.ended(e))
			continue
		}
		e.Session, e.Window, e.SessionName = p.Session, p.Window, p.SessionName
		if err := s.takeUp(ctx, e, p.Step, nil); err != nil {
			s.slog.Error("taking up a role again", "role", e.Address, "err", err)
		}
	}
	s.settleRecalled(s.recalled)
	// The first answers tell what the screens show: whoever asks may have asked the supervisor before this one a moment ago.
	s.until(ctx, firstLook, func() bool {
		return !slices.ContainsFunc(s.allRunners(), func(r *runner) bool { return r.view().role.State == string(agent.Starting) })
	})
	return errors.Join(errs...)
}

// livePanes lists the panes of the server, if there is one and something of ours could live in it.
func (s *Supervisor) livePanes(ctx context.Context, entries []roles.Entry) (map[string]control.Pane, control.Identity, error) {
	out := map[string]control.Pane{}
	any := false
	for _, e := range entries {
		any = any || e.Pane != ""
	}
	if !any {
		return out, control.Identity{}, nil
	}
	id, err := s.cfg.Tmux.Identity(ctx)
	if errors.Is(err, control.ErrNoServer) {
		return out, id, nil
	}
	if err != nil {
		return nil, id, fmt.Errorf("asking tmux which roles still run: %w", err)
	}
	panes, err := s.cfg.Tmux.Panes(ctx)
	if err != nil && !errors.Is(err, control.ErrNoServer) {
		return nil, id, fmt.Errorf("asking tmux which roles still run: %w", err)
	}
	for _, p := range panes {
		home := slices.ContainsFunc(entries, func(e roles.Entry) bool { return e.Pane == p.ID && e.Session == p.Session })
		if _, ok := out[p.ID]; !ok || home { // a window can be in several sessions
			out[p.ID] = p
		}
	}
	return out, id, nil
}

// ended notes that a role ended while nobody watched.
func (s *Supervisor) ended(e roles.Entry) error {
	s.event(roles.Event{Kind: roles.EventDied, Role: e.Address, ID: e.ID, Detail: "ended while no supervisor ran"})
	e.Pane, e.PanePID = "", 0
	return s.reg.Put(e)
}

// takeUp supervises a role that runs already; mark is what its pane's @isesh_step says. before is the runner that failed, if one did: those
// who wait for its messages go on waiting.
func (s *Supervisor) takeUp(ctx context.Context, e roles.Entry, mark string, before *runner) error {
	_, err := s.supervise(ctx, e, func(r *runner) {
		r.wasIdle = true // it started long ago
		r.step = mark
		r.recallTurns(s.recalled, before)
		r.before = before
	})
	return err
}

// takeKept fills the queue with what is on disk for the role. Until that has succeeded nothing is typed.
func (r *runner) takeKept() {
	// Whoever takes messages out while no runner has them holds the lock, too.
	r.s.outs.Lock()
	defer r.s.outs.Unlock()
	kept, err := r.s.kept(r.entry)
	if err != nil {
		r.slog.Error("reading the messages that wait", "err", err)
		r.holdText = "its messages cannot be read"
		r.unread = time.Now().Add(readAgain)
		return
	}
	r.unread = time.Time{}
	r.recallLeft(kept)
	for _, d := range kept {
		if d.rec.Status == roles.StatusReturned && d.rec.Step != "" {
			r.recallReturned(d)
			continue
		}
		if r.before != nil {
			if old := r.before.holds(d.rec.ID); old != nil {
				old.phase, old.retry = waiting, time.Time{}
				d = old
			}
		}
		r.enqueue(d)
	}
	r.before = nil
}

// recallReturned takes a message up again that the agent had handed back into its composer.
func (r *runner) recallReturned(d *delivery) {
	if d.rec.Step != r.step { // of an earlier program
		r.s.conclude(d.rec, roles.StatusFailed, "handed back into the composer; the program ended")
		return
	}
	d.before, d.assumed = composed(d.text), true
	d.set(roles.StatusReturned, d.rec.Evidence, "")
	r.sent, r.doubt = d, d
}

// recallLeft finds the message that an earlier supervisor left in the composer, as it was asked to. The mark on the pane tells which it may be.
func (r *runner) recallLeft(kept []*delivery) {
	id := markedID(r.step)
	if p, _ := reached(r.step, id); p != pasting || r.doubt != nil || slices.ContainsFunc(kept, func(d *delivery) bool { return d.rec.ID == id }) {
		return
	}
	rec, receipts, err := r.s.log.Get(id)
	if err != nil || !rec.NoSubmit || len(receipts) == 0 || receipts[len(receipts)-1].Status != roles.StatusUnconfirmed {
		return
	}
	text, err := r.s.typedBy(r.prof, rec)
	if err != nil {
		return
	}
	d := r.s.newDelivery(rec, text)
	d.before, d.assumed = composed(text), true
	d.set(roles.StatusPasted, "", "")
	d.doneIt.Do(func() { close(d.done) })
	r.sent, r.doubt = d, d
}

// composed is what the screen must have shown when a text was in the composer.
func composed(text string) agent.Reading {
	return agent.Reading{State: agent.Idle, Composer: true, Draft: true, DraftText: text, Selected: -1}
}

// kept returns the messages that were accepted for a role and not finished, in the order in which they were, ready to be typed.
func (s *Supervisor) kept(e roles.Entry) ([]*delivery, error) {
	pending, err := roles.Pending(s.log)
	if err != nil {
		return nil, err
	}
	prof, err := agent.LoadFrom(s.cfg.Profiles, e.Profile)
	if err != nil {
		return nil, err
	}
	var out []*delivery
	for _, rec := range pending[e.Address] {
		text, err := s.typedBy(prof, rec)
		if err != nil { // the role runs another agent now: one message must not keep the others, or the role itself, from being taken up
			s.conclude(rec, roles.StatusFailed, err.Error())
			continue
		}
		d := s.newDelivery(rec, text)
		d.tossed = tossed(rec)
		d.parkIt.Do(func() { close(d.parked) })
		out = append(out, d)
	}
	return out, nil
}

// owed reports whether a message waits to be typed, or is being typed.
func (s *Supervisor) owed(id string) bool {
	rec, receipts, err := s.log.Get(id)
	if err != nil {
		return false
	}
	status := rec.Status
	for _, r := range receipts {
		if r.Kind == roles.KindReceipt && r.Status != "" {
			status = r.Status
		}
	}
	return !status.Final()
}

// conclude gives a message that no runner has its last status.
func (s *Supervisor) conclude(msg roles.Record, status roles.Status, why string) {
	s.write(s.lastStatus(msg, status, why))
	if status == roles.StatusFailed {
		s.over(msg.ID)
	}
	s.slog.Info("message", "id", msg.ID, "status", status, "why", why)
}

// lastStatus is the receipt that ends a message.
func (s *Supervisor) lastStatus(msg roles.Record, status roles.Status, why string) roles.Record {
	rec := s.record(roles.KindReceipt)
	rec.Team, rec.Ref, rec.From, rec.To, rec.Status, rec.Evidence = msg.Team, msg.ID, msg.From, msg.To, status, why
	return rec
}

package supervisor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"isesh/roles"
	"isesh/roles/agent"
	"isesh/supervisor/api"
)

// posting says how a message is to be accepted.
type posting struct {
	// queue: also while its target waits for an answer: it goes when it can. What nobody wrote on purpose (automatic) is then kept for a role
	// that has ended, too; anything else to such a role is an error.
	queue bool
	// keep: for a role that has ended, too, whoever wrote it
	keep bool
}

// posted is what came of a post.
type posted struct {
	d       *delivery   // on its way to a pane; nil: receipt is all there is to tell
	receipt api.Receipt // rejected, put into a mailbox, taken by a waiter, or that of a message that was known and is settled
	again   bool        // the id was known: nothing new was accepted
}

// await waits until a message has a final status, or cannot go now, or the time is up.
func (p posted) await(ctx context.Context, within time.Duration) api.Receipt {
	r := p.receipt
	if p.d != nil {
		r = await(ctx, p.d, within)
	}
	r.Again = p.again
	return r
}

// post is the one way for a message to be accepted, whoever it is for: once it returns without an error, and not rejected, the message is kept, and
// the runner of its target has it if there is one. A record whose id is known already is that message, not another one; without an id it gets one.
// It may be called from any goroutine but a runner's.
func (s *Supervisor) post(ctx context.Context, rec roles.Record, how posting) (posted, error) {
	to, err := roles.ParseAddress(rec.To)
	if err != nil {
		return posted{}, err
	}
	var text string
	if s.mailboxOnly(to) {
		rec.Status, rec.Evidence, rec.AsFile = roles.StatusSubmitted, "mailbox", false // nothing is typed
	} else {
		menu, err := s.refuses(ctx, to, rec, how)
		if menu != nil || err != nil {
			return s.refused(ctx, rec, menu, err)
		}
		rec.AsFile = s.asFile(rec)
		if text, err = s.typed(to, rec); err != nil {
			return posted{}, err
		}
	}
	fault("before it is accepted")
	rec, again, err := s.accept(rec)
	switch {
	case err != nil:
		return posted{}, err
	case again:
		return s.repeated(ctx, rec)
	case s.said(rec):
		return posted{receipt: s.takenByWaiter(rec)}, nil
	case rec.Status.Final():
		return posted{receipt: s.receiptOf(rec)}, nil
	}
	fault("after it was accepted")
	d := s.newDelivery(rec, text)
	s.handOver(d, to)
	return posted{d: d}, nil
}

// refuses says why a role takes no message now: its program has ended and nobody is starting it again, or it waits for an answer.
func (s *Supervisor) refuses(ctx context.Context, to roles.Address, rec roles.Record, how posting) (menu *api.Menu, err error) {
	keep := func() bool { return how.keep || how.queue && automatic(rec) || s.launching(to) } // for the program that comes next
	r := s.runner(to)
	if r == nil || !r.view().live {
		if keep() {
			return nil, nil
		}
		return nil, s.dead(to)
	}
	if err := r.canQueue(rec); err != nil {
		return nil, err
	}
	menu, err = r.admit(ctx, how.queue)
	var gone *api.Error
	if errors.As(err, &gone) && gone.Code == api.CodeDead && keep() {
		return nil, nil
	}
	return menu, err
}

// refused is the answer to a message that is not accepted: an error, or a receipt that says what its target waits for. One that was accepted before,
// and comes again, is not refused.
func (s *Supervisor) refused(ctx context.Context, rec roles.Record, menu *api.Menu, err error) (posted, error) {
	known, _, getErr := s.log.Get(rec.ID)
	switch {
	case getErr == nil && known.From == rec.From && known.To == rec.To && known.Text == rec.Text:
		return s.repeated(ctx, known)
	case err != nil:
		return posted{}, err
	}
	return posted{receipt: s.reject(rec, menu)}, nil
}

// accept writes a message down, unless its id is known: then it returns that message, again is set and nothing is written.
func (s *Supervisor) accept(rec roles.Record) (_ roles.Record, again bool, err error) {
	got, err := s.log.Accept(rec)
	if errors.Is(err, roles.ErrIDTaken) {
		return rec, false, &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("the id %q belongs to another message; nothing was sent", rec.ID), Hint: "isesh status " + rec.ID + " shows it",
		}
	}
	if err != nil {
		return rec, false, fmt.Errorf("writing the message down, nothing was sent: %w", err)
	}
	if !got.Again {
		s.grown()
		s.keepText(got.Record)
	}
	return got.Record, got.Again, nil
}

// repeated finds a message that was accepted before, to wait for its delivery if it is still under way.
func (s *Supervisor) repeated(ctx context.Context, rec roles.Record) (posted, error) {
	p := posted{again: true}
	if to, err := roles.ParseAddress(rec.To); err == nil {
		if r := s.runner(to); r != nil {
			// A runner that has ended holds nothing; the log tells then.
			_ = r.do(ctx, func() { p.d = r.holds(rec.ID) })
		}
	}
	if p.d != nil {
		return p, nil
	}
	receipt, _, err := s.Receipt(ctx, api.Caller{}, rec.ID)
	if p.receipt = receipt; err == nil && !receipt.Status.Final() && receipt.Status == roles.StatusAccepted {
		p.receipt.Status, p.receipt.Reason = roles.StatusQueued, "its role does not run"
	}
	return p, err
}

// takenByWaiter ends a message that a command waits for: it is that command's, and is not typed.
func (s *Supervisor) takenByWaiter(rec roles.Record) api.Receipt {
	out := s.receiptOf(rec)
	out.Status, out.Evidence = roles.StatusTaken, byWaiter
	return out
}

// receiptOf is the receipt of a message of which no more is known than its record.
func (s *Supervisor) receiptOf(rec roles.Record) api.Receipt {
	return api.Receipt{ID: rec.ID, From: rec.From, To: rec.To, Status: rec.Status, Evidence: rec.Evidence, Time: rec.Time, File: s.fileOf(rec)}
}

// mailboxOnly reports that nothing is ever typed for an address: the user's, and a role's without a pane.
func (s *Supervisor) mailboxOnly(a roles.Address) bool {
	e, ok := s.reg.Get(a)
	return a == roles.User || ok && e.Mailbox
}

// typed is what is typed for a message.
func (s *Supervisor) typed(to roles.Address, rec roles.Record) (string, error) {
	e, ok := s.reg.Get(to)
	if !ok {
		return "", s.dead(to)
	}
	prof, err := agent.LoadFrom(s.cfg.Profiles, e.Profile)
	if err != nil {
		return "", err
	}
	return s.typedBy(prof, rec)
}

// typedBy is what is typed for a message into an agent of a kind.
func (s *Supervisor) typedBy(prof *agent.Profile, rec roles.Record) (string, error) {
	body := rec.Text
	if path := s.fileOf(rec); path != "" {
		body = pointer(body, path)
	}
	text, err := prof.Prepare(body, agent.Prep{From: s.senderTag(rec), Tag: !rec.NoTag, Raw: rec.Raw})
	if err == nil && text == "" {
		err = errors.New("nothing is left of the message once control characters are removed")
	}
	if err != nil {
		return "", &api.Error{Code: api.CodeUsage, Message: err.Error()}
	}
	return text, nil
}

// canQueue refuses a message that is to go into a busy agent at once where that is not safe.
func (r *runner) canQueue(rec roles.Record) error {
	if state := r.view().role.State; rec.Now && state != string(agent.Idle) && !r.prof.Queues() {
		return &api.Error{
			Code: api.CodeUsage, Message: fmt.Sprintf("%s is %s, and a %s has no queue of its own that is safe to use", r.addr, state, r.prof.Name()),
			Hint: "without --now the message waits on disk and goes by itself",
		}
	}
	return nil
}

// handOver gives an accepted message to the runner of its target, or to the one that has followed meanwhile. The sender may have left: accepted
// is accepted. Without a runner it waits on disk: one that is made from now on reads what is there when it begins.
func (s *Supervisor) handOver(d *delivery, to roles.Address) {
	var before *runner
	for r := s.runner(to); r != nil && r != before; before, r = r, s.runner(to) {
		if r.do(s.run, func() { r.arrive(d) }) == nil {
			return
		}
	}
	d.parkIt.Do(func() {
		d.set(roles.StatusQueued, "", "its role does not run now")
		close(d.parked)
	})
}

// await waits until a message has a final status, or cannot go now, or the time is up.
func await(ctx context.Context, d *delivery, within time.Duration) api.Receipt {
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-d.done:
	case <-d.parked:
	case <-timer.C:
	case <-ctx.Done():
	}
	now := d.now()
	switch now.Status {
	case roles.StatusPasting, roles.StatusPasted, roles.StatusEntered:
		select {
		case <-d.done: // --no-submit ends at pasted
		default:
			if now.Reason != heldMixed {
				now.Reason = fmt.Sprintf("typed as far as %q, the proof of the submit is still awaited", now.Status)
			}
			now.Status = roles.StatusUnconfirmed
		}
	case roles.StatusAccepted:
		now.Status, now.Reason = roles.StatusQueued, "its turn has not come yet"
	}
	return now
}

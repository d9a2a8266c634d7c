package supervisor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"isesh/roles"
	"isesh/roles/agent"
	"isesh/supervisor/api"
)

var pid = os.Getpid()

// MaxText is how long the text of a message may be, in bytes, unless Config.Longest says less.
const MaxText = 4 << 20

// sendWithin is how long a send waits for the proof of a submit unless it says otherwise.
const sendWithin = 5 * time.Second

// Send accepts a message and waits a moment for it to be submitted. Its receipt tells how far it came: rejected, when the target waits for
// an answer and nothing was kept or typed; queued, submitted, or unconfirmed. The same id again is the same message: its receipt as it stands.
func (s *Supervisor) Send(ctx context.Context, c api.Caller, req api.SendRequest) (api.Receipt, error) {
	within, err := duration(req.Within, sendWithin)
	if err != nil {
		return api.Receipt{}, err
	}
	if err := s.checkText(req.Text); err != nil {
		return api.Receipt{}, err
	}
	if err := checkID(req.ID); err != nil {
		return api.Receipt{}, err
	}
	to, err := s.resolve(c, req.To)
	if err != nil {
		return api.Receipt{}, err
	}
	if to == c.Role {
		return api.Receipt{}, &api.Error{Code: api.CodeUsage, Message: "a role cannot send to itself"}
	}
	rec, err := s.message(c, to, req)
	if err != nil {
		return api.Receipt{}, err
	}
	rec.InReplyTo = s.answers(rec)
	if err := s.allow(c, rec); err != nil {
		return api.Receipt{}, err
	}
	p, err := s.post(ctx, rec, posting{queue: req.Queue})
	if err != nil || p.receipt.Status == roles.StatusRejected {
		s.disallow(rec)
	}
	if err != nil {
		return api.Receipt{}, err
	}
	return p.await(ctx, within), nil
}

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
	if s.mailboxOnly(to) {
		rec.Status, rec.Evidence = roles.StatusSubmitted, "mailbox"
		rec, again, err := s.accept(rec)
		switch {
		case err != nil:
			return posted{}, err
		case again:
			return s.repeated(ctx, rec)
		case s.said(rec):
			return posted{receipt: s.takenByWaiter(rec)}, nil
		}
		return posted{receipt: s.receiptOf(rec)}, nil
	}
	r := s.runner(to)
	live := r != nil && r.view().live
	if !live && !s.launching(to) && !how.keep && !(how.queue && automatic(rec)) {
		return s.orKnown(ctx, rec, posted{}, s.dead(to))
	}
	if live {
		var rejected *api.Menu
		if err = r.canQueue(rec); err == nil {
			rejected, err = r.admit(ctx, how.queue)
		}
		var gone *api.Error
		if errors.As(err, &gone) && gone.Code == api.CodeDead && (how.keep || s.launching(to)) {
			err = nil // the message is for the next one
		}
		switch {
		case err != nil:
			return s.orKnown(ctx, rec, posted{}, err)
		case rejected != nil:
			p, err := s.orKnown(ctx, rec, posted{}, nil)
			if err == nil && !p.again {
				p.receipt = s.reject(rec, rejected)
			}
			return p, err
		}
	}
	rec.AsFile = s.asFile(rec)
	text, err := s.typed(to, rec)
	if err != nil {
		return posted{}, err
	}
	fault("before it is accepted")
	rec, again, err := s.accept(rec)
	if err != nil {
		return posted{}, err
	}
	if again {
		return s.repeated(ctx, rec)
	}
	if s.said(rec) {
		return posted{receipt: s.takenByWaiter(rec)}, nil
	}
	fault("after it was accepted")
	d := s.newDelivery(rec, text)
	s.handOver(d, to)
	return posted{d: d}, nil
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
	}
	return got.Record, got.Again, nil
}

// orKnown is what is answered in place of a message that cannot be accepted now: err, unless its id is that of one that was accepted before.
func (s *Supervisor) orKnown(ctx context.Context, rec roles.Record, p posted, err error) (posted, error) {
	known, _, getErr := s.log.Get(rec.ID)
	if getErr != nil || known.From != rec.From || known.To != rec.To || known.Text != rec.Text {
		return p, err
	}
	return s.repeated(ctx, known)
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
			now.Reason = fmt.Sprintf("typed as far as %q, the proof of the submit is still awaited", now.Status)
			now.Status = roles.StatusUnconfirmed
		}
	case roles.StatusAccepted:
		now.Status, now.Reason = roles.StatusQueued, "its turn has not come yet"
	}
	return now
}

// message makes the record of a message. Who sends is what the supervisor found out; a claim that disagrees is kept as a label.
func (s *Supervisor) message(c api.Caller, to roles.Address, req api.SendRequest) (roles.Record, error) {
	rec := s.record(roles.KindMessage)
	rec.Team, rec.From, rec.To, rec.Text, rec.Tag = to.Team, c.Name(), to.String(), req.Text, roles.Tag(req.Text)
	rec.Raw, rec.NoTag, rec.NoSubmit, rec.Now, rec.AsFile, rec.Status = req.Raw, req.NoTag, req.NoSubmit, req.Now, req.AsFile, roles.StatusAccepted
	if req.ID != "" {
		rec.ID = req.ID
	}
	rec.Owes = (req.Owes || owing(rec.Tag)) && !req.Raw && !req.NoSubmit
	rec.Origin = "person"
	if c.Role.Role != "" {
		rec.Origin = "role:" + c.How
	}
	if req.From != "" {
		claimed := req.From
		if a, err := s.resolve(c, req.From); err == nil {
			claimed = a.String()
		} else if err := roles.ValidName(req.From); err != nil {
			return rec, &api.Error{Code: api.CodeUsage, Message: fmt.Sprintf("--from: %v", err)}
		}
		if claimed != rec.From {
			rec.Origin = "unverified:" + claimed
		}
	}
	return rec, nil
}

// owing reports that an answer is owed to messages with a tag.
func owing(tag string) bool { return tag == "TASK" || tag == "QUESTION" }

// senderTag is the name shown to the receiver: a role of its own team goes by its bare name, and a person by none.
func (s *Supervisor) senderTag(rec roles.Record) string {
	from := rec.From
	if claimed, ok := strings.CutPrefix(rec.Origin, "unverified:"); ok {
		return claimed + "(unverified)"
	}
	if from == roles.User.String() {
		return ""
	}
	a, err := roles.ParseAddress(from)
	switch {
	case err == nil && a.Team == rec.Team:
		return a.Role
	case err == nil && a.Team == "":
		return "/" + a.Role // a bare name would be a role of the receiver's own team
	}
	return from
}

// reject leaves a notice of a message that was refused; its text is not kept.
func (s *Supervisor) reject(rec roles.Record, menu *api.Menu) api.Receipt {
	n := s.record(roles.KindNotice)
	n.Team, n.From, n.To, n.Status = rec.Team, rec.From, rec.To, roles.StatusRejected
	n.Text = fmt.Sprintf("a message of %d bytes was refused: %s waits for an answer (%s)", len(rec.Text), rec.To, menu.Kind)
	s.write(n)
	return api.Receipt{
		ID: n.ID, From: rec.From, To: rec.To, Status: roles.StatusRejected, Time: n.Time, Menu: menu,
		Reason: fmt.Sprintf("%s waits for an answer: %s", rec.To, firstOf(menu.Heading, menu.Kind)),
	}
}

// admit decides whether a message may be accepted: never while the agent waits for an answer, unless it may be queued behind that.
func (r *runner) admit(ctx context.Context, queue bool) (rejected *api.Menu, err error) {
	doErr := r.do(ctx, func() {
		if r.look.pending() {
			r.see(ctx) // something was drawn since: a menu, perhaps
		}
		switch {
		case r.gone || r.state == agent.Dead:
			err = r.s.dead(r.addr)
		case r.state == agent.Waiting && !queue:
			rejected = menuOf(r.reading)
		}
	})
	return rejected, errors.Join(doErr, err)
}

// write adds records to the conversation without waiting for the disk.
func (s *Supervisor) write(recs ...roles.Record) {
	if err := s.log.AppendLazy(recs...); err != nil {
		s.slog.Error("writing to the conversation", "err", err)
	}
	s.grown()
}

func (s *Supervisor) checkText(text string) error {
	most := MaxText
	if s.cfg.Longest > 0 {
		most = min(most, s.cfg.Longest)
	}
	switch {
	case strings.TrimSpace(text) == "":
		return &api.Error{Code: api.CodeUsage, Message: "the message is empty"}
	case len(text) > most:
		return &api.Error{
			Code: api.CodeUsage, Message: fmt.Sprintf("the message has %d bytes, more than %d", len(text), most),
			Hint: "put it into a file and send the file's path",
		}
	}
	return nil
}

// checkID says what is wrong with an id that a sender chose, "" being none.
func checkID(id string) error {
	if id == "" {
		return nil
	}
	if err := roles.ValidID(id); err != nil {
		return &api.Error{Code: api.CodeUsage, Message: err.Error(), Hint: "an id is 1 to 64 of A-Z a-z 0-9 . _ : -"}
	}
	return nil
}

func duration(s string, otherwise time.Duration) (time.Duration, error) {
	if s == "" {
		return otherwise, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, &api.Error{Code: api.CodeUsage, Message: fmt.Sprintf("%q is not a duration", s), Hint: "write 500ms, 30s or 2m"}
	}
	return d, nil
}

// Receipt tells how far a message came.
func (s *Supervisor) Receipt(_ context.Context, _ api.Caller, id string) (api.Receipt, []roles.Record, error) {
	rec, receipts, err := s.log.Get(id)
	if errors.Is(err, roles.ErrNotFound) {
		return api.Receipt{}, nil, &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("no message %q", id), Hint: "isesh log shows them"}
	}
	if err != nil {
		return api.Receipt{}, nil, err
	}
	out := s.receiptOf(rec)
	for _, last := range receipts {
		if last.Status != "" {
			out.Status, out.Evidence, out.Time = last.Status, last.Evidence, last.Time
		}
	}
	return out, append([]roles.Record{rec}, receipts...), nil
}

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

// MaxText is how long the text of a message may be, in bytes.
const MaxText = 4 << 20

// sendWithin is how long a send waits for the proof of a submit unless it says otherwise.
const sendWithin = 5 * time.Second

// Send accepts a message and waits a moment for it to be submitted. Its receipt tells how far it came: rejected, when the target waits for
// an answer and nothing was kept or typed; queued, submitted, or unconfirmed.
func (s *Supervisor) Send(ctx context.Context, c api.Caller, req api.SendRequest) (api.Receipt, error) {
	within, err := duration(req.Within, sendWithin)
	if err != nil {
		return api.Receipt{}, err
	}
	if err := checkText(req.Text); err != nil {
		return api.Receipt{}, err
	}
	to, err := s.resolve(c, req.To)
	if err != nil {
		return api.Receipt{}, err
	}
	rec, err := s.message(c, to, req)
	if err != nil {
		return api.Receipt{}, err
	}
	if to == roles.User {
		return s.keep(rec)
	}
	if to == c.Role {
		return api.Receipt{}, &api.Error{Code: api.CodeUsage, Message: "a role cannot send to itself"}
	}
	d, refused, err := s.post(ctx, rec, posting{queue: req.Queue})
	if err != nil {
		return api.Receipt{}, err
	}
	if refused != nil {
		return *refused, nil
	}
	return await(ctx, d, within), nil
}

// posting says how a message is to be accepted.
type posting struct {
	queue bool // also while its target waits for an answer, or has ended: it goes when it can
}

// post accepts a message and hands it to the runner of its target: once it returns without an error, and not refused, the message is kept. refused is
// the receipt of a message that was not accepted because its target waits for an answer. It may be called from any goroutine but a runner's.
func (s *Supervisor) post(ctx context.Context, rec roles.Record, how posting) (d *delivery, refused *api.Receipt, err error) {
	to, err := roles.ParseAddress(rec.To)
	if err != nil {
		return nil, nil, err
	}
	r := s.runner(to)
	if r == nil || !r.view().live {
		return nil, nil, s.dead(to)
	}
	if rec.Now && r.view().role.State != string(agent.Idle) {
		return nil, nil, &api.Error{
			Code: api.CodeUsage, Message: fmt.Sprintf("%s is %s, and a %s has no queue of its own that is safe to use", to, r.view().role.State, r.prof.Name()),
			Hint: "without --now the message waits on disk and goes by itself",
		}
	}
	text, err := r.prof.Prepare(rec.Text, agent.Prep{From: s.senderTag(rec), Tag: !rec.NoTag, Raw: rec.Raw})
	if err != nil {
		return nil, nil, &api.Error{Code: api.CodeUsage, Message: err.Error()}
	}
	if text == "" {
		return nil, nil, &api.Error{Code: api.CodeUsage, Message: "nothing is left of the message once control characters are removed"}
	}
	d = newDelivery(rec, text)
	d.noSubmit = rec.NoSubmit
	rejected, err := r.admit(ctx, how.queue)
	if err != nil {
		return nil, nil, err
	}
	if rejected != nil {
		receipt := s.reject(rec, rejected)
		return nil, &receipt, nil
	}
	if err := s.log.Append(rec); err != nil {
		return nil, nil, fmt.Errorf("writing the message down, nothing was sent: %w", err)
	}
	s.records.broadcast()
	s.handOver(r, d)
	return d, nil, nil
}

// handOver gives an accepted message to its runner, or to the one that has followed meanwhile. The sender may have left: accepted is accepted.
func (s *Supervisor) handOver(r *runner, d *delivery) {
	for {
		if r.do(s.run, func() { r.enqueue(d) }) == nil {
			return
		}
		next := s.runner(r.addr)
		if next == nil || next == r {
			break
		}
		r = next
	}
	// It is on disk, so it is not lost: it waits for the role to come back.
	d.parkIt.Do(func() {
		d.set(roles.StatusQueued, "", "role ended")
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

// keep puts a message into a mailbox that has no pane behind it.
func (s *Supervisor) keep(rec roles.Record) (api.Receipt, error) {
	rec.Status, rec.Evidence = roles.StatusSubmitted, "mailbox"
	if err := s.log.Append(rec); err != nil {
		return api.Receipt{}, fmt.Errorf("writing the message down: %w", err)
	}
	s.records.broadcast()
	return api.Receipt{ID: rec.ID, From: rec.From, To: rec.To, Status: rec.Status, Evidence: rec.Evidence, Time: rec.Time}, nil
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
	s.records.broadcast()
}

func checkText(text string) error {
	switch {
	case strings.TrimSpace(text) == "":
		return &api.Error{Code: api.CodeUsage, Message: "the message is empty"}
	case len(text) > MaxText:
		return &api.Error{
			Code: api.CodeUsage, Message: fmt.Sprintf("the message has %d bytes, more than %d", len(text), MaxText),
			Hint: "put it into a file and send the file's path",
		}
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
	out := api.Receipt{ID: rec.ID, From: rec.From, To: rec.To, Status: rec.Status, Evidence: rec.Evidence, Time: rec.Time}
	for _, last := range receipts {
		if last.Status != "" {
			out.Status, out.Evidence, out.Time = last.Status, last.Evidence, last.Time
		}
	}
	return out, append([]roles.Record{rec}, receipts...), nil
}

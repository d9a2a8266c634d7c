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
	if to == roles.User && c.Role.Role == "" && req.Owes {
		return api.Receipt{}, &api.Error{Code: api.CodeUsage, Message: "nobody answers what you ask yourself", Hint: "isesh list shows whom to ask"}
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
	if err != nil && !isConflict(err) || p.receipt.Status == roles.StatusRejected { // what has the id is counted, and stays so
		s.disallow(rec)
	}
	if err != nil {
		return api.Receipt{}, err
	}
	return p.await(ctx, within), nil
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
		return &api.Error{Code: api.CodeUsage, Message: err.Error()} // which says what an id is made of
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

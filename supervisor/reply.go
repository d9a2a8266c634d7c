package supervisor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"isesh/roles"
	"isesh/supervisor/api"
)

// spoken are the kinds of record that are for somebody to read and to answer.
var spoken = []roles.Kind{roles.KindMessage, roles.KindReply, roles.KindBroadcast}

// replyText is how much of a turn's last text an automatic reply carries. The rest is in the conversation.
const replyText = 2 << 10

// The origins of automatic replies: what ended the turn that they tell of.
const (
	originAuto        = "auto"
	originInterrupted = "auto:interrupted"
	originDead        = "auto:dead"
	originFailed      = "auto:failed"
)

// Reply answers a message: the one with the id, or the one whose turn the caller's role is at, or the last that the role was given and has not answered.
// A person without an id answers the last that a role sent to the user. The answer waits behind an open menu, as every message that waits on disk, and for
// a role that does not run now: who asked finds it when he comes back.
func (s *Supervisor) Reply(ctx context.Context, c api.Caller, req api.ReplyRequest) (api.Receipt, error) {
	within, err := duration(req.Within, sendWithin)
	if err != nil {
		return api.Receipt{}, err
	}
	if err := s.checkText(req.Text); err != nil {
		return api.Receipt{}, err
	}
	if err := checkID(req.NewID); err != nil {
		return api.Receipt{}, err
	}
	asked, err := s.replyTo(ctx, c, req)
	if err != nil {
		return api.Receipt{}, err
	}
	to, err := roles.ParseAddress(asked.From)
	if err != nil {
		return api.Receipt{}, &api.Error{Code: api.CodeUsage, Message: fmt.Sprintf("message %q names nobody who could be answered", asked.ID)}
	}
	rec, err := s.message(c, to, api.SendRequest{Text: req.Text, ID: req.NewID})
	if err != nil {
		return api.Receipt{}, err
	}
	rec.Kind, rec.InReplyTo = roles.KindReply, asked.ID
	if err := s.allow(c, rec); err != nil {
		return api.Receipt{}, err
	}
	p, err := s.post(ctx, rec, posting{queue: true, keep: true})
	if err != nil {
		return api.Receipt{}, err
	}
	return p.await(ctx, within), nil
}

// replyTo finds the message that a reply answers.
func (s *Supervisor) replyTo(ctx context.Context, c api.Caller, req api.ReplyRequest) (roles.Record, error) {
	if req.NewID != "" { // said before, perhaps, by a client that heard nothing of it: it answers what it answered then
		if old, _, err := s.log.Get(req.NewID); err == nil && old.Kind == roles.KindReply && req.ID == "" {
			req.ID = old.InReplyTo
		}
	}
	if req.ID != "" {
		return s.askedBy(c, req.ID)
	}
	if c.Role.Role != "" {
		running := slices.DeleteFunc(s.runs(c.Role), func(rec roles.Record) bool { return rec.From == "" || rec.From == c.Name() })
		if len(running) > 1 {
			return roles.Record{}, whichMessage("several messages are being worked on", running)
		}
		if len(running) == 1 {
			return running[0], nil
		}
		if rec := s.entered(ctx, c.Role); rec.From != "" && rec.From != c.Name() {
			return rec, nil
		}
	}
	return s.lastAsked(c)
}

// entered is the message that a role was given by an Enter whose proof is still awaited: an agent may be quicker with its answer.
func (s *Supervisor) entered(ctx context.Context, a roles.Address) (rec roles.Record) {
	if r := s.runner(a); r != nil {
		_ = r.do(ctx, func() {
			if r.cur != nil && r.cur.phase == entered {
				rec = r.cur.rec
			}
		})
	}
	return rec
}

// askedBy returns the message with an id, if the caller may answer it.
func (s *Supervisor) askedBy(c api.Caller, id string) (roles.Record, error) {
	rec, _, err := s.log.Get(id)
	switch {
	case errors.Is(err, roles.ErrNotFound):
		return rec, s.noMessage(c, fmt.Sprintf("no message %q", id))
	case err != nil:
		return rec, err
	case !slices.Contains(spoken, rec.Kind) && rec.Kind != roles.KindPrompt:
		return rec, &api.Error{Code: api.CodeUsage, Message: fmt.Sprintf("%q is no message: nobody asked anything with it (%s)", id, rec.Kind)}
	case rec.From == c.Name():
		return rec, &api.Error{Code: api.CodeUsage, Message: fmt.Sprintf("message %q is your own", id), Hint: "isesh send " + rec.To + " TEXT"}
	case c.Role.Role != "" && rec.To != c.Name():
		return rec, &api.Error{Code: api.CodeForbidden, Message: fmt.Sprintf("message %q was sent to %s, not to %s", id, rec.To, c.Name())}
	}
	return rec, nil
}

// lastAskedOf is how many of the newest messages to somebody are looked through for one that can be answered.
const lastAskedOf = 50

// lastAsked is the newest message that the caller was given and can answer: for a role one without an answer of its own, for a person one of a role.
func (s *Supervisor) lastAsked(c api.Caller) (roles.Record, error) {
	items, err := s.log.TailItems(roles.Filter{To: c.Name(), Kinds: spoken, Limit: lastAskedOf})
	if err != nil {
		return roles.Record{}, err
	}
	answered := map[string]bool{}
	if c.Role.Role != "" && len(items) > 0 {
		mine, err := s.log.Tail(roles.Filter{From: c.Name(), Kinds: spoken, Since: items[0].Time, Limit: lastAskedOf})
		if err != nil {
			return roles.Record{}, err
		}
		for _, rec := range mine {
			if !automatic(rec) {
				answered[rec.InReplyTo] = true
			}
		}
	}
	for _, it := range slices.Backward(items) {
		if givenTo(it) && !answered[it.ID] && it.From != c.Name() && it.From != "" && (c.Role.Role != "" || it.From != roles.User.String()) {
			return it.Record, nil
		}
	}
	return roles.Record{}, s.noMessage(c, fmt.Sprintf("there is nothing to answer: %s was sent nothing that has no answer", c.Name()))
}

// givenTo reports that the target of a message has come to know it.
func givenTo(it roles.Item) bool {
	switch it.Status() {
	case roles.StatusSubmitted, roles.StatusUnconfirmed, roles.StatusAnswered, roles.StatusTaken:
		return true
	case roles.StatusFailed:
		return it.Last.Kind == roles.KindTurn
	}
	return false
}

// noMessage says that there is no such message to answer, and which there are.
func (s *Supervisor) noMessage(c api.Caller, what string) error {
	e := &api.Error{Code: api.CodeNotFound, Message: what, Hint: "isesh log --json shows the ids"}
	if last, err := s.log.Tail(roles.Filter{To: c.Name(), Kinds: spoken, Limit: 5}); err == nil && len(last) > 0 {
		e = whichMessage(what, last)
		e.Code = api.CodeNotFound
	}
	return e
}

// whichMessage asks for one of several messages.
func whichMessage(what string, of []roles.Record) *api.Error {
	e := &api.Error{Code: api.CodeAmbiguous, Message: what}
	var hints []string
	for _, rec := range of {
		e.Candidates = append(e.Candidates, rec.ID)
		hints = append(hints, fmt.Sprintf("%s (%s: %s)", rec.ID, rec.From, glance(rec.Text)))
	}
	e.Hint = "isesh reply --to ID TEXT, with one of " + strings.Join(hints, ", ")
	return e
}

// glance is the beginning of a text, on one line.
func glance(text string) string {
	text = strings.Join(strings.Fields(cut(text, 200)), " ")
	if short := cut(text, 40); short != text {
		return short + "…"
	}
	return text
}

// autoReply is the answer to a message that gets none otherwise: what its turn ended with. Its id follows from the turn's, so that there is one
// whoever tries again.
func (s *Supervisor) autoReply(asked, over roles.Record) roles.Record {
	rec := s.record(roles.KindReply)
	rec.ID = replyID(over)
	rec.From, rec.To, rec.InReplyTo, rec.Origin = asked.To, asked.From, asked.ID, originAuto
	rec.Hops, rec.Status = asked.Hops+1, roles.StatusAccepted
	if to, err := roles.ParseAddress(asked.From); err == nil {
		rec.Team = to.Team
	}
	said := replyBody(over.ID, over.Text)
	switch {
	case over.Evidence == "interrupted":
		rec.Origin, rec.Text = originInterrupted, "the turn was interrupted; no answer"
	case over.Evidence == "dead":
		rec.Origin, rec.Text = originDead, "its program ended in the middle of the turn; no answer"
	case over.Status == roles.StatusFailed:
		rec.Origin, rec.Text = originFailed, strings.TrimSpace("the turn failed; no answer. "+said)
	case said == "":
		rec.Text = "the turn ended and left no text that could be read: isesh read " + asked.To
	default:
		rec.Text, rec.Tag = said, roles.Tag(said)
	}
	return rec
}

// replyID is the id of the automatic reply that tells of the end of a turn.
func replyID(over roles.Record) string { return over.ID + roles.ReplySuffix }

// replyBody is the beginning of what an agent said, and where the rest is.
func replyBody(id, text string) string {
	text = strings.TrimSpace(text)
	short := cut(text, replyText)
	if short == text {
		return text
	}
	return fmt.Sprintf("%s… (%d bytes more: isesh log --id %s --full)", short, len(text)-len(short), id)
}

// answer sends the automatic reply to a message whose turn is over. It may take its time: it is not for a runner's goroutine.
func (s *Supervisor) answer(asked, over roles.Record) {
	defer s.answerSent(asked.ID)
	if s.wasAnswered(asked.ID) {
		return // in the moment of the turn's end
	}
	rec := s.autoReply(asked, over)
	_, err := s.post(s.run, rec, posting{queue: true})
	var unknown *api.Error
	switch {
	case err == nil, s.run.Err() != nil: // the next supervisor finds that it is still owed
	case errors.As(err, &unknown):
		s.notice(rec.Team, fmt.Sprintf("%s cannot be told how %s ended its turn: %v (isesh log --id %s)", rec.To, rec.From, err, asked.ID))
	default:
		s.slog.Error("sending an automatic reply", "id", rec.ID, "to", rec.To, "err", err)
	}
}

package supervisor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"isesh/roles"
	"isesh/roles/agent"
	"isesh/supervisor/api"
)

// waiter is somebody who waits for a message. What has no mutex is set once.
type waiter struct {
	ctx context.Context // of the client: it has gone when this has ended
	who string          // address of who waits

	reply  string        // the message whose answer is waited for
	target roles.Address // of that message: what it asks who is an answer of a kind, too

	tag, from, team string    // or a message with this tag, of this role, in this team
	since           time.Time // not older

	// under talk.mu
	rec     roles.Record
	claimed bool          // who waits is who it was sent to: it is not typed as well
	over    bool          // no answer will come
	got     chan struct{} // closed with rec or over set
}

// wants reports whether rec is what is waited for.
func (w *waiter) wants(rec roles.Record) bool {
	switch {
	case !slices.Contains(spoken, rec.Kind):
		return false
	case w.reply != "":
		return rec.InReplyTo == w.reply || w.asks(rec)
	}
	return (w.tag == "" || rec.Tag == w.tag) && (w.from == "" || rec.From == w.from) &&
		(w.team == "" || rec.Team == w.team || rec.To == w.who) && !rec.Time.Before(w.since)
}

// asks reports that rec asks who waits something, in place of an answer: both would wait for each other.
func (w *waiter) asks(rec roles.Record) bool {
	return rec.Owes && rec.From == w.target.String() && rec.To == w.who
}

// free reports that the waiter can be given a message: the client is there, and has got nothing yet. Called with talk.mu held.
func (w *waiter) free() bool { return w.ctx.Err() == nil && w.rec.ID == "" && !w.over }

// expect makes a waiter hear of what is said from now on; leave ends that, and returns what it has got.
func (s *Supervisor) expect(w *waiter) {
	w.got = make(chan struct{})
	s.talk.mu.Lock()
	defer s.talk.mu.Unlock()
	s.talk.waits[w] = true
}

func (s *Supervisor) leave(w *waiter) (rec roles.Record, claimed, over bool) {
	s.talk.mu.Lock()
	defer s.talk.mu.Unlock()
	delete(s.talk.waits, w)
	return w.rec, w.claimed, w.over
}

// waitReply waits for the answer to a message. It ends early when none can come before somebody has done something: the target waits for an answer
// itself, has ended, or asks who waits something.
func (s *Supervisor) waitReply(ctx context.Context, c api.Caller, req api.WaitRequest, timeout time.Duration) (api.WaitResult, error) {
	asked, receipts, err := s.log.Get(req.Reply)
	if errors.Is(err, roles.ErrNotFound) || err == nil && !slices.Contains(spoken, asked.Kind) {
		return api.WaitResult{}, &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("no message %q", req.Reply), Hint: "isesh log --json shows the ids"}
	}
	if err != nil {
		return api.WaitResult{}, err
	}
	target, err := roles.ParseAddress(asked.To)
	if err != nil {
		return api.WaitResult{}, err
	}
	w := &waiter{ctx: ctx, who: c.Name(), reply: asked.ID, target: target}
	s.expect(w)
	// What came before is looked for after: nothing can come between.
	rec, took, err := s.before(ctx, w, asked)
	if err != nil || rec.ID != "" {
		if err = s.hadBefore(ctx, w, rec, took, err); err != nil {
			return api.WaitResult{}, err
		}
		return s.replied(asked, rec), nil
	}
	if ended(asked, receipts) {
		s.dismiss(w)
		return api.WaitResult{Roles: s.rowOf(target), Ended: "over"}, nil
	}
	why := ""
	reached, err := s.waitFor(ctx, w, timeout, func() bool {
		why = s.stuck(asked, target)
		return why != ""
	})
	if err != nil || !reached {
		return api.WaitResult{Roles: s.rowOf(target), TimedOut: err == nil}, err
	}
	rec, claimed, over := s.leave(w)
	switch {
	case over:
		return api.WaitResult{Roles: s.rowOf(target), Ended: "over"}, nil
	case rec.ID == "":
		return api.WaitResult{Roles: s.rowOf(target), Ended: why}, nil
	}
	return s.replied(asked, rec), s.handed(ctx, rec, claimed)
}

// waitFor waits until a waiter has got something, or cond holds after some change of a role. It reports false when the time is up: then, as with an
// error, the waiter has left.
func (s *Supervisor) waitFor(ctx context.Context, w *waiter, timeout time.Duration, cond func() bool) (bool, error) {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	for {
		changed := s.changes.wait()
		select {
		case <-w.got: // before anything else that may hold, too
			return true, nil
		default:
		}
		if cond() {
			return true, nil
		}
		select {
		case <-w.got:
			return true, nil
		case <-changed:
		case <-timer.C:
			rec, _, over := s.leave(w)
			return rec.ID != "" || over, nil // at the last moment
		case <-ctx.Done():
			s.dismiss(w)
			return false, ctx.Err()
		}
	}
}

// dismiss ends a wait that goes without what was claimed for it.
func (s *Supervisor) dismiss(w *waiter) {
	if rec, claimed, _ := s.leave(w); claimed {
		s.sendOn(rec)
	}
}

// hadBefore ends a wait for what has come before it; took says that the wait has taken that.
func (s *Supervisor) hadBefore(ctx context.Context, w *waiter, rec roles.Record, took bool, err error) error {
	late, claimed, _ := s.leave(w)
	switch {
	case claimed && (err != nil || late.ID != rec.ID):
		s.sendOn(late)
	case claimed: // it came between the two looks
		took = true
	}
	if err != nil {
		return err
	}
	return s.handed(ctx, rec, took)
}

// handed is the last look at whether who waited is still there. If not, what was taken for the wait goes where it was sent. A letter for a mailbox
// without a pane leaves that only now.
func (s *Supervisor) handed(ctx context.Context, rec roles.Record, took bool) error {
	if !took {
		return ctx.Err()
	}
	if ctx.Err() != nil {
		s.sendOn(rec)
		return ctx.Err()
	}
	if to, err := roles.ParseAddress(rec.To); err == nil && s.mailboxOnly(to) {
		s.conclude(rec, roles.StatusTaken, byWaiter)
	}
	return nil
}

// sendOn delivers a message that was taken by a command that has gone.
func (s *Supervisor) sendOn(rec roles.Record) {
	to, err := roles.ParseAddress(rec.To)
	if err != nil || s.mailboxOnly(to) { // it is in the mailbox still
		return
	}
	s.conclude(rec, roles.StatusReturned, "the command that waited for it has gone")
	text, err := s.typed(to, rec)
	if err != nil {
		s.conclude(rec, roles.StatusFailed, err.Error())
		return
	}
	s.handOver(s.newDelivery(rec, text), to)
}

// before is the answer that came before it was waited for, or a question that waits for who waits; what nobody has read yet is taken.
func (s *Supervisor) before(ctx context.Context, w *waiter, asked roles.Record) (rec roles.Record, took bool, err error) {
	id, err := s.answerTo(asked)
	if err != nil {
		return rec, false, err
	}
	if id != "" {
		answer, receipts, err := s.log.Get(id)
		if err == nil {
			took, err = s.take(ctx, w, answer, receipts)
		}
		return answer, took, err
	}
	who, err := roles.ParseAddress(w.who)
	if err != nil || asked.From != w.who || s.mailboxOnly(who) {
		return rec, false, nil
	}
	pending, err := roles.Pending(s.log)
	if err != nil {
		return rec, false, err
	}
	for _, rec := range pending[who] {
		if !w.asks(rec) {
			continue
		}
		if ok, err := s.withdraw(ctx, rec, byWaiter); ok || err != nil {
			return rec, ok, err
		}
	}
	return rec, false, nil
}

// answerTo returns the id of the answer to a message, "" when there is none.
func (s *Supervisor) answerTo(asked roles.Record) (string, error) {
	id, known := s.talk.replyTo(asked)
	if known {
		return id, nil
	}
	recs, err := s.log.Tail(roles.Filter{ID: asked.ID, Kinds: spoken})
	auto := true
	for _, rec := range recs {
		if rec.InReplyTo == asked.ID && auto {
			id, auto = rec.ID, automatic(rec)
		}
	}
	return id, err
}

// byWaiter is the evidence of a message that went to a command that waited for it.
const byWaiter = "waiter"

// take has a message that who waits was sent, and has not got in another way, count as taken. A letter for a mailbox without a pane is left to handed.
func (s *Supervisor) take(ctx context.Context, w *waiter, rec roles.Record, receipts []roles.Record) (took bool, err error) {
	to, err := roles.ParseAddress(rec.To)
	switch {
	case err != nil || rec.To != w.who:
		return false, nil
	case !s.mailboxOnly(to):
		return s.withdraw(ctx, rec, byWaiter)
	}
	return !slices.ContainsFunc(receipts, func(r roles.Record) bool { return r.Kind == roles.KindReceipt && r.Status.Final() }), nil
}

// replied is the result of a wait that a message has ended.
func (s *Supervisor) replied(asked, rec roles.Record) api.WaitResult {
	to, err := roles.ParseAddress(asked.To)
	if err != nil || rec.ID == "" {
		return api.WaitResult{}
	}
	res := api.WaitResult{Roles: s.rowOf(to)}
	if rec.Origin == originDead {
		res.Ended = string(agent.Dead)
		return res
	}
	res.Message = &rec
	if rec.InReplyTo != asked.ID {
		asks := rec
		asks.InReplyTo = "" // it answers nothing: the answer is still owed
		res.Message = &asks
	}
	return res
}

// ended reports that no answer to a message will come by itself: it was never given to its target, or its turn is over and owed none.
func ended(asked roles.Record, receipts []roles.Record) bool {
	over := false
	for _, r := range receipts {
		switch {
		case r.Kind == roles.KindTurn:
			over = over || !asked.Owes
		case r.Kind != roles.KindReceipt:
		case r.Status == roles.StatusFailed, r.Status == roles.StatusCleared, r.Status == roles.StatusExpired:
			over = true
		}
	}
	return over
}

// stuck says why the target of a message cannot answer it now, "" when it can.
func (s *Supervisor) stuck(asked roles.Record, target roles.Address) string {
	if s.mailboxOnly(target) || s.launching(target) || s.comes(asked.ID) {
		return ""
	}
	e, _ := s.reg.Get(target)
	switch role := s.roleOf(e); role.State {
	case string(agent.Waiting), string(agent.Dead):
		return role.State
	}
	return ""
}

// comes reports that the automatic reply to a message is on its way.
func (s *Supervisor) comes(id string) bool {
	s.talk.mu.Lock()
	defer s.talk.mu.Unlock()
	return s.talk.ending[id]
}

// rowOf is what is known of one role, as the roles of a result.
func (s *Supervisor) rowOf(a roles.Address) []api.Role {
	e, ok := s.reg.Get(a)
	if !ok {
		return nil
	}
	return []api.Role{s.roleOf(e)}
}

// waitMessage waits for a message with a tag, or of a role, or both: to whomever it goes, within the caller's team when no role is named.
func (s *Supervisor) waitMessage(ctx context.Context, c api.Caller, req api.WaitRequest, timeout time.Duration) (api.WaitResult, error) {
	w := &waiter{ctx: ctx, who: c.Name(), tag: strings.ToUpper(req.Tag), since: req.Since}
	if w.tag != "" && roles.Tag(w.tag+":") != w.tag {
		return api.WaitResult{}, &api.Error{Code: api.CodeUsage, Message: fmt.Sprintf("%q is not a tag", req.Tag), Hint: "tags are TASK DONE BLOCKED QUESTION ANSWER STATUS"}
	}
	var from roles.Address
	if req.From != "" {
		var err error
		if from, err = s.resolve(c, req.From); err != nil {
			return api.WaitResult{}, err
		}
		w.from = from.String()
	} else {
		w.team = s.teamOf(c)
	}
	s.expect(w)
	if !w.since.IsZero() {
		recs, err := s.log.Tail(roles.Filter{Kinds: spoken, Tag: w.tag, From: w.from, Since: w.since})
		if err != nil {
			s.dismiss(w)
			return api.WaitResult{}, err
		}
		if i := slices.IndexFunc(recs, w.wants); i >= 0 {
			took := false
			rec, receipts, err := s.log.Get(recs[i].ID)
			if err == nil {
				took, err = s.take(ctx, w, rec, receipts)
			}
			if err = s.hadBefore(ctx, w, rec, took, err); err != nil {
				return api.WaitResult{}, err
			}
			return api.WaitResult{Roles: s.rowOf(from), Message: &rec}, nil
		}
	}
	dead := false
	reached, err := s.waitFor(ctx, w, timeout, func() bool {
		e, ok := s.reg.Get(from)
		dead = ok && !s.mailboxOnly(from) && !s.launching(from) && s.roleOf(e).State == string(agent.Dead)
		return dead
	})
	if err != nil || !reached {
		return api.WaitResult{Roles: s.rowOf(from), TimedOut: err == nil}, err
	}
	rec, claimed, _ := s.leave(w)
	if rec.ID == "" {
		return api.WaitResult{Roles: s.rowOf(from), Ended: string(agent.Dead)}, nil
	}
	return api.WaitResult{Roles: s.rowOf(from), Message: &rec}, s.handed(ctx, rec, claimed)
}

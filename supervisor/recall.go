package supervisor

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"isesh/roles"
)

// recalled is what the end of the conversation tells of the turns that an earlier supervisor left behind.
type recalled struct {
	open   map[roles.Address][]roles.Item // submitted, and their turns' ends were not seen; oldest first
	hooked map[roles.Address]time.Time    // when a hook of the role was last heard
	owed   []owedAnswer                   // turns that are over, and their answers were not written
}

type owedAnswer struct{ asked, over roles.Record }

const (
	// recallTail is how many of the newest messages are looked through for turns that may still run.
	recallTail = 2000
	// recallFor is how old an answer may be that is still given.
	recallFor = 24 * time.Hour
)

// recall reads what an earlier supervisor left unfinished.
func (s *Supervisor) recall() (recalled, error) {
	s.talk.mu.Lock()
	s.talk.began = s.log.Offset()
	s.talk.newer = s.talk.began
	s.talk.mu.Unlock()
	rc := recalled{open: map[roles.Address][]roles.Item{}, hooked: map[roles.Address]time.Time{}}
	items, err := s.log.TailItems(roles.Filter{Kinds: append(slices.Clone(spoken), roles.KindPrompt), Limit: recallTail})
	if err != nil {
		return rc, fmt.Errorf("reading which turns were running: %w", err)
	}
	answered, written := map[string]bool{}, map[string]bool{}
	closed := map[roles.Address]bool{} // a later message's turn was seen to end, so no earlier one runs
	for _, it := range slices.Backward(items) {
		if it.InReplyTo != "" {
			written[it.ID] = true
			answered[it.InReplyTo] = answered[it.InReplyTo] || !automatic(it.Record)
		}
		to, err := roles.ParseAddress(it.To)
		if err != nil || s.mailboxOnly(to) {
			continue
		}
		if at := it.Last.Time; strings.HasPrefix(it.Last.Evidence, "hook") && at.After(rc.hooked[to]) {
			rc.hooked[to] = at
		}
		switch {
		case it.Last.Kind == roles.KindTurn:
			closed[to] = true
			if it.Owes && !answered[it.ID] && !written[replyID(it.Last)] && time.Since(it.Last.Time) < recallFor {
				rc.owed = append(rc.owed, owedAnswer{it.Record, it.Last})
			}
		case closed[to]:
		case it.Status() == roles.StatusSubmitted, it.Kind == roles.KindPrompt:
			it.Owes = it.Owes && !answered[it.ID]
			rc.open[to] = append(rc.open[to], it)
		}
	}
	for to := range rc.open {
		slices.Reverse(rc.open[to])
	}
	slices.Reverse(rc.owed)
	return rc, nil
}

// settleRecalled sends the answers that are owed, and ends the turns of programs that ended while nobody watched.
func (s *Supervisor) settleRecalled(rc recalled) {
	for to, items := range rc.open {
		r := s.runner(to)
		for _, it := range items {
			if r != nil && !it.Time.Before(r.entry.Started) {
				continue // its runner has it
			}
			rec := s.record(roles.KindTurn)
			rec.Team, rec.From, rec.Ref, rec.Status, rec.Evidence = to.Team, to.String(), it.ID, roles.StatusFailed, "dead"
			s.write(rec)
			if it.Owes {
				rc.owed = append(rc.owed, owedAnswer{it.Record, rec})
			}
		}
	}
	if len(rc.owed) == 0 {
		return
	}
	for _, o := range rc.owed {
		s.answerComes(o.asked.ID)
	}
	s.wg.Go(func() {
		for _, o := range rc.owed {
			s.answer(o.asked, o.over)
		}
	})
}

// recallTurns gives a new runner the turns that its role was at under an earlier supervisor, or under the runner that has failed.
func (r *runner) recallTurns(rc recalled, before *runner) {
	if before != nil {
		r.turns, r.hooked, r.stopText, r.unheard = before.turns, before.hooked, before.stopText, before.unheard
		r.wired, r.overs, r.stopAt, r.guessed = before.wired, before.overs, before.stopAt, before.guessed
		r.interrupted, r.unmarked = before.interrupted, before.unmarked
		r.tellTurns()
		return
	}
	started := r.entry.Started
	r.hooked = rc.hooked[r.addr].After(started)
	r.unmarked = true // what the screen says now was not there when they began
	for _, it := range rc.open[r.addr] {
		if it.Time.Before(started) {
			continue // for a program that ran here before
		}
		at := it.Time
		if it.Last.ID != "" {
			at = it.Last.Time
		}
		r.turns = append(r.turns, &turn{rec: it.Record, at: at, begun: len(r.turns) == 0})
		if text, err := r.s.typedBy(r.prof, it.Record); err == nil && it.Kind != roles.KindPrompt && !strings.HasPrefix(it.Last.Evidence, "hook") {
			r.unheard = append(r.unheard, unheard{it.ID, text, at})
		}
	}
	r.tellTurns()
}

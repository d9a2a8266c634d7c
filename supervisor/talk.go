package supervisor

import (
	"slices"
	"sync"

	"isesh/roles"
)

// talk is what a message means to others than its target: who waits for what, whose turns run, and which messages were answered.
type talk struct {
	mu      sync.Mutex // owns the rest
	waits   map[*waiter]bool
	turns   map[roles.Address][]roles.Record // whose turns run, oldest first, as the runners said last
	ending  map[string]bool                  // messages whose automatic reply is on its way
	replies map[string]replyRef              // the answer to a message, of those that were answered since newer
	older   map[string]replyRef              // of those between began and newer
	began   roles.Offset                     // of the conversation
	newer   roles.Offset
}

// replyRef is the answer to a message: the first that was meant as one, or the newest of the automatic ones.
type replyRef struct {
	id   string
	auto bool
}

// maxReplies is how many answers are remembered at least, so that neither the next wait nor the end of a turn need read the conversation.
const maxReplies = 10_000

func (t *talk) init() {
	t.waits, t.turns = map[*waiter]bool{}, map[roles.Address][]roles.Record{}
	t.ending, t.replies = map[string]bool{}, map[string]replyRef{}
}

// said tells those who wait what was said: a message, reply or broadcast that is on disk now. It reports whether one of its target's own waits takes
// it: then it is not typed into the target's pane, too. Safe from any goroutine.
func (s *Supervisor) said(rec roles.Record) (taken bool) {
	t := &s.talk
	t.mu.Lock()
	defer t.mu.Unlock()
	t.noteReply(rec)
	var to []*waiter
	for w := range t.waits {
		if w.wants(rec) && w.free() {
			to = append(to, w)
			if w.who == rec.To && !taken {
				w.claimed, taken = true, true
			}
		}
	}
	if to, err := roles.ParseAddress(rec.To); taken && (err != nil || !s.mailboxOnly(to)) {
		s.conclude(rec, roles.StatusTaken, byWaiter) // before they have it: who finds that he cannot use it writes so behind this
	}
	for _, w := range to {
		w.rec = rec
		close(w.got)
	}
	return taken
}

// noteReply remembers an answer. Called with mu held.
func (t *talk) noteReply(rec roles.Record) {
	if rec.InReplyTo == "" {
		return
	}
	if len(t.replies) >= maxReplies { // the older half goes
		t.older, t.began = t.replies, t.newer
		t.replies, t.newer = map[string]replyRef{}, rec.At
	}
	if old, ok := t.reply(rec.InReplyTo); !ok || old.auto {
		t.replies[rec.InReplyTo] = replyRef{rec.ID, automatic(rec)}
	}
}

// reply is the answer to a message, if it is remembered. Called with mu held.
func (t *talk) reply(id string) (replyRef, bool) {
	if ref, ok := t.replies[id]; ok {
		return ref, true
	}
	ref, ok := t.older[id]
	return ref, ok
}

// replyTo returns the id of the answer to a message, "" when there is none. known is false when there may be one that is not remembered.
func (t *talk) replyTo(asked roles.Record) (id string, known bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	ref, ok := t.reply(asked.ID)
	return ref.id, ok && !ref.auto || asked.At >= t.began
}

// atTurns tells the others whose turns an agent is at.
func (s *Supervisor) atTurns(a roles.Address, recs []roles.Record) {
	defer s.changes.broadcast() // for those who wait for its rest
	t := &s.talk
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(recs) == 0 {
		delete(t.turns, a)
		return
	}
	t.turns[a] = recs
}

// runs returns the messages and prompts whose turns a role is at, oldest first.
func (s *Supervisor) runs(a roles.Address) []roles.Record {
	t := &s.talk
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.turns[a])
}

// wasAnswered reports whether somebody has answered a message on purpose since this supervisor began. What came before, recall knows.
func (s *Supervisor) wasAnswered(id string) bool {
	t := &s.talk
	t.mu.Lock()
	defer t.mu.Unlock()
	ref, ok := t.reply(id)
	return ok && !ref.auto
}

// answerComes says that the automatic reply to a message is on its way; answerSent that it has come, or never will.
func (s *Supervisor) answerComes(id string) {
	s.talk.mu.Lock()
	defer s.talk.mu.Unlock()
	s.talk.ending[id] = true
}

func (s *Supervisor) answerSent(id string) {
	s.talk.mu.Lock()
	delete(s.talk.ending, id)
	s.talk.mu.Unlock()
	s.changes.broadcast() // for those who wait for the answer and have to do without
}

// over tells those who wait for the answer to a message that none will come.
func (s *Supervisor) over(id string) {
	t := &s.talk
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ending[id] {
		return
	}
	for w := range t.waits {
		if id != "" && w.reply == id && w.rec.ID == "" && !w.over {
			w.over = true
			close(w.got)
		}
	}
}

// answers returns the id of the message that a message on its way answers, "" when it answers none: one tagged as an answer, of a role to whom its
// running turn is owed.
func (s *Supervisor) answers(rec roles.Record) string {
	switch rec.Tag {
	case "DONE", "ANSWER", "BLOCKED":
	default:
		return ""
	}
	from, err := roles.ParseAddress(rec.From)
	if err != nil {
		return ""
	}
	for _, asked := range s.runs(from) {
		if asked.From == rec.To && asked.ID != "" && asked.Kind != roles.KindPrompt {
			return asked.ID
		}
	}
	return ""
}

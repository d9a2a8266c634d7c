package roles

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// ErrIDTaken says that an id belongs to another message: one of another sender, target or text.
var ErrIDTaken = errors.New("the id belongs to another message: choose another")

// Accepted is what Accept made of a message.
type Accepted struct {
	Record Record // as it is in the conversation: ID, Time and At are filled in
	Again  bool   // the id was known: this is that message, and nothing was written
}

// Accept writes a message and returns once it is on disk, like Append; but when the conversation has a message of the same ID already, that one is
// the result. ErrIDTaken when that one has another kind, sender, target or text. Of calls with one ID, at once or one after the other, exactly one
// writes. A message with status rejected takes no ID.
func (l *Log) Accept(rec Record) (Accepted, error) {
	if rec.ID != "" {
		if err := ValidID(rec.ID); err != nil {
			return Accepted{}, fmt.Errorf("accepting a message: %w", err)
		}
	}
	b, err := encode([]Record{rec})
	if err != nil {
		return Accepted{}, err
	}
	rec = b.recs[0]
	for tried := map[place]bool{}; ; {
		l.mu.Lock()
		if l.failed != nil {
			defer l.mu.Unlock()
			return Accepted{}, l.failed
		}
		if c, ok := l.taking[rec.ID]; ok { // another call writes it now
			l.mu.Unlock()
			<-c.group.done
			if c.group.err != nil {
				return Accepted{}, c.group.err
			}
			return again(c.group.recs[c.index], rec)
		}
		p, may := l.known.find(rec.ID, tried)
		if !may {
			g, index, lead := l.enqueue(b, rec.Status != StatusRejected)
			l.mu.Unlock()
			if err := l.await(g, lead); err != nil {
				return Accepted{}, err
			}
			return Accepted{Record: g.recs[index]}, nil
		}
		l.mu.Unlock()
		tried[p] = true
		old, ok, err := l.findIn(p, rec.ID)
		if err == nil && ok {
			if err = l.Sync(); err == nil { // somebody may have written it lazily
				return again(old, rec)
			}
		}
		if err != nil {
			return Accepted{}, fmt.Errorf("accepting message %q: %w", rec.ID, err)
		}
	}
}

// claim is a message that is being written: no other takes its id meanwhile.
type claim struct {
	group *group
	index int // in the group
}

// again is the answer to a message whose ID is known already, as that of old.
func again(old, rec Record) (Accepted, error) {
	same := old.Kind == rec.Kind && old.From == rec.From && old.To == rec.To && (old.Redacted || old.Text == asWritten(rec.Text))
	if !same {
		return Accepted{}, fmt.Errorf("accepting message %q: %w", rec.ID, ErrIDTaken)
	}
	return Accepted{old, true}, nil
}

// asWritten returns text as reading it back gives it: JSON knows only UTF-8.
func asWritten(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	if data, err := json.Marshal(text); err == nil {
		_ = json.Unmarshal(data, &text) // what was just made of a string is one
	}
	return text
}

// findIn looks for the record with an id at a place. Refused messages do not count.
func (r *Reader) findIn(p place, id string) (rec Record, ok bool, err error) {
	needle := Filter{ID: id}.needles()
	_, err = eachForward(r.dir, conversation, p.from, func(l lineAt) bool {
		if l.at >= p.to {
			return false
		}
		if !containsAll(l.text, needle) {
			return true
		}
		if got, err := decodeRecord(l.text); err == nil && got.ID == id && got.Status != StatusRejected {
			rec, ok = got, true
			rec.At = l.at
		}
		return !ok
	})
	return rec, ok, err
}

package roles

import (
	"errors"
	"fmt"
)

// ErrEmpty says that a mailbox holds nothing to take out.
var ErrEmpty = errors.New("the mailbox is empty")

// Letter is a message in a mailbox.
type Letter struct {
	Record
	Read     bool
	Now      Status // its last status
	Evidence string // of Now
}

// LetterOptions picks letters.
type LetterOptions struct {
	Unread bool // only these
	Limit  int  // only the newest so many; 0: all
}

func (m *Mailboxes) all(a Address) ([]Letter, error) {
	recs, err := m.List(a, Filter{})
	if err != nil {
		return nil, err
	}
	items, err := m.log.TailItems(Filter{})
	read, now := map[string]bool{}, map[string]Item{}
	for _, it := range items {
		now[it.ID] = it
		for _, id := range it.Refs {
			read[id] = it.Kind == KindRead
		}
	}
	var out []Letter
	for _, rec := range recs {
		l := Letter{Record: rec, Now: rec.Status, Evidence: rec.Evidence}
		final := rec.Status.Final() && rec.Evidence != "mailbox"
		if it := now[rec.ID]; it.Last.ID != "" {
			l.Now, l.Evidence = it.Status(), it.Last.Evidence
			final = final || l.Now.Final()
		}
		l.Read = read[rec.ID] || final
		out = append(out, l)
	}
	return out, err
}

// Unread returns how many letters in a mailbox nobody has read.
func (m *Mailboxes) Unread(a Address) (int, error) {
	ls, err := m.Letters(a, LetterOptions{Unread: true})
	return len(ls), err
}

// Letters returns what is in a mailbox, oldest first.
func (m *Mailboxes) Letters(a Address, o LetterOptions) ([]Letter, error) {
	ls, err := m.all(a)
	var out []Letter
	for _, l := range ls {
		if !o.Unread || !l.Read {
			out = append(out, l)
		}
	}
	if o.Limit > 0 && len(out) > o.Limit {
		out = out[len(out)-o.Limit:]
	}
	return out, err
}

// MarkRead notes that letters were read. Those that are read already, or unknown, are passed over.
func (m *Mailboxes) MarkRead(a Address, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	return m.log.AppendLazy(Record{Kind: KindRead, Team: a.Team, To: a.String(), Refs: ids})
}

// Pop takes the oldest unread letter out of a mailbox, of those that may go; nil lets all. Once it returns the letter, no other call does, whatever
// crashes. ErrEmpty when there is none. may is called without a lock, one letter at a time.
func (m *Mailboxes) Pop(a Address, may func(id string) bool) (Letter, error) {
	ls, err := m.Letters(a, LetterOptions{Unread: true})
	if err != nil {
		return Letter{}, err
	}
	for _, l := range ls {
		if may == nil || may(l.ID) {
			err := m.log.Append(Record{Kind: KindReceipt, Ref: l.ID, Team: a.Team, From: l.From, To: l.To, Status: StatusTaken, Evidence: "inbox pop"})
			l.Read, l.Now, l.Evidence = true, StatusTaken, "inbox pop"
			return l, err
		}
	}
	return Letter{}, fmt.Errorf("taking a letter out of the mailbox of %q: %w", a, ErrEmpty)
}

// Clear takes all unread letters out of a mailbox, of those that may go; nil lets all. It returns their ids once that is on disk.
func (m *Mailboxes) Clear(a Address, may func(id string) bool) (ids []string, err error) {
	ls, err := m.Letters(a, LetterOptions{Unread: true})
	if err != nil {
		return nil, err
	}
	var recs []Record
	for _, l := range ls {
		if may == nil || may(l.ID) {
			ids = append(ids, l.ID)
			recs = append(recs, Record{Kind: KindReceipt, Ref: l.ID, Team: a.Team, From: l.From, To: l.To, Status: StatusCleared, Evidence: "inbox clear"})
		}
	}
	return ids, m.log.Append(recs...)
}

// Redact removes the text of a record from the conversation and from the mailboxes, like Log.Redact.
func (m *Mailboxes) Redact(id string) error { return m.log.Redact(id) }

// Forget removes a role's mailbox: a role that has the address later begins with an empty one. The conversation keeps the messages.
func (m *Mailboxes) Forget(a Address) error {
	return fmt.Errorf("forgetting the mailbox of %q: %w", a, errors.ErrUnsupported)
}

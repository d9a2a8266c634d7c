package roles

import (
	"bytes"
	"errors"
	"slices"
)

// update files the records from through on, a bounded part at a time.
func (m *Mailboxes) update() error {
	for m.through < m.log.Offset() {
		size := 0
		var failed error
		next, err := eachForward(m.log.dir, conversation, m.through, func(l lineAt) bool {
			size += len(l.text)
			h, ok := peek(l.text)
			if ok && !Kind(h.kind).isMessage() && !mayMark(h, l.text) && Kind(h.kind) != KindRedact {
				return true
			}
			if rec, ok := m.log.record(l); ok {
				failed = m.file1(&rec)
			}
			return failed == nil && size < fromBytes
		})
		if err = errors.Join(err, failed, m.flushAll()); err != nil || next == m.through {
			return err
		}
		m.through = next
	}
	return nil
}

func (m *Mailboxes) flushAll() error {
	var errs []error
	for _, b := range m.boxes {
		errs = append(errs, m.flush(b))
	}
	return errors.Join(errs...)
}

// file1 files a record of the conversation, where it is one for a box and is not there yet.
func (m *Mailboxes) file1(rec *Record) error {
	if rec.Kind == KindRedact {
		return m.redactAll(rec.Ref)
	}
	if rec.Kind.isMessage() {
		a, ok := m.boxOf(rec, rec.At)
		if !ok || m.seen[keyOf(rec.ID)] {
			return nil
		}
		b := m.boxes[a]
		if b == nil {
			b = &box{addr: a, last: lost}
			m.boxes[a] = b
		}
		if rec.At <= b.last {
			return nil
		}
		pos := b.size + int64(len(b.fresh))
		if err := m.write(b, boxLine{rec.At, *rec}); err != nil {
			return err
		}
		m.arrives(b, rec.ID, rec.Status, rec.Evidence, pos)
		return nil
	}
	mark, ok := markOf(rec)
	b := m.boxes[m.markedIn(rec)]
	if !ok || b == nil || rec.At <= b.last {
		return nil
	}
	if mark.Kind == KindRead {
		mark.Refs = slices.DeleteFunc(slices.Clone(mark.Refs), func(id string) bool { return !b.here.unread(keyOf(id)) })
		if len(mark.Refs) == 0 {
			return nil
		}
	}
	b.mark(&mark)
	return m.write(b, boxLine{rec.At, mark})
}

// write adds a line to those that flush writes.
func (m *Mailboxes) write(b *box, line boxLine) error {
	var text bytes.Buffer
	line.V = Version
	if err := appendLine(&text, line); err != nil {
		return err
	}
	b.fresh = append(b.fresh, text.Bytes()...)
	b.last = line.At
	m.unsaved++
	return nil
}

// boxOf returns the box that a message at a place in the conversation belongs in.
func (m *Mailboxes) boxOf(rec *Record, at Offset) (Address, bool) {
	if !rec.Kind.isMessage() || rec.Status == StatusRejected {
		return Address{}, false
	}
	a, err := ParseAddress(m.renamed(rec.To, at))
	return a, err == nil && (a == User || validRole(a) == nil)
}

// renamed returns what an address that was used at a place in the conversation is called now.
func (m *Mailboxes) renamed(to string, at Offset) string {
	for _, r := range m.renames {
		if r.From == to && at < r.At {
			to = r.To
		}
	}
	return to
}

// markedIn returns the box that holds the letter which rec is about: the one that it is in still, else the one that its address says.
func (m *Mailboxes) markedIn(rec *Record) Address {
	to := rec.To
	if rec.Kind == KindTurn {
		to = rec.From
	}
	a, _ := ParseAddress(m.renamed(to, rec.At)) // what is no address has no box
	if rec.Kind == KindRead {
		return a
	}
	k := keyOf(rec.Ref)
	if b := m.boxes[a]; b != nil && b.here.has(k) {
		return a
	}
	for other, b := range m.boxes {
		if b.here.has(k) {
			return other
		}
	}
	if m.boxes[a] == nil { // of before a rename, written after it
		a, _ = ParseAddress(m.renamed(to, lost))
	}
	return a
}

// redactAll removes the text of a record from every box.
func (m *Mailboxes) redactAll(id string) error {
	for _, b := range m.boxes {
		if err := m.flush(b); err != nil {
			return err
		}
		if err := m.redactIn(b, id); err != nil {
			return err
		}
	}
	return nil
}

func (m *Mailboxes) redactIn(b *box, id string) error {
	at := int64(-1)
	var blank []byte
	needle := Filter{ID: id}.needles()
	if err := m.each(b.addr, func(pos int64, text []byte) {
		if !containsAll(text, needle) {
			return
		}
		if line, err := decodeBoxLine(text); err == nil && line.ID == id && line.Text != "" {
			at, blank = pos, blanked(&line, &line.Record, len(text))
		}
	}); err != nil || blank == nil {
		return err
	}
	dir, err := m.home(b.addr, false)
	if err != nil {
		return err
	}
	return dir.rewrite(b.addr.Role+ext, at, blank)
}

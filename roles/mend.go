package roles

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"
)

// remains is what a box that is being mended gets: first what only its old file still has, then what the conversation has.
type remains struct {
	box      *box
	old      []boxLine
	lines    []boxLine
	ids      map[idKey]bool // of the letters in both
	fromLog  map[idKey]bool // of the records in lines
	damaged  bool
	existing bool
}

// mend writes boxes anew. A damaged file is kept aside.
func (m *Mailboxes) mend(boxes map[*box]bool) error {
	if len(boxes) == 0 {
		return nil
	}
	all := map[Address]*remains{}
	for b := range boxes {
		rem := &remains{box: b, ids: map[idKey]bool{}, fromLog: map[idKey]bool{}}
		all[b.addr] = rem
		err := m.each(b.addr, func(_ int64, text []byte) {
			rem.existing = true
			line, err := decodeBoxLine(text)
			if err != nil {
				rem.damaged = true
				return
			}
			rem.old = append(rem.old, line)
			if line.Kind.isMessage() {
				rem.ids[keyOf(line.ID)] = true
			}
		})
		if err != nil {
			return err
		}
	}
	if _, err := eachForward(m.log.dir, conversation, 0, func(l lineAt) bool {
		if h, ok := peek(l.text); ok && !Kind(h.kind).isMessage() && !mayMark(h, l.text) {
			return true
		}
		if rec, ok := m.log.record(l); ok {
			m.gather(all, &rec)
		}
		return true
	}); err != nil {
		return err
	}
	for _, rem := range all {
		if err := m.rebuild(rem); err != nil {
			return err
		}
	}
	return nil
}

// gather adds a record of the conversation to the box that it belongs in, if that is one of those.
func (m *Mailboxes) gather(all map[Address]*remains, rec *Record) {
	if a, ok := m.boxOf(rec, rec.At); ok {
		if rem := all[a]; rem != nil {
			rem.lines = append(rem.lines, boxLine{rec.At, *rec})
			rem.ids[keyOf(rec.ID)], rem.fromLog[keyOf(rec.ID)] = true, true
		}
		return
	}
	mark, ok := markOf(rec)
	if !ok {
		return
	}
	for _, rem := range all {
		for _, id := range rec.concerned() {
			if rem.ids[keyOf(id)] {
				rem.lines = append(rem.lines, boxLine{rec.At, mark})
				rem.fromLog[keyOf(rec.ID)] = true
				break
			}
		}
	}
}

// rebuild writes what a mended box gets.
func (m *Mailboxes) rebuild(rem *remains) error {
	var text bytes.Buffer
	var lines, after []boxLine
	for _, line := range rem.old {
		if rem.fromLog[keyOf(line.ID)] {
			continue
		}
		line.At = lost
		if !line.Kind.isMessage() && slices.ContainsFunc(line.concerned(), func(id string) bool { return rem.fromLog[keyOf(id)] }) {
			after = append(after, line) // the conversation has its letter, but lost the mark
		} else {
			lines = append(lines, line)
		}
	}
	for _, line := range slices.Concat(lines, rem.lines, after) {
		line.V = Version
		if err := appendLine(&text, line); err != nil {
			return err
		}
	}
	dir, err := m.home(rem.box.addr, true)
	if err != nil {
		return err
	}
	name := rem.box.addr.Role + ext
	if rem.damaged {
		if err := os.Rename(dir.join(name), dir.join(asideName(name))); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fileError(dir.join(name), err)
		}
	}
	if rem.existing || text.Len() > 0 {
		if err := dir.replace(name, text.Bytes()); err != nil {
			return err
		}
	}
	return m.load(rem.box)
}

// compact takes the letters that were read, and are older than such letters are kept, out of the boxes, with what is marked of them. What is unread, or
// is still to be delivered, stays whatever its age.
func (m *Mailboxes) compact() error {
	m.compacted = time.Now()
	before := m.compacted.Add(-m.keepFor)
	for _, b := range m.sortedBoxes() {
		if err := m.compactBox(b, before); err != nil {
			return err
		}
	}
	return nil
}

func (m *Mailboxes) compactBox(b *box, before time.Time) error {
	if err := m.flush(b); err != nil {
		return err
	}
	var keep []place // ranges of the file
	kept := map[idKey]bool{}
	dropped := int64(0)
	err := m.each(b.addr, func(pos int64, text []byte) {
		if end := Offset(pos) + Offset(len(text)) + 1; !m.outdated(b, kept, text, before) {
			if n := len(keep); n > 0 && keep[n-1].to == Offset(pos) {
				keep[n-1].to = end
			} else {
				keep = append(keep, place{Offset(pos), end})
			}
		} else {
			dropped += int64(len(text)) + 1
		}
	})
	if err != nil || dropped == 0 || dropped < b.size/8 { // a file is not written anew for a few
		return err
	}
	f, err := m.open(b.addr, os.O_RDONLY)
	if err != nil {
		return err
	}
	defer f.Close()
	var parts []io.Reader
	for _, p := range keep {
		parts = append(parts, io.NewSectionReader(f, int64(p.from), int64(p.to-p.from)))
	}
	dir, err := m.home(b.addr, false)
	if err != nil {
		return err
	}
	last := b.last
	if err := dir.replaceFrom(b.addr.Role+ext, io.MultiReader(parts...)); err != nil {
		return err
	}
	err = m.load(b)
	b.last = max(b.last, last)
	return err
}

// outdated reports whether a line of a box can go. kept are the read letters before it that stay.
func (m *Mailboxes) outdated(b *box, kept map[idKey]bool, text []byte, before time.Time) bool {
	if _, h, ok := peekBoxLine(text); ok && Kind(h.kind).isMessage() {
		k := keyOf(string(h.id))
		t, err := time.Parse(time.RFC3339Nano, string(h.time))
		_, live := m.log.liveMessage(string(h.id))
		if live || b.here.unread(k) || err != nil || !t.Before(before) {
			kept[k] = true
			return false
		}
		return true
	}
	line, err := decodeBoxLine(text)
	if err != nil || line.Kind.isMessage() {
		return false
	}
	for _, id := range line.concerned() {
		if kept[keyOf(id)] {
			return false
		}
	}
	return true
}

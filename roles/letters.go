package roles

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
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
	First  int  // with Unread and without Limit: only the oldest so many; 0: all
	// Bytes bounds the texts together: what comes after so much is left out, seen from the end that Limit or First begin with. The first letter is
	// there in any case. 0: no bound.
	Bytes int
}

// fits reports whether there is room for one more letter beside some whose texts have so many bytes.
func (o LetterOptions) fits(used int, more Letter) bool {
	return o.Bytes <= 0 || used == 0 || used+len(more.Text) <= o.Bytes
}

// Unread returns how many letters in a mailbox nobody has read. It costs the same whatever their number.
func (m *Mailboxes) Unread(a Address) (int, error) {
	n := 0
	err := m.with(a, "counting the letters", func(b *box) error {
		n = b.here.unreads()
		return nil
	})
	return n, err
}

// Letters returns what is in a mailbox, oldest first. A role that was never written to has an empty one. It takes the same time however many letters
// there are, if there is a limit.
func (m *Mailboxes) Letters(a Address, o LetterOptions) ([]Letter, error) {
	var out []Letter
	err := m.with(a, "reading the mailbox", func(b *box) (err error) {
		if o.Unread {
			out, err = m.unreadLetters(b, o)
		} else {
			out, err = m.lastLetters(b, o)
		}
		return err
	})
	return out, err
}

// with calls fn with a box that is up to date, and once more with the mended box when it proves damaged.
func (m *Mailboxes) with(a Address, doing string, fn func(*box) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, err := m.file(a)
	if err == nil {
		err = m.updated()
	}
	if err == nil {
		b := m.boxes[a]
		if b == nil {
			b = &box{addr: a}
		}
		if err = fn(b); errors.Is(err, errDamaged) {
			if err = m.mend(map[*box]bool{b: true}); err == nil {
				err = fn(b)
			}
		}
	}
	if err != nil {
		return fmt.Errorf("%s of %q: %w", doing, a, err)
	}
	return nil
}

// unreadLetters reads letters that nobody has read.
func (m *Mailboxes) unreadLetters(b *box, o LetterOptions) (out []Letter, err error) {
	places := b.here.newest(o.Limit)
	if o.Limit <= 0 && o.First > 0 {
		places = places[:min(len(places), o.First)]
	}
	if o.Limit > 0 {
		slices.Reverse(places)
	}
	used := 0
	err = m.eachAt(b, places, func(l Letter) bool {
		if !o.fits(used, l) {
			return false
		}
		used += len(l.Text)
		out = append(out, l)
		return true
	})
	if o.Limit > 0 {
		slices.Reverse(out)
	}
	return out, err
}

// eachAt calls fn with the letters at places of a box until it returns false.
func (m *Mailboxes) eachAt(b *box, places []int64, fn func(Letter) bool) error {
	if len(places) == 0 {
		return nil
	}
	f, err := m.openWhole(b)
	if err != nil {
		return err
	}
	defer f.Close()
	var buf []byte
	for _, pos := range places {
		text, err := lineFrom(f, pos, &buf)
		if err != nil {
			return err
		}
		line, err := decodeBoxLine(text)
		if err != nil || !line.Kind.isMessage() {
			return errDamaged
		}
		if !fn(m.letter(b, line.Record, fate{})) {
			return nil
		}
	}
	return nil
}

// lastLetters reads the newest letters of a box, and of what comes after them what became of them.
func (m *Mailboxes) lastLetters(b *box, o LetterOptions) ([]Letter, error) {
	if b.size == 0 {
		return nil, nil
	}
	f, err := m.openWhole(b)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []Letter
	marks := map[idKey]fate{} // of letters further up
	damaged, used := false, 0
	_, err = backward(f, b.size, func(_ int64, text []byte) bool {
		if of, what, ok := peekMark(text); ok {
			if marks[of].status == "" {
				marks[of] = what
			}
			return true
		}
		line, err := decodeBoxLine(text)
		if err != nil {
			damaged = true
			return false
		}
		k := keyOf(line.ID)
		if !line.Kind.isMessage() {
			if k = keyOf(line.Ref); line.Kind != KindRead && marks[k].status == "" {
				marks[k] = fate{line.Status, line.Evidence}
			}
			return true
		}
		l := m.letter(b, line.Record, marks[k])
		if !o.fits(used, l) {
			return false
		}
		used += len(l.Text)
		out = append(out, l)
		delete(marks, k)
		return o.Limit <= 0 || len(out) < o.Limit
	})
	if damaged {
		err = errDamaged
	}
	slices.Reverse(out)
	return out, err
}

// fate is what became of a letter.
type fate struct {
	status   Status
	evidence string
}

// peekMark reads a mark of what became of a letter without decoding the line: there may be very many.
func peekMark(text []byte) (of idKey, what fate, ok bool) {
	_, h, ok := peekBoxLine(text)
	if !ok || Kind(h.kind).isMessage() || Kind(h.kind) == KindRead || bytes.IndexByte(text, '\\') >= 0 {
		return of, what, false
	}
	what = fate{Status(field(text, "status")), field(text, "evidence")}
	ref := field(text, "ref")
	return keyOf(ref), what, ref != "" && what.status != ""
}

// letter is rec as it stands, mark being the last of what the box has of it.
func (m *Mailboxes) letter(b *box, rec Record, mark fate) Letter {
	l := Letter{Record: rec, Read: !b.here.unread(keyOf(rec.ID)), Now: rec.Status, Evidence: rec.Evidence}
	if mark.status != "" {
		l.Now, l.Evidence = mark.status, mark.evidence
	}
	if live, ok := m.log.liveMessage(rec.ID); ok {
		l.Now, l.Evidence = live.Status, live.Evidence
	}
	return l
}

// openWhole opens a box for reading. errDamaged when it is not as long as it was, or not there.
func (m *Mailboxes) openWhole(b *box) (*os.File, error) {
	f, err := m.open(b.addr, os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errDamaged
	}
	if err != nil {
		return nil, err
	}
	if size, err := fileSize(f); err != nil || size < b.size {
		f.Close()
		return nil, errors.Join(err, errDamaged)
	}
	return f, nil
}

// readsAtOnce is how many letters one record of kind read names at most.
const readsAtOnce = 500

// MarkRead notes, in the conversation, that letters were read. Those that are read already, or unknown, are passed over. It does not wait for the disk:
// after a power loss a letter may be unread again.
func (m *Mailboxes) MarkRead(a Address, ids []string) error {
	return m.with(a, "marking letters in the mailbox", func(b *box) error {
		ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !b.here.unread(keyOf(id)) })
		for some := range slices.Chunk(ids, readsAtOnce) {
			if err := m.log.AppendLazy(Record{Kind: KindRead, Team: a.Team, To: a.String(), Refs: some}); err != nil {
				return err
			}
		}
		return m.updated()
	})
}

// The evidence of letters that were taken out by hand.
const (
	poppedEvidence  = "inbox pop"
	clearedEvidence = "inbox clear"
)

// Pop takes the oldest letter out of a mailbox, read or not, of those that may go; nil lets all. Once it returns the letter, no other call does, whatever
// crashes. ErrEmpty when there is none. may is called without a lock, for one letter at a time, and for one that goes exactly once.
func (m *Mailboxes) Pop(a Address, may func(id string) bool) (Letter, error) {
	for kept := map[idKey]bool{}; ; {
		var l Letter
		if err := m.with(a, "taking a letter out of the mailbox", func(b *box) (err error) {
			l, err = m.oldest(b, kept)
			return err
		}); err != nil {
			return Letter{}, err
		}
		if may != nil && !may(l.ID) {
			kept[keyOf(l.ID)] = true
			m.letGo(a, []Letter{l}, false)
			continue
		}
		err := m.log.Append(outOf(a, l, StatusTaken, poppedEvidence))
		m.letGo(a, []Letter{l}, err == nil)
		if err != nil {
			return Letter{}, fmt.Errorf("taking a letter out of the mailbox of %q: %w", a, err)
		}
		l.Read, l.Now, l.Evidence = true, StatusTaken, poppedEvidence
		return l, nil
	}
}

// outOf is the record that a letter left its mailbox.
func outOf(a Address, l Letter, s Status, evidence string) Record {
	return Record{Kind: KindReceipt, Team: a.Team, Ref: l.ID, From: l.From, To: l.To, Status: s, Evidence: evidence}
}

// oldest returns the first letter that nobody is taking and that is not among kept, and takes it.
func (m *Mailboxes) oldest(b *box, kept map[idKey]bool) (Letter, error) {
	for _, p := range b.here.spots {
		if p.pos == gone {
			continue
		}
		var l Letter
		if err := m.eachAt(b, []int64{p.pos}, func(at Letter) bool { l = at; return true }); err != nil {
			return Letter{}, err
		}
		if k := keyOf(l.ID); !kept[k] && b.here.take(k) {
			return l, nil
		}
	}
	return Letter{}, ErrEmpty
}

// letGo ends the taking of letters: they have left their box, or stay.
func (m *Mailboxes) letGo(a Address, ls []Letter, left bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, l := range ls {
		k := keyOf(l.ID)
		b := m.boxes[a]
		for _, other := range m.boxes { // the box may have been renamed
			if other.here.has(k) {
				b = other
			}
		}
		if b != nil {
			delete(b.here.taken, k)
		}
		if b != nil && left {
			b.here.remove(k)
		}
	}
}

// clearsAtOnce is how many letters are cleared with one write.
const clearsAtOnce = 1000

// Clear takes all letters out of a mailbox, of those that may go; nil lets all. It returns their ids once that is on disk; after an error, the
// ids of those that had left before. may is called as Pop does.
func (m *Mailboxes) Clear(a Address, may func(id string) bool) (ids []string, err error) {
	var all []Letter
	if err := m.with(a, "clearing the mailbox", func(b *box) error {
		return m.eachAt(b, b.here.all(), func(l Letter) bool {
			l.Text = "" // not needed, and there may be many
			if b.here.take(keyOf(l.ID)) {
				all = append(all, l)
			}
			return true
		})
	}); err != nil {
		m.letGo(a, all, false)
		return nil, err
	}
	for some := range slices.Chunk(all, clearsAtOnce) {
		var recs []Record
		var going, staying []Letter
		for _, l := range some {
			if err == nil && (may == nil || may(l.ID)) {
				going, recs = append(going, l), append(recs, outOf(a, l, StatusCleared, clearedEvidence))
			} else {
				staying = append(staying, l)
			}
		}
		if err == nil {
			if err = m.log.Append(recs...); err != nil {
				err = fmt.Errorf("clearing the mailbox of %q: %w", a, err)
			}
		}
		m.letGo(a, staying, false)
		m.letGo(a, going, err == nil)
		for _, l := range going {
			if err == nil {
				ids = append(ids, l.ID)
			}
		}
	}
	return ids, err
}

// Redact removes the text of a record from the conversation, like Log.Redact, and from the mailboxes, also where only they still have it.
func (m *Mailboxes) Redact(id string) error {
	err := m.log.Redact(id)
	if errors.Is(err, ErrNotFound) && m.holds(id) {
		err = m.log.Append(Record{Kind: KindRedact, Ref: id})
	}
	if err != nil {
		return err
	}
	return m.Update()
}

// holds reports whether a letter is in some box.
func (m *Mailboxes) holds(id string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := false
	for a := range m.boxes {
		// A box that cannot be read says so when it is used.
		_ = m.each(a, func(_ int64, text []byte) {
			_, h, ok := peekBoxLine(text)
			found = found || ok && string(h.id) == id && Kind(h.kind).isMessage()
		})
	}
	return found
}

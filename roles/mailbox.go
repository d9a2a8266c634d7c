package roles

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"
)

// mailboxDir is the mailboxes' directory; mailboxIndex, in it, says how far they are filled. No box can have its name: it begins with a dot.
const (
	mailboxDir   = "mailbox"
	mailboxIndex = ".index.json"
)

// saveAfter is after how many records the index is brought up to date. A start after a kill goes through so many again.
const saveAfter = 500

type mailboxData struct {
	V       int              `json:"v"`
	Through Offset           `json:"through"` // the boxes hold everything before it
	Boxes   map[string]int64 `json:"boxes"`   // sizes by address: a smaller box has lost something
	Renames []boxRenamed     `json:"renames,omitempty"`
}

// boxRenamed says that what was sent to From before At belongs to To.
type boxRenamed struct {
	From string `json:"from"`
	To   string `json:"to"`
	At   Offset `json:"at"`
}

// Mailboxes are each role's own copy of the messages to it: mailbox/ROLE.jsonl, mailbox/TEAM/ROLE.jsonl, records as in the conversation, which stays
// the one truth: boxes are filled from it, and so is what is missing in them or damaged. They are not synced to disk. They are safe for concurrent
// use within their one process, the one that has the log open.
type Mailboxes struct {
	dir Dir // the mailbox directory
	log *Log

	mu      sync.Mutex        // guards the rest, and the files
	boxes   map[Address]int64 // sizes in bytes
	renames []boxRenamed
	through Offset
	unsure  bool // boxes may hold some of what comes after through
	unsaved int  // records filed since the index was written
	closed  bool
}

// OpenMailboxes opens the mailboxes and brings them up to date. The caller closes them before the log.
func OpenMailboxes(dir Dir, l *Log) (*Mailboxes, []Notice, error) {
	mdir, err := dir.sub(mailboxDir)
	if err != nil {
		return nil, nil, fmt.Errorf("opening the mailboxes: %w", err)
	}
	m := &Mailboxes{dir: mdir, log: l, boxes: map[Address]int64{}}
	var data mailboxData
	damaged, notices, err := mdir.loadJSON(mailboxIndex, &data)
	if err == nil && !damaged && data.Through <= l.Offset() {
		m.through, m.renames = data.Through, data.Renames
		for name, size := range data.Boxes {
			if a, err := ParseAddress(name); err == nil {
				m.boxes[a] = size
			}
		}
	}
	if err == nil {
		err = m.catchUp(&notices)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("opening the mailboxes: %w", err)
	}
	return m, append(notices, mdir.notices...), nil
}

// catchUp mends boxes that are missing or torn, and adds what the conversation has beyond the index.
func (m *Mailboxes) catchUp(notices *[]Notice) error {
	wanting := map[Address]bool{}
	for a, size := range m.boxes {
		whole, err := m.isWhole(a, size)
		if err != nil {
			return err
		}
		if !whole {
			wanting[a] = true
			*notices = append(*notices, Notice{m.path(a), -1, "was missing or incomplete; it was filled from the conversation"})
		}
	}
	if err := m.mend(wanting); err != nil {
		return err
	}
	m.unsure = true // a killed process may have filed more than the index says
	if err := m.update(); err != nil {
		return err
	}
	return m.save()
}

// boxOf returns the box that a record at a place in the conversation belongs in.
func (m *Mailboxes) boxOf(rec *Record, at Offset) (Address, bool) {
	switch rec.Kind {
	case KindMessage, KindBroadcast, KindReply:
	default:
		return Address{}, false
	}
	if rec.Status == StatusRejected {
		return Address{}, false
	}
	to := rec.To
	for _, r := range m.renames {
		if r.From == to && at < r.At {
			to = r.To
		}
	}
	a, err := ParseAddress(to)
	return a, err == nil && (a == User || !Reserved(a.Role))
}

// Update files what was written to the conversation since the last time. Reading a box does it, too: calling it is needed only where others read the
// files.
func (m *Mailboxes) Update() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.updated(); err != nil {
		return fmt.Errorf("filing messages: %w", err)
	}
	return nil
}

func (m *Mailboxes) updated() error {
	if m.closed {
		return errClosed
	}
	known := len(m.boxes)
	if err := m.update(); err != nil {
		return err
	}
	if m.unsaved < saveAfter && len(m.boxes) == known {
		return nil
	}
	return m.save()
}

// update files the records from through on, a bounded part at a time.
func (m *Mailboxes) update() error {
	filed := func(Address, string) bool { return false }
	if m.unsure {
		filed = m.filed()
	}
	for m.through < m.log.Offset() {
		fresh := map[Address][]Record{}
		size, records := 0, 0
		next, err := eachForward(m.log.dir, conversation, m.through, func(l lineAt) bool {
			size += len(l.text)
			rec, ok := m.log.record(l)
			if !ok {
				return true
			}
			switch a, ok := m.boxOf(&rec, l.at); {
			case !ok:
			case filed(a, rec.ID):
				m.noteSize(a)
			default:
				fresh[a] = append(fresh[a], rec)
				records++
			}
			return size < fromBytes
		})
		if err != nil || next == m.through {
			return err
		}
		m.unsure = true // until all of this part is filed
		for a, recs := range fresh {
			if err := m.add(a, recs); err != nil {
				return err
			}
		}
		m.through = next
		m.unsaved += records
	}
	m.unsure = false
	return nil
}

// noteSize takes a box that was found filled, without an index that knew of it, into the index.
func (m *Mailboxes) noteSize(a Address) {
	if _, known := m.boxes[a]; known {
		return
	}
	if info, err := os.Lstat(m.path(a)); err == nil {
		m.boxes[a] = info.Size()
	}
}

// filed returns a function that tells whether a box holds a record already.
func (m *Mailboxes) filed() func(a Address, id string) bool {
	have := map[Address]map[string]bool{}
	return func(a Address, id string) bool {
		if have[a] == nil {
			have[a] = map[string]bool{}
			// A box that cannot be read cannot be written either, which is reported then; lines that are damaged are as if missing.
			_ = m.each(a, func(rec *Record) { have[a][rec.ID] = true })
		}
		return have[a][id]
	}
}

// List returns what f picks of a role's mailbox, newest last. A box that proves damaged is mended first. A role that was never written to has an
// empty one.
func (m *Mailboxes) List(a Address, f Filter) ([]Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.file(a); err != nil {
		return nil, fmt.Errorf("reading a mailbox: %w", err)
	}
	var recs []Record
	read := func() error {
		recs = nil
		return m.each(a, func(rec *Record) {
			if f.match(rec) {
				recs = append(recs, *rec)
				if f.Limit > 0 && len(recs) >= 2*f.Limit {
					recs = slices.Clone(recs[len(recs)-f.Limit:]) // only the newest are wanted: do not hold them all
				}
			}
		})
	}
	err := m.updated()
	if err == nil {
		err = read()
	}
	if errors.Is(err, errDamaged) {
		if err = m.mend(map[Address]bool{a: true}); err == nil {
			err = read()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("reading the mailbox of %q: %w", a, err)
	}
	if f.Limit > 0 && len(recs) > f.Limit {
		recs = recs[len(recs)-f.Limit:]
	}
	return recs, nil
}

// Count returns how many messages are in a role's mailbox.
func (m *Mailboxes) Count(a Address) (int, error) {
	recs, err := m.List(a, Filter{})
	return len(recs), err
}

// Rename gives a role's mailbox to its new address: ErrExists when that has one.
func (m *Mailboxes) Rename(from, to Address) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	err := m.rename(from, to)
	if err != nil {
		return fmt.Errorf("renaming the mailbox of %q to %q: %w", from, to, err)
	}
	return nil
}

func (m *Mailboxes) rename(from, to Address) error {
	src, err := m.file(from)
	if err != nil || from == User {
		return errors.Join(err, fs.ErrInvalid)
	}
	dst, err := m.file(to)
	if err != nil || to == User || from == to {
		return err
	}
	if err := m.updated(); err != nil {
		return err
	}
	if _, err := os.Lstat(m.dir.join(dst)); err == nil {
		return ErrExists
	}
	if to.Team != "" {
		if _, err := m.dir.sub(to.Team); err != nil {
			return err
		}
	}
	if err := os.Rename(m.dir.join(src), m.dir.join(dst)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fileError(m.dir.join(src), err)
	}
	if size, ok := m.boxes[from]; ok {
		delete(m.boxes, from)
		m.boxes[to] = size
	}
	m.renames = append(m.renames, boxRenamed{from.String(), to.String(), m.through})
	return m.save()
}

// save writes the index.
func (m *Mailboxes) save() error {
	data := mailboxData{V: Version, Through: m.through, Boxes: map[string]int64{}, Renames: m.renames}
	for a, size := range m.boxes {
		data.Boxes[a.String()] = size
	}
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	m.unsaved = 0
	return m.dir.replace(mailboxIndex, text)
}

// Close writes down how far the boxes are filled. Later calls fail.
func (m *Mailboxes) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil
	}
	m.closed = true
	return m.save()
}

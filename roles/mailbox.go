package roles

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// mailboxDir is the mailboxes' directory; mailboxIndex, in it, says how far they are filled. No box can have its name: it begins with a dot.
const (
	mailboxDir   = "mailbox"
	mailboxIndex = ".index.json"
)

// The index is brought up to date after so many lines that were filed, or bytes of the conversation that were read. A start after a kill goes through
// so many again.
const (
	saveAfter      = 500
	saveAfterBytes = 4 << 20
)

// keepLetters is how long letters that were read stay in their box unless somebody says otherwise.
const keepLetters = 30 * 24 * time.Hour

type mailboxData struct {
	V       int              `json:"v"`
	Through Offset           `json:"through"` // the boxes hold everything before it
	Last    string           `json:"last"`    // id of the last record before Through: is it still the same conversation?
	Boxes   map[string]int64 `json:"boxes"`   // sizes by address: a smaller box has lost something
	Renames []boxRenamed     `json:"renames,omitempty"`
}

// boxRenamed says that what was sent to From before At belongs to To, or to nobody where To is empty.
type boxRenamed struct {
	From string `json:"from"`
	To   string `json:"to"`
	At   Offset `json:"at"`
}

// Mailboxes are each role's own copy of the messages to it, and of what became of them: mailbox/ROLE.jsonl, mailbox/TEAM/ROLE.jsonl. The conversation
// stays the one truth: boxes are filled from it, and so is what is missing in them or damaged; but a box keeps what the conversation has dropped.
// They are safe for concurrent use within their one process, the one that has the log open.
//
// A letter is in its box until a status ends its way; it is unread until then, or until somebody has read it.
type Mailboxes struct {
	dir     Dir // the mailbox directory
	log     *Log
	keepFor time.Duration

	mu        sync.Mutex // guards the rest, and the files
	boxes     map[Address]*box
	renames   []boxRenamed
	through   Offset
	seen      map[idKey]bool // while the boxes are filled without an index: the letters in them
	unsaved   int            // lines filed since the index was written
	saved     Offset         // through, in the index
	compacted time.Time
	closed    bool
}

// box is one mailbox. What is in memory of it follows from its file alone.
type box struct {
	addr  Address
	size  int64
	last  Offset // of the newest line: what is not after it was filed
	here  letterList
	fresh []byte // lines that are yet to be written
	dirty bool   // not known to be on disk
}

// MailOptions says how long read letters are kept.
type MailOptions struct {
	KeepFor time.Duration // after which letters that were read, taken or cleared leave their box; 0: 30 days
}

// OpenMailboxes opens the mailboxes and brings them up to date. The caller closes them before the log.
func OpenMailboxes(dir Dir, l *Log) (*Mailboxes, []Notice, error) {
	return OpenMailboxesWith(dir, l, MailOptions{})
}

// OpenMailboxesWith is OpenMailboxes with another time to keep letters.
func OpenMailboxesWith(dir Dir, l *Log, o MailOptions) (*Mailboxes, []Notice, error) {
	mdir, err := dir.sub(mailboxDir)
	if err != nil {
		return nil, nil, fmt.Errorf("opening the mailboxes: %w", err)
	}
	m := &Mailboxes{dir: mdir, log: l, keepFor: o.KeepFor, boxes: map[Address]*box{}}
	if m.keepFor <= 0 {
		m.keepFor = keepLetters
	}
	l.hold(0)
	notices, err := m.recover()
	if err != nil {
		return nil, nil, fmt.Errorf("opening the mailboxes: %w", err)
	}
	return m, append(notices, mdir.notices...), nil
}

// recover loads the boxes, mends those that are missing or torn, and adds what the conversation has beyond the index.
func (m *Mailboxes) recover() ([]Notice, error) {
	var data mailboxData
	damaged, notices, err := m.dir.loadJSON(mailboxIndex, &data)
	if err != nil {
		return nil, err
	}
	end := m.log.Offset()
	last, err := m.log.idBefore(data.Through)
	if err != nil {
		return nil, err
	}
	indexed := !damaged && data.V > 0
	same := indexed && last == data.Last && (last != "" || data.Through == 0)
	switch {
	case same:
		m.through, m.renames = data.Through, data.Renames
	case indexed: // the conversation was changed by hand: nothing is where it was
		m.renames = data.Renames
	default:
		m.seen = map[idKey]bool{}
	}
	if err := m.finishRename(data); err != nil {
		return nil, err
	}
	names, err := m.files()
	if err != nil {
		return nil, err
	}
	for name := range data.Boxes {
		if a, err := ParseAddress(name); err == nil && indexed && !slices.Contains(names, a) {
			names = append(names, a)
		}
	}
	wanting := map[*box]bool{}
	for _, a := range names {
		b := &box{addr: a, last: lost}
		m.boxes[a] = b
		switch err := m.load(b); {
		case err != nil && !errors.Is(err, errDamaged):
			return nil, err
		case err != nil || indexed && (!same || b.size < data.Boxes[a.String()]) || b.last >= end:
			wanting[b] = true
			notices = append(notices, Notice{m.path(a), -1, "was missing, incomplete or damaged; it was filled from the conversation"})
		}
	}
	if err := m.mend(wanting); err != nil {
		return nil, err
	}
	if err := m.update(); err != nil {
		return nil, err
	}
	m.seen = nil
	for _, b := range m.boxes {
		b.dirty = true // a killed process may not have synced it
	}
	if err := m.compact(); err != nil {
		return nil, err
	}
	return notices, m.save()
}

// files lists the boxes that have a file.
func (m *Mailboxes) files() ([]Address, error) {
	var all []Address
	list := func(team, path string) ([]string, error) {
		var teams []string
		entries, err := os.ReadDir(path)
		for _, e := range entries {
			role, isBox := strings.CutSuffix(e.Name(), ext)
			a := Address{team, role}
			if isBox && !e.IsDir() && (a == User || validRole(a) == nil) {
				all = append(all, a)
			}
			if e.IsDir() && ValidName(e.Name()) == nil {
				teams = append(teams, e.Name())
			}
		}
		return teams, fileError(path, err)
	}
	teams, err := list("", m.dir.path)
	for _, team := range teams {
		if err == nil {
			_, err = list(team, m.dir.join(team))
		}
	}
	return all, err
}

// Update files what was written to the conversation since the last time. Reading a box does it, too: calling it is needed only where others read the
// files, or where nobody reads boxes for long: the conversation drops nothing that they have not got.
func (m *Mailboxes) Update() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.updated(); err != nil {
		return fmt.Errorf("filing messages: %w", err)
	}
	return nil
}

// updated brings the boxes up to date. The caller holds mu.
func (m *Mailboxes) updated() error {
	if m.closed {
		return errClosed
	}
	known := len(m.boxes)
	if err := m.update(); err != nil {
		return err
	}
	if time.Since(m.compacted) > 24*time.Hour {
		if err := m.compact(); err != nil {
			return err
		}
	}
	if m.unsaved < saveAfter && m.through-m.saved < saveAfterBytes && len(m.boxes) == known {
		return nil
	}
	return m.save()
}

// save makes the boxes durable, then writes the index, and lets the conversation drop what the boxes have now.
func (m *Mailboxes) save() error {
	if err := m.log.Sync(); err != nil { // or the boxes would know more than the conversation after a power loss
		return err
	}
	last, err := m.log.idBefore(m.through)
	if err != nil {
		return err
	}
	data := mailboxData{V: Version, Through: m.through, Last: last, Boxes: map[string]int64{}, Renames: m.renames}
	for a, b := range m.boxes {
		if err := m.sync(b); err != nil {
			return err
		}
		data.Boxes[a.String()] = b.size
	}
	text, err := json.Marshal(data)
	if err == nil {
		err = m.dir.replace(mailboxIndex, text)
	}
	if err != nil {
		return err
	}
	m.unsaved, m.saved = 0, m.through
	m.log.hold(m.through)
	return nil
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
	if from == User || to == User {
		return fs.ErrInvalid
	}
	if err := errors.Join(validRole(from), validRole(to)); err != nil || from == to {
		return err
	}
	if err := m.updated(); err != nil {
		return err
	}
	if m.boxes[to] != nil {
		return ErrExists
	}
	was := slices.Clone(m.renames)
	m.renames = append(m.renames, boxRenamed{from.String(), to.String(), m.through})
	b := m.boxes[from]
	if b != nil {
		delete(m.boxes, from)
		m.boxes[to] = b
	}
	if err := m.save(); err != nil { // from here on a crash leaves the rest to the next start
		if b != nil {
			delete(m.boxes, to)
			m.boxes[from] = b
		}
		m.renames = was
		return err
	}
	if b == nil {
		return nil
	}
	b.addr = to
	return m.move(from, to)
}

// move gives a box's file its new name.
func (m *Mailboxes) move(from, to Address) error {
	if to.Team != "" {
		if _, err := m.dir.sub(to.Team); err != nil {
			return err
		}
	}
	if err := os.Rename(m.path(from), m.path(to)); err != nil {
		return fileError(m.path(from), err)
	}
	return nil
}

// Forget removes a role's mailbox: a role that has the address later begins with an empty one. The conversation keeps the messages.
func (m *Mailboxes) Forget(a Address) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if a == User {
		return fmt.Errorf("forgetting the mailbox of %q: it always has one: %w", a, fs.ErrInvalid)
	}
	err := validRole(a)
	if err == nil {
		err = m.updated()
	}
	if err == nil && m.boxes[a] != nil {
		delete(m.boxes, a)
		m.renames = append(m.renames, boxRenamed{a.String(), "", m.through})
		if err = m.save(); err == nil {
			err = os.Remove(m.path(a))
		}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forgetting the mailbox of %q: %w", a, err)
	}
	return nil
}

// finishRename does what a crash has left undone once it was in the index.
func (m *Mailboxes) finishRename(data mailboxData) error {
	if len(m.renames) == 0 {
		return nil
	}
	r := m.renames[len(m.renames)-1] // those before were done before it began
	from, err := ParseAddress(r.From)
	if _, known := data.Boxes[r.From]; err != nil || known {
		return nil
	}
	if _, err := os.Lstat(m.path(from)); err != nil {
		return nil
	}
	if r.To == "" {
		return os.Remove(m.path(from))
	}
	to, err := ParseAddress(r.To)
	if err != nil {
		return nil
	}
	if _, err := os.Lstat(m.path(to)); errors.Is(err, fs.ErrNotExist) {
		return m.move(from, to)
	}
	return nil
}

// sortedBoxes returns the boxes in the order of their addresses.
func (m *Mailboxes) sortedBoxes() []*box {
	return slices.SortedFunc(maps.Values(m.boxes), func(a, b *box) int { return strings.Compare(a.addr.String(), b.addr.String()) })
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

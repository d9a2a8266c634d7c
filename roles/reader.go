package roles

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// conversation is the name of the log's files, without what follows.
const conversation = "conversation"

// ErrNotFound says that there is no such record, role or briefing.
var ErrNotFound = errors.New("not found")

// Reader reads the conversation: from any process, while another writes, rotates and drops segments. Every call sees the whole lines that were
// written when it began. Damaged lines are skipped with a notice. It holds no file open between calls and is safe for concurrent use.
type Reader struct {
	dir Dir

	mu      sync.Mutex // guards the rest
	notices []Notice
	noted   map[Offset]bool // Offsets of the damaged lines already reported
	spans   map[int64]span  // of rotated segments, by their first byte; zero where it is not known
}

// maxNotices bounds what is remembered of damage between two calls of Notices.
const maxNotices = 100

// NewReader returns a reader of the conversation in dir, which need not have one yet.
func NewReader(dir Dir) *Reader {
	return &Reader{dir: dir, noted: map[Offset]bool{}, spans: map[int64]span{}}
}

// Notices returns what was found damaged since the last call. Each damaged line is reported once.
func (r *Reader) Notices() []Notice {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.notices
	r.notices = nil
	return n
}

func (r *Reader) note(n Notice) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.notices) < maxNotices {
		r.notices = append(r.notices, n)
	}
}

func (r *Reader) damaged(l lineAt, err error) {
	r.mu.Lock()
	known := r.noted[l.at] || len(r.noted) >= 100*maxNotices
	if !known {
		r.noted[l.at] = true
	}
	r.mu.Unlock()
	if known {
		return
	}
	r.note(Notice{r.dir.join(l.name), l.in, fmt.Sprintf("a line was skipped: %v: %s", err, firstBytes(l.text))})
}

// errNewer says that a record was written in a format this program does not know.
var errNewer = errors.New("written by a newer isesh")

// decodeRecord reads a line of the conversation.
func decodeRecord(line []byte) (Record, error) {
	var rec Record
	if err := json.Unmarshal(line, &rec); err != nil {
		return Record{}, fmt.Errorf("damaged: %w", err)
	}
	switch {
	case rec.V > Version:
		return Record{}, fmt.Errorf("%w (format %d, this one knows %d)", errNewer, rec.V, Version)
	case rec.V < 1 || rec.ID == "" || rec.Kind == "":
		return Record{}, errors.New("damaged: v, id or kind is missing")
	}
	return rec, nil
}

// record decodes l; ok is false when it is damaged, which is noted.
func (r *Reader) record(l lineAt) (rec Record, ok bool) {
	rec, err := decodeRecord(l.text)
	if err != nil {
		r.damaged(l, err)
	}
	rec.At = l.at
	return rec, err == nil
}

// Tail returns the records that f picks, newest last. It reads from the end and stops at the limit, so it takes the same time however long the
// conversation is, if matches are near the end.
func (r *Reader) Tail(f Filter) ([]Record, error) {
	items, err := r.tail(f, false)
	recs := make([]Record, len(items))
	for i := range items {
		recs[i] = items[i].Record
	}
	return recs, err
}

// Item is a record and what became of it.
type Item struct {
	Record
	Last     Record // its newest receipt, or how its turn ended; zero when there is neither
	Receipts int    // how many receipts there are
}

// Status returns the last known status: that of its turn, of the newest receipt, else the record's own.
func (i Item) Status() Status {
	if i.Last.ID != "" {
		return i.Last.Status
	}
	return i.Record.Status
}

// fate reports whether rec tells what became of its Ref.
func (rec *Record) fate() bool {
	return rec.Ref != "" && (rec.Kind == KindReceipt || rec.Kind == KindTurn && rec.Status != "")
}

// TailItems is Tail with every record's receipts, and the end of its turn, folded into it. Receipts come as items of their own only when f.Kinds names them.
func (r *Reader) TailItems(f Filter) ([]Item, error) { return r.tail(f, true) }

func (r *Reader) tail(f Filter, fold bool) ([]Item, error) {
	needles, receipt, turn := f.needles(), []byte(`"kind":"receipt"`), []byte(`"kind":"turn"`)
	wantReceipts := !fold || slices.Contains(f.Kinds, KindReceipt)
	fates := map[string]Item{}  // receipts met before (that is, written after) the record they belong to
	told := map[string]string{} // the texts of the automatic replies met so far, by the turn whose end they tell of
	var items []Item
	err := eachBackward(r.dir, conversation, r.before(f.Since), func(l lineAt) bool {
		foldable := fold && (bytes.Contains(l.text, receipt) || bytes.Contains(l.text, turn))
		if !foldable && (!containsAll(l.text, needles) || tooOld(l.text, f.Since)) {
			return true
		}
		rec, ok := r.record(l)
		if !ok {
			return true
		}
		if fold && rec.fate() {
			fate := fates[rec.Ref]
			if fate.Last.ID == "" {
				fate.Last = rec
			}
			if rec.Kind == KindReceipt {
				fate.Receipts++
			}
			fates[rec.Ref] = fate
		}
		fate := fates[rec.ID]
		delete(fates, rec.ID)
		if rec.Kind == KindReceipt && !wantReceipts || !f.match(&rec) {
			return true
		}
		if text, ok := told[rec.ID]; ok && rec.Kind == KindTurn {
			delete(told, rec.ID)
			if text == strings.TrimSpace(rec.Text) {
				return true // the reply says it, and to whom
			}
		}
		if turn, ok := strings.CutSuffix(rec.ID, ReplySuffix); ok && f.Said && rec.Kind == KindReply {
			told[turn] = rec.Text
		}
		fate.Record = rec
		items = append(items, fate)
		return f.Limit <= 0 || len(items) < f.Limit
	})
	slices.Reverse(items)
	return items, err
}

// before returns a function that tells which segments are older than a time as a whole. Nothing less will do: where a clock was set back, a record
// that is too old says nothing of those before it.
func (r *Reader) before(t time.Time) func(segment) bool {
	if t.IsZero() {
		return nil
	}
	return func(s segment) bool {
		r.mu.Lock()
		sp, ok := r.spans[s.base]
		r.mu.Unlock()
		if !ok {
			idx, _ := loadSegmentIndex(r.dir, s)
			sp = idx.span
			r.mu.Lock()
			r.spans[s.base] = sp
			r.mu.Unlock()
		}
		return !sp.Last.IsZero() && sp.Last.Before(t)
	}
}

// tooOld reports whether a line is certainly older than a time, without decoding it.
func tooOld(line []byte, t time.Time) bool {
	if t.IsZero() {
		return false
	}
	h, ok := peek(line)
	if !ok {
		return false
	}
	at, err := time.Parse(time.RFC3339Nano, string(h.time))
	return err == nil && at.Before(t)
}

// Get returns the record with this ID and, oldest first, the records whose Ref it is: a message and its receipts. ErrNotFound when there is none.
func (r *Reader) Get(id string) (Record, []Record, error) {
	if id == "" {
		return Record{}, nil, fmt.Errorf("looking for a message: its id is empty: %w", ErrNotFound)
	}
	var found *Record
	var receipts []Record
	needles := Filter{ID: id}.needles()
	err := eachBackward(r.dir, conversation, nil, func(l lineAt) bool {
		if !containsAll(l.text, needles) {
			return true
		}
		rec, ok := r.record(l)
		switch {
		case !ok:
		case rec.ID == id:
			found = &rec
			return false
		case rec.Ref == id:
			receipts = append(receipts, rec)
		}
		return true
	})
	if err != nil {
		return Record{}, nil, fmt.Errorf("looking for message %q: %w", id, err)
	}
	if found == nil {
		return Record{}, nil, fmt.Errorf("looking for message %q: %w", id, ErrNotFound)
	}
	slices.Reverse(receipts)
	return *found, receipts, nil
}

// Scan calls fn with every record, oldest first, until fn returns false.
func (r *Reader) Scan(fn func(Record) bool) error {
	_, err := eachForward(r.dir, conversation, 0, func(l lineAt) bool {
		rec, ok := r.record(l)
		return !ok || fn(rec)
	})
	return err
}

// Offset returns the end of the conversation as it is now: From of it gives what is written later.
func (r *Reader) Offset() (Offset, error) {
	segs, err := snapshot(r.dir, conversation)
	if err != nil {
		return 0, err
	}
	s := segs[len(segs)-1]
	if s.file == nil {
		return Offset(s.base), nil
	}
	f, size, err := s.openWhole(r.dir)
	if err != nil {
		return 0, err
	}
	return Offset(s.base + size), f.Close()
}

// idBefore returns the id of the last record before a place that can be read; "" when no line ends there.
func (r *Reader) idBefore(at Offset) (id string, err error) {
	segs, err := snapshot(r.dir, conversation)
	if err != nil {
		return "", err
	}
	defer closeSegments(segs)
	i := len(segs) - 1
	for i > 0 && int64(at) <= segs[i].base {
		i--
	}
	s := segs[i]
	f, size, err := s.openWhole(r.dir)
	if err != nil || f == nil {
		return "", err
	}
	segs[i].file = nil // closed here
	defer f.Close()
	end := int64(at) - s.base
	if end <= 0 || end > size {
		return "", nil
	}
	if last := make([]byte, 1); readFull(f, last, end-1) != nil || last[0] != '\n' {
		return "", nil
	}
	_, err = backward(f, end, func(_ int64, line []byte) bool {
		b, ok := briefOf(line)
		id = b.id
		return !ok
	})
	return id, fileError(r.dir.join(s.name), err)
}

// From bounds what one call returns, whichever comes first; one record always fits.
const (
	fromRecords = 1000
	fromBytes   = 4 << 20
)

// From returns the records after o, oldest first, and the Offset to go on from. It returns a bounded part at a time: a follower calls it until it
// returns no records, then waits for more to be written. An Offset in a segment that was dropped stands for the oldest there is.
func (r *Reader) From(o Offset) ([]Record, Offset, error) {
	var recs []Record
	bytes := 0
	next, err := eachForward(r.dir, conversation, o, func(l lineAt) bool {
		rec, ok := r.record(l)
		if !ok {
			return true
		}
		recs = append(recs, rec)
		bytes += len(l.text)
		return len(recs) < fromRecords && bytes < fromBytes
	})
	return recs, next, err
}

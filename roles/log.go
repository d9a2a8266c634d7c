package roles

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"
)

// errClosed is what a closed log or journal answers.
var errClosed = errors.New("it is closed")

// Log is the conversation, open for appending: the write-ahead log from which everything else can be rebuilt. One process has it open at a time; a
// lock on the state directory holds that. It is safe for concurrent use, and it is a Reader, too.
type Log struct {
	*Reader
	lock *os.File // held until Close
	opts LogOptions

	// turn is held by the caller that writes and syncs for its group. Who waits for it gathers the next group meanwhile.
	turn sync.Mutex

	mu     sync.Mutex       // guards the rest; not held during a sync, rotation and redaction aside
	next   *group           // what is gathered for the next sync; nil when nobody waits
	taking map[string]claim // by id: messages in groups that are not done
	w      *writer
	live   liveSet
	known  *known
	held   Offset // nothing from here on is dropped, whatever its age
	failed error  // set once: the log takes nothing more
}

// group is what one sync makes durable.
type group struct {
	batch
	claims []string // ids
	done   chan struct{}
	err    error // valid once done is closed, as are the places in recs
}

// batch is records and their lines, ready to be written.
type batch struct {
	recs  []Record
	lines []byte
	ends  []int // where each record's line ends in lines
}

// encode fills in what recs leave open and writes them as lines.
func encode(recs []Record) (batch, error) {
	b := batch{recs: slices.Clone(recs)}
	var lines bytes.Buffer
	for i := range b.recs {
		rec := &b.recs[i]
		rec.V = Version
		if rec.ID == "" {
			rec.ID = NewID()
		}
		if rec.Time.IsZero() {
			rec.Time = time.Now().UTC()
		}
		if rec.Kind == "" {
			return batch{}, fmt.Errorf("writing record %s to the conversation: it has no kind", rec.ID)
		}
		if err := appendLine(&lines, rec); err != nil {
			return batch{}, fmt.Errorf("writing record %s to the conversation: %w", rec.ID, err)
		}
		b.ends = append(b.ends, lines.Len())
	}
	b.lines = lines.Bytes()
	return b, nil
}

func (b *batch) join(more batch) {
	if len(b.lines) == 0 {
		*b = more
		return
	}
	for _, end := range more.ends {
		b.ends = append(b.ends, len(b.lines)+end)
	}
	b.lines = append(b.lines, more.lines...)
	b.recs = append(b.recs, more.recs...)
}

// OpenLog opens the conversation in dir for appending, or begins one. A torn tail is removed and kept aside, damaged lines are skipped, both with a
// notice. It refuses a conversation that a newer isesh wrote into, and one that is open for appending elsewhere (ErrInUse). The caller closes it.
func OpenLog(dir Dir) (*Log, []Notice, error) { return OpenLogWith(dir, LogOptions{}) }

// OpenLogWith is OpenLog with other sizes than the usual ones.
func OpenLogWith(dir Dir, o LogOptions) (*Log, []Notice, error) {
	lock, err := dir.lock()
	if err != nil {
		return nil, nil, fmt.Errorf("opening the conversation: %w", err)
	}
	l := &Log{Reader: NewReader(dir), lock: lock, opts: o.filled(), taking: map[string]claim{}}
	w, notices, err := openWriter(dir, conversation, l.opts.Segment)
	if err == nil {
		l.w = w
		if err = l.recover(); err != nil {
			w.close()
		}
	}
	if err != nil {
		lock.Close()
		return nil, nil, fmt.Errorf("opening the conversation: %w", err)
	}
	return l, append(notices, l.Notices()...), nil
}

// Append writes recs, in this order and next to each other, and returns once they are on disk: accepted. Callers that arrive while another's sync
// runs share the next one, so it costs one write and one sync however many call. V is filled in, and ID and Time where they are zero.
//
// On an error nothing of the call is accepted. A full disk leaves the log usable. A failed sync does not, because what of the file is on disk
// is no longer known: then every later call fails, too, and the log has to be opened again. A crash before Append returns may leave any number of
// recs behind, each whole.
func (l *Log) Append(recs ...Record) error {
	if len(recs) == 0 {
		return nil
	}
	b, err := encode(recs)
	if err != nil {
		return err
	}
	l.mu.Lock()
	if l.failed != nil {
		defer l.mu.Unlock()
		return l.failed
	}
	g, _, lead := l.enqueue(b, false)
	l.mu.Unlock()
	return l.await(g, lead)
}

// enqueue adds b to the group that is gathered for the next sync, from index on; with claim nobody else takes the id of its first record until the
// group is done. Whoever leads has to see the group through, in await. The caller holds mu.
func (l *Log) enqueue(b batch, claiming bool) (g *group, index int, lead bool) {
	lead = l.next == nil
	if lead {
		l.next = &group{done: make(chan struct{})}
	}
	g, index = l.next, len(l.next.recs)
	g.join(b)
	if claiming {
		l.taking[b.recs[0].ID] = claim{g, index}
		g.claims = append(g.claims, b.recs[0].ID)
	}
	return g, index, lead
}

// await returns once the group is on disk, or has failed.
func (l *Log) await(g *group, lead bool) error {
	if !lead {
		<-g.done
		return g.err
	}
	l.turn.Lock()
	g.err = l.commit()
	l.mu.Lock()
	for _, id := range g.claims {
		delete(l.taking, id)
	}
	l.mu.Unlock()
	l.turn.Unlock()
	close(g.done)
	return g.err
}

// commit writes and syncs the gathered group. The caller has the turn.
func (l *Log) commit() error {
	l.mu.Lock()
	g := l.next
	l.next = nil
	err := l.failed
	if err == nil && l.due() {
		err = l.rotate()
	}
	if err == nil {
		err = l.put(g.batch)
	}
	if err != nil {
		l.mu.Unlock()
		return err
	}
	f, end := l.w.file, l.w.size
	l.mu.Unlock()
	return l.settle(f, end)
}

// put writes b, fills in the places of its records and takes note of them. The caller holds mu.
func (l *Log) put(b batch) error {
	start := l.w.end()
	if err := l.w.write(b.lines); err != nil {
		return l.fail("writing", err)
	}
	at := start
	for i := range b.recs {
		rec := &b.recs[i]
		rec.At = at
		l.live.note(rec, at)
		l.known.note(rec.brief(), at)
		at = start + Offset(b.ends[i])
	}
	return nil
}

// settle waits until the active segment is on disk up to end. The caller has the turn, so f stays the active segment.
func (l *Log) settle(f *os.File, end int64) error {
	err := datasync(f)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		l.w.synced = max(l.w.synced, end)
		return nil
	}
	// After a failed sync the kernel may have forgotten what it did not write: only what was synced before is certain. The rest is taken back.
	err = errors.Join(err, f.Truncate(l.w.synced))
	return l.fail("syncing", &brokenError{fileError(l.w.path(), err)})
}

// fail gives err its context, and ends the log when it says that the file is no longer sound. The caller holds mu.
func (l *Log) fail(doing string, err error) error {
	err = fmt.Errorf("%s the conversation: %w", doing, err)
	var broken *brokenError
	if errors.As(err, &broken) {
		l.failed = fmt.Errorf("the conversation takes nothing more until the supervisor is started again: %w", err)
	}
	return err
}

// AppendLazy writes recs at once but does not wait for the disk: the next Append or Sync makes them durable. Every reader sees them, and they
// survive the end of the process, kill -9 included. Only what stops the machine (a power loss, a kernel crash) may lose them. It is for what
// happened anyway, like the steps of a delivery.
func (l *Log) AppendLazy(recs ...Record) error {
	b, err := encode(recs)
	if err != nil || len(recs) == 0 {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed != nil {
		return l.failed
	}
	return l.put(b)
}

// Sync makes what AppendLazy wrote durable. It does nothing when all of it is.
func (l *Log) Sync() error {
	l.turn.Lock()
	defer l.turn.Unlock()
	l.mu.Lock()
	f, end, synced, err := l.w.file, l.w.size, l.w.synced, l.failed
	l.mu.Unlock()
	if err != nil || end == synced {
		return err
	}
	return l.settle(f, end)
}

// Offset returns the end of what is written.
func (l *Log) Offset() Offset {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.end()
}

// Close syncs what was written, closes the log and gives the state directory free. Later calls that write fail.
func (l *Log) Close() error {
	err := l.Sync()
	l.turn.Lock()
	defer l.turn.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if errors.Is(l.failed, errClosed) {
		return nil
	}
	if err == nil && l.failed == nil {
		err = l.saveLive()
	}
	l.failed = fmt.Errorf("writing the conversation: %w", errClosed)
	return errors.Join(err, l.w.close(), l.lock.Close())
}

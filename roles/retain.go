package roles

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"time"
)

// The usual sizes of the conversation.
const (
	logSegment = 8 << 20
	logKeep    = 1 << 30
)

// LogOptions says how much of the conversation is kept. Messages that are still to be delivered stay in any case, and what the mailboxes have not
// safely got, too.
type LogOptions struct {
	Segment int64         // bytes after which a new file is begun; 0: 8 MiB, or an eighth of Keep
	Keep    int64         // bytes to keep; 0: 1 GiB
	KeepFor time.Duration // records older than this go, at the latest when they are a quarter older; 0: none for their age
}

func (o LogOptions) filled() LogOptions {
	if o.Keep <= 0 {
		o.Keep = logKeep
	}
	if o.Segment <= 0 { // small enough for a few of them to fit into what is kept
		o.Segment = min(logSegment, max(64<<10, o.Keep/8))
	}
	return o
}

// due reports whether the active segment is large or old enough to be rotated. The caller holds mu.
func (l *Log) due() bool {
	old := l.opts.KeepFor > 0 && !l.known.First.IsZero() && time.Since(l.known.First) > l.opts.KeepFor/4
	return l.w.full() || old
}

// rotate begins a new segment and drops old ones. It fails only when the log cannot go on; what else goes wrong is a notice. The caller has the turn
// and holds mu.
func (l *Log) rotate() error {
	was := segment{name: segmentName(conversation, l.w.base), base: l.w.base, size: l.w.size}
	err := l.w.rotate()
	if l.w.base != was.base { // on a full disk what follows may fail in part; dropping something helps then
		err = errors.Join(err, l.known.rotate(l.dir, was), l.saveLive(), l.retain())
	}
	var broken *brokenError
	if errors.As(err, &broken) {
		return l.fail("rotating", err)
	}
	if err != nil {
		l.note(Notice{l.w.path(), -1, fmt.Sprintf("it was not rotated in full: %v", err)})
	}
	return nil
}

// retain drops the segments that need not be kept. The caller holds mu.
func (l *Log) retain() error {
	n, err := l.w.drop(min(l.live.oldest(), l.held), l.opts.Keep, func(base int64) bool {
		i := slices.IndexFunc(l.known.old, func(s oldSegment) bool { return s.base == base })
		return l.opts.KeepFor > 0 && i >= 0 && time.Since(l.known.old[i].Last) > l.opts.KeepFor
	})
	l.known.old = slices.Delete(l.known.old, 0, min(n, len(l.known.old)))
	return err
}

// hold keeps everything from a place on from being dropped: whoever depends on it moves the place forward when it has what is before.
func (l *Log) hold(from Offset) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held = from
}

// recover works out from the files what is live and what is known, and finishes what a crash interrupted.
func (l *Log) recover() (err error) {
	l.held = math.MaxInt64
	if _, err := os.Lstat(l.dir.join(mailboxDir)); err == nil {
		l.held = 0 // until the mailboxes are opened and say how much they have
	}
	if l.known, err = loadKnown(l.Reader, l.w); err != nil {
		return err
	}
	var from Offset
	if l.live, from, err = l.loadLive(); err != nil {
		return err
	}
	var newer error
	var redacted []string
	_, err = eachForward(l.dir, conversation, from, func(line lineAt) bool {
		rec, err := decodeRecord(line.text)
		switch {
		case errors.Is(err, errNewer):
			newer = &DirError{l.dir.join(line.name), err, "install the newer isesh, or choose another state directory with --state-dir"}
			return false
		case err != nil:
			l.damaged(line, err)
			return true
		}
		l.live.note(&rec, line.at)
		if rec.Kind == KindRedact {
			redacted = append(redacted, rec.Ref)
		}
		return true
	})
	if err = errors.Join(err, newer); err != nil {
		return err
	}
	for _, id := range redacted {
		if err := l.erase(id); err != nil && !errors.Is(err, ErrNotFound) {
			l.note(Notice{l.w.path(), -1, fmt.Sprintf("removing the text of %s, as was asked for: %v", id, err)})
		}
	}
	return nil
}

package roles

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// writer appends to a journal and rotates it. It locks nothing: its owner does.
type writer struct {
	dir     Dir
	stem    string
	segSize int64 // a segment that has reached it is rotated before the next write

	file     *os.File
	base     int64 // Offset of the active segment's first byte
	size     int64 // its length
	synced   int64 // how much of it is known to be on disk
	rotateAt int64
}

// openWriter opens or makes the active segment and makes it end with a whole line. What was torn off was never accepted; it is kept aside. A last
// line that is whole but for its newline is kept.
func openWriter(d Dir, stem string, segSize int64) (*writer, []Notice, error) {
	w := &writer{dir: d, stem: stem, segSize: segSize, rotateAt: segSize}
	segs, err := rotated(d, stem)
	if err != nil {
		return nil, nil, err
	}
	if n := len(segs); n > 0 {
		w.base = segs[n-1].base + segs[n-1].size
	}
	if w.file, err = d.open(stem+ext, os.O_RDWR|os.O_APPEND|os.O_CREATE); err != nil {
		return nil, nil, err
	}
	notices, err := w.mend()
	if err == nil {
		err = datasync(w.file) // what a killed writer left is kept, so it must not be lost after all
	}
	if err == nil {
		err = d.sync()
	}
	if err != nil {
		w.file.Close()
		return nil, nil, fileError(d.join(stem+ext), err)
	}
	w.synced = w.size
	return w, notices, nil
}

func (w *writer) path() string { return w.dir.join(w.stem + ext) }

// mend removes or completes a torn tail.
func (w *writer) mend() ([]Notice, error) {
	size, err := fileSize(w.file)
	if err != nil {
		return nil, err
	}
	whole, err := wholeLines(w.file, size)
	if err != nil {
		return nil, err
	}
	w.size = whole
	if whole == size {
		return nil, nil
	}
	tail := make([]byte, size-whole)
	if err := readFull(w.file, tail, whole); err != nil {
		return nil, err
	}
	if json.Valid(tail) && tail[0] == '{' {
		if _, err := w.file.Write([]byte{'\n'}); err != nil {
			return nil, errors.Join(err, w.file.Truncate(size))
		}
		w.size = size + 1
		return nil, nil
	}
	aside := asideName(w.stem + ext)
	kept := "it is kept as " + w.dir.join(aside)
	if err := w.dir.replace(aside, tail); err != nil { // a full disk: it was not accepted, so it may go
		kept = fmt.Sprintf("it could not be kept: %v", err)
	}
	if err := w.file.Truncate(whole); err != nil {
		return nil, err
	}
	return []Notice{{w.path(), whole, fmt.Sprintf("a torn last line of %d bytes was removed; %s", len(tail), kept)}}, nil
}

// asideName is the name under which damaged content of a file is kept.
func asideName(name string) string {
	return name + ".damaged-" + time.Now().UTC().Format("20060102T150405.000000000")
}

// write appends whole lines in one write. When it fails nothing of them stays.
func (w *writer) write(lines []byte) error {
	if _, err := w.file.Write(lines); err != nil {
		if terr := w.file.Truncate(w.size); terr != nil {
			return &brokenError{fileError(w.path(), errors.Join(err, terr))}
		}
		return fileError(w.path(), err)
	}
	w.size += int64(len(lines))
	return nil
}

// end is the Offset after the last line written.
func (w *writer) end() Offset { return Offset(w.base + w.size) }

// brokenError says that a file is in a state that further writes could make worse.
type brokenError struct{ error }

func (e *brokenError) Unwrap() error { return e.error }

// full reports whether the active segment should be rotated before the next write.
func (w *writer) full() bool { return w.size >= w.rotateAt }

// rotate gives the active segment its final name and begins a new one. When that cannot be done it goes on with the old one, and tries again when
// as much again is written.
func (w *writer) rotate() error {
	w.rotateAt = w.size + w.segSize
	if w.size > w.synced {
		if err := datasync(w.file); err != nil {
			return &brokenError{fileError(w.path(), err)}
		}
		w.synced = w.size
	}
	old := w.dir.join(segmentName(w.stem, w.base))
	if err := os.Rename(w.path(), old); err != nil {
		return fileError(old, err)
	}
	f, err := w.dir.open(w.stem+ext, os.O_RDWR|os.O_APPEND|os.O_CREATE|os.O_EXCL)
	if err != nil {
		if rerr := os.Rename(old, w.path()); rerr != nil {
			return &brokenError{errors.Join(err, rerr)}
		}
		return err
	}
	w.file.Close() // it was synced: nothing can be lost here
	w.file = f
	w.base += w.size
	w.size, w.synced, w.rotateAt = 0, 0, w.segSize
	return w.dir.sync()
}

// drop removes the oldest rotated segments, and their indexes, as long as they end at or before limit, and either all together exceed keep bytes or
// the oldest is too old. It returns how many went.
func (w *writer) drop(limit Offset, keep int64, tooOld func(base int64) bool) (n int, err error) {
	segs, err := rotated(w.dir, w.stem)
	if err != nil {
		return 0, err
	}
	for n < len(segs) {
		s := segs[n]
		if s.base+s.size > int64(limit) || int64(w.end())-s.base <= keep && !tooOld(s.base) {
			break
		}
		for _, name := range []string{segmentIndexName(s.name), s.name} {
			if err := os.Remove(w.dir.join(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return n, fileError(w.dir.join(name), err)
			}
		}
		n++
	}
	return n, nil
}

func (w *writer) close() error { return w.file.Close() }

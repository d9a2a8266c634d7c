package roles

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

// Offset is a place in a journal, in bytes since its very first line, and just after a newline. It stays valid when segments rotate.
type Offset int64

// A journal is a file of JSON lines, STEM.jsonl, that only grows. When it is large, it is renamed to STEM-OFFSET.jsonl, where OFFSET is the place of
// its first byte in the whole journal as 20 digits, and a new one begun. So names sort by age, and an Offset needs no other name.
const ext = ".jsonl"

// segment is one file of a journal.
type segment struct {
	name string
	base int64 // Offset of its first byte
	size int64
	file *os.File // the active segment is handed over open: its name may be another file's a moment later
}

// segmentName is what the segment that begins at base is called after rotation.
func segmentName(stem string, base int64) string { return fmt.Sprintf("%s-%020d%s", stem, base, ext) }

// rotated lists the rotated segments of stem in d, oldest first. Only the size of the last is exact; the others end where the next begins.
func rotated(d Dir, stem string) ([]segment, error) {
	entries, err := os.ReadDir(d.path) // sorted by name
	if err != nil {
		return nil, fileError(d.path, err)
	}
	var segs []segment
	for _, e := range entries {
		digits, ok := strings.CutPrefix(e.Name(), stem+"-")
		digits, isLog := strings.CutSuffix(digits, ext)
		if !ok || !isLog || len(digits) != 20 {
			continue
		}
		base, err := strconv.ParseInt(digits, 10, 64)
		if err != nil || base < 0 {
			continue
		}
		if n := len(segs); n > 0 {
			segs[n-1].size = base - segs[n-1].base
		}
		segs = append(segs, segment{name: e.Name(), base: base})
	}
	if n := len(segs); n > 0 {
		info, err := os.Lstat(d.join(segs[n-1].name))
		if err != nil {
			return nil, fileError(d.path, err)
		}
		segs[n-1].size = info.Size()
	}
	return segs, nil
}

// snapshot lists all segments of stem, oldest first, the active one last and open; the caller closes its file. It may run while another process
// appends, rotates and drops.
func snapshot(d Dir, stem string) ([]segment, error) {
	for range 100 {
		f, err := os.Open(d.join(stem + ext))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fileError(d.join(stem+ext), err)
		}
		active := segment{name: stem + ext, file: f}
		segs, err := rotated(d, stem)
		if err == nil && f != nil {
			active.size, err = fileSize(f)
		}
		again := errors.Is(err, fs.ErrNotExist) // dropped while we looked
		if n := len(segs); n > 0 && err == nil {
			last := segs[n-1]
			active.base = last.base + last.size
		}
		if err == nil {
			again = !sameFile(f, d.join(stem+ext)) // rotated while we looked
		}
		if err == nil && !again {
			return append(segs, active), nil
		}
		if f != nil {
			f.Close()
		}
		if !again {
			return nil, err
		}
		if _, err := os.Lstat(d.path); err != nil {
			return nil, fileError(d.path, err)
		}
	}
	return nil, fmt.Errorf("listing the segments of %s: they change faster than they can be read: try again", d.join(stem+ext))
}

func fileSize(f *os.File) (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// sameFile reports whether path is the open file f, or, where f is nil, is missing.
func sameFile(f *os.File, path string) bool {
	now, err := os.Stat(path)
	if f == nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	open, ferr := f.Stat()
	return err == nil && ferr == nil && os.SameFile(open, now)
}

// openWhole opens a segment for reading and returns it with the length of its whole lines; the file is nil when the segment is gone.
func (s segment) openWhole(d Dir) (*os.File, int64, error) {
	f := s.file
	if f == nil {
		var err error
		if f, err = os.Open(d.join(s.name)); errors.Is(err, fs.ErrNotExist) {
			return nil, 0, nil
		} else if err != nil {
			return nil, 0, fileError(d.join(s.name), err)
		}
	}
	size, err := fileSize(f)
	if err == nil {
		size, err = wholeLines(f, size)
	}
	if err != nil {
		f.Close()
		return nil, 0, fileError(d.join(s.name), err)
	}
	return f, size, nil
}

// closeSegments closes what snapshot opened and openWhole did not take over.
func closeSegments(segs []segment) {
	for _, s := range segs {
		if s.file != nil {
			s.file.Close()
		}
	}
}

// lineAt is a line of a journal. Its bytes are valid only during the call that hands it over.
type lineAt struct {
	name string // the segment's file
	in   int64  // where in that file
	at   Offset // where in the journal
	text []byte
}

// eachBackward calls fn with every whole line, newest first, until it returns false. It reads no more than it has to, and passes over the rotated
// segments that skip, where it is not nil, says to hold nothing of interest.
func eachBackward(d Dir, stem string, skip func(segment) bool, fn func(lineAt) bool) error {
	segs, err := snapshot(d, stem)
	if err != nil {
		return err
	}
	defer func() { closeSegments(segs) }()
	for len(segs) > 0 {
		s := segs[len(segs)-1]
		segs = segs[:len(segs)-1]
		if s.file == nil && s.size > 0 && skip != nil && skip(s) {
			continue
		}
		f, size, err := s.openWhole(d)
		if err != nil {
			return err
		}
		if f == nil {
			continue
		}
		more, err := backward(f, size, func(at int64, line []byte) bool {
			return fn(lineAt{s.name, at, Offset(s.base + at), line})
		})
		f.Close()
		if err != nil {
			return fileError(d.join(s.name), err)
		}
		if !more {
			return nil
		}
	}
	return nil
}

// eachForward calls fn with every whole line from the Offset from on, oldest first, until it returns false. It returns the Offset after the last
// line it handed over. An Offset before the oldest segment stands for its beginning, one beyond the end for the end.
func eachForward(d Dir, stem string, from Offset, fn func(lineAt) bool) (Offset, error) {
	segs, err := snapshot(d, stem)
	if err != nil {
		return from, err
	}
	defer func() { closeSegments(segs) }()
	next := from
	for len(segs) > 0 {
		s := segs[0]
		last := len(segs) == 1
		if !last && int64(from) >= s.base+s.size {
			segs = segs[1:]
			continue
		}
		segs = segs[1:]
		f, size, err := s.openWhole(d)
		if err != nil {
			return next, err
		}
		if f == nil {
			continue
		}
		start := min(max(int64(from)-s.base, 0), size)
		next = Offset(s.base + start)
		more, err := forward(f, start, size, func(at int64, line []byte) bool {
			next = Offset(s.base + at + int64(len(line)) + 1)
			return fn(lineAt{s.name, at, Offset(s.base + at), line})
		})
		f.Close()
		if err != nil {
			return next, fileError(d.join(s.name), err)
		}
		if !more {
			return next, nil
		}
	}
	return next, nil
}

// firstBytes shows the beginning of a damaged line without the rest of it: it may be long, or private.
func firstBytes(line []byte) string {
	const n = 24
	if len(line) <= n {
		return fmt.Sprintf("%q", line)
	}
	return fmt.Sprintf("%q...", bytes.ToValidUTF8(line[:n], nil))
}

package roles

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// file returns the path of a's box in the mailbox directory. It is the one place where an address becomes a path: names are checked here, so that no
// address leads anywhere else.
func (m *Mailboxes) file(a Address) (string, error) {
	if a != User {
		if err := validRole(a); err != nil {
			return "", err
		}
	}
	return filepath.Join(a.Team, a.Role+ext), nil
}

// path is file for messages.
func (m *Mailboxes) path(a Address) string { return m.dir.join(a.String() + ext) }

// open opens a's box; with os.O_CREATE it makes what is missing on the way.
func (m *Mailboxes) open(a Address, flag int) (*os.File, error) {
	if _, err := m.file(a); err != nil {
		return nil, err
	}
	dir := m.dir
	if a.Team != "" {
		if flag&os.O_CREATE != 0 {
			var err error
			if dir, err = m.dir.sub(a.Team); err != nil {
				return nil, err
			}
		} else {
			dir = Dir{path: m.dir.join(a.Team)}
		}
	}
	return dir.open(a.Role+ext, flag)
}

// isWhole reports whether a's box is there, has at least the size it should have and ends with a whole line.
func (m *Mailboxes) isWhole(a Address, least int64) (bool, error) {
	f, err := m.open(a, os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	size, err := fileSize(f)
	if err != nil {
		return false, err
	}
	whole, err := wholeLines(f, size)
	return whole == size && size >= least, err
}

// add appends recs to a box, in one write. A torn line that is found there is closed, so that it harms no other; reading the box mends it.
func (m *Mailboxes) add(a Address, recs []Record) error {
	var lines bytes.Buffer
	for _, rec := range recs {
		rec.V = Version
		if err := appendLine(&lines, rec); err != nil {
			return err
		}
	}
	f, err := m.open(a, os.O_RDWR|os.O_APPEND|os.O_CREATE)
	if err != nil {
		return err
	}
	size, err := fileSize(f)
	text := lines.Bytes()
	if last := make([]byte, 1); err == nil && size > 0 {
		if err = readFull(f, last, size-1); last[0] != '\n' {
			text = slices.Concat([]byte{'\n'}, text)
		}
	}
	if err == nil {
		if _, err = f.Write(text); err != nil {
			err = errors.Join(err, f.Truncate(size))
		} else {
			m.boxes[a] = size + int64(len(text))
		}
	}
	return fileError(m.path(a), errors.Join(err, f.Close()))
}

// each calls fn with every record of a box, oldest first, and reports an errDamaged after the last when a line cannot be read.
func (m *Mailboxes) each(a Address, fn func(*Record)) error {
	f, err := m.open(a, os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	size, err := fileSize(f)
	if err != nil {
		return err
	}
	whole, err := wholeLines(f, size)
	if err != nil {
		return err
	}
	damaged := whole != size
	if _, err := forward(f, 0, whole, func(_ int64, line []byte) bool {
		rec, err := decodeRecord(line)
		if err != nil {
			damaged = true
		} else {
			fn(&rec)
		}
		return true
	}); err != nil {
		return err
	}
	if damaged {
		return errDamaged
	}
	return nil
}

// errDamaged says that a box holds lines that cannot be read.
var errDamaged = errors.New("damaged")

// mend writes boxes anew: what is still readable in them and is no longer in the conversation, then what the conversation has.
func (m *Mailboxes) mend(boxes map[Address]bool) error {
	if len(boxes) == 0 {
		return nil
	}
	recs := map[Address][]Record{}
	have := map[string]bool{}
	_, err := eachForward(m.log.dir, conversation, 0, func(l lineAt) bool {
		if l.at >= m.through { // not filed yet
			return false
		}
		if rec, ok := m.log.record(l); ok {
			if a, ok := m.boxOf(&rec, l.at); ok && boxes[a] {
				recs[a] = append(recs[a], rec)
				have[rec.ID] = true
			}
		}
		return true
	})
	if err != nil {
		return err
	}
	for a := range boxes {
		var lines bytes.Buffer
		var werr error
		put := func(rec *Record) {
			if werr == nil {
				werr = appendLine(&lines, rec)
			}
		}
		if err := m.each(a, func(rec *Record) {
			if !have[rec.ID] {
				put(rec)
			}
		}); err != nil && !errors.Is(err, errDamaged) {
			return err
		}
		for i := range recs[a] {
			put(&recs[a][i])
		}
		dir := m.dir
		if a.Team != "" && werr == nil {
			dir, werr = m.dir.sub(a.Team)
		}
		if werr == nil {
			werr = dir.replace(a.Role+ext, lines.Bytes())
		}
		if werr != nil {
			return werr
		}
		m.boxes[a] = int64(lines.Len())
	}
	return nil
}

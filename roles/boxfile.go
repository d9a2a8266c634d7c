package roles

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// errDamaged says that a box holds lines that cannot be read.
var errDamaged = errors.New("damaged")

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

// path is file for messages, and for addresses that were checked.
func (m *Mailboxes) path(a Address) string { return m.dir.join(a.String() + ext) }

// home returns the directory that a's box is in; with make it is made where it is missing.
func (m *Mailboxes) home(a Address, make bool) (Dir, error) {
	if _, err := m.file(a); err != nil {
		return Dir{}, err
	}
	switch {
	case a.Team == "":
		return m.dir, nil
	case make:
		return m.dir.sub(a.Team)
	}
	return Dir{path: m.dir.join(a.Team)}, nil
}

// open opens a's box; with os.O_CREATE it makes what is missing on the way.
func (m *Mailboxes) open(a Address, flag int) (*os.File, error) {
	dir, err := m.home(a, flag&os.O_CREATE != 0)
	if err != nil {
		return nil, err
	}
	return dir.open(a.Role+ext, flag)
}

// load works out from a box's file what is in it, having cut off a torn last line, which was never filed in full. errDamaged when some line in it
// makes no sense; a file that is missing is empty.
func (m *Mailboxes) load(b *box) error {
	b.size, b.last, b.fresh = 0, lost, nil
	b.here = letterList{taken: b.here.taken}
	f, err := m.open(b.addr, os.O_RDWR)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	size, err := fileSize(f)
	if err == nil {
		b.size, err = wholeLines(f, size)
	}
	if err == nil && b.size < size {
		err = f.Truncate(b.size)
	}
	damaged := false
	if err == nil {
		_, err = forward(f, 0, b.size, func(pos int64, text []byte) bool {
			damaged = damaged || !m.take(b, pos, text)
			return true
		})
	}
	if err == nil && damaged {
		return errDamaged
	}
	return fileError(m.path(b.addr), err)
}

// take notes a line of a box that lies at pos of its file; it reports whether the line makes sense.
func (m *Mailboxes) take(b *box, pos int64, text []byte) bool {
	at, h, ok := peekBoxLine(text)
	if !ok || !Kind(h.kind).isMessage() {
		line, err := decodeBoxLine(text)
		if err != nil || at != lost && at <= b.last {
			return false
		}
		b.last = max(b.last, line.At)
		if line.Kind.isMessage() {
			m.arrives(b, line.ID, line.Status, line.Evidence, pos)
			return true
		}
		b.mark(&line.Record)
		return true
	}
	if at != lost && at <= b.last {
		return false
	}
	b.last = max(b.last, at)
	m.arrives(b, string(h.id), Status(field(text, "status")), field(text, "evidence"), pos)
	return true
}

// arrives notes a letter.
func (m *Mailboxes) arrives(b *box, id string, s Status, evidence string, pos int64) {
	k := keyOf(id)
	if m.seen != nil {
		m.seen[k] = true
	}
	if !arrivesRead(s, evidence) {
		b.here.add(k, pos)
	}
}

// mark notes what a mark says of the letters that it concerns: that they were read, or have left.
func (b *box) mark(mark *Record) {
	for _, id := range mark.concerned() {
		if k := keyOf(id); mark.Kind == KindRead {
			b.here.markRead(k)
		} else {
			b.here.remove(k)
		}
	}
}

// flush writes the lines that wait for it. When it fails, what is in memory follows the file again.
func (m *Mailboxes) flush(b *box) error {
	if len(b.fresh) == 0 {
		return nil
	}
	f, err := m.open(b.addr, os.O_RDWR|os.O_APPEND|os.O_CREATE)
	if err == nil {
		if _, err = f.Write(b.fresh); err != nil {
			err = errors.Join(err, f.Truncate(b.size))
		}
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return errors.Join(fileError(m.path(b.addr), err), m.load(b))
	}
	b.size += int64(len(b.fresh))
	b.fresh, b.dirty = nil, true
	return nil
}

// sync makes a box durable.
func (m *Mailboxes) sync(b *box) error {
	if !b.dirty {
		return nil
	}
	f, err := m.open(b.addr, os.O_RDWR)
	if errors.Is(err, fs.ErrNotExist) {
		b.dirty = false
		return nil
	}
	if err != nil {
		return err
	}
	err = datasync(f)
	if err = errors.Join(err, f.Close()); err == nil {
		var dir Dir
		if dir, err = m.home(b.addr, false); err == nil {
			err = dir.sync()
		}
	}
	b.dirty = err != nil
	return fileError(m.path(b.addr), err)
}

// lineFrom returns the line of f that begins at pos, without its newline. It lies in buf, which grows as needed, until the next call.
func lineFrom(f io.ReaderAt, pos int64, buf *[]byte) ([]byte, error) {
	for {
		n, err := f.ReadAt(*buf, pos)
		if i := bytes.IndexByte((*buf)[:n], '\n'); i >= 0 {
			return (*buf)[:i], nil
		}
		if errors.Is(err, io.EOF) {
			return nil, errDamaged
		}
		if err != nil {
			return nil, err
		}
		*buf = make([]byte, max(4<<10, 4*len(*buf)))
	}
}

// each calls fn with every line of a box, oldest first. The bytes are valid only during the call.
func (m *Mailboxes) each(a Address, fn func(pos int64, text []byte)) error {
	f, err := m.open(a, os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	size, err := fileSize(f)
	if err == nil {
		size, err = wholeLines(f, size)
	}
	if err == nil {
		_, err = forward(f, 0, size, func(pos int64, text []byte) bool {
			fn(pos, text)
			return true
		})
	}
	return fileError(m.path(a), err)
}

package roles

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// ErrLive says that a message is still on its way.
var ErrLive = errors.New("it is still to be delivered: wait for that, or take it out of the mailbox first")

// Redact removes the text of a record from the conversation. What is kept of it is its place, so that nothing else moves, and that it was redacted.
// ErrLive when it is a message that is still to be delivered, ErrNotFound when there is no such record.
//
// First it is written down, durably, that the text has to go: the mailboxes learn of it that way, and what a crash interrupts is finished by the next
// OpenLog. Each file is replaced as a whole, so readers find it with the text or without.
func (l *Log) Redact(id string) error {
	if err := l.redact(id); err != nil {
		return fmt.Errorf("redacting %q: %w", id, err)
	}
	return nil
}

func (l *Log) redact(id string) error {
	rec, _, err := l.locate(id, -1)
	if err != nil {
		return err
	}
	if _, live := l.liveMessage(id); live {
		return ErrLive
	}
	if rec.Text == "" {
		return nil
	}
	if err := l.Append(Record{Kind: KindRedact, Team: rec.Team, From: rec.From, To: rec.To, Ref: id}); err != nil {
		return err
	}
	return l.erase(id)
}

// erase takes the text out of the newest record with this id.
func (l *Log) erase(id string) error {
	l.turn.Lock() // no segment is rotated meanwhile
	defer l.turn.Unlock()
	found := segment{}
	var in int64
	var blank []byte
	needle := Filter{ID: id}.needles()
	err := eachBackward(l.dir, conversation, nil, func(line lineAt) bool {
		if !containsAll(line.text, needle) {
			return true
		}
		rec, err := decodeRecord(line.text)
		if err != nil || rec.ID != id {
			return true
		}
		found, in = segment{name: line.name}, line.in
		if rec.Text != "" {
			blank = blanked(&rec, &rec, len(line.text))
		}
		return false
	})
	if err == nil && found.name == "" {
		err = ErrNotFound
	}
	if err != nil || blank == nil {
		return err
	}
	if found.name != conversation+ext {
		return l.dir.rewrite(found.name, in, blank)
	}
	l.mu.Lock() // nothing is appended to the file that is being replaced
	defer l.mu.Unlock()
	if l.failed != nil {
		return l.failed
	}
	if err := l.dir.rewrite(found.name, in, blank); err != nil {
		return err
	}
	f, err := l.dir.open(conversation+ext, os.O_RDWR|os.O_APPEND)
	if err != nil {
		return l.fail("going on with", &brokenError{err})
	}
	l.w.file.Close()
	l.w.file, l.w.synced = f, l.w.size
	return nil
}

// blanked returns what whole, which rec is or is part of, is written as without the text, filled up with blanks to n bytes.
func blanked(whole any, rec *Record, n int) []byte {
	rec.Text, rec.Redacted = "", true
	for _, shorten := range []func(){func() {}, func() { rec.Origin = "" }, func() { rec.Redacted = false }} { // a text of a few letters leaves little room
		shorten()
		var line bytes.Buffer
		if err := appendLine(&line, whole); err == nil && line.Len()-1 <= n {
			text := line.Bytes()[:line.Len()-1]
			pad := bytes.Repeat([]byte{' '}, n-len(text))
			return append(append(text[:len(text)-1:len(text)-1], pad...), '}')
		}
	}
	return nil
}

// rewrite replaces a file by a copy that has other bytes at a place, as many as were there.
func (d Dir) rewrite(name string, at int64, other []byte) error {
	old, err := d.open(name, os.O_RDONLY)
	if err != nil {
		return err
	}
	defer old.Close()
	size, err := fileSize(old)
	if err != nil {
		return fileError(d.join(name), err)
	}
	after := at + int64(len(other))
	return d.replaceFrom(name, io.MultiReader(
		io.NewSectionReader(old, 0, at), bytes.NewReader(other), io.NewSectionReader(old, after, size-after)))
}

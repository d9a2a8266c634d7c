package roles

import (
	"bytes"
	"fmt"
)

// Thread returns the conversation that a message belongs to: the message at its root, found by following InReplyTo as far as the log goes back, and
// all that answers it, directly or not, oldest first, each with what became of it. ErrNotFound when there is no such message.
func (r *Reader) Thread(id string) ([]Item, error) {
	root, at, err := r.root(id)
	if err != nil {
		return nil, fmt.Errorf("looking for the thread of %q: %w", id, err)
	}
	var items []Item
	index := map[string]int{} // into items, by id
	_, err = eachForward(r.dir, conversation, at, func(l lineAt) bool {
		if l.at > at && !concerns(l.text, "in_reply_to", index) && !concerns(l.text, "ref", index) {
			return true
		}
		rec, ok := r.record(l)
		if !ok {
			return true
		}
		if i, of := index[rec.Ref]; of && rec.fate() {
			items[i].Last = rec
			if rec.Kind == KindReceipt {
				items[i].Receipts++
			}
		}
		_, answers := index[rec.InReplyTo]
		if rec.ID == root || answers && rec.Kind != KindReceipt {
			index[rec.ID] = len(items)
			items = append(items, Item{Record: rec})
		}
		return true
	})
	return items, err
}

// root returns the message at the beginning of a thread, and its place. What a message answers was written before it, so one way back finds it.
func (r *Reader) root(id string) (string, Offset, error) {
	root, at := "", Offset(0)
	want := id
	needle := Filter{ID: want}.needles()
	err := eachBackward(r.dir, conversation, nil, func(l lineAt) bool {
		if !containsAll(l.text, needle) {
			return true
		}
		rec, ok := r.record(l)
		if !ok || rec.ID != want {
			return true
		}
		root, at, want = rec.ID, l.at, rec.InReplyTo
		needle = Filter{ID: want}.needles()
		return want != ""
	})
	if err == nil && root == "" {
		err = ErrNotFound
	}
	return root, at, err
}

// concerns reports whether the value of a key in a line is among ids, without decoding the line.
func concerns(line []byte, key string, ids map[string]int) bool {
	needle := []byte(`,"` + key + `":"`)
	for {
		i := bytes.Index(line, needle)
		if i < 0 {
			return false
		}
		line = line[i+len(needle):]
		if end := bytes.IndexByte(line, '"'); end >= 0 {
			if _, ok := ids[string(line[:end])]; ok {
				return true
			}
		}
	}
}

package roles

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"slices"
)

// liveMsg is a message that was accepted and is not finished.
type liveMsg struct {
	At       Offset `json:"at"` // -1: not known, the message was finished before it became live again
	Status   Status `json:"status"`
	Evidence string `json:"evidence,omitempty"`
	Step     string `json:"step,omitempty"`
}

// liveSet is the live messages by ID. It is derived from the conversation alone.
type liveSet map[string]liveMsg

// note takes account of a record that was written at a place.
func (s liveSet) note(rec *Record, at Offset) {
	if rec.Kind != KindReceipt {
		if rec.deliverable() && !rec.Status.Final() {
			s[rec.ID] = liveMsg{At: at, Status: rec.Status, Evidence: rec.Evidence, Step: rec.Step}
		}
		return
	}
	m, ok := s[rec.Ref]
	switch {
	case rec.Status == "" || rec.Ref == "":
	case rec.Status.Final():
		delete(s, rec.Ref)
	case ok:
		m.Status, m.Evidence = rec.Status, rec.Evidence
		if rec.Step != "" {
			m.Step = rec.Step
		}
		s[rec.Ref] = m
	case rec.Status == StatusReturned: // submitted, so it was finished; now its text is back in the composer and owed again
		s[rec.Ref] = liveMsg{At: -1, Status: rec.Status, Evidence: rec.Evidence, Step: rec.Step}
	}
}

// deliverable reports whether rec is text for a role, to be typed into its pane.
func (rec *Record) deliverable() bool {
	switch rec.Kind {
	case KindMessage, KindBroadcast, KindReply:
	default:
		return false
	}
	a, err := ParseAddress(rec.To)
	return err == nil && !Reserved(a.Role)
}

// oldest returns the place of the oldest live message: nothing from there on may be dropped.
func (s liveSet) oldest() Offset {
	at := Offset(math.MaxInt64)
	for _, m := range s {
		at = min(at, max(m.At, 0))
	}
	return at
}

// liveFile spares a start the reading of the whole conversation: it holds the live messages as they were when a segment began, or when the log was
// closed. It is derived: missing or unfit, it is worked out again.
const liveFile = conversation + ".index.json"

type liveIndex struct {
	V       int     `json:"v"`
	Through Offset  `json:"through"` // accounts for everything before it
	Last    string  `json:"last"`    // id of the last record before Through: is it still the same conversation?
	Live    liveSet `json:"live"`
}

// saveLive writes the index for all that is written. The caller holds mu.
func (l *Log) saveLive() error {
	last, err := l.idBefore(l.w.end())
	var data []byte
	if err == nil {
		data, err = json.Marshal(liveIndex{Version, l.w.end(), last, l.live})
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", liveFile, err)
	}
	return l.dir.replace(liveFile, data)
}

// loadLive reads the index, and the place from which on the conversation has to be read to bring it up to date: 0, with nothing live, when it does not
// fit the conversation.
func (l *Log) loadLive() (liveSet, Offset, error) {
	path := l.dir.join(liveFile)
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, 0, fileError(path, err)
	}
	var idx liveIndex
	if err != nil || json.Unmarshal(data, &idx) != nil || idx.V != Version || idx.Live == nil {
		return liveSet{}, 0, nil
	}
	if last, err := l.idBefore(idx.Through); err != nil || last != idx.Last || last == "" && idx.Through > 0 {
		return liveSet{}, 0, err
	}
	return idx.Live, idx.Through, nil
}

// Pending returns the accepted messages that are not finished, for each target, in the order in which they were accepted. Status, Evidence and Step
// of each are those of its last receipt that has them. Messages to the user are not among them: they need no delivery.
func Pending(l *Log) (map[Address][]Record, error) {
	l.mu.Lock()
	live := maps.Clone(l.live)
	l.mu.Unlock()

	type found struct {
		rec Record
		at  Offset
	}
	var all []found
	for id, m := range live {
		rec, at, err := l.locate(id, m.At)
		if errors.Is(err, ErrNotFound) {
			l.note(Notice{l.dir.join(conversation + ext), -1, fmt.Sprintf("message %s was accepted but its text is lost", id)})
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading the pending messages: %w", err)
		}
		rec.At = at
		if m.Status != "" {
			rec.Status = m.Status
		}
		rec.Evidence, rec.Step = m.Evidence, m.Step
		all = append(all, found{rec, at})
	}
	slices.SortFunc(all, func(a, b found) int { return cmp.Compare(a.at, b.at) })
	pending := map[Address][]Record{}
	for _, f := range all {
		if to, err := ParseAddress(f.rec.To); err == nil {
			pending[to] = append(pending[to], f.rec)
		}
	}
	return pending, nil
}

// liveMessage returns how far a message came that is not finished.
func (l *Log) liveMessage(id string) (liveMsg, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m, ok := l.live[id]
	return m, ok
}

// locate reads the record with this ID, which should be at a place, and says where it really is.
func (r *Reader) locate(id string, at Offset) (Record, Offset, error) {
	var rec Record
	found := false
	needle := Filter{ID: id}.needles()
	look := func(l lineAt) bool {
		if !containsAll(l.text, needle) {
			return false
		}
		if got, err := decodeRecord(l.text); err == nil && got.ID == id {
			rec, at, found = got, l.at, true
		}
		return false
	}
	if at >= 0 {
		if _, err := eachForward(r.dir, conversation, at, look); err != nil || found {
			return rec, at, err
		}
	}
	err := eachBackward(r.dir, conversation, nil, func(l lineAt) bool {
		look(l)
		return !found
	})
	if err == nil && !found {
		err = fmt.Errorf("message %s: %w", id, ErrNotFound)
	}
	return rec, at, err
}

package roles

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// span is the earliest and the latest time in a segment. Clocks are set back, so these need not be its first and last record's.
type span struct {
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
}

func (s *span) add(t time.Time) {
	if s.First.IsZero() || t.Before(s.First) {
		s.First = t
	}
	if t.After(s.Last) {
		s.Last = t
	}
}

// segmentIndex is what conversation-OFFSET.index.json tells of a rotated segment, so that nobody has to read it in vain. It is derived: missing or
// unfit, it is made again.
type segmentIndex struct {
	V    int   `json:"v"`
	Size int64 `json:"size"` // of the segment
	span
	IDs []byte `json:"ids"` // the hashes of the ids in it, four bytes each, sorted
}

func segmentIndexName(name string) string { return strings.TrimSuffix(name, ext) + ".index.json" }

// loadSegmentIndex reads a segment's index; ok is false when there is none that fits.
func loadSegmentIndex(d Dir, s segment) (idx segmentIndex, ok bool) {
	data, err := os.ReadFile(d.join(segmentIndexName(s.name)))
	ok = err == nil && json.Unmarshal(data, &idx) == nil && idx.V == Version && idx.Size == s.size && len(idx.IDs)%4 == 0
	return idx, ok
}

// known finds records by their id, in a few bytes for each: in the segment that is being written exactly, in the older ones by a hash, which a look at
// the segment has to confirm.
type known struct {
	ids  map[string]Offset // in the active segment
	span                   // of the active segment
	old  []oldSegment      // oldest first
}

type oldSegment struct {
	segment
	span
	hashes []uint32 // sorted
}

// note takes account of a record that was written at a place of the active segment.
func (k *known) note(b brief, at Offset) {
	k.add(b.time)
	if !b.void && b.kind != KindReceipt && b.kind != KindRead {
		k.ids[b.id] = at
	}
}

// hashID is FNV-1a.
func hashID(id string) uint32 {
	h := uint32(2166136261)
	for i := range len(id) {
		h = (h ^ uint32(id[i])) * 16777619
	}
	return h
}

// place is where a record may be: in [from, to) of the conversation.
type place struct{ from, to Offset }

// find returns the newest place where the record with an id may be, of those that were not tried yet.
func (k *known) find(id string, tried map[place]bool) (place, bool) {
	if at, ok := k.ids[id]; ok && !tried[place{at, at + 1}] {
		return place{at, at + 1}, true
	}
	h := hashID(id)
	for _, s := range slices.Backward(k.old) {
		p := place{Offset(s.base), Offset(s.base + s.size)}
		if _, hit := slices.BinarySearch(s.hashes, h); hit && !tried[p] {
			return p, true
		}
	}
	return place{}, false
}

// rotate moves the active segment, which is called s now, to the old ones, and writes its index.
func (k *known) rotate(d Dir, s segment) error {
	hashes := make([]uint32, 0, len(k.ids))
	for id := range k.ids {
		hashes = append(hashes, hashID(id))
	}
	slices.Sort(hashes)
	idx := segmentIndex{V: Version, Size: s.size, span: k.span}
	for _, h := range hashes {
		idx.IDs = binary.BigEndian.AppendUint32(idx.IDs, h)
	}
	k.old = append(k.old, oldSegment{s, k.span, hashes})
	k.ids, k.span = map[string]Offset{}, span{}
	data, err := json.Marshal(idx)
	if err == nil {
		err = d.replace(segmentIndexName(s.name), data)
	}
	return err
}

// loadKnown learns what the segments of the conversation hold: the rotated ones from their indexes, or else from themselves.
func loadKnown(r *Reader, w *writer) (*known, error) {
	k := &known{ids: map[string]Offset{}}
	segs, err := rotated(r.dir, conversation)
	if err != nil {
		return nil, err
	}
	for _, s := range segs {
		if idx, ok := loadSegmentIndex(r.dir, s); ok {
			hashes := make([]uint32, len(idx.IDs)/4)
			for i := range hashes {
				hashes[i] = binary.BigEndian.Uint32(idx.IDs[4*i:])
			}
			k.old = append(k.old, oldSegment{s, idx.span, hashes})
			continue
		}
		if err := k.read(r.dir, place{Offset(s.base), Offset(s.base + s.size)}); err != nil {
			return nil, err
		}
		if err := k.rotate(r.dir, s); err != nil { // a full disk: the next start makes it again
			r.note(Notice{r.dir.join(s.name), -1, fmt.Sprintf("its index could not be written: %v", err)})
		}
	}
	return k, k.read(r.dir, place{Offset(w.base), w.end()})
}

// read notes the records at a place as those of the active segment.
func (k *known) read(d Dir, p place) error {
	_, err := eachForward(d, conversation, p.from, func(l lineAt) bool {
		if l.at >= p.to {
			return false
		}
		if b, ok := briefOf(l.text); ok {
			k.note(b, l.at)
		}
		return true
	})
	return err
}

package roles

import (
	"bytes"
	"time"
)

// head is the beginning of a record's line, as this package writes it. Its bytes are part of the line.
type head struct{ id, time, kind []byte }

// peek reads the beginning of a line without decoding the rest, which costs a fraction of that. It is not ok with a line that was written in another
// way, which may be a good record nonetheless; and whether the rest of the line is sound it does not tell.
func peek(line []byte) (h head, ok bool) {
	if len(line) == 0 || line[0] != '{' {
		return h, false
	}
	return peekFields(line[1:])
}

// peekFields is peek behind the opening brace.
func peekFields(text []byte) (h head, ok bool) {
	rest, ok := bytes.CutPrefix(text, []byte(`"v":1,`))
	if ok {
		h.id, rest, ok = peekString(rest, `"id":"`)
	}
	if ok {
		h.time, rest, ok = peekString(rest, `,"time":"`)
	}
	if ok {
		h.kind, _, ok = peekString(rest, `,"kind":"`)
	}
	return h, ok
}

// peekString reads a string that follows a key, if it is written without escapes.
func peekString(text []byte, key string) (value, rest []byte, ok bool) {
	rest, ok = bytes.CutPrefix(text, []byte(key))
	if !ok {
		return nil, nil, false
	}
	i := bytes.IndexByte(rest, '"')
	if i < 0 || bytes.IndexByte(rest[:i], '\\') >= 0 {
		return nil, nil, false
	}
	return rest[:i], rest[i+1:], true
}

// brief is what is noted of every record: enough to find it again.
type brief struct {
	id   string
	time time.Time
	kind Kind
	void bool // refused: its id is still free
}

// briefOf returns it for a line; ok is false when the line is damaged.
func briefOf(line []byte) (b brief, ok bool) {
	if h, ok := peek(line); ok {
		if t, err := time.Parse(time.RFC3339Nano, string(h.time)); err == nil {
			return brief{string(h.id), t, Kind(h.kind), Status(field(line, "status")) == StatusRejected}, true
		}
	}
	rec, err := decodeRecord(line)
	return rec.brief(), err == nil
}

func (rec *Record) brief() brief {
	return brief{rec.ID, rec.Time, rec.Kind, rec.Status == StatusRejected}
}

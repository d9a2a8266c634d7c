package roles

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// boxLine is a line of a mailbox: a message as it is in the conversation, or a mark that tells of one: that it was read, or got a status that ends
// its way. A mark has no text.
type boxLine struct {
	At Offset `json:"at"` // of the record in the conversation, so that nothing is filed twice; lost where that is not known any more
	Record
}

// lost is the place of a record that the conversation has no more. Such lines come first in a box.
const lost Offset = -1

// isMessage reports whether records of this kind are letters.
func (k Kind) isMessage() bool { return k == KindMessage || k == KindBroadcast || k == KindReply }

// markOf returns what of a record a box keeps as a mark; ok is false when it is none.
func markOf(rec *Record) (mark Record, ok bool) {
	mark = Record{V: Version, ID: rec.ID, Time: rec.Time, Kind: rec.Kind, Ref: rec.Ref, Refs: rec.Refs, Status: rec.Status, Evidence: rec.Evidence}
	return mark, rec.Kind == KindRead || rec.fate() && rec.Status.Final()
}

// mayMark reports whether a line of the conversation may be a mark, without decoding it.
func mayMark(h head, line []byte) bool {
	switch Kind(h.kind) {
	case KindReceipt, KindTurn:
		return Status(field(line, "status")).Final()
	}
	return Kind(h.kind) == KindRead
}

// field returns the value of a text field in a line that this package wrote. Inside a text nothing looks like one, because quotes are escaped there.
func field(line []byte, key string) string {
	if _, rest, ok := bytes.Cut(line, []byte(`,"`+key+`":"`)); ok {
		if value, _, ok := bytes.Cut(rest, []byte{'"'}); ok {
			return string(value)
		}
	}
	return ""
}

// concerned returns the ids that a mark is about.
func (rec *Record) concerned() []string {
	if rec.Kind == KindRead {
		return rec.Refs
	}
	return []string{rec.Ref}
}

// arrivesRead reports whether a message with this status of its own was never unread. What is kept in a mailbox that has no pane behind it is
// submitted by that alone.
func arrivesRead(s Status, evidence string) bool {
	return s.Final() && !(s == StatusSubmitted && evidence == keptEvidence)
}

// keptEvidence is the evidence of messages that were put into a mailbox without a pane.
const keptEvidence = "mailbox"

// peekBoxLine is peek for a line of a mailbox. Zeroes, which a power loss leaves in place of what was not written yet, it does find.
func peekBoxLine(line []byte) (at Offset, h head, ok bool) {
	rest, ok := bytes.CutPrefix(line, []byte(`{"at":`))
	i := bytes.IndexByte(rest, ',')
	if !ok || i < 0 {
		return 0, head{}, false
	}
	n, err := strconv.ParseInt(string(rest[:i]), 10, 64)
	h, ok = peekFields(rest[i+1:])
	return Offset(n), h, ok && err == nil && line[len(line)-1] == '}' && bytes.IndexByte(line, 0) < 0
}

// decodeBoxLine reads a line of a mailbox.
func decodeBoxLine(text []byte) (boxLine, error) {
	line := boxLine{At: lost}
	if err := json.Unmarshal(text, &line); err != nil {
		return line, fmt.Errorf("damaged: %w", err)
	}
	if line.V != Version || line.ID == "" || line.Kind == "" || !bytes.HasPrefix(text, []byte(`{"at":`)) {
		return line, errDamaged
	}
	line.Record.At = line.At
	return line, nil
}

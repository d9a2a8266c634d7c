package roles

import (
	"bytes"
	"regexp"
	"slices"
	"time"
)

// Filter picks records. A zero field lets everything pass; all that are set must hold.
type Filter struct {
	Role  string // the sender or the target: a full address, or "user"
	Team  string // the record's team, or the team of its sender or target
	From  string // the sender
	To    string // the target
	Kinds []Kind // any of them
	Tag   string
	ID    string         // this record, and those whose Ref or InReplyTo it is
	Since time.Time      // at or after
	Until time.Time      // before
	Grep  *regexp.Regexp // somewhere in the text
	Said  bool           // only what people read: no receipts or read marks, and no turns that say nothing, or no more than the automatic reply that follows
	Limit int            // only the newest so many
}

// match reports whether rec passes the filter, Limit aside.
func (f Filter) match(rec *Record) bool {
	switch {
	case f.Role != "" && rec.From != f.Role && rec.To != f.Role,
		f.Team != "" && rec.Team != f.Team && teamOf(rec.From) != f.Team && teamOf(rec.To) != f.Team,
		len(f.Kinds) > 0 && !slices.Contains(f.Kinds, rec.Kind),
		f.Tag != "" && rec.Tag != f.Tag,
		f.From != "" && rec.From != f.From,
		f.To != "" && rec.To != f.To,
		f.Said && (rec.Kind == KindReceipt || rec.Kind == KindRead || rec.Kind == KindRedact || rec.Kind == KindTurn && rec.Text == ""),
		f.ID != "" && rec.ID != f.ID && rec.Ref != f.ID && rec.InReplyTo != f.ID,
		rec.Time.Before(f.Since),
		!f.Until.IsZero() && !rec.Time.Before(f.Until),
		f.Grep != nil && !f.Grep.MatchString(rec.Text):
		return false
	}
	return true
}

// Matches reports whether a record passes the filter; Limit does not count. For those who follow the conversation as it grows.
func (f Filter) Matches(rec Record) bool { return f.match(&rec) }

// needles returns what the line of a matching record must contain, byte by byte: a line without it need not be decoded. Only values that JSON
// writes as they are can serve.
func (f Filter) needles() [][]byte {
	var ns [][]byte
	add := func(s string) {
		if s == "" {
			return
		}
		for i := range len(s) {
			if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
				return
			}
		}
		ns = append(ns, []byte(s))
	}
	add(f.Role)
	add(f.From)
	add(f.To)
	add(f.Team)
	add(f.Tag)
	add(f.ID)
	return ns
}

func containsAll(line []byte, needles [][]byte) bool {
	for _, n := range needles {
		if !bytes.Contains(line, n) {
			return false
		}
	}
	return true
}

// teamOf returns the team in an address, "" when there is none.
func teamOf(addr string) string {
	for i := range len(addr) {
		if addr[i] == '/' {
			return addr[:i]
		}
	}
	return ""
}

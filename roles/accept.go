package roles

import (
	"errors"
	"fmt"
)

// ErrIDTaken says that an id belongs to another message: a different sender, target or text.
var ErrIDTaken = errors.New("the id belongs to another message")

// Accepted is what Accept made of a message.
type Accepted struct {
	Record Record // as it is in the conversation: ID, Time and At are filled in
	Again  bool   // the id was known: this is that message, and nothing was written
}

// Accept writes a message and returns once it is on disk, like Append; but when the conversation has a message of the same ID already, that one is
// the result. ErrIDTaken when that one has another kind, sender, target or text. Of calls with one ID, at once or one after the other, exactly one
// writes.
func (l *Log) Accept(rec Record) (Accepted, error) {
	l.accepting.Lock()
	defer l.accepting.Unlock()
	if rec.ID != "" {
		if err := ValidID(rec.ID); err != nil {
			return Accepted{}, err
		}
		old, _, err := l.Get(rec.ID)
		switch {
		case err == nil && (old.Kind != rec.Kind || old.From != rec.From || old.To != rec.To || old.Text != rec.Text):
			return Accepted{}, fmt.Errorf("accepting message %q: %w", rec.ID, ErrIDTaken)
		case err == nil:
			return Accepted{old, true}, nil
		case !errors.Is(err, ErrNotFound):
			return Accepted{}, err
		}
	}
	b, err := encode([]Record{rec})
	if err != nil {
		return Accepted{}, err
	}
	if err := l.Append(b.recs...); err != nil {
		return Accepted{}, err
	}
	got, _, err := l.Get(b.recs[0].ID)
	return Accepted{got, false}, err
}

package roles

import (
	"errors"
	"fmt"
)

// ErrLive says that a message is still on its way.
var ErrLive = errors.New("it is still to be delivered: wait for that, or take it out of the mailbox first")

// KindRedact marks a record that says: the text of Ref was removed.
const KindRedact Kind = "redact"

// Redact removes the text of a record from the conversation. ErrLive when it is a message that is still to be delivered, ErrNotFound when there is none.
func (l *Log) Redact(id string) error {
	return fmt.Errorf("redacting %q: %w", id, errors.ErrUnsupported)
}

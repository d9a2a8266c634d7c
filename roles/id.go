package roles

import (
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// NewID returns a UUIDv7 in its usual text form: unique, and sorting by time as text. Within one process every ID sorts after the one before,
// even within a millisecond and when the clock is set back. It is safe for concurrent use.
func NewID() string { return uuid.Must(uuid.NewV7()).String() } // it fails only without randomness, and then Go's own reader has ended the program

// maxID is the longest id that a sender may choose.
const maxID = 64

// ValidID checks an id that a sender chose for its message: 1 to 64 of A-Z, a-z, 0-9 and "._:-".
func ValidID(id string) error {
	if id == "" || len(id) > maxID {
		return fmt.Errorf("the id %.80q has %d bytes: choose 1 to %d of A-Z a-z 0-9 . _ : -", id, len(id), maxID)
	}
	for _, c := range id {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' && c != '_' && c != ':' && c != '-' {
			return fmt.Errorf("the id %q holds %q: choose 1 to %d of A-Z a-z 0-9 . _ : -", id, c, maxID)
		}
	}
	return nil
}

// tags maps what a text may begin with to its tag. The forms in brackets are older conventions of agents' prompts.
var tags = []struct{ prefix, tag string }{
	{"TASK:", "TASK"},
	{"DONE:", "DONE"},
	{"BLOCKED:", "BLOCKED"},
	{"QUESTION:", "QUESTION"},
	{"ANSWER:", "ANSWER"},
	{"STATUS:", "STATUS"},
	{"[COMPLETE]", "DONE"},
	{"[PROGRESS]", "STATUS"},
	{"[QUESTION]", "QUESTION"},
	{"[ERROR]", "BLOCKED"},
}

// Tag returns the tag that text begins with, in upper case: TASK, DONE, BLOCKED, QUESTION, ANSWER or STATUS, written in any case and followed
// by a colon; or [COMPLETE], [PROGRESS], [QUESTION], [ERROR], which stand for DONE, STATUS, QUESTION, BLOCKED. Without one it returns "".
// White space before the tag is allowed. The text itself is never altered.
func Tag(text string) string {
	text = strings.TrimLeft(text, " \t\r\n")
	for _, t := range tags {
		if len(text) >= len(t.prefix) && strings.EqualFold(text[:len(t.prefix)], t.prefix) {
			return t.tag
		}
	}
	return ""
}

package roles

import (
	"strings"

	"github.com/google/uuid"
)

// NewID returns a UUIDv7 in its usual text form: unique, and sorting by time as text. Within one process every ID sorts after the one before,
// even within a millisecond and when the clock is set back. It is safe for concurrent use.
func NewID() string { return uuid.Must(uuid.NewV7()).String() } // it fails only without randomness, and then Go's own reader has ended the program

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

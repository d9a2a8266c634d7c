package roles

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// EventKind says what an event is about.
type EventKind string

// The kinds of event.
const (
	EventRegistered   EventKind = "registered"
	EventUnregistered EventKind = "unregistered"
	EventStarted      EventKind = "started"
	EventState        EventKind = "state" // the role's state changed, From one To another
	EventDied         EventKind = "died"
	EventRestarted    EventKind = "restarted"
	EventDrift        EventKind = "drift"   // the role is not where the registry has it
	EventTrouble      EventKind = "trouble" // something a person should look at
	EventStopped      EventKind = "stopped"
)

// Event is one line of events.jsonl. Role is written as text, "team/role".
type Event struct {
	V         int       `json:"v"`
	Time      time.Time `json:"time"`
	Kind      EventKind `json:"kind"`
	Role      Address   `json:"-"`
	ID        string    `json:"id,omitempty"` // of the role
	From      string    `json:"from,omitempty"`
	To        string    `json:"to,omitempty"`
	StateKind string    `json:"state_kind,omitempty"` // of a state waiting: permission, plan, question, ...
	Rule      string    `json:"rule,omitempty"`       // what decided
	Detail    string    `json:"detail,omitempty"`
}

// eventLine is an Event as it is written.
type eventLine struct {
	plainEvent
	Role string `json:"role,omitempty"`
}

type plainEvent Event // without its methods

// MarshalJSON writes the event with its role as text.
func (e Event) MarshalJSON() ([]byte, error) {
	return json.Marshal(eventLine{plainEvent(e), e.Role.String()})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (e *Event) UnmarshalJSON(data []byte) error {
	var line eventLine
	if err := json.Unmarshal(data, &line); err != nil {
		return err
	}
	*e = Event(line.plainEvent)
	if line.Role == "" {
		return nil
	}
	var err error
	e.Role, err = ParseAddress(line.Role)
	return err
}

// EventFilter picks events. A zero field lets everything pass; all that are set must hold.
type EventFilter struct {
	Role  Address
	Kinds []EventKind // any of them
	Since time.Time   // at or after
	Limit int         // only the newest so many
}

// lookBack is how much older than Since an event must be for the search to end there: clocks are set back now and then.
const lookBack = time.Hour

func (f EventFilter) match(e *Event) bool {
	return (f.Role.IsZero() || e.Role == f.Role) && (len(f.Kinds) == 0 || slices.Contains(f.Kinds, e.Kind)) && !e.Time.Before(f.Since)
}

// Matches reports whether an event passes the filter; Limit does not count. For those who follow the events as they come.
func (f EventFilter) Matches(e Event) bool { return f.match(&e) }

// The files of events, and their sizes in bytes.
const (
	eventsStem    = "events"
	eventsSegment = 4 << 20
	eventsKeep    = 20 << 20
)

// Events is the record of what happened to roles. It is written without waiting for the disk: a power loss may cost its end, the end of the process
// does not. It is safe for concurrent use within its one writing process.
type Events struct {
	dir Dir

	mu     sync.Mutex // guards the rest
	w      *writer
	keep   int64 // bytes
	closed bool
}

// OpenEvents opens events.jsonl for appending, or begins one. A torn tail is removed with a notice. The caller closes it.
func OpenEvents(dir Dir) (*Events, []Notice, error) {
	w, notices, err := openWriter(dir, eventsStem, eventsSegment)
	if err != nil {
		return nil, nil, fmt.Errorf("opening the events: %w", err)
	}
	return &Events{dir: dir, w: w, keep: eventsKeep}, notices, nil
}

// Append writes events. V is filled in, and Time where it is zero.
func (e *Events) Append(evs ...Event) error {
	var lines bytes.Buffer
	for _, ev := range evs {
		ev.V = Version
		if ev.Time.IsZero() {
			ev.Time = time.Now().UTC()
		}
		if err := appendLine(&lines, ev); err != nil {
			return fmt.Errorf("writing an event: %w", err)
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return fmt.Errorf("writing an event: %w", errClosed)
	}
	if e.w.full() {
		err := e.w.rotate()
		if err == nil {
			_, err = e.w.drop(e.w.end(), e.keep, func(int64) bool { return false })
		}
		var broken *brokenError
		if errors.As(err, &broken) { // anything else: the old segment goes on
			return fmt.Errorf("writing an event: %w", err)
		}
	}
	if err := e.w.write(lines.Bytes()); err != nil {
		return fmt.Errorf("writing an event: %w", err)
	}
	return nil
}

// Offset returns the end of what is written, for From.
func (e *Events) Offset() Offset {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.w.end()
}

// From returns the events after o, oldest first, and the Offset to go on from. Like Reader.From it returns a bounded part at a time, and no events
// when there are no more.
func (e *Events) From(o Offset) ([]Event, Offset, error) {
	var evs []Event
	next, err := eachForward(e.dir, eventsStem, o, func(l lineAt) bool {
		if ev, ok := decodeEvent(l.text); ok {
			evs = append(evs, ev)
		}
		return len(evs) < fromRecords
	})
	return evs, next, err
}

// Tail returns the events that f picks, newest last, reading from the end. Damaged lines are left out.
func (e *Events) Tail(f EventFilter) ([]Event, error) { return TailEvents(e.dir, f) }

// TailEvents is Tail for a process that does not write them.
func TailEvents(dir Dir, f EventFilter) ([]Event, error) {
	var evs []Event
	err := eachBackward(dir, eventsStem, nil, func(l lineAt) bool {
		ev, ok := decodeEvent(l.text)
		if ok && !f.Since.IsZero() && ev.Time.Before(f.Since.Add(-lookBack)) {
			return false
		}
		if ok && f.match(&ev) {
			evs = append(evs, ev)
		}
		return f.Limit <= 0 || len(evs) < f.Limit
	})
	slices.Reverse(evs)
	if err != nil {
		return nil, fmt.Errorf("reading the events: %w", err)
	}
	return evs, nil
}

func decodeEvent(line []byte) (Event, bool) {
	var ev Event
	err := json.Unmarshal(line, &ev)
	return ev, err == nil && ev.V >= 1 && ev.V <= Version && ev.Kind != ""
}

// Close closes the file. Later calls of Append fail.
func (e *Events) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil
	}
	e.closed = true
	return e.w.close()
}

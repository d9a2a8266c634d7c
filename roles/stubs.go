package roles

import (
	"errors"
	"time"
)

var errStub = errors.New("not written yet")

// ServerID tells one tmux server from the next on the same socket.
type ServerID struct {
	Socket string `json:"socket"`
	PID    int    `json:"pid"`
	Start  int64  `json:"start"`
}

// Entry is what the registry remembers of a role.
type Entry struct {
	Address
	ID           string    `json:"id"`
	Server       ServerID  `json:"server"`
	Pane         string    `json:"pane,omitempty"`
	PanePID      int       `json:"pane_pid,omitempty"`
	Session      string    `json:"session,omitempty"` // $id
	Window       string    `json:"window,omitempty"`  // @id
	SessionName  string    `json:"session_name,omitempty"`
	Profile      string    `json:"profile"`
	Dir          string    `json:"dir,omitempty"`
	Argv         []string  `json:"argv,omitempty"`
	Launched     bool      `json:"launched"`
	Lead         bool      `json:"lead,omitempty"`
	AgentSession string    `json:"agent_session,omitempty"`
	LayoutFile   string    `json:"layout_file,omitempty"`
	Started      time.Time `json:"started,omitzero"`
	Former       []Address `json:"former,omitempty"` // earlier addresses, oldest first
}

// Team is what the registry remembers of a team.
type Team struct {
	Name        string    `json:"name"`
	Dir         string    `json:"dir,omitempty"`
	LayoutFile  string    `json:"layout_file,omitempty"`
	Layout      []byte    `json:"layout,omitempty"` // the resolved layout it was started from, as JSON
	Session     string    `json:"session,omitempty"`
	SessionName string    `json:"session_name,omitempty"`
	Started     time.Time `json:"started,omitzero"`
}

// Registry is registry.json.
type Registry struct{}

func OpenRegistry(dir Dir) (*Registry, []Notice, error) { return nil, nil, errStub }
func (r *Registry) All() []Entry                        { return nil }
func (r *Registry) Get(a Address) (Entry, bool)         { return Entry{}, false }
func (r *Registry) ByID(id string) (Entry, bool)        { return Entry{}, false }
func (r *Registry) Put(es ...Entry) error               { return errStub }
func (r *Registry) Remove(as ...Address) error          { return errStub }
func (r *Registry) Rename(from, to Address) error       { return errStub }
func (r *Registry) Teams() []Team                       { return nil }
func (r *Registry) Team(name string) (Team, bool)       { return Team{}, false }
func (r *Registry) PutTeam(t Team) error                { return errStub }
func (r *Registry) RemoveTeam(name string) error        { return errStub }

// EventKind says what an event is about.
type EventKind string

const (
	EventRegistered EventKind = "registered"
	EventStarted    EventKind = "started"
	EventState      EventKind = "state"
	EventDied       EventKind = "died"
	EventRestarted  EventKind = "restarted"
	EventDrift      EventKind = "drift"
	EventTrouble    EventKind = "trouble"
	EventStopped    EventKind = "stopped"
)

// Event is one line of events.jsonl.
type Event struct {
	V         int       `json:"v"`
	Time      time.Time `json:"time"`
	Kind      EventKind `json:"kind"`
	Role      Address   `json:"role,omitzero"`
	ID        string    `json:"id,omitempty"`
	From      string    `json:"from,omitempty"`
	To        string    `json:"to,omitempty"`
	StateKind string    `json:"state_kind,omitempty"`
	Rule      string    `json:"rule,omitempty"`
	Detail    string    `json:"detail,omitempty"`
}

// EventFilter picks events.
type EventFilter struct {
	Role  string
	Kinds []EventKind
	Since time.Time
	Limit int
}

// Events is events.jsonl.
type Events struct{}

func OpenEvents(dir Dir) (*Events, []Notice, error)   { return nil, nil, errStub }
func (e *Events) Append(evs ...Event) error           { return errStub }
func (e *Events) Tail(f EventFilter) ([]Event, error) { return nil, errStub }
func (e *Events) Close() error                        { return errStub }

// Mailboxes are the roles' own copies of what was sent to them.
type Mailboxes struct{}

func OpenMailboxes(dir Dir, l *Log) (*Mailboxes, []Notice, error) { return nil, nil, errStub }
func (m *Mailboxes) Put(recs ...Record) error                     { return errStub }
func (m *Mailboxes) List(a Address, f Filter) ([]Record, error)   { return nil, errStub }
func (m *Mailboxes) Count(a Address) (int, error)                 { return 0, errStub }
func (m *Mailboxes) Rename(from, to Address) error                { return errStub }
func (m *Mailboxes) Close() error                                 { return errStub }

// Prompts is prompts.json.
type Prompts struct{}

func OpenPrompts(dir Dir) (*Prompts, []Notice, error) { return nil, nil, errStub }
func (p *Prompts) Get(a Address) (string, bool)       { return "", false }
func (p *Prompts) Set(a Address, text string) error   { return errStub }
func (p *Prompts) Delete(a Address) error             { return errStub }
func (p *Prompts) List() []Address                    { return nil }

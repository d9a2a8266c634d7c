package api

import (
	"time"

	"isesh/roles"
)

// Protocol is the number both sides must share. It changes only when an old client could misunderstand a new supervisor.
const Protocol = 1

// Code says what class of error happened; the command line turns it into an exit code.
type Code string

// The codes of an Error, with the exit code of the command line behind them.
const (
	CodeError       Code = "error"       // 1
	CodeUsage       Code = "usage"       // 2: the request makes no sense
	CodeNotFound    Code = "not_found"   // 1: no such role, message, layout
	CodeAmbiguous   Code = "ambiguous"   // 1: several roles go by that name
	CodeNothing     Code = "nothing"     // 3: there is nothing there
	CodeRejected    Code = "rejected"    // 5: the target waits for an answer
	CodeQueued      Code = "queued"      // 6
	CodeUnconfirmed Code = "unconfirmed" // 7
	CodeTimeout     Code = "timeout"     // 8
	CodeDead        Code = "dead"        // 1: the target's program has ended
	CodeForbidden   Code = "forbidden"   // 1: a role may not do this
	CodeConflict    Code = "conflict"    // 1: it exists already, or runs already
	CodeProtocol    Code = "protocol"    // 1: client and supervisor do not speak the same protocol
	CodeLimited     Code = "limited"     // 1: a limit against loops and floods; the message says which, and when it opens
)

// Error is the one shape of a failure, over the socket and under --json.
type Error struct {
	Code       Code     `json:"code"`
	Message    string   `json:"message"`
	Hint       string   `json:"hint,omitempty"`
	Candidates []string `json:"candidates,omitempty"`
}

// Error returns the message and, in brackets, the hint.
func (e *Error) Error() string {
	if e.Hint == "" {
		return e.Message
	}
	return e.Message + " (" + e.Hint + ")"
}

// Hello is what the supervisor says of itself.
type Hello struct {
	Protocol int       `json:"protocol"`
	Version  string    `json:"version"`
	Build    Build     `json:"build"`
	PID      int       `json:"pid"`
	StateDir string    `json:"state_dir"`
	Tmux     string    `json:"tmux"` // version of the tmux binary
	Started  time.Time `json:"started"`
	Roles    int       `json:"roles"` // with a live pane
	Clients  int       `json:"clients"`
	Pending  int       `json:"pending"` // messages not yet delivered
}

// Build tells two binaries apart, and which is newer, without reading them.
type Build struct {
	Size    int64     `json:"size"`
	ModTime time.Time `json:"mod_time"`
}

// Caller is who asks, as the supervisor found out. It is never read from a request's body.
type Caller struct {
	PID      int           `json:"pid"`
	Role     roles.Address `json:"role,omitzero"`       // zero: a person
	Claimed  string        `json:"claimed,omitempty"`   // --from, where it disagrees with what was found: unverified
	How      string        `json:"how"`                 // ancestry, tmux_pane, isesh_role, user
	Dir      string        `json:"dir,omitempty"`       // the client's working directory: a person's team is the one whose directory holds it
	TmuxPane string        `json:"tmux_pane,omitempty"` // the client's $TMUX_PANE, and the server from $TMUX
	Tmux     string        `json:"tmux,omitempty"`
	EnvRole  string        `json:"env_role,omitempty"` // the client's $ISESH_ROLE
}

// Name returns the caller's address, "user" for a person.
func (c Caller) Name() string {
	if c.Role.Role == "" {
		return "user"
	}
	return c.Role.String()
}

// Menu is an open question of an agent.
type Menu struct {
	ID       string   `json:"id"` // changes when the menu does: an answer to another menu is refused
	Kind     string   `json:"kind"`
	Heading  string   `json:"heading"`
	Options  []string `json:"options"`
	Selected int      `json:"selected"` // -1: none
}

// Role is a row of `isesh list`.
type Role struct {
	Address string    `json:"address"`
	Team    string    `json:"team,omitempty"`
	Name    string    `json:"name"`
	State   string    `json:"state"` // starting, idle, busy, waiting, dead, unknown; mailbox: a name without a pane
	Kind    string    `json:"kind,omitempty"`
	Since   time.Time `json:"since"`
	Dir     string    `json:"dir"`
	Pane    string    `json:"pane,omitempty"`
	PID     int       `json:"pid,omitempty"`
	Session string    `json:"session,omitempty"` // tmux session name
	Profile string    `json:"profile"`
	Lead    bool      `json:"lead,omitempty"`
	Queue   int       `json:"queue"`
	Held    string    `json:"held,omitempty"` // why the queue does not move: draft, copy mode, ...
	Unread  int       `json:"unread"`         // letters that it was not given yet and nobody has read
	Draft   bool      `json:"draft"`
	Trouble string    `json:"trouble,omitempty"`
	Menu    *Menu     `json:"menu,omitempty"`
	Exit    *int      `json:"exit,omitempty"` // exit status of a dead pane's program, when known
	Rule    string    `json:"rule,omitempty"`
	Last    *Receipt  `json:"last,omitempty"` // the last delivery
}

// Team is the board of one team.
type Team struct {
	Name    string `json:"name"`
	Dir     string `json:"dir"`
	Layout  string `json:"layout"`
	Session string `json:"session"`
	Roles   []Role `json:"roles"`
	Limits  Limits `json:"limits"`
}

// Limits keep roles from talking each other into the ground.
type Limits struct {
	Hops int        `json:"hops"` // how many automatic sends may follow from one another
	Pair string     `json:"pair"` // messages from one role to another: "20/10m"
	Use  []PairUsed `json:"use,omitempty"`
}

// PairUsed is how far a pair of roles has used its limit.
type PairUsed struct {
	From  string    `json:"from"`
	To    string    `json:"to"`
	Count int       `json:"count"`          // messages within the last span
	Opens time.Time `json:"opens,omitzero"` // used up: when the next one may go
}

// Receipt tells how far a message came.
type Receipt struct {
	ID       string       `json:"id"`
	From     string       `json:"from"`
	To       string       `json:"to"`
	Status   roles.Status `json:"status"`
	Evidence string       `json:"evidence,omitempty"`
	Reason   string       `json:"reason,omitempty"` // why it is queued, rejected, unconfirmed
	Time     time.Time    `json:"time"`
	Menu     *Menu        `json:"menu,omitempty"`  // rejected: what the target waits for
	Again    bool         `json:"again,omitempty"` // the id was known: this is that message, and nothing was sent
	File     string       `json:"file,omitempty"`  // path of the file that holds the text, where a pointer to it is typed
}

// StartRequest starts a team. Team is the resolved layout as JSON (layout.Team), resolved by the client because paths and ${VAR} are the
// caller's.
type StartRequest struct {
	Team   []byte            `json:"team"`
	Env    map[string]string `json:"env"` // the caller's environment; the supervisor picks what a role may have
	Width  int               `json:"width,omitempty"`
	Height int               `json:"height,omitempty"`
	Wait   bool              `json:"wait"`             // until every role has been idle, or waits for an answer
	Within string            `json:"within,omitempty"` // how long at most, default 60s
}

// StartResult tells what was started. Already is set when the team ran before and nothing was changed.
type StartResult struct {
	Team    Team     `json:"team"`
	Already bool     `json:"already"`
	Notices []string `json:"notices,omitempty"`
}

// StopRequest stops teams or single roles.
type StopRequest struct {
	Targets []string `json:"targets"` // team names or addresses; empty: the caller's team
	All     bool     `json:"all"`
	Delete  bool     `json:"delete"` // forget the roles, too
}

// StopResult names what was stopped, and what was forgotten.
type StopResult struct {
	Stopped   []string `json:"stopped"`
	Forgotten []string `json:"forgotten,omitempty"` // with Delete
}

// RestartRequest restarts the program of roles in place.
type RestartRequest struct {
	Targets []string `json:"targets"`
	Fresh   bool     `json:"fresh"` // without resuming the agent's session
	// Env is the caller's environment, as in StartRequest.
	Env map[string]string `json:"env"`
}

// SendRequest delivers Text to To.
type SendRequest struct {
	To       string `json:"to"`
	Text     string `json:"text"`
	From     string `json:"from,omitempty"` // a label; unverified when it disagrees with the caller
	NoTag    bool   `json:"no_tag,omitempty"`
	Raw      bool   `json:"raw,omitempty"`
	NoSubmit bool   `json:"no_submit,omitempty"`
	Queue    bool   `json:"queue,omitempty"` // queue instead of rejecting when the target waits for an answer
	Now      bool   `json:"now,omitempty"`
	// ID is chosen by the sender: the same id twice is one message. 1 to 64 of A-Z a-z 0-9 . _ : -
	ID     string `json:"id,omitempty"`
	AsFile bool   `json:"as_file,omitempty"` // type a pointer to a file with the text; by itself above Limits of the configuration
	Owes   bool   `json:"owes,omitempty"`    // an answer is owed, as with TASK and QUESTION: the sender is about to wait for it
	Within string `json:"within,omitempty"`  // how long to wait for the submit, default 5s
}

// ActRequest is approve, deny, respond or cancel.
type ActRequest struct {
	To      string   `json:"to"`
	Option  string   `json:"option,omitempty"`  // approve: "" or "1" = once; "2"/"always" = and don't ask again; or a label
	MenuID  string   `json:"menu_id,omitempty"` // act only on this very menu
	Message string   `json:"message,omitempty"` // deny, cancel: what to tell the agent afterwards
	Keys    []string `json:"keys,omitempty"`    // respond
	Force   bool     `json:"force,omitempty"`
	Within  string   `json:"within,omitempty"`
}

// ActResult tells what was pressed and what the screen showed afterwards.
type ActResult struct {
	ID      string   `json:"id"`
	To      string   `json:"to"`
	Pressed []string `json:"pressed"`
	Option  string   `json:"option,omitempty"` // label of the chosen option
	Menu    *Menu    `json:"menu,omitempty"`   // the menu that was answered
	State   string   `json:"state"`
	Kind    string   `json:"kind,omitempty"`
	Receipt *Receipt `json:"receipt,omitempty"` // of the message that followed
}

// ReadResult is a role's screen.
type ReadResult struct {
	Role   Role     `json:"role"`
	Screen []string `json:"screen"`
	Dead   bool     `json:"dead"`
	Title  string   `json:"title"`
}

// ReadRequest asks for the last lines of a role's screen.
type ReadRequest struct {
	To     string `json:"to"`
	Lines  int    `json:"lines,omitempty"` // 0: the visible screen; more than its rows: from the history, too
	Colour bool   `json:"colour,omitempty"`
	Join   bool   `json:"join,omitempty"` // join wrapped lines
}

// WaitRequest waits until a role is in one of States.
type WaitRequest struct {
	Targets []string `json:"targets"`
	States  []string `json:"states"`
	All     bool     `json:"all,omitempty"` // every target, not any
	Timeout string   `json:"timeout,omitempty"`

	// Reply waits, in place of states, for the answer to the message with this id. It ends early when its target waits for an answer itself, has
	// ended, or asks the caller something: then that is the result.
	Reply string `json:"reply,omitempty"`
	// Tag waits for a message with this tag, From for one of this role; since now, or since Since.
	Tag   string    `json:"tag,omitempty"`
	From  string    `json:"from,omitempty"`
	Since time.Time `json:"since,omitzero"`
}

// WaitResult is the state that was reached; with TimedOut, the states as they were then.
type WaitResult struct {
	Roles    []Role        `json:"roles"` // as they are at the end; for Reply the message's target
	TimedOut bool          `json:"timed_out"`
	Message  *roles.Record `json:"message,omitempty"` // Reply, Tag: what came
	Ended    string        `json:"ended,omitempty"`   // Reply, without a Message: "waiting" (see Roles[0].Menu), "dead", "over" (the turn ended and left nothing)
}

// WhoAmI is the answer to `isesh whoami`.
type WhoAmI struct {
	Caller  Caller `json:"caller"`
	Address string `json:"address"` // "user" for a person
	Team    string `json:"team,omitempty"`
	Role    *Role  `json:"role,omitempty"`
}

// LogQuery picks records of the conversation.
type LogQuery struct {
	Role  string    `json:"role,omitempty"`
	Team  string    `json:"team,omitempty"`
	Limit int       `json:"limit,omitempty"`
	Since time.Time `json:"since,omitzero"`
	ID    string    `json:"id,omitempty"` // this record and its receipts
	// Said leaves out what people do not read: receipts (their last status is in the entry of their message), and turns that say nothing or only what their automatic reply says. What
	// follows with Follow is complete.
	Said bool `json:"said,omitempty"`
	// Follow keeps the answer open and sends records as they are written, one JSON object a line.
	Follow bool `json:"follow,omitempty"`

	Kinds  []string  `json:"kinds,omitempty"`
	Tag    string    `json:"tag,omitempty"`
	From   string    `json:"from,omitempty"`
	To     string    `json:"to,omitempty"`
	Until  time.Time `json:"until,omitzero"`   // before
	Thread string    `json:"thread,omitempty"` // every message that answers, or is answered by, this one, and so on
	Grep   string    `json:"grep,omitempty"`   // a regular expression (RE2) on the text
}

// Entry is one line of the conversation as people read it: a record with the last known status of the message.
type Entry struct {
	roles.Record
	Now      roles.Status `json:"now,omitempty"`      // last status of the message
	Proof    string       `json:"proof,omitempty"`    // its evidence
	Receipts int          `json:"receipts,omitempty"` // how many steps are recorded
}

// StopSupervisor ends or replaces the supervisor.
type StopSupervisor struct {
	Replace string `json:"replace,omitempty"` // path of the newer binary to become
	Build   Build  `json:"build,omitzero"`    // its build: refused when it is not newer
}

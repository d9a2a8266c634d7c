package api

import (
	"encoding/json"
	"time"

	"isesh/roles"
)

// ReplyRequest answers a message.
type ReplyRequest struct {
	ID     string `json:"id,omitempty"` // of the message; "": the one whose turn the caller's role runs, or for a person the last one to the user
	Text   string `json:"text"`
	NewID  string `json:"new_id,omitempty"` // as SendRequest.ID, of the reply itself
	Within string `json:"within,omitempty"`
}

// BroadcastRequest sends Text to many roles, never to the sender.
type BroadcastRequest struct {
	Text   string `json:"text"`
	Team   string `json:"team,omitempty"` // the roles of this team; "": of the caller's own
	All    bool   `json:"all,omitempty"`  // every role there is
	From   string `json:"from,omitempty"`
	NoTag  bool   `json:"no_tag,omitempty"`
	Queue  bool   `json:"queue,omitempty"`
	ID     string `json:"id,omitempty"` // as SendRequest.ID
	Within string `json:"within,omitempty"`
}

// BroadcastResult has a line for each target, in the order of the roles.
type BroadcastResult struct {
	ID      string      `json:"id"` // the messages' Ref
	Targets []Delivered `json:"targets"`
}

// Delivered is how a broadcast went for one target: a receipt, or why there is none.
type Delivered struct {
	To      string   `json:"to"`
	Receipt *Receipt `json:"receipt,omitempty"`
	Error   *Error   `json:"error,omitempty"`
}

// InboxRequest asks for a mailbox.
type InboxRequest struct {
	Of     string `json:"of,omitempty"`     // role; "": the caller's own
	Unread bool   `json:"unread,omitempty"` // only these
	Limit  int    `json:"limit,omitempty"`  // the newest so many; 0: the oldest 200 that are unread, and when that is all of them the newest read ones up to 20
	Peek   bool   `json:"peek,omitempty"`   // do not mark as read
	Count  bool   `json:"count,omitempty"`  // only the numbers
}

// Inbox is a mailbox.
type Inbox struct {
	Address string   `json:"address"`
	Unread  int      `json:"unread"` // messages that the role was not given yet and nobody has read
	Letters []Letter `json:"letters"`
	More    int      `json:"more,omitempty"` // unread ones that there was no room for: the next look lists them
	Menu    *Menu    `json:"menu,omitempty"` // what the role waits for, if it does
}

// Letter is a message in a mailbox.
type Letter struct {
	roles.Record
	Read bool         `json:"read"`
	Now  roles.Status `json:"now,omitempty"` // last status
}

// InboxCleared tells how many messages were removed; the conversation keeps them.
type InboxCleared struct {
	Address string `json:"address"`
	Cleared int    `json:"cleared"`
}

// RegisterRequest makes a name known: a mailbox without a pane.
type RegisterRequest struct {
	Name    string `json:"name"` // an address
	Mailbox bool   `json:"mailbox"`
}

// ProcessResult tells what a look at every queue came to.
type ProcessResult struct {
	Delivered int    `json:"delivered"` // messages that went while it lasted
	Queued    int    `json:"queued"`    // that still wait
	Roles     []Role `json:"roles"`     // those that have some waiting, with why
}

// EventQuery picks events.
type EventQuery struct {
	Role   string    `json:"role,omitempty"`
	Kinds  []string  `json:"kinds,omitempty"`
	Since  time.Time `json:"since,omitzero"`
	Limit  int       `json:"limit,omitempty"`
	Follow bool      `json:"follow,omitempty"`
}

// HookRequest is what an agent's hook was given.
type HookRequest struct {
	Event string          `json:"event"` // stop, user-prompt-submit, session-start
	Input json.RawMessage `json:"input"`
}

// HookResult is what the hook shall print, nothing when empty.
type HookResult struct {
	Output json.RawMessage `json:"output,omitempty"`
}

// RedactRequest removes the text of a record from everything that is kept.
type RedactRequest struct {
	ID string `json:"id"`
}

// Package roles keeps what is remembered: names and addresses, the registry, briefings, messages, mailboxes, the conversation and events.
// It deals in files only: it knows no tmux and starts no goroutine.
package roles

import "time"

// Version is the format number written into every record.
const Version = 1

// Kind says what a record of the conversation is about.
type Kind string

// The kinds of record. Message, Broadcast and Reply carry text for a role; the others tell what happened.
const (
	KindMessage   Kind = "message"
	KindBroadcast Kind = "broadcast"
	KindReply     Kind = "reply"
	KindReceipt   Kind = "receipt" // a message climbed a step of the ladder; Ref names the message
	KindApprove   Kind = "approve"
	KindDeny      Kind = "deny"
	KindRespond   Kind = "respond"
	KindCancel    Kind = "cancel"
	KindNotice    Kind = "notice" // something a person should know; never delivered
	KindPrompt    Kind = "prompt" // what a person typed into an agent
	KindTurn      Kind = "turn"   // how a turn of an agent ended; Text is the last that it said
	KindRead      Kind = "read"   // somebody read a mailbox: Refs, in the mailbox of To
	KindRedact    Kind = "redact" // the text of Ref was removed
)

// Status is a message's step on the ladder of delivery.
type Status string

// The statuses of a message, in the order in which a message can reach them. Rejected and Failed, like the three last rungs, are final
// except that Unconfirmed may still become Submitted when the evidence arrives late.
const (
	StatusRejected    Status = "rejected" // refused before anything was written or typed: the target waits for an answer
	StatusAccepted    Status = "accepted" // on disk: it will not be lost
	StatusQueued      Status = "queued"   // on disk, and the way is not free yet
	StatusPasting     Status = "pasting"  // the paste was sent to tmux
	StatusPasted      Status = "pasted"   // the composer was seen to hold it
	StatusEntered     Status = "entered"  // Enter was sent to tmux
	StatusSubmitted   Status = "submitted"
	StatusReturned    Status = "returned"    // the agent handed the prompt back into its composer
	StatusUnconfirmed Status = "unconfirmed" // typed, but no proof of a submit: must not be sent again blindly
	StatusAnswered    Status = "answered"    // the turn that it began has ended
	StatusFailed      Status = "failed"
	StatusTaken       Status = "taken"   // read out of its mailbox, or handed to the command that waits for it: never typed
	StatusCleared     Status = "cleared" // removed from its mailbox
	StatusExpired     Status = "expired" // it waited longer than messages are kept waiting
)

// Final reports whether no further step is expected of a message in this status.
func (s Status) Final() bool {
	switch s {
	case StatusRejected, StatusSubmitted, StatusUnconfirmed, StatusAnswered, StatusFailed, StatusTaken, StatusCleared, StatusExpired:
		return true
	}
	return false
}

// ReplySuffix is what the id of an automatic reply has behind that of the turn whose end it tells of.
const ReplySuffix = ".reply"

// Record is one line of conversation.jsonl. Zero fields are left out.
type Record struct {
	V         int       `json:"v"`
	ID        string    `json:"id"` // UUIDv7, which sorts by time, or a name that the sender chose
	Time      time.Time `json:"time"`
	Kind      Kind      `json:"kind"`
	Team      string    `json:"team,omitempty"` // team of the role the record is about (for messages: of the target)
	From      string    `json:"from,omitempty"` // address of the sender, or "user"
	To        string    `json:"to,omitempty"`   // address of the target, or "user"
	Text      string    `json:"text,omitempty"`
	Tag       string    `json:"tag,omitempty"` // TASK DONE BLOCKED QUESTION ANSWER STATUS
	InReplyTo string    `json:"in_reply_to,omitempty"`
	Ref       string    `json:"ref,omitempty"` // the record a receipt, approval, ... belongs to
	Status    Status    `json:"status,omitempty"`
	Evidence  string    `json:"evidence,omitempty"` // what proved the status
	Rule      string    `json:"rule,omitempty"`     // the rule that decided, where one did
	Origin    string    `json:"origin,omitempty"`   // how it came about: cli, agent, auto, flow, startup, unverified:<claimed name>
	Raw       bool      `json:"raw,omitempty"`      // typed as it is: no tag, no protection of a leading slash
	NoTag     bool      `json:"no_tag,omitempty"`
	NoSubmit  bool      `json:"no_submit,omitempty"` // to be left in the composer
	Now       bool      `json:"now,omitempty"`       // may go into a busy agent's own queue
	AsFile    bool      `json:"as_file,omitempty"`   // what is typed points to a file that holds Text
	Owes      bool      `json:"owes,omitempty"`      // its target owes an answer
	Hops      int       `json:"hops,omitempty"`      // how many automatic sends led to it
	Refs      []string  `json:"refs,omitempty"`      // kind read: the messages
	Step      string    `json:"step,omitempty"`      // receipts of keystroke steps: the mark left on the pane
	Redacted  bool      `json:"redacted,omitempty"`  // Text was removed later

	// At is where the record stands in the conversation, as far as its reader knows: messages go in this order. It is not written.
	At Offset `json:"-"`
}

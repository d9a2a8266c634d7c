package api

import (
	"context"

	"isesh/roles"
)

// Backend is what the socket serves; the supervisor implements it.
//
// Every method may be called by many goroutines at once and returns soon after its context ends: the client has gone, or the supervisor is
// ending. An *Error goes to the client as it is, any other error as CodeError. How far a message came, rejected included, is told by the
// Receipt with a nil error; the results beside a non-nil error are dropped.
type Backend interface {
	// Hello says who serves.
	Hello() Hello
	// Attribute finds out who asks: it fills Role and How from PID, TmuxPane and EnvRole. Its answer is what the other methods get.
	Attribute(ctx context.Context, c Caller) Caller

	// Start starts a team. It may call progress, from any goroutine, with a line for a person until it returns.
	Start(ctx context.Context, c Caller, r StartRequest, progress func(string)) (StartResult, error)
	Stop(ctx context.Context, c Caller, r StopRequest) (StopResult, error)
	Restart(ctx context.Context, c Caller, r RestartRequest) ([]Role, error)

	Roles(ctx context.Context, c Caller) ([]Role, error)
	Role(ctx context.Context, c Caller, ref string) (Role, error)
	// Teams returns the team of that name, all of them when name is empty.
	Teams(ctx context.Context, c Caller, name string) ([]Team, error)

	Send(ctx context.Context, c Caller, r SendRequest) (Receipt, error)
	// Reply answers a message; Broadcast sends one to many.
	Reply(ctx context.Context, c Caller, r ReplyRequest) (Receipt, error)
	Broadcast(ctx context.Context, c Caller, r BroadcastRequest) (BroadcastResult, error)
	// Receipt tells how far a message came, and the records that belong to it, oldest first.
	Receipt(ctx context.Context, c Caller, id string) (Receipt, []roles.Record, error)

	// Inbox lists a mailbox, and marks what it returns as read unless it is to peek. InboxPop takes the oldest message out, read or not: CodeNothing when there is
	// none. InboxClear takes all out.
	Inbox(ctx context.Context, c Caller, r InboxRequest) (Inbox, error)
	InboxPop(ctx context.Context, c Caller, r InboxRequest) (Letter, error)
	InboxClear(ctx context.Context, c Caller, r InboxRequest) (InboxCleared, error)
	// Process looks at every queue and returns when each has moved as far as it can now.
	Process(ctx context.Context, c Caller) (ProcessResult, error)
	Register(ctx context.Context, c Caller, r RegisterRequest) (Role, error)
	Unregister(ctx context.Context, c Caller, r RegisterRequest) error
	// Hook takes what an agent's hook was told.
	Hook(ctx context.Context, c Caller, r HookRequest) (HookResult, error)
	// Redact removes the text of a record. Only a person may.
	Redact(ctx context.Context, c Caller, r RedactRequest) error

	Approve(ctx context.Context, c Caller, r ActRequest) (ActResult, error)
	Deny(ctx context.Context, c Caller, r ActRequest) (ActResult, error)
	Respond(ctx context.Context, c Caller, r ActRequest) (ActResult, error)
	Cancel(ctx context.Context, c Caller, r ActRequest) (ActResult, error)

	Read(ctx context.Context, c Caller, r ReadRequest) (ReadResult, error)
	// Wait blocks until the wanted state or its time-out; the time-out is a result, not an error. When ctx ends first, it returns ctx's error:
	// a client that waits while the supervisor is replaced goes on waiting at the next one.
	Wait(ctx context.Context, c Caller, r WaitRequest) (WaitResult, error)
	WhoAmI(ctx context.Context, c Caller) (WhoAmI, error)

	// Log calls yield for each entry, oldest first, from one goroutine; with q.Follow it goes on until ctx ends. An error of yield ends it and
	// is returned.
	Log(ctx context.Context, c Caller, q LogQuery, yield func(Entry) error) error

	// Events calls yield for each event as Log does for each entry.
	Events(ctx context.Context, c Caller, q EventQuery, yield func(roles.Event) error) error

	// StopSupervisor asks for the end and returns before it: the socket must still carry the answer. The handler has already refused a
	// replacement that is not newer.
	StopSupervisor(ctx context.Context, c Caller, r StopSupervisor) error
}

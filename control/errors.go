package control

import (
	"errors"
	"fmt"
)

// Errors that say why something could not be done, for use with errors.Is.
var (
	ErrNoTmux   = errors.New("tmux is not installed or not on PATH")
	ErrNoServer = errors.New("no tmux server is running")
	ErrClosed   = errors.New("control connection closed")
	ErrMoved    = errors.New("tmux moved the control client to another session")
	ErrNUL      = errors.New("tmux cannot take a NUL byte in an argument")
	ErrTooLarge = errors.New("reply too large")
)

// OldVersionError is returned for a tmux older than MinVersion.
type OldVersionError struct{ Version Version }

func (e *OldVersionError) Error() string {
	return fmt.Sprintf("tmux %s is too old: %d.%d or later is needed", e.Version, MinMajor, MinMinor)
}

// ExitError says that the client has left: Reason is the text behind %exit
// ("" after a detach, or when the session it was attached to ended; "server
// exited unexpectedly"; "too far behind"). Code is the exit code of the
// process, -1 when a signal ended it. Silent is set when the output ended
// without an %exit line, as after SIGKILL. Dial again to go on.
type ExitError struct {
	Reason string
	Code   int
	Silent bool
	Stderr string
}

func (e *ExitError) Error() string {
	what := "tmux control client exited"
	switch {
	case e.Reason != "":
		what += ": " + e.Reason
	case e.Silent:
		what += fmt.Sprintf(" without a word (exit code %d)", e.Code)
	}
	if e.Stderr != "" {
		what += ": " + e.Stderr
	}
	return what
}

// CommandError is tmux's own refusal of a command.
type CommandError struct {
	Line string // the command line, shortened
	Text string // tmux's words
}

func (e *CommandError) Error() string { return fmt.Sprintf("tmux %s: %s", e.Line, e.Text) }

// Reason says which part of a Guard did not hold.
type Reason string

// The reasons of a refusal, in the order in which they are looked at.
const (
	Gone         Reason = "gone"          // no such pane (or window, or session)
	OtherProcess Reason = "other-process" // the pane runs another process now
	Dead         Reason = "dead"          // its process has ended, the pane remains
	InMode       Reason = "in-mode"       // copy mode, view mode, a chooser
	InputOff     Reason = "input-off"     // select-pane -d
	Step         Reason = "step"          // @isesh_step is not the expected one
	Screen       Reason = "screen"        // a condition on the screen does not hold
)

// Refused is the typed error of everything guarded: the condition did not hold
// inside tmux, and nothing was typed.
type Refused struct {
	Pane   string // the id asked for; a window or session id for those
	Reason Reason
	Detail string // what was found, or which condition failed
}

func (e *Refused) Error() string {
	s := fmt.Sprintf("%s refused: %s", e.Pane, e.Reason)
	if e.Detail != "" {
		s += " (" + e.Detail + ")"
	}
	return s
}

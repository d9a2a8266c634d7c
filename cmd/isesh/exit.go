package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"isesh/control"
	"isesh/roles"
	"isesh/supervisor/api"
)

// Rules of failing. A command returns an error; only fail, here, prints it and turns it into an exit code:
//
//   - the error is one line on standard error, "isesh: what is wrong (what to do)", or under --json an object {"error":{...}};
//   - its class (api.Code) decides the exit code, by exitCodes;
//   - an exitStatus says that the command has printed all there is to say, and only sets the code.
const (
	exitOK          = 0
	exitError       = 1
	exitUsage       = 2
	exitNothing     = 3
	exitRejected    = 5
	exitQueued      = 6
	exitUnconfirmed = 7
	exitTimeout     = 8
	exitPipe        = 141 // as a shell reports a program that ended by SIGPIPE
	exitInterrupted = 130 // as a shell reports a program that ended by SIGINT
)

// exitCodes is the one table from class of error to exit code. What is not in it exits 1.
var exitCodes = map[api.Code]int{
	api.CodeError:       exitError,
	api.CodeUsage:       exitUsage,
	api.CodeNotFound:    exitError,
	api.CodeAmbiguous:   exitError,
	api.CodeNothing:     exitNothing,
	api.CodeRejected:    exitRejected,
	api.CodeQueued:      exitQueued,
	api.CodeUnconfirmed: exitUnconfirmed,
	api.CodeTimeout:     exitTimeout,
	api.CodeDead:        exitError,
	api.CodeForbidden:   exitError,
	api.CodeConflict:    exitError,
	api.CodeProtocol:    exitError,
	api.CodeLimited:     exitError,
	codeInterrupted:     exitInterrupted,
}

// codeInterrupted is the class of a command that was ended by a signal. It never crosses the socket.
const codeInterrupted api.Code = "interrupted"

// receiptExit is the exit code of a message by the step it has reached.
func receiptExit(s roles.Status) int {
	switch s {
	case roles.StatusSubmitted, roles.StatusAnswered, roles.StatusTaken:
		return exitOK
	case roles.StatusPasted: // as far as --no-submit goes
		return exitOK
	case roles.StatusRejected:
		return exitRejected
	case roles.StatusUnconfirmed, roles.StatusPasting, roles.StatusEntered:
		return exitUnconfirmed
	case roles.StatusAccepted, roles.StatusQueued, roles.StatusReturned:
		return exitQueued
	}
	return exitError
}

// exitStatus is an error that sets the exit code and prints nothing: the command has said it already.
type exitStatus int

// Error is for tests and logs; fail never prints it.
func (e exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// status returns nil for 0 and an exitStatus otherwise.
func status(code int) error {
	if code == exitOK {
		return nil
	}
	return exitStatus(code)
}

// usagef is an error of class usage with a hint that names the help page.
func usagef(hint, format string, args ...any) *api.Error {
	return &api.Error{Code: api.CodeUsage, Message: fmt.Sprintf(format, args...), Hint: hint}
}

// interrupted gives an error that follows from a signal its own class.
func interrupted(err error) error {
	var status exitStatus
	if errors.As(err, &status) {
		return err
	}
	return &api.Error{Code: codeInterrupted, Message: "interrupted"}
}

// classify turns any error into the one shape that is printed.
func classify(err error) *api.Error {
	var e *api.Error
	if errors.As(err, &e) {
		return e
	}
	var old *control.OldVersionError
	if errors.Is(err, control.ErrNoTmux) || errors.As(err, &old) {
		return tmuxError(err)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return &api.Error{Code: api.CodeTimeout, Message: err.Error()}
	}
	return &api.Error{Code: api.CodeError, Message: err.Error()}
}

// fail prints err by the rules above and returns the exit code.
func (a *app) fail(err error, args []string) int {
	if err == nil {
		return exitOK
	}
	var code exitStatus
	if errors.As(err, &code) {
		return int(code)
	}
	e := classify(err)
	if e.Code == codeInterrupted {
		return exitInterrupted // who pressed Ctrl-C knows
	}
	// A mistake in the flags is found before --json has been read.
	if a.flags.json || slices.Contains(args, "--json") {
		a.printJSON(a.err, struct {
			Error *api.Error `json:"error"`
		}{e})
	} else {
		fmt.Fprintln(a.err, "isesh: "+errorLine(e))
	}
	if c, ok := exitCodes[e.Code]; ok {
		return c
	}
	return exitError
}

// errorLine is the error as people read it. Only the problems of a layout file take more than one line, one for each.
func errorLine(e *api.Error) string {
	hint := e.Hint
	if hint == "" && len(e.Candidates) > 0 {
		hint = "candidates: " + strings.Join(e.Candidates, ", ")
	}
	message := printable(e.Message, true)
	if hint == "" {
		return message
	}
	return message + " (" + printable(hint, false) + ")"
}

// printJSON writes v as one line.
func (a *app) printJSON(w interface{ Write([]byte) (int, error) }, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

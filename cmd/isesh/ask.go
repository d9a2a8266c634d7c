package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"isesh/roles"
	"isesh/supervisor/api"
)

const (
	// askTimeout is how long an answer is waited for when nothing is said. Agents' own shells end a command near 120 seconds.
	askTimeout = 100 * time.Second

	// submitWithin is how long a message that is waited for may take to be submitted before the wait for its answer begins.
	submitWithin = 5 * time.Second
)

// asked is what send --wait and wait --reply print as JSON.
type asked struct {
	ID       string        `json:"id"` // of the message that was to be answered
	Receipt  *api.Receipt  `json:"receipt,omitempty"`
	Answer   *roles.Record `json:"answer,omitempty"`
	Asks     *roles.Record `json:"asks,omitempty"`  // the role asks something itself, in place of an answer
	Ended    string        `json:"ended,omitempty"` // without an answer: waiting, dead, over
	TimedOut bool          `json:"timed_out,omitempty"`
	Resume   string        `json:"resume,omitempty"` // the command that goes on waiting
	Roles    []api.Role    `json:"roles,omitempty"`  // the role that was asked, as it is now
}

// ask sends a message and waits for its answer, which it prints.
func (a *app) ask(ctx context.Context, req api.SendRequest, timeout time.Duration) error {
	if timeout == 0 {
		timeout = askTimeout
	}
	started := a.now()
	req.Owes, req.Within = true, min(timeout, submitWithin).String()
	client, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	receipt, err := surely(ctx, func() (api.Receipt, error) { return client.Send(ctx, req) })
	if err != nil {
		return err
	}
	switch receiptExit(receipt.Status) {
	case exitRejected, exitError:
		return a.printReceipt(receipt, a.now().Sub(started))
	}
	if !a.flags.json {
		a.note("%s", receiptLine(palette{}, receipt, a.now().Sub(started)))
	}
	return a.awaitAnswer(ctx, client, asked{ID: receipt.ID, Receipt: &receipt}, receipt.To, timeout, started.Add(timeout))
}

// awaitAnswer waits for the answer to a message until end, and prints it. of is who was asked, "" when that is not known yet.
func (a *app) awaitAnswer(ctx context.Context, client *api.Client, about asked, of string, timeout time.Duration, end time.Time) error {
	resume := "isesh wait --reply " + about.ID
	result, err := surely(ctx, func() (api.WaitResult, error) {
		left := max(end.Sub(a.now()), time.Millisecond)
		return client.Wait(ctx, api.WaitRequest{Reply: about.ID, Timeout: left.String()})
	})
	switch {
	case err != nil && ctx.Err() != nil:
		a.note("the message stays where it is; %s goes on waiting for the answer", resume)
		return err
	case err != nil && about.Receipt != nil:
		return notLost(err, resume)
	case err != nil:
		return err
	}
	if len(result.Roles) > 0 {
		of = result.Roles[0].Address
	}
	about.Ended, about.TimedOut, about.Roles = result.Ended, result.TimedOut, result.Roles
	if m := result.Message; m != nil && m.InReplyTo == about.ID {
		about.Answer = m
	} else if m != nil {
		about.Asks = m
	}
	if about.Answer == nil && result.Ended != "dead" && result.Ended != "over" {
		about.Resume = resume
	}
	failed := a.answerError(about, of, timeout)
	if a.flags.json {
		if err := a.printJSON(a.out, about); err != nil {
			return err
		}
		if failed == nil {
			return nil
		}
		return status(exitCodes[classify(failed).Code])
	}
	if failed != nil {
		return failed
	}
	return a.printText(result.Message.Text)
}

// notLost is err after the message itself was sent: that is not to be done again.
func notLost(err error, resume string) error {
	e := *classify(err)
	e.Hint = strings.TrimPrefix(e.Hint+"; the message was sent, "+resume+" goes on waiting", "; ")
	return &e
}

// answerError is how a wait for an answer failed, nil when there is one. It says on standard error what a message that came instead of an answer
// is.
func (a *app) answerError(w asked, of string, timeout time.Duration) error {
	if of == "" {
		of = "the role"
	}
	goOn := w.Resume + " goes on waiting"
	switch {
	case w.Answer != nil && strings.HasPrefix(w.Answer.Origin, "auto:"): // interrupted, failed, expired: it says so
		return &api.Error{Code: api.CodeError, Message: fmt.Sprintf("no answer from %s: %s", of, printable(w.Answer.Text, false))}
	case w.Answer != nil:
		return nil
	case w.Asks != nil:
		if a.flags.json {
			return nil
		}
		a.note("%s asks you something before it answers: isesh reply --to %s TEXT answers that, then %s", of, w.Asks.ID, goOn)
		return nil
	case w.TimedOut:
		return &api.Error{Code: api.CodeTimeout, Message: fmt.Sprintf("no answer from %s within %s; the message is on its way, do not send it again", of, timeout), Hint: goOn}
	case w.Ended == "waiting":
		var menu *api.Menu
		if len(w.Roles) > 0 {
			menu = w.Roles[0].Menu
		}
		return rejected(of, menu, "it has your message", "then "+goOn)
	case w.Ended == "dead":
		return &api.Error{Code: api.CodeDead, Message: fmt.Sprintf("the program of %s has ended without an answer", of), Hint: "isesh status " + of + " tells more"}
	case w.Ended == "over":
		return &api.Error{Code: api.CodeNothing, Message: fmt.Sprintf("the turn of %s ended and left no text", of), Hint: "isesh read " + of + " shows its screen"}
	}
	return errors.New("the supervisor's answer to the wait says nothing")
}

// printText prints the text of a message: as it is into a pipe, safe for a terminal.
func (a *app) printText(text string) error {
	if isTerminal(a.out) {
		text = printable(text, true)
	}
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	_, err := io.WriteString(a.out, text)
	return err
}

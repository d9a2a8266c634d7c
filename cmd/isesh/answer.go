package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"isesh/supervisor/api"
)

// act is what approve, deny, respond and cancel have in common: one of the client's methods.
type act func(*api.Client, context.Context, api.ActRequest) (api.ActResult, error)

// act asks for req and prints what came of it. done is the verb for what was done.
func (a *app) act(ctx context.Context, do act, done string, req api.ActRequest, within time.Duration) error {
	if within > 0 {
		req.Within = within.String()
	}
	started := a.now()
	client, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	result, err := do(client, ctx, req)
	if err != nil {
		return err
	}
	if a.flags.json {
		if err := a.printJSON(a.out, result); err != nil {
			return err
		}
	} else if _, err := fmt.Fprintln(a.out, a.actLine(done, result)); err != nil {
		return err
	}
	if result.Receipt == nil {
		return nil
	}
	if a.flags.json {
		return status(receiptExit(result.Receipt.Status))
	}
	return a.printReceipt(*result.Receipt, a.now().Sub(started))
}

// actLine is the one line about an answer: what was chosen, of what, and what the role does now.
func (a *app) actLine(done string, r api.ActResult) string {
	p := a.palette(a.out)
	line := done + " " + p.speaker(r.To)
	switch {
	case len(r.Pressed) == 0 && r.Menu == nil:
		return p.speaker(r.To) + " was idle already: there was nothing to cancel" // no other answer presses nothing
	case r.Option != "":
		line += fmt.Sprintf(": %q", printable(r.Option, false))
	case len(r.Pressed) > 0:
		line += ": " + printable(strings.Join(r.Pressed, " "), false)
	}
	if r.Menu != nil && r.Menu.Heading != "" {
		line += fmt.Sprintf(" to %q", printable(r.Menu.Heading, false))
	}
	if r.State != "" {
		state := r.State
		if r.Kind != "" {
			state += " " + r.Kind
		}
		line += "; it is " + p.paint(state, stateColours[r.State]...)
	}
	return line
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/sourcegraph/conc"

	"isesh/control"
	"isesh/roles"
	"isesh/supervisor/api"
)

// demoEvent is something to be shown: a record of the conversation, or words of the demo's own, or the failure that ends it.
type demoEvent struct {
	entry *api.Entry
	say   string
	err   error
}

// round gives the lead a task and shows what follows until the lead has answered. One goroutine reads the conversation, one looks for
// permissions to give, one sends the task; this one prints. All have ended when it returns.
func (d *demo) round(ctx context.Context, team api.Team) error {
	ctx, cancel := context.WithCancel(ctx)
	var wg conc.WaitGroup
	defer wg.Wait()
	defer cancel()

	events := make(chan demoEvent)
	emit := func(e demoEvent) error {
		select {
		case events <- e:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	failed := func(err error) {
		if err != nil && ctx.Err() == nil {
			_ = emit(demoEvent{err: err})
		}
	}
	lead := leadOf(team).Address
	wg.Go(func() {
		failed(d.client.Log(ctx, api.LogQuery{Follow: true}, func(e api.Entry) error { return emit(demoEvent{entry: &e}) }))
	})
	wg.Go(func() { failed(d.approveAll(ctx, team, func(s string) error { return emit(demoEvent{say: s}) })) })
	wg.Go(func() {
		receipt, err := d.client.Send(ctx, api.SendRequest{To: lead, Text: demoTask})
		if err == nil && receiptExit(receipt.Status) != exitOK {
			err = fmt.Errorf("the task was %s: %s", receipt.Status, receipt.Reason)
		}
		failed(err)
	})

	r := d.logRenderer(api.LogQuery{Follow: true, Team: team.Name}, false)
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case e := <-events:
			switch {
			case e.err != nil:
				return e.err
			case e.say != "":
				d.say("%s", e.say)
			default:
				if err := d.show(r, *e.entry); err != nil {
					return err
				}
				if isMessage(e.entry.Kind) && e.entry.To == "user" && e.entry.From == lead {
					return nil
				}
			}
		}
	}
}

// show prints a record, for people or as JSON.
func (d *demo) show(r *logRenderer, e api.Entry) error {
	switch {
	case d.flags.json:
		return d.printJSON(d.out, e)
	case e.Kind == roles.KindTurn:
		return nil // the replies tell as much
	}
	return r.print(e)
}

// approveAll gives every permission that a role asks for, saying so, until ctx ends.
func (d *demo) approveAll(ctx context.Context, team api.Team, say func(string) error) error {
	var targets []string
	for _, r := range team.Roles {
		targets = append(targets, r.Address)
	}
	for {
		result, err := d.client.Wait(ctx, api.WaitRequest{Targets: targets, States: []string{"waiting"}})
		if err != nil {
			return err
		}
		for _, r := range result.Roles {
			if r.State != "waiting" || r.Menu == nil {
				continue
			}
			for _, line := range []string{
				fmt.Sprintf("%s asks: %s", r.Name, r.Menu.Heading),
				"  [" + strings.Join(r.Menu.Options, " / ") + "]",
				fmt.Sprintf("you answer: isesh approve %s", r.Name),
			} {
				if err := say("          " + printable(line, false)); err != nil {
					return err
				}
			}
			if _, err := d.client.Approve(ctx, api.ActRequest{To: r.Address, MenuID: r.Menu.ID}); err != nil {
				return fmt.Errorf("approving %s: %w", r.Address, err)
			}
		}
	}
}

// isMessage reports whether a record carries words from one to another.
func isMessage(k roles.Kind) bool {
	return k == roles.KindMessage || k == roles.KindReply || k == roles.KindBroadcast
}

// killServer ends the demo's own tmux server, and with it the agents. A server that has ended already is as good.
func (d *demo) killServer(ctx context.Context) error {
	_, err := d.tmux().Output(ctx, "kill-server")
	if err == nil || errors.Is(err, control.ErrNoServer) {
		return nil
	}
	if _, statErr := os.Stat(d.tmux().Path); errors.Is(statErr, os.ErrNotExist) {
		return nil
	}
	return fmt.Errorf("ending the demo's tmux server: %w", err)
}

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"isesh/roles"
	"isesh/supervisor/api"
)

// sendFlags are the flags of `isesh send`.
type sendFlags struct {
	bodyFlags
	req     api.SendRequest
	submit  bool // the other way round than req.NoSubmit
	wait    bool
	all     bool
	timeout time.Duration
}

// sendCmd is `isesh send`.
func (a *app) sendCmd() *cobra.Command {
	var f sendFlags
	c := &cobra.Command{
		Use:     "send ROLE [TEXT...|-]",
		GroupID: groupTalk,
		Short:   "Type a message into a role and submit it",
		Long: `send types a message into a role's agent and submits it. The text comes from the
arguments, from a file, or from standard input (- or a pipe), up to 4 MiB. It returns
when the message was seen to be submitted, or says how far it came:

  0  submitted
  5  rejected: the role waits for an answer; nothing was typed, nothing is kept
  6  queued: it is kept and goes by itself; do not send it again
  7  unconfirmed: typed, but no proof of a submit; do not send it again

A message of a role begins with [from:ROLE], so that the agent knows who speaks;
a person's carries no tag.

With --wait it waits for the answer and prints it; how the message itself went is on
standard error. The agent need not know isesh: what it says last in its turn is the
answer, if it sends none. A message of the role that asks you something is printed in
place of an answer. Other ends: 1 the role's program has ended, 3 its turn ended and
left no text, 5 it waits for an answer itself, 8 the time is over: the command that goes
on waiting is printed, and the message must not be sent again.`,
		Example: `  isesh send dev "TASK: add login"
  isesh send dev --wait "QUESTION: which tests fail?"
  git diff | isesh send reviewer -
  isesh send dev --file task.md --queue
  isesh send dev --raw /clear
  isesh send dev -- "-n is a flag of echo"`,
		Args: func(c *cobra.Command, args []string) error {
			if f.all {
				return nil
			}
			return cobra.MinimumNArgs(1)(c, args)
		},
		ValidArgsFunction: a.completeRoles(1, false),
		RunE: func(c *cobra.Command, args []string) error {
			if f.timeout < 0 {
				return usagef(seeHelp(c), "send: --timeout %s is negative", f.timeout)
			}
			f.req.NoSubmit = f.req.NoSubmit || !f.submit
			if f.all {
				return a.sendAll(c, f, args)
			}
			if f.wait && f.req.NoSubmit {
				return usagef("leave out one of them", "send: --wait and --no-submit do not go together: what is not submitted is not answered")
			}
			text, err := a.body(args[1:], f.file)
			if err != nil {
				return err
			}
			f.req.To, f.req.Text, f.req.From, f.req.ID = args[0], text, f.from, f.id
			if f.req.ID == "" {
				f.req.ID = roles.NewID()
			}
			if f.wait {
				return a.ask(c.Context(), f.req, f.timeout)
			}
			return a.send(c.Context(), f.req, f.timeout)
		},
	}
	fl := c.Flags()
	fl.SortFlags = false
	fl.BoolVarP(&f.wait, "wait", "w", false, "wait for the answer and print it")
	fl.DurationVar(&f.timeout, "timeout", 0, "how long to wait for the submit (default 5s), or for the answer (default 100s)")
	f.bodyFlags.add(c)
	fl.BoolVar(&f.req.AsFile, "as-file", false, "put the text into a file and type where it is; long texts are sent so by themselves")
	f.bodyFlags.addFrom(a, c)
	fl.BoolVar(&f.req.NoTag, "no-tag", false, "without [from:ROLE] in front")
	fl.BoolVar(&f.req.Raw, "raw", false, "as it is, so that /clear is a command")
	fl.BoolVar(&f.req.NoSubmit, "no-submit", false, "type it and leave it in the composer; also --submit=false")
	fl.BoolVar(&f.submit, "submit", true, "")
	_ = fl.MarkHidden("submit") // it is there
	fl.BoolVar(&f.req.Queue, "queue", false, "queue it, instead of rejecting it, when the role waits for an answer")
	fl.BoolVar(&f.req.Now, "now", false, "give it to a busy agent through the agent's own queue, where that is safe")
	fl.BoolVar(&f.all, "all", false, "to every role, as isesh broadcast --all does; then there is no ROLE")
	fl.Bool("no-reply", false, "do not wait for an answer; so it is without --wait anyway")
	c.MarkFlagsMutuallyExclusive("wait", "no-reply")
	for _, alone := range []string{"wait", "as-file", "raw", "no-submit", "submit", "now"} {
		c.MarkFlagsMutuallyExclusive("all", alone)
	}
	noFiles(c, "timeout")
	return c
}

// send sends a message and prints how far it came.
func (a *app) send(ctx context.Context, req api.SendRequest, within time.Duration) error {
	if within > 0 {
		req.Within = within.String()
	}
	started := a.now() // reading the text may have taken its time
	client, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	receipt, err := surely(ctx, func() (api.Receipt, error) { return client.Send(ctx, req) })
	if err != nil {
		return err
	}
	return a.printReceipt(receipt, a.now().Sub(started))
}

// sendAll is send as a broadcast.
func (a *app) sendAll(c *cobra.Command, f sendFlags, words []string) error {
	text, err := a.body(words, f.file)
	if err != nil {
		return err
	}
	req := api.BroadcastRequest{Text: text, All: true, From: f.from, NoTag: f.req.NoTag, Queue: f.req.Queue, ID: f.id}
	return a.broadcast(c.Context(), req, f.timeout)
}

// printReceipt prints the one line about a message that was sent, and returns its exit code as an error.
func (a *app) printReceipt(r api.Receipt, took time.Duration) error {
	code := receiptExit(r.Status)
	if a.flags.json {
		if err := a.printJSON(a.out, r); err != nil {
			return err
		}
		return status(code)
	}
	if r.Status == roles.StatusRejected {
		return rejected(r.To, r.Menu, "nothing was typed", "--queue sends it afterwards")
	}
	if code == exitOK && a.flags.quiet {
		return nil
	}
	if _, err := fmt.Fprintln(a.out, receiptLine(a.palette(a.out), r, took)); err != nil {
		return err
	}
	return status(code)
}

// receiptLine says how far a message came, and what to do about it.
func receiptLine(p palette, r api.Receipt, took time.Duration) string {
	line := fmt.Sprintf("%s %s to %s", p.state(string(r.Status)), r.ID, p.speaker(r.To))
	code := receiptExit(r.Status)
	why := r.Reason
	if why == "" || code == exitOK {
		why = r.Evidence
	}
	if why != "" {
		line += " (" + printable(why, false) + ")"
	}
	switch code {
	case exitOK:
		if r.Again {
			return line + ": this id was sent before, nothing was sent now"
		}
		line += " in " + short(took)
	case exitQueued:
		line += ": it goes by itself when the way is free, do not send it again"
	case exitUnconfirmed:
		line += ": do not send it again, see isesh status " + r.ID
	}
	if r.File != "" {
		line += "; its text is in " + printable(r.File, false)
	}
	return line
}

// rejected is the error for a message whose target waits for an answer itself. outcome is what that means for the message, after what to do once the
// question is answered.
func rejected(to string, m *api.Menu, outcome, after string) error {
	e := &api.Error{Code: api.CodeRejected, Message: to + " waits for an answer; " + outcome,
		Hint: fmt.Sprintf("isesh status %s shows the question; %s", to, after)}
	if m == nil {
		return e
	}
	if m.Heading != "" {
		e.Message = fmt.Sprintf("%s waits for an answer to %q%s; %s", to, printable(m.Heading, false), options(*m), outcome)
	}
	if m.Kind == "permission" {
		e.Hint = fmt.Sprintf("isesh approve %s or isesh deny %s answers it; %s", to, to, after)
	}
	return e
}

// options are the options of a menu as they stand in a line of text.
func options(m api.Menu) string {
	line := ""
	for i, o := range m.Options {
		if i > 0 {
			line += " / "
		}
		line += fmt.Sprintf("%d. %s", i+1, printable(o, false))
	}
	return bracket(line)
}

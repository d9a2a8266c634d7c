package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"isesh/roles"
	"isesh/supervisor"
	"isesh/supervisor/api"
)

// sendCmd is `isesh send`.
func (a *app) sendCmd() *cobra.Command {
	var (
		req     api.SendRequest
		file    string
		timeout time.Duration
	)
	c := &cobra.Command{
		Use:     "send ROLE [TEXT...|-]",
		GroupID: groupTalk,
		Short:   "Type a message into a role and submit it",
		Long: `send types a message into a role's agent and submits it. The text comes from the
arguments, from a file, or from standard input (- or a pipe). It returns when the
message was seen to be submitted, or says how far it came:

  0  submitted
  5  rejected: the role waits for an answer; nothing was typed, nothing is kept
  6  queued: it is kept and goes by itself; do not send it again
  7  unconfirmed: typed, but no proof of a submit; do not send it again

A message of a role begins with [from:ROLE], so that the agent knows who speaks;
a person's carries no tag.`,
		Example: `  isesh send dev "TASK: add login"
  git diff | isesh send reviewer -
  isesh send dev --file task.md --queue
  isesh send dev --raw /clear
  isesh send dev -- "-n is a flag of echo"`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: a.completeRoles(1, false),
		RunE: func(c *cobra.Command, args []string) error {
			req.To = args[0]
			var err error
			if req.Text, err = a.body(args[1:], file); err != nil {
				return err
			}
			started := a.now() // what comes from a pipe may take its time
			if timeout < 0 {
				return usagef(seeHelp(c), "send: --timeout %s is negative", timeout)
			}
			if timeout > 0 {
				req.Within = timeout.String()
			}
			client, err := a.connect(c.Context())
			if err != nil {
				return err
			}
			defer client.Close()
			receipt, err := client.Send(c.Context(), req)
			if err != nil {
				return err
			}
			return a.printReceipt(receipt, a.now().Sub(started))
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&file, "file", "", "send what is in this file")
	f.StringVar(&req.From, "from", "", "a label for the sender; marked unverified where it is not who asks")
	f.BoolVar(&req.NoTag, "no-tag", false, "without [from:ROLE] in front")
	f.BoolVar(&req.Raw, "raw", false, "as it is, so that /clear is a command")
	f.BoolVar(&req.NoSubmit, "no-submit", false, "type it and leave it in the composer")
	f.BoolVar(&req.Queue, "queue", false, "queue it, instead of rejecting it, when the role waits for an answer")
	f.BoolVar(&req.Now, "now", false, "give it to a busy agent through the agent's own queue, where that is safe")
	f.DurationVar(&timeout, "timeout", 0, "how long to wait for the submit (default 5s)")
	f.Bool("no-reply", false, "accepted for scripts: send never waits for a reply")
	_ = f.MarkHidden("no-reply")
	noFiles(c, "from", "timeout")
	return c
}

// body is the text of a message: the words, a file, or standard input.
func (a *app) body(words []string, file string) (string, error) {
	switch {
	case file != "" && len(words) > 0:
		return "", usagef("give one of them", "the message is in --file %s and in the arguments", file)
	case file != "":
		data, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("reading the message: %w", err)
		}
		return notEmpty(string(data))
	case len(words) == 1 && words[0] == "-", len(words) == 0 && !isTerminal(a.in):
		data, err := io.ReadAll(a.in)
		if err != nil {
			return "", fmt.Errorf("reading the message from standard input: %w", err)
		}
		return notEmpty(string(data))
	}
	return notEmpty(strings.Join(words, " "))
}

// notEmpty refuses a message without a text.
func notEmpty(text string) (string, error) {
	if strings.TrimSpace(text) == "" {
		return "", usagef(`isesh send dev "TEXT", or --file, or a pipe`, "the message is empty")
	}
	if len(text) > supervisor.MaxText {
		return "", usagef("put it into a file and send the file's path", "the message has %d bytes, more than %d", len(text), supervisor.MaxText)
	}
	return text, nil
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
		return rejected(r)
	}
	if code == exitOK && a.flags.quiet {
		return nil
	}
	p := a.palette(a.out)
	line := fmt.Sprintf("%s %s to %s", p.state(string(r.Status)), r.ID, p.speaker(r.To))
	why := r.Reason
	if why == "" || code == exitOK {
		why = r.Evidence
	}
	if why != "" {
		line += " (" + printable(why, false) + ")"
	}
	switch code {
	case exitOK:
		line += " in " + short(took)
	case exitQueued:
		line += ": it goes by itself when the way is free, do not send it again"
	case exitUnconfirmed:
		line += ": do not send it again, see isesh status " + r.ID
	}
	if _, err := fmt.Fprintln(a.out, line); err != nil {
		return err
	}
	return status(code)
}

// rejected is the error for a message that was refused because its target waits for an answer.
func rejected(r api.Receipt) error {
	e := &api.Error{Code: api.CodeRejected, Message: r.To + " waits for an answer; nothing was typed",
		Hint: fmt.Sprintf("isesh status %s shows the question; --queue sends it afterwards", r.To)}
	if m := r.Menu; m != nil {
		if m.Heading != "" {
			e.Message = fmt.Sprintf("%s waits for an answer to %q; nothing was typed", r.To, printable(m.Heading, false))
		}
		if m.Kind == "permission" {
			e.Hint = fmt.Sprintf("isesh approve %s or isesh deny %s answers it; --queue sends it afterwards", r.To, r.To)
		}
	}
	return e
}

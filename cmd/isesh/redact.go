package main

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"isesh/supervisor/api"
)

// redactCmd is `isesh log redact`.
func (a *app) redactCmd() *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use:   "redact ID",
		Short: "Remove the text of a message from everything that is kept",
		Long: `redact removes the text of a record from the conversation, the mailboxes and the files
of long messages; that there was one, between whom and when, stays. What the agents
have read already is not undone. It asks first on a terminal; elsewhere give --yes.
Only a person may do this.`,
		Example: `  isesh log redact 0192f0c1-7b2e-7c3a-9d4e-5f6071829304
  isesh log redact 0192f0c1-7b2e-7c3a-9d4e-5f6071829304 --yes`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			client, err := a.connect(c.Context())
			if err != nil {
				return err
			}
			defer client.Close()
			if !yes {
				if err := a.confirmRedact(c.Context(), client, args[0]); err != nil {
					return err
				}
			}
			if err := client.Redact(c.Context(), api.RedactRequest{ID: args[0]}); err != nil {
				return err
			}
			if a.flags.json {
				return a.printJSON(a.out, struct {
					Redacted string `json:"redacted"`
				}{args[0]})
			}
			_, err = fmt.Fprintf(a.out, "redacted %s\n", args[0])
			return err
		},
	}
	c.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return c
}

// confirmRedact shows what is to be removed and asks.
func (a *app) confirmRedact(ctx context.Context, client *api.Client, id string) error {
	if !isTerminal(a.in) || !isTerminal(a.err) {
		return usagef("--yes does it without asking", "log redact: there is no terminal to ask on")
	}
	about := id
	if _, records, err := client.Receipt(ctx, id); err == nil && len(records) > 0 {
		r := records[0]
		about = fmt.Sprintf("%s -> %s: %q", r.From, r.To, cut(printable(r.Text, false), 60))
	}
	fmt.Fprintf(a.err, "remove the text for good? %s [y/N] ", about)
	// A read of a terminal cannot be told to end: after Ctrl-C the goroutine ends with the process.
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(a.in).ReadString('\n') // its end is a no
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case word := <-answer:
		if word == "y" || word == "yes" {
			return nil
		}
	}
	return &api.Error{Code: api.CodeError, Message: "nothing was removed"}
}

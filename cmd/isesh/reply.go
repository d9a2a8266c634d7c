package main

import (
	"time"

	"github.com/spf13/cobra"

	"isesh/roles"
	"isesh/supervisor/api"
)

// replyCmd is `isesh reply`.
func (a *app) replyCmd() *cobra.Command {
	var (
		b       bodyFlags
		to      string
		timeout time.Duration
	)
	c := &cobra.Command{
		Use:     "reply [ID] [TEXT...|-]",
		GroupID: groupTalk,
		Short:   "Answer a message",
		Long: `reply answers the message with that id. Without an id, a role answers the message that
it is working at, and a person the last one that was sent to user. Who asked with
send --wait gets the text at once; everybody else gets it as a message.

The exit code is that of send: 0 delivered, 6 queued, 7 unconfirmed.`,
		Example: `  isesh reply "DONE: the tests pass"
  isesh reply 0192f0c1-7b2e-7c3a-9d4e-5f6071829304 "ANSWER: the second one"
  go test ./... 2>&1 | isesh reply -`,
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			if timeout < 0 {
				return usagef(seeHelp(c), "reply: --timeout %s is negative", timeout)
			}
			req := api.ReplyRequest{ID: to, NewID: b.id}
			if to == "" && len(args) > 0 && isID(args[0]) {
				req.ID, args = args[0], args[1:]
			}
			if req.NewID == "" {
				req.NewID = roles.NewID()
			}
			if timeout > 0 {
				req.Within = timeout.String()
			}
			var err error
			if req.Text, err = a.body(args, b.file); err != nil {
				return err
			}
			started := a.now()
			client, err := a.connect(c.Context())
			if err != nil {
				return err
			}
			defer client.Close()
			receipt, err := surely(c.Context(), func() (api.Receipt, error) { return client.Reply(c.Context(), req) })
			if err != nil {
				return err
			}
			return a.printReceipt(receipt, a.now().Sub(started))
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&to, "to", "", "the id of the message that is answered, where it is not of the usual form")
	b.add(c)
	f.DurationVar(&timeout, "timeout", 0, "how long to wait for the submit (default 5s)")
	noFiles(c, "to", "timeout")
	return c
}

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"isesh/layout"
	"isesh/supervisor/api"
)

// roleStates are the states that can be waited for.
var roleStates = []string{"starting", "idle", "busy", "waiting", "dead", "unknown"}

// messageTags are what a message can be tagged with.
var messageTags = []string{"TASK", "DONE", "BLOCKED", "QUESTION", "ANSWER", "STATUS"}

// waitFlags are the flags of `isesh wait`.
type waitFlags struct {
	req     api.WaitRequest
	since   string
	timeout time.Duration
}

// waitCmd is `isesh wait`.
func (a *app) waitCmd() *cobra.Command {
	var f waitFlags
	c := &cobra.Command{
		Use:     "wait [ROLE...]",
		GroupID: groupTalk,
		Short:   "Wait until a role is in a state, or for an answer or a message",
		Long: `wait returns when one of the roles (with --all, every one) is in one of the states:
starting, idle, busy, waiting, dead, unknown. It prints the state that was reached.

With --reply it waits for the answer to a message, as send --wait does, and prints it,
with the same exit codes. With --tag, --from or both it waits for a message that has the
tag, or is from the role, whoever it is for; without --from, within your team. It counts
what comes from now on, or since --since. One that is for you is taken with that.

When the time is over the exit code is 8.`,
		Example: `  isesh wait dev --state idle --timeout 10m
  isesh wait dev reviewer --state idle,waiting --all
  isesh wait --reply 0192f0c1-7b2e-7c3a-9d4e-5f6071829304
  isesh wait --tag DONE --from dev --since 10m`,
		ValidArgsFunction: a.completeRoles(0, false),
		Args:              cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if f.timeout < 0 {
				return usagef(seeHelp(c), "wait: --timeout %s is negative", f.timeout)
			}
			for _, name := range args {
				if !slices.Contains(f.req.Targets, name) {
					f.req.Targets = append(f.req.Targets, name)
				}
			}
			switch forMessage := f.req.Reply != "" || f.req.Tag != "" || f.req.From != ""; {
			case forMessage && len(args) > 0:
				return usagef("--from names whose message is waited for", "wait: --reply, --tag and --from wait for a message, a ROLE is waited for by its state")
			case f.since != "" && f.req.Tag == "" && f.req.From == "":
				return usagef(seeHelp(c), "wait: --since belongs to --tag and --from")
			case f.req.Reply != "":
				return a.waitReply(c.Context(), f)
			case forMessage:
				return a.waitMessage(c.Context(), f)
			case len(args) == 0:
				return usagef(seeHelp(c), "wait for which role?")
			}
			return a.waitState(c.Context(), f)
		},
	}
	fl := c.Flags()
	fl.SortFlags = false
	fl.StringSliceVar(&f.req.States, "state", []string{"idle", "waiting", "dead"}, "the states to wait for")
	fl.BoolVar(&f.req.All, "all", false, "until every role is, not any")
	fl.StringVar(&f.req.Reply, "reply", "", "wait for the answer to the message with this id")
	fl.StringVar(&f.req.Tag, "tag", "", "wait for a message with this tag: DONE, BLOCKED, QUESTION, ...")
	fl.StringVar(&f.req.From, "from", "", "wait for a message of this role")
	fl.StringVar(&f.since, "since", "", "with --tag and --from: also what came within 10m, 2h, or since a time")
	fl.DurationVar(&f.timeout, "timeout", 0, "give up after so long (default: never; with --reply 100s)")
	for _, state := range []string{"state", "all"} {
		for _, message := range []string{"reply", "tag", "from"} {
			c.MarkFlagsMutuallyExclusive(state, message)
		}
	}
	c.MarkFlagsMutuallyExclusive("reply", "tag")
	c.MarkFlagsMutuallyExclusive("reply", "from")
	noFiles(c, "timeout", "reply", "since")
	_ = c.RegisterFlagCompletionFunc("state", completeList(roleStates))
	_ = c.RegisterFlagCompletionFunc("tag", cobra.FixedCompletions(messageTags, cobra.ShellCompDirectiveNoFileComp))
	_ = c.RegisterFlagCompletionFunc("from", a.completeRoles(0, false))
	return c
}

// waitState waits for a state of roles.
func (a *app) waitState(ctx context.Context, f waitFlags) error {
	for _, s := range f.req.States {
		if !slices.Contains(roleStates, s) {
			return unknownWord("state", s, roleStates)
		}
	}
	result, err := a.await(ctx, f)
	if err != nil {
		return err
	}
	return a.printWait(result, f.timeout)
}

// await asks the supervisor and waits.
func (a *app) await(ctx context.Context, f waitFlags) (api.WaitResult, error) {
	if f.timeout > 0 {
		f.req.Timeout = f.timeout.String()
	}
	client, err := a.connect(ctx)
	if err != nil {
		return api.WaitResult{}, err
	}
	defer client.Close()
	return client.Wait(ctx, f.req)
}

// waitReply waits for the answer to a message.
func (a *app) waitReply(ctx context.Context, f waitFlags) error {
	if f.timeout == 0 {
		f.timeout = askTimeout
	}
	end := a.now().Add(f.timeout)
	client, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	return a.awaitAnswer(ctx, client, asked{ID: f.req.Reply}, "", f.timeout, end)
}

// waitMessage waits for a message with a tag, or of a role, and prints it.
func (a *app) waitMessage(ctx context.Context, f waitFlags) error {
	f.req.States, f.req.Tag = nil, strings.ToUpper(strings.TrimSuffix(f.req.Tag, ":"))
	if f.req.Tag != "" && !slices.Contains(messageTags, f.req.Tag) {
		return unknownWord("tag", f.req.Tag, messageTags)
	}
	if f.since != "" {
		since, err := parseSince(f.since, a.now())
		if err != nil {
			return err
		}
		f.req.Since = since
	}
	result, err := a.await(ctx, f)
	if err != nil {
		return err
	}
	if a.flags.json {
		if err := a.printJSON(a.out, result); err != nil {
			return err
		}
		switch {
		case result.TimedOut:
			return status(exitTimeout)
		case result.Ended != "":
			return status(exitError)
		}
		return nil
	}
	if m := result.Message; m != nil {
		a.note("%s from %s", m.ID, m.From)
		return a.printText(m.Text)
	}
	what := strings.Join(nonEmpty(f.req.Tag, "message"), " ")
	if f.req.From != "" {
		what += " from " + f.req.From
	}
	if result.Ended != "" {
		return &api.Error{Code: api.CodeDead, Message: fmt.Sprintf("%s is not running, and no %s came", f.req.From, what), Hint: "isesh restart " + f.req.From + " starts it again"}
	}
	return &api.Error{Code: api.CodeTimeout, Message: fmt.Sprintf("timed out after %s: no %s came", f.timeout, what)}
}

// unknownWord refuses a word that is none of those that there are.
func unknownWord(what, s string, known []string) error {
	e := usagef(what+"s: "+strings.Join(known, ", "), "no %s %q", what, s)
	if near := layout.Suggest(s, known); near != "" {
		e.Hint, e.Candidates = fmt.Sprintf("did you mean %q?", near), []string{near}
	}
	return e
}

// printWait prints the states at the end of a wait.
func (a *app) printWait(result api.WaitResult, timeout time.Duration) error {
	if a.flags.json {
		if err := a.printJSON(a.out, result); err != nil {
			return err
		}
		if result.TimedOut {
			return status(exitTimeout)
		}
		return nil
	}
	p := a.palette(a.out)
	var reached []string
	for _, r := range result.Roles {
		state := r.State
		if r.Kind != "" {
			state += " " + r.Kind
		}
		reached = append(reached, r.Address+" is "+state)
		if _, err := fmt.Fprintf(a.out, "%s %s\n", p.speaker(r.Address), p.paint(state, stateColours[r.State]...)); err != nil {
			return err
		}
	}
	if result.TimedOut {
		return &api.Error{Code: api.CodeTimeout, Message: fmt.Sprintf("timed out after %s: %s", timeout, strings.Join(reached, ", "))}
	}
	return nil
}

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"isesh/roles"
	"isesh/supervisor/api"
)

// defaultLogLimit is how many records `isesh log` prints when nothing is said.
const defaultLogLimit = 50

// pipedWidth is where lines are cut that go to no terminal: far enough for a search, and short enough for an agent that reads the log.
const pipedWidth = 1000

// logFormats are the forms in which the conversation can be printed.
var logFormats = []string{"text", "md", "json"}

// recordKinds are the kinds of record that can be picked.
var recordKinds = []string{
	string(roles.KindMessage), string(roles.KindBroadcast), string(roles.KindReply), string(roles.KindPrompt), string(roles.KindTurn), string(roles.KindApprove),
	string(roles.KindDeny), string(roles.KindRespond), string(roles.KindCancel), string(roles.KindNotice), string(roles.KindReceipt), string(roles.KindRead),
	string(roles.KindRedact),
}

// logFlags are the flags of `isesh log`.
type logFlags struct {
	q                 api.LogQuery
	since, until, day string
	format            string
	full, summary     bool
}

// logCmd is `isesh log`.
func (a *app) logCmd() *cobra.Command {
	var f logFlags
	c := &cobra.Command{
		Use:     "log [ROLE|TEAM|ID]",
		Aliases: []string{"history", "logs"},
		GroupID: groupPeople,
		Short:   "Print the conversation",
		Long: `log prints who said what to whom, one line a message, oldest first, with how long
ago it was and how far it came. What people typed into agents, how turns ended,
approvals, denials, cancels and notices are part of it. Long messages are cut; --full
prints them whole, -v also what says little, --json each record as an object on a line.
The steps of a message are in isesh status ID.

All that is picked has to fit: isesh log --tag TASK --from gestor --day today. --summary
counts in place of printing, and names what is still without an answer.`,
		Example: `  isesh log
  isesh log dev --since 1h
  isesh log --follow
  isesh log --grep 'login|logout' --kind message,reply
  isesh log --thread 0192f0c1-7b2e-7c3a-9d4e-5f6071829304 --full
  isesh log --day yesterday --format md > yesterday.md
  isesh log --json | jq -r 'select(.tag=="DONE") | .text'`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.completeRoles(1, true),
		RunE: func(c *cobra.Command, args []string) error {
			if err := a.logQuery(&f, args, c.Flags().Changed("limit")); err != nil {
				return err
			}
			return a.log(c.Context(), f)
		},
	}
	fl := c.Flags()
	fl.SortFlags = false
	fl.BoolVarP(&f.q.Follow, "follow", "f", false, "go on with what is said from now")
	fl.IntVarP(&f.q.Limit, "limit", "n", defaultLogLimit, "the last so many records; 0 prints all")
	fl.StringVar(&f.q.Role, "role", "", "only what this role said or was told")
	fl.StringVar(&f.q.From, "from", "", "only what this role said")
	fl.StringVar(&f.q.To, "to", "", "only what this role was told")
	fl.StringVar(&f.q.Team, "team", "", "only this team")
	fl.StringVar(&f.q.Tag, "tag", "", "only messages with this tag: TASK, DONE, QUESTION, ...")
	fl.StringSliceVar(&f.q.Kinds, "kind", nil, "only these kinds: message, reply, broadcast, prompt, turn, ...")
	fl.StringVar(&f.since, "since", "", "only what is younger: 10m, 2h, 3d, or a date or time")
	fl.StringVar(&f.until, "until", "", "only what is older")
	fl.StringVar(&f.day, "day", "", "only this day: today, yesterday, 2006-01-02")
	fl.StringVar(&f.q.Thread, "thread", "", "the message with this id, what it answers, and what answers it")
	fl.StringVar(&f.q.ID, "id", "", "the record with this id and what belongs to it")
	fl.StringVar(&f.q.Grep, "grep", "", "only where the text fits this regular expression; (?i) ignores case")
	fl.BoolVar(&f.summary, "summary", false, "count who said how much to whom, and name what has no answer")
	fl.StringVar(&f.format, "format", "text", "text, md (Markdown) or json")
	fl.BoolVar(&f.full, "full", false, "print messages whole")
	c.MarkFlagsMutuallyExclusive("day", "since")
	c.MarkFlagsMutuallyExclusive("day", "until")
	c.MarkFlagsMutuallyExclusive("thread", "id")
	c.MarkFlagsMutuallyExclusive("summary", "follow")
	c.MarkFlagsMutuallyExclusive("until", "follow")
	noFiles(c, "limit", "since", "until", "thread", "id", "grep")
	for _, flag := range []string{"role", "from", "to"} {
		_ = c.RegisterFlagCompletionFunc(flag, a.completeRoles(0, false))
	}
	_ = c.RegisterFlagCompletionFunc("team", a.completeTeams)
	_ = c.RegisterFlagCompletionFunc("kind", completeList(recordKinds))
	for flag, words := range map[string][]string{"tag": messageTags, "day": {"today", "yesterday"}, "format": logFormats} {
		_ = c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	}
	c.AddCommand(a.redactCmd())
	return c
}

// logQuery completes a query with what its flags say in words.
func (a *app) logQuery(f *logFlags, args []string, limited bool) (err error) {
	q := &f.q
	switch {
	case len(args) == 1 && isID(args[0]) && q.ID == "" && q.Thread == "":
		q.ID = args[0]
	case len(args) == 1 && q.Role != "" && q.Role != args[0]:
		return usagef("name one role", "log: %s or --role %s?", args[0], q.Role)
	case len(args) == 1:
		q.Role = args[0]
	}
	if q.Limit < 0 {
		return usagef("0 is no limit", "log: --limit %d is negative", q.Limit)
	}
	if !slices.Contains(logFormats, f.format) {
		return unknownWord("format", f.format, logFormats)
	}
	for _, k := range q.Kinds {
		if !slices.Contains(recordKinds, k) {
			return unknownWord("kind", k, recordKinds)
		}
	}
	if q.Tag != "" {
		q.Tag = strings.ToUpper(strings.TrimSuffix(q.Tag, ":"))
		if !slices.Contains(messageTags, q.Tag) {
			return unknownWord("tag", q.Tag, messageTags)
		}
	}
	if f.since != "" {
		if q.Since, err = parseSince(f.since, a.now()); err != nil {
			return err
		}
	}
	if f.until != "" {
		if q.Until, err = parseSince(f.until, a.now()); err != nil {
			return err
		}
	}
	if f.day != "" {
		if q.Since, q.Until, err = parseDay(f.day, a.now()); err != nil {
			return err
		}
	}
	if picked := !q.Since.IsZero() || q.Thread != "" || f.summary; picked && !limited {
		q.Limit = 0
	}
	return nil
}

// log prints the records that were picked.
func (a *app) log(ctx context.Context, f logFlags) error {
	client, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	q := f.q
	if (a.flags.json || f.format == "json") && !f.summary {
		return client.Log(ctx, q, func(e api.Entry) error { return a.printJSON(a.out, e) })
	}
	r := a.logRenderer(q, f.full)
	q.Said = !r.steps && q.ID == "" && len(q.Kinds) == 0
	if f.summary {
		s := newSummary()
		if err := client.Log(ctx, q, s.add); err != nil {
			return err
		}
		return a.printSummary(s)
	}
	print := r.print
	if f.format == "md" {
		print = (&markdown{w: a.out}).print
	}
	if q.Follow {
		return client.Log(ctx, q, print)
	}
	var entries []api.Entry
	err = client.Log(ctx, q, func(e api.Entry) error {
		entries = append(entries, e)
		return nil
	})
	if err != nil {
		return err
	}
	if len(entries) == 0 {
		a.note("%s", nothingSaid(q))
		return nil
	}
	r.fit(entries)
	for _, e := range entries {
		if err := print(e); err != nil {
			return err
		}
	}
	return nil
}

// nothingSaid says that nothing was picked.
func nothingSaid(q api.LogQuery) string {
	q.Limit, q.Follow, q.Said = 0, false, false
	if fmt.Sprint(q) == fmt.Sprint(api.LogQuery{}) {
		return "nothing was said yet"
	}
	return "nothing was said that fits"
}

// logRenderer is the renderer for what q picks, on standard output.
func (a *app) logRenderer(q api.LogQuery, full bool) *logRenderer {
	width, _ := a.terminalSize()
	if width == 0 {
		width = pipedWidth
	}
	return &logRenderer{w: a.out, p: a.palette(a.out), now: a.now, width: width, full: full, clock: q.Follow, steps: a.flags.verbose,
		whole: q.ID != "" || len(q.Kinds) > 0, team: q.Team}
}

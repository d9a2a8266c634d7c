package supervisor

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"isesh/roles"
	"isesh/supervisor/api"
)

// recordKinds are those that can be asked for.
var recordKinds = []roles.Kind{
	roles.KindMessage, roles.KindBroadcast, roles.KindReply, roles.KindReceipt, roles.KindApprove, roles.KindDeny, roles.KindRespond, roles.KindCancel,
	roles.KindNotice, roles.KindPrompt, roles.KindTurn, roles.KindRead, roles.KindRedact,
}

// Log passes on the conversation, oldest first; with Follow it goes on as it grows.
func (s *Supervisor) Log(ctx context.Context, c api.Caller, q api.LogQuery, yield func(api.Entry) error) error {
	f, unknown, err := s.logFilter(c, q)
	if err != nil {
		return err
	}
	grown := s.records.wait()
	offset := s.log.Offset()
	items, thread, err := s.logItems(q, &f, unknown)
	if err != nil {
		return err
	}
	if unknown != nil && len(items) == 0 {
		return unknown
	}
	told := map[string]bool{} // written while the list was read, so in what follows, too
	for _, it := range items {
		if it.At >= offset {
			told[it.ID] = true
		}
		if err := yield(entryOf(it)); err != nil {
			return err
		}
	}
	if !q.Follow {
		return nil
	}
	f.Said = false
	for {
		recs, next, err := s.log.From(offset)
		if err != nil {
			return err
		}
		offset = next
		for _, rec := range recs {
			if told[rec.ID] || q.Thread != "" && !inThread(thread, rec) || !f.Matches(rec) {
				continue
			}
			if err := yield(api.Entry{Record: rec, Now: rec.Status, Proof: rec.Evidence}); err != nil {
				return err
			}
		}
		if len(recs) > 0 {
			continue
		}
		clear(told)
		select {
		case <-grown:
		case <-ctx.Done():
			return nil
		}
		grown = s.records.wait()
	}
}

// inThread reports whether a new record belongs to a thread, and takes it in.
func inThread(thread map[string]bool, rec roles.Record) bool {
	if rec.InReplyTo != "" && thread[rec.InReplyTo] {
		thread[rec.ID] = true
		return true
	}
	return rec.Ref != "" && thread[rec.Ref]
}

// logFilter is what a query picks. unknown is an error only if the conversation does not know the name either.
func (s *Supervisor) logFilter(c api.Caller, q api.LogQuery) (f roles.Filter, unknown, err error) {
	f = roles.Filter{Team: q.Team, ID: q.ID, Since: q.Since, Until: q.Until, Limit: q.Limit, Said: q.Said}
	if f.Kinds, err = oneOf("kind of record", q.Kinds, recordKinds); err != nil {
		return f, nil, err
	}
	if q.Tag != "" {
		if f.Tag = firstOf(roles.Tag(q.Tag+":"), roles.Tag(q.Tag)); f.Tag == "" {
			return f, nil, &api.Error{Code: api.CodeUsage, Message: fmt.Sprintf("%q is no tag", q.Tag), Hint: "there are TASK DONE BLOCKED QUESTION ANSWER STATUS"}
		}
	}
	if q.Grep != "" {
		if f.Grep, err = regexp.Compile(q.Grep); err != nil {
			return f, nil, &api.Error{
				Code: api.CodeUsage, Message: "the pattern makes no sense: " + strings.TrimPrefix(err.Error(), "error parsing regexp: "),
				Hint: `it is a regular expression; \ before a sign takes it as it is`,
			}
		}
	}
	unknown = s.logTeam(q)
	name := func(ref string) string {
		if ref == "" {
			return ""
		}
		a, err := s.resolve(c, ref)
		if err != nil { // a role that was forgotten?
			unknown = err
			return strings.TrimPrefix(ref, "/")
		}
		return a.String()
	}
	f.From, f.To = name(q.From), name(q.To)
	if q.Role != "" && q.Team == "" && len(s.members(q.Role)) > 0 && !s.isRole(c, q.Role) {
		f.Team = q.Role
	} else {
		f.Role = name(q.Role)
	}
	return f, unknown, nil
}

// isRole reports whether a name is that of a role to the caller.
func (s *Supervisor) isRole(c api.Caller, ref string) bool {
	_, err := s.resolve(c, ref)
	return err == nil
}

// logItems reads what a query picks, and which messages are in the thread that it asks for. A name that is no role's may be that of a team that was
// forgotten: then f is changed to that.
func (s *Supervisor) logItems(q api.LogQuery, f *roles.Filter, unknown error) (items []roles.Item, thread map[string]bool, err error) {
	if q.Thread != "" {
		return s.threadItems(q.Thread, *f)
	}
	items, err = s.log.TailItems(*f)
	if err == nil && len(items) == 0 && unknown != nil && q.Role != "" && q.Team == "" {
		f.Role, f.Team = "", q.Role
		items, err = s.log.TailItems(*f)
	}
	return items, nil, err
}

// threadItems are the messages of a thread that pass the filter, and the ids of all of them.
func (s *Supervisor) threadItems(id string, f roles.Filter) ([]roles.Item, map[string]bool, error) {
	all, err := s.log.Thread(id)
	if errors.Is(err, roles.ErrNotFound) {
		return nil, nil, noMessage(id)
	}
	if err != nil {
		return nil, nil, err
	}
	thread := map[string]bool{}
	var out []roles.Item
	for _, it := range all {
		thread[it.ID] = true
		if f.Matches(it.Record) {
			out = append(out, it)
		}
	}
	if f.Limit > 0 && len(out) > f.Limit {
		out = out[len(out)-f.Limit:]
	}
	return out, thread, nil
}

func noMessage(id string) error {
	return &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("no message %q", id), Hint: "isesh log --json shows the ids"}
}

// logTeam says that a query asks for a team or a message that is not known.
func (s *Supervisor) logTeam(q api.LogQuery) error {
	if q.ID != "" {
		return noMessage(q.ID)
	}
	if q.Team == "" || len(s.members(q.Team)) > 0 {
		return nil
	}
	return &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("no team %q", q.Team), Hint: "isesh status shows them"}
}

func entryOf(it roles.Item) api.Entry {
	e := api.Entry{Record: it.Record, Now: it.Record.Status, Proof: it.Record.Evidence, Receipts: it.Receipts}
	if it.Last.ID != "" {
		e.Now, e.Proof = it.Last.Status, it.Last.Evidence
	}
	return e
}

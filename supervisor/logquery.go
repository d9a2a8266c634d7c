package supervisor

import (
	"context"
	"fmt"

	"isesh/roles"
	"isesh/supervisor/api"
)

// Log passes on the conversation, oldest first; with Follow it goes on as it grows.
func (s *Supervisor) Log(ctx context.Context, c api.Caller, q api.LogQuery, yield func(api.Entry) error) error {
	f := roles.Filter{Team: q.Team, ID: q.ID, Since: q.Since, Limit: q.Limit, Said: q.Said}
	unknown := s.logTeam(q) // an error only if the conversation does not know the name either
	if q.Role != "" {
		a, err := s.resolve(c, q.Role)
		switch {
		case err == nil:
			f.Role = a.String()
		case q.Team == "" && len(s.members(q.Role)) > 0:
			f.Team = q.Role
		default:
			f.Role, unknown = q.Role, err
		}
	}
	grown := s.records.wait()
	offset := s.log.Offset()
	items, err := s.log.TailItems(f)
	if err == nil && len(items) == 0 && unknown != nil && q.Role != "" && q.Team == "" { // a team that was forgotten?
		f.Role, f.Team = "", q.Role
		items, err = s.log.TailItems(f)
	}
	if err != nil {
		return err
	}
	if unknown != nil && len(items) == 0 {
		return unknown
	}
	f.Said = false
	for _, it := range items {
		if err := yield(entryOf(it)); err != nil {
			return err
		}
	}
	if !q.Follow {
		return nil
	}
	for {
		select {
		case <-grown:
		case <-ctx.Done():
			return nil
		}
		grown = s.records.wait()
		recs, next, err := s.log.From(offset)
		if err != nil {
			return err
		}
		offset = next
		for _, rec := range recs {
			if !f.Matches(rec) {
				continue
			}
			if err := yield(api.Entry{Record: rec, Now: rec.Status, Proof: rec.Evidence}); err != nil {
				return err
			}
		}
	}
}

// logTeam says that a query asks for a team or a message that is not known.
func (s *Supervisor) logTeam(q api.LogQuery) error {
	if q.ID != "" {
		return &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("no message %q", q.ID), Hint: "isesh log --json shows the ids"}
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

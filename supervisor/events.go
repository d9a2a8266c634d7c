package supervisor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"isesh/roles"
	"isesh/supervisor/api"
)

// eventKinds are all there are.
var eventKinds = []roles.EventKind{
	roles.EventRegistered, roles.EventUnregistered, roles.EventStarted, roles.EventState, roles.EventDied, roles.EventRestarted, roles.EventDrift,
	roles.EventTrouble, roles.EventStopped,
}

// Events passes on what happened to roles, oldest first; with Follow it goes on as more happens.
func (s *Supervisor) Events(ctx context.Context, c api.Caller, q api.EventQuery, yield func(roles.Event) error) error {
	f := roles.EventFilter{Since: q.Since, Limit: q.Limit}
	var err error
	if f.Kinds, err = oneOf("kind of event", q.Kinds, eventKinds); err != nil {
		return err
	}
	var unknown error // an error only if there are no events of that name either
	if q.Role != "" {
		if f.Role, unknown = s.resolve(c, q.Role); unknown != nil {
			if f.Role, err = roles.ParseAddress(strings.TrimPrefix(q.Role, "/")); err != nil {
				return unknown
			}
		}
	}
	grown := s.happened.wait()
	offset := s.events.Offset()
	evs, err := s.events.Tail(f)
	if err != nil {
		return err
	}
	if unknown != nil && len(evs) == 0 {
		return unknown
	}
	for _, e := range evs {
		if err := yield(e); err != nil {
			return err
		}
	}
	if !q.Follow {
		return nil
	}
	told := map[roles.Event]bool{} // written while the list was read, so in both
	for _, e := range evs {
		told[e] = true
	}
	for {
		for {
			more, next, err := s.events.From(offset)
			if err != nil {
				return err
			}
			if offset = next; len(more) == 0 {
				break
			}
			for _, e := range more {
				if !f.Matches(e) || told[e] {
					continue
				}
				if err := yield(e); err != nil {
					return err
				}
			}
		}
		clear(told)
		select {
		case <-grown:
		case <-ctx.Done():
			return nil
		}
		grown = s.happened.wait()
	}
}

// oneOf checks that each word is one of those that there are.
func oneOf[T ~string](what string, words []string, known []T) ([]T, error) {
	var out []T
	for _, w := range words {
		k := T(strings.ToLower(w))
		if !slices.Contains(known, k) {
			var all []string
			for _, k := range known {
				all = append(all, string(k))
			}
			return nil, &api.Error{
				Code: api.CodeUsage, Message: fmt.Sprintf("%q is no %s", w, what), Hint: "there are " + strings.Join(all, " "), Candidates: all,
			}
		}
		out = append(out, k)
	}
	return out, nil
}

package supervisor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/sourcegraph/conc"

	"isesh/roles"
	"isesh/supervisor/api"
)

// MaxBroadcast is how long a broadcast may be, in characters.
const MaxBroadcast = 262_144

// Broadcast sends one text to many roles at once, each a message of its own with its own way: one that is slow, or refuses it, delays nobody. The
// ids of the messages follow from that of the broadcast, so the same broadcast twice is one.
func (s *Supervisor) Broadcast(ctx context.Context, c api.Caller, req api.BroadcastRequest) (api.BroadcastResult, error) {
	within, err := duration(req.Within, sendWithin)
	if err != nil {
		return api.BroadcastResult{}, err
	}
	if err := s.checkText(req.Text); err != nil {
		return api.BroadcastResult{}, err
	}
	if n := utf8.RuneCountInString(req.Text); n > MaxBroadcast {
		return api.BroadcastResult{}, &api.Error{
			Code: api.CodeUsage, Message: fmt.Sprintf("the broadcast has %d characters, more than %d", n, MaxBroadcast),
			Hint: "put it into a file and broadcast the file's path",
		}
	}
	if err := checkID(req.ID); err != nil {
		return api.BroadcastResult{}, err
	}
	targets, err := s.audience(c, req)
	if err != nil {
		return api.BroadcastResult{}, err
	}
	id := req.ID
	if id == "" {
		id = roles.NewID()
	}
	recs := make([]roles.Record, len(targets))
	for i, to := range targets {
		if recs[i], err = s.message(c, to, api.SendRequest{Text: req.Text, From: req.From, NoTag: req.NoTag}); err != nil {
			return api.BroadcastResult{}, err
		}
		recs[i].Kind, recs[i].ID, recs[i].Ref, recs[i].Owes = roles.KindBroadcast, partID(id, to), id, false
	}
	if err := s.allowCast(c, id); err != nil {
		return api.BroadcastResult{}, err
	}
	res := api.BroadcastResult{ID: id, Targets: make([]api.Delivered, len(targets))}
	var wg conc.WaitGroup
	for i, rec := range recs {
		out := &res.Targets[i] // nobody else's until the end
		wg.Go(func() {
			out.To = rec.To
			receipt, err := s.offer(ctx, c, rec, posting{queue: req.Queue})
			if err != nil {
				out.Error = errorOf(err)
				return
			}
			r := receipt.await(ctx, within)
			out.Receipt = &r
		})
	}
	wg.Wait()
	return res, nil
}

// offer is post for a message that limits may refuse.
func (s *Supervisor) offer(ctx context.Context, c api.Caller, rec roles.Record, how posting) (posted, error) {
	if err := s.allow(c, rec); err != nil {
		return posted{}, err
	}
	p, err := s.post(ctx, rec, how)
	if err != nil || p.receipt.Status == roles.StatusRejected {
		s.disallow(rec)
	}
	return p, err
}

// audience are the roles that a broadcast is for, but its sender: all of a team, or all there are but those of teams that have ended.
func (s *Supervisor) audience(c api.Caller, req api.BroadcastRequest) ([]roles.Address, error) {
	team := firstOf(req.Team, s.teamOf(c))
	switch {
	case req.All && req.Team != "":
		return nil, &api.Error{Code: api.CodeUsage, Message: "a broadcast goes to all or to a team, not both"}
	case !req.All && team == "":
		return nil, &api.Error{Code: api.CodeUsage, Message: "broadcast to whom? no team is yours here", Hint: "name one with --team, or --all"}
	case !req.All && len(s.members(team)) == 0:
		e := &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("no team %q", team), Hint: "isesh status shows them"}
		for _, t := range s.reg.Teams() {
			e.Candidates = append(e.Candidates, t.Name)
		}
		return nil, e
	}
	all := s.reg.All()
	slices.SortStableFunc(all, func(a, b roles.Entry) int { return cmp.Compare(a.Team, b.Team) }) // as they are listed
	var out []roles.Address
	for _, e := range all {
		there := e.Mailbox || s.runner(e.Address) != nil || e.Team != "" && s.teamLives(e.Team)
		if e.Address != c.Role && there && (req.All || e.Team == team) {
			out = append(out, e.Address)
		}
	}
	if len(out) == 0 {
		what := "team " + team
		if req.All {
			what = "any team"
		}
		return nil, &api.Error{Code: api.CodeNothing, Message: "no other role of " + what + " runs", Hint: "isesh list shows them"}
	}
	return out, nil
}

// partID is the id of the message of a broadcast for one target: always the same.
func partID(broadcast string, to roles.Address) string {
	return uuid.NewSHA1(uuid.Nil, []byte(broadcast+"\n"+to.String())).String()
}

// errorOf is how an error is told beside others' results.
func errorOf(err error) *api.Error {
	var e *api.Error
	if errors.As(err, &e) {
		return e
	}
	return &api.Error{Code: api.CodeError, Message: err.Error()}
}

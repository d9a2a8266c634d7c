package supervisor

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"isesh/layout"
	"isesh/roles"
	"isesh/supervisor/api"
)

// defaultLimits hold for roles without a team, and for what a team's layout leaves open.
var defaultLimits = layout.Limits{Hops: 8, Pair: layout.Rate{Count: 20, Per: 10 * time.Minute}}

// castRate is how often one sender may broadcast.
var castRate = layout.Rate{Count: 60, Per: time.Minute}

const (
	// maxStamps bounds what is remembered of one pair. A layout that allows more than this in its span limits nothing.
	maxStamps = 2_000
	// limitsTail is how many of the newest messages of the conversation the limits are rebuilt from.
	limitsTail = 5_000
)

// ordered is a sender and a target; for broadcasts the target is empty.
type ordered struct{ from, to string }

// stamp is a message that was let pass.
type stamp struct {
	id string
	at time.Time
}

// limiter counts messages within the last span, per pair of roles. It keeps what the limits need and no more: stamps older than their span go when
// their pair is asked for, and pairs that have none left whenever there are twice as many pairs as after the last sweep. The clock is the caller's.
type limiter struct {
	mu      sync.Mutex // owns the rest
	pairs   map[ordered]*spent
	sweepAt int // number of pairs
}

type spent struct {
	stamps []stamp // oldest first, within span
	span   time.Duration
}

const minSweep = 64

func newLimiter() *limiter { return &limiter{pairs: map[ordered]*spent{}, sweepAt: minSweep} }

// take lets a message pass and counts it, unless its pair has used its rate up: then it says when the next one may go. A message that was counted
// already passes again.
func (l *limiter) take(p ordered, id string, rate layout.Rate, now time.Time) (opens time.Time, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	u := l.pairs[p]
	if u == nil {
		if len(l.pairs) >= l.sweepAt {
			l.sweep(now)
		}
		u = &spent{}
		l.pairs[p] = u
	}
	u.span = rate.Per
	u.forget(now)
	if slices.ContainsFunc(u.stamps, func(s stamp) bool { return s.id == id }) {
		return time.Time{}, true
	}
	if n := len(u.stamps); n >= rate.Count {
		return u.stamps[n-rate.Count].at.Add(rate.Per), false
	}
	u.stamps = append(u.stamps, stamp{id, now})
	return time.Time{}, true
}

// giveBack uncounts a message that was let pass and then not accepted.
func (l *limiter) giveBack(p ordered, id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if u := l.pairs[p]; u != nil {
		u.stamps = slices.DeleteFunc(u.stamps, func(s stamp) bool { return s.id == id })
	}
}

// used tells how many messages of a pair are counted now, and when the oldest of the last n of them leaves its span.
func (l *limiter) used(p ordered, rate layout.Rate, now time.Time) (count int, opens time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	u := l.pairs[p]
	if u == nil {
		return 0, time.Time{}
	}
	u.span = rate.Per
	u.forget(now)
	if n := len(u.stamps); n >= rate.Count {
		opens = u.stamps[n-rate.Count].at.Add(rate.Per)
	}
	return len(u.stamps), opens
}

// from lists the pairs whose sender passes the test, in the order of their names.
func (l *limiter) from(is func(sender string) bool) []ordered {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []ordered
	for p := range l.pairs {
		if p.to != "" && is(p.from) {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b ordered) int { return strings.Compare(a.from+" "+a.to, b.from+" "+b.to) })
	return out
}

// sweep forgets pairs of which nothing is left. Called with mu held.
func (l *limiter) sweep(now time.Time) {
	for p, u := range l.pairs {
		if u.forget(now); len(u.stamps) == 0 {
			delete(l.pairs, p)
		}
	}
	l.sweepAt = max(minSweep, 2*len(l.pairs))
}

// forget drops what is older than the span. A stamp of the future, from before the clock was set back, counts as of now: it must not close
// the pair for longer than a span.
func (u *spent) forget(now time.Time) {
	for i := range u.stamps {
		if u.stamps[i].at.After(now) {
			u.stamps[i].at = now
		}
	}
	old := 0
	for old < len(u.stamps) && (now.Sub(u.stamps[old].at) >= u.span || len(u.stamps)-old > maxStamps) {
		old++
	}
	u.stamps = slices.Delete(u.stamps, 0, old)
}

// limitsFor are the limits of what a role of a team sends. They are those that the team was started with.
func (s *Supervisor) limitsFor(team string) layout.Limits {
	limits := defaultLimits
	t, ok := s.reg.Team(team)
	if team == "" || !ok {
		return limits
	}
	var resolved struct {
		Limits layout.Limits `json:"limits"`
	}
	if err := json.Unmarshal(t.Layout, &resolved); err != nil {
		return limits // a layout that cannot be read must not lift them
	}
	if resolved.Limits.Hops > 0 {
		limits.Hops = resolved.Limits.Hops
	}
	if resolved.Limits.Pair.Count > 0 && resolved.Limits.Pair.Per > 0 {
		limits.Pair = resolved.Limits.Pair
	}
	return limits
}

// allow says whether a limit keeps c from sending rec: an *api.Error of CodeLimited, or nil. A message that is allowed is counted, once however often
// its id comes; disallow takes that back. Persons and what they send are free, so are answers, and what goes to the user.
func (s *Supervisor) allow(c api.Caller, rec roles.Record) error {
	from, to := names(rec.From, rec.To)
	if automatic(rec) {
		if limit := s.limitsFor(firstOf(teamIn(rec.From), rec.Team)).Hops; rec.Hops > limit {
			return &api.Error{
				Code:    api.CodeLimited,
				Message: fmt.Sprintf("what %s sends %s by itself follows from %d automatic messages in a row, more than %d", from, to, rec.Hops, limit),
				Hint:    "limits.hops of the layout; it opens when a person or an agent sends something of its own",
			}
		}
	}
	p, counts := countedPair(rec)
	if c.Role.IsZero() || !counts {
		return nil
	}
	rate, now := s.limitsFor(c.Role.Team).Pair, s.now()
	opens, ok := s.limits.take(p, rec.ID, rate, now)
	if ok {
		return nil
	}
	return &api.Error{
		Code:    api.CodeLimited,
		Message: fmt.Sprintf("%s has sent %s %d messages within %s: %s", from, to, rate.Count, per(rate), opening(opens, now)),
		Hint:    "limits.pair of the layout is " + rate.String() + "; isesh status shows how far it is used",
	}
}

// disallow uncounts a message that was allowed and then not accepted.
func (s *Supervisor) disallow(rec roles.Record) {
	if p, ok := countedPair(rec); ok {
		s.limits.giveBack(p, rec.ID)
	}
}

// isConflict reports that a message was not accepted because its id is another's.
func isConflict(err error) bool {
	var e *api.Error
	return errors.As(err, &e) && e.Code == api.CodeConflict
}

// allowCast is allow for a whole broadcast.
func (s *Supervisor) allowCast(c api.Caller, id string) error {
	now := s.now()
	opens, ok := s.limits.take(ordered{from: c.Name()}, id, castRate, now)
	if ok {
		return nil
	}
	return &api.Error{
		Code:    api.CodeLimited,
		Message: fmt.Sprintf("%s has broadcast %d times within %s: %s", c.Name(), castRate.Count, per(castRate), opening(opens, now)),
	}
}

// automatic reports that nobody wrote a message on purpose.
func automatic(rec roles.Record) bool {
	return strings.HasPrefix(rec.Origin, "auto") || strings.HasPrefix(rec.Origin, "flow")
}

// countedPair is the pair that a message counts for, if it counts.
func countedPair(rec roles.Record) (ordered, bool) {
	user := roles.User.String()
	counts := rec.Kind == roles.KindMessage || rec.Kind == roles.KindBroadcast
	return ordered{rec.From, rec.To}, counts && rec.From != user && rec.To != user && rec.From != ""
}

// names are how a sender and a target are called in a sentence: without their team where it is the same.
func names(from, to string) (string, string) {
	team, name, both := strings.Cut(from, "/")
	if team2, name2, _ := strings.Cut(to, "/"); both && team == team2 && name2 != "" {
		return name, name2
	}
	return from, to
}

// per is the span of a rate as people write it.
func per(r layout.Rate) string { return layout.Duration(r.Per).String() }

// opening says when a limit opens, in whole seconds that are not too early.
func opening(at, now time.Time) string {
	wait := (at.Sub(now) + time.Second - 1).Truncate(time.Second)
	at = at.Add(time.Second - 1).Local()
	form := time.TimeOnly
	if at.YearDay() != now.Local().YearDay() {
		form = time.DateTime
	}
	return fmt.Sprintf("the next may go at %s, in %s", at.Format(form), layout.Duration(wait))
}

// limitsOf is the limits of a team, and how far its roles have used them.
func (s *Supervisor) limitsOf(team string) api.Limits {
	limits, now := s.limitsFor(team), s.now()
	out := api.Limits{Hops: limits.Hops, Pair: limits.Pair.String()}
	for _, p := range s.limits.from(func(sender string) bool { return teamIn(sender) == team }) {
		if count, opens := s.limits.used(p, limits.Pair, now); count > 0 {
			out.Use = append(out.Use, api.PairUsed{From: p.from, To: p.to, Count: count, Opens: opens})
		}
	}
	return out
}

// teamIn is the team of an address, "" when it has none.
func teamIn(address string) string {
	team, _, both := strings.Cut(address, "/")
	if !both {
		return ""
	}
	return team
}

// recallLimits fills the limiter with what the conversation's end tells: an end of the supervisor opens no limit.
func (s *Supervisor) recallLimits() error {
	now := s.now()
	span := max(defaultLimits.Pair.Per, castRate.Per)
	for _, t := range s.reg.Teams() {
		span = max(span, s.limitsFor(t.Name).Pair.Per)
	}
	recs, err := s.log.Tail(roles.Filter{
		Kinds: []roles.Kind{roles.KindMessage, roles.KindBroadcast}, Since: now.Add(-span), Limit: limitsTail,
	})
	if err != nil {
		return fmt.Errorf("reading how far the limits are used: %w", err)
	}
	open := func(n time.Duration) layout.Rate { return layout.Rate{Count: maxStamps, Per: n} }
	for _, rec := range recs {
		at := rec.Time
		if at.After(now) {
			at = now
		}
		if rec.Kind == roles.KindBroadcast {
			s.limits.take(ordered{from: rec.From}, rec.Ref, open(castRate.Per), at)
		}
		if p, ok := countedPair(rec); ok {
			s.limits.take(p, rec.ID, open(s.limitsFor(teamIn(rec.From)).Pair.Per), at)
		}
	}
	return nil
}

package supervisor

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"isesh/roles"
)

const (
	// expireAfter is how long a message may wait to be typed unless the configuration says otherwise.
	expireAfter = 7 * 24 * time.Hour
	// expireAgain is how soon the end of a message that waited too long is tried again when it could not be written down.
	expireAgain = 1 * time.Minute
)

// expiry is how long messages may wait; 0: for ever.
func (s *Supervisor) expiry() time.Duration {
	switch {
	case s.cfg.Expire == 0:
		return expireAfter
	case s.cfg.Expire < 0:
		return 0
	}
	return s.cfg.Expire
}

// expire has the oldest messages of the queue ended when they have waited too long, and sees to it that the next ones will be.
func (r *runner) expire(now time.Time) {
	after := r.s.expiry()
	if after == 0 {
		return
	}
	for _, d := range r.queue {
		at := d.rec.Time.Add(after)
		if now.Before(at) {
			r.wakeAt(at)
			return // those behind it are younger
		}
		if r.marked(d) != waiting {
			continue // it is being typed
		}
		if now.Before(d.expiring) {
			r.wakeAt(d.expiring)
			continue
		}
		d.expiring = now.Add(expireAgain)
		r.wakeAt(d.expiring)
		r.s.wg.Go(func() { r.s.expired(r.s.run, d.rec) })
	}
}

// expired ends a message that has waited too long, and tells its sender where somebody may count on it.
func (s *Supervisor) expired(ctx context.Context, rec roles.Record) {
	to, err := roles.ParseAddress(rec.To)
	if err != nil {
		return
	}
	why := fmt.Sprintf("it waited longer than %s", inWords(s.expiry()))
	ended := false
	err = s.takeOut(ctx, to, roles.StatusExpired, why, func(may func(string) bool) ([]string, error) {
		if !may(rec.ID) || !s.owed(rec.ID) {
			return nil, nil
		}
		n := s.record(roles.KindNotice)
		n.Team, n.To, n.Ref = rec.Team, rec.To, rec.ID
		n.Text = fmt.Sprintf("a message of %s to %s was never delivered: %s", rec.From, rec.To, why)
		if err := s.log.Append(s.lastStatus(rec, roles.StatusExpired, why), n); err != nil {
			return nil, err
		}
		ended = true
		s.records.broadcast()
		return []string{rec.ID}, nil
	})
	if err != nil {
		s.slog.Error("ending a message that waited too long", "id", rec.ID, "err", err)
	}
	if ended {
		defer s.over(rec.ID) // unless what its sender is told ends the wait for the answer
	}
	if !ended || automatic(rec) || rec.From == roles.User.String() && !rec.Owes {
		return
	}
	if _, err := s.post(ctx, s.regret(rec, why), posting{queue: true}); err != nil {
		s.slog.Warn("telling the sender of a message that waited too long", "id", rec.ID, "err", err)
	}
}

// regret is the answer to a message that its target never got.
func (s *Supervisor) regret(rec roles.Record, why string) roles.Record {
	sum := sha256.Sum256([]byte(rec.ID))
	answer := s.record(roles.KindReply)
	answer.ID = "expired-" + hex.EncodeToString(sum[:16]) // one for each message
	answer.From, answer.To, answer.InReplyTo, answer.Origin, answer.Hops = rec.To, rec.From, rec.ID, "auto", rec.Hops+1
	answer.Status = roles.StatusAccepted
	if a, err := roles.ParseAddress(rec.From); err == nil {
		answer.Team = a.Team
	}
	first, _, _ := strings.Cut(strings.TrimSpace(rec.Text), "\n")
	answer.Text = fmt.Sprintf("%s was never given your message of %s (%s): %q", rec.To, rec.Time.Local().Format(time.DateTime), why, shortened(first, 100))
	return answer
}

// expireStranded ends messages of roles that have no runner, until ctx ends. Whatever comes to wait meanwhile is younger than what it knows; when a
// runner ends, what it leaves behind may be older.
func (s *Supervisor) expireStranded(ctx context.Context) {
	after := s.expiry()
	if after == 0 {
		return
	}
	for {
		timer := time.NewTimer(s.expireDue(ctx, after))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-s.stranded:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// expireDue ends what is due and returns how long it is until something can be due again.
func (s *Supervisor) expireDue(ctx context.Context, after time.Duration) time.Duration {
	pending, err := roles.Pending(s.log)
	if err != nil {
		s.slog.Error("looking for messages that wait too long", "err", err)
		return min(after, expireAgain)
	}
	wait := after
	for to, recs := range pending {
		if r := s.runner(to); r != nil && !r.hasEnded() {
			continue // it does so itself
		}
		for _, rec := range recs {
			left := time.Until(rec.Time.Add(after))
			if left <= 0 {
				s.expired(ctx, rec)
				left = expireAgain // if it could not be
			}
			wait = min(wait, left)
		}
	}
	return wait
}

// hasEnded reports that the runner's goroutine has returned. Safe from any goroutine.
func (r *runner) hasEnded() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// inWords is a duration as people say it.
func inWords(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= 2*day && d%day == 0:
		return fmt.Sprintf("%d days", d/day)
	case d >= time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return d.String()
}

// shortened is a text of at most so many characters.
func shortened(s string, most int) string {
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + " …"
	}
	return s
}

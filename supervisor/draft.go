package supervisor

import (
	"context"
	"slices"
	"strings"
	"time"

	"isesh/control"
	"isesh/roles"
	"isesh/roles/agent"
)

const (
	// draftRest is how long a person's draft must have been left alone before it is put aside: nobody is typing it just now.
	draftRest = 3 * time.Second
	// stashSeen is how long the key that puts a draft aside may take to show.
	stashSeen = 2 * time.Second
)

// The reasons why a text in the composer holds the queue.
const (
	heldDraft    = "draft"
	heldLeft     = "left by --no-submit"
	heldReturned = "returned by the agent"
)

// aside is a person's draft that we had the agent put aside. The agent brings it back by itself once something was submitted.
type aside struct {
	text string // as it was drawn; "" when an earlier supervisor did it
}

// watchDraft takes note of how long a draft has been the same.
func (r *runner) watchDraft(now time.Time) {
	switch {
	case !r.reading.Draft:
		r.draftAt = time.Time{}
	case r.draftAt.IsZero() || r.draftText != r.reading.DraftText:
		r.draftAt, r.draftText = now, r.reading.DraftText
	}
	if r.state == agent.Busy {
		r.aside = nil // something was submitted: it is back, or will be with the end of this turn
	}
}

// ownText says whose the text in the composer is, as far as it is ours: "" for a person's.
func (r *runner) ownText() string {
	if d := r.doubt; d != nil && d.rec.NoSubmit && r.prof.Seen(r.reading, d.text) {
		return heldLeft
	}
	if d := r.sent; d != nil && d.now().Status == roles.StatusReturned && r.prof.Seen(r.reading, d.text) {
		return heldReturned
	}
	return ""
}

// putAside has the agent put a person's draft aside for the message that comes next, once the draft has been left alone for a while. It reports
// whether it did. It is never done twice before the draft has come back: a second one would take the first one's place.
func (r *runner) putAside(ctx context.Context, d *delivery, now time.Time) bool {
	keys := r.prof.Keys().Stash
	switch {
	case len(keys) == 0, d.noStash, r.aside != nil, r.prof.Stashed(r.reading):
		return false
	case r.state != agent.Idle, !r.reading.Composer, !r.reading.Draft, impeded(r.facts) != "", r.back != nil:
		return false
	}
	if rest := min(now.Sub(r.draftAt), r.look.quietFor(now)); rest < draftRest {
		r.wakeAt(now.Add(draftRest - rest))
		return false
	}
	next := nth(d.rec.ID+".s", d.stashes+1)
	guard := r.guard(next, control.CursorBelow(r.prof.ComposerRow()))
	guard.Conds = append(guard.Conds, r.composerAsRead()...) // the very draft
	fault("before the draft is put aside")
	if err := r.term.Keys(ctx, guard, keys...); err != nil {
		d.retry = now.Add(refusedRetry)
		r.wakeAt(d.retry)
		r.look.now()
		r.slog.Debug("putting a draft aside", "id", d.rec.ID, "err", err)
		return false
	}
	fault("after the draft was put aside")
	r.queue = slices.DeleteFunc(r.queue, func(q *delivery) bool { return q == d })
	r.cur, r.step, d.phase, d.at = d, next, stashing, time.Now()
	d.stashes++
	d.aside = &aside{r.reading.DraftText}
	r.aside = d.aside
	r.look.urgently(d.at)
	r.receipt(d, roles.StatusQueued, "a draft in the composer is put aside", next)
	fault("after the receipt of the draft put aside")
	return true
}

// afterStash goes on with a message for which a draft was put aside: it is pasted when the composer is seen to be empty. What a person types
// meanwhile holds it, as any draft does.
func (r *runner) afterStash(ctx context.Context, d *delivery, now time.Time) bool {
	if r.look.pending() {
		return false
	}
	if r.holdText = r.blocked(d); r.holdText == "" {
		return r.paste(ctx, d)
	}
	since := now.Sub(d.at)
	if r.aside == nil && r.cameBack(d) {
		r.requeue(d) // its owner has sent another text, and so it is back
		return true
	}
	if !r.reading.Draft || r.reading.DraftText != d.aside.text && d.aside.text != "" {
		r.lookForInput()
		return false // somebody types on
	}
	if since < stashSeen {
		r.wakeAt(d.at.Add(stashSeen))
		return false
	}
	// The agent did not hear the key. Nothing of the message was typed: it waits like any other, and the key is not pressed for it again.
	d.noStash = true
	r.aside = nil
	r.requeue(d)
	return true
}

// requeue puts the message under way back to where it was in the queue: nothing of it has been typed.
func (r *runner) requeue(d *delivery) {
	r.cur, d.phase = nil, waiting
	i := len(r.queue)
	for i > 0 && r.queue[i-1].rec.At > d.rec.At {
		i--
	}
	r.queue = slices.Insert(r.queue, i, d)
}

// cameBack reports that the composer holds the draft that was put aside for a message.
func (r *runner) cameBack(d *delivery) bool {
	return d.aside != nil && d.aside.text != "" && r.reading.Draft && r.reading.DraftText == d.aside.text
}

// withoutDraft is a reading as if the composer were empty, where what it holds cannot be the message: a draft that has come back, or one that
// a person began meanwhile. ok is false where it may be the message.
func (r *runner) withoutDraft(d *delivery) (reading agent.Reading, ok bool) {
	reading = r.reading
	if !reading.Draft {
		return reading, true
	}
	if !r.cameBack(d) && (reading.Collapsed || reading.Scrolled || r.shows(d) || kin(reading, d.text) || strings.Contains(unspaced(reading.DraftText), unspaced(d.text))) {
		return reading, false
	}
	reading.Draft, reading.DraftText, reading.Collapsed, reading.Scrolled = false, "", false, false
	return reading, true
}

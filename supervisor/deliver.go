package supervisor

import (
	"context"
	"errors"
	"slices"
	"time"

	"isesh/control"
	"isesh/roles"
	"isesh/roles/agent"
)

// Times of a delivery. None of them loses a message: after the last one it is called unconfirmed.
const (
	// enterAgain is how long text may stay in the composer after Enter before Enter is done again. Agents that swallow an Enter keep the
	// text; agents that took it have emptied the composer long before.
	enterAgain = 1 * time.Second
	// enters is how often Enter is done in all.
	maxEnters = 3
	// confirmWithin is how long to look for proof after the last Enter.
	confirmWithin = 4 * time.Second
	// seenWithin is how long a paste may stay unseen on a quiet, empty composer before it counts as lost. Pastes of hundreds of
	// kilobytes are drawn after seconds.
	seenWithin = 15 * time.Second
	// settledDraft is how long a composer that filled after the paste, but does not show the text literally, must be quiet to be taken for it.
	settledDraft = 700 * time.Millisecond
	// refusedRetry is how soon a refused paste or Enter is tried again when nothing new was drawn.
	refusedRetry = 250 * time.Millisecond
	// atOnce is how many refusals in a row, because the screen had changed, only have it looked at again.
	atOnce = 3
	// strictTries is after how many refusals an Enter does without the very cell of the cursor: not every program keeps it still.
	strictTries = 8
	// offAgain is how often a pane whose input is switched off is looked at while something waits for it: tmux tells nobody when it is
	// switched on.
	offAgain = 1 * time.Second
)

// deliver moves the queue on as far as it goes now.
func (r *runner) deliver(ctx context.Context) {
	r.wake = time.Time{}
	if r.gone || ctx.Err() != nil {
		return
	}
	now := time.Now()
	r.expire(now)
	if r.state == agent.Dead {
		r.abandon()
		r.notSentAgain("the program ended")
		if r.holdText = ""; len(r.queue) > 0 {
			r.holdText = "its program has ended"
			r.park(r.holdText)
		}
		return
	}
	r.lateProof()
	r.tendTurns(ctx, now)
	if !r.look.pending() {
		r.handedBack(ctx, now)
		r.watchReturn(now)
	}
	for r.advance(ctx) {
	}
	r.tendTurns(ctx, time.Now()) // one that was found over when it began makes no output any more
	r.look.urgent = r.cur != nil
}

func (r *runner) wakeAt(t time.Time) {
	if r.wake.IsZero() || t.Before(r.wake) {
		r.wake = t
	}
}

// advance takes one step; it reports whether another may follow at once.
func (r *runner) advance(ctx context.Context) bool {
	now := time.Now()
	r.catchUp(now)
	if r.cur == nil {
		return r.begin(ctx, now)
	}
	d := r.cur
	r.watchStay(d, now)
	if now.Before(d.retry) {
		r.wakeAt(d.retry)
		return false
	}
	if d.phase == stashing {
		return r.afterStash(ctx, d, now)
	}
	v := judge(r.progress(d, now))
	if r.holdText = v.hold; v.hold == heldMixed {
		d.heldBy(heldMixed)
	}
	if v.wake > 0 {
		r.wakeAt(d.at.Add(v.wake))
	}
	switch v.move {
	case moveEnter:
		if d.phase == pasting {
			d.phase, d.before, d.above = pasted, r.reading, r.shownAbove(d)
			fault("before the receipt of the text seen")
			r.receipt(d, roles.StatusPasted, v.why, "")
			fault("after the receipt of the text seen")
			if d.rec.NoSubmit {
				r.leave(d, v.why)
				return true
			}
		}
		if r.holdText = impeded(r.facts); r.holdText != "" {
			r.lookForInput()
			return false
		}
		return r.enter(ctx, d)
	case moveSubmitted:
		if d.stay.within != "" {
			r.submittedBeside(d, v.why)
		} else {
			r.submitted(d, v.why)
		}
		return true
	case moveAgain:
		r.pasteAgain(d, v.why)
		return true
	case moveUnconfirmed:
		r.finish(d, roles.StatusUnconfirmed, "", v.why)
		return true
	}
	return false
}

// begin takes the next message off the queue and pastes it, if the way is free.
func (r *runner) begin(ctx context.Context, now time.Time) bool {
	d := r.next()
	if d == nil {
		r.holdText = ""
		return false
	}
	if now.Before(d.expiring) {
		return false
	}
	if now.Before(d.retry) {
		r.wakeAt(d.retry)
		return false
	}
	if !r.unread.IsZero() {
		r.holdText = "its messages cannot be read"
		r.wakeAt(r.unread)
		return false // what waits on disk may come before it
	}
	if r.look.pending() {
		return false // the screen has changed since it was read: look first, it is due in milliseconds
	}
	if r.stillDrawn(now) {
		return false
	}
	why := r.blocked(d)
	if why == "" && r.back != nil {
		why = "interrupted"
	}
	if why == "" {
		why = r.endingTurn(now)
	}
	if r.s.ending() {
		why = "the supervisor is ending; the next one goes on"
	}
	switch why {
	case "":
		r.holdText = ""
		r.queue = slices.DeleteFunc(r.queue, func(q *delivery) bool { return q == d })
		r.cur = d
		return r.paste(ctx, d)
	case turnEnding:
		r.holdText = why
		return false // it goes within moments: nobody is told that it waits
	case heldDraft, heldReturned:
		late := r.interrupted && r.sent != nil && r.prof.Seen(r.reading, r.sent.text) // it has come back later than ever
		if r.back == nil && (late || why == heldReturned) && len(r.prof.Keys().ClearDraft) > 0 {
			r.back = &handback{end: now.Add(backEnd)}
			r.wakeAt(now)
		} else if why == heldDraft && r.putAside(ctx, d, now) {
			return true
		}
	}
	r.holdText = why
	r.park(why)
	r.lookForInput()
	return false
}

// stillDrawn reports that the screen has not shown yet what a hook has told: the composer still holds the last message.
func (r *runner) stillDrawn(now time.Time) bool {
	d := r.sent
	if d == nil || d.emptied || d.now().Status != roles.StatusSubmitted || now.Sub(d.at) >= confirmWithin || !r.prof.Seen(r.reading, d.text) {
		return false
	}
	r.wakeAt(d.at.Add(confirmWithin))
	return true
}

// next is the message that is to be typed next: the oldest, or for a busy agent with a queue of its own the oldest that may go there.
func (r *runner) next() *delivery {
	if r.state == agent.Busy && r.prof.Queues() {
		if i := slices.IndexFunc(r.queue, func(d *delivery) bool { return d.rec.Now }); i >= 0 {
			return r.queue[i]
		}
	}
	if len(r.queue) == 0 {
		return nil
	}
	return r.queue[0]
}

// prepared sees to it that a message can be pasted: what it points to is there. Where it cannot be, the message is held, and prepared is false.
func (r *runner) prepared(d *delivery) bool {
	err := r.s.writeFile(d.rec)
	if err == nil {
		return true
	}
	r.slog.Warn("typing", "id", d.rec.ID, "err", err)
	r.holdText = "the file with its text cannot be written"
	d.retry = time.Now().Add(fileAgain)
	r.wakeAt(d.retry)
	if d.phase == waiting {
		r.requeue(d)
		r.park(r.holdText)
	}
	return false
}

// paste pastes the message under way.
func (r *runner) paste(ctx context.Context, d *delivery) bool {
	if !r.prepared(d) {
		return false
	}
	r.doubt = nil
	r.restOver(ctx)
	next := nth(d.rec.ID+".p", d.tossed+1)
	guard := r.guard(next, control.CursorOn(r.prof.ComposerRow()))
	guard.Conds = append(guard.Conds, r.composerAsRead()...) // a draft may have come since
	fault("before the paste")
	err := r.term.Paste(ctx, guard, []byte(d.text))
	if err != nil {
		return r.refused(ctx, d, err)
	}
	fault("after the paste")
	r.step, d.phase, d.at, d.busy, d.refusals = next, pasting, time.Now(), r.state == agent.Busy, 0
	base := r.reading
	d.stay = stay{from: d.at, base: &base}
	r.look.urgently(d.at)
	r.receipt(d, roles.StatusPasting, "tmux did the paste", next)
	fault("after the receipt of the paste")
	r.slog.Debug("pasted", "id", d.rec.ID, "bytes", len(d.text))
	return true
}

// enter presses Enter on what was seen in the composer.
func (r *runner) enter(ctx context.Context, d *delivery) bool {
	next := nth(d.rec.ID+".e", d.enters+1)
	fault("before the Enter")
	guard := r.guard(next, control.CursorBelow(r.prof.ComposerRow()))
	if d.refusals < strictTries {
		// What was typed since the look has moved the cursor. The rows themselves would tell the text to tmux's log of commands.
		guard.Conds = append(guard.Conds, control.CursorAt(r.facts.CursorX, r.facts.CursorY))
	}
	err := r.term.Keys(ctx, guard, r.prof.Keys().Submit)
	if err != nil {
		return r.refused(ctx, d, err)
	}
	d.refusals = 0
	fault("after the Enter")
	r.step, d.phase, d.at = next, entered, time.Now()
	r.look.urgently(d.at)
	d.enters++
	r.receipt(d, roles.StatusEntered, "tmux did the Enter", next)
	fault("after the receipt of the Enter")
	return false
}

// guard holds what must be true inside tmux for a step of a delivery: this program, no menu, the composer where it was seen, and that this
// very step was not done before.
func (r *runner) guard(next string, composer control.Cond) control.Guard {
	conds := []control.Cond{}
	if r.prof.ComposerRow() != "" {
		conds = append(conds, composer)
	}
	for _, row := range r.prof.MenuRows() {
		conds = append(conds, control.NoRow(row))
	}
	return control.Guard{Pane: r.entry.Pane, PID: r.panePID, Conds: conds, Step: r.step, Next: next}
}

// refused puts a delivery back where it was before the step that tmux refused, or failed to do, and has the screen looked at again.
func (r *runner) refused(ctx context.Context, d *delivery, err error) bool {
	r.look.now()
	var refused *control.Refused
	if errors.As(err, &refused) && refused.Reason == control.Screen {
		if d.refusals++; d.refusals <= atOnce { // it was redrawn: the next look tells, and the step can follow it at once
			if d.phase == waiting {
				r.requeue(d)
			}
			return false
		}
	}
	d.retry = time.Now().Add(refusedRetry)
	r.wakeAt(d.retry)
	switch {
	case refused != nil:
		r.holdText = "the screen changed"
		r.slog.Debug("tmux refused a step", "id", d.rec.ID, "why", refused.Reason)
	case errors.Is(err, errNoClient):
		r.holdText = "tmux does not answer" // detached, as a rule: connected again in a moment
	default:
		r.holdText = "tmux does not answer"
		r.slog.Warn("typing", "id", d.rec.ID, "err", err)
	}
	if d.phase == waiting {
		r.requeue(d)
		if refused != nil {
			r.park(r.holdText)
		}
	}
	return false
}

// submitted ends a delivery well; the agent's turn begins.
func (r *runner) submitted(d *delivery, evidence string) {
	d.at = time.Now()
	r.sent, r.interrupted, r.back, r.aside, d.emptied = d, false, nil, nil, false
	fault("before the receipt of the submit")
	r.finish(d, roles.StatusSubmitted, evidence, "")
	fault("after the receipt of the submit")
	r.turnBegins(d.rec, d.busy || evidence == "queued")
	r.expectHook(d)
}

// leave ends a delivery whose text shall stay in the composer. In the log that is unconfirmed: typed, and never to be typed again.
func (r *runner) leave(d *delivery, evidence string) {
	const why = "left in the composer without Enter, as asked"
	r.cur, r.sent, r.doubt = nil, d, d // a person may submit it later
	r.receipt(d, roles.StatusUnconfirmed, why, "")
	last := d.set(roles.StatusPasted, evidence, why)
	r.last = &last
	d.doneIt.Do(func() { close(d.done) })
}

// finish gives a delivery its last status and makes room for the next.
func (r *runner) finish(d *delivery, status roles.Status, evidence, reason string) {
	if r.cur == d {
		r.cur = nil
	}
	r.receipt(d, status, firstOf(evidence, reason), "")
	last := d.set(status, evidence, reason)
	r.last = &last
	if status == roles.StatusUnconfirmed && d.phase == entered {
		r.doubt = d
	}
	if status == roles.StatusFailed {
		r.s.over(d.rec.ID)
	}
	d.doneIt.Do(func() { close(d.done) })
	r.slog.Info("message", "id", d.rec.ID, "status", status, "why", firstOf(evidence, reason))
}

// receipt writes a step of the ladder. It does not wait for the disk: after a crash of ours the step is still in the file, after a crash of
// the machine the pane has gone, too.
func (r *runner) receipt(d *delivery, status roles.Status, evidence, step string) {
	d.set(status, evidence, "")
	rec := r.s.record(roles.KindReceipt)
	rec.Team, rec.Ref, rec.From, rec.To = r.addr.Team, d.rec.ID, d.rec.From, d.rec.To
	rec.Status, rec.Evidence, rec.Step = status, evidence, step
	r.s.write(rec)
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

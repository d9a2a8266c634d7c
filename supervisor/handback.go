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

// handback is an interrupt whose prompt may come back: an agent that had produced nothing yet puts the message into the composer again, with
// the redraw that shows it idle or a while later. It is our own text, and has to go before the next message comes. Owned by the runner.
type handback struct {
	echo    string    // the last message in the transcript before the interrupt
	by      time.Time // how long the prompt is waited for; zero while the agent is busy still
	end     time.Time // of all of it
	pressed int       // keys pressed to clear it
	next    time.Time // when the next one may be
}

const (
	// backWithin is how long a prompt that has left the transcript may take to come back.
	backWithin = 1 * time.Second
	// backGrace is the same for a prompt that the transcript still shows, and that is not expected back.
	backGrace = 150 * time.Millisecond
	// backEnd bounds how long nothing else is typed for the sake of a prompt that may come back.
	backEnd = 5 * time.Second
	// clearAgain is how long to wait before the keys that clear a draft are pressed once more: one that clears a line is needed once a line.
	clearAgain = 300 * time.Millisecond
)

// expectBack is called when an interrupt is about to be pressed. A draft that is there is a person's: what comes back then is theirs, too.
func (r *runner) expectBack() {
	r.interrupted = true
	if !r.reading.Draft && r.sent != nil {
		r.back = &handback{echo: r.reading.Echo, end: time.Now().Add(backEnd)}
	}
}

// handedBack moves a handback on. While there is one, nothing is pasted.
func (r *runner) handedBack(ctx context.Context, now time.Time) {
	h := r.back
	if h == nil {
		return
	}
	switch {
	case r.sent == nil, r.state == agent.Dead, r.state == agent.Waiting:
		r.back = nil
	case !now.Before(h.end):
		r.back = nil
		if h.pressed > 0 {
			r.sent = nil // it stays a draft: the queue is held until somebody clears it, and says so
		}
	case r.reading.Draft && r.ours(h):
		r.clear(ctx, h, now)
	case r.reading.Draft && r.state == agent.Idle:
		r.back = nil // somebody types
	case r.state != agent.Idle:
	case h.pressed > 0:
		r.sent, r.back = nil, nil
	default:
		if h.by.IsZero() {
			h.by = now.Add(backWithin)
			if r.reading.Echo == h.echo {
				h.by = now.Add(backGrace)
			}
		}
		if !now.Before(h.by) {
			r.back = nil
			return
		}
		r.wakeAt(h.by)
	}
	if r.back != nil {
		r.wakeAt(h.end)
	}
}

// ours reports that the composer holds the message that was interrupted, or what our keys have left of it.
func (r *runner) ours(h *handback) bool {
	return r.prof.Seen(r.reading, r.sent.text) || h.pressed > 0 && strings.Contains(unspaced(r.sent.text), unspaced(r.reading.DraftText))
}

func unspaced(s string) string { return strings.Join(strings.Fields(s), "") }

// clear presses the next key that clears a draft, if the composer still shows what was read.
func (r *runner) clear(ctx context.Context, h *handback, now time.Time) {
	keys := r.prof.Keys().ClearDraft
	if now.Before(h.next) || len(keys) == 0 {
		r.wakeAt(h.next)
		return
	}
	if h.pressed == 0 {
		if r.sent.now().Status != roles.StatusReturned {
			r.isReturned(r.sent)
		}
		r.finish(r.sent, roles.StatusFailed, "returned into the composer by the interrupt, and cleared", "")
		r.doubt = nil
	}
	guard := control.Guard{Pane: r.entry.Pane, PID: r.panePID, Conds: append(r.composerAsRead(), control.CursorBelow(r.prof.ComposerRow()))}
	err := r.term.Keys(ctx, guard, keys[h.pressed%len(keys)])
	if err != nil {
		r.slog.Debug("clearing a prompt that came back", "err", err)
	} else {
		h.pressed++
	}
	h.next = now.Add(keyGap)
	if h.pressed%len(keys) == 0 {
		h.next = now.Add(clearAgain)
	}
	r.wakeAt(h.next)
	r.look.urgently(now)
}

// composerAsRead holds while the composer is what the last look showed, as far as its cursor; of a long one, its first and last rows.
func (r *runner) composerAsRead() (conds []control.Cond) {
	const first, last = 4, 4
	rows := agent.Rows(screenOf(r.facts))
	top, end := r.reading.ComposerY, min(r.facts.CursorY, len(rows)-1)
	if top < 0 || top >= len(rows) {
		return nil
	}
	for y := top; y <= max(top, end); y++ {
		if y < top+first || y > end-last {
			if row := control.Row(literal(strings.TrimRight(rows[y], " ")) + "$"); row.Err() == nil {
				conds = append(conds, row)
			}
		}
	}
	return conds
}

// watchReturn looks whether a person has interrupted the turn of the last message so that the agent handed its prompt back, and what became of it
// then: it is cleared only when another message needs the composer and the composer holds nothing else.
func (r *runner) watchReturn(now time.Time) {
	d := r.sent
	if d == nil || r.cur != nil || !r.reading.Composer {
		return
	}
	here := r.prof.Seen(r.reading, d.text)
	switch status := d.now().Status; {
	case status == roles.StatusSubmitted && !here:
		d.emptied = true
	case status == roles.StatusSubmitted && d.emptied && r.back == nil && r.isAt(d.rec.ID):
		d.before, r.doubt = r.reading, d // its echo would be that of another submit
		r.isReturned(d)
	case status != roles.StatusReturned:
	case here || r.reading.Draft:
		d.missing = time.Time{}
	case d.missing.IsZero():
		d.missing = now
		r.wakeAt(now.Add(backWithin))
	case now.Sub(d.missing) < backWithin:
		r.wakeAt(d.missing.Add(backWithin))
	default:
		r.notSentAgain("")
	}
}

// isReturned takes in that the agent has handed a message back into its composer.
func (r *runner) isReturned(d *delivery) {
	d.missing = time.Time{}
	r.returned(d)
	r.receipt(d, roles.StatusReturned, "the agent handed it back into its composer", r.step)
	last := d.now()
	r.last = &last
}

// notSentAgain ends a message that the agent had handed back and that is not in the composer any more. why is "" when a person did that.
func (r *runner) notSentAgain(why string) {
	d := r.sent
	if d == nil || d.now().Status != roles.StatusReturned {
		return
	}
	switch {
	case why != "":
		r.finish(d, roles.StatusFailed, "", "handed back into the composer; "+why)
	case r.state == agent.Idle && !d.assumed:
		r.finish(d, roles.StatusFailed, "", "handed back into the composer, and taken out or changed there")
	default:
		r.finish(d, roles.StatusUnconfirmed, "", "handed back into the composer; whether it was sent again from there is not known")
	}
}

// isAt reports that the turn of a message is running.
func (r *runner) isAt(id string) bool {
	return slices.ContainsFunc(r.turns, func(t *turn) bool { return t.rec.ID == id })
}

package supervisor

import (
	"context"
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
		r.returned(r.sent)
		r.finish(r.sent, roles.StatusFailed, "returned into the composer by the interrupt, and cleared", "")
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

// composerAsRead holds while the first row of the composer is what the last look showed.
func (r *runner) composerAsRead() []control.Cond {
	rows := agent.Rows(screenOf(r.facts))
	if y := r.reading.ComposerY; y >= 0 && y < len(rows) {
		return []control.Cond{control.Row(literal(strings.TrimRight(rows[y], " ")) + "$")}
	}
	return nil
}

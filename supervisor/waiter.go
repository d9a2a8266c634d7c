package supervisor

import (
	"context"
	"time"

	"isesh/roles"
)

// waiter is somebody who waits for a message. What has no mutex is set once.
type waiter struct {
	ctx context.Context // of the client: it has gone when this has ended
	who string          // address of who waits

	reply  string        // the message whose answer is waited for
	target roles.Address // of that message: what it asks who is an answer of a kind, too

	tag, from, team string    // or a message with this tag, of this role, in this team
	since           time.Time // not older

	// under talk.mu
	rec     roles.Record
	claimed bool          // who waits is who it was sent to: it is not typed as well
	got     chan struct{} // closed with rec set
}

// wants reports whether rec is what is waited for.
func (w *waiter) wants(rec roles.Record) bool {
	switch rec.Kind {
	case roles.KindMessage, roles.KindReply, roles.KindBroadcast:
	default:
		return false
	}
	if w.reply != "" {
		if rec.InReplyTo == w.reply {
			return true
		}
		return rec.Owes && rec.From == w.target.String() && rec.To == w.who
	}
	return (w.tag == "" || rec.Tag == w.tag) && (w.from == "" || rec.From == w.from) &&
		(w.team == "" || rec.Team == w.team || rec.To == w.who) && !rec.Time.Before(w.since)
}

// give hands a message over, unless the client has gone or has got another. Called with talk.mu held.
func (w *waiter) give(rec roles.Record) bool {
	if w.ctx.Err() != nil || w.rec.ID != "" {
		return false
	}
	w.rec = rec
	close(w.got)
	return true
}

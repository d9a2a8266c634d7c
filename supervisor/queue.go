package supervisor

import (
	"isesh/roles"
)

// park tells those who wait for a message in the queue that it will not go now.
func (r *runner) park(why string) {
	for _, d := range r.queue {
		d.parkIt.Do(func() {
			r.receipt(d, roles.StatusQueued, why, "")
			d.set(roles.StatusQueued, "", why)
			close(d.parked)
		})
	}
}

// parkAll is the end of a runner: what is queued stays queued on disk; what was typed and not proven is called unconfirmed if the pane has
// gone, and is taken up again by the next supervisor if not.
func (r *runner) parkAll() {
	if r.gone {
		r.abandon()
	}
	r.park("role ended")
	r.publish()
}

// abandon gives up the delivery under way because the program has ended. What was not typed yet goes back to the queue.
func (r *runner) abandon() {
	d := r.cur
	if d == nil {
		return
	}
	r.cur = nil
	if d.phase == waiting {
		r.queue = append([]*delivery{d}, r.queue...)
		return
	}
	r.finish(d, roles.StatusUnconfirmed, "", "the program ended while the message was being typed")
}

// holds returns the message with an id if it is queued here or under way.
func (r *runner) holds(id string) *delivery {
	if r.cur != nil && r.cur.rec.ID == id {
		return r.cur
	}
	for _, d := range r.queue {
		if d.rec.ID == id {
			return d
		}
	}
	return nil
}

// enqueue takes a message in, in the order of ids, which is the order in which messages were accepted.
func (r *runner) enqueue(d *delivery) {
	if r.holds(d.rec.ID) != nil {
		return // found on disk by a runner that came later than the message
	}
	i := len(r.queue)
	for i > 0 && r.queue[i-1].rec.ID > d.rec.ID {
		i--
	}
	r.queue = append(r.queue[:i:i], append([]*delivery{d}, r.queue[i:]...)...)
	if r.cur != nil {
		r.park("another message is on its way")
	}
}

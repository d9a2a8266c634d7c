package supervisor

import (
	"context"
	"slices"

	"isesh/roles"
	"isesh/supervisor/api"
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

// strand tells that the queue of a runner that has ended is nobody's now.
func (r *runner) strand() {
	if len(r.queue) == 0 {
		return
	}
	select {
	case r.s.stranded <- struct{}{}:
	default:
	}
}

// abandon gives up the delivery under way because the program has ended. What was not typed yet goes back to the queue.
func (r *runner) abandon() {
	d := r.cur
	if d == nil {
		return
	}
	if d.phase <= stashing {
		r.requeue(d)
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

// enqueue takes a message in, in the order in which messages were accepted.
func (r *runner) enqueue(d *delivery) {
	if r.holds(d.rec.ID) != nil {
		return // found on disk by a runner that came later than the message
	}
	i := len(r.queue)
	for i > 0 && r.queue[i-1].rec.At > d.rec.At {
		i--
	}
	r.queue = slices.Insert(r.queue, i, d)
	if r.cur != nil {
		r.park("another message is on its way")
	}
}

// arrive is enqueue for a message that was accepted a moment ago: somebody may have taken it out of the mailbox before it came here.
func (r *runner) arrive(d *delivery) {
	receipt, _, err := r.s.Receipt(context.Background(), api.Caller{}, d.rec.ID)
	if err != nil || !receipt.Status.Final() {
		r.enqueue(d)
		return
	}
	d.set(receipt.Status, receipt.Evidence, "")
	d.doneIt.Do(func() { close(d.done) })
}

// takeOut runs take while nothing of a role's queue can begin to be typed. take is given may, which says of a message whether it can still be taken
// out: no longer once it is being typed. What take says was taken leaves the queue, and those who wait for its delivery are told status; the receipts
// are take's to write, durably, before it returns. take runs in the runner's goroutine where there is one: it must not call anything that waits for
// that, as post does. takeOut itself may be called from any goroutine but a runner's.
func (s *Supervisor) takeOut(ctx context.Context, of roles.Address, status roles.Status, why string, take func(may func(id string) bool) (ids []string, err error)) error {
	var err error
	for {
		r := s.runner(of)
		if r != nil && r.do(ctx, func() { err = r.takeOut(status, why, take) }) == nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if found, err := s.takeOutUnqueued(of, r, take); !found {
			return err
		}
	}
}

// takeOutUnqueued is takeOut for a role that has no runner, or one that has ended. It reports whether another one has been found instead.
func (s *Supervisor) takeOutUnqueued(of roles.Address, ended *runner, take func(may func(id string) bool) ([]string, error)) (found bool, err error) {
	s.outs.Lock() // a runner that comes now reads what waits when we are done
	defer s.outs.Unlock()
	if s.runner(of) != ended {
		return true, nil
	}
	_, err = take(func(string) bool { return true })
	return false, err
}

func (r *runner) takeOut(status roles.Status, why string, take func(may func(id string) bool) ([]string, error)) error {
	ids, err := take(func(id string) bool {
		back := r.sent != nil && r.sent.rec.ID == id && r.sent.now().Status == roles.StatusReturned // it lies in the composer
		return !back && (r.cur == nil || r.cur.rec.ID != id)
	})
	gone := make(map[string]bool, len(ids))
	for _, id := range ids {
		gone[id] = true
	}
	r.queue = slices.DeleteFunc(r.queue, func(d *delivery) bool {
		if !gone[d.rec.ID] {
			return false
		}
		d.set(status, why, "")
		d.doneIt.Do(func() { close(d.done) })
		return true
	})
	return err
}

// withdraw takes one message out of the queue it waits in, as taken: somebody has got it in another way. It reports false when it is too late for that.
// It may be called from any goroutine but a runner's.
func (s *Supervisor) withdraw(ctx context.Context, msg roles.Record, why string) (withdrawn bool, err error) {
	to, err := roles.ParseAddress(msg.To)
	if err != nil {
		return false, err
	}
	err = s.takeOut(ctx, to, roles.StatusTaken, why, func(may func(string) bool) ([]string, error) {
		if !may(msg.ID) || !s.owed(msg.ID) {
			return nil, nil
		}
		if err := s.log.Append(s.lastStatus(msg, roles.StatusTaken, why)); err != nil {
			return nil, err
		}
		withdrawn = true
		s.records.broadcast()
		return []string{msg.ID}, nil
	})
	return withdrawn && err == nil, err
}

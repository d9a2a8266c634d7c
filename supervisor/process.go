package supervisor

import (
	"context"
	"fmt"
	"time"

	"github.com/sourcegraph/conc"

	"isesh/roles"
	"isesh/supervisor/api"
)

// processWithin bounds how long Process waits for what is on its way.
const processWithin = 10 * time.Second

// Process has every runner look at its screen and its queue at once, waits until each has come as far as it can now, and counts what has gone.
func (s *Supervisor) Process(ctx context.Context, _ api.Caller) (api.ProcessResult, error) {
	before, err := roles.Pending(s.log)
	if err != nil {
		return api.ProcessResult{}, err
	}
	looks, cancel := context.WithTimeout(ctx, processWithin)
	defer cancel()
	var wg conc.WaitGroup
	for _, r := range s.allRunners() {
		wg.Go(func() { r.lookAtQueue(looks) })
	}
	wg.Wait()
	s.until(looks, processWithin, func() bool {
		for _, r := range s.allRunners() {
			if v := r.view(); v.live && v.role.Queue > 0 && (v.typing || v.role.Held == "") {
				return false
			}
		}
		return true
	})
	if ctx.Err() != nil {
		return api.ProcessResult{}, ctx.Err()
	}
	return s.processed(before)
}

// lookAtQueue makes the runner look and deliver what it can, as soon as it has the time. Its errors say that it has ended, or the time.
func (r *runner) lookAtQueue(ctx context.Context) {
	_ = r.do(ctx, func() {
		r.look.now()
		for _, d := range r.queue {
			d.retry = time.Time{}
		}
	})
	_ = r.do(ctx, func() {}) // it has tended between the two
}

// processed compares what waits now with what waited before.
func (s *Supervisor) processed(before map[roles.Address][]roles.Record) (api.ProcessResult, error) {
	after, err := roles.Pending(s.log)
	if err != nil {
		return api.ProcessResult{}, err
	}
	res := api.ProcessResult{Roles: []api.Role{}}
	waits := map[string]bool{}
	for _, recs := range after {
		for _, rec := range recs {
			waits[rec.ID] = true
			res.Queued++
		}
	}
	for _, recs := range before {
		for _, rec := range recs {
			if waits[rec.ID] {
				continue
			}
			receipt, _, err := s.Receipt(context.Background(), api.Caller{}, rec.ID)
			if err != nil {
				return res, fmt.Errorf("looking what became of message %s: %w", rec.ID, err)
			}
			if receipt.Status == roles.StatusSubmitted || receipt.Status == roles.StatusAnswered {
				res.Delivered++
			}
		}
	}
	for _, e := range s.reg.All() {
		n := len(after[e.Address])
		if n == 0 {
			continue
		}
		role := s.roleOf(e)
		role.Queue = n
		if r := s.runner(e.Address); r == nil || !r.view().live {
			role.Held = firstOf(role.Held, "it is not running")
		}
		res.Roles = append(res.Roles, role)
	}
	return res, nil
}

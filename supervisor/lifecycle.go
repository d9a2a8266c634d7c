package supervisor

import (
	"context"
	"slices"
	"time"

	"isesh/supervisor/api"
)

// StopSupervisor ends Run, so that the agents go on by themselves or a newer binary takes over.
func (s *Supervisor) StopSupervisor(_ context.Context, c api.Caller, req api.StopSupervisor) error {
	if c.Role.Role != "" && req.Replace == "" {
		return &api.Error{Code: api.CodeForbidden, Message: "a role may not stop the supervisor"}
	}
	s.mu.Lock()
	s.replace = req.Replace
	s.mu.Unlock()
	s.end()
	return nil
}

// drainWithin bounds how long an end waits for what is being typed. What takes longer, the next supervisor takes up by the mark on the pane.
const drainWithin = 5 * time.Second

// drain waits until no message is half typed. Nothing new is begun once the end was asked for.
func (s *Supervisor) drain(ctx context.Context) {
	s.until(ctx, drainWithin, func() bool {
		return !slices.ContainsFunc(s.allRunners(), func(r *runner) bool { return r.view().typing })
	})
}

// ending reports that the end was asked for.
func (s *Supervisor) ending() bool {
	select {
	case <-s.stop:
		return true
	default:
		return false
	}
}

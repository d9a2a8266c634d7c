package supervisor

import (
	"context"

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

package supervisor

import (
	"context"
	"errors"
	"fmt"

	"isesh/roles"
	"isesh/supervisor/api"
)

// Redact removes the text of a record from the conversation, the mailboxes, and the file that holds it where it was too long to be typed. What an agent has
// on its screen or in its own memory stays there.
func (s *Supervisor) Redact(_ context.Context, c api.Caller, req api.RedactRequest) error {
	if !c.Role.IsZero() {
		return &api.Error{Code: api.CodeForbidden, Message: "a role may not change what was said", Hint: "a person may: isesh log redact ID"}
	}
	err := s.mail.Redact(req.ID)
	switch {
	case errors.Is(err, roles.ErrNotFound):
		return &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("no record %q", req.ID), Hint: "isesh log --json shows the ids"}
	case errors.Is(err, roles.ErrLive):
		return &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("message %s still waits to be typed", req.ID),
			Hint: "take it out of the mailbox first: isesh inbox pop ROLE, or isesh inbox ROLE --clear",
		}
	case err != nil:
		return err
	}
	s.records.broadcast()
	if err := s.dropFile(req.ID); err != nil {
		return fmt.Errorf("the text is gone from the conversation, but not its file: %w", err)
	}
	return nil
}

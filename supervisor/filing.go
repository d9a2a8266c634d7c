package supervisor

import (
	"context"

	"isesh/roles"
)

// fileAfter is how much the conversation may grow before the mailboxes are brought up to date though nobody looks into one: their files are there to be
// read, and the conversation keeps what they have not got, whatever it is to keep.
const fileAfter = 1 << 20

// fileLetters brings the mailboxes up to date whenever the conversation has grown so much, until ctx ends.
func (s *Supervisor) fileLetters(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.toFile:
		}
		s.fileMail()
	}
}

func (s *Supervisor) fileMail() {
	at := s.log.Offset()
	if err := s.mail.Update(); err != nil {
		s.slog.Error("bringing the mailboxes up to date", "err", err)
	}
	s.filed.Store(int64(at)) // after an error, too: it is tried again when there is as much more
}

// grown is called when something was written to the conversation.
func (s *Supervisor) grown() {
	s.records.broadcast()
	if s.log.Offset()-roles.Offset(s.filed.Load()) < fileAfter {
		return
	}
	select {
	case s.toFile <- struct{}{}:
	default:
	}
}

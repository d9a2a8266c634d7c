package main

import (
	"context"
	"errors"

	"isesh/supervisor/api"
)

// maxRepeats is how often a request is made again whose supervisor went away before it had answered. More than one is needed only while
// supervisors keep dying.
const maxRepeats = 4

// surely makes a request that has an id of its own, and makes it again when the supervisor went away before it had answered: the same id is one
// message however often it is sent, so the last answer is the truth about it.
func surely[T any](ctx context.Context, do func() (T, error)) (T, error) {
	for n := 0; ; n++ {
		res, err := do()
		if n == maxRepeats || ctx.Err() != nil || !unanswered(err) {
			return res, err
		}
	}
}

// unanswered reports whether err says that the supervisor went away before it had answered.
func unanswered(err error) bool {
	var e *api.Error
	return errors.As(err, &e) && e.Code == api.CodeUnconfirmed
}

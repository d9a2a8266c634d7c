package main

import (
	"context"
	"errors"
	"testing"

	"github.com/matryer/is"

	"isesh/supervisor/api"
)

func TestSurely(t *testing.T) {
	gone := &api.Error{Code: api.CodeUnconfirmed, Message: "the supervisor went away"}
	other := &api.Error{Code: api.CodeNotFound, Message: "no role"}
	tests := []struct {
		name  string
		errs  []error // of each try
		tries int
		err   error
	}{
		{"at once", []error{nil}, 1, nil},
		{"second try", []error{gone, nil}, 2, nil},
		{"an answer that is an error", []error{gone, other}, 2, other},
		{"plain error", []error{errors.ErrUnsupported}, 1, errors.ErrUnsupported},
		{"never", []error{gone, gone, gone, gone, gone, gone}, maxRepeats + 1, gone},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			is := is.New(t)
			tries := 0
			n, err := surely(t.Context(), func() (int, error) {
				tries++
				return tries, tt.errs[tries-1]
			})
			is.Equal(tries, tt.tries)
			is.Equal(n, tries)
			is.True(errors.Is(err, tt.err))
		})
	}
	is := is.New(t)
	ctx, cancel := context.WithCancel(t.Context())
	tries := 0
	_, err := surely(ctx, func() (int, error) {
		tries++
		cancel()
		return 0, gone
	})
	is.Equal(tries, 1)
	is.True(errors.Is(err, gone))
}

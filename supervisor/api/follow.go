package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"
)

// untilTaken asks once, and again while a supervisor that is being replaced has begun nothing.
func untilTaken[T any](once func(yield func(T) error) error, yield func(T) error) error {
	for {
		err := once(yield)
		var gone *goneError
		if !errors.As(err, &gone) || gone.why != endReplace {
			return err
		}
	}
}

// goOn follows across replacements of the supervisor: from says where to go on, and what was passed on of that very time is not passed on again.
func goOn[T any, K comparable](once func(yield func(T) error) error, yield func(T) error, key func(T) (K, time.Time), from func(time.Time)) error {
	seen := map[K]bool{} // of the time last
	var last time.Time
	return untilTaken(once, func(v T) error {
		k, at := key(v)
		if seen[k] {
			return nil
		}
		if !at.Equal(last) {
			clear(seen)
			last = at
			from(at)
		}
		seen[k] = true
		return yield(v)
	})
}

// stream calls yield for each line of an answer, until its end, which of an answer that is followed is an error.
func stream[T any](ctx context.Context, c *Client, path string, q url.Values, follow bool, yield func(T) error) error {
	resp, err := c.do(ctx, call{method: http.MethodGet, path: path, query: q, safe: true})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	for d := json.NewDecoder(resp.Body); ; {
		var raw json.RawMessage
		var last failure
		var v T
		err := d.Decode(&raw)
		if err == io.EOF && !follow {
			return nil
		}
		if err == nil {
			err = json.Unmarshal(raw, &last)
		}
		switch {
		case err != nil:
			return broken(ctx, err, "")
		case last.Ending != endNot:
			return &goneError{last.Ending}
		case last.Error != nil:
			return last.Error
		}
		if err := json.Unmarshal(raw, &v); err != nil {
			return broken(ctx, err, "")
		}
		if err := yield(v); err != nil {
			return err
		}
	}
}

package supervisor

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/matryer/is"

	"isesh/roles"
	"isesh/supervisor/api"
)

func TestEvents(t *testing.T) {
	is := is.New(t)
	s, end := bare(t, t.TempDir())
	defer end()
	dev, rev := address("t/dev"), address("t/reviewer")
	is.NoErr(s.reg.Put(roles.Entry{Address: dev}, roles.Entry{Address: rev}))
	for n := range 3 {
		s.event(roles.Event{Kind: roles.EventState, Role: dev, To: fmt.Sprint("dev", n)})
		s.event(roles.Event{Kind: roles.EventTrouble, Role: rev, To: fmt.Sprint("rev", n)})
	}
	list := func(q api.EventQuery) (out []string, err error) {
		err = s.Events(context.Background(), api.Caller{}, q, func(e roles.Event) error { out = append(out, e.To); return nil })
		return out, err
	}
	for _, tt := range []struct {
		q    api.EventQuery
		want []string
	}{
		{api.EventQuery{}, []string{"dev0", "rev0", "dev1", "rev1", "dev2", "rev2"}},
		{api.EventQuery{Limit: 2}, []string{"dev2", "rev2"}},
		{api.EventQuery{Role: "dev"}, []string{"dev0", "dev1", "dev2"}},
		{api.EventQuery{Role: "t/reviewer", Limit: 1}, []string{"rev2"}},
		{api.EventQuery{Kinds: []string{"state", "died"}, Limit: 2}, []string{"dev1", "dev2"}},
		{api.EventQuery{Since: time.Now().Add(time.Hour)}, nil},
	} {
		got, err := list(tt.q)
		is.NoErr(err)
		is.Equal(got, tt.want)
	}
	var e *api.Error
	_, err := list(api.EventQuery{Kinds: []string{"starting"}})
	is.True(errors.As(err, &e) && e.Code == api.CodeUsage && len(e.Candidates) == len(eventKinds))
	_, err = list(api.EventQuery{Role: "dve"})
	is.True(errors.As(err, &e) && e.Code == api.CodeNotFound)

	// What a forgotten role did can still be asked for.
	is.NoErr(s.reg.Remove(rev))
	got, err := list(api.EventQuery{Role: "t/reviewer"})
	is.NoErr(err)
	is.Equal(len(got), 3)
}

// A follower gets each event once, whatever is written while it begins.
func TestEventsAreFollowed(t *testing.T) {
	is := is.New(t)
	s, end := bare(t, t.TempDir())
	defer end()
	const before, after = 50, 200
	write := func(from, to int) {
		for n := from; n < to; n++ {
			s.event(roles.Event{Kind: roles.EventState, Role: address("dev"), To: fmt.Sprint(n)})
		}
	}
	write(0, before)
	began, written := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(written)
		<-began
		write(before, after)
	}()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	enough := errors.New("enough")
	n := 0
	close(began)
	err := s.Events(ctx, api.Caller{}, api.EventQuery{Follow: true}, func(e roles.Event) error {
		is.Equal(e.To, fmt.Sprint(n))
		if n++; n == after {
			return enough
		}
		return nil
	})
	is.Equal(err, enough)
	<-written
	ctx, cancel = context.WithCancel(context.Background())
	cancel()
	is.NoErr(s.Events(ctx, api.Caller{}, api.EventQuery{Follow: true, Limit: 1}, func(e roles.Event) error { return nil }))
}

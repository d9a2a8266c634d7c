package supervisor

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/matryer/is"

	"isesh/roles"
	"isesh/roles/agent"
	"isesh/supervisor/api"
)

// A role that comes after another is started when that one is ready, also when it stands before it in the file.
func TestAfter(t *testing.T) {
	is := is.New(t)
	g := newRig(t)
	first := g.role("second")
	first.After = []string{"first"}
	g.start("t", first, g.role("first", "--start-delay", "300ms"))
	var began []string
	events, err := g.sup.events.Tail(roles.EventFilter{})
	is.NoErr(err)
	for _, e := range events {
		if e.Kind == roles.EventStarted || e.Kind == roles.EventState && e.To == string(agent.Idle) {
			began = append(began, e.Role.Role+" "+string(e.Kind))
		}
	}
	is.Equal(strings.Join(began, ", "), "first started, first state, second started, second state")
}

func TestWaitForADeadRoleEnds(t *testing.T) {
	is := is.New(t)
	g := newRig(t)
	g.start("t", g.role("dev"), g.role("other"))
	var e *api.Error
	ask := func(states ...string) error {
		_, err := g.sup.Wait(context.Background(), g.person(), api.WaitRequest{Targets: []string{"t/dev"}, States: states, Timeout: "20s"})
		return err
	}
	go func() {
		_, _ = g.sup.Stop(context.Background(), g.person(), api.StopRequest{Targets: []string{"t/dev"}})
	}()
	is.True(errors.As(ask("busy"), &e) && e.Code == api.CodeDead) // it will not become busy any more
	is.NoErr(ask("dead"))
}

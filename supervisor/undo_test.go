package supervisor

import (
	"context"
	"testing"
	"time"

	"github.com/matryer/is"

	"isesh/layout"
	"isesh/roles"
	"isesh/supervisor/api"
)

// A start that fails half-way leaves what was remembered before, and no task that a later start would give a second time.
func TestUndoneStart(t *testing.T) {
	is := is.New(t)
	g := newRig(t)
	dev := roles.Address{Team: "t", Role: "dev"}
	g.start("t", g.role("dev"))
	was, _ := g.sup.reg.Get(dev)
	_, err := g.sup.Stop(context.Background(), g.person(), api.StopRequest{Targets: []string{"t"}})
	is.NoErr(err)

	mute := layout.ResolvedRole{Name: "dev", Agent: "scripted", Argv: []string{"cat"}, Dir: g.dir, Task: "ECHO begin"}
	after := g.role("after")
	after.After = []string{"dev"}
	_, err = g.tryStartWithin(time.Second, "t", mute, after)
	is.True(err != nil) // dev never becomes ready, and the caller does not wait for ever
	now, ok := g.sup.reg.Get(dev)
	is.True(ok)
	is.Equal(now.ID, was.ID)
	is.Equal(now.Pane, "")
	_, ok = g.sup.reg.Get(roles.Address{Team: "t", Role: "after"})
	is.True(!ok)
	pending, err := roles.Pending(g.sup.log)
	is.NoErr(err)
	is.Equal(len(pending), 0)

	// Nor does a task that its program never took come twice.
	_, err = g.tryStartWithin(time.Second, "t", mute)
	is.NoErr(err)
	_, err = g.sup.Stop(context.Background(), g.person(), api.StopRequest{Targets: []string{"t"}})
	is.NoErr(err)
	awake := g.role("dev")
	awake.Task = "ECHO begin"
	g.start("t", awake)
	g.until("the task, and no other", func() bool {
		texts, _ := g.turns("dev")
		pending, err = roles.Pending(g.sup.log)
		return err == nil && len(texts) == 1 && len(pending[dev]) == 0
	})
}

// A stop whose caller leaves in the middle does not forget what still runs.
func TestStopThatWasBrokenOff(t *testing.T) {
	is := is.New(t)
	g := newRig(t)
	g.start("t", g.role("dev"))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := g.sup.Stop(ctx, g.person(), api.StopRequest{Targets: []string{"t"}})
	is.True(err != nil)
	is.Equal(string(g.state1("t/dev")), "idle")
	is.Equal(g.send("t/dev", "hello").Status, roles.StatusSubmitted)
}

package controltest_test

import (
	"context"
	"testing"
	"time"

	"isesh/control"
	"isesh/control/controltest"

	"github.com/matryer/is"
)

// TestClientOnMemory shows what this package is for: a control client and a program, with no tmux between them.
func TestClientOnMemory(t *testing.T) {
	is := is.New(t)
	rec := controltest.NewRecorder()
	tmux := controltest.New(t, controltest.Handle("agent", func() controltest.Program { return rec }))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c, err := control.Dial(ctx, control.Options{Connect: tmux.Connect, Create: []string{"new-session", "-s", "team", "agent"}, Scratch: t.TempDir()})
	is.NoErr(err)
	defer c.Close()
	<-rec.Ready()
	panes, err := c.Panes(ctx)
	is.NoErr(err)
	is.NoErr(c.Paste(ctx, control.Guard{Pane: panes[0].ID, PID: panes[0].PID}, []byte("hello\nthere")))
	is.NoErr(rec.Wait(ctx, func(r []controltest.Received) bool { return len(r) == 1 }))
	is.Equal(rec.All(), []controltest.Received{{Paste: true, Data: "hello\rthere"}})
	is.Equal(tmux.Buffers(), []string{}) // nothing is left behind
}

package supervisor

import (
	"context"
	"log/slog"
	"testing"

	"github.com/sourcegraph/conc"

	"isesh/control"
	"isesh/roles"
	"isesh/roles/agent"
	"isesh/supervisor/api"
)

// stage is a Supervisor with one role, t/dev, played by an actor. It lives in a synctest bubble.
type stage struct {
	*testing.T
	s    *Supervisor
	a    *actor
	r    *runner
	dir  string
	addr roles.Address
	end  func()
}

func newStage(t *testing.T) *stage {
	t.Helper()
	g := &stage{T: t, a: newActor(), dir: t.TempDir(), addr: roles.Address{Team: "t", Role: "dev"}}
	g.run()
	t.Cleanup(func() { g.end() })
	return g
}

// run starts a Supervisor over the files, which takes up the role in its pane; end ends it as a crash would, but for the goroutines.
func (g *stage) run() {
	g.Helper()
	log := slog.New(slog.NewTextHandler(testWriter{g.T}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if !testing.Verbose() {
		log = slog.New(slog.DiscardHandler)
	}
	s, err := newFor(Config{Dir: g.dir, Log: log}, control.Version{Major: 3, Minor: 3})
	if err != nil {
		g.Fatal(err)
	}
	g.s = s
	ctx, cancel := context.WithCancel(context.Background())
	s.run, s.wg = ctx, conc.NewWaitGroup()
	close(s.ready)
	e := roles.Entry{Address: g.addr, ID: roles.NewID(), Pane: "%1", PanePID: actorPID, Profile: "scripted"}
	if err := s.reg.Put(e); err != nil {
		g.Fatal(err)
	}
	if s.recalled, err = s.recall(); err != nil {
		g.Fatal(err)
	}
	g.r = g.take(e)
	s.settleRecalled(s.recalled)
	g.end = func() {
		cancel()
		s.wg.Wait()
		if err := s.closeFiles(); err != nil {
			g.Error(err)
		}
		g.end = func() {}
	}
}

// take gives the role a runner, as recovery does.
func (g *stage) take(e roles.Entry) *runner {
	g.Helper()
	prof, err := agent.Load("scripted")
	if err != nil {
		g.Fatal(err)
	}
	r := newRunner(g.s, e, prof, g.a, func() {})
	g.a.edit(func() { r.step = g.a.step })
	r.recallTurns(g.s.recalled, nil)
	g.s.mu.Lock()
	g.s.runners[e.Address] = r
	g.s.mu.Unlock()
	r.tell(signal{attached: true})
	g.s.wg.Go(func() { r.run(g.s.run) })
	return r
}

// restart is a crash of the supervisor and the next one.
func (g *stage) restart() {
	g.Helper()
	g.end()
	g.run()
}

func (g *stage) send(text string) api.Receipt {
	g.Helper()
	return g.sendWith(api.SendRequest{To: "t/dev", Text: text})
}

func (g *stage) sendWith(req api.SendRequest) api.Receipt {
	g.Helper()
	req.To = "t/dev"
	got, err := g.s.Send(context.Background(), api.Caller{How: "user"}, req)
	if err != nil {
		g.Fatalf("send: %v", err)
	}
	return got
}

// status is what the log says of a message.
func (g *stage) status(id string) roles.Status {
	g.Helper()
	r, _, err := g.s.Receipt(context.Background(), api.Caller{}, id)
	if err != nil {
		g.Fatal(err)
	}
	return r.Status
}

// statuses are all steps of a message that the log has.
func (g *stage) statuses(id string) (out []roles.Status) {
	g.Helper()
	_, recs, err := g.s.Receipt(context.Background(), api.Caller{}, id)
	if err != nil {
		g.Fatal(err)
	}
	for _, r := range recs {
		out = append(out, r.Status)
	}
	return out
}

func (g *stage) role() api.Role { return g.r.view().role }

// pending are the messages that a next supervisor would type.
func (g *stage) pending() int {
	g.Helper()
	p, err := roles.Pending(g.s.log)
	if err != nil {
		g.Fatal(err)
	}
	return len(p[g.addr])
}

// count tells how often a step was done by tmux.
func (a *actor) count(what string) (n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, k := range a.keys {
		if k == what {
			n++
		}
	}
	return n
}

func (a *actor) turnsTaken() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.submitted...)
}

func (a *actor) inComposer() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.composer
}

func (a *actor) aside() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.stash
}

// waiting are the messages in the actor's own queue.
func (a *actor) waiting() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.waits...)
}

func (a *actor) pasted() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.pastes...)
}

// pressed are all steps that tmux has done, in order.
func (a *actor) pressed() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.keys...)
}

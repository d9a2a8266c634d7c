package supervisor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"isesh/control"
)

// watch keeps the one control client of a tmux session and tells the runners of that session what concerns them.
type watch struct {
	s       *Supervisor
	session string // "$3"
	name    string

	mu      sync.Mutex // owns the fields below
	client  *control.Client
	members map[string]*runner // by pane id
	closed  bool
}

// errNoClient is returned while a session has no control client: between a detach and the redial, or when it has ended.
var errNoClient = errors.New("not connected to the tmux session")

// redialAfter is how long a watch waits before it dials again after it was detached. A human who detaches every client is busy with the
// session; the dial itself waits for a quiet server, this only keeps two detaches in a row from becoming two dials.
const redialAfter = 200 * time.Millisecond

// openWatch dials a session, or returns the watch that stands.
func (s *Supervisor) openWatch(ctx context.Context, session, name string) (*watch, error) {
	s.mu.Lock()
	w := s.watches[session]
	s.mu.Unlock()
	if w != nil {
		return w, nil
	}
	client, err := s.dial(ctx, session)
	if err != nil {
		return nil, fmt.Errorf("attaching to session %s: %w", name, err)
	}
	w = &watch{s: s, session: session, name: name, client: client, members: map[string]*runner{}}
	s.mu.Lock()
	s.watches[session] = w
	s.mu.Unlock()
	s.wg.Go(func() { w.serve(s.run) })
	return w, nil
}

func (s *Supervisor) dial(ctx context.Context, session string) (*control.Client, error) {
	s.quiet.Lock()
	defer s.quiet.Unlock()
	return control.Dial(ctx, control.Options{
		Server:  s.cfg.Tmux,
		Session: session,
		Mark:    s.mark(),
		Scratch: s.scratch(),
	})
}

// mark tells the control clients of this state directory from those of others, so that orphans can be found.
func (s *Supervisor) mark() string { return s.cfg.Dir }

// current returns the connection, or errNoClient.
func (w *watch) current() (*control.Client, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.client == nil {
		return nil, errNoClient
	}
	return w.client, nil
}

// join makes a runner hear of its pane. The runner is told to attach to the output at once.
func (w *watch) join(pane string, r *runner) {
	w.mu.Lock()
	w.members[pane] = r
	w.mu.Unlock()
	r.tell(signal{attached: true})
}

// leave forgets a runner's pane. A watch without members is closed: nothing is left to see.
func (w *watch) leave(pane string) {
	w.mu.Lock()
	delete(w.members, pane)
	client := w.client
	empty := len(w.members) == 0
	w.mu.Unlock()
	if client != nil {
		client.Unwatch(pane)
		if empty {
			w.close()
		}
	}
}

// close ends the watch; serve returns.
func (w *watch) close() {
	w.mu.Lock()
	client := w.client
	w.closed = true
	w.mu.Unlock()
	w.s.mu.Lock()
	if w.s.watches[w.session] == w {
		delete(w.s.watches, w.session)
	}
	w.s.mu.Unlock()
	if client != nil {
		client.Close()
	}
}

func (w *watch) runners() map[string]*runner {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := make(map[string]*runner, len(w.members))
	for pane, r := range w.members {
		out[pane] = r
	}
	return out
}

// serve hands events on until the session or the Supervisor ends.
func (w *watch) serve(ctx context.Context) {
	defer w.close()
	for {
		client, err := w.current()
		if err != nil {
			return
		}
		w.events(ctx, client)
		cause := client.Err()
		client.Close()
		w.mu.Lock()
		w.client = nil
		closed := w.closed
		w.mu.Unlock()
		if ctx.Err() != nil || closed {
			return
		}
		w.s.slog.Info("control client ended", "session", w.name, "why", cause)
		if !w.redial(ctx) {
			w.gone()
			return
		}
	}
}

// events handles one connection until it ends.
func (w *watch) events(ctx context.Context, client *control.Client) {
	for {
		select {
		case <-ctx.Done():
			return
		case e, ok := <-client.Events():
			if !ok {
				return
			}
			w.handle(ctx, client, e)
		}
	}
}

func (w *watch) handle(ctx context.Context, client *control.Client, e control.Event) {
	switch e := e.(type) {
	case control.Structure:
		w.structure(e)
	case control.PaneModeChanged:
		if r := w.runners()[e.Pane]; r != nil {
			r.tell(signal{look: true})
		}
	case control.WindowClosed, control.LayoutChanged, control.SessionsChanged, control.Overflow:
		// A window or pane went, or events were dropped: ask what is left instead of guessing.
		w.reread(ctx, client)
	}
}

// structure takes in the once-a-second report on every pane of the server.
func (w *watch) structure(e control.Structure) {
	seen := map[string]control.PaneLife{}
	for _, p := range e.Panes {
		seen[p.Pane] = p
	}
	for pane, r := range w.runners() {
		life, ok := seen[pane]
		switch {
		case !ok || life.PID != r.panePID:
			r.tell(signal{gone: true})
		case life.Dead:
			r.tell(signal{dead: true})
		}
	}
}

// reread asks tmux which panes there are, when an event said that some may have gone.
func (w *watch) reread(ctx context.Context, client *control.Client) {
	members := w.runners()
	if len(members) == 0 {
		return
	}
	panes, err := client.Panes(ctx)
	if err != nil {
		return // the connection is ending; what follows finds out
	}
	w.compare(panes)
}

func (w *watch) compare(panes []control.Pane) {
	seen := map[string]control.Pane{}
	for _, p := range panes {
		seen[p.ID] = p
	}
	for pane, r := range w.runners() {
		p, ok := seen[pane]
		switch {
		case !ok || p.PID != r.panePID:
			r.tell(signal{gone: true})
		case p.Dead:
			r.tell(signal{dead: true})
		case p.Session != w.session:
			r.tell(signal{gone: true})
		}
	}
}

// redial connects again after the client was detached, if the session is still there. It reports false when it is not.
func (w *watch) redial(ctx context.Context) bool {
	for {
		panes, err := w.s.cfg.Tmux.Panes(ctx)
		if err != nil {
			return false
		}
		here := false
		for _, p := range panes {
			here = here || p.Session == w.session
		}
		if !here || !w.sameServer(ctx) {
			return false
		}
		client, err := w.s.dial(ctx, w.session)
		if err == nil {
			w.mu.Lock()
			w.client = client
			w.mu.Unlock()
			w.compare(panes)
			for _, r := range w.runners() {
				r.tell(signal{attached: true})
			}
			return true
		}
		w.s.slog.Warn("redialling", "session", w.name, "err", err)
		select {
		case <-ctx.Done():
			return false
		case <-time.After(redialAfter):
		}
	}
}

// sameServer guards against a tmux server that was restarted meanwhile: ids start again at $0.
func (w *watch) sameServer(ctx context.Context) bool {
	id, err := w.s.cfg.Tmux.Identity(ctx)
	if err != nil {
		return false
	}
	for _, r := range w.runners() {
		if r.entry.Server.PID != id.PID || r.entry.Server.Start != id.Start {
			return false
		}
	}
	return true
}

// gone tells every runner that its session has ended.
func (w *watch) gone() {
	for _, r := range w.runners() {
		r.tell(signal{gone: true})
	}
}

// anyClient returns a connection that stands, for commands about any session; nil when there is none.
func (s *Supervisor) anyClient() *control.Client {
	s.mu.Lock()
	all := make([]*watch, 0, len(s.watches))
	for _, w := range s.watches {
		all = append(all, w)
	}
	s.mu.Unlock()
	for _, w := range all {
		if c, err := w.current(); err == nil {
			return c
		}
	}
	return nil
}

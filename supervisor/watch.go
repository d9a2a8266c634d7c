package supervisor

import (
	"context"
	"errors"
	"fmt"
	"slices"
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

// redials is how often a watch asks a server that does not answer sensibly, as one that is ending, before it takes it for gone.
const redials = 25

// openWatch dials a session, or returns the watch that stands. Without a member it is closed by leave("").
func (s *Supervisor) openWatch(ctx context.Context, session, name string) (*watch, error) {
	s.opening.Lock()
	defer s.opening.Unlock()
	s.mu.Lock()
	w := s.watches[session]
	s.mu.Unlock()
	if w != nil {
		return w, nil
	}
	client, err := s.dialKept(ctx, session)
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

// dialKept dials a session that stays when its last client leaves. In another one our leaving would end whatever runs there.
func (s *Supervisor) dialKept(ctx context.Context, session string) (*control.Client, error) {
	unattached, err := s.cfg.Tmux.Output(ctx, "show-options", "-A", "-v", "-t", session, "destroy-unattached")
	if err != nil {
		return nil, err
	}
	if firstLine(unattached) != "off" { // a hook may print behind it
		return nil, errors.New("tmux destroys it when its last client leaves (destroy-unattached)")
	}
	return s.dial(ctx, session)
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

// join makes a runner hear of its pane. The runner is told to attach to the output at once. It reports false when the watch has been
// closed.
func (w *watch) join(pane string, r *runner) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return false
	}
	w.members[pane] = r
	r.tell(signal{attached: true})
	return true
}

// leave forgets a runner's pane. A watch without members is closed: nothing is left to see.
func (w *watch) leave(pane string) {
	w.mu.Lock()
	delete(w.members, pane)
	client := w.client
	empty := len(w.members) == 0
	w.closed = w.closed || empty // before anybody else can join
	w.mu.Unlock()
	if client != nil {
		client.Unwatch(pane)
	}
	if empty {
		w.close()
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
		w.structure(ctx, client, e)
	case control.PaneModeChanged:
		if r := w.runners()[e.Pane]; r != nil {
			r.tell(signal{look: true})
		}
	case control.WindowClosed, control.LayoutChanged, control.SessionsChanged, control.SessionRenamed, control.Overflow:
		// A window or pane went or was moved, or events were dropped: ask what is left and where instead of guessing.
		w.reread(ctx, client)
	}
}

// structure takes in the once-a-second report on every pane of the server. It may be older than a member: what it misses is asked for.
func (w *watch) structure(ctx context.Context, client *control.Client, e control.Structure) {
	seen := map[string]control.PaneLife{}
	for _, p := range e.Panes {
		if _, ok := seen[p.Pane]; !ok || p.Session == w.session { // a window can be in several sessions
			seen[p.Pane] = p
		}
	}
	strange := false
	for pane, r := range w.runners() {
		life, ok := seen[pane]
		switch {
		case !ok || !life.Runs(r.panePID) || life.Session != w.session:
			strange = true
		case life.Dead:
			r.tell(signal{dead: true})
		}
	}
	if strange {
		w.reread(ctx, client)
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
	w.compare(members, panes)
}

// compare tells members what became of their panes. They were members before the panes were listed.
func (w *watch) compare(members map[string]*runner, panes []control.Pane) {
	seen := map[string]control.Pane{}
	for _, p := range panes {
		if _, ok := seen[p.ID]; !ok || p.Session == w.session { // a window can be in several sessions
			seen[p.ID] = p
		}
	}
	for pane, r := range members {
		p, ok := seen[pane]
		switch {
		case !ok || !p.Runs(r.panePID):
			r.tell(signal{gone: true})
		case placeOf(p) != r.view().at:
			r.tell(signal{moved: true, dead: p.Dead})
		case p.Dead:
			r.tell(signal{dead: true})
		}
	}
}

// redial connects again after the client was detached, if the session is still there. When it is not, it tells the members what became of
// their panes and reports false.
func (w *watch) redial(ctx context.Context) bool {
	for try := 1; ; try++ {
		members := w.runners()
		if len(members) == 0 {
			return false
		}
		panes, err := w.s.cfg.Tmux.Panes(ctx)
		if err == nil && !w.sameServer(ctx) {
			err = control.ErrNoServer
		}
		if errors.Is(err, control.ErrNoServer) || err != nil && try == redials {
			w.compare(members, nil)
			return false
		}
		if err == nil {
			here := slices.ContainsFunc(panes, func(p control.Pane) bool { return p.Session == w.session })
			if !here {
				w.compare(members, panes)
				return false
			}
			var client *control.Client
			if client, err = w.s.dial(ctx, w.session); err == nil {
				return w.resume(client, members, panes)
			}
		}
		w.s.slog.Warn("redialling", "session", w.name, "err", err)
		select {
		case <-ctx.Done():
			return false
		case <-time.After(redialAfter):
		}
	}
}

// resume goes on with a new connection.
func (w *watch) resume(client *control.Client, members map[string]*runner, panes []control.Pane) bool {
	w.mu.Lock()
	closed := w.closed
	if !closed {
		w.client = client
	}
	w.mu.Unlock()
	if closed { // the last member left meanwhile
		client.Close()
		return false
	}
	w.compare(members, panes)
	for _, r := range w.runners() {
		r.tell(signal{attached: true})
	}
	return true
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

package supervisor

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"isesh/control"
	"isesh/roles"
	"isesh/roles/agent"
	"isesh/supervisor/api"
)

// terminal is what a runner needs of its pane.
type terminal interface {
	// Snapshot returns the pane's facts and its screen, of one instant.
	Snapshot(ctx context.Context) (control.Snapshot, error)
	// Paste types data as one bracketed paste if the guard holds; *control.Refused when it does not.
	Paste(ctx context.Context, g control.Guard, data []byte) error
	// Keys types keys if the guard holds; *control.Refused when it does not.
	Keys(ctx context.Context, g control.Guard, keys ...string) error
	// History returns the screen with up to so many lines of what has scrolled off, wrapped lines joined.
	History(ctx context.Context, lines int) (string, error)
	// Output returns the pane's output since the connection was made; nil while there is none.
	Output() output
}

// output is a control.Output.
type output interface {
	C() <-chan struct{}
	Take() control.Chunk
}

// view is what others see of a runner: a copy, published whole.
type view struct {
	role api.Role
	live bool
	// typing: a message is half typed, and may be done soon
	typing bool
	menu   openMenu
	back   bool // a prompt may come back after an interrupt
	at     place
}

// runner owns one role for as long as its pane lives: what is on its screen, what is queued for it and what is typed into it. Fields
// without a mutex belong to the goroutine in run, except those set when it was made.
type runner struct {
	// set once
	s       *Supervisor
	addr    roles.Address
	entry   roles.Entry
	panePID int
	prof    *agent.Profile
	term    terminal
	slog    *slog.Logger
	release func() // called when the pane has gone

	// find watches the pane where it is now, or says why it cannot be watched any more
	find func(context.Context) (at place, lost string)

	ops  chan func()   // work for the goroutine
	done chan struct{} // closed when run has returned

	sigMu  sync.Mutex // owns sig
	sig    signal
	sigSet chan struct{} // capacity 1

	viewMu sync.Mutex // owns shown
	shown  view

	// what is known of the pane
	reading  agent.Reading
	facts    control.Snapshot
	at       place
	state    agent.State // folded: what the readings and the pane's life come to
	since    time.Time
	wasIdle  bool // has been idle or waiting once: the start is over
	gone     bool
	exit     *int
	ended    bool
	reaps    int // how often tmux was asked for the exit status
	look     lookout
	holdText string // why the queue does not move
	menu     openMenu
	ink      ink // drawn since the last key into a menu

	// what is typed
	step        string      // the mark on the pane as far as known
	queue       []*delivery // in the order in which they were accepted
	unread      time.Time   // set: what waits on disk could not be read; when to try again
	before      *runner     // the one that failed, until its deliveries were taken over
	cur         *delivery
	turns       []*turn   // submitted, not over yet, oldest first
	hooked      bool      // its hooks were heard in this session
	wired       bool      // it was started with hooks, and has had no turn without them
	overs       []over    // the agent's ids of prompts whose turns have ended, oldest first
	unmarked    bool      // while the oldest of them ran, the screen was seen to say of no turn that it was interrupted
	stopText    string    // the last text of the turn that ended last, for those that it may have answered, too
	stopAt      time.Time // when that was told
	unheard     []unheard // submitted, and their hook may still come; oldest first
	guessed     time.Time // when the screen alone ended a turn
	restEcho    string    // the last message in the transcript when the agent rested last
	rested      bool      // it has
	sent        *delivery // the last one submitted: the agent may hand its text back into the composer
	doubt       *delivery // the last one, when Enter was pressed and not proven: its echo may still come
	aside       *aside    // a person's draft that was put aside, until it has come back
	draftText   string    // the draft in the composer...
	draftAt     time.Time // ...and since when it is the same; zero without one
	interrupted bool      // a person ended that one's turn
	back        *handback // its prompt may come back, nil when not
	last        *api.Receipt
	wake        time.Time // when the delivery under way wants to be looked at again
}

func newRunner(s *Supervisor, e roles.Entry, prof *agent.Profile, term terminal, release func()) *runner {
	r := &runner{
		s: s, addr: e.Address, entry: e, panePID: e.PanePID, prof: prof, term: term, release: release,
		slog: s.slog.With("role", e.Address.String()),
		ops:  make(chan func()), done: make(chan struct{}), sigSet: make(chan struct{}, 1),
		state: agent.Starting, since: time.Now(), at: place{e.Session, e.Window, e.SessionName},
	}
	r.wired = e.Launched && prof.WiresHooks(e.Argv)
	r.reading.Selected = -1
	r.publish()
	return r
}

// do runs fn in the runner's goroutine and waits for it. It fails when the runner has ended, or ends in fn, or ctx has ended.
func (r *runner) do(ctx context.Context, fn func()) error {
	finished := make(chan struct{})
	ran := false // owned by the runner until finished is closed
	select {
	case r.ops <- func() { defer close(finished); fn(); ran = true }:
	case <-r.done:
		return r.goneError()
	case <-ctx.Done():
		return ctx.Err()
	}
	<-finished // the runner has taken it, so it is closed also when fn panics
	if !ran {
		return r.goneError()
	}
	return nil
}

func (r *runner) goneError() error {
	return &api.Error{Code: api.CodeDead, Message: fmt.Sprintf("role %q is not running", r.addr), Hint: "isesh restart " + r.addr.String()}
}

// run is the runner's life. It returns when ctx ends or the pane has gone.
func (r *runner) run(ctx context.Context) {
	defer r.strand()
	defer close(r.done)
	defer r.parkAll()
	if stop, ok := watchProcess(r.panePID, func() { r.tell(signal{look: true, ended: true}) }); ok {
		defer stop()
	}
	r.takeKept()
	var out output
	var outC <-chan struct{}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for !r.gone {
		select {
		case <-ctx.Done():
			return
		case <-r.sigSet:
			sig := r.takeSignal()
			if sig.attached {
				if out = r.term.Output(); out != nil {
					outC = out.C()
				}
			}
			r.signalled(ctx, sig)
		case <-outC:
			r.heard(out.Take())
		case fn := <-r.ops:
			fn()
		case <-timer.C:
		}
		r.tend(ctx)
		timer.Reset(r.untilWake())
	}
}

// tend does what is due: look at the screen, move the delivery on.
func (r *runner) tend(ctx context.Context) {
	now := time.Now()
	if !r.unread.IsZero() && !now.Before(r.unread) {
		r.takeKept()
	}
	if !r.gone && r.look.due(now) {
		r.see(ctx)
	}
	r.deliver(ctx)
	r.publish()
}

func (r *runner) untilWake() time.Duration {
	at := r.look.next()
	if !r.wake.IsZero() && (at.IsZero() || r.wake.Before(at)) {
		at = r.wake
	}
	if at.IsZero() {
		return time.Hour
	}
	return max(time.Until(at), 0)
}

// signalled takes in what was told from outside.
func (r *runner) signalled(ctx context.Context, sig signal) {
	r.ended = r.ended || sig.ended
	if sig.moved && !sig.gone {
		at, lost := r.find(ctx)
		if lost != "" {
			r.lost(lost)
			return
		}
		r.at = at
	}
	switch {
	case sig.gone:
		r.lost("the pane has gone")
	case sig.dead && r.state == agent.Dead && r.exit != nil:
		// Known: the report comes again with every change elsewhere.
	case sig.dead, sig.attached, sig.look:
		r.look.now()
	}
}

// heard takes in output: it only decides when to look. Status in the bytes themselves is for the profile's triggers.
func (r *runner) heard(c control.Chunk) {
	if r.menu.id != "" {
		if r.ink.add(c.Data); c.Lost > 0 || c.Paused {
			r.ink.n += blinks + 1 // there was more than is known
		}
	}
	r.look.output(time.Now(), len(c.Data), c.Lost > 0 || c.Paused || triggered(c.Data, r.prof.Triggers()))
}

// see looks at the screen and folds what it shows into the state.
func (r *runner) see(ctx context.Context) {
	now := time.Now()
	snap, err := r.term.Snapshot(ctx)
	if err != nil {
		if refusedFor(err, control.Gone, control.OtherProcess) {
			r.lost("the pane has gone")
			return
		}
		if ctx.Err() == nil {
			r.slog.Debug("looking at the pane", "err", err)
			r.look.failed(now)
		}
		return
	}
	if !snap.Runs(r.panePID) {
		r.lost("another program runs in the pane")
		return
	}
	r.look.looked(now)
	r.facts = snap
	r.step = snap.Step
	r.reading = agent.Classify(r.prof, screenOf(snap))
	r.menu.saw(r.reading, screenOf(snap), time.Now())
	r.fold(now)
	r.sawInterrupt()
	r.sawEcho()
	r.watchDraft(now)
}

func screenOf(s control.Snapshot) agent.Screen {
	return agent.Screen{
		Text: s.Screen, Title: s.Title, Command: s.Command, Cols: s.Width, Rows: s.Height,
		CursorX: s.CursorX, CursorY: s.CursorY, Alternate: s.Alternate, Dead: s.Dead,
	}
}

// fold makes the state out of the last reading, and an event out of a change.
func (r *runner) fold(now time.Time) {
	state := fold(witnesses{
		reading: r.reading, dead: r.facts.Dead, started: r.wasIdle,
		quiet: r.look.quietFor(now), believe: r.prof.QuietBusy(), before: r.state,
	})
	if state == agent.Dead && r.facts.DeadStatus >= 0 {
		status := r.facts.DeadStatus
		if r.exit == nil || *r.exit != status {
			r.exit = &status
		}
	} else if (state == agent.Dead && r.facts.DeadSignal == 0 || r.ended && state != agent.Dead) && r.reaps < maxReaps {
		r.reaps++
		reap(r.entry.Server.PID)
		r.look.again(now.Add(reapAgain))
	}
	r.look.steady(state == agent.Busy && r.state == agent.Busy)
	if state == agent.Idle || state == agent.Waiting {
		r.wasIdle = true
	}
	if quiet, believe := r.look.quietFor(now), r.prof.QuietBusy(); r.reading.State == agent.Unknown && r.reading.Composer && quiet < believe {
		r.look.again(now.Add(believe - quiet)) // silence will decide, and silence makes no output
	}
	r.become(state, now)
}

// become publishes a change of state.
func (r *runner) become(state agent.State, now time.Time) {
	from, fromKind := r.state, r.view().role.Kind
	kind := string(r.reading.Kind)
	if state != agent.Waiting {
		kind = ""
	}
	if from == state && fromKind == kind {
		return
	}
	r.state, r.since = state, now
	e := roles.Event{Kind: roles.EventState, Role: r.addr, From: string(from), To: string(state), StateKind: kind, Rule: r.reading.Rule}
	if state == agent.Dead {
		e.Kind = roles.EventDied
		if r.exit != nil {
			e.Detail = fmt.Sprintf("exit status %d", *r.exit)
		}
	}
	r.s.event(e)
	r.slog.Debug("state", "from", from, "to", state, "kind", kind, "rule", r.reading.Rule)
	if state == agent.Dead {
		r.died()
	}
}

// The exit status of a dead pane can lag behind its death, and be missed by tmux until it is made to look.
const (
	maxReaps  = 5
	reapAgain = 100 * time.Millisecond
)

// lost ends the runner: whatever is in the pane now, it is not ours.
func (r *runner) lost(why string) {
	if r.gone {
		return
	}
	r.gone = true
	r.facts.Dead = true
	r.reading = agent.Reading{State: agent.Dead, Selected: -1}
	r.menu = openMenu{}
	r.become(agent.Dead, time.Now())
	r.slog.Info("role ended", "why", why)
	r.publish()
	r.release()
}

// publish makes what is known visible to others and wakes those who wait for a change.
func (r *runner) publish() {
	role := api.Role{
		Address: r.addr.String(), Team: r.addr.Team, Name: r.addr.Role, State: string(r.state), Since: r.since,
		Dir: r.entry.Dir, Pane: r.entry.Pane, PID: r.panePID, Session: r.at.name, Profile: r.prof.Name(),
		Lead: r.entry.Lead, Queue: len(r.queue), Held: r.holdText, Draft: r.reading.Draft, Trouble: r.reading.Trouble,
		Exit: r.exit, Rule: r.reading.Rule, Last: r.last,
	}
	if r.cur != nil {
		role.Queue++
	}
	if r.state == agent.Waiting {
		role.Kind = string(r.reading.Kind)
		role.Menu = menuOf(r.reading)
	}
	if r.gone {
		role.Pane, role.PID = "", 0
	}
	r.viewMu.Lock()
	before := r.shown
	r.shown = view{role: role, live: !r.gone && r.state != agent.Dead, typing: r.typing(), menu: r.menu, back: r.back != nil, at: r.at}
	changed := !sameView(before, r.shown)
	r.viewMu.Unlock()
	if changed {
		r.s.changes.broadcast()
	}
}

// unwatched says that nothing more will be known of the role: its runner has failed too often.
func (r *runner) unwatched() {
	r.viewMu.Lock()
	r.shown.live = false
	r.shown.role.State, r.shown.role.Kind, r.shown.role.Menu = string(agent.Unknown), "", nil
	r.shown.role.Trouble = "not watched any more: isesh restart " + r.addr.String()
	r.viewMu.Unlock()
	r.s.changes.broadcast()
}

// view returns what is known of the role. Safe from any goroutine.
func (r *runner) view() view {
	r.viewMu.Lock()
	defer r.viewMu.Unlock()
	return r.shown
}

func sameView(a, b view) bool {
	x, y := a.role, b.role
	sameMenu := (x.Menu == nil) == (y.Menu == nil) && (x.Menu == nil || x.Menu.ID == y.Menu.ID && x.Menu.Selected == y.Menu.Selected)
	return a.live == b.live && a.typing == b.typing && a.at == b.at && a.menu == b.menu && a.back == b.back && x.State == y.State && x.Kind == y.Kind && x.Queue == y.Queue && x.Held == y.Held && x.Draft == y.Draft &&
		x.Trouble == y.Trouble && x.Last == y.Last && (x.Exit == nil) == (y.Exit == nil) && sameMenu
}

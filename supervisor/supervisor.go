// Package supervisor does what isesh is for: it launches roles, watches their screens, and is the only one that types into their panes.
//
// One Supervisor serves one state directory and one tmux server. Each role has a runner, the goroutine that owns all that is known of
// the role while it lives; each watched tmux session has a watch, which owns the control client. Everything else asks them.
package supervisor

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sourcegraph/conc"

	"isesh/control"
	"isesh/roles"
	"isesh/supervisor/api"
)

// Config is what a Supervisor is made of.
type Config struct {
	Dir      string         // state directory; made when missing
	Tmux     control.Server // the tmux server that roles live in
	Binary   string         // the isesh binary that roles find on their PATH
	Profiles string         // directory of the user's own agent profiles, "" for none
	Socket   string         // where this supervisor is reached; handed to roles
	Log      *slog.Logger   // bodies of messages are never logged
	IdleExit time.Duration  // end by itself after so long with no live role, nothing pending and nobody connected; 0 means never
	Prefix   string         // of tmux session names, "isesh-" when empty
	Version  string
	Build    api.Build
	Clients  func() int // connections open now; nil counts as none

	Longest   int           // bytes that the text of a message may have; 0 means MaxText, which is the most
	FileAbove int           // texts longer than so many bytes are typed as a pointer to a file; 0 means 64 KiB, less means never
	Expire    time.Duration // how long a message may wait to be typed; 0 means 7 days, less means for ever
	Keep      int64         // bytes of the conversation that are kept; 0 means 1 GiB
	KeepFor   time.Duration // how long its records are kept at most; 0 means as long as they fit

	KeepLetters time.Duration // how long what was read stays in its mailbox; 0 means 30 days
}

// Supervisor implements api.Backend. New opens its files, Run does the work; the methods of api.Backend answer while Run runs.
type Supervisor struct {
	cfg     Config
	dir     roles.Dir
	log     *roles.Log
	reg     *roles.Registry
	events  *roles.Events
	mail    *roles.Mailboxes
	slog    *slog.Logger
	started time.Time
	tmux    control.Version
	changes hub // a role changed
	records hub // the conversation grew
	talk    talk
	prompts *roles.Prompts
	// happened: events.jsonl grew
	happened hub
	limits   *limiter
	now      func() time.Time // for limits

	recalled recalled // what an earlier supervisor left; set before ready is closed

	toFile chan struct{} // capacity 1: the mailboxes are to be brought up to date
	filed  atomic.Int64  // how far they have been, the last time that was done

	stranded chan struct{} // capacity 1: a runner has ended, and may have left messages

	ready chan struct{} // closed when recovery is over
	stop  chan struct{} // closed when Run is to return
	once  sync.Once     // closes stop

	run context.Context // ends with Run; set before ready is closed
	wg  *conc.WaitGroup // every goroutine that Run waits for

	// quiet is held while a session is made or ended and while a client is dialled: tmux before 3.7 may crash when the two meet.
	quiet sync.Mutex
	// opening is held while a watch is opened, so that no session gets two.
	opening sync.Mutex
	// outs is held while messages of a role without a runner are taken out of its queue, and while a new runner reads what waits for it.
	outs sync.Mutex

	mu       sync.Mutex // owns the fields below
	runners  map[roles.Address]*runner
	watches  map[string]*watch // by session id
	faults   map[roles.Address]int
	launches map[string]bool // teams that are being started or stopped
	replace  string          // binary to become after Run
}

// New opens the files of a state directory. Run closes them.
func New(cfg Config) (*Supervisor, error) {
	version, err := cfg.Tmux.Version(context.Background())
	if err != nil {
		return nil, err
	}
	return newFor(cfg, version)
}

// newFor is New for a version of tmux that is known.
func newFor(cfg Config, version control.Version) (*Supervisor, error) {
	if cfg.Prefix == "" {
		cfg.Prefix = "isesh-"
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Clients == nil {
		cfg.Clients = func() int { return 0 }
	}
	dir, err := roles.OpenDir(cfg.Dir)
	if err != nil {
		return nil, err
	}
	s := &Supervisor{
		cfg: cfg, dir: dir, slog: cfg.Log, started: time.Now(), tmux: version,
		ready: make(chan struct{}), stop: make(chan struct{}),
		runners: map[roles.Address]*runner{}, watches: map[string]*watch{}, launches: map[string]bool{},
		faults: map[roles.Address]int{}, limits: newLimiter(), now: time.Now,
	}
	s.changes.init()
	s.stranded, s.toFile = make(chan struct{}, 1), make(chan struct{}, 1)
	s.records.init()
	s.talk.init()
	s.happened.init()
	if err := s.open(); err != nil {
		return nil, err
	}
	return s, nil
}

// open opens the files and says in the log what had to be repaired.
func (s *Supervisor) open() (err error) {
	var all []roles.Notice
	var notices []roles.Notice
	if s.log, notices, err = roles.OpenLogWith(s.dir, roles.LogOptions{Keep: s.cfg.Keep, KeepFor: s.cfg.KeepFor}); err != nil {
		return err
	}
	all = append(all, notices...)
	if s.reg, notices, err = roles.OpenRegistry(s.dir); err != nil {
		return errors.Join(err, s.log.Close())
	}
	all = append(all, notices...)
	if s.events, notices, err = roles.OpenEvents(s.dir); err != nil {
		return errors.Join(err, s.log.Close())
	}
	all = append(all, notices...)
	if s.prompts, notices, err = roles.OpenPrompts(s.dir); err != nil {
		return errors.Join(err, s.events.Close(), s.log.Close())
	}
	all = append(all, notices...)
	if s.mail, notices, err = roles.OpenMailboxesWith(s.dir, s.log, roles.MailOptions{KeepFor: s.cfg.KeepLetters}); err != nil {
		return errors.Join(err, s.events.Close(), s.log.Close())
	}
	all = append(all, notices...)
	if err := s.recallLimits(); err != nil {
		return errors.Join(err, s.mail.Close(), s.events.Close(), s.log.Close())
	}
	s.filed.Store(int64(s.log.Offset()))
	for _, n := range all {
		s.notice("", n.String())
	}
	return nil
}

// Run recovers what was under way, watches the roles and returns when ctx ends, when StopSupervisor was called, or when nothing has been
// left to do for Config.IdleExit. The agents go on in every case.
func (s *Supervisor) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.run, s.wg = ctx, conc.NewWaitGroup()
	if err := s.recover(ctx); err != nil {
		return errors.Join(err, s.closeFiles())
	}
	close(s.ready)
	s.sweepFiles()
	s.wg.Go(func() { s.expireStranded(ctx) })
	s.wg.Go(func() { s.fileLetters(ctx) })
	s.untilDone(ctx)
	s.drain(ctx)
	cancel()
	s.wg.Wait()
	return s.closeFiles()
}

func (s *Supervisor) closeFiles() error {
	return errors.Join(s.mail.Update(), s.mail.Close(), s.events.Close(), s.log.Close()) // the mailboxes still need the log
}

// untilDone returns when Run is to end.
func (s *Supervisor) untilDone(ctx context.Context) {
	var idle *time.Timer
	var fires <-chan time.Time
	defer func() {
		if idle != nil {
			idle.Stop()
		}
	}()
	for {
		changed := s.changes.wait()
		switch unused := s.unused(); {
		case s.cfg.IdleExit <= 0 || !unused:
			fires = nil
		case fires == nil:
			idle = time.NewTimer(s.cfg.IdleExit)
			fires = idle.C
		}
		select {
		case <-ctx.Done():
			return
		case <-s.stop:
			return
		case <-fires:
			if s.unused() {
				s.slog.Info("nothing left to supervise", "after", s.cfg.IdleExit)
				return
			}
			fires = nil
		case <-changed:
		}
	}
}

// Poke makes Run look again whether it is still needed; the server calls it when a client has come or gone.
func (s *Supervisor) Poke() { s.changes.broadcast() }

// unused reports that no role has a live pane, nobody is connected and nothing is being started. Messages for roles without a pane wait
// on disk and need no supervisor.
func (s *Supervisor) unused() bool {
	s.mu.Lock()
	launching := len(s.launches) > 0
	s.mu.Unlock()
	if launching || s.cfg.Clients() > 0 {
		return false
	}
	for _, r := range s.allRunners() {
		if r.view().live {
			return false
		}
	}
	return true
}

// Replacement is the binary that the caller of Run shall become when Run has returned, "" for none.
func (s *Supervisor) Replacement() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.replace
}

// end makes Run return.
func (s *Supervisor) end() { s.once.Do(func() { close(s.stop) }) }

// scratch is where payloads and captures pass through: a directory of ours beside the socket, which is as a rule in memory.
func (s *Supervisor) scratch() string {
	if s.cfg.Socket == "" {
		return filepath.Join(s.cfg.Dir, "scratch")
	}
	return strings.TrimSuffix(s.cfg.Socket, filepath.Ext(s.cfg.Socket)) + ".d"
}

// notice writes something that a person should know into the conversation and the log.
func (s *Supervisor) notice(team, text string) {
	s.slog.Warn(text, "team", team)
	rec := s.record(roles.KindNotice)
	rec.Team, rec.Text = team, text
	s.write(rec)
}

// record starts a record of the conversation.
func (s *Supervisor) record(kind roles.Kind) roles.Record {
	return roles.Record{V: roles.Version, ID: roles.NewID(), Time: time.Now(), Kind: kind}
}

// event writes a change of a role's state; a failure is logged, for nothing depends on it.
func (s *Supervisor) event(e roles.Event) {
	e.Time = time.Now()
	if err := s.events.Append(e); err != nil {
		s.slog.Error("writing an event", "err", err)
	}
	s.happened.broadcast()
}

// hub tells any number of waiters that something changed. They re-read what they care about: changes are not queued.
type hub struct {
	mu sync.Mutex // owns ch
	ch chan struct{}
}

func (h *hub) init() { h.ch = make(chan struct{}) }

// wait returns a channel that is closed at the next change. Take it before reading the state.
func (h *hub) wait() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ch
}

func (h *hub) broadcast() {
	h.mu.Lock()
	defer h.mu.Unlock()
	close(h.ch)
	h.ch = make(chan struct{})
}

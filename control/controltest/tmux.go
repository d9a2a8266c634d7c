package controltest

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Tmux is a tmux server in memory. Its mutex owns everything below it: sessions, windows, panes, options, buffers and connections; like
// tmux itself it does one thing at a time. All methods may be called from any goroutine.
type Tmux struct {
	tb      testing.TB
	mu      sync.Mutex
	version string
	major   int
	minor   int
	socket  string
	tick    time.Duration
	read    int // bytes a Read hands out at most, 0 = all

	programs map[string]func() Program
	wg       sync.WaitGroup // the goroutines of the panes

	// What one run of the server holds; reset makes a new one.
	running  bool
	pid      int
	start    time.Time
	number   uint32
	nextPID  int
	sessions []*session
	clients  []*client
	buffers  []*buffer
	nbuffers int
	options  options // server
	globals  options // session
	globalw  options // window
	nextID   [3]int  // session, window, pane
	notes    []func()
	timer    *time.Timer
	activity int64 // grows with every use of a session, so that "the newest" is always one

	// Faults and what was seen.
	stalled bool
	hooks   []hook
	failing map[string][]string
	leaked  int64
	crashed string
	closed  bool
}

// Option changes the Tmux that New makes.
type Option func(*Tmux)

// Version makes the server behave, and name itself, as that release of tmux: "3.2a", "3.3a" (the default), "3.4", "3.5a", "3.6b" or "3.7c".
func Version(v string) Option { return func(t *Tmux) { t.version = v } }

// Tick sets how often subscriptions are looked at. The default is tmux's second.
func Tick(d time.Duration) Option { return func(t *Tmux) { t.tick = d } }

// ReadSize makes every Read of a connection return at most n bytes, so that lines arrive cut anywhere.
func ReadSize(n int) Option { return func(t *Tmux) { t.read = n } }

// Handle makes panes whose command is name (its last path element; "" is the shell a pane without a command runs, "*" any that is not known
// otherwise) run a new Program made by f. Known without it: the shell and cat (Echo), sleep, true, false and exit.
func Handle(name string, f func() Program) Option { return func(t *Tmux) { t.programs[name] = f } }

// New returns a tmux in memory without sessions. Like the real one it starts with the first dial and ends with its last session; it starts
// again with the next dial. Everything is ended when the test does.
func New(tb testing.TB, opts ...Option) *Tmux {
	tb.Helper()
	t := &Tmux{tb: tb, version: "3.3a", tick: time.Second, socket: "/memory/tmux", programs: map[string]func() Program{}, failing: map[string][]string{}, pid: 4000}
	for _, o := range opts {
		o(t)
	}
	if _, err := fmt.Sscanf(t.version, "%d.%d", &t.major, &t.minor); err != nil {
		tb.Fatalf("tmux version %q: %v", t.version, err)
	}
	tb.Cleanup(t.stop)
	return t
}

// stop ends the server and waits for the programs.
func (t *Tmux) stop() {
	t.mu.Lock()
	t.closed = true
	if t.running {
		t.end("")
	}
	t.unlock()
	t.wg.Wait()
}

// at tells whether the server is of that release or a later one.
func (t *Tmux) at(major, minor int) bool {
	return t.major > major || t.major == major && t.minor >= minor
}

// unlock delivers the notifications that have come up and gives the server back.
func (t *Tmux) unlock() {
	t.deliver()
	t.mu.Unlock()
}

// boot starts a server run when none is going on.
func (t *Tmux) boot() {
	if t.running {
		return
	}
	t.running, t.start, t.number, t.crashed = true, time.Now(), 200, ""
	t.pid += 1000
	t.nextPID = t.pid
	t.sessions, t.clients, t.buffers, t.notes = nil, nil, nil, nil
	t.options, t.globals, t.globalw = options{}, options{}, options{}
	t.nextID = [3]int{}
}

// end closes every session and connection; reason goes behind %exit.
func (t *Tmux) end(reason string) {
	t.stalled = false
	for _, s := range slices.Clone(t.sessions) {
		for _, w := range s.windows {
			for _, p := range w.panes {
				p.close()
			}
		}
	}
	if len(t.sessions) > 0 && reason == "" {
		t.notifyAll("%%sessions-changed")
	}
	t.deliver()
	for _, c := range slices.Clone(t.clients) {
		code := 0
		if reason != "" {
			code = 1
		}
		c.exit(reason, code)
	}
	t.sessions, t.running, t.notes = nil, false, nil
	if t.timer != nil {
		t.timer.Stop()
		t.timer = nil
	}
}

// crash is what a tmux that met one of its bugs does.
func (t *Tmux) crash(why string) {
	t.crashed = why
	t.end("server exited unexpectedly")
}

// process returns a new process id.
func (t *Tmux) process() int {
	t.nextPID++
	return t.nextPID
}

func (t *Tmux) id(kind int) int {
	n := t.nextID[kind]
	t.nextID[kind]++
	return n
}

// session is one session: its windows in the order of their indexes.
type session struct {
	id       int
	name     string
	dir      string
	created  time.Time
	touched  time.Time
	activity int64
	windows  []*winlink
	current  *winlink
	last     *winlink
	options  options
	env      map[string]string
}

// winlink is a window at its place in a session. Windows are in one session only.
type winlink struct {
	id      int
	index   int
	name    string
	session *session
	panes   []*Pane
	active  *Pane
	sx, sy  int
	upright bool // panes are one above the other
	touched time.Time
	options options
}

func (s *session) String() string { return "$" + strconv.Itoa(s.id) }
func (w *winlink) String() string { return "@" + strconv.Itoa(w.id) }

// byName lists the sessions in the order of their names, as tmux keeps them.
func (t *Tmux) byName() []*session {
	list := slices.Clone(t.sessions)
	sort.Slice(list, func(i, j int) bool { return list[i].name < list[j].name })
	return list
}

func (t *Tmux) touch(s *session) {
	t.activity++
	s.activity, s.touched = t.activity, time.Now()
}

// newest returns the session used last, or nil.
func (t *Tmux) newest() *session {
	var best *session
	for _, s := range t.sessions {
		if best == nil || s.activity > best.activity {
			best = s
		}
	}
	return best
}

func (t *Tmux) attached(s *session) int {
	n := 0
	for _, c := range t.clients {
		if c.session == s {
			n++
		}
	}
	return n
}

// addWindow makes a window with one pane at index, or at the first free one, and selects it unless it is detached.
func (t *Tmux) addWindow(s *session, index int, name string, sx, sy int, l launch, detached bool) *winlink {
	if index < 0 {
		index, _ = strconv.Atoi(t.option("base-index", s, nil, nil))
		for s.window(index) != nil {
			index++
		}
	}
	if name == "" {
		name = l.name()
	}
	w := &winlink{id: t.id(1), index: index, name: name, session: s, sx: sx, sy: sy, touched: time.Now(), options: options{}}
	s.windows = append(s.windows, w)
	sort.SliceStable(s.windows, func(i, j int) bool { return s.windows[i].index < s.windows[j].index })
	p := t.newPane(w, sx, sy, l)
	w.panes, w.active = []*Pane{p}, p
	if s.current == nil {
		s.current = w
	} else if !detached {
		t.selectWindow(w)
	}
	t.notifyWindow(w, "add", "")
	return w
}

func (s *session) window(index int) *winlink {
	for _, w := range s.windows {
		if w.index == index {
			return w
		}
	}
	return nil
}

// selectWindow makes w the current window of its session.
func (t *Tmux) selectWindow(w *winlink) {
	s := w.session
	if s.current == w {
		return
	}
	s.last, s.current = s.current, w
	t.notifyAll("%%session-window-changed %s %s", s, w)
}

// removeWindow takes w and its panes away; a session without windows ends.
func (t *Tmux) removeWindow(w *winlink) {
	s := w.session
	for _, p := range w.panes {
		p.close()
	}
	i := slices.Index(s.windows, w)
	if i < 0 {
		return
	}
	if len(s.windows) == 1 {
		t.notifyWindow(w, "close", "")
		s.windows = nil
		t.removeSession(s)
		return
	}
	s.windows = slices.Delete(slices.Clone(s.windows), i, i+1)
	if s.current == w {
		next := s.windows[max(i-1, 0)]
		if s.last != nil && s.last != w {
			next = s.last
		}
		s.current = nil
		t.selectWindow(next)
	}
	if s.last == w {
		s.last = nil
	}
	t.notifyWindow(w, "close", "")
	if t.option("renumber-windows", s, nil, nil) == "on" {
		base, _ := strconv.Atoi(t.option("base-index", s, nil, nil))
		for j, w := range s.windows {
			w.index = base + j
		}
	}
}

// removeSession ends a session. Its clients leave, or are moved where detach-on-destroy is off; the server leaves with the last one.
func (t *Tmux) removeSession(s *session) {
	i := slices.Index(t.sessions, s)
	if i < 0 {
		return
	}
	t.sessions = slices.Delete(slices.Clone(t.sessions), i, i+1)
	for _, w := range s.windows {
		for _, p := range w.panes {
			p.close()
		}
	}
	var leaving []*client
	for _, c := range t.clients {
		if c.session != s {
			continue
		}
		c.session = nil
		if t.option("detach-on-destroy", s, nil, nil) == "off" && len(t.sessions) > 0 {
			c.attach(t.newest())
			continue
		}
		leaving = append(leaving, c)
	}
	t.notifyAll("%%sessions-changed")
	for _, w := range s.windows {
		t.notifyWindow(w, "close", "")
	}
	for _, c := range leaving {
		c.leaving = true
		t.note(func() { c.exit("", 0) })
	}
	if len(t.sessions) == 0 && t.serverOption("exit-empty") == "on" {
		t.note(func() {
			if len(t.sessions) == 0 {
				t.end("")
			}
		})
	}
}

// removePane takes a pane out of its window, which goes with its last one.
func (t *Tmux) removePane(p *Pane) {
	w := p.window
	p.close()
	i := slices.Index(w.panes, p)
	if i < 0 {
		return
	}
	if len(w.panes) == 1 {
		t.removeWindow(w)
		return
	}
	w.panes = slices.Delete(slices.Clone(w.panes), i, i+1)
	w.giveSpace(p, i)
	t.notifyLayout(w)
	if w.active == p {
		w.active = w.panes[max(i-1, 0)]
		t.notifyAll("%%window-pane-changed %s %s", w, w.active)
	}
}

func (t *Tmux) panes() []*Pane {
	var list []*Pane
	for _, s := range t.byName() {
		for _, w := range s.windows {
			list = append(list, w.panes...)
		}
	}
	return list
}

// cleanName is what tmux makes of a session's name.
func (t *Tmux) cleanName(name string) string {
	if t.at(3, 7) {
		return name
	}
	return vis(strings.NewReplacer(":", "_", ".", "_").Replace(name))
}

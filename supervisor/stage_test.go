package supervisor

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"isesh/control"
)

// actorPID is a process that cannot exist, so that nothing real is watched or signalled.
const actorPID = 1 << 29

// actor plays a pane with a coding agent in it, without tmux: it checks guards as tmux does, against what it shows, and looks like the scripted
// agent. What it does wrong is set by its fields. Input takes effect after reads, the screen shows it after draws.
type actor struct {
	mu sync.Mutex // owns what follows

	// the pane
	dead, gone, inMode, inputOff, connected bool
	step                                    string
	shown                                   string // what tmux has on the screen
	cursorX, cursorY                        int
	menuShown                               bool
	out                                     *stageOutput

	// the program
	transcript []string
	composer   string
	stash      string   // a draft put aside, "" for none
	waits      []string // submitted while busy
	busy, menu bool
	turns      int

	// how it behaves
	reads, draws time.Duration
	turn         time.Duration
	swallow      int                                     // Enters that do nothing
	stopped      bool                                    // reads nothing
	saysSo       bool                                    // the transcript tells of an interrupt
	handsBack    bool                                    // Escape puts the prompt back
	deafToStash  bool                                    // Ctrl-S does nothing
	restless     bool                                    // the cursor is never where it was seen
	noEcho       bool                                    // the transcript does not show what was submitted
	clearSlow    time.Duration                           // Escape takes so long to clear a draft
	before, done func(a *actor, what, step string) error // hooks around a step of tmux, called with mu held; an error is the reply
	pending      []func()                                // input not read yet

	// what happened
	submitted []string
	pastes    []string // texts
	keys      []string // in order, "paste" included
	menuKeys  []string // keys that reached a menu
	emptyKeys int      // Enters into an empty composer
	steps     map[string]int
}

type stageOutput struct {
	ch   chan struct{}
	mu   sync.Mutex
	data []byte
}

func (o *stageOutput) C() <-chan struct{} { return o.ch }

func (o *stageOutput) Take() control.Chunk {
	o.mu.Lock()
	defer o.mu.Unlock()
	c := control.Chunk{Data: o.data}
	o.data = nil
	return c
}

func (o *stageOutput) write(s string) {
	o.mu.Lock()
	o.data = append(o.data, s...)
	o.mu.Unlock()
	select {
	case o.ch <- struct{}{}:
	default:
	}
}

func newActor() *actor {
	a := &actor{connected: true, draws: time.Millisecond, out: &stageOutput{ch: make(chan struct{}, 1)}, turn: 2 * time.Second, steps: map[string]int{}}
	a.draw()
	return a
}

// edit changes the actor from a test.
func (a *actor) edit(fn func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	fn()
}

// redraw draws what the program shows now. Called with mu held.
func (a *actor) redraw() {
	if a.draws == 0 {
		a.draw()
		return
	}
	time.AfterFunc(a.draws, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.draw()
	})
}

const stageRows = 24

func (a *actor) draw() {
	if a.dead || a.gone {
		return
	}
	rule := strings.Repeat("─", 80)
	top := append([]string{"scripted agent"}, a.transcript...)
	var box []string
	a.menuShown = a.menu
	if a.menu {
		box = []string{rule, "◆ Allow this command?", "    touch x", "› 1. Yes", "  2. Yes, and don't ask again", "  3. No", "  enter to choose · esc to decline"}
	} else {
		lines := strings.Split(a.composer, "\n")
		if len(lines) > 5 {
			lines = []string{fmt.Sprintf("[Pasted #1 +%d lines]", len(lines)-1)}
		}
		footer := "  ? for help"
		switch {
		case a.busy && a.composer != "":
			footer = "  enter to queue · esc to stop"
		case a.busy:
			footer = "  esc to stop"
			lines = []string{"Messages wait for the turn to end"}
		case a.composer != "":
			footer = "  enter to send · esc esc to clear"
		default:
			lines = []string{"Ask for something"}
		}
		box = append(box, rule, "▸\u00a0"+lines[0])
		for _, l := range lines[1:] {
			box = append(box, "  "+l)
		}
		box = append(box, rule, footer)
		if a.busy {
			queue := []string{"✶ Working… 0s"}
			for _, text := range a.waits {
				first, _, _ := strings.Cut(text, "\n")
				queue = append(queue, "» "+first)
			}
			box = append(queue, box...)
		}
	}
	room := stageRows - len(box)
	if len(top) > room {
		top = top[len(top)-room:]
	}
	for len(top) < room {
		top = append(top, "")
	}
	rows := append(top, box...)
	a.cursorX, a.cursorY = 2, stageRows-3
	if last := box[len(box)-3]; a.composer != "" && !a.menu {
		a.cursorX = len([]rune(last))
	}
	a.shown = strings.Join(rows, "\n")
	a.out.write(a.shown)
}

func (a *actor) Snapshot(context.Context) (control.Snapshot, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.gone:
		return control.Snapshot{}, &control.Refused{Pane: "%1", Reason: control.Gone}
	case !a.connected:
		return control.Snapshot{}, errNoClient
	}
	return control.Snapshot{Screen: a.shown, At: time.Now(), Pane: control.Pane{
		ID: "%1", PID: actorPID, Dead: a.dead, DeadStatus: 1, InMode: a.inMode, InputOff: a.inputOff,
		CursorX: a.cursorX, CursorY: a.cursorY, Width: 80, Height: stageRows, Step: a.step,
	}}, nil
}

// rowCondition reads what a control.Cond says in words.
var rowCondition = regexp.MustCompile(`^(row|no row|cursor on the first row|cursor on or below a row) matching (".*")$`)

func (a *actor) holds(c control.Cond) bool {
	var x, y int
	if n, _ := fmt.Sscanf(c.String(), "cursor in column %d of row %d", &x, &y); n == 2 {
		return x == a.cursorX && y == a.cursorY && !a.restless
	}
	m := rowCondition.FindStringSubmatch(c.String())
	if m == nil {
		panic("the stage does not know the condition " + c.String())
	}
	text, err := strconv.Unquote(m[2])
	if err != nil {
		panic(err)
	}
	re := regexp.MustCompile(text)
	first := -1
	for y, row := range strings.Split(a.shown, "\n") {
		if re.MatchString(row) {
			first = y
			break
		}
	}
	switch m[1] {
	case "row":
		return first >= 0
	case "no row":
		return first < 0
	case "cursor on the first row":
		return first == a.cursorY
	}
	return first >= 0 && first <= a.cursorY
}

// guarded does what tmux does with a guarded line.
func (a *actor) guarded(what string, g control.Guard, do func()) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.connected {
		return errNoClient
	}
	if a.before != nil {
		if err := a.before(a, what, g.Next); err != nil {
			return err
		}
	}
	refuse := func(r control.Reason) error { return &control.Refused{Pane: g.Pane, Reason: r} }
	switch {
	case a.gone:
		return refuse(control.Gone)
	case g.PID != actorPID:
		return refuse(control.OtherProcess)
	case a.dead:
		return refuse(control.Dead)
	case a.inMode:
		return refuse(control.InMode)
	case a.inputOff:
		return refuse(control.InputOff)
	case g.Next != "" && g.Step != a.step:
		return refuse(control.Step)
	}
	for _, c := range g.Conds {
		if !a.holds(c) {
			return refuse(control.Screen)
		}
	}
	if g.Next != "" {
		a.step = g.Next
		a.steps[g.Next]++
	}
	a.keys = append(a.keys, what)
	a.pending = append(a.pending, do)
	if !a.stopped {
		a.later(a.reads, a.read)
	}
	if a.done != nil {
		return a.done(a, what, g.Next)
	}
	return nil
}

// later calls fn, with mu held, after a while; at once when that is nothing.
func (a *actor) later(d time.Duration, fn func()) {
	if d == 0 {
		fn()
		return
	}
	time.AfterFunc(d, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		fn()
	})
}

// read takes in what was typed.
func (a *actor) read() {
	if a.stopped || a.dead || a.gone {
		return
	}
	todo := a.pending
	a.pending = nil
	for _, fn := range todo {
		fn()
	}
	if len(todo) > 0 {
		a.redraw()
	}
}

// resume makes a stopped program read again.
func (a *actor) resume() {
	a.stopped = false
	a.read()
}

func (a *actor) Paste(_ context.Context, g control.Guard, data []byte) error {
	text := string(data)
	return a.guarded("paste", g, func() {
		a.pastes = append(a.pastes, text)
		a.composer += text
	})
}

func (a *actor) Keys(_ context.Context, g control.Guard, keys ...string) error {
	return a.guarded(strings.Join(keys, " "), g, func() {
		for _, k := range keys {
			a.key(k)
		}
	})
}

func (a *actor) key(k string) {
	switch {
	case a.menuShown:
		a.menuKeys = append(a.menuKeys, k)
		a.menu = false
	case k == "Escape" && a.busy:
		a.busy = false
		a.turns++
		if a.saysSo {
			a.transcript = append(a.transcript, "■ Interrupted")
		}
		if len(a.waits) > 0 {
			next := a.waits[0]
			a.waits = a.waits[1:]
			a.take(next)
		}
		if a.handsBack && len(a.submitted) > 0 {
			a.composer = a.submitted[len(a.submitted)-1]
		}
	case k == "Escape":
		a.later(a.clearSlow, func() { a.composer = ""; a.redraw() })
	case k == "Enter" && a.swallow > 0:
		a.swallow--
	case k == "C-s" && a.deafToStash:
	case k == "C-s":
		a.composer, a.stash = a.stash, a.composer
	case k == "Enter" && a.composer == "":
		a.emptyKeys++
	case k == "Enter":
		a.submit()
	}
}

func (a *actor) submit() {
	text := a.composer
	a.composer, a.stash = a.stash, ""
	if a.busy {
		a.waits = append(a.waits, text)
		return
	}
	a.take(text)
}

// take begins a turn with a message.
func (a *actor) take(text string) {
	a.submitted = append(a.submitted, text)
	if !a.noEcho {
		for i, l := range strings.Split(text, "\n") {
			a.transcript = append(a.transcript, []string{"> ", "  "}[min(i, 1)]+l)
		}
	}
	a.begin()
}

func (a *actor) begin() {
	if a.turn == 0 {
		return
	}
	a.busy = true
	a.turns++
	n := a.turns
	a.later(a.turn, func() {
		if a.turns == n && a.busy {
			a.busy = false
			a.transcript = append(a.transcript, fmt.Sprintf("— done %d", n))
			if len(a.waits) > 0 {
				next := a.waits[0]
				a.waits = a.waits[1:]
				a.take(next)
			}
			a.redraw()
		}
	})
}

func (a *actor) Output() output {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.connected {
		return nil
	}
	return a.out
}

// reconnect is a connection that is made anew.
func (a *actor) reconnect(r *runner) {
	a.edit(func() { a.connected = true; a.out = &stageOutput{ch: make(chan struct{}, 1)} })
	r.tell(signal{attached: true})
}

func (a *actor) History(context.Context, int) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.connected {
		return "", errNoClient
	}
	rows := strings.Split(a.shown, "\n")
	hidden := max(0, len(a.transcript)-(stageRows-6))
	return strings.Join(append(slices.Clone(a.transcript[:hidden]), rows...), "\n"), nil
}

var errLost = errors.New("connection closed")

// lose makes the reply to a step get lost after tmux has done it, once.
func lose(what string) func(*actor, string, string) error {
	lost := false
	return func(_ *actor, did, step string) error {
		if did == what && step != "" && !lost {
			lost = true
			return errLost
		}
		return nil
	}
}

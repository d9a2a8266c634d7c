package supervisor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"isesh/control"
	"isesh/roles/agent"
	"isesh/supervisor/api"
)

// Times of a key into a menu.
const (
	// pressAgain is how long a menu may stay after its key before the key is pressed again, if it was surely lost.
	pressAgain = 1 * time.Second
	// readBy is how long after a key a program must have drawn something for the key to have been read: programs that draw in between come
	// from the same loop that reads.
	readBy = 300 * time.Millisecond
	// maxPresses is how often a key is pressed in all.
	maxPresses = 3
	// blinks is how many characters a menu that waits may draw until its key is pressed again: a mark that blinks.
	blinks = 8
)

// openMenu is a menu from the moment it was seen until it was seen to be gone. The zero value is none.
type openMenu struct {
	id    string
	since time.Time // not long after it was drawn
	above string    // the letters above its heading
}

// saw takes in a look that was taken at a time.
func (m *openMenu) saw(r agent.Reading, s agent.Screen, at time.Time) {
	if r.State != agent.Waiting {
		*m = openMenu{}
		return
	}
	if id := menuOf(r).ID; id != m.id {
		m.id, m.since = id, at
	}
	rows := agent.Rows(s)
	_, top := menuRows(rows, r)
	m.above = letters(rows[:top])
}

// letters drops what may change while nothing happens: marks that blink, seconds that are counted.
func letters(rows []string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsLetter(c) {
			return c
		}
		return -1
	}, strings.Join(rows, ""))
}

// answer is one key of a menu, checked against what was on the screen when it was chosen.
type answer struct {
	menu  *api.Menu
	rows  []control.Cond // the menu as it was read, row by row
	keys  []string
	label string

	open    openMenu  // the one that was answered
	pressed []string  // all that was pressed
	last    string    // the deciding key
	at      time.Time // when it was pressed
	presses int       // how often
}

// readMenu looks at the screen now and takes down the menu that is on it.
func (r *runner) readMenu(ctx context.Context, id string) (*answer, error) {
	r.see(ctx)
	if r.gone || r.state == agent.Dead {
		return nil, r.s.dead(r.addr)
	}
	if r.state != agent.Waiting {
		return nil, &api.Error{Code: api.CodeError, Message: fmt.Sprintf("%s has no menu open (it is %s)", r.addr, r.state), Hint: "isesh read " + r.addr.String()}
	}
	a := &answer{menu: menuOf(r.reading)}
	if id != "" && id != a.menu.ID {
		return nil, &api.Error{Code: api.CodeRejected, Message: fmt.Sprintf("%s shows another menu now (%s): %s", r.addr, a.menu.ID, a.menu.Heading)}
	}
	a.rows, _ = menuRows(agent.Rows(screenOf(r.facts)), r.reading)
	return a, nil
}

// menuRows returns conditions that hold while the menu is on the screen as it was read: every row from the first that shows an option to the
// last, and the heading's. A key that was meant for this menu is refused inside tmux when any of them has changed. top is the first of them.
func menuRows(rows []string, reading agent.Reading) (conds []control.Cond, top int) {
	at := len(rows)
	for i := len(reading.Options) - 1; i >= 0; i-- {
		for at--; at >= 0 && !strings.Contains(rows[at], firstWords(reading.Options[i])); at-- {
		}
		if at < 0 {
			break
		}
		conds = append(conds, control.Row(literal(strings.TrimRight(rows[at], " "))))
	}
	if heading := firstWords(reading.Heading); heading != "" {
		for i := min(at, len(rows)-1); i >= 0; i-- {
			if strings.Contains(rows[i], heading) {
				conds = append(conds, control.Row(literal(strings.TrimRight(rows[i], " "))))
				at = i
				break
			}
		}
	}
	return conds, max(0, min(at, len(rows)))
}

// firstWords is the part of a label that stands on one row however narrow the pane: labels wrap.
func firstWords(s string) string {
	const enough = 24
	if len(s) <= enough {
		return s
	}
	if cut := strings.LastIndexByte(s[:enough], ' '); cut > 0 {
		return s[:cut]
	}
	return s
}

// listens waits until the menu on the screen has stood long enough to hear keys: some programs draw a menu before they listen. A menu that
// goes meanwhile ends the wait; what is pressed then is refused, for it was not meant for what is there now.
func (r *runner) listens(ctx context.Context) {
	var open openMenu
	if err := r.do(ctx, func() { open = r.menu }); err != nil || open.id == "" {
		return
	}
	if left := r.prof.MenuSettle() - time.Since(open.since); left > 0 {
		r.s.until(ctx, left, func() bool { return r.view().menu.id != open.id })
	}
}

// answer presses an answer's keys. Where an option has no key of its own the cursor is moved first, and Enter follows only when the screen
// shows it on the wanted option.
func (r *runner) answer(ctx context.Context, a *answer) error {
	r.listens(ctx)
	if len(a.keys) == 1 {
		return r.decide(ctx, a, a.rows)
	}
	moves := a.keys[:len(a.keys)-1]
	want := slices.Index(a.menu.Options, a.label)
	if err := r.press(ctx, a.rows, moves...); err != nil {
		return err
	}
	a.pressed = moves
	ok := r.s.until(ctx, actWithin, func() bool {
		m := r.view().role.Menu
		return m != nil && m.ID == a.menu.ID && m.Selected == want
	})
	if !ok {
		return &api.Error{Code: api.CodeError, Message: fmt.Sprintf("%s: the highlight did not come to %q; Enter was not pressed", r.addr, a.label)}
	}
	var now *answer
	var err error
	doErr := r.do(ctx, func() {
		if now, err = r.readMenu(ctx, a.menu.ID); err == nil && r.reading.Selected != want {
			err = &api.Error{Code: api.CodeError, Message: fmt.Sprintf("%s: the highlight moved away from %q; Enter was not pressed", r.addr, a.label)}
		}
	})
	if err = errors.Join(doErr, err); err != nil {
		return err
	}
	return r.decide(ctx, a, now.rows)
}

// decide presses the last key of an answer, the one that closes the menu.
func (r *runner) decide(ctx context.Context, a *answer, rows []control.Cond) error {
	a.rows, a.last = rows, a.keys[len(a.keys)-1]
	var same bool
	if err := r.do(ctx, func() { a.open, same = r.menu, r.menu.id == a.menu.ID }); err != nil {
		return err
	}
	if !same {
		return &api.Error{
			Code: api.CodeRejected, Message: fmt.Sprintf("%s: nothing was pressed, the menu that was read has gone", r.addr), Hint: "isesh read " + r.addr.String(),
		}
	}
	if err := r.press(ctx, rows, a.last); err != nil {
		return err
	}
	a.at, a.presses = time.Now(), 1
	a.pressed = append(slices.Clone(a.pressed), a.last)
	return nil
}

// again presses the deciding key of an answer once more if it is sure to have been lost: the same menu is on the screen, it was seen in every
// look since the key, the program has drawn something since and so must have read its input, and it has drawn no more than a blinking mark.
// A second menu that looks the same cannot be met like this: something has to be drawn for the first to be answered and the second to come.
func (r *runner) again(ctx context.Context, a *answer) error {
	return r.do(ctx, func() {
		r.see(ctx)
		r.drain()
		lost := r.menu == a.open && r.menu.id != "" && a.presses < maxPresses && r.look.out.Sub(a.at) >= readBy && r.ink.n <= blinks
		if !lost {
			return
		}
		r.ink = ink{}
		err := r.term.Keys(ctx, control.Guard{Pane: r.entry.Pane, PID: r.panePID, Conds: a.rows}, a.last)
		if err != nil {
			r.slog.Debug("pressing a key again", "key", a.last, "err", err)
			return
		}
		a.at = time.Now()
		a.presses++
		a.pressed = append(a.pressed, a.last)
		r.slog.Info("a menu did not hear its key, pressed again", "key", a.last, "menu", a.open.id, "open", a.at.Sub(a.open.since))
		r.look.urgently(a.at)
	})
}

// drain takes in the output that has come, so that all of it up to the last look is known.
func (r *runner) drain() {
	if out := r.term.Output(); out != nil {
		if c := out.Take(); len(c.Data) > 0 || c.Lost > 0 || c.Paused {
			r.heard(c)
		}
	}
}

// press types keys into the pane if conds hold.
func (r *runner) press(ctx context.Context, conds []control.Cond, keys ...string) (err error) {
	doErr := r.do(ctx, func() {
		r.drain()
		r.ink = ink{}
		err = r.term.Keys(ctx, control.Guard{Pane: r.entry.Pane, PID: r.panePID, Conds: conds}, keys...)
		r.look.urgently(time.Now())
	})
	var refused *control.Refused
	if errors.As(err, &refused) {
		r.tell(signal{look: true})
		err = &api.Error{
			Code: api.CodeRejected, Message: fmt.Sprintf("%s: nothing was pressed, %s", r.addr, refusal(refused)),
			Hint: "isesh read " + r.addr.String(),
		}
	}
	return errors.Join(doErr, err)
}

func refusal(e *control.Refused) string {
	switch e.Reason {
	case control.Screen:
		return "the screen has changed since it was read"
	case control.InMode:
		return "the pane is in copy mode"
	case control.InputOff:
		return "the pane's input is switched off"
	case control.Dead:
		return "the program has ended"
	}
	return "the pane is not what it was (" + string(e.Reason) + ")"
}

// settled waits until the menu that was answered is gone.
func (s *Supervisor) settled(ctx context.Context, r *runner, a *answer, req api.ActRequest) (api.ActResult, error) {
	within, err := duration(req.Within, actWithin)
	if err != nil {
		return api.ActResult{}, err
	}
	end := a.at.Add(within)
	gone := false
	for !gone && time.Now().Before(end) && ctx.Err() == nil {
		gone = s.until(ctx, min(pressAgain, time.Until(end)), func() bool { return r.view().menu != a.open })
		if !gone && time.Now().Before(end) {
			if err := r.again(ctx, a); err != nil {
				break
			}
		}
	}
	if gone {
		err = r.do(ctx, func() {
			if r.menu.id == a.open.id { // what is there now looks the same and is another one
				r.menu.since = time.Now()
			}
		})
		if err != nil {
			r.slog.Debug("the role ended with its answer", "err", err)
		}
	}
	role := r.view().role
	res := api.ActResult{To: r.addr.String(), Pressed: a.pressed, Option: a.label, Menu: a.menu, State: role.State, Kind: role.Kind}
	if !gone {
		return res, &api.Error{
			Code:    api.CodeUnconfirmed,
			Message: fmt.Sprintf("%s: %s was pressed, but the menu is still there after %s", r.addr, strings.Join(a.pressed, " "), within),
			Hint:    "isesh read " + r.addr.String(),
		}
	}
	return res, nil
}

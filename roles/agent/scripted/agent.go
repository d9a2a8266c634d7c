package scripted

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"
)

// agent is the state of the program. Owner: the goroutine of Run; nothing else touches it.
type agent struct {
	o   Options
	ctx context.Context
	scr screen
	dec decoder
	rec *record

	said    transcript
	draft   draft
	stash   *draft
	pasted  int // number of the last collapsed paste
	queue   []message
	turn    *turn
	menus   []*menu
	allowed map[string]bool // commands that were allowed for good
	asked   string          // first line of the last message of the user
	frozen  bool            // HANG: neither reads nor draws
	hint    string
	spin    int

	dir     string // working directory, for the banner and the hooks
	hooks   hooks
	tools   sync.WaitGroup
	results chan result

	at      [timers]time.Time // when each timer fires; never = not
	dirty   bool              // the screen no longer shows the state
	reads   int               // counts the reads of the terminal
	lastIn  int               // read in which the last paste ended
	pasteAt time.Time         // when that was
	surplus int               // menus still to open after pastes; negative = without end

	back message // to be handed back

	over bool // the program ends...
	exit int  // ...with this code
}

// Timers of an agent. Each is off until set; an idle agent has none.
const (
	escapeTimer = iota // a lone ESC is the Escape key
	tickTimer          // the spinner turns
	stepTimer          // SLOW, STREAM and HANG go on
	hintTimer          // the hint in the footer goes
	drawTimer          // a late draw
	afterTimer         // a menu opens after a paste
	swapTimer          // a menu becomes another one
	backTimer          // a message is handed back
	timers
)

var never time.Time

const (
	// escapeWait tells the Escape key from the beginning of a sequence whose rest was cut off by a read: the rest follows at once.
	escapeWait = 25 * time.Millisecond
	hintFor    = 2 * time.Second
	streamPace = 20 * time.Millisecond
)

// Hints.
const (
	hintClear = "esc again to clear"
	hintExit  = "ctrl-c again to exit"
)

func (a *agent) set(timer int, d time.Duration) { a.at[timer] = time.Now().Add(d) }

// wake is when the next timer fires, never when none is set.
func (a *agent) wake() time.Time {
	next := never
	for _, t := range a.at {
		if t != never && (next == never || t.Before(next)) {
			next = t
		}
	}
	return next
}

// fire does what the timers that are due are for.
func (a *agent) fire(now time.Time) {
	for i, t := range a.at {
		if t == never || t.After(now) {
			continue
		}
		a.at[i] = never
		switch i {
		case escapeTimer:
			a.dec.flush(a.event)
		case tickTimer:
			a.spin++
			a.tick()
			a.touch()
		case stepTimer:
			a.stepDone()
		case hintTimer:
			a.hint = ""
			a.touch()
		case afterTimer:
			a.surprise()
		case backTimer:
			a.giveBack(a.back)
			a.touch()
		case swapTimer:
			if len(a.menus) > 0 {
				a.menus[0].swap()
				a.touch()
			}
		}
	}
}

// touch says that the screen must be drawn.
func (a *agent) touch() {
	if !a.dirty && a.o.DrawDelay > 0 {
		a.set(drawTimer, a.o.DrawDelay)
	}
	a.dirty = true
}

// tick sets the next turn of the spinner, or the next blink of a menu, where one is to be seen.
func (a *agent) tick() {
	working, blinking := a.turn != nil && len(a.menus) == 0, a.o.MenuDeaf > 0 && len(a.menus) > 0
	if a.o.Redraw > 0 && (working || blinking) {
		a.set(tickTimer, time.Second/time.Duration(a.o.Redraw))
	}
}

func (a *agent) flash(hint string) {
	a.hint = hint
	a.set(hintTimer, hintFor)
	a.touch()
}

// read takes what one read of the terminal gave.
func (a *agent) read(p []byte) {
	a.reads++
	a.at[escapeTimer] = never
	if len(p) == 1 && p[0] == '?' && a.draft.empty() && len(a.menus) == 0 && a.dec.between() {
		a.help()
		return
	}
	a.dec.feed(p, a.event)
	if a.dec.escapePending() {
		a.set(escapeTimer, escapeWait)
	}
}

// event is where every key, text and paste goes.
func (a *agent) event(ev event) {
	switch {
	case a.over:
	case len(a.menus) > 0:
		a.menuEvent(ev)
	case ev.paste != nil:
		a.paste(ev.paste.body)
	case ev.text != "":
		a.draft.insert(ev.text)
	default:
		a.key(ev.key)
	}
	a.touch()
}

// paste puts pasted text into the composer. CR is a newline there, as tmux makes one of each LF.
func (a *agent) paste(body []byte) {
	for i, b := range body {
		if b == '\r' {
			body[i] = '\n'
		}
	}
	if large(body) {
		a.pasted++
		a.draft.collapse(body, a.pasted)
	} else {
		a.draft.insert(string(body))
	}
	a.lastIn, a.pasteAt = a.reads, time.Now()
	if a.o.MenuAfterPaste && a.surplus != 0 {
		a.surplus--
		if a.o.MenuAfterDelay > 0 {
			a.set(afterTimer, a.o.MenuAfterDelay)
		} else {
			a.surprise()
		}
	}
}

// surprise opens a menu that nobody asked for. Whatever is answered, what went on before goes on.
func (a *agent) surprise() {
	a.open(permissionMenu("make test", func(what, label string) { a.decided(what, label) }))
}

func (a *agent) key(key string) {
	armed := a.hint
	switch key {
	case "Enter":
		a.enter()
		return
	case "Escape":
		switch {
		case a.turn != nil:
			a.interrupt()
		case a.draft.empty():
		case armed == hintClear:
			a.draft, a.hint = draft{}, ""
		default:
			a.flash(hintClear)
		}
		return
	case "C-c":
		switch {
		case armed == hintExit:
			a.over = true
			return
		case !a.draft.empty():
			a.draft = draft{}
		case a.turn != nil:
			a.interrupt()
		}
		a.flash(hintExit)
		return
	case "C-d":
		if a.draft.empty() {
			a.over = true
		} else {
			a.draft.edit("DC")
		}
		return
	case "C-s":
		a.swapStash()
		return
	case "Up":
		if a.draft.empty() && len(a.queue) > 0 {
			last := len(a.queue) - 1
			a.giveBack(a.queue[last])
			a.queue = slices.Delete(a.queue, last, last+1)
			return
		}
	}
	a.draft.edit(key)
}

func (a *agent) swapStash() {
	if !a.draft.empty() {
		kept := a.draft
		a.stash, a.draft = &kept, draft{}
	} else {
		a.unstash()
	}
}

func (a *agent) unstash() {
	if a.stash != nil && a.draft.empty() {
		a.draft, a.stash = *a.stash, nil
	}
}

// giveBack puts a message back into the composer, before what is there.
func (a *agent) giveBack(m message) {
	now := a.draft
	a.draft = m.draft
	a.draft.pos = len(a.draft.cells)
	if !now.empty() {
		pos := a.draft.pos + 1 + now.pos
		a.draft.insertCells(append([]cell{'\n'}, now.cells...))
		a.draft.pos = pos
		for n, p := range now.pastes {
			if a.draft.pastes == nil {
				a.draft.pastes = map[int]pasted{}
			}
			a.draft.pastes[n] = p
		}
	}
}

// enter submits the draft, unless there is a reason not to.
func (a *agent) enter() {
	if a.o.SwallowEnter && a.pasteAt != never && (a.reads == a.lastIn || time.Since(a.pasteAt) < a.o.SwallowWithin) {
		a.rec.add(entry{Swallowed: "Enter"})
		return
	}
	text := a.draft.text()
	if strings.TrimSpace(text) == "" {
		return
	}
	if a.draft.last() == '\\' {
		a.draft.pos = len(a.draft.cells)
		a.draft.edit("BSpace")
		a.draft.edit("C-j")
		return
	}
	sent := a.draft
	a.draft, a.hint = draft{}, ""
	a.unstash()
	if a.command(text) {
		return
	}
	m := newMessage(text, sent)
	a.rec.turn(text, a.turn != nil)
	if a.turn != nil {
		a.hook(hookPrompt, hookInput{Prompt: &text, ID: a.turn.id}) // of the turn that runs, though it waits for one of its own
		a.queue = append(a.queue, m)
		return
	}
	a.begin(m)
	a.hook(hookPrompt, hookInput{Prompt: &text, ID: a.turn.id})
	a.advance()
}

// command reports whether the text is one for the program itself, and obeys it.
func (a *agent) command(text string) bool {
	if text[0] == '!' {
		a.said.add(markEnd, "Shell mode: a real agent would have run "+shorten(text[1:], 200), "")
		return true
	}
	word := text
	if i := strings.IndexAny(text, " \n\t"); i >= 0 {
		word = text[:i]
	}
	if !strings.HasPrefix(word, "/") || strings.Count(word, "/") > 1 {
		return false
	}
	switch word {
	case "/clear":
		a.said.clear()
		a.asked = ""
		a.hook(hookLeft, hookInput{Reason: "clear"})
		a.hook(hookSession, hookInput{Source: "clear"})
	case "/help":
		a.help()
	case "/exit":
		a.over = true
	default:
		a.said.add(markEnd, "Unknown command: "+word, "")
	}
	return true
}

func (a *agent) help() {
	a.said.add(markEnd, "enter sends · esc stops a turn · ctrl-s puts a draft aside · ctrl-c twice leaves\n/clear /help /exit\n"+Directives, "")
	a.touch()
}

package scripted

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// menu is a dialog that wants an answer.
type menu struct {
	mark    string   // "◆ " or "◇ "
	heading string   // clean
	what    string   // the command that wants permission, clean; "" is none
	options []string // clean
	at      int      // highlighted
	drawn   bool
	hears   time.Time // no key before
	swapped bool
	act     func(label string) // told the label of the chosen option, "" when declined
}

// Labels of a permission menu. They are told apart by these, never by their places.
const (
	labelYes    = "Yes"
	labelAlways = "Yes, and don't ask again"
	labelNo     = "No"
)

func permissionMenu(what string, act func(what, label string)) *menu {
	m := &menu{mark: "◆ ", heading: "Allow this command?", what: clean(what), options: []string{labelYes, labelAlways, labelNo}}
	m.act = func(label string) { act(m.what, label) }
	return m
}

// swap turns a permission menu into another one, whose options stand in another order.
func (m *menu) swap() {
	if m.what == "" || m.swapped {
		return
	}
	m.swapped, m.at = true, 0
	m.what = "rm -rf build"
	m.options = []string{labelNo, labelYes, labelAlways}
}

// key answers a key. It reports what was chosen; done is false as long as the menu stays open.
func (m *menu) key(ev event) (label string, done bool) {
	n := len(m.options)
	switch ev.key {
	case "Up", "C-p":
		m.at = (m.at + n - 1) % n
	case "Down", "C-n", "Tab":
		m.at = (m.at + 1) % n
	case "Enter":
		return m.options[m.at], true
	case "Escape", "C-c":
		return "", true
	}
	// Only a key of its own is a choice: text that came in one piece was not meant for a menu.
	if len(ev.text) == 1 && ev.text[0] >= '1' && int(ev.text[0]-'1') < min(n, 9) {
		return m.options[ev.text[0]-'1'], true
	}
	return "", false
}

// rows draws the menu into at most h rows of w columns, and tells which one is highlighted. Where there is not room
// for all options it shows those around the highlighted one.
func (m *menu) rows(w, h int) (rows []row, at int) {
	rows = append(rows, rule(w))
	for i, piece := range wrap(m.heading, w-2) {
		rows = append(rows, row{text: pick(i == 0, m.mark, indent) + piece, style: bold})
	}
	if m.what != "" {
		pieces := wrap(m.what, w-4)
		if most := 6; len(pieces) > most {
			pieces = append(pieces[:most-1:most-1], "…")
		}
		for _, piece := range pieces {
			rows = append(rows, row{text: "    " + piece})
		}
	}
	labels := make([][]string, len(m.options))
	for i, o := range m.options {
		labels[i] = wrap(o, w-len(number(i)))
	}
	first, end := window(labels, m.at, h-len(rows)-1)
	if first > 0 {
		rows = append(rows, row{text: fmt.Sprintf("  ↑ %d more", first)})
	}
	for i := first; i < end; i++ {
		lead := pick(i == m.at, "›", " ") + number(i)[1:]
		if i == m.at {
			at = len(rows)
		}
		for k, piece := range labels[i] {
			rows = append(rows, row{text: pick(k == 0, lead, strings.Repeat(" ", len(number(i)))) + piece, style: pick(i == m.at, bold, "")})
		}
	}
	if end < len(labels) {
		rows = append(rows, row{text: fmt.Sprintf("  ↓ %d more", len(labels)-end)})
	}
	return append(rows, row{text: "  enter to choose · esc to decline", style: dim}), at
}

// number is what stands before option i.
func number(i int) string { return fmt.Sprintf("  %d. ", i+1) }

// window is the range of labels around at that fits into h rows, two of which may be needed for counts.
func window(labels [][]string, at, h int) (first, end int) {
	all := 0
	for _, l := range labels {
		all += len(l)
	}
	if all <= h {
		return 0, len(labels)
	}
	h -= 2 + len(labels[at])
	first, end = at, at+1
	for {
		switch {
		case end < len(labels) && len(labels[end]) <= h:
			h -= len(labels[end])
			end++
		case first > 0 && len(labels[first-1]) <= h:
			first--
			h -= len(labels[first])
		default:
			return first, end
		}
	}
}

func pick(yes bool, a, b string) string {
	if yes {
		return a
	}
	return b
}

// open shows a menu, behind those that are open already.
func (a *agent) open(m *menu) {
	a.menus = append(a.menus, m)
	a.tick()
	a.touch()
}

// menuEvent gives an event to the menu on the screen. A paste never reaches it.
func (a *agent) menuEvent(ev event) {
	m := a.menus[0]
	if ev.key != "Escape" && (!m.drawn || time.Now().Before(m.hears)) && a.o.MenuDeaf > 0 {
		return
	}
	if a.o.MenuBeforeKey && a.o.MenuBeforeDelay == 0 && ev.paste == nil {
		m.swap()
	}
	key, label, done := "paste", "", false
	if ev.paste == nil {
		key = ev.key + shorten(clean(ev.text), 80)
		label, done = m.key(ev)
	}
	a.rec.add(entry{MenuKey: key, Menu: m.heading + pick(m.what == "", "", " "+m.what), Chose: pick(done && label == "", "declined", label)})
	a.touch()
	if done {
		a.menus = slices.Delete(a.menus, 0, 1)
		a.at[swapTimer] = never
		m.act(label)
		a.tick()
		a.advance()
	}
}

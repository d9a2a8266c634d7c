package agent

import (
	"slices"
	"strconv"
	"strings"
)

// Classify says what a screen shows. It is pure, takes any bytes, and calls unknown what it does not know: unknown is
// never to be taken for idle. A negative CursorX or CursorY means that the cursor is not known.
func Classify(p *Profile, s Screen) Reading {
	r := Reading{State: Unknown, Selected: -1, ComposerY: -1}
	if s.Dead {
		r.State, r.Rule = Dead, "dead"
		return r
	}
	v := newView(p, s)
	if b := v.composer(); b != nil {
		r.Composer, r.ComposerY = true, b.first
		r.Draft, r.DraftText, r.Collapsed, r.Scrolled = b.draft, b.text, b.collapsed, b.scrolled
	}
	for i := range p.spec.States {
		rule := &p.spec.States[i]
		if lines, ok := v.holds(rule); ok {
			v.fill(&r, rule, lines)
			break
		}
	}
	if r.State != Waiting {
		r.Echo, _ = v.lastEcho()
		r.Interrupted, r.BeforeEcho = v.interrupted()
		r.Trouble = v.trouble()
	}
	if b := v.composer(); b != nil {
		r.above = v.texts(b.first)
		r.Stashed = v.stashed()
	}
	if r.State != Waiting {
		r.said = v.saidUntil(v.transcriptEnd())
	}
	return r
}

// texts returns the rows before the one at to, without the blank ones at their end.
func (v *view) texts(to int) []string {
	for to > 0 && v.rows[to-1].blank() {
		to--
	}
	out := make([]string, to)
	for i := range out {
		out[i] = v.rows[i].text
	}
	return out
}

// holds tells whether all conditions of a rule hold, and on which rows.
func (v *view) holds(rule *Rule) (lines []int, ok bool) {
	b := v.composer()
	switch rule.Composer {
	case "none":
		ok = b == nil
	case "any":
		ok = b != nil
	case "empty":
		ok = b != nil && !b.draft
	case "draft":
		ok = b != nil && b.draft
	default:
		ok = true
	}
	if !ok {
		return nil, false
	}
	conditions := []struct {
		re   Regex
		find func(Regex) int
	}{
		{rule.Title, v.inTitle}, {rule.Footer, v.inFooter}, {rule.Last, v.inLast}, {rule.Box, v.inBox}, {rule.Above, v.inAbove},
	}
	for _, c := range conditions {
		if !c.re.set() {
			continue
		}
		y := c.find(c.re)
		if y == none {
			return nil, false
		}
		if y >= 0 {
			lines = append(lines, y)
		}
	}
	if !v.notHolds(rule.Not) || rule.Only != nil && !v.only(rule.Only) {
		return nil, false
	}
	more, ok := v.menuHolds(rule)
	return append(lines, more...), ok
}

// menuHolds checks the conditions on a menu, and on the hint at the bottom of a screen without one.
func (v *view) menuHolds(rule *Rule) (lines []int, ok bool) {
	if rule.Menu == "" {
		if rule.Hint.set() {
			y := v.paragraph(rule.Hint)
			return []int{y}, y >= 0
		}
		return nil, true
	}
	m := v.menu(rule.Menu)
	if m == nil || rule.Hint.set() && !rule.Hint.match(m.hint) {
		return nil, false
	}
	if rule.Option.set() && !slices.ContainsFunc(m.options, func(o option) bool { return rule.Option.match(o.label) }) {
		return nil, false
	}
	if rule.Heading.set() {
		if _, ok := v.heading(m, rule.Heading); !ok {
			return nil, false
		}
	}
	for _, o := range m.options {
		lines = append(lines, o.row)
	}
	return lines, true
}

// none and elsewhere are what a look returns when it found nothing, or something that is no row of the screen.
const (
	none      = -2
	elsewhere = -1
)

func (v *view) inTitle(re Regex) int {
	if re.match(v.screen.Title) {
		return elsewhere
	}
	return none
}

func (v *view) inFooter(re Regex) int {
	if b := v.composer(); b != nil {
		for y := b.footer; y < v.end; y++ {
			if re.match(v.rows[y].text) {
				return y
			}
		}
	}
	return none
}

// stashed tells whether a row below the composer, or a notice right above it, says that a draft was put aside.
func (v *view) stashed() bool {
	re := v.p.spec.Stashed
	if !re.set() {
		return false
	}
	if v.inFooter(re) != none {
		return true
	}
	for y := v.transcriptEnd() - 1; y >= 0 && v.notice(y) && !v.rows[y].blank(); y-- {
		if re.match(v.rows[y].text) {
			return true
		}
	}
	return false
}

func (v *view) inBox(re Regex) int {
	if b := v.composer(); b != nil && re.match(strings.ReplaceAll(b.shown, "\n", " ")) {
		return b.first
	}
	return none
}

func (v *view) inLast(re Regex) int {
	_, to := v.turn()
	for y := to - 1; y >= 0; y-- {
		if v.notice(y) {
			continue
		}
		if re.match(v.rows[y].text) {
			return y
		}
		break
	}
	return none
}

func (v *view) inAbove(re Regex) int {
	from, to := v.turn()
	for y := to - 1; y >= from; y-- {
		if re.match(v.rows[y].text) && !v.notice(y) {
			return y
		}
	}
	return none
}

func (v *view) notHolds(n *Not) bool {
	if n == nil {
		return true
	}
	return !(n.Title.set() && v.inTitle(n.Title) != none || n.Footer.set() && v.inFooter(n.Footer) != none ||
		n.Last.set() && v.inLast(n.Last) != none || n.Box.set() && v.inBox(n.Box) != none ||
		n.Above.set() && v.inAbove(n.Above) != none)
}

func (v *view) only(res []Regex) bool {
	for _, r := range v.rows[:v.end] {
		if !r.blank() && !matchAny(res, r.text) {
			return false
		}
	}
	return true
}

// paragraph matches the last paragraph of the screen, its rows joined, and returns its first row.
func (v *view) paragraph(re Regex) int {
	if v.end == 0 {
		return none
	}
	y := v.end
	for y > 0 && v.end-y < 12 && !v.rows[y-1].blank() {
		y--
	}
	lines := make([]string, 0, v.end-y)
	for _, r := range v.rows[y:v.end] {
		lines = append(lines, strings.TrimSpace(r.text))
	}
	if !re.match(strings.Join(lines, " ")) {
		return none
	}
	return y
}

// fill writes down what the deciding rule says.
func (v *view) fill(r *Reading, rule *Rule, lines []int) {
	r.State, r.Kind, r.Rule, r.Lines, r.Queued = rule.State, rule.Kind, rule.Name, lines, rule.Queued
	if rule.Menu == "" {
		return
	}
	m := v.menu(rule.Menu)
	r.Echo, _ = v.echoAbove(m.options[0].row) // below it, the cursor of a menu may look like the prompt of an echo
	r.said = v.saidUntil(m.options[0].row)
	r.Heading, _ = v.heading(m, rule.Heading)
	for i, o := range m.options {
		r.Options = append(r.Options, o.label)
		key := ""
		if o.number > 0 && o.number < 10 && v.p.spec.Menu.Digits {
			key = strconv.Itoa(o.number)
		}
		r.Keys = append(r.Keys, key)
		if o.selected {
			r.Selected = i
		}
	}
}

// trouble looks for known troubles in the last turn.
func (v *view) trouble() string {
	if len(v.p.spec.Trouble) == 0 {
		return ""
	}
	from, to := v.turn()
	for y := to - 1; y >= from; y-- {
		for _, t := range v.p.spec.Trouble {
			if s, ok := t.Row.find(v.rows[y].text); ok {
				if t.Name != "" {
					return t.Name
				}
				return s
			}
		}
	}
	return ""
}

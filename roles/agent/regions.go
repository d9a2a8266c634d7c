package agent

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// maxAbove is how many rows above the composer a rule may look at: a spinner may have a task list and tips below it.
const maxAbove = 30

// view is a screen taken apart. It lives for one Classify.
type view struct {
	p      *Profile
	screen Screen
	rows   []row
	styled bool
	end    int // rows[end:] are blank
	cx, cy int // the cursor; cy is -1 when it is not known

	box    *box
	boxed  bool // box was looked for
	echoed bool
	echo   string
	echoAt int // the row after the last echo
	menus  map[string]*menu
	lines  []byte // by row: not asked yet, written, drawn
}

// box is a composer.
type box struct {
	top, first, last, footer int // rows: the one above first, first and last row of text, first of the footer
	scrolled                 bool
	draft                    bool
	text                     string // the draft
	shown                    string // the text as drawn, a placeholder included
	collapsed                bool
}

func newView(p *Profile, s Screen) *view {
	v := &view{p: p, screen: s, cx: s.CursorX, cy: s.CursorY}
	v.rows, v.styled = readRows(s.Text)
	for v.end = len(v.rows); v.end > 0 && v.rows[v.end-1].blank(); v.end-- {
	}
	if v.cx < 0 || v.cy < 0 {
		v.cx, v.cy = -1, -1
	}
	return v
}

// composer finds the box, or nil.
func (v *view) composer() *box {
	if v.boxed {
		return v.box
	}
	v.boxed = true
	c := v.p.spec.Composer
	switch {
	case c == nil:
	case c.AtCursor:
		v.box = v.boxAtCursor(c)
	case v.cy >= 0:
		v.box = v.boxAround(c, v.cy)
	default:
		for y := v.end - 1; y >= 0 && v.box == nil; y-- {
			if c.First.match(v.rows[y].text) {
				v.box = v.boxAround(c, y)
			}
		}
	}
	if v.box != nil {
		v.readDraft(c)
	}
	return v.box
}

// boxAtCursor takes the row under the cursor for the composer: a prompt, and what was typed after it.
func (v *view) boxAtCursor(c *ComposerSpec) *box {
	if v.cy < 0 || v.cy >= len(v.rows) || v.cy < v.end-1 || c.First.prefix(v.rows[v.cy].text) < 0 {
		return nil
	}
	return &box{top: v.cy - 1, first: v.cy, last: v.cy, footer: v.cy + 1}
}

// boxAround finds the box that has row y in it.
func (v *view) boxAround(c *ComposerSpec, y int) *box {
	if y >= len(v.rows) {
		return nil
	}
	inside := func(y int) bool { return v.rows[y].blank() || c.More.prefix(v.rows[y].text) >= 0 }
	first, scrolled := y, false
	for first >= 0 && !c.First.match(v.rows[first].text) {
		if first < y && c.Scrolled.match(v.rows[first].text) {
			first, scrolled = first+1, true
			break
		}
		if !inside(first) {
			return nil
		}
		first--
	}
	if first < 0 || c.Top.set() && !scrolled && (first == 0 || !c.Top.match(v.rows[first-1].text)) {
		return nil
	}
	last := max(first, y)
	bottom := last + 1
	for bottom < v.end && !c.Bottom.match(v.rows[bottom].text) {
		if !inside(bottom) {
			return nil
		}
		bottom++
	}
	if bottom >= v.end {
		return nil
	}
	left := c.MaxFooter
	if left == 0 {
		left = 12
	}
	for _, r := range v.rows[bottom+1 : v.end] {
		if !r.blank() {
			left--
		}
	}
	if left < 0 {
		return nil
	}
	return &box{top: first - 1, first: first, last: bottom - 1, footer: bottom, scrolled: scrolled}
}

// readDraft tells the text of the box from a placeholder.
func (v *view) readDraft(c *ComposerSpec) {
	b := v.box
	for b.last > b.first && v.rows[b.last].blank() && b.last != v.cy {
		b.last--
	}
	prompt := max(c.First.prefix(v.rows[b.first].text), 0)
	if b.scrolled {
		prompt = max(c.More.prefix(v.rows[b.first].text), 0)
	}
	lines := []string{v.rows[b.first].text[prompt:]}
	for y := b.first + 1; y <= b.last; y++ {
		lines = append(lines, v.rows[y].text[max(c.More.prefix(v.rows[y].text), 0):])
	}
	b.shown = strings.Join(lines, "\n")
	home := utf8.RuneCountInString(v.rows[b.first].text[:prompt])
	if s := v.rows[b.first].text; prompt == len(s) && !strings.HasSuffix(s, "\u00a0") {
		home++ // the blank after the glyph went with the trailing blanks
	}
	switch {
	case strings.Trim(b.shown, " \n\u00a0") == "":
		// Blanks at the end of a row are not in a capture: only the cursor tells that they were typed.
		if typed := v.cx - home; v.cy == b.first && typed > 0 && !c.AtCursor {
			b.draft, b.text = true, strings.Repeat(" ", min(typed, 1000))
		} else if v.cy > b.first {
			b.draft, b.text = true, b.shown
		}
		return
	case len(lines) > 1 || b.scrolled:
		b.draft = true
	case v.styled && v.rows[b.first].hint(prompt):
	case !v.styled && (v.cy < 0 || v.cx <= home) && matchAny(c.Placeholders, b.shown):
	default:
		b.draft = true
	}
	if b.draft {
		b.text = b.shown
		b.collapsed = slices.ContainsFunc(c.Collapsed, func(re Regex) bool { return re.whole(strings.TrimSpace(b.text)) != nil })
	}
}

// lastEcho finds the last message of the user that the transcript shows, and the row after it. Where there is none, that row
// is the first of the nearest ones.
func (v *view) lastEcho() (string, int) {
	if !v.echoed {
		v.echoed = true
		v.echo, v.echoAt = v.echoAbove(v.transcriptEnd())
	}
	return v.echo, v.echoAt
}

// transcriptEnd returns the first row below the transcript, as far as a composer tells.
func (v *view) transcriptEnd() int {
	b := v.composer()
	switch {
	case b == nil:
		return v.end
	case v.p.spec.Composer.Top.set():
		return b.top
	}
	return b.first
}

// echoAbove finds the last message of the user above a row, and the row after it: the first of the nearest ones at least.
func (v *view) echoAbove(below int) (string, int) {
	nearest := max(0, below-maxAbove)
	echo, y := v.findEcho(below)
	return echo, max(nearest, y)
}

// interrupted tells whether a person has ended the last turn, and the one before the last message of the user.
func (v *view) interrupted() (last, before bool) {
	end := v.transcriptEnd()
	at, _, below := v.echoRows(end)
	return v.cutAbove(end, max(below, 0)), at >= 0 && v.cutAbove(at, 0)
}

// cutAbove tells whether the rows above one at to, as far up as from, end with a turn that a person has ended.
func (v *view) cutAbove(to, from int) bool {
	spec := &v.p.spec.Interrupted
	if !spec.Row.set() {
		return false
	}
	for y := to - 1; y >= max(from, to-maxAbove); y-- {
		switch row := v.rows[y].text; {
		case v.notice(y):
		case spec.Row.match(row):
			return true
		case !spec.More.match(row):
			return false
		}
	}
	return false
}

// findEcho finds the last message of the user above a row, and the row after it, or "" and -1.
func (v *view) findEcho(below int) (string, int) {
	first, echo, end := v.echoRows(below)
	if first < 0 {
		return "", -1
	}
	return echo, end
}

// echoRows is findEcho with the row that the message begins with, -1 when there is none.
func (v *view) echoRows(below int) (first int, echo string, end int) {
	e := v.p.spec.Echo
	if e == nil {
		return -1, "", -1
	}
	for y := below - 1; y >= 0; y-- {
		n := e.First.prefix(v.rows[y].text)
		if n < 0 || n >= len(v.rows[y].text) {
			continue
		}
		first = y
		lines := []string{v.rows[y].text[n:]}
		for y++; y < below; y++ {
			n := e.More.prefix(v.rows[y].text)
			if n < 0 || n >= len(v.rows[y].text) || e.End.match(v.rows[y].text) {
				break
			}
			lines = append(lines, v.rows[y].text[n:])
		}
		return first, strings.Join(lines, "\n"), y
	}
	return -1, "", -1
}

// saidUntil returns the rows between the last message of the user and the row at to, without blank ones and notices.
func (v *view) saidUntil(to int) []string {
	_, from := v.findEcho(to)
	if from < 0 {
		return nil
	}
	var said []string
	for y := from; y < to; y++ {
		if !v.notice(y) {
			said = append(said, v.rows[y].text)
		}
	}
	return said
}

// turn returns the rows of the running or last turn: [from, to) between the last echo and the composer.
func (v *view) turn() (from, to int) {
	_, from = v.lastEcho()
	to = v.transcriptEnd()
	return min(from, to), to
}

// notice tells whether a row says nothing about the state.
func (v *view) notice(y int) bool {
	c := v.p.spec.Composer
	return v.rows[y].blank() || c != nil && matchAny(c.Notices, v.rows[y].text)
}

package controltest

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// style is the look of a cell: SGR attributes and colours as the parameters that set them.
type style struct {
	attrs  uint16 // bits of attrCodes
	fg, bg string // "31", "38;5;200"; "" is the default
}

// attrCodes are the SGR codes of the attributes, in the order in which tmux writes them.
var attrCodes = []string{"1", "2", "3", "4", "5", "7", "8", "9", "4:2", "4:3", "4:4", "4:5", "5:3"}

type cell struct {
	s     string // a character with its combining marks; "" in the right half of a wide one
	style style
}

type row struct {
	cells   []cell
	wrapped bool // goes on in the next row
}

// screen is a small terminal. Tmux.mu owns it.
type screen struct {
	sx, sy     int
	rows       []row
	history    []row
	cx, cy     int
	style      style
	saved      [2]int
	savedStyle style
	top, bot   int
	other      *screen // the normal screen while the alternate one is shown
	bracketed  bool
	appCursor  bool
	hidden     bool // cursor
	noWrap     bool
	insert     bool
	title      func(string)
	state      func(*screen, byte) // parser state, nil = ground
	params     []byte
	utf        []byte
}

const historyLimit = 2000

func newScreen(sx, sy int) *screen {
	return &screen{sx: sx, sy: sy, rows: make([]row, sy), bot: sy - 1}
}

func (s *screen) resize(sx, sy int) {
	for len(s.rows) > sy {
		if len(s.rows[len(s.rows)-1].cells) == 0 && s.cy < len(s.rows)-1 {
			s.rows = s.rows[:len(s.rows)-1]
			continue
		}
		if s.other == nil {
			s.history = append(s.history, s.rows[0])
		}
		s.rows = s.rows[1:]
		s.cy--
	}
	for len(s.rows) < sy {
		s.rows = append(s.rows, row{})
	}
	s.sx, s.sy, s.top, s.bot = sx, sy, 0, sy-1
	s.cx, s.cy = min(s.cx, sx-1), max(s.cy, 0)
	if s.other != nil {
		s.other.resize(sx, sy)
	}
}

// text is a row without its trailing blanks.
func (s *screen) text(y int) string { return strings.TrimRightFunc(s.rows[y].text(), unicode.IsSpace) }

func (r row) text() string {
	var b strings.Builder
	for _, c := range r.cells {
		b.WriteString(c.s)
	}
	return b.String()
}

// search returns the number of the first visible row that matches, 0 for none.
func (p *Pane) search(pattern, flags string) int {
	fold := strings.Contains(flags, "i")
	var re *regexp.Regexp
	if strings.Contains(flags, "r") {
		var err error
		if re, err = ere(pattern, fold); err != nil {
			return 0
		}
	}
	for y := range p.screen.rows {
		line := p.screen.text(y)
		if re == nil && fnmatch("*"+pattern+"*", line) || re != nil && re.MatchString(line) {
			return y + 1
		}
	}
	return 0
}

// put writes one character at the cursor.
func (s *screen) put(r rune) {
	w := runeWidth(r)
	if w == 0 {
		if s.cx > 0 && s.cx <= len(s.rows[s.cy].cells) {
			x := s.cx - 1
			for x > 0 && s.rows[s.cy].cells[x].s == "" {
				x--
			}
			s.rows[s.cy].cells[x].s += string(r)
		}
		return
	}
	if s.cx > s.sx-w {
		if s.noWrap {
			s.cx = s.sx - w
		} else {
			s.rows[s.cy].wrapped = true
			s.linefeed()
			s.cx = 0
		}
	}
	if s.insert {
		s.insertCells(w)
	}
	s.set(s.cy, s.cx, cell{string(r), s.style})
	if w == 2 {
		s.set(s.cy, s.cx+1, cell{"", s.style})
	}
	s.cx += w
}

func (s *screen) set(y, x int, c cell) {
	r := &s.rows[y]
	for len(r.cells) <= x {
		r.cells = append(r.cells, cell{s: " "})
	}
	if r.cells[x].s == "" && c.s != "" && x > 0 { // overwriting half of a wide character
		r.cells[x-1].s = " "
	}
	if x+1 < len(r.cells) && r.cells[x+1].s == "" && c.s != "" {
		r.cells[x+1].s = " "
	}
	r.cells[x] = c
}

func (s *screen) linefeed() {
	switch {
	case s.cy == s.bot:
		s.scrollUp(1)
	case s.cy < s.sy-1:
		s.cy++
	}
}

func (s *screen) scrollUp(n int) {
	for range min(n, s.bot-s.top+1) {
		if s.other == nil { // tmux keeps what a scroll region loses, too
			if s.history = append(s.history, s.rows[s.top]); len(s.history) > historyLimit {
				s.history = s.history[1:]
			}
		}
		copy(s.rows[s.top:s.bot], s.rows[s.top+1:s.bot+1])
		s.rows[s.bot] = row{}
	}
}

func (s *screen) scrollDown(n int) {
	for range min(n, s.bot-s.top+1) {
		copy(s.rows[s.top+1:s.bot+1], s.rows[s.top:s.bot])
		s.rows[s.top] = row{}
	}
}

// erase blanks cells [from,to) of a row, in the current background.
func (s *screen) erase(y, from, to int) {
	r := &s.rows[y]
	to = min(to, s.sx)
	if from == 0 && to == s.sx {
		*r = row{}
		return
	}
	to = min(to, len(r.cells)) // what was never written stays so, whatever its background
	for x := from; x < to; x++ {
		s.set(y, x, cell{" ", style{bg: s.style.bg}})
	}
}

func (s *screen) insertCells(n int) {
	s.fill()
	r := &s.rows[s.cy]
	if s.cx >= s.sx {
		return
	}
	blank := make([]cell, n)
	for i := range blank {
		blank[i] = cell{" ", style{bg: s.style.bg}}
	}
	r.cells = append(r.cells[:s.cx:s.cx], append(blank, r.cells[s.cx:]...)...)
	r.cells = r.cells[:min(len(r.cells), s.sx)]
}

// fill gives the row all its cells: tmux moves them as a whole, and a capture that joins rows shows it.
func (s *screen) fill() {
	r := &s.rows[s.cy]
	for len(r.cells) < s.sx {
		r.cells = append(r.cells, cell{s: " "})
	}
}

func (s *screen) deleteCells(n int) {
	s.fill()
	r := &s.rows[s.cy]
	if s.cx < s.sx {
		r.cells = append(r.cells[:s.cx:s.cx], r.cells[min(s.cx+n, len(r.cells)):]...)
	}
}

// alternate switches to the alternate screen or back.
func (s *screen) alternate(on bool) {
	if on == (s.other != nil) {
		return
	}
	if on {
		keep := *s
		s.other = &keep
		s.rows = make([]row, s.sy)
		return
	}
	o := s.other
	s.rows, s.history, s.cx, s.cy, s.style, s.other = o.rows, o.history, o.cx, o.cy, o.style, nil
}

// deadNotice is the line tmux puts under what a program that has ended left on the screen.
func (s *screen) deadNotice(status, signal int) {
	s.top, s.bot, s.cx, s.cy = 0, s.sy-1, 0, s.sy-1
	s.linefeed()
	s.style, s.hidden = style{}, true
	what := fmt.Sprintf("status %d", status)
	if signal != 0 {
		what = fmt.Sprintf("signal %d", signal)
	}
	for _, r := range fmt.Sprintf("Pane is dead (%s, %s)", what, time.Now().Format(time.ANSIC)) {
		s.put(r)
	}
	s.cx, s.cy = 0, s.sy-1
}

// runeWidth is the number of columns of a character.
func runeWidth(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me) || r == 0x200d || r >= 0xfe00 && r <= 0xfe0f:
		return 0
	case r >= 0x1100 && r <= 0x115f, r >= 0x2e80 && r <= 0x303e, r >= 0x3041 && r <= 0xa4cf, r >= 0xac00 && r <= 0xd7a3, r >= 0xf900 && r <= 0xfaff,
		r >= 0xfe30 && r <= 0xfe6f, r >= 0xff00 && r <= 0xff60, r >= 0xffe0 && r <= 0xffe6, r >= 0x1f300 && r <= 0x1f64f, r >= 0x1f680 && r <= 0x1f6ff,
		r >= 0x1f900 && r <= 0x1f9ff, r >= 0x20000 && r <= 0x3fffd:
		return 2
	}
	return 1
}

func textWidth(s string) int {
	n := 0
	for _, r := range s {
		if r != utf8.RuneError {
			n += runeWidth(r)
		}
	}
	return n
}

package scripted

import (
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// row is one row of the terminal: clean text, no wider than the terminal, in one style from byte at on.
type row struct {
	text  string
	style string // parameters of SGR, "" is plain
	at    int
}

// Styles.
const (
	dim  = "2"
	bold = "1"
)

// screen knows what the terminal shows, and writes what differs. Owner: the goroutine of Run.
type screen struct {
	out        io.Writer
	cols, rows int
	shown      []row
	x, y       int
	buf        []byte
}

// resize forgets what is shown: the next draw begins with an empty terminal.
func (s *screen) resize(cols, rows int) {
	s.cols, s.rows, s.shown = max(cols, 1), max(rows, 1), nil
}

// draw makes the terminal show rows, as many as it has, with the cursor at x, y. The first scrolling rows are a region
// whose content moves up. It is one write, or none when nothing changed.
func (s *screen) draw(rows []row, x, y, scrolling int) error {
	s.buf = s.buf[:0]
	if s.shown == nil {
		s.buf = append(s.buf, "\x1b[0m\x1b[r\x1b[H\x1b[2J"...)
		s.shown = make([]row, s.rows)
		s.x, s.y = 0, 0
	}
	s.scroll(rows, min(scrolling, len(rows), len(s.shown)))
	for i, r := range rows {
		if r != s.shown[i] {
			s.change(i, s.shown[i], r)
			s.shown[i] = r
		}
	}
	if x = max(0, min(x, s.cols-1)); len(s.buf) > 0 || x != s.x || y != s.y {
		s.move(x, y)
	}
	s.x, s.y = x, y
	if len(s.buf) == 0 {
		return nil
	}
	_, err := s.out.Write(s.buf)
	return err
}

// scroll moves the first h rows up when that is what happened to them, so that only new ones need to be written.
func (s *screen) scroll(rows []row, h int) {
	if h < 3 || rows[0] == s.shown[0] {
		return
	}
	for k := 1; k <= h/2; k++ {
		if !equalRows(rows[:h-k], s.shown[k:h]) {
			continue
		}
		s.buf = append(s.buf, "\x1b[1;"...)
		s.buf = strconv.AppendInt(s.buf, int64(h), 10)
		s.buf = append(s.buf, 'r')
		s.move(0, h-1)
		for range k {
			s.buf = append(s.buf, '\n')
		}
		s.buf = append(s.buf, "\x1b[r"...)
		copy(s.shown, s.shown[k:h])
		clear(s.shown[h-k : h])
		return
	}
}

func equalRows(a, b []row) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// change rewrites the part of row y that differs.
func (s *screen) change(y int, old, now row) {
	from, to := 0, len(now.text)
	erase := true
	if old.style == now.style && old.at == now.at {
		from = commonPrefix(old.text, now.text)
		if tail := commonSuffix(old.text[from:], now.text[from:]); tail > 0 {
			oldMid, nowMid := old.text[from:len(old.text)-tail], now.text[from:len(now.text)-tail]
			if columns(oldMid) == columns(nowMid) {
				to, erase = len(now.text)-tail, false
			}
		}
	}
	before := columns(now.text[:from])
	s.move(before, y)
	if now.style == "" || now.at >= to {
		s.buf = append(s.buf, now.text[from:to]...)
	} else {
		at := max(from, now.at)
		s.buf = append(s.buf, now.text[from:at]...)
		s.buf = append(s.buf, "\x1b["+now.style+"m"...)
		s.buf = append(s.buf, now.text[at:to]...)
		s.buf = append(s.buf, "\x1b[0m"...)
	}
	// Never erase from the last column: behind a full row the cursor still stands on its last character.
	if erase && columns(old.text) > columns(now.text) {
		s.buf = append(s.buf, "\x1b[K"...)
	}
}

func (s *screen) move(x, y int) {
	s.buf = append(s.buf, "\x1b["...)
	s.buf = strconv.AppendInt(s.buf, int64(y+1), 10)
	s.buf = append(s.buf, ';')
	s.buf = strconv.AppendInt(s.buf, int64(x+1), 10)
	s.buf = append(s.buf, 'H')
}

// commonPrefix is the length of the longest common beginning that ends between two characters of both.
func commonPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	for n > 0 && (joins(a[n:]) || joins(b[n:])) {
		n--
	}
	return n
}

// commonSuffix is the length of the longest common end that begins between two characters of both.
func commonSuffix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	for n > 0 && joins(a[len(a)-n:]) {
		n--
	}
	return n
}

// joins reports whether s begins inside a character, or with one that combines with the one before it.
func joins(s string) bool {
	if s == "" {
		return false
	}
	if !utf8.RuneStart(s[0]) {
		return true
	}
	r, _ := utf8.DecodeRuneInString(s)
	return width(r) == 0
}

// rule is a row of ─ over w columns.
func rule(w int) row { return row{text: strings.Repeat("─", w)} }

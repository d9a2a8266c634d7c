package scripted

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// cell is one position of a draft: a character, a byte that is no UTF-8 (badByte + byte), or a collapsed paste (minus its number).
type cell int32

const badByte cell = 0x110000

// draft is the text in the composer. Owner: the goroutine of Run.
type draft struct {
	cells  []cell
	pos    int // insertion point
	pastes map[int]pasted
}

// pasted is a collapsed paste.
type pasted struct{ text, label string }

// A paste above one of these is shown as a placeholder.
const (
	collapseLines = 12
	collapseCells = 2000
)

// cellsOf splits a text; nothing of it is lost.
func cellsOf(s string) []cell {
	out := make([]cell, 0, len(s))
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			out = append(out, badByte+cell(s[i]))
		} else {
			out = append(out, cell(r))
		}
		i += n
	}
	return out
}

func (d *draft) empty() bool { return len(d.cells) == 0 }

// insert puts typed text at the insertion point.
func (d *draft) insert(s string) { d.insertCells(cellsOf(s)) }

func (d *draft) insertCells(c []cell) {
	d.cells = slices.Insert(d.cells, d.pos, c...)
	d.pos += len(c)
}

// large reports whether a paste becomes a placeholder.
func large(body []byte) bool {
	return bytes.Count(body, []byte("\n")) >= collapseLines || utf8.RuneCount(body) > collapseCells
}

// collapse puts a large paste at the insertion point, as placeholder number n.
func (d *draft) collapse(body []byte, n int) {
	label := fmt.Sprintf("[Pasted #%d]", n)
	if lines := bytes.Count(body, []byte("\n")); lines > 0 {
		label = fmt.Sprintf("[Pasted #%d +%d lines]", n, lines)
	}
	if d.pastes == nil {
		d.pastes = map[int]pasted{}
	}
	d.pastes[n] = pasted{string(body), label}
	d.insertCells([]cell{cell(-n)})
}

// text is what the draft stands for: what is submitted.
func (d *draft) text() string { return d.join(func(p pasted) string { return p.text }) }

// shown is the draft as it is shown, placeholders and all.
func (d *draft) shown() string { return d.join(func(p pasted) string { return p.label }) }

func (d *draft) join(placeholder func(pasted) string) string {
	b := make([]byte, 0, len(d.cells))
	for _, c := range d.cells {
		switch {
		case c < 0:
			b = append(b, placeholder(d.pastes[int(-c)])...)
		case c >= badByte:
			b = append(b, byte(c-badByte))
		default:
			b = utf8.AppendRune(b, rune(c))
		}
	}
	return string(b)
}

// last is the last cell, a newline when there is none.
func (d *draft) last() cell {
	if d.empty() {
		return '\n'
	}
	return d.cells[len(d.cells)-1]
}

// remove takes out the cells from a up to b, and puts the insertion point there.
func (d *draft) remove(a, b int) {
	a, b = max(a, 0), min(b, len(d.cells))
	if a < b {
		d.cells = slices.Delete(d.cells, a, b)
		d.pos = a
	}
}

// lineStart is the position behind the newline before p.
func (d *draft) lineStart(p int) int {
	for p > 0 && d.cells[p-1] != '\n' {
		p--
	}
	return p
}

// lineEnd is the position of the next newline, or of the end.
func (d *draft) lineEnd(p int) int {
	for p < len(d.cells) && d.cells[p] != '\n' {
		p++
	}
	return p
}

func (d *draft) wordStart(p int) int {
	blank := func(c cell) bool { return c == ' ' || c == '\n' || c == '\t' }
	for p > 0 && blank(d.cells[p-1]) {
		p--
	}
	for p > 0 && !blank(d.cells[p-1]) {
		p--
	}
	return p
}

// edit does what a key that edits or moves does, and reports whether it was one.
func (d *draft) edit(key string) bool {
	switch key {
	case "C-j", "M-Enter":
		d.insertCells([]cell{'\n'})
	case "BSpace":
		d.remove(d.pos-1, d.pos)
	case "DC":
		d.remove(d.pos, d.pos+1)
	case "C-u": // the line before the cursor; at its start the newline before it
		start := d.lineStart(d.pos)
		if start == d.pos {
			start--
		}
		d.remove(start, d.pos)
	case "C-k":
		d.remove(d.pos, d.lineEnd(d.pos))
	case "C-w":
		d.remove(d.wordStart(d.pos), d.pos)
	case "Left", "C-b":
		d.pos = max(0, d.pos-1)
	case "Right", "C-f":
		d.pos = min(len(d.cells), d.pos+1)
	case "Home", "C-a":
		d.pos = d.lineStart(d.pos)
	case "End", "C-e":
		d.pos = d.lineEnd(d.pos)
	case "Up", "C-p":
		if start := d.lineStart(d.pos); start > 0 {
			d.pos = min(d.lineStart(start-1)+d.pos-start, start-1)
		} else {
			d.pos = 0
		}
	case "Down", "C-n":
		if end := d.lineEnd(d.pos); end < len(d.cells) {
			d.pos = min(end+1+d.pos-d.lineStart(d.pos), d.lineEnd(end+1))
		} else {
			d.pos = end
		}
	default:
		return false
	}
	return true
}

// columns is the width of a cell in a row of w columns.
func (d *draft) columns(c cell, w int) int {
	switch {
	case c < 0:
		return min(len(d.pastes[int(-c)].label), w)
	case c == '\t':
		return 4
	case c >= badByte:
		return 1
	}
	return width(rune(c))
}

// layout wraps the draft to w columns. It returns the at most h rows around the insertion point, where that is in them (x may be w,
// behind a full row), and how many rows above and below are hidden.
func (d *draft) layout(w, h int) (rows []string, x, y, above, below int) {
	w, h = max(w, 4), max(h, 1)
	starts := []int{0}
	used := 0
	for i, c := range d.cells {
		n := 0
		if c != '\n' {
			n = d.columns(c, w)
		}
		if used+n > w {
			starts, used = append(starts, i), 0
		}
		if i == d.pos {
			x, y = used, len(starts)-1
		}
		used += n
		if c == '\n' {
			starts, used = append(starts, i+1), 0
		}
	}
	if d.pos == len(d.cells) {
		x, y = used, len(starts)-1
	}
	first := max(0, y-h+1)
	for i := first; i < len(starts) && i < first+h; i++ {
		end := len(d.cells)
		if i+1 < len(starts) {
			end = starts[i+1]
		}
		rows = append(rows, d.row(starts[i], end, w))
	}
	return rows, x, y - first, first, len(starts) - first - len(rows)
}

// row is how the cells from a up to b look.
func (d *draft) row(a, b, w int) string {
	var s strings.Builder
	for _, c := range d.cells[a:b] {
		switch {
		case c < 0:
			s.WriteString(cut(d.pastes[int(-c)].label, w))
		case c == '\t':
			s.WriteString("    ")
		case c >= badByte:
			s.WriteByte('?')
		case !control(rune(c)):
			s.WriteRune(rune(c))
		}
	}
	return s.String()
}

package agent

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// option is one answer of a menu.
type option struct {
	row, last int // the rows it takes, its description included
	number    int // 0 where the row has none
	col       int // the cell of its row in which the label begins
	label     string
	selected  bool
}

// menu is what stands at the bottom of a screen that asks for a choice.
type menu struct {
	options []option
	hint    string // the rows below the options, joined
}

// menu reads the menu at the bottom of the screen, numbered or marked; nil when there is none.
func (v *view) menu(how string) *menu {
	if m, ok := v.menus[how]; ok {
		return m
	}
	var m *menu
	if how == "numbered" {
		m = v.numbered()
	} else {
		m = v.marked()
	}
	if m != nil && !v.p.spec.Menu.AnyCursor && v.cy >= 0 &&
		(v.cy < m.options[0].row || v.cy > m.options[len(m.options)-1].last) {
		m = nil
	}
	if v.menus == nil {
		v.menus = map[string]*menu{}
	}
	v.menus[how] = m
	return m
}

func (v *view) maxHints() int {
	if n := v.p.spec.Menu.MaxHints; n > 0 {
		return n
	}
	return 6
}

// line tells whether a row is drawn or counts hidden rows: it is nothing to choose and nothing to read.
func (v *view) line(y int) bool {
	if v.lines == nil {
		v.lines = make([]byte, len(v.rows))
	}
	if v.lines[y] == 0 {
		m, s := v.p.spec.Menu, v.rows[y].text
		v.lines[y] = 1
		if s == "" || m.Rule.match(s) || m.Ignore.match(s) {
			v.lines[y] = 2
		}
	}
	return v.lines[y] == 2
}

// cut takes the cursor glyph, or one that tells of hidden rows, off the beginning of a row.
func (v *view) cut(s string) (rest string, selected bool) {
	m := v.p.spec.Menu
	rest = strings.TrimLeft(s, " ")
	if after, ok := strings.CutPrefix(rest, m.Cursor); ok && strings.HasPrefix(after, " ") {
		return strings.TrimLeft(after, " "), true
	}
	if r, n := utf8.DecodeRuneInString(rest); n > 0 && strings.ContainsRune(m.Scrolled, r) && strings.HasPrefix(rest[n:], " ") {
		rest = strings.TrimLeft(rest[n:], " ")
	}
	return rest, false
}

// optionAt reads a row as "❯ 1. Label".
func (v *view) optionAt(y int) (option, bool) {
	s := v.rows[y].text
	rest, selected := v.cut(s)
	digits := 0
	for digits < len(rest) && digits < 3 && rest[digits] >= '0' && rest[digits] <= '9' {
		digits++
	}
	if digits == 0 || !strings.HasPrefix(rest[digits:], ". ") {
		return option{}, false
	}
	number, _ := strconv.Atoi(rest[:digits])
	o := v.optionFrom(y, strings.TrimLeft(rest[digits+2:], " "), selected)
	o.number = number
	return o, o.label != "" && number > 0
}

// optionFrom makes an option of the row y that ends in label.
func (v *view) optionFrom(y int, label string, selected bool) option {
	col := utf8.RuneCountInString(v.rows[y].text) - utf8.RuneCountInString(label)
	return option{row: y, last: y, col: col, label: label, selected: selected}
}

// numbered reads a menu from its last option upwards, to number 1 or to what cannot be part of a menu.
func (v *view) numbered() *menu {
	y := v.end - 1
	for below := 0; ; y-- {
		if y < 0 || below > v.maxHints()+4 {
			return nil
		}
		if _, ok := v.optionAt(y); ok {
			break
		}
		if !v.line(y) {
			below++
		}
	}
	var heads []option // from the last to the first
	for gap := 0; y >= 0 && gap <= 8; y-- {
		o, ok := v.optionAt(y)
		if ok && len(heads) > 0 && o.number >= heads[len(heads)-1].number {
			break
		}
		if ok {
			heads, gap = append(heads, o), 0
			if o.number == 1 {
				break
			}
			continue
		}
		if v.line(y) {
			continue
		}
		if _, selected := v.cut(v.rows[y].text); !selected && indent(v.rows[y].text) < 2 {
			break
		}
		gap++
	}
	m := &menu{}
	for i := len(heads) - 1; i >= 0; i-- {
		to := v.end
		if i > 0 {
			to = heads[i-1].row
		}
		m.options = append(m.options, v.finish(heads[i], to)...)
	}
	return v.withHint(m)
}

// finish gives an option the rows below it, up to row to: the rest of its label and its description. Rows with the indent
// of the numbers' labels in a menu of check boxes are options of their own.
func (v *view) finish(o option, to int) []option {
	boxes := strings.HasPrefix(o.label, "[")
	all := []option{o}
	labelling := true
	for y := o.row + 1; y < to && !v.rows[y].blank() && !v.p.spec.Menu.Rule.match(v.rows[y].text); y++ {
		if v.line(y) {
			labelling = false
			continue
		}
		s := v.rows[y].text
		rest, selected := v.cut(s)
		col := utf8.RuneCountInString(s) - utf8.RuneCountInString(rest)
		if col < o.col {
			break
		}
		cur := &all[len(all)-1]
		switch {
		case boxes && col == o.col:
			all = append(all, v.optionFrom(y, rest, selected))
			labelling = true
			continue
		case labelling && v.wrapped(y):
			cur.label += " " + rest
		default:
			labelling = false
		}
		cur.last = y
	}
	return all
}

// wrapped tells whether row y is the rest of the label above it, and not a description: it goes on in the colour in which
// the row above ends, or, where colours are not known, its first word did not fit above.
func (v *view) wrapped(y int) bool {
	s := v.rows[y].text
	in := indent(s)
	if v.styled {
		return v.rows[y-1].lastColour() == v.rows[y].colour(in)
	}
	word, _, _ := strings.Cut(s[in:], " ")
	return v.screen.Cols > 0 && utf8.RuneCountInString(v.rows[y-1].text)+1+utf8.RuneCountInString(word) > v.screen.Cols-2
}

// marked reads a menu without numbers: the rows around the one with the cursor glyph that have its indent.
func (v *view) marked() *menu {
	y := v.end - 1
	var sel option
	for below := 0; ; y-- {
		if y < 0 || below > 20 {
			return nil
		}
		if rest, ok := v.cut(v.rows[y].text); ok && rest != "" {
			if _, numbered := v.optionAt(y); numbered {
				return nil
			}
			sel = v.optionFrom(y, rest, true)
			break
		}
		if !v.line(y) {
			below++
		}
	}
	in := func(y int) bool {
		return y >= 0 && y < v.end && !v.line(y) && indent(v.rows[y].text) >= sel.col
	}
	m := &menu{}
	first := y
	for in(first - 1) {
		first--
	}
	for y := first; y == sel.row || in(y); y++ {
		if y == sel.row {
			m.options = append(m.options, sel)
		} else {
			m.options = append(m.options, v.optionFrom(y, strings.TrimLeft(v.rows[y].text, " "), false))
		}
	}
	return v.withHint(m)
}

// withHint reads what stands below the options. Too much of it means that this is no menu at the bottom of a screen.
func (v *view) withHint(m *menu) *menu {
	var hint []string
	for y := m.options[len(m.options)-1].last + 1; y < v.end; y++ {
		if !v.line(y) {
			hint = append(hint, strings.TrimSpace(v.rows[y].text))
		}
	}
	if len(hint) > v.maxHints() {
		return nil
	}
	m.hint = strings.Join(hint, " ")
	return m
}

// heading looks for a match in the paragraphs above the options, the nearest first.
func (v *view) heading(m *menu, re Regex) (string, bool) {
	y := m.options[0].row - 1
	for paragraphs := 0; y >= 0 && paragraphs < 3; paragraphs++ {
		for y >= 0 && v.line(y) {
			y--
		}
		var lines []string
		for ; y >= 0 && len(lines) < 12 && !v.line(y); y-- {
			lines = append(lines, strings.TrimSpace(v.rows[y].text))
		}
		slices.Reverse(lines)
		if s, ok := re.find(strings.Join(lines, " ")); ok {
			return s, true
		}
	}
	return "", false
}

package agent

import "strings"

// Answer returns the last text that the agent said after the last message of the user, from a capture that may hold a pane's
// history above its screen. Commands with their output and notices are no text. It is not ok where nothing was said, where the
// beginning of what was said is not in the capture, or where the turn ended in trouble.
//
// Rows are as the agent wrapped them; nothing tells a wrapped line from two.
func (p *Profile) Answer(screen string) (text string, ok bool) {
	a := p.spec.Answer
	if a == nil {
		return "", false
	}
	rows := strings.Split(stripEscapes(screen), "\n")
	for i := range rows {
		rows[i] = strings.TrimRight(rows[i], " \r")
	}
	for y := len(rows) - 1; y >= 0; y-- {
		if n := a.First.prefix(rows[y]); n >= 0 {
			for _, t := range p.spec.Trouble {
				if t.Row.match(rows[y]) { // what was said before it is no answer
					return "", false
				}
			}
			if text, ok := p.block(rows[y:], n); ok {
				return text, true
			}
		} else if e := p.spec.Echo; e != nil {
			if n := e.First.prefix(rows[y]); n >= 0 && n < len(rows[y]) {
				return "", false
			}
		}
	}
	return "", false
}

// block returns the text of the block that begins with the first row, n bytes of which are no text.
func (p *Profile) block(rows []string, n int) (text string, ok bool) {
	a := p.spec.Answer
	end := 1
	for end < len(rows) && (rows[end] == "" || a.More.prefix(rows[end]) >= 0) {
		end++
	}
	if c := p.spec.Composer; c != nil && (end == len(rows) || c.Top.match(rows[end])) { // notices look like text, and stand on the composer
		for end > 1 && (rows[end-1] == "" || matchAny(c.Notices, rows[end-1])) {
			end--
		}
	}
	for y := end - 1; y > 0 && (rows[y] == "" || a.End.match(rows[y]) || matchAny(a.Skip, rows[y])); y-- {
		if a.End.match(rows[y]) {
			end = y
		}
	}
	lines := []string{rows[0][n:]}
	for y, row := range rows[:end] {
		if matchAny(a.Skip, row) {
			return "", false
		}
		if y > 0 {
			lines = append(lines, row[max(a.More.prefix(row), 0):])
		}
	}
	text = strings.TrimSpace(strings.Join(lines, "\n"))
	return text, text != ""
}

// stripEscapes removes escape sequences.
func stripEscapes(s string) string {
	if strings.IndexByte(s, 0x1b) < 0 {
		return s
	}
	var b strings.Builder
	eachRun(s, style{}, func(piece string, _ style) bool { b.WriteString(piece); return true })
	return b.String()
}

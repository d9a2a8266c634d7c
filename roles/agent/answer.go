package agent

import "strings"

// Answer returns the last text that the agent said after the last message of the user, from a capture that may hold a pane's
// history above its screen. Commands and their output, notices and errors are no text. It is not ok where nothing was said, or
// where the beginning of what was said is not in the capture.
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
	if matchAny(a.Skip, rows[0]) {
		return "", false
	}
	lines := []string{rows[0][n:]}
	for _, row := range rows[1:] {
		n := a.More.prefix(row)
		if row != "" && n < 0 || a.End.match(row) {
			break
		}
		if matchAny(a.Skip, row) {
			return "", false
		}
		lines = append(lines, row[max(n, 0):])
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

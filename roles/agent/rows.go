package agent

import (
	"strings"
	"unicode/utf8"
)

// maxRows bounds what Classify reads: more rows than any terminal has are cut off at the top.
const maxRows = 500

// style is the part of the SGR state that readings need.
type style struct {
	dim, reverse bool
	fg           string // parameters of the colour, "" is the default
}

// row is one row of a screen without its escapes and trailing blanks.
type row struct {
	text  string
	raw   string // the row as it came
	start style  // what was set at its beginning
}

func (r row) blank() bool { return r.text == "" }

// readRows splits a screen into rows. It tells whether the screen had escapes at all: without them nothing is known to be
// dim.
func readRows(text string) (rows []row, styled bool) {
	text = strings.TrimSuffix(text, "\n")
	n := strings.Count(text, "\n") + 1
	for ; n > maxRows; n-- {
		text = text[strings.IndexByte(text, '\n')+1:]
	}
	rows = make([]row, 0, n)
	styled = strings.IndexByte(text, 0x1b) >= 0
	var cur style
	buf := make([]byte, 0, 256)
	for {
		line, rest, more := strings.Cut(text, "\n")
		r := row{raw: line, start: cur}
		if strings.IndexByte(line, 0x1b) < 0 {
			r.text = strings.TrimRight(line, " \r")
		} else {
			buf = buf[:0]
			cur = eachRun(line, cur, func(s string, _ style) bool { buf = append(buf, s...); return true })
			r.text = strings.TrimRight(string(buf), " \r")
		}
		rows = append(rows, r)
		if !more {
			return rows, styled
		}
		text = rest
	}
}

// eachRun calls f with the pieces of text between the escapes of a row and the style each is in, until f returns false. It
// returns the style at the end of the row (of what was read).
func eachRun(s string, cur style, f func(string, style) bool) style {
	for len(s) > 0 {
		i := strings.IndexByte(s, 0x1b)
		if i < 0 {
			f(s, cur)
			return cur
		}
		if i > 0 && !f(s[:i], cur) {
			return cur
		}
		s = s[i:]
		n := escapeLen(s)
		if n > 2 && s[1] == '[' && s[n-1] == 'm' {
			cur.apply(s[2 : n-1])
		}
		s = s[n:]
	}
	return cur
}

// escapeLen returns the length of the escape sequence at the beginning of s, at least 1. A sequence that does not end is
// taken to the end of s.
func escapeLen(s string) int {
	if len(s) < 2 {
		return len(s)
	}
	switch s[1] {
	case '[':
		for i := 2; i < len(s); i++ {
			if s[i] >= 0x40 && s[i] <= 0x7e {
				return i + 1
			}
		}
		return len(s)
	case ']', 'P', '_', '^', 'X': // strings, ended by BEL or ST
		for i := 2; i < len(s); i++ {
			if s[i] == 0x07 {
				return i + 1
			}
			if s[i] == 0x1b && i+1 < len(s) && s[i+1] == '\\' {
				return i + 2
			}
		}
		return len(s)
	case '(', ')': // character sets, which tmux writes as three bytes
		return min(3, len(s))
	}
	return 2
}

// apply reads the parameters of one SGR sequence.
func (st *style) apply(params string) {
	for {
		p, rest, more := strings.Cut(params, ";")
		switch p {
		case "", "0":
			*st = style{}
		case "2":
			st.dim = true
		case "22":
			st.dim = false
		case "7":
			st.reverse = true
		case "27":
			st.reverse = false
		case "38", "48", "58": // an extended colour takes what follows: 5;N or 2;R;G;B
			colour := rest
			kind, tail, _ := strings.Cut(rest, ";")
			args := 1
			if kind == "2" {
				args = 3
			}
			rest = tail
			for ; args > 0 && rest != ""; args-- {
				_, rest, _ = strings.Cut(rest, ";")
			}
			more = rest != ""
			if p == "38" {
				st.fg = strings.TrimSuffix(strings.TrimSuffix(colour, rest), ";")
			}
		case "39":
			st.fg = ""
		default:
			if len(p) == 2 && (p[0] == '3' || p[0] == '9') {
				st.fg = p
			}
		}
		if !more {
			return
		}
		params = rest
	}
}

// hint tells whether everything in the row from byte at of its text on is dim, save the one cell under the cursor, which
// programs that draw their own cursor show in reverse.
func (r row) hint(at int) bool {
	dim, spared, seen := 0, 0, 0
	eachRun(r.raw, r.start, func(s string, st style) bool {
		for len(s) > 0 {
			_, n := utf8.DecodeRuneInString(s)
			if seen >= at && s[:n] != " " && s[:n] != "\u00a0" {
				switch {
				case st.dim:
					dim++
				case st.reverse:
					spared++
				default:
					spared += 2
				}
			}
			seen += n
			s = s[n:]
		}
		return true
	})
	return spared <= 1 && dim+spared > 0 && (dim > 0 || spared == 0)
}

// colour returns the foreground of the row's first non-blank cell at or after byte at.
func (r row) colour(at int) string {
	seen, fg := 0, ""
	eachRun(r.raw, r.start, func(s string, st style) bool {
		for i := range len(s) {
			if seen+i >= at && s[i] != ' ' {
				fg = st.fg
				return false
			}
		}
		seen += len(s)
		return true
	})
	return fg
}

// lastColour returns the foreground of the row's last non-blank cell.
func (r row) lastColour() string {
	fg := ""
	eachRun(r.raw, r.start, func(s string, st style) bool {
		if strings.Trim(s, " ") != "" {
			fg = st.fg
		}
		return true
	})
	return fg
}

// indent returns the number of cells before the first that is not blank.
func indent(s string) int { return len(s) - len(strings.TrimLeft(s, " ")) }

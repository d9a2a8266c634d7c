package control

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Guard is what must hold inside tmux, in the same command line, for anything
// to be typed. Pane and PID are required; that the pane is alive, in no mode
// and takes input is always required.
type Guard struct {
	Pane  string // %7
	PID   int    // Pane.PID
	Conds []Cond // all must hold
	// When Next is not "", the pane option @isesh_step must equal Step ("" also
	// means: not set yet) and is set to Next before anything is typed. The same
	// guard sent again is then refused, so that a step is done at most once.
	// Both are made of letters, digits and . _ : - only.
	Step, Next string
}

// Cond is a condition on what a pane shows, evaluated by tmux on the visible
// screen: the program's own, also the alternate one. Regular expressions are
// POSIX extended ones, matched against each row without its trailing spaces.
// The zero Cond always holds.
type Cond struct {
	format string // "" = holds
	text   string // for people
	err    error
}

// String is the condition in words.
func (c Cond) String() string {
	if c.text == "" {
		return "true"
	}
	return c.text
}

// Err says what is wrong with the condition, as a regular expression that tmux
// would not understand. A Guard with such a condition is never sent.
func (c Cond) Err() error { return c.err }

// Row holds when some visible row matches.
func Row(re string) Cond { return rowCond("row", re, "#{!=:%s,0}") }

// NoRow holds when no visible row matches.
func NoRow(re string) Cond { return rowCond("no row", re, "#{==:%s,0}") }

// CursorOn holds when the first matching row is the cursor's.
func CursorOn(re string) Cond {
	return rowCond("cursor on the first row", re, "#{==:%s,#{e|+:#{cursor_y},1}}")
}

// CursorBelow holds when a row matches and the cursor is on the first such row
// or below it.
func CursorBelow(re string) Cond {
	return rowCond("cursor on or below a row", re, "#{&&:#{!=:%[1]s,0},#{e|<=:%[1]s,#{e|+:#{cursor_y},1}}}")
}

// CursorAt holds when the cursor is in this very cell, counted from 0 as in
// Pane. Behind the last column of a full row it is at Width.
func CursorAt(x, y int) Cond {
	return Cond{
		format: fmt.Sprintf("#{&&:#{==:#{cursor_x},%d},#{==:#{cursor_y},%d}}", x, y),
		text:   fmt.Sprintf("cursor in column %d of row %d", x, y),
	}
}

// Not holds when c does not.
func Not(c Cond) Cond {
	if c.err != nil {
		return c
	}
	return Cond{format: "#{==:" + c.value() + ",0}", text: "not (" + c.String() + ")"}
}

// All holds when every condition holds, also when there is none.
func All(cs ...Cond) Cond { return join("&&", " and ", cs) }

// Any holds when one of the conditions holds; never when there is none.
func Any(cs ...Cond) Cond {
	if len(cs) == 0 {
		return Cond{format: "0", text: "never"}
	}
	return join("||", " or ", cs)
}

func (c Cond) value() string {
	if c.format == "" {
		return "1"
	}
	return c.format
}

func rowCond(what, re, format string) Cond {
	text := fmt.Sprintf("%s matching %q", what, re)
	escaped, err := escapeRegexp(re)
	if err != nil {
		return Cond{text: text, err: fmt.Errorf("condition %s: %w", text, err)}
	}
	return Cond{format: fmt.Sprintf(format, "#{C/r:"+escaped+"}"), text: text}
}

func join(op, word string, cs []Cond) Cond {
	var formats, texts []string
	for _, c := range cs {
		if c.err != nil {
			return c
		}
		formats = append(formats, c.value())
		texts = append(texts, c.String())
	}
	switch len(cs) {
	case 0:
		return Cond{}
	case 1:
		return cs[0]
	}
	return Cond{format: joinFormats(op, formats), text: "(" + strings.Join(texts, word) + ")"}
}

// joinFormats builds a balanced tree: tmux knows only two operands and limits
// how deep formats nest.
func joinFormats(op string, fs []string) string {
	if len(fs) == 1 {
		return fs[0]
	}
	half := len(fs) / 2
	return "#{" + op + ":" + joinFormats(op, fs[:half]) + "," + joinFormats(op, fs[half:]) + "}"
}

// escapeRegexp writes a regular expression as it stands inside a tmux format.
// One that tmux could not compile matches nothing there, which would make NoRow
// hold for ever: hence the strict check.
func escapeRegexp(re string) (string, error) {
	if re == "" {
		return "", fmt.Errorf("empty regular expression")
	}
	if _, err := regexp.CompilePOSIX(re); err != nil {
		return "", fmt.Errorf("not a POSIX extended regular expression: %w", err)
	}
	// A backslash before a letter or digit means something else to Go than to
	// the C library, or nothing in one of them.
	for i := 0; i+1 < len(re); i++ {
		if re[i] != '\\' {
			continue
		}
		if i++; isAlnum(re[i]) {
			return "", fmt.Errorf("%s in a regular expression is not portable", re[i-1:i+1])
		}
	}
	var b strings.Builder
	for i := 0; i < len(re); i++ {
		switch c := re[i]; {
		case c < 0x20 || c == 0x7f:
			return "", fmt.Errorf("control character %#02x in a regular expression", c)
		case c == '#' && i+1 < len(re) && re[i+1] == '[':
			// ##[ stays as it is in a format; the group keeps the two apart.
			if strings.Count(re[:i], "[") != strings.Count(re[:i], "]") {
				return "", fmt.Errorf("a # before [ inside brackets cannot be written for tmux")
			}
			b.WriteString("(##)")
		case c == ',' || c == '}' || c == '#':
			b.WriteByte('#')
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), nil
}

// The shapes of words are checked by hand: compiling regular expressions for
// them would be a tenth of the start of a program that uses this package.

func isPaneID(s string) bool    { return isID('%', s) }
func isWindowID(s string) bool  { return isID('@', s) }
func isSessionID(s string) bool { return isID('$', s) }

// isID reports whether s is a sigil and one to ten digits.
func isID(sigil byte, s string) bool {
	return s != "" && s[0] == sigil && isNumber(s[1:], 10)
}

// isNumber reports whether s is one to most digits.
func isNumber(s string, most int) bool {
	if s == "" || len(s) > most {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// isStep reports whether s can be a step mark.
func isStep(s string) bool {
	if len(s) > 128 {
		return false
	}
	for i := range len(s) {
		if !isAlnum(s[i]) && strings.IndexByte("._:-", s[i]) < 0 {
			return false
		}
	}
	return true
}

func isAlnum(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

// format is the whole condition as tmux evaluates it.
func (g Guard) format() (string, error) {
	if !isPaneID(g.Pane) {
		return "", fmt.Errorf("guard: %q is not a pane id (%%N)", g.Pane)
	}
	if g.PID <= 0 {
		return "", fmt.Errorf("guard: %s needs the process id of its pane", g.Pane)
	}
	if !isStep(g.Step) || !isStep(g.Next) {
		return "", fmt.Errorf("guard: step %q or next %q has characters other than letters, digits and . _ : -", g.Step, g.Next)
	}
	if g.Next == "" && g.Step != "" {
		return "", fmt.Errorf("guard: a step %q without a next one", g.Step)
	}
	fs := []string{
		// A missing pane makes tmux evaluate against another: the id comes first.
		"#{==:#{pane_id}," + g.Pane + "}",
		"#{==:#{pane_pid}," + strconv.Itoa(g.PID) + "}",
		"#{==:#{pane_dead},0}",
		"#{==:#{pane_in_mode},0}",
		"#{==:#{pane_input_off},0}",
	}
	if g.Next != "" {
		fs = append(fs, g.stepFormat())
	}
	for _, c := range g.Conds {
		if c.err != nil {
			return "", fmt.Errorf("guard: %w", c.err)
		}
		if c.format != "" {
			fs = append(fs, c.format)
		}
	}
	return joinFormats("&&", fs), nil
}

func (g Guard) stepFormat() string { return "#{==:#{@isesh_step}," + g.Step + "}" }

// why is the format of the row that the refusing branch prints: what is so, at
// the instant of the refusal.
func (g Guard) why() string {
	var b strings.Builder
	b.WriteString("no\t#{pane_pid}\t#{pane_dead}\t#{pane_in_mode}\t#{pane_input_off}\t")
	if g.Next != "" {
		b.WriteString(g.stepFormat())
	} else {
		b.WriteByte('1')
	}
	b.WriteString("\t#{s/[\001-\037]/?/:@isesh_step}")
	for _, c := range g.Conds {
		b.WriteString("\t" + c.value())
	}
	return b.String()
}

// refused turns that row into the typed error. body "" means that the pane was
// not found.
func (g Guard) refused(body string) error {
	f := strings.Split(body, "\t")
	r := &Refused{Pane: g.Pane}
	switch {
	case body == "":
		r.Reason = Gone
	case f[0] != "no" || len(f) != 7+len(g.Conds):
		return fmt.Errorf("reading why %s refused: unexpected %q", g.Pane, briefLine(body))
	case f[1] == "" && f[2] != "0": // 3.8 forgets the process of a dead pane
		r.Reason = Dead
	case f[1] != strconv.Itoa(g.PID):
		r.Reason, r.Detail = OtherProcess, fmt.Sprintf("process %s instead of %d", f[1], g.PID)
	case f[2] != "0":
		r.Reason = Dead
	case f[3] != "0":
		r.Reason = InMode
	case f[4] != "0":
		r.Reason = InputOff
	case f[5] != "1":
		r.Reason, r.Detail = Step, fmt.Sprintf("step %q instead of %q", f[6], g.Step)
	default:
		r.Reason = Screen
		for i, c := range g.Conds {
			if v := f[7+i]; v == "0" || v == "" {
				r.Detail = "does not hold: " + c.String()
				break
			}
		}
	}
	return r
}

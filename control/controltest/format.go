package controltest

import (
	"path"
	"strconv"
	"strings"
	"time"
)

// scope is what a format is expanded against: any of its fields may be missing.
type scope struct {
	t     *Tmux
	c     *client
	s     *session
	w     *winlink
	p     *Pane
	extra map[string]string // variables of one row: buffers, commands
	strf  bool              // the format goes through strftime first
	depth int
}

// formatLimit is tmux's cap on nested expansions.
const formatLimit = 100

// expand expands a format. A malformed #{...} ends the expansion: what came before it stays.
func (e scope) expand(f string) string {
	if e.depth++; e.depth > formatLimit {
		return ""
	}
	if e.strf && strings.Contains(f, "%") {
		if f = strftime(f, time.Now()); len(f) >= 8192 {
			return "" // tmux expands into a buffer of this size and gives up beyond it
		}
	}
	var b strings.Builder
	for i := 0; i < len(f); {
		if f[i] != '#' || i+1 >= len(f) {
			b.WriteByte(f[i])
			i++
			continue
		}
		switch c := f[i+1]; {
		case c == '(':
			end := skip(f[i+1:], ")")
			if end < 0 {
				return b.String()
			}
			i += end + 2 // a shell command is never run here
		case c == '{':
			end := skip(f[i:], "}")
			if end < 0 {
				return b.String()
			}
			v, ok := e.replace(f[i+2 : i+end])
			if !ok {
				return b.String()
			}
			b.WriteString(v)
			i += end + 1
		case c == '#' || c == '[':
			n := 0
			for i+n < len(f) && f[i+n] == '#' {
				n++
			}
			if i+n < len(f) && f[i+n] == '[' { // a style keeps its marks
				b.WriteString(f[i : i+n+1])
				i += n + 1
				break
			}
			b.WriteByte('#')
			i += 2
		case c == '}' || c == ',':
			b.WriteByte(c)
			i += 2
		default:
			if key, ok := aliases[c]; ok {
				v, _ := e.replace(key)
				b.WriteString(v)
			} else {
				b.WriteString(f[i : i+2])
			}
			i += 2
		}
	}
	return b.String()
}

var aliases = map[byte]string{
	'D': "pane_id", 'F': "window_flags", 'H': "host", 'I': "window_index", 'P': "pane_index", 'S': "session_name", 'T': "pane_title",
	'W': "window_name", 'h': "host_short",
}

// skip returns the index of the first byte of any of end that is not inside #{}, or -1.
func skip(s, end string) int {
	brackets := 0
	for i := 0; i < len(s); i++ {
		if s[i] == '#' && i+1 < len(s) {
			if s[i+1] == '{' {
				brackets++
			}
			if strings.IndexByte(",#{}:", s[i+1]) >= 0 {
				i++
				continue
			}
		}
		if s[i] == '}' {
			brackets--
		}
		if strings.IndexByte(end, s[i]) >= 0 && brackets == 0 {
			return i
		}
	}
	return -1
}

type modifier struct {
	name string
	args []string
}

// replace evaluates what stands between #{ and }. ok is false when it is malformed.
func (e scope) replace(key string) (value string, ok bool) {
	mods, rest := e.modifiers(key)
	var literal, expandAgain, base, dir bool
	var loop byte
	var search, cmp, expr, not *modifier
	var after []*modifier
	for i := range mods {
		m := &mods[i]
		switch m.name {
		case "l":
			literal = true
		case "E", "T":
			expandAgain = true
		case "b":
			base = true
		case "d":
			dir = true
		case "S", "W", "P":
			loop = m.name[0]
		case "C":
			search = m
		case "m", "||", "&&", "==", "!=", "<=", ">=", "<", ">":
			cmp = m
		case "e":
			expr = m
		case "!", "!!":
			not = m
		case "s", "=", "p", "n", "w":
			after = append(after, m)
		}
	}
	switch {
	case literal:
		value = unescape(rest)
	case loop != 0:
		if value, ok = e.loop(loop, rest); !ok {
			return "", false
		}
	case search != nil:
		value = "0"
		if e.p != nil {
			value = strconv.Itoa(e.p.search(e.expand(rest), strings.Join(search.args, "")))
		}
	case not != nil:
		v := truth(e.expand(rest))
		value = flag(v == (not.name == "!!"))
	case cmp != nil:
		l, r, ok := choose(rest)
		if !ok {
			return "", false
		}
		value = flag(compare(cmp, e.expand(l), e.expand(r)))
	case strings.HasPrefix(rest, "?"):
		return e.condition(rest[1:])
	case expr != nil:
		if l, r, ok := choose(rest); ok {
			value = calculate(expr, e.expand(l), e.expand(r))
		}
	case strings.Contains(rest, "#{"):
		value = e.expand(rest)
	default:
		value, _ = e.find(rest)
		if base && value != "" {
			value = path.Base(value)
		}
		if dir && value != "" {
			value = path.Dir(value)
		}
	}
	if expandAgain {
		value = e.expand(value)
	}
	for _, m := range after {
		value = adjust(m, value)
	}
	return value, true
}

func (e scope) condition(s string) (string, bool) {
	i := skip(s, ",")
	if i < 0 {
		return "", false
	}
	cond := s[:i]
	found, ok := e.find(cond)
	if !ok {
		if found = e.expand(cond); found == cond {
			found = ""
		}
	}
	yes, no, ok := choose(s[i+1:])
	if !ok {
		return "", false
	}
	if truth(found) {
		return e.expand(yes), true
	}
	return e.expand(no), true
}

// loop expands the format for every session, every window of the session or every pane of the window.
func (e scope) loop(kind byte, f string) (string, bool) {
	all, active, ok := choose(f)
	if !ok || kind == 'S' && !e.t.at(3, 6) {
		all, active = f, f
	}
	var b strings.Builder
	switch kind {
	case 'S':
		for _, s := range e.t.byName() {
			use := all
			if s == e.s {
				use = active
			}
			b.WriteString(scope{t: e.t, c: e.c, s: s, w: s.current, p: s.current.active, strf: e.strf, depth: e.depth}.expand(use))
		}
	case 'W':
		if e.s == nil {
			return "", false
		}
		for _, w := range e.s.windows {
			use := all
			if w == e.s.current {
				use = active
			}
			b.WriteString(scope{t: e.t, c: e.c, s: e.s, w: w, p: w.active, strf: e.strf, depth: e.depth}.expand(use))
		}
	case 'P':
		if e.w == nil {
			return "", false
		}
		for _, p := range e.w.panes {
			use := all
			if p == e.w.active {
				use = active
			}
			b.WriteString(scope{t: e.t, c: e.c, s: e.s, w: e.w, p: p, strf: e.strf, depth: e.depth}.expand(use))
		}
	}
	return b.String(), true
}

// modifiers splits key into its modifiers and what they apply to. Without a valid list of modifiers, key is all of it.
func (e scope) modifiers(key string) ([]modifier, string) {
	var mods []modifier
	i := 0
	at := func(n int) byte {
		if i+n < len(key) {
			return key[i+n]
		}
		return 0
	}
	isEnd := func(c byte) bool { return c == ';' || c == ':' }
	for i < len(key) && key[i] != ':' {
		if key[i] == ';' {
			i++
		}
		two := key[i:min(i+2, len(key))]
		switch {
		case strings.IndexByte("labcdnwETSWP<>", at(0)) >= 0 && isEnd(at(1)), e.t.at(3, 6) && at(0) == '!' && isEnd(at(1)):
			mods = append(mods, modifier{name: key[i : i+1]})
			i++
			continue
		case isEnd(at(2)) && (two == "||" || two == "&&" || two == "!=" || two == "==" || two == "<=" || two == ">=" || two == "!!" && e.t.at(3, 6)):
			mods = append(mods, modifier{name: two})
			i += 2
			continue
		case at(0) == 0 || strings.IndexByte("mCNst=peq", at(0)) < 0:
			return nil, key
		case isEnd(at(1)):
			mods = append(mods, modifier{name: key[i : i+1]})
			i++
			continue
		}
		m := modifier{name: key[i : i+1]}
		if !punct(at(1)) || at(1) == '-' {
			n := skip(key[i+1:], ":;")
			if n < 0 {
				return nil, key
			}
			m.args = []string{key[i+1 : i+1+n]}
			i += 1 + n
			mods = append(mods, m)
			continue
		}
		sep := at(1)
		stop := string(sep) + ";:"
		i++
		for {
			if at(0) == sep && isEnd(at(1)) {
				i++
				break
			}
			if i+1 > len(key) {
				break
			}
			n := skip(key[i+1:], stop)
			if n < 0 {
				return nil, key
			}
			m.args = append(m.args, e.expand(key[i+1:i+1+n]))
			i += 1 + n
			if isEnd(at(0)) {
				break
			}
		}
		mods = append(mods, m)
	}
	if i >= len(key) {
		return nil, key
	}
	return mods, key[i+1:]
}

func punct(c byte) bool { return c > ' ' && c < 0x7f && !letter(c) && (c < '0' || c > '9') }

// choose splits at the first comma outside braces.
func choose(s string) (left, right string, ok bool) {
	i := skip(s, ",")
	if i < 0 {
		return "", "", false
	}
	return s[:i], s[i+1:], true
}

func truth(s string) bool { return s != "" && s != "0" }

func flag(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

func unescape(s string) string {
	var b strings.Builder
	brackets := 0
	for i := 0; i < len(s); i++ {
		if strings.HasPrefix(s[i:], "#{") {
			brackets++
		}
		if brackets == 0 && s[i] == '#' && i+1 < len(s) && strings.IndexByte(",#{}:", s[i+1]) >= 0 {
			i++
		}
		if s[i] == '}' {
			brackets--
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

package controltest

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// write feeds a program's output to the screen. Sequences and characters may be cut anywhere between two writes.
func (s *screen) write(data []byte) {
	for _, c := range data {
		if s.state != nil {
			s.state(s, c)
			continue
		}
		if c >= 0x80 {
			s.multibyte(c)
			continue
		}
		s.utf = s.utf[:0]
		if c < 0x20 || c == 0x7f {
			s.control(c)
		} else {
			s.put(rune(c))
		}
	}
}

// multibyte collects a character; bytes that make none vanish.
func (s *screen) multibyte(c byte) {
	if utf8.RuneStart(c) {
		s.utf = s.utf[:0]
	}
	s.utf = append(s.utf, c)
	if !utf8.FullRune(s.utf) {
		return
	}
	r, n := utf8.DecodeRune(s.utf)
	s.utf = s.utf[:0]
	if n > 1 {
		s.put(r)
	}
}

func (s *screen) control(c byte) {
	switch c {
	case '\b':
		switch {
		case s.cx > 0:
			s.cx--
		case s.cy > 0 && s.rows[s.cy-1].wrapped:
			s.cy--
			s.cx = s.sx - 1
		}
	case '\t':
		s.cx = min((s.cx/8+1)*8, s.sx-1)
	case '\n', '\v', '\f':
		s.rows[s.cy].wrapped = false
		s.linefeed()
	case '\r':
		s.cx = 0
	case 0x1b:
		s.state = (*screen).escape
	}
}

// escape is the byte behind ESC.
func (s *screen) escape(c byte) {
	s.state, s.params = nil, s.params[:0]
	switch c {
	case '[':
		s.state = (*screen).csi
	case ']':
		s.state = (*screen).osc
	case 'P', 'X', '^', '_', 'k':
		s.state = (*screen).ignoreString
	case '(', ')', '*', '+', '#', ' ', '%':
		s.state = func(s *screen, _ byte) { s.state = nil }
	case '7':
		s.saved, s.savedStyle = [2]int{s.cx, s.cy}, s.style
	case '8':
		s.cx, s.cy, s.style = min(s.saved[0], s.sx-1), min(s.saved[1], s.sy-1), s.savedStyle
	case 'D':
		s.linefeed()
	case 'E':
		s.cx = 0
		s.linefeed()
	case 'M':
		if s.cy == s.top {
			s.scrollDown(1)
		} else if s.cy > 0 {
			s.cy--
		}
	case 'c':
		s.reset()
	}
}

// reset is a terminal as it begins, but for its history and title.
func (s *screen) reset() {
	title, history := s.title, s.history
	*s = *newScreen(s.sx, s.sy)
	s.title, s.history = title, history
}

// ignoreString skips to the string terminator.
func (s *screen) ignoreString(c byte) {
	if c == 0x1b {
		s.state = func(s *screen, c byte) {
			if s.state = (*screen).ignoreString; c == '\\' {
				s.state = nil
			}
		}
	}
}

func (s *screen) osc(c byte) {
	end := func() {
		s.state = nil
		if code, text, ok := strings.Cut(string(s.params), ";"); ok && (code == "0" || code == "2") && utf8.ValidString(text) {
			s.title(text)
		}
	}
	switch {
	case c == '\a':
		end()
	case c == 0x1b:
		s.state = func(s *screen, c byte) {
			end()
			if c != '\\' {
				s.write([]byte{0x1b, c})
			}
		}
	default:
		s.params = append(s.params, c)
	}
}

// csi collects a control sequence and runs it.
func (s *screen) csi(c byte) {
	switch {
	case c == 0x1b:
		s.state = (*screen).escape
	case c < 0x20:
		s.control(c)
	case c < 0x40:
		s.params = append(s.params, c)
	default:
		s.state = nil
		s.sequence(string(s.params), c)
	}
}

func (s *screen) sequence(params string, final byte) {
	if strings.HasPrefix(params, "?") {
		for _, m := range strings.Split(params[1:], ";") {
			if final == 'h' || final == 'l' {
				s.mode(m, final == 'h')
			}
		}
		return
	}
	if params != "" && strings.IndexByte("<=>", params[0]) >= 0 || strings.ContainsAny(params, " !\"$'") {
		return
	}
	if final == 'm' {
		s.sgr(strings.Split(strings.ReplaceAll(params, ":", ";"), ";"))
		return
	}
	list := strings.Split(params, ";")
	arg := func(i, def int) int {
		if i < len(list) {
			if n, err := strconv.Atoi(list[i]); err == nil && n > 0 {
				return n
			}
		}
		return def
	}
	n := arg(0, 1)
	switch final {
	case 'A':
		s.cy = max(s.cy-n, 0)
	case 'B', 'e':
		s.cy = min(s.cy+n, s.sy-1)
	case 'C', 'a':
		s.cx = min(s.cx+n, s.sx-1)
	case 'D':
		s.cx = max(min(s.cx, s.sx-1)-n, 0)
	case 'E':
		s.cx, s.cy = 0, min(s.cy+n, s.sy-1)
	case 'F':
		s.cx, s.cy = 0, max(s.cy-n, 0)
	case 'G', '`':
		s.cx = min(n, s.sx) - 1
	case 'd':
		s.cy = min(n, s.sy) - 1
	case 'H', 'f':
		s.cy, s.cx = min(n, s.sy)-1, min(arg(1, 1), s.sx)-1
	case 'J':
		s.eraseDisplay(arg(0, 0))
	case 'K':
		switch arg(0, 0) {
		case 0:
			s.erase(s.cy, s.cx, s.sx)
		case 1:
			s.erase(s.cy, 0, s.cx+1)
		case 2:
			s.erase(s.cy, 0, s.sx)
		}
	case 'L', 'M':
		if s.cy < s.top || s.cy > s.bot {
			break
		}
		top := s.top
		s.top = s.cy
		if final == 'L' {
			s.scrollDown(n)
		} else {
			keep := s.history // deleted lines are not history
			s.scrollUp(n)
			s.history = keep
		}
		s.top = top
	case '@':
		s.insertCells(n)
	case 'P':
		s.deleteCells(n)
	case 'X':
		s.erase(s.cy, s.cx, s.cx+n)
	case 'S':
		s.scrollUp(n)
	case 'T':
		s.scrollDown(n)
	case 'r':
		if top, bot := arg(0, 1)-1, min(arg(1, s.sy), s.sy)-1; top < bot {
			s.top, s.bot, s.cx, s.cy = top, bot, 0, 0
		}
	case 's':
		s.saved, s.savedStyle = [2]int{s.cx, s.cy}, s.style
	case 'u':
		s.cx, s.cy, s.style = min(s.saved[0], s.sx-1), min(s.saved[1], s.sy-1), s.savedStyle
	case 'h', 'l':
		if n == 4 {
			s.insert = final == 'h'
		}
	}
}

func (s *screen) eraseDisplay(what int) {
	switch what {
	case 0:
		s.erase(s.cy, s.cx, s.sx)
		for y := s.cy + 1; y < s.sy; y++ {
			s.erase(y, 0, s.sx)
		}
	case 1:
		for y := range s.cy {
			s.erase(y, 0, s.sx)
		}
		s.erase(s.cy, 0, s.cx+1)
	case 2:
		for y := s.sy - 1; y >= 0; y-- { // what was shown becomes history
			if len(s.rows[y].cells) > 0 {
				if s.other == nil {
					s.history = append(s.history, s.rows[:y+1]...)
				}
				break
			}
		}
		for y := range s.rows {
			s.rows[y] = row{}
			s.erase(y, 0, s.sx)
		}
	case 3:
		s.history = nil
	}
}

func (s *screen) mode(m string, on bool) {
	switch m {
	case "1":
		s.appCursor = on
	case "7":
		s.noWrap = !on
	case "25":
		s.hidden = !on
	case "2004":
		s.bracketed = on
	case "47", "1047", "1049":
		s.alternate(on)
	}
}

func (s *screen) sgr(p []string) {
	at := func(i int) int {
		if i >= len(p) {
			return 0
		}
		n, _ := strconv.Atoi(p[i])
		return n
	}
	for i := 0; i < len(p); i++ {
		n := at(i)
		switch {
		case n == 0:
			s.style = style{}
		case n >= 1 && n <= 9 && n != 6:
			for b, code := range attrCodes {
				if code == strconv.Itoa(n) {
					s.style.attrs |= 1 << b
				}
			}
		case n == 22:
			s.style.attrs &^= 3
		case n == 23:
			s.style.attrs &^= 1 << 2
		case n == 24:
			s.style.attrs &^= 1 << 3
		case n == 25:
			s.style.attrs &^= 1 << 4
		case n == 27:
			s.style.attrs &^= 1 << 5
		case n == 28:
			s.style.attrs &^= 1 << 6
		case n == 29:
			s.style.attrs &^= 1 << 7
		case n == 38 || n == 48:
			colour := ""
			switch at(i + 1) {
			case 5:
				colour = strings.Join([]string{strconv.Itoa(n), "5", strconv.Itoa(at(i + 2))}, ";")
				i += 2
			case 2:
				colour = strings.Join([]string{strconv.Itoa(n), "2", strconv.Itoa(at(i + 2)), strconv.Itoa(at(i + 3)), strconv.Itoa(at(i + 4))}, ";")
				i += 4
			}
			if n == 38 {
				s.style.fg = colour
			} else {
				s.style.bg = colour
			}
		case n >= 30 && n <= 37 || n >= 90 && n <= 97:
			s.style.fg = strconv.Itoa(n)
		case n == 39:
			s.style.fg = ""
		case n >= 40 && n <= 47 || n >= 100 && n <= 107:
			s.style.bg = strconv.Itoa(n)
		case n == 49:
			s.style.bg = ""
		}
	}
}

// change appends the sequences that lead from one style to another, in tmux's way.
func (to style) change(b *bytes.Buffer, from style) {
	var codes []string
	had, reset := from.attrs, from.attrs&^to.attrs != 0
	if reset {
		codes, had = append(codes, "0"), 0
	}
	for i, code := range attrCodes {
		if to.attrs&^had&(1<<i) != 0 {
			codes = append(codes, code)
		}
	}
	if len(codes) > 0 {
		b.WriteString("\x1b[" + strings.Join(codes, ";") + "m")
	}
	colour := func(to, from, def string) {
		switch {
		case to == "" && (from != "" || reset):
			b.WriteString("\x1b[" + def + "m")
		case to != from || reset:
			b.WriteString("\x1b[" + to + "m")
		}
	}
	colour(to.fg, from.fg, "39")
	colour(to.bg, from.bg, "49")
}

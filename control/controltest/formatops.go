package controltest

import (
	"fmt"
	"math"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"
)

func compare(m *modifier, l, r string) bool {
	switch m.name {
	case "||":
		return truth(l) || truth(r)
	case "&&":
		return truth(l) && truth(r)
	case "==":
		return l == r
	case "!=":
		return l != r
	case "<":
		return l < r
	case ">":
		return l > r
	case "<=":
		return l <= r
	case ">=":
		return l >= r
	}
	flags := strings.Join(m.args, "") // m: match
	if strings.Contains(flags, "r") {
		re, err := ere(l, strings.Contains(flags, "i"))
		return err == nil && re.MatchString(r)
	}
	if strings.Contains(flags, "i") {
		l, r = strings.ToLower(l), strings.ToLower(r)
	}
	return fnmatch(l, r)
}

// calculate is #{e|op|f|digits:l,r}.
func calculate(m *modifier, l, r string) string {
	arg := func(i int) string {
		if i < len(m.args) {
			return m.args[i]
		}
		return ""
	}
	a, err := number(l)
	if err != nil {
		return ""
	}
	b, err := number(r)
	if err != nil {
		return ""
	}
	prec := 0
	if strings.Contains(arg(1), "f") {
		prec = 2
		if arg(2) != "" {
			prec, _ = strconv.Atoi(arg(2))
		}
	} else {
		a, b = math.Trunc(a), math.Trunc(b)
	}
	is := func(v bool) float64 {
		if v {
			return 1
		}
		return 0
	}
	var v float64
	switch arg(0) {
	case "+":
		v = a + b
	case "-":
		v = a - b
	case "*":
		v = a * b
	case "/":
		v = a / b
	case "m", "%", "%%":
		v = math.Mod(a, b)
	case "==":
		v = is(a == b)
	case "!=":
		v = is(a != b)
	case "<":
		v = is(a < b)
	case ">":
		v = is(a > b)
	case "<=":
		v = is(a <= b)
	case ">=":
		v = is(a >= b)
	default:
		return ""
	}
	if prec == 0 {
		v = math.Trunc(v)
	}
	return strconv.FormatFloat(v, 'f', prec, 64)
}

// number reads as strtod does, for which nothing at all is zero.
func number(s string) (float64, error) {
	if s = strings.TrimLeft(s, " \t\n"); s == "" {
		return 0, nil
	}
	return strconv.ParseFloat(s, 64)
}

// adjust applies a modifier that changes the finished value.
func adjust(m *modifier, v string) string {
	arg := func(i int) string {
		if i < len(m.args) {
			return m.args[i]
		}
		return ""
	}
	switch m.name {
	case "n":
		return strconv.Itoa(len(v))
	case "w":
		return strconv.Itoa(textWidth(v))
	case "s":
		re, err := ere(arg(0), strings.Contains(arg(2), "i"))
		if err != nil {
			return v
		}
		to := regexp.MustCompile(`\\(\d)`).ReplaceAllString(strings.ReplaceAll(arg(1), "$", "$$"), "$${$1}")
		return re.ReplaceAllString(v, to)
	case "=":
		n, err := strconv.Atoi(arg(0))
		if err != nil {
			return v
		}
		r := []rune(v)
		switch {
		case n > 0 && len(r) > n:
			return string(r[:n]) + arg(1)
		case n < 0 && len(r) > -n:
			return arg(1) + string(r[len(r)+n:])
		}
	case "p":
		n, _ := strconv.Atoi(arg(0))
		if pad := max(n, -n) - textWidth(v); pad > 0 && n > 0 {
			return v + strings.Repeat(" ", pad)
		} else if pad > 0 {
			return strings.Repeat(" ", pad) + v
		}
	}
	return v
}

func fnmatch(pattern, s string) bool {
	// path.Match stops at a slash, fnmatch without flags does not.
	ok, err := path.Match(strings.ReplaceAll(pattern, "/", "\x00"), strings.ReplaceAll(s, "/", "\x00"))
	return err == nil && ok
}

// ere compiles a POSIX extended regular expression as glibc reads it: Go's escapes that ERE does not have are refused their meaning.
func ere(s string, fold bool) (*regexp.Regexp, error) {
	var b strings.Builder
	if fold {
		b.WriteString("(?i)")
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s):
			i++
			switch n := s[i]; {
			case n == '<' || n == '>':
				b.WriteString(`\b`)
			case n == '`':
				b.WriteString(`\A`)
			case n == '\'':
				b.WriteString(`\z`)
			case strings.IndexByte("wWsSbB", n) >= 0:
				b.WriteByte('\\')
				b.WriteByte(n)
			default:
				b.WriteString(regexp.QuoteMeta(string(n)))
				if n >= 0x80 { // QuoteMeta of a single byte of a character would not be UTF-8
					return nil, fmt.Errorf("escaped character in %q", s)
				}
			}
		case c == '[':
			n := bracket(s[i:])
			if n < 0 {
				return nil, fmt.Errorf("unmatched [ in %q", s)
			}
			b.WriteString(strings.ReplaceAll(s[i:i+n], `\`, `\\`))
			i += n - 1
		default:
			b.WriteByte(c)
		}
	}
	return regexp.Compile(b.String())
}

// bracket returns the length of the bracket expression s begins with: a ] that comes first is a character.
func bracket(s string) int {
	i := 1
	if i < len(s) && s[i] == '^' {
		i++
	}
	if i < len(s) && s[i] == ']' {
		i++
	}
	for ; i < len(s); i++ {
		if strings.HasPrefix(s[i:], "[:") {
			if end := strings.Index(s[i:], ":]"); end > 0 {
				i += end + 1
				continue
			}
		}
		if s[i] == ']' {
			return i + 1
		}
	}
	return -1
}

// strftime knows the conversions people put into tmux formats and leaves all others as they are, as glibc does.
func strftime(f string, at time.Time) string {
	layouts := map[byte]string{'Y': "2006", 'm': "01", 'd': "02", 'H': "15", 'M': "04", 'S': "05", 'y': "06", 'b': "Jan", 'B': "January", 'a': "Mon",
		'A': "Monday", 'p': "PM", 'I': "03", 'F': "2006-01-02", 'T': "15:04:05", 'R': "15:04", 'D': "01/02/06", 'e': "_2", 'j': "002", 'Z': "MST", 'z': "-0700"}
	var b strings.Builder
	for i := 0; i < len(f); i++ {
		if f[i] != '%' || i+1 >= len(f) {
			b.WriteByte(f[i])
			continue
		}
		switch c := f[i+1]; {
		case c == '%':
			b.WriteByte('%')
		case c == 'n':
			b.WriteByte('\n')
		case c == 't':
			b.WriteByte('\t')
		case c == 's':
			b.WriteString(strconv.FormatInt(at.Unix(), 10))
		case layouts[c] != "":
			b.WriteString(at.Format(layouts[c]))
		default:
			b.WriteByte('%')
			continue
		}
		i++
	}
	return b.String()
}

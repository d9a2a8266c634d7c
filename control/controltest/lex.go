package controltest

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// word is one argument of a command line: text, or a brace-enclosed list of commands.
type word struct {
	text  string
	block [][]word // set when the word was written in braces
	brace bool
}

var errSyntax = errors.New("syntax error")

// parseLine splits a command line into commands of words, as tmux's lexer does: quotes, escapes, $NAME, ~, braces, comments and ;.
// env answers for $NAME.
func parseLine(line string, env func(string) string) ([][]word, error) {
	l := &lexer{s: line, env: env}
	list, err := l.list(false)
	if err != nil {
		return nil, err
	}
	return list, nil
}

// wordsOf turns an argument vector into commands: there, a word that is or ends in ";" separates.
func wordsOf(argv []string) [][]word {
	var list [][]word
	var cur []word
	for _, a := range argv {
		end := false
		switch {
		case strings.HasSuffix(a, `\;`):
			a = a[:len(a)-2] + ";"
		case strings.HasSuffix(a, ";"):
			a, end = a[:len(a)-1], true
		}
		if a != "" || !end {
			cur = append(cur, word{text: a})
		}
		if end && len(cur) > 0 {
			list, cur = append(list, cur), nil
		}
	}
	if len(cur) > 0 {
		list = append(list, cur)
	}
	return list
}

type lexer struct {
	s   string
	i   int
	env func(string) string
}

// list reads commands up to the end of the text, or up to the brace that closes the list.
func (l *lexer) list(nested bool) ([][]word, error) {
	var list [][]word
	var cur []word
	flush := func() {
		if len(cur) > 0 {
			list, cur = append(list, cur), nil
		}
	}
	for l.i < len(l.s) {
		c := l.s[l.i]
		switch c {
		case ' ', '\t', '\r':
			l.i++
		case '\n':
			l.i++
			flush()
		case ';':
			l.i++
			if len(cur) == 0 && len(list) == 0 {
				return nil, errSyntax
			}
			flush()
		case '#':
			for l.i < len(l.s) && l.s[l.i] != '\n' {
				l.i++
			}
		case '{':
			l.i++
			block, err := l.list(true)
			if err != nil {
				return nil, err
			}
			if len(cur) == 0 {
				return nil, errSyntax
			}
			cur = append(cur, word{block: block, brace: true})
		case '}':
			if !nested {
				return nil, errSyntax
			}
			l.i++
			flush()
			return list, nil
		case '%':
			start := l.i
			for l.i < len(l.s) && !strings.ContainsRune(" \t\n;", rune(l.s[l.i])) {
				l.i++
			}
			w := l.s[start:l.i]
			if strings.Trim(w, "%0123456789") != "" {
				return nil, errSyntax
			}
			cur = append(cur, word{text: w})
		default:
			w, err := l.token()
			if err != nil {
				return nil, err
			}
			cur = append(cur, word{text: w})
		}
	}
	if nested {
		return nil, errSyntax
	}
	flush()
	return list, nil
}

// token reads one word. Quotes may open and close inside it, and an open quote ends with the line.
func (l *lexer) token() (string, error) {
	var b strings.Builder
	quote, fresh := byte(0), true // fresh: at the start of the word or of a quoted part, where ~ is a directory
	for l.i < len(l.s) {
		c := l.s[l.i]
		if quote == 0 && strings.IndexByte(" \t\n;}", c) >= 0 {
			break
		}
		l.i++
		switch {
		case c == quote && quote != 0:
			quote, fresh = 0, true
			continue
		case quote == 0 && (c == '"' || c == '\''):
			quote, fresh = c, true
			continue
		case quote == '\'':
			b.WriteByte(c)
		case c == '\\':
			if err := l.escape(&b); err != nil {
				return "", err
			}
		case c == '$':
			l.variable(&b)
		case c == '~' && fresh:
			b.WriteString(l.env("HOME"))
		case c == 0xff:
			return "", errSyntax // the lexer takes this byte for the end of the input
		default:
			b.WriteByte(c)
		}
		fresh = false
	}
	s := b.String()
	if i := strings.IndexByte(s, 0); i >= 0 {
		s = s[:i]
	}
	return s, nil
}

func (l *lexer) escape(b *strings.Builder) error {
	if l.i >= len(l.s) {
		return nil
	}
	c := l.s[l.i]
	l.i++
	if c >= '4' && c <= '7' {
		return errors.New("invalid octal escape")
	}
	if c >= '0' && c <= '3' {
		if l.i+2 > len(l.s) || !octal(l.s[l.i]) || !octal(l.s[l.i+1]) {
			return errors.New("invalid octal escape")
		}
		b.WriteByte((c-'0')<<6 | (l.s[l.i]-'0')<<3 | (l.s[l.i+1] - '0'))
		l.i += 2
		return nil
	}
	if c == 'u' || c == 'U' {
		n := map[byte]int{'u': 4, 'U': 8}[c]
		var r rune
		if l.i+n > len(l.s) {
			return fmt.Errorf("invalid \\%c argument", c)
		}
		if _, err := fmt.Sscanf(l.s[l.i:l.i+n], "%x", &r); err != nil || !utf8.ValidRune(r) {
			return fmt.Errorf("invalid \\%c argument", c)
		}
		l.i += n
		b.WriteRune(r)
		return nil
	}
	if i := strings.IndexByte("abefsvrnt", c); i >= 0 {
		c = "\a\b\033\f \v\r\n\t"[i]
	}
	b.WriteByte(c)
	return nil
}

func octal(c byte) bool { return c >= '0' && c <= '7' }

func (l *lexer) variable(b *strings.Builder) {
	rest := l.s[l.i:]
	name, used := "", 0
	if strings.HasPrefix(rest, "{") {
		if end := strings.IndexByte(rest, '}'); end > 0 {
			name, used = rest[1:end], end+1
		}
	} else {
		for used < len(rest) && (rest[used] == '_' || letter(rest[used]) || used > 0 && rest[used] >= '0' && rest[used] <= '9') {
			used++
		}
		name = rest[:used]
	}
	if used == 0 {
		b.WriteByte('$')
		return
	}
	l.i += used
	b.WriteString(l.env(name))
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

package control

import (
	"fmt"
	"strings"
)

// Quote returns s as one word of a tmux command line: in double quotes, which
// tmux reads back as exactly the bytes of s. It refuses only NUL (ErrNUL).
//
// It does not protect against the second reading that arguments which are
// formats get (names, -F, -c, paths): see EscapeFormat.
func Quote(s string) (string, error) {
	b, err := appendQuoted(make([]byte, 0, len(s)+8), s)
	if err != nil {
		return "", err
	}
	return string(b), nil
}

// QuoteAll quotes each word and joins them with spaces: one command.
func QuoteAll(words ...string) (string, error) {
	var b []byte
	for i, w := range words {
		if i > 0 {
			b = append(b, ' ')
		}
		var err error
		if b, err = appendQuoted(b, w); err != nil {
			return "", err
		}
	}
	return string(b), nil
}

func appendQuoted(b []byte, s string) ([]byte, error) {
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == 0:
			return nil, fmt.Errorf("quoting an argument of %d bytes: %w", len(s), ErrNUL)
		case c == '"' || c == '\\' || c == '$' || c == '~' && i == 0:
			b = append(b, '\\', c)
		case c < 0x20 || c == 0x7f || c == 0xff:
			// A raw 0xff is the end of input to tmux's lexer.
			b = append(b, '\\', '0'+c>>6, '0'+c>>3&7, '0'+c&7)
		default:
			b = append(b, c)
		}
	}
	return append(b, '"'), nil
}

// EscapeFormat protects s, an argument that tmux reads as a format (a name for
// new-session -s, a start directory, the path of load-buffer), from expansion.
func EscapeFormat(s string) string { return strings.ReplaceAll(s, "#", "##") }

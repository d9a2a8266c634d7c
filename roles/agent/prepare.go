package agent

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Prep says how a message is to be prepared.
type Prep struct {
	From string // name of the sender, for the tag; "" is no tag
	Tag  bool   // put [from:NAME] in front
	Raw  bool   // a command for the agent (/clear): no tag, no shielding; control bytes go all the same
}

// defaultMaxLen is the longest message that was seen to arrive byte for byte.
const defaultMaxLen = 1 << 20

// forged finds what could be taken for the tag of another role. An agent may drop invisible characters, so they count as
// nothing here. It is compiled when first needed: most processes that link this never do.
var forged = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)[\[［][\s\p{Cf}]*f\p{Cf}*r\p{Cf}*o\p{Cf}*m[\s\p{Cf}]*[:：]`)
})

// Prepare makes of a message what is to be pasted: the sender's tag in front, control bytes gone, what the agent would
// take for a command shielded by a blank, and tags inside the body escaped with a backslash, so that nobody can
// speak for another role.
//
// It refuses a message of which nothing remains, one that is too long, and a sender's name that could break out of the tag.
func (p *Profile) Prepare(text string, o Prep) (string, error) {
	limit := p.spec.Text.MaxLen
	if limit == 0 {
		limit = defaultMaxLen
	}
	body := clean(text)
	if strings.ContainsAny(body, "[［") {
		body = forged().ReplaceAllStringFunc(body, func(s string) string { return `\` + s })
	}
	if strings.TrimSpace(body) == "" {
		return "", fmt.Errorf("preparing the message: it holds nothing to type (write some text)")
	}
	if o.Tag && !o.Raw && o.From != "" && (p.spec.Text.Tag == nil || *p.spec.Text.Tag) {
		if strings.ContainsFunc(o.From, func(r rune) bool { return r == '[' || r == ']' || unicode.IsSpace(r) || !unicode.IsPrint(r) }) {
			return "", fmt.Errorf("preparing the message: %q cannot stand in a tag as the sender's name", o.From)
		}
		body = "[from:" + o.From + "] " + body
	}
	if !o.Raw {
		if matchAny(p.spec.Text.Shield, body) {
			body = " " + body
		}
		if matchAny(p.spec.Text.Pad, body) {
			body += " "
		}
	}
	if len(body) > limit {
		return "", fmt.Errorf("preparing the message: it is %d bytes long, more than the %d that %s takes (put it into a file and send the path)", len(body), limit, p.name)
	}
	return body, nil
}

// clean leaves of a text what a terminal program takes for text: valid UTF-8 without control characters but newline and
// tab. ESC above all must go: ESC[201~ would end the paste, and what follows would be typed.
func clean(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			b.WriteRune(utf8.RuneError) // a lone byte of 0x80..0x9f is a control character to some terminals
		case r == '\r':
			b.WriteByte('\n')
		case r == '\n' || r == '\t' || !unicode.IsControl(r):
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return strings.TrimRight(b.String(), "\n")
}

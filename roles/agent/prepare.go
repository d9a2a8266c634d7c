package agent

import (
	"fmt"
	"strings"
	"unicode"
)

// Prep says how a message is to be prepared.
type Prep struct {
	From string // name of the sender, for the tag; "" is no tag
	Tag  bool   // put [from:NAME] in front
	Raw  bool   // a command for the agent (/clear): no tag, no shielding; control bytes go all the same
}

// defaultMaxLen is the longest message that was seen to arrive byte for byte.
const defaultMaxLen = 1 << 20

// Prepare makes of a message what is to be pasted: the sender's tag in front, control bytes gone, what the agent would
// take for a command shielded by a blank, and tags inside the body escaped with a backslash, so that nobody can
// speak for another role. All other text is kept as it is, and a body that was prepared once is not changed by a second time.
//
// It refuses a message of which nothing remains, one that is too long or has lines where the agent takes one, and a sender's name that could break out
// of the tag.
func (p *Profile) Prepare(text string, o Prep) (string, error) {
	limit := p.spec.Text.MaxLen
	if limit == 0 {
		limit = defaultMaxLen
	}
	body := escapeTags(clean(text))
	if strings.TrimFunc(body, unseen) == "" {
		return "", fmt.Errorf("preparing the message: it holds nothing to type (write some text)")
	}
	if o.Tag && !o.Raw && o.From != "" && (p.spec.Text.Tag == nil || *p.spec.Text.Tag) {
		if strings.ContainsFunc(o.From, func(r rune) bool { return !inName(r) }) {
			return "", fmt.Errorf("preparing the message: %q cannot stand in a tag as the sender's name (letters, digits and %s can)", o.From, namePunctuation)
		}
		body = "[from:" + o.From + "] " + body
	}
	if !o.Raw {
		body = p.shield(body)
	}
	if lines := strings.Count(body, "\n") + 1; lines > 1 && p.spec.Text.OneLine {
		return "", fmt.Errorf("preparing the message: it has %d lines, and %s would run each as it comes (send one at a time, or put them into a file and run that)", lines, p.name)
	}
	if len(body) > limit {
		return "", fmt.Errorf("preparing the message: it is %d bytes long, more than the %d that %s takes (put it into a file and send the path)", len(body), limit, p.name)
	}
	return body, nil
}

// shield puts a blank in front of what the agent would take for a command, and one behind what would keep Enter from submitting.
// Agents drop invisible characters, and a few trim blanks that are not ASCII: neither must expose anything. A blank or newline in front was
// measured to be enough.
func (p *Profile) shield(body string) string {
	if body[0] != ' ' && body[0] != '\n' && matchAny(p.spec.Text.Shield, strings.TrimLeftFunc(body, unseen)) {
		body = " " + body
	}
	end := strings.TrimRightFunc(body, func(r rune) bool { return r != ' ' && unseen(r) })
	if matchAny(p.spec.Text.Pad, end[strings.LastIndexByte(end, '\n')+1:]) {
		body += " "
	}
	return body
}

// namePunctuation may stand in the name of a sender, beside letters and digits.
const namePunctuation = "-_./@+~:()"

// inName tells whether a character may stand in the sender's tag: nothing may that ends the tag or looks as if it did, changes the
// direction of writing, or cannot be seen.
func inName(r rune) bool {
	return (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(namePunctuation, r)) && !ignorable(r)
}

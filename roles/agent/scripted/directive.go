package scripted

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// step is one directive of a turn.
type step struct {
	verb string
	arg  string
	n    int           // LINES, STREAM, EXIT
	d    time.Duration // SLOW, HANG
}

// forever is the verb of a turn that only an interrupt ends. It has a space so that no message can hold it.
const forever = "work on"

// parseStep reads one directive. It fails on text that only begins like one, as "SLOW down" does.
func parseStep(s string) (step, bool) {
	verb, arg, _ := strings.Cut(strings.TrimSpace(s), " ")
	st := step{verb: verb, arg: strings.TrimSpace(arg)}
	var err error
	switch verb {
	case "ECHO", "REPLY", "CRASH":
	case "ASKPERM", "ASK", "RUN":
		if st.arg == "" {
			return st, false
		}
	case "SEND":
		if _, text, _ := strings.Cut(st.arg, " "); text == "" {
			return st, false
		}
	case "LINES", "STREAM":
		st.n, err = strconv.Atoi(st.arg)
	case "EXIT":
		if st.arg != "" {
			st.n, err = strconv.Atoi(st.arg)
		}
	case "SLOW", "HANG":
		st.d, err = time.ParseDuration(st.arg)
	default:
		return st, false
	}
	return st, err == nil && st.n >= 0 && st.d >= 0
}

// parseChain reads directives joined by THEN. A THEN that no directive follows belongs to the text before it.
func parseChain(s string) []step {
	var parts []string
	for _, part := range strings.Split(s, " THEN ") {
		if _, ok := parseStep(part); ok || len(parts) == 0 {
			parts = append(parts, part)
		} else {
			parts[len(parts)-1] += " THEN " + part
		}
	}
	var steps []step
	for _, part := range parts {
		st, ok := parseStep(part)
		if !ok {
			return nil
		}
		steps = append(steps, st)
	}
	return steps
}

// message is what was submitted.
type message struct {
	draft draft  // as it stood in the composer
	from  string // of the sender's tag; "user" without one
	body  string // behind the tag
}

func newMessage(text string, d draft) message {
	m := message{draft: d, from: "user", body: text}
	if tag, ok := strings.CutPrefix(strings.TrimLeft(text, " \t\n"), "[from:"); ok {
		if name, body, ok := strings.Cut(tag, "]"); ok && name != "" && !strings.ContainsAny(name, " \t\n") {
			m.from, m.body = name, body
		}
	}
	m.body = strings.TrimSpace(m.body)
	return m
}

// firstLine is the beginning of the message, fit for one row or two.
func (m message) firstLine() string {
	line, _, _ := strings.Cut(m.body, "\n")
	return shorten(clean(strings.TrimSpace(line)), 200)
}

// firstShown is the first line of what the composer showed.
func (m message) firstShown() string {
	line, _, more := strings.Cut(m.draft.shown(), "\n")
	return shorten(clean(line), 200) + pick(more, " …", "")
}

func shorten(s string, most int) string {
	n := 0
	for i := range s {
		if n++; n > most {
			return s[:i] + "…"
		}
	}
	return s
}

// directives are those of the last line of the message that holds some.
func (m message) directives() []step {
	for rest := m.body; rest != ""; {
		i := strings.LastIndexByte(rest, '\n')
		line := strings.TrimSpace(rest[i+1:])
		if steps := parseChain(line); steps != nil {
			return steps
		}
		rest = rest[:max(i, 0)]
	}
	return nil
}

// answer is the rule for m, and what of the message stands behind the rule's prefix.
func answer(rules []Rule, m message) (Rule, string, bool) {
	for _, r := range rules {
		if (r.From == "" || r.From == m.from) && strings.HasPrefix(m.body, r.Prefix) {
			return r, strings.TrimSpace(m.body[len(r.Prefix):]), true
		}
	}
	return Rule{}, "", false
}

// ParseRule reads a rule as --on takes it: `[@SENDER ]PREFIX=>DIRECTIVES`.
func ParseRule(s string) (Rule, error) {
	when, do, ok := strings.Cut(s, "=>")
	if !ok {
		return Rule{}, fmt.Errorf("rule %q has no =>: write PREFIX=>DIRECTIVES", s)
	}
	r := Rule{Do: strings.TrimSpace(do)}
	when = strings.TrimSpace(when)
	if name, ok := strings.CutPrefix(when, "@"); ok {
		r.From, when, _ = strings.Cut(name, " ")
	}
	r.Prefix = strings.TrimSpace(when)
	if parseChain(r.Do) == nil {
		return Rule{}, fmt.Errorf("rule %q: %q holds no directive: begin with one of %s", s, r.Do, verbs)
	}
	return r, nil
}

const verbs = "ECHO LINES SLOW STREAM HANG ASKPERM ASK SEND RUN REPLY CRASH EXIT"

// ParseRules reads a script: one rule a line; blank lines and lines that begin with # say nothing.
func ParseRules(text string) ([]Rule, error) {
	var rules []Rule
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		r, err := ParseRule(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		rules = append(rules, r)
	}
	return rules, nil
}

// personas are the standing rules of the demo's three roles, by name. An answer of the gestor names the errand that it had
// from the user.
var personas = map[string]string{
	"gestor": `
		APPROVED: => SEND user DONE: {asked}, reviewed and approved
		@user     => ECHO I'll have dev do it THEN SEND dev TASK: {text}
		          => ECHO noted`,
	"dev": `
		TASK: => SLOW 1s THEN ASKPERM touch login.go THEN ECHO the form is in place THEN SEND reviewer DONE: login page is in login.go, please review
		      => ECHO noted`,
	"reviewer": `
		DONE: => SLOW 1s THEN ECHO read login.go, nothing to change THEN SEND gestor APPROVED: login page looks right
		      => ECHO noted`,
}

// splitQuestion takes the argument of ASK apart: the question ends at its last question mark, or at its last word.
func splitQuestion(arg string) (question string, options []string) {
	parts := strings.Split(arg, "|")
	first := strings.TrimSpace(parts[0])
	i := strings.LastIndex(first, "? ")
	if i >= 0 {
		i++
	} else {
		i = strings.LastIndexByte(first, ' ')
	}
	if i >= 0 {
		question, parts[0] = first[:i], first[i:]
	} else {
		question = "Which one?"
	}
	for _, p := range parts {
		if p = clean(strings.TrimSpace(p)); p != "" {
			options = append(options, p)
		}
	}
	return clean(question), options
}

package scripted

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"
)

// turn is one message being worked on.
type turn struct {
	id        string // as the hooks tell it
	msg       message
	rest      string // of the message, behind the prefix of the rule that applies
	steps     []step
	began     time.Time
	waiting   bool // for a timer, a command or an answer
	produced  bool // something was said or done
	streaming int  // words still to come
	words     int  // words that have come
	answer    string
	last      string             // the last text that was said
	cancel    context.CancelFunc // ends the running command; nil = none
}

// begin starts a turn. It is carried on by advance.
func (a *agent) begin(m message) {
	t := &turn{id: uuid.NewString(), msg: m, began: time.Now(), steps: m.directives()}
	if m.from == "user" {
		a.asked = m.firstLine()
	}
	if t.steps == nil {
		if r, rest, ok := answer(a.o.Rules, m); ok {
			t.rest, t.steps = shorten(clean(strings.ReplaceAll(rest, "\n", " ")), 200), parseChain(r.Do)
		} else {
			t.steps = []step{{verb: "ECHO", arg: "{text}"}}
		}
	}
	a.said.add(markUser, m.draft.shown(), "")
	a.turn = t
	a.tick()
	a.touch()
}

// advance carries the turn on until it waits for something, and then the queue.
func (a *agent) advance() {
	for a.turn != nil && !a.turn.waiting && !a.over {
		t := a.turn
		if len(t.steps) == 0 {
			a.hook(hookStop, hookInput{Said: &t.last, ID: t.id})
			a.end()
			continue
		}
		s := t.steps[0]
		t.steps = t.steps[1:]
		a.do(t, s)
	}
	a.touch()
}

// end ends the turn and begins the next one of the queue.
func (a *agent) end() {
	if a.turn.cancel != nil {
		a.turn.cancel()
	}
	a.turn, a.frozen = nil, false
	a.at[tickTimer], a.at[stepTimer] = never, never
	if len(a.queue) > 0 {
		next := a.queue[0]
		a.queue = a.queue[1:]
		a.begin(next)
	}
}

// interrupt ends the turn early. A message that nothing came of goes back into the composer, unless others wait.
func (a *agent) interrupt() {
	t := a.turn
	if !t.produced && len(a.queue) == 0 && !t.msg.draft.empty() {
		if a.o.BackDelay > 0 {
			a.back = t.msg
			a.set(backTimer, a.o.BackDelay)
		} else {
			a.giveBack(t.msg)
		}
	}
	a.said.add(markEnd, "Interrupted", "")
	a.end()
	a.advance()
}

// wait lets the turn rest for d.
func (a *agent) wait(t *turn, d time.Duration) {
	t.waiting = true
	a.set(stepTimer, d)
}

// stepDone goes on after wait.
func (a *agent) stepDone() {
	t := a.turn
	if t == nil {
		return
	}
	a.frozen = false
	if t.streaming > 0 {
		t.streaming--
		if t.words > 0 && t.words%10 == 0 {
			a.said.add(indent, "", "")
			t.last += "\n"
		}
		word := fmt.Sprintf("word%d ", t.words)
		a.said.extend(word)
		t.last += word
		t.words++
		a.touch()
		if t.streaming > 0 {
			a.set(stepTimer, streamPace)
			return
		}
	}
	t.waiting = false
	a.advance()
}

// expand replaces what is in braces. What it puts in was split into directives before, so no message can add any.
func (a *agent) expand(t *turn, s string) string {
	if !strings.Contains(s, "{") {
		return s
	}
	return strings.NewReplacer("{from}", t.msg.from, "{text}", t.msg.firstLine(), "{rest}", t.rest, "{asked}", cmp.Or(a.asked, "the task"), "{answer}", t.answer).Replace(s)
}

func (a *agent) say(t *turn, lead, text string) {
	t.produced = true
	a.said.add(lead, text, "")
}

// do carries out one directive.
func (a *agent) do(t *turn, s step) {
	arg := a.expand(t, s.arg)
	switch s.verb {
	case "ECHO":
		a.say(t, markAgent, arg)
		t.last = arg
	case "LINES":
		var lines []string
		for i := max(0, s.n-keptLines); i < s.n; i++ {
			lines = append(lines, fmt.Sprintf("line %d of %d", i+1, s.n))
			a.say(t, pick(i == 0, markAgent, indent), lines[len(lines)-1])
		}
		t.last = strings.Join(lines, "\n")
	case "SLOW":
		a.wait(t, s.d)
	case forever:
		t.waiting = true
	case "STREAM":
		if s.n > 0 {
			a.say(t, markAgent, "")
			t.last = ""
			t.streaming, t.words = s.n, 0
			a.wait(t, streamPace)
		}
	case "HANG":
		a.draw() // the turn must be seen to have begun
		a.frozen = true
		a.wait(t, s.d)
	case "ASKPERM":
		a.askPermission(t, arg)
	case "ASK":
		a.askQuestion(t, arg)
	case "SEND":
		role, text, _ := strings.Cut(arg, " ")
		a.send(t, role, strings.TrimSpace(text))
	case "REPLY":
		a.send(t, t.msg.from, arg)
	case "RUN":
		a.say(t, markAgent, "Run("+arg+")")
		a.run(t, []string{"sh", "-c", arg})
	case "CRASH":
		_ = syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
	case "EXIT":
		a.over, a.exit = true, s.n
	}
}

func (a *agent) send(t *turn, to, text string) {
	a.say(t, markAgent, fmt.Sprintf("Send to %s: %s", to, text))
	a.run(t, []string{a.o.Binary, "send", to, "--", text})
}

// finished takes the result of a command.
func (a *agent) finished(r result) {
	if r.turn != a.turn {
		return // its turn was interrupted
	}
	a.say(r.turn, outcome, r.text)
	r.turn.waiting, r.turn.cancel = false, nil
	a.advance()
}

func (a *agent) askPermission(t *turn, what string) {
	t.produced = true
	if a.allowed[clean(what)] {
		a.decided(clean(what), labelYes)
		return
	}
	t.waiting = true
	a.open(permissionMenu(what, func(what, label string) {
		if !a.decided(what, label) && a.turn == t {
			a.end()
		} else {
			a.answered(t)
		}
	}))
}

// decided notes the answer to a request, and reports whether it was a yes.
func (a *agent) decided(what, label string) bool {
	if label != labelYes && label != labelAlways {
		a.said.add(markEnd, "Declined: "+what, "")
		return false
	}
	if label == labelAlways {
		if a.allowed == nil {
			a.allowed = map[string]bool{}
		}
		a.allowed[what] = true
	}
	a.said.add(markAgent, "Run("+what+")", "")
	a.said.add(outcome, "ran: "+what, "")
	return true
}

func (a *agent) askQuestion(t *turn, arg string) {
	question, options := splitQuestion(arg)
	if len(options) == 0 {
		return
	}
	t.waiting, t.produced = true, true
	a.open(&menu{mark: "◇ ", heading: question, options: options, act: func(label string) {
		if label == "" {
			a.said.add(markEnd, "Declined: "+question, "")
			if a.turn == t {
				a.end()
			}
			return
		}
		t.answer = label
		a.said.add(markAgent, "Answered: "+label, "")
		a.answered(t)
	}})
}

// answered lets the turn that asked go on.
func (a *agent) answered(t *turn) {
	if a.turn == t {
		t.waiting = false
	}
}

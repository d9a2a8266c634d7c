package supervisor

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"isesh/roles"
	"isesh/roles/agent"
)

// reached reads a mark: how far tmux has come with the message of that id, and with how many Enters. The mark is part of the command that
// types, so it is right also when the answer was lost or the supervisor ended.
func reached(mark, id string) (p phase, enters int) {
	step, ok := strings.CutPrefix(mark, id+".")
	switch {
	case !ok:
		return waiting, 0
	case step == "p":
		return pasting, 0
	case step == "e":
		return entered, 1
	}
	n, err := strconv.Atoi(strings.TrimPrefix(step, "e"))
	if err != nil || !strings.HasPrefix(step, "e") {
		return waiting, 0
	}
	return entered, n
}

// catchUp brings the delivery under way to where the mark on the pane says it is. Nothing that the mark proves to have been done is done again.
func (r *runner) catchUp(now time.Time) {
	if r.cur == nil {
		i := slices.IndexFunc(r.queue, func(d *delivery) bool { p, _ := reached(r.step, d.rec.ID); return p != waiting })
		if i < 0 {
			return
		}
		r.cur = r.queue[i]
		r.queue = slices.Delete(r.queue, i, i+1)
	}
	d := r.cur
	p, enters := reached(r.step, d.rec.ID)
	switch {
	case p == pasting && d.phase == waiting:
		d.phase, d.at, d.retry = pasting, now, time.Time{}
		r.receipt(d, roles.StatusPasting, "the mark on the pane says so", r.step)
	case p == entered && (d.phase != entered || d.enters < enters):
		if d.phase != pasted && d.phase != entered {
			// What the composer held before the Enter is known: it was this text.
			d.before, d.assumed = agent.Reading{State: agent.Idle, Composer: true, Draft: true, DraftText: d.text, Selected: -1}, true
		}
		d.phase, d.at, d.retry, d.enters = entered, now, time.Time{}, enters
		r.receipt(d, roles.StatusEntered, "the mark on the pane says so", r.step)
	}
}

// shows reports that the composer holds the message under way and nothing else: as it was pasted, or as it looked before the Enter.
func (r *runner) shows(d *delivery) bool {
	if r.prof.Seen(r.reading, d.text) {
		return true
	}
	return d.phase >= pasted && r.reading.Composer && r.reading.Draft && r.reading.DraftText == d.before.DraftText
}

// lateProof confirms a message that was called unconfirmed, when the transcript shows it after all. Only that is proof so late: an agent at
// work may be at something else.
func (r *runner) lateProof() {
	d := r.doubt
	if d == nil || r.cur != nil {
		return
	}
	if why, ok := r.prof.Submitted(d.before, r.reading); ok && (why == "echo" || why == "menu") {
		r.doubt = nil
		r.submitted(d, why+", late")
	}
}

// lookForInput looks again after a while at a pane whose input is switched off: tmux tells nobody when it is switched on.
func (r *runner) lookForInput() {
	if r.facts.InputOff {
		r.look.again(time.Now().Add(offAgain))
	}
}

// kin reports whether a draft can be a text as an agent draws it: cut, wrapped, with characters replaced or left out, or collapsed. Nothing of
// a person's may be in it, for Enter would send that, too.
func kin(reading agent.Reading, text string) bool {
	if !reading.Draft || reading.Collapsed {
		return reading.Draft
	}
	shown, whole := plainLetters(reading.DraftText), plainLetters(text)
	strange := 0
	for i := range shown {
		if at := strings.IndexByte(whole, shown[i]); at < 0 {
			strange++
		} else {
			whole = whole[at+1:]
		}
	}
	if known := len(shown) - strange; known == 0 || known < min(len(plainLetters(text)), 16) {
		return false
	}
	return strange == 0 || strange <= residue && strings.ContainsFunc(text, func(r rune) bool { return r >= 0x1100 })
}

// residue is how many characters of an earlier drawing may stay on a row when agent and tmux do not agree how wide a character is.
const residue = 4

// plainLetters are the ASCII letters and digits of a text, which no agent draws otherwise.
func plainLetters(s string) string {
	return strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return r
		}
		return -1
	}, s)
}

// typing reports that a message is half typed and nothing is in its way.
func (r *runner) typing() bool {
	return r.cur != nil && !r.gone && r.state != agent.Waiting && impeded(r.facts) == ""
}

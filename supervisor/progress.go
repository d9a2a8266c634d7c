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

// reached reads a mark: how far tmux has come with the message of that id, and the how many-th time that step was done. The mark is part of the command that
// types, so it is right also when the answer was lost or the supervisor ended.
func reached(mark, id string) (p phase, times int) {
	step, ok := strings.CutPrefix(mark, id+".")
	if !ok || step == "" {
		return waiting, 0
	}
	n := 1
	if count := step[1:]; count != "" {
		var err error
		if n, err = strconv.Atoi(count); err != nil {
			return waiting, 0
		}
	}
	switch step[0] {
	case 's':
		return stashing, n
	case 'p':
		return pasting, n
	case 'e':
		return entered, n
	}
	return waiting, 0
}

// marked is how far the mark on the pane says that a message has come that is in the queue: waiting when it tells of what is known to have come
// to nothing.
func (r *runner) marked(d *delivery) phase {
	p, n := reached(r.step, d.rec.ID)
	if p == stashing && n <= d.stashes || p == pasting && n <= d.tossed {
		return waiting
	}
	return p
}

// catchUp brings the delivery under way to where the mark on the pane says it is. Nothing that the mark proves to have been done is done again.
func (r *runner) catchUp(now time.Time) {
	if r.cur == nil {
		i := slices.IndexFunc(r.queue, func(d *delivery) bool {
			return r.marked(d) != waiting
		})
		if i < 0 {
			return
		}
		r.cur = r.queue[i]
		r.queue = slices.Delete(r.queue, i, i+1)
	}
	d := r.cur
	p, times := reached(r.step, d.rec.ID)
	switch {
	case p == stashing && d.phase == waiting && d.stashes < times:
		d.phase, d.at, d.retry, d.aside, d.stashes = stashing, now, time.Time{}, &aside{}, times
		r.aside = d.aside
		r.receipt(d, roles.StatusQueued, "the mark on the pane says that a draft is put aside", r.step)
	case p == pasting && d.phase <= stashing && times > d.tossed:
		at, known, shown := r.recallPaste(d, now)
		d.phase, d.at, d.retry, d.busy, d.tossed = pasting, at, time.Time{}, d.rec.Now, times-1
		d.stay = stay{from: now, shown: shown}
		if known {
			d.set(roles.StatusPasting, "", "")
		} else {
			r.receipt(d, roles.StatusPasting, "the mark on the pane says so", r.step)
		}
	case p == entered && (d.phase != entered || d.enters < times):
		if d.phase != pasted && d.phase != entered {
			// What the composer held before the Enter is known: it was this text.
			d.busy = d.rec.Now
			d.before, d.assumed = composed(d.text), true
		}
		d.phase, d.at, d.retry, d.enters = entered, now, time.Time{}, times
		r.receipt(d, roles.StatusEntered, "the mark on the pane says so", r.step)
	}
}

// progress is all that decides the next move of a delivery, as it is now.
func (r *runner) progress(d *delivery, now time.Time) progress {
	p := progress{
		phase: d.phase, reading: r.reading, seen: r.shows(d), kin: kin(r.reading, d.text),
		evidence: r.evidence(d), since: now.Sub(d.at), quiet: r.look.quietFor(now), drew: r.look.out.After(d.at), enters: d.enters,
	}
	if d.phase < entered {
		p.mixed, p.shown = r.prof.Mixed(r.reading, d.text), d.stay.shown
		p.out, p.watched = d.stay.outSince(now), now.Sub(d.stay.from)
		p.ours = p.out > 0 && d.tossed+1 < maxPastes && r.untouched(d)
	}
	return p
}

// shows reports that the composer holds the message under way and nothing else: as it was pasted, or as it looked before the Enter.
func (r *runner) shows(d *delivery) bool {
	if r.prof.Seen(r.reading, d.text) {
		return true
	}
	return d.phase >= pasted && r.reading.Composer && r.reading.Draft && r.reading.DraftText == d.before.DraftText
}

// blocked says why a message cannot be pasted now, "" when it can.
func (r *runner) blocked(d *delivery) string {
	why := blocked(r.state, r.reading, r.facts)
	if why == string(agent.Busy) && d.rec.Now && r.prof.Queues() {
		switch {
		case r.reading.Draft:
			why = heldDraft
		case !r.reading.Composer:
			why = "no composer"
		default:
			why = ""
		}
	}
	if why == heldDraft {
		why = firstOf(r.ownText(), why)
	}
	return why
}

// evidence says what proves that the message under way was submitted, "" when nothing does yet.
func (r *runner) evidence(d *delivery) string {
	switch {
	case d.heard && d.stay.within != "":
		return withinHook
	case d.heard:
		return "hook"
	case d.phase != entered:
		return r.besideProof(d)
	}
	after, ok := r.withoutDraft(d)
	if !ok {
		return ""
	}
	why, ok := r.prof.Submitted(d.before, after)
	switch {
	case ok && (why == "echo" || why == "menu" || why == "queued"):
		return why // it shows the message, or the agent's queue that was not there before
	case d.busy:
		// It was busy before, and goes on with that: only its queue tells.
		if after.Queued && r.shownAbove(d) > d.above {
			return "queued"
		}
		return ""
	case !ok, r.reading.Draft && !r.cameBack(d) && !(d.aside != nil && d.aside.text == ""), d.assumed && why == "transcript": // the transcript before the Enter is not known
		return ""
	}
	return why
}

// shownAbove counts the rows above the composer that show the beginning of a message.
func (r *runner) shownAbove(d *delivery) (n int) {
	const enough = 24
	first, _, _ := strings.Cut(strings.TrimSpace(d.text), "\n")
	begin := []rune(unspaced(first))
	begin = begin[:min(len(begin), enough)]
	rows := agent.Rows(screenOf(r.facts))
	for _, row := range rows[:max(0, min(r.reading.ComposerY, len(rows)))] {
		if len(begin) > 0 && strings.Contains(unspaced(row), string(begin)) {
			n++
		}
	}
	return n
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
	if len(whole) > roomy*len(shown) {
		// In so much more text the letters of anything are found, one here and one there: only a whole piece says something.
		return len(shown) >= 16 && strings.Contains(whole, shown)
	}
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

// roomy is how much longer than what is shown a text is that has the letters of any other in it.
const roomy = 4

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
	return r.cur != nil && !(r.cur.phase == stashing && r.reading.Draft) && !r.gone && r.state != agent.Waiting && impeded(r.facts) == ""
}

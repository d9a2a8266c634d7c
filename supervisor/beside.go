package supervisor

import (
	"strconv"
	"strings"
	"time"

	"isesh/roles"
	"isesh/roles/agent"
)

const (
	// heldMixed: a person's text stands in the composer together with ours. Enter would send both, clearing would take both: it is theirs to decide.
	heldMixed = "mixed with a draft"
	// outFor is how long the composer must have been seen without a message for it to count as taken out of there. An agent that has taken it
	// says so much sooner: by its hook, its transcript, or by being busy.
	outFor = 3 * time.Second
	// maxPastes is how often a message is pasted that is taken out of the composer again.
	maxPastes = 3
	// sureLength is how long a text must be, in bytes without blanks, to be known in a prompt though it was not seen in the composer.
	sureLength = 12
)

// What proves a message that a person has submitted together with a text of their own.
const (
	withinHook = "hook: within what a person typed"
	withinEcho = "echo: within what a person typed"
)

// stay is what was seen of a message between its paste and its Enter. Its zero value is that of one that was not pasted. Owned by the runner.
type stay struct {
	from     time.Time      // watched since
	base     *agent.Reading // a screen of which it is certain that the message was not submitted by then; nil without one
	shown    bool           // the composer was seen to hold it
	stirred  bool           // the agent was seen at something
	prompted bool           // a hook has told of prompts, and they had nothing of it
	changed  bool           // a hook has told of a prompt that may have had a part of it
	out      time.Time      // the composer is seen without it since; zero when it is not
	within   string         // what a person has submitted it with
	prompt   string         // the agent's own id of the prompt with it, as its hook told
}

// watchStay takes in what the screen shows of a message that was pasted and not entered.
func (r *runner) watchStay(d *delivery, now time.Time) {
	if d.phase != pasting && d.phase != pasted {
		return
	}
	st := &d.stay
	here := r.shows(d) || r.prof.Mixed(r.reading, d.text)
	empty := r.reading.Composer && !r.reading.Draft
	st.shown = st.shown || here || d.phase == pasted
	switch {
	case here && st.base == nil && r.state == agent.Idle:
		base := r.reading
		st.base, st.out = &base, time.Time{}
	case here, r.state != agent.Idle, !empty && !(st.shown && r.prof.Strange(r.reading, d.text)):
		st.out = time.Time{}
	case st.out.IsZero():
		st.out = now
	}
	st.stirred = st.stirred || r.state == agent.Busy || r.state == agent.Waiting
}

// outSince is how long the composer has been seen without a message; 0 only when it is not.
func (st *stay) outSince(now time.Time) time.Duration {
	if st.out.IsZero() {
		return 0
	}
	return max(now.Sub(st.out), 1)
}

// untouched reports that nobody has submitted a message that is not in the composer any more. Where no hook tells of what is submitted, only an
// agent that has rested all the while has not got it.
func (r *runner) untouched(d *delivery) bool {
	st := d.stay
	if d.busy || st.changed {
		return false
	}
	if r.hooked && st.prompted {
		return true
	}
	if st.stirred || st.base == nil {
		return r.hooked && !st.stirred
	}
	_, gone := r.prof.Submitted(*st.base, r.reading)
	return !gone
}

// pasteAgain puts a message back into the queue that is not in the composer any more and was not submitted. The mark on the pane, which is told
// in the receipt, is that of a paste that came to nothing.
func (r *runner) pasteAgain(d *delivery, why string) {
	mark := nth(d.rec.ID+".p", d.tossed+1)
	d.tossed++
	d.stay, d.before, d.above, d.busy, d.heard = stay{}, agent.Reading{}, 0, false, false
	r.requeue(d)
	r.receipt(d, roles.StatusQueued, why, mark)
	r.slog.Info("to be pasted again", "id", d.rec.ID, "why", why, "pastes", d.tossed)
}

// besideProof says what proves that a person has submitted a message that was pasted and that we have not pressed Enter for, "" when nothing does.
// Agents that run our hooks tell themselves.
func (r *runner) besideProof(d *delivery) string {
	base := d.stay.base
	if r.hooked || base == nil || r.state == agent.Waiting || d.stay.out.IsZero() && r.reading.Draft || r.reading.Echo == base.Echo {
		return ""
	}
	switch whole, more := r.prof.Echoed(r.reading, d.text); {
	case more && r.sureOf(d):
		d.stay.within = r.reading.Echo
		return withinEcho
	case whole && !more:
		return "echo"
	}
	return ""
}

// sureOf reports that a text which holds a message's holds it not by chance.
func (r *runner) sureOf(d *delivery) bool {
	return len(unspaced(d.text)) >= sureLength || d.stay.shown && d.stay.outSince(time.Now()) < outFor
}

// heardBeside takes in a prompt that a hook has told of and that is not just the message under way: it may hold it.
func (r *runner) heardBeside(d *delivery, prompt string) (ours bool) {
	switch {
	case r.prof.WithinPrompt(prompt, d.text) && r.sureOf(d):
		d.heard, d.stay.within = true, prompt
		return true
	case r.prof.Apart(prompt, d.text):
		d.stay.prompted = true
	default:
		d.stay.changed = true
	}
	return false
}

// submittedBeside notes what a person has submitted a message with.
func (r *runner) submittedBeside(d *delivery, evidence string) {
	origin := promptHook
	if evidence == withinEcho {
		origin = promptScreen
	}
	r.prompted(d.stay.within, origin, d.stay.prompt)
	r.submitted(d, evidence)
	if n := len(r.turns); n > 1 {
		r.turns[n-1].begun, r.turns[n-1].prompt = r.turns[n-2].begun, r.turns[n-2].prompt // one turn for both
	}
}

// recallPaste finds in the conversation since when the message that the mark on the pane tells of lies in the composer, and whether it was seen
// there. known is false where nothing of it was written: that supervisor ended in this very moment.
func (r *runner) recallPaste(d *delivery, now time.Time) (at time.Time, known, shown bool) {
	_, receipts, err := r.s.log.Get(d.rec.ID)
	if err != nil {
		return now, false, false
	}
	at = now
	for _, rec := range receipts {
		switch {
		case rec.Step == r.step && rec.Status == roles.StatusPasting:
			at, known, shown = earlier(rec.Time, now), true, false
		case known && rec.Status == roles.StatusPasted:
			shown = true
		}
	}
	return at, known, shown
}

// tossed is how many pastes of a message came to nothing, as the last of its receipts with a mark tells.
func tossed(rec roles.Record) int {
	p, n := reached(rec.Step, rec.ID)
	switch {
	case p != pasting:
		return 0
	case rec.Status == roles.StatusQueued:
		return n
	}
	return n - 1
}

// markedID is the id of the message that a mark tells of.
func markedID(mark string) string {
	i := strings.LastIndexByte(mark, '.')
	if i < 0 {
		return ""
	}
	return mark[:i]
}

// nth is the mark of a step that is done for the nth time.
func nth(mark string, n int) string {
	if n == 1 {
		return mark
	}
	return mark + strconv.Itoa(n)
}

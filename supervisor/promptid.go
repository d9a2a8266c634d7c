package supervisor

import (
	"slices"
	"time"

	"isesh/roles"
)

// Agents that give each prompt an id say with it which turn a hook tells of. A prompt that comes while a turn runs goes into the agent's own queue,
// and is told with the id of that turn; the turn that it begins later has an id that no hook told before (measured on Claude Code 2.1.329).

// over is a turn that has ended, by the agent's own id of its prompt.
type over struct {
	prompt  string
	guessed bool // from the screen: its hook may still come
}

// maxOvers is how many of them are remembered.
const maxOvers = 16

func (r *runner) overWith(prompt string, guessed bool) {
	if prompt != "" && !slices.ContainsFunc(r.overs, func(o over) bool { return o.prompt == prompt }) {
		r.overs = append(r.overs[max(0, len(r.overs)-maxOvers+1):], over{prompt, guessed})
	}
}

// unknown reports that an id was not heard before: it is that of a turn that begins, or of one that nobody saw begin.
func (r *runner) unknown(prompt string) bool {
	return prompt != "" && !slices.ContainsFunc(r.turns, func(t *turn) bool { return t.prompt == prompt }) &&
		!slices.ContainsFunc(r.overs, func(o over) bool { return o.prompt == prompt })
}

// heardID takes in the agent's id that its hook told with the prompt of a turn.
func (r *runner) heardID(t *turn, prompt string) {
	if !r.unknown(prompt) {
		return // it went into the queue behind a turn that is known
	}
	nameless := func(o *turn) bool { return o.begun && o.prompt == "" }
	if !t.begun && slices.ContainsFunc(r.turns, nameless) && !r.wasInterrupted() {
		for _, o := range r.turns { // it went into the queue behind what runs
			if nameless(o) {
				o.prompt = prompt
			}
		}
		return
	}
	if !t.begun { // a turn of its own: nothing else runs, or it would be told with the id of that
		r.endUntold()
	}
	t.begun, t.prompt = true, prompt
	for _, o := range r.turns {
		if nameless(o) {
			o.prompt = prompt // one turn for both
		}
	}
}

// ownTurn takes in that the agent has prompted itself.
func (r *runner) ownTurn(prompt string) {
	if r.unknown(prompt) {
		r.heardID(r.turnBegins(roles.Record{Origin: promptHook}, false), prompt)
	}
}

// endUntold ends the turns that had begun, of which no hook has told the end and none will, because the next has begun. What the screen says now
// may be the next one's.
func (r *runner) endUntold() {
	if !slices.ContainsFunc(r.turns, isBegun) {
		return
	}
	o := outcome{status: roles.StatusAnswered, evidence: "hook: the next prompt"}
	if r.wasInterrupted() {
		o = outcome{status: roles.StatusFailed, evidence: "interrupted"}
	}
	r.turnsOver(o, isBegun)
	r.interrupted, r.unmarked = false, !r.reading.Interrupted
}

// stoppedAgain reports that a hook tells of the end of a turn that has ended already: the screen has told of it, or it has gone on a little.
func (r *runner) stoppedAgain(o outcome, prompt string) bool {
	if i := slices.IndexFunc(r.overs, func(o over) bool { return o.prompt == prompt }); prompt != "" && i >= 0 {
		if r.overs[i].guessed {
			r.guessed = time.Time{}
			return true
		}
		if r.stopText != "" && o.text != "" {
			r.stopText, r.stopAt = o.text, time.Now()
		}
		if o.text != "" {
			r.turnOver(&turn{}, o)
		}
		return true
	}
	if slices.ContainsFunc(r.turns, func(t *turn) bool { return prompt != "" && t.prompt == prompt }) {
		return false
	}
	late := time.Since(r.guessed) <= hookLate // and no hook of a prompt has come since
	r.guessed = time.Time{}
	return late
}

// passed makes way for the end of a turn that nobody saw begin, while we know which one runs. It is that of what waited in the agent's queue, so that
// what ran before is over; where nothing waited it concerns none of ours, and passed is false.
func (r *runner) passed(o outcome) bool {
	switch {
	case !slices.ContainsFunc(r.turns, func(t *turn) bool { return t.prompt != "" }):
	case slices.ContainsFunc(r.turns, isQueued):
		r.endUntold()
	default:
		if o.text != "" {
			r.turnOver(&turn{}, o)
		}
		return false
	}
	return true
}

package supervisor

import (
	"time"

	"isesh/control"
	"isesh/roles/agent"
)

// progress is all that decides the next move of a delivery that has been pasted.
type progress struct {
	phase    phase
	reading  agent.Reading
	seen     bool          // the composer shows the text, and nothing else
	kin      bool          // what the composer shows can be the text drawn in another way: it holds nothing that the text does not
	mixed    bool          // the composer shows the text and more
	shown    bool          // the composer was seen to hold the text, alone or not
	out      time.Duration // how long the composer has been seen without it, 0 when it is not
	ours     bool          // nobody else has submitted it, and it may be pasted again
	watched  time.Duration // how long this runner has watched for it
	evidence string        // what proves a submit
	since    time.Duration // since the last step
	quiet    time.Duration // since the last output
	drew     bool          // there was output since the last step
	enters   int
}

// move is what to do next.
type move int

const (
	moveNone move = iota
	moveEnter
	moveSubmitted
	moveUnconfirmed
	moveAgain // back into the queue: it was taken out of the composer, and Enter was never pressed
)

// verdict is a move, and why. With moveNone, wake says how long after the last step to decide again even if nothing is drawn.
type verdict struct {
	move move
	why  string
	hold string
	wake time.Duration
}

// judge decides the next move of a delivery. It is pure: the same progress always gives the same verdict.
func judge(p progress) verdict {
	if p.evidence != "" {
		return verdict{move: moveSubmitted, why: p.evidence}
	}
	if p.reading.State == agent.Waiting {
		// A menu came between our steps. What was typed waits behind it; nothing may be pressed.
		return verdict{hold: "a menu opened"}
	}
	switch p.phase {
	case pasting:
		if p.seen {
			return verdict{move: moveEnter, why: "the composer shows the text"}
		}
		if p.reading.Draft && p.drew && p.kin {
			if p.quiet >= settledDraft {
				return verdict{move: moveEnter, why: "the composer filled after the paste"}
			}
			return verdict{wake: p.since - p.quiet + settledDraft}
		}
		if p.shown || p.mixed {
			return judgeShown(p)
		}
		if p.since >= seenWithin && p.watched >= outFor && p.reading.State == agent.Idle && p.quiet >= settledDraft {
			if p.ours && p.drew && p.out >= outFor {
				return verdict{move: moveAgain, why: "the text never appeared in the composer, and Enter was not pressed"}
			}
			return verdict{move: moveUnconfirmed, why: unseen(p.reading)}
		}
		return verdict{hold: notYet(p.reading), wake: max(seenWithin, p.since+settledDraft)}
	case pasted:
		if p.seen {
			return verdict{move: moveEnter, why: "the composer shows the text"}
		}
		return judgeShown(p)
	case entered:
		still := p.seen // not any draft: a person may be typing behind a submit
		if still && p.drew && p.enters < maxEnters {
			if p.since >= enterAgain {
				return verdict{move: moveEnter}
			}
			return verdict{wake: enterAgain}
		}
		if p.since >= confirmWithin && !(p.reading.State == agent.Unknown && p.quiet < time.Second) {
			return verdict{move: moveUnconfirmed, why: unproven(p.reading, still)}
		}
		if still && p.enters < maxEnters && p.since < enterAgain {
			return verdict{wake: enterAgain}
		}
		return verdict{wake: max(confirmWithin, p.since+time.Second)}
	}
	return verdict{}
}

const notThere = "the text is not in the composer any more"

// judgeShown decides on a text that was in the composer, that is there no more or not alone, and for which Enter was not pressed.
func judgeShown(p progress) verdict {
	switch {
	case p.mixed:
		return verdict{hold: heldMixed}
	case p.out >= outFor && p.ours:
		return verdict{move: moveAgain, why: "taken out of the composer before Enter was pressed"}
	case p.reading.Draft && p.out == 0:
		return verdict{hold: heldMixed} // a part of it may be in there still
	case p.out > 0 && p.out < outFor:
		return verdict{hold: notThere, wake: p.since - p.out + outFor}
	case p.since >= seenWithin && p.watched >= outFor && p.reading.State == agent.Idle:
		return verdict{move: moveUnconfirmed, why: "the text left the composer before Enter was pressed"}
	}
	return verdict{hold: notThere, wake: max(seenWithin, p.since+settledDraft)}
}

func unseen(reading agent.Reading) string {
	if reading.Draft {
		return "the composer holds another text; Enter was not pressed"
	}
	return "the text never appeared in the composer; Enter was not pressed"
}

func notYet(reading agent.Reading) string {
	if reading.Draft {
		return "the composer holds another text"
	}
	return "the text has not appeared yet"
}

func unproven(reading agent.Reading, still bool) string {
	switch {
	case still:
		return "Enter was pressed and the text is still in the composer"
	case reading.Draft:
		return "Enter was pressed and the composer holds another text"
	}
	return "Enter was pressed and the composer is empty, but nothing shows that a turn began"
}

// blocked says why a message cannot be pasted now, "" when it can.
func blocked(state agent.State, reading agent.Reading, facts control.Snapshot) string {
	if why := impeded(facts); why != "" {
		return why
	}
	switch {
	case state == agent.Waiting:
		return "waits for an answer"
	case state != agent.Busy && reading.Draft:
		return "draft"
	case state != agent.Idle:
		return string(state)
	case !reading.Composer:
		return "no composer"
	}
	return ""
}

// impeded says why no key reaches the pane's program, "" when they do.
func impeded(facts control.Snapshot) string {
	switch {
	case facts.InMode:
		return "copy mode"
	case facts.InputOff:
		return "input is switched off"
	}
	return ""
}

package supervisor

import (
	"context"
	"slices"
	"time"
	"unicode/utf8"

	"isesh/roles"
	"isesh/roles/agent"
)

// turn is what an agent is at: a message that it was given, or a prompt that a person typed. An agent can have several: those that came while it was
// busy, by way of its own queue. Owned by the runner.
//
// Who answers what is clear with one. With several, the end that is told first ends those that had begun; the rest, which the agent may have taken
// into that turn or not, end with the next that is told, or with the same one when the agent rests then.
type turn struct {
	rec   roles.Record // the message or the prompt; its ID is empty when nobody saw it begin
	at    time.Time    // when it was submitted
	begun bool         // not merely in the agent's own queue
	// prompt is the agent's own id of the prompt that began it, as its hooks tell; "" while that is not known.
	prompt string
}

// outcome is how turns ended.
type outcome struct {
	status   roles.Status // answered or failed
	evidence string       // "hook: stop", "screen: idle", "interrupted", "dead"
	text     string       // the last the agent said
	guessed  bool         // from the screen: a hook may still tell of it
}

const (
	// turnQuiet is how long an idle screen must rest for the turn of a message to count as over.
	turnQuiet = 300 * time.Millisecond
	// stopGrace is how long an agent that runs our hooks may rest before its turn counts as over without the hook that ends it: nothing is called
	// when a person interrupts it.
	stopGrace = 2 * time.Second
	// maxSaid is how much of a turn's last text is kept, and of a prompt.
	maxSaid = 64 << 10
	// saidLines is how far back in a pane's history the last text of a turn is looked for.
	saidLines = 2000
)

// turnBegins takes note of a message that was submitted, or a prompt. queued says that the agent was busy then.
func (r *runner) turnBegins(rec roles.Record, queued bool) *turn {
	d := r.sent
	if d != nil && d.rec.ID != rec.ID {
		d = nil
	}
	if len(r.turns) == 0 {
		ours := d != nil && d.before.Composer && !d.assumed
		r.interrupted, r.unmarked = false, !r.reading.Interrupted || ours && !d.before.Interrupted
	}
	if queued && len(r.turns) == 0 {
		r.turns = append(r.turns, &turn{at: time.Now(), begun: true}) // whatever it is at
	}
	t := &turn{rec: rec, at: time.Now(), begun: len(r.turns) == 0}
	r.turns = append(r.turns, t)
	if d != nil && d.heard || rec.Origin == promptHook {
		r.guessed = time.Time{} // hooks come in order
	}
	if d != nil {
		r.heardID(t, d.stay.prompt)
	}
	r.tellTurns()
	return t
}

func isBegun(t *turn) bool  { return t.begun }
func isQueued(t *turn) bool { return !t.begun }

// tellTurns tells the others what the agent is at.
func (r *runner) tellTurns() {
	var recs []roles.Record
	for _, t := range r.turns {
		if t.rec.ID != "" {
			recs = append(recs, t.rec)
		}
	}
	r.s.atTurns(r.addr, recs)
}

// wasInterrupted reports that somebody has ended the turn that runs: isesh has, or the screen says so and did not all the while.
func (r *runner) wasInterrupted() bool { return r.interrupted || r.unmarked && r.reading.Interrupted }

// sawInterrupt looks whether the screen says that a turn was interrupted: of one whose agent has begun with the next in its queue, too.
func (r *runner) sawInterrupt() {
	r.unmarked = r.unmarked || !r.reading.Interrupted
	if !r.reading.BeforeEcho || !slices.ContainsFunc(r.turns, isBegun) {
		return
	}
	next := slices.IndexFunc(r.turns, func(t *turn) bool { return !t.begun && t.rec.ID != "" })
	if next < 0 || !startsLike(r.typedFor(r.turns[next].rec), r.reading.Echo) {
		return
	}
	r.cutShort(r.turns[next])
}

// cutShort ends the turns that had begun, as interrupted; the agent is at the next one, nil when that is not known.
func (r *runner) cutShort(next *turn) {
	r.turnsOver(outcome{status: roles.StatusFailed, evidence: "interrupted"}, isBegun)
	if next != nil {
		next.begun = true
	}
	r.interrupted, r.unmarked = false, !r.reading.Interrupted
}

// typedFor is what the agent was given for a message or a prompt.
func (r *runner) typedFor(rec roles.Record) string {
	if rec.Kind == roles.KindPrompt {
		return rec.Text
	}
	text, err := r.s.typedBy(r.prof, rec)
	if err != nil {
		return rec.Text
	}
	return text
}

// tendTurns ends the turns of an agent that rests.
func (r *runner) tendTurns(ctx context.Context, now time.Time) {
	if wait := r.turnsRest(now); wait > 0 {
		r.wakeAt(now.Add(wait))
	} else if wait == 0 {
		r.restOver(ctx)
	}
}

// turnsRest is how long an idle agent must go on resting for its turns to be over: 0 when they are, less when there are none that could be.
func (r *runner) turnsRest(now time.Time) time.Duration {
	if len(r.turns) == 0 || r.state != agent.Idle {
		return -1
	}
	since := r.turns[len(r.turns)-1].at
	wait := turnQuiet - min(r.look.quietFor(now), now.Sub(since))
	if r.expectsHooks() && !r.wasInterrupted() {
		wait = max(wait, stopGrace-now.Sub(later(r.since, since)))
	}
	return max(wait, 0)
}

// expectsHooks reports that the agent's hooks were heard, or that it was started with them and has had no turn without them.
func (r *runner) expectsHooks() bool { return r.hooked || r.wired }

// turnEnding holds a message for a moment only: those who wait for it wait on.
const turnEnding = "its turn is ending"

// endingTurn says why the next message has to wait for the end of a turn, "" when it has not: what ends it is about to be told.
func (r *runner) endingTurn(now time.Time) string {
	if wait := r.turnsRest(now); r.expectsHooks() && wait > 0 {
		r.wakeAt(now.Add(wait))
		return turnEnding
	}
	return ""
}

// restOver ends all turns because the screen says that the agent rests.
func (r *runner) restOver(ctx context.Context) {
	if len(r.turns) == 0 || r.state != agent.Idle {
		return
	}
	all := func(*turn) bool { return true }
	o := outcome{status: roles.StatusAnswered, evidence: "screen: idle", text: r.stopText}
	if o.text != "" && r.since.Sub(r.stopAt) <= stopGrace { // it has done nothing else since
		o.evidence = "hook: stop"
	} else {
		o.text = r.lastSaid(ctx)
		r.guessed, o.guessed = time.Now(), true
	}
	if r.wasInterrupted() {
		cut := isBegun
		if !slices.ContainsFunc(r.turns, isBegun) {
			cut = all // it had begun with them behind the end that was told last
		}
		r.turnsOver(outcome{status: roles.StatusFailed, evidence: "interrupted", text: o.text, guessed: true}, cut)
	} else if o.guessed && !r.hooked {
		r.wired = false
	}
	r.turnsOver(o, all)
}

// lastSaid is the last text of the agent on its screen, as far as it can be told.
func (r *runner) lastSaid(ctx context.Context) string {
	screen, err := r.term.History(ctx, saidLines)
	if err != nil {
		r.slog.Debug("reading what the agent said", "err", err)
		return ""
	}
	text, _ := r.prof.Answer(screen)
	return text
}

// stopped takes in that a hook has told of the end of a turn: of the one that the prompt with this id of the agent's own began. Where the agent
// gives no ids, or this one was not heard before, it is of those that had begun.
func (r *runner) stopped(ctx context.Context, o outcome, id string) {
	if r.stoppedAgain(o, id) {
		return
	}
	if len(r.turns) == 0 {
		if o.text != "" {
			r.turnOver(&turn{}, o)
		}
		return
	}
	exactly := func(t *turn) bool { return t.prompt == id }
	if id == "" || !slices.ContainsFunc(r.turns, exactly) {
		if id != "" && !r.passed(o) {
			return
		}
		exactly = nil
	}
	if o.text == "" {
		o.text = r.lastSaid(ctx)
	}
	if exactly == nil && r.interrupted && slices.ContainsFunc(r.turns, isQueued) {
		r.cutShort(nil) // it is the end of what came after
	}
	over := isBegun
	switch {
	case exactly != nil:
		over = exactly
	case !slices.ContainsFunc(r.turns, isBegun):
		over = func(*turn) bool { return true }
	}
	r.turnsOver(o, over)
	if exactly == nil && id != "" {
		r.overWith(id, false)
	}
	if len(r.turns) > 0 {
		r.stopText, r.stopAt = o.text, time.Now() // the others' answer, too, if nothing follows
	}
}

// turnsOver ends turns: a record for each, and an answer where one is owed.
func (r *runner) turnsOver(o outcome, which func(*turn) bool) {
	over := slices.Clone(r.turns)
	r.turns = slices.DeleteFunc(r.turns, which)
	r.stopText = ""
	for _, t := range over {
		if which(t) {
			r.overWith(t.prompt, o.guessed)
			r.turnOver(t, o)
		}
	}
	r.tellTurns()
}

func (r *runner) turnOver(t *turn, o outcome) {
	rec := r.s.record(roles.KindTurn)
	rec.Team, rec.From, rec.Ref = r.addr.Team, r.addr.String(), t.rec.ID
	rec.Status, rec.Evidence, rec.Text = o.status, o.evidence, cut(o.text, maxSaid)
	owed := t.rec.Owes && !r.s.wasAnswered(t.rec.ID)
	if owed {
		r.s.answerComes(t.rec.ID)
	}
	r.s.write(rec)
	if owed {
		r.s.wg.Go(func() { r.s.answer(t.rec, rec) })
	} else {
		r.s.over(t.rec.ID)
	}
	if r.last != nil && r.last.ID == t.rec.ID {
		last := *r.last
		last.Status, last.Evidence, last.Reason, last.Time = o.status, o.evidence, "", rec.Time
		r.last = &last
	}
}

// died ends all turns because the program has ended.
func (r *runner) died() {
	r.turnsOver(outcome{status: roles.StatusFailed, evidence: "dead"}, func(*turn) bool { return true })
}

// returned ends the turn of a message whose prompt the agent has handed back into its composer.
func (r *runner) returned(d *delivery) {
	r.turnsOver(outcome{status: roles.StatusFailed, evidence: "interrupted"}, func(t *turn) bool { return t.rec.ID == d.rec.ID })
}

// cut returns at most n bytes of a text, whole characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

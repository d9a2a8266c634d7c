package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/fatih/color"

	"isesh/roles"
	"isesh/supervisor/api"
)

// logRenderer prints records of the conversation for people, one line each.
type logRenderer struct {
	w     io.Writer
	p     palette
	now   func() time.Time
	width int    // of the terminal; 0: lines are not cut
	full  bool   // print texts whole
	clock bool   // print the time of day instead of the age, which would be wrong soon
	steps bool   // print what says little, too: read marks, mute turns, and the steps that come
	whole bool   // print every entry there is: one was asked for by its id
	team  string // a team that goes without saying

	who     int               // width of the column that says who to whom; it only grows
	replies map[string]string // the automatic replies that are printed, by the turn whose end they tell of
	owed    map[string]bool   // messages that will be answered automatically, as far as it is known
}

// Widths of columns that are known beforehand.
const (
	minWho    = 18
	maxWho    = 34
	stepWidth = len("unconfirmed")
)

// fit sets the columns for entries that are all known, and leaves out their team when they share one.
func (r *logRenderer) fit(entries []api.Entry) {
	teams := map[string]bool{}
	r.replies = map[string]string{}
	for _, e := range entries {
		if turn, ok := strings.CutSuffix(e.ID, roles.ReplySuffix); ok && e.Kind == roles.KindReply {
			r.replies[turn] = e.Text
		}
		if e.Team != "" {
			teams[e.Team] = true
		}
		for _, address := range []string{e.From, e.To} {
			if team, _, ok := strings.Cut(address, "/"); ok {
				teams[team] = true
			}
		}
	}
	if len(teams) == 1 {
		for team := range teams {
			r.team = team
		}
	}
	for _, e := range entries {
		if r.shown(e) {
			r.who = max(r.who, width(r.whoPlain(e)))
		}
	}
	r.who = min(r.who, maxWho)
}

// shown reports whether an entry gets a line. The steps of a message that goes well show in the line of the message.
func (r *logRenderer) shown(e api.Entry) bool {
	switch {
	case r.steps, r.whole:
		return true
	case e.Kind == roles.KindTurn: // what the agent said at its end is of interest, that it ended is not
		return e.Text != "" && !r.replied(e)
	case e.Kind == roles.KindRead, e.Kind == roles.KindRedact:
		return false
	case e.Kind != roles.KindReceipt:
		return true
	}
	switch e.Status {
	case roles.StatusUnconfirmed, roles.StatusFailed, roles.StatusReturned, roles.StatusRejected, roles.StatusExpired:
		return r.clock
	}
	return false
}

// longReply is more than an automatic reply carries of what was said.
const longReply = 1 << 10

// replied reports that an automatic reply says what a turn says, and to whom. Of entries that come one by one it is the next.
func (r *logRenderer) replied(e api.Entry) bool {
	text := strings.TrimSpace(e.Text)
	if r.full && len(text) > longReply {
		return false
	}
	if r.owed[e.Ref] {
		return e.Status != roles.StatusFailed
	}
	reply, ok := r.replies[e.ID]
	return ok && strings.HasPrefix(reply, text[:min(len(text), longReply)])
}

// note remembers who will be answered automatically: those whose message owes an answer and has none.
func (r *logRenderer) note(e api.Entry) {
	switch {
	case !isMessage(e.Kind):
		return
	case r.owed == nil:
		r.owed = map[string]bool{}
	}
	if e.Owes {
		r.owed[e.ID] = true
	}
	delete(r.owed, e.InReplyTo)
}

// print writes the line of an entry.
func (r *logRenderer) print(e api.Entry) error {
	if r.clock {
		r.note(e)
	}
	if !r.shown(e) {
		return nil
	}
	_, err := io.WriteString(r.w, r.line(e))
	return err
}

// verbs are what the kinds of record that carry no message say their sender does to their target.
var verbs = map[roles.Kind]string{
	roles.KindApprove: "approves",
	roles.KindDeny:    "denies",
	roles.KindRespond: "answers",
	roles.KindCancel:  "cancels",
	roles.KindPrompt:  "types to",
	roles.KindRead:    "reads the mailbox of",
	roles.KindRedact:  "redacts what was said to",
}

// parts are the sender, what stands between, and the target of an entry.
func (r *logRenderer) parts(e api.Entry) (from, between, to string) {
	from, to = r.short(e.From), r.short(e.To)
	switch e.Kind {
	case roles.KindNotice:
		if to == "" {
			to = from
		}
		return "", "notice", to
	case roles.KindTurn:
		if from == "" {
			from = to
		}
		return from, "ends a turn", ""
	case roles.KindReceipt:
		return "", "step", to
	}
	if verb, ok := verbs[e.Kind]; ok {
		return from, verb, to
	}
	if e.Kind == roles.KindBroadcast {
		return from, "=>", to
	}
	return from, "->", to
}

// short is an address without the team that goes without saying.
func (r *logRenderer) short(address string) string {
	if r.team != "" {
		address = strings.TrimPrefix(address, r.team+"/")
	}
	return printable(address, false)
}

func (r *logRenderer) whoPlain(e api.Entry) string {
	from, between, to := r.parts(e)
	return strings.Join(nonEmpty(from, between, to), " ")
}

// line is the line of an entry, with the lines of its text under it when texts are printed whole.
func (r *logRenderer) line(e api.Entry) string {
	when := fmt.Sprintf("%4s", age(r.now(), e.Time))
	if r.clock {
		when = e.Time.Local().Format(time.TimeOnly)
	}
	from, between, to := r.parts(e)
	who := strings.Join(nonEmpty(r.p.speaker(from), r.p.faint(between), r.p.speaker(to)), " ")
	plainWho := width(r.whoPlain(e))
	r.who = max(r.who, min(plainWho, maxWho), minWho)
	pad := strings.Repeat(" ", max(r.who-plainWho, 0))

	step := string(e.Now)
	if step == "" {
		step = string(e.Status)
	}
	if r.clock && passing(e) || e.Kind == roles.KindTurn && e.Status == roles.StatusAnswered {
		step = "" // it is on its way; or that is what turns do
	}
	used := width(when) + 2 + max(r.who, plainWho) + 2 + max(stepWidth, len(step)) + 2
	head := r.p.faint(when) + "  " + who + pad + "  " + r.p.state(step) + strings.Repeat(" ", max(stepWidth-len(step), 0)) + "  "

	text := saidText(e)
	if r.full && strings.Contains(strings.TrimSpace(text), "\n") {
		var b strings.Builder
		b.WriteString(strings.TrimRight(head, " ") + "\n")
		for l := range strings.Lines(printable(text, true)) {
			b.WriteString("    " + strings.TrimRight(l, "\n") + "\n")
		}
		return b.String()
	}
	text = printable(strings.TrimSpace(text), false)
	if !r.full && r.width > 0 {
		text = cut(text, max(r.width-used, 20))
	}
	return strings.TrimRight(head+r.tagged(text, e), " ") + "\n"
}

// passing reports that an entry is of a message which has only just begun its way: by the time that it is read, it is further.
func passing(e api.Entry) bool {
	switch e.Now {
	case roles.StatusAccepted, roles.StatusPasting, roles.StatusPasted, roles.StatusEntered:
		return isMessage(e.Kind)
	}
	return false
}

// tagged is a text with its tag in bold, and a notice in yellow.
func (r *logRenderer) tagged(text string, e api.Entry) string {
	if e.Kind == roles.KindNotice {
		return r.p.paint(text, color.FgYellow)
	}
	if n := len(e.Tag); n > 0 && len(text) > n && strings.EqualFold(text[:n], e.Tag) && text[n] == ':' {
		return r.p.bold(text[:n+1]) + text[n+1:]
	}
	return text
}

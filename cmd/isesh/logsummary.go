package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"isesh/roles"
	"isesh/supervisor/api"
)

// summary counts what was said.
type summary struct {
	Since    time.Time      `json:"since,omitzero"` // of the oldest record
	Until    time.Time      `json:"until,omitzero"` // of the newest
	Messages int            `json:"messages"`
	Pairs    []pairCount    `json:"pairs"`
	Tags     map[string]int `json:"tags"`
	Steps    map[string]int `json:"steps"` // how far messages came, answered ones included
	Turns    int            `json:"turns"`
	Prompts  int            `json:"prompts"`
	Open     []roles.Record `json:"open"` // messages that owe an answer and have none

	pairs    map[[2]string]*pairCount
	answered map[string]bool
}

// pairCount is how much one has said to another.
type pairCount struct {
	From  string    `json:"from"`
	To    string    `json:"to"`
	Count int       `json:"count"`
	Last  time.Time `json:"last"`
}

func newSummary() *summary {
	return &summary{Pairs: []pairCount{}, Open: []roles.Record{}, Tags: map[string]int{}, Steps: map[string]int{}, pairs: map[[2]string]*pairCount{}, answered: map[string]bool{}}
}

// add counts an entry, which is newer than those before.
func (s *summary) add(e api.Entry) error {
	if s.Since.IsZero() {
		s.Since = e.Time
	}
	s.Until = e.Time
	switch e.Kind {
	case roles.KindTurn:
		s.Turns++
	case roles.KindPrompt:
		s.Prompts++
	}
	if !isMessage(e.Kind) {
		return nil
	}
	s.Messages++
	key := [2]string{e.From, e.To}
	p := s.pairs[key]
	if p == nil {
		p = &pairCount{From: e.From, To: e.To}
		s.pairs[key] = p
	}
	p.Count++
	p.Last = e.Time
	if e.Tag != "" {
		s.Tags[e.Tag]++
	}
	if e.Now != "" {
		s.Steps[string(e.Now)]++
	}
	if e.InReplyTo != "" {
		s.answered[e.InReplyTo] = true
	}
	switch e.Now {
	case roles.StatusFailed, roles.StatusCleared, roles.StatusExpired, roles.StatusRejected:
	default:
		if e.Owes {
			rec := e.Record
			rec.Text = cut(printable(rec.Text, false), pipedWidth)
			s.Open = append(s.Open, rec)
		}
	}
	return nil
}

// close makes lists of what was counted: the busiest pairs first, what is open oldest first.
func (s *summary) close() {
	for _, p := range s.pairs {
		s.Pairs = append(s.Pairs, *p)
	}
	slices.SortFunc(s.Pairs, func(a, b pairCount) int {
		if a.Count != b.Count {
			return b.Count - a.Count
		}
		return strings.Compare(a.From+" "+a.To, b.From+" "+b.To)
	})
	s.Open = slices.DeleteFunc(s.Open, func(r roles.Record) bool { return s.answered[r.ID] })
}

// printSummary prints what was counted.
func (a *app) printSummary(s *summary) error {
	s.close()
	if a.flags.json {
		return a.printJSON(a.out, s)
	}
	if s.Since.IsZero() {
		a.note("nothing was said that fits")
		return nil
	}
	p, columns := a.palette(a.out), 0
	columns, _ = a.terminalSize()
	const at = "2006-01-02 15:04"
	head := [][]cell{
		{plain("from"), plain(s.Since.Local().Format(at) + " to " + s.Until.Local().Format(at))},
		{plain("messages"), plain(fmt.Sprint(s.Messages) + bracket(counted(s.Steps)))},
	}
	if len(s.Tags) > 0 {
		head = append(head, []cell{plain("tags"), plain(counted(s.Tags))})
	}
	if s.Turns+s.Prompts > 0 {
		head = append(head, []cell{plain("agents"), plain(plural(s.Turns, "turn") + " ended with a word, " + plural(s.Prompts, "prompt") + " typed by people")})
	}
	if err := writeTable(a.out, head, columns); err != nil {
		return err
	}
	var rows [][]cell
	for _, c := range s.Pairs {
		rows = append(rows, []cell{plain(" "), {printable(c.From, false), p.speaker}, plain("->"), {printable(c.To, false), p.speaker}, plain(fmt.Sprint(c.Count)),
			{"last " + age(a.now(), c.Last) + " ago", p.faint}})
	}
	if err := writeTable(a.out, rows, columns); err != nil {
		return err
	}
	if len(s.Open) == 0 {
		return nil
	}
	rows = nil
	for _, r := range s.Open {
		rows = append(rows, []cell{plain(" "), {age(a.now(), r.Time), p.faint}, {printable(r.From, false), p.speaker}, plain("->"), {printable(r.To, false), p.speaker}, {r.ID, p.faint}, plain(r.Text)})
	}
	if _, err := fmt.Fprintln(a.out, "without an answer:"); err != nil {
		return err
	}
	return writeTable(a.out, rows, columns)
}

// counted is a list of counts, the greatest first.
func counted(counts map[string]int) string {
	var words []string
	for w := range counts {
		words = append(words, w)
	}
	slices.SortFunc(words, func(a, b string) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		return strings.Compare(a, b)
	})
	for i, w := range words {
		words[i] = fmt.Sprintf("%d %s", counts[w], w)
	}
	return strings.Join(words, ", ")
}

package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"isesh/roles"
	"isesh/supervisor/api"
)

// markdown prints records of the conversation as Markdown: a heading a day, and every text whole, as a quotation.
type markdown struct {
	w   io.Writer
	day string // of the record before
}

// print writes an entry.
func (m *markdown) print(e api.Entry) error {
	if e.Kind == roles.KindReceipt || e.Kind == roles.KindRead || e.Kind == roles.KindRedact || e.Kind == roles.KindTurn && e.Text == "" {
		return nil
	}
	var b strings.Builder
	at := e.Time.Local()
	if day := at.Format(time.DateOnly); day != m.day {
		fmt.Fprintf(&b, "## %s\n\n", day)
		m.day = day
	}
	from, between, to := (&logRenderer{}).parts(e)
	if between == "->" || between == "=>" {
		between = "to"
	}
	var about []string
	if e.Kind == roles.KindReply && e.InReplyTo != "" {
		about = append(about, "answers `"+e.InReplyTo+"`")
	}
	if e.Now != "" {
		about = append(about, string(e.Now))
	}
	fmt.Fprintf(&b, "**%s** %s `%s`%s\n\n", strings.Join(nonEmpty(from, between, to), " "), at.Format(time.TimeOnly), e.ID, bracket(strings.Join(about, ", ")))
	if text := saidText(e); text != "" {
		for line := range strings.Lines(printable(strings.TrimSpace(text), true)) {
			b.WriteString(strings.TrimRight("> "+strings.TrimRight(line, "\n"), " ") + "\n")
		}
		b.WriteString("\n")
	}
	_, err := io.WriteString(m.w, b.String())
	return err
}

// saidText is what an entry says: its text, or what proved it, and where it comes from when that is not plain.
func saidText(e api.Entry) string {
	text := e.Text
	switch {
	case e.Redacted:
		text = "(redacted)"
	case text == "" && e.Evidence != "":
		text = e.Evidence
	case text == "":
		text = e.Proof
	}
	if e.Kind == roles.KindReply && strings.HasPrefix(e.Origin, "auto") {
		text = "(auto) " + text // nobody wrote this reply: it is what the turn ended with
	}
	if claimed, ok := strings.CutPrefix(e.Origin, "unverified:"); ok {
		text = "(claims to be " + claimed + ") " + text
	}
	return text
}

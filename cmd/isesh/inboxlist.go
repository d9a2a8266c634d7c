package main

import (
	"fmt"
	"strings"

	"isesh/roles"
	"isesh/supervisor/api"
)

// inbox prints a mailbox, one line a message, or with the whole texts under the lines; and the question that its role waits with.
func (b board) inbox(box api.Inbox, full bool) error {
	if len(box.Letters) > 0 && !full {
		rows := [][]cell{b.header("", "AGE", "FROM", "ID", "STEP", "TEXT")}
		for _, l := range box.Letters {
			rows = append(rows, append(b.letter(l), plain(b.oneLine(l.Text))))
		}
		if err := writeTable(b.w, narrowed(rows, b.width, "STEP", "ID"), b.width); err != nil {
			return err
		}
	}
	for i, l := range box.Letters {
		if !full {
			break
		}
		cells := b.letter(l)
		var about []string
		for _, c := range cells[1:] {
			if c.text != "" {
				about = append(about, c.paint(c.text))
			}
		}
		gap := ""
		if i > 0 {
			gap = "\n"
		}
		if _, err := fmt.Fprintf(b.w, "%s%s %s\n", gap, cells[0].text, strings.Join(about, "  ")); err != nil {
			return err
		}
		for line := range strings.Lines(printable(strings.TrimSpace(l.Text), true)) {
			if _, err := fmt.Fprintln(b.w, strings.TrimRight("    "+strings.TrimRight(line, "\n"), " ")); err != nil {
				return err
			}
		}
	}
	if box.Menu != nil {
		if _, err := fmt.Fprintf(b.w, "\n%s waits for an answer:", b.p.speaker(box.Address)); err != nil {
			return err
		}
		return b.menu(box.Address, *box.Menu)
	}
	return nil
}

// letter is what a message's line begins with.
func (b board) letter(l api.Letter) []cell {
	mark := "*"
	if l.Read {
		mark = " "
	}
	step := l.Now
	if step == "" {
		step = l.Status
	}
	if step == roles.StatusSubmitted && l.Evidence == "mailbox" {
		step = "" // it has nowhere to go
	}
	return []cell{{mark, b.p.bold}, {age(b.now, l.Time), b.p.faint}, {orDash(printable(l.From, false)), b.p.speaker}, {l.ID, b.p.faint}, {string(step), b.p.state}}
}

// oneLine is a text on one line, cut where nobody reads on when the line goes to no terminal.
func (b board) oneLine(text string) string {
	text = printable(strings.TrimSpace(text), false)
	if b.width > 0 {
		return text // writeTable cuts it
	}
	return cut(text, pipedWidth)
}

package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/fatih/color"

	"isesh/layout"
	"isesh/roles"
	"isesh/supervisor/api"
)

// board prints roles and teams for people.
type board struct {
	w     io.Writer
	p     palette
	now   time.Time
	home  string
	width int // of the terminal; 0: lines are not cut
}

// board is the one for standard output.
func (a *app) board() board {
	width, _ := a.terminalSize()
	return board{w: a.out, p: a.palette(a.out), now: a.now(), home: a.getenv("HOME"), width: width}
}

// list prints one line a role.
func (b board) list(list []api.Role) error {
	rows := [][]cell{b.header("ROLE", "STATE", "SINCE", "AGENT", "PANE", "QUEUE", "UNREAD", "DIR", "NOTE")}
	for _, r := range list {
		rows = append(rows, []cell{
			{r.Address, b.p.speaker}, b.stateCell(r), plain(age(b.now, r.Since)), plain(orDash(r.Profile)), plain(orDash(r.Pane)),
			plain(count(r.Queue)), plain(count(r.Unread)), plain(printable(tilde(r.Dir, b.home), false)), {b.roleNote(r), b.p.faint},
		})
	}
	return writeTable(b.w, narrowed(rows, b.width, "DIR", "PANE", "UNREAD", "AGENT", "QUEUE", "SINCE"), b.width)
}

// team prints a team's board.
func (b board) team(t api.Team) error {
	name := t.Name
	if name == "" {
		name = "single roles"
	}
	head := b.p.bold(name)
	if t.Dir != "" {
		head += "  " + printable(tilde(t.Dir, b.home), false)
	}
	used := width(name) + 2 + width(tilde(t.Dir, b.home))
	for _, about := range []struct{ what, value string }{{"layout", layoutName(t, b.home)}, {"session", t.Session}} {
		if about.value == "" {
			continue
		}
		text := about.what + " " + printable(about.value, false)
		if used += 2 + width(text); b.width > 0 && used > b.width {
			break // status ROLE and --json say it
		}
		head += b.p.faint("  " + text)
	}
	if _, err := fmt.Fprintln(b.w, head); err != nil {
		return err
	}
	var rows [][]cell
	for _, r := range t.Roles {
		name := r.Name
		if name == "" {
			name = r.Address
		}
		if r.Lead {
			name += " *"
		}
		rows = append(rows, []cell{plain(" "), {name, func(string) string { return b.p.speaker(name) }}, b.stateCell(r),
			plain(age(b.now, r.Since)), plain(orDash(r.Profile)), {b.boardNote(r), b.p.faint}})
	}
	return writeTable(b.w, rows, b.width)
}

// limits prints how far the roles of a team may go without a person, and how far they have gone.
func (b board) limits(t api.Team) error {
	if t.Limits.Pair == "" {
		return nil
	}
	name := func(address string) string { return printable(strings.TrimPrefix(address, t.Name+"/"), false) }
	line := fmt.Sprintf("   limits: %d hops, %s a pair", t.Limits.Hops, strings.TrimSuffix(t.Limits.Pair, "0s"))
	for i, u := range t.Limits.Use {
		sign := ", "
		if i == 0 {
			sign = "; used: "
		}
		line += fmt.Sprintf("%s%s -> %s %d", sign, name(u.From), name(u.To), u.Count)
		if !u.Opens.IsZero() {
			line += " (the next at " + u.Opens.Local().Format(time.TimeOnly) + ")"
		}
	}
	_, err := fmt.Fprintln(b.w, b.p.faint(cut(line, b.width)))
	return err
}

// layoutName is how a team's layout is called: by its name where it was shipped, by its file's name where that is in the team's directory, else
// by its path.
func layoutName(t api.Team, home string) string {
	if layout.IsShipped(t.Layout) {
		return layout.ShippedName(t.Layout)
	}
	if name, ok := strings.CutPrefix(t.Layout, t.Dir+"/"); ok {
		return name
	}
	return tilde(t.Layout, home)
}

// teams prints the boards, with what limits them, and an empty line between them.
func (b board) teams(teams []api.Team) error {
	for i, t := range teams {
		if i > 0 {
			fmt.Fprintln(b.w)
		}
		if err := b.team(t); err != nil {
			return err
		}
		if err := b.limits(t); err != nil {
			return err
		}
	}
	return nil
}

// role prints all that is known of one role.
func (b board) role(r api.Role) error {
	state := r.State
	if r.Kind != "" {
		state += " (" + r.Kind + ")"
	}
	rows := [][]cell{
		{plain("role"), {r.Address, b.p.speaker}},
		{plain("state"), {state + ", for " + age(b.now, r.Since), func(s string) string { return b.p.paint(s, stateColours[r.State]...) }}},
	}
	add := func(name, value string) {
		if value != "" {
			rows = append(rows, []cell{plain(name), plain(printable(value, false))})
		}
	}
	add("team", r.Team)
	if r.Lead {
		add("lead", "yes")
	}
	add("agent", r.Profile)
	add("directory", tilde(r.Dir, b.home))
	if r.Pane != "" {
		add("pane", fmt.Sprintf("%s (process %d) in session %s", r.Pane, r.PID, r.Session))
	}
	if r.Exit != nil {
		add("exit status", fmt.Sprint(*r.Exit))
	}
	if r.Queue > 0 {
		add("queue", fmt.Sprintf("%d waiting", r.Queue)+bracket(r.Held))
	}
	if r.Unread > 0 {
		add("unread", fmt.Sprint(r.Unread))
	}
	if r.Draft {
		add("draft", "there is unsent text in the composer")
	}
	add("trouble", r.Trouble)
	if r.Last != nil {
		add("last message", b.receiptLine(*r.Last))
	}
	if b.p.on || r.Rule != "" {
		add("decided by", r.Rule)
	}
	if err := writeTable(b.w, rows, b.width); err != nil {
		return err
	}
	if r.Menu != nil {
		return b.menu(r.Address, *r.Menu)
	}
	return nil
}

// menu prints an open question with its options, and how to answer it.
func (b board) menu(to string, m api.Menu) error {
	var out strings.Builder
	fmt.Fprintf(&out, "\n%s\n", b.p.bold(printable(m.Heading, false)))
	for i, option := range m.Options {
		mark := " "
		if i == m.Selected {
			mark = ">"
		}
		fmt.Fprintf(&out, "%s %d. %s\n", mark, i+1, printable(option, false))
	}
	answer := fmt.Sprintf("isesh approve %s, isesh deny %s", to, to)
	if m.Kind != "permission" {
		answer = fmt.Sprintf("isesh respond %s KEY...", to)
	}
	fmt.Fprintln(&out, b.p.faint("answer: "+answer))
	_, err := io.WriteString(b.w, out.String())
	return err
}

// receiptLine is the one line about a message's way.
func (b board) receiptLine(r api.Receipt) string {
	line := fmt.Sprintf("%s %s %s -> %s", b.p.state(string(r.Status)), r.ID, r.From, r.To)
	if why := strings.Join(nonEmpty(r.Reason, r.Evidence), "; "); why != "" {
		line += " (" + printable(why, false) + ")"
	}
	if !r.Time.IsZero() {
		line += ", " + age(b.now, r.Time) + " ago"
	}
	return line
}

// stateCell is a state with its kind.
func (b board) stateCell(r api.Role) cell {
	text := r.State
	if r.Kind != "" {
		text += " " + r.Kind
	}
	return cell{text, func(s string) string { return b.p.paint(s, stateColours[r.State]...) }}
}

// boardNote is roleNote with the numbers that have columns of their own in a list.
func (b board) boardNote(r api.Role) string {
	var notes []string
	if r.Queue > 0 {
		notes = append(notes, fmt.Sprintf("%d queued", r.Queue))
	}
	if r.Unread > r.Queue {
		notes = append(notes, fmt.Sprintf("%d unread", r.Unread))
	}
	return strings.Join(nonEmpty(strings.Join(notes, "; "), b.roleNote(r)), "; ")
}

// roleNote is what a person should know of a role beyond its state.
func (b board) roleNote(r api.Role) string {
	var notes []string
	if r.Trouble != "" {
		notes = append(notes, r.Trouble)
	}
	if r.Menu != nil {
		notes = append(notes, r.Menu.Heading)
	}
	if r.Exit != nil {
		notes = append(notes, fmt.Sprintf("exit status %d", *r.Exit))
	}
	if r.Queue > 0 && r.Held != "" {
		notes = append(notes, "queue held: "+r.Held)
	}
	if r.Draft {
		notes = append(notes, "unsent draft")
	}
	return printable(strings.Join(notes, "; "), false)
}

// header is a row of column names.
func (b board) header(names ...string) []cell {
	row := make([]cell, len(names))
	for i, n := range names {
		row[i] = cell{n, func(s string) string { return b.p.paint(s, color.Faint) }}
	}
	return row
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func count(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

func bracket(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}

func nonEmpty(words ...string) []string {
	var kept []string
	for _, w := range words {
		if w != "" {
			kept = append(kept, w)
		}
	}
	return kept
}

// receipt prints a message's way, one line a step.
func (b board) receipt(r api.Receipt, steps []roles.Record) error {
	if _, err := fmt.Fprintln(b.w, b.receiptLine(r)); err != nil {
		return err
	}
	if len(steps) > 0 {
		if err := b.asked(steps[0]); err != nil {
			return err
		}
	}
	var rows [][]cell
	for _, s := range steps {
		name := string(s.Status)
		if name == "" {
			name = string(s.Kind)
		}
		rows = append(rows, []cell{plain(" "), {s.Time.Local().Format("15:04:05.000"), b.p.faint}, {name, b.p.state},
			plain(printable(strings.Join(nonEmpty(s.Evidence, s.Rule), "; "), false))})
	}
	return writeTable(b.w, rows, b.width)
}

// asked prints what a message says, in a line, and what it has to do with others.
func (b board) asked(r roles.Record) error {
	text := b.oneLine(r.Text)
	if r.Redacted {
		text = "(redacted)"
	}
	var about []string
	if r.InReplyTo != "" {
		about = append(about, "answers "+r.InReplyTo)
	}
	if r.Owes {
		about = append(about, "owes an answer")
	}
	if r.Hops > 0 {
		about = append(about, plural(r.Hops, "hop"))
	}
	for _, line := range nonEmpty(text, printable(strings.Join(about, ", "), false)) {
		if _, err := fmt.Fprintln(b.w, "   "+cut(line, b.width-3)); err != nil {
			return err
		}
	}
	return nil
}

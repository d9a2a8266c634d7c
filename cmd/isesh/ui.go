package main

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/fatih/color"
	"github.com/rivo/uniseg"
)

// palette paints for people. A palette without colour paints nothing, so that renderers need not know.
type palette struct {
	on bool
}

// palette is the one for a stream: in colour on a terminal, unless --no-color, NO_COLOR or --json.
func (a *app) palette(w io.Writer) palette {
	return palette{on: !a.flags.noColor && !a.flags.json && a.getenv("NO_COLOR") == "" && a.getenv("TERM") != "dumb" && isTerminal(w)}
}

// paint is s in the given attributes.
func (p palette) paint(s string, attrs ...color.Attribute) string {
	if !p.on || s == "" || len(attrs) == 0 {
		return s
	}
	c := color.New(attrs...)
	c.EnableColor()
	return c.Sprint(s)
}

func (p palette) faint(s string) string { return p.paint(s, color.Faint) }
func (p palette) bold(s string) string  { return p.paint(s, color.Bold) }

// stateColours are the colours of states and of steps of the ladder.
var stateColours = map[string][]color.Attribute{
	"idle":        {color.FgGreen},
	"busy":        {color.FgYellow},
	"waiting":     {color.FgMagenta, color.Bold},
	"dead":        {color.FgRed},
	"starting":    {color.Faint},
	"unknown":     {color.Faint},
	"submitted":   {color.FgGreen},
	"answered":    {color.FgGreen},
	"queued":      {color.FgYellow},
	"accepted":    {color.FgYellow},
	"returned":    {color.FgYellow},
	"rejected":    {color.FgMagenta},
	"unconfirmed": {color.FgRed},
	"failed":      {color.FgRed},
	"taken":       {color.FgGreen},
	"cleared":     {color.Faint},
	"expired":     {color.FgRed},
	"error":       {color.FgRed},
}

// state is a state or a step of the ladder in its colour.
func (p palette) state(s string) string { return p.paint(s, stateColours[s]...) }

// speakerColours are handed out by name, so that a role keeps its colour from one command to the next.
var speakerColours = []color.Attribute{color.FgCyan, color.FgGreen, color.FgYellow, color.FgBlue, color.FgMagenta, color.FgHiCyan, color.FgHiGreen}

// speaker is a role's address in its colour; people are bold.
func (p palette) speaker(address string) string {
	if address == "user" {
		return p.bold(address)
	}
	sum := 0
	for _, b := range []byte(address) {
		sum = sum*31 + int(b)
	}
	return p.paint(address, speakerColours[uint(sum)%uint(len(speakerColours))])
}

// escapes finds what a terminal takes for orders: control strings (titles, links), sequences (colours, cursor), and other escapes. A control string that
// does not end within its line is text.
var escapes = regexp.MustCompile("(?:\x1b[\\]PX^_]|[\u0090\u0098\u009d\u009e\u009f])[^\x07\x1b\u009c\r\n]*(?:\x07|\x1b\\\\|\u009c)" +
	"|(?:\x1b\\[|\u009b)[0-?]*[ -/]*[@-~]|\x1b[ -/]*[0-~]")

// hiddenText stands for a control string: a terminal would not show it, but whoever reads what was said is to know that there is something.
const hiddenText = "\u241b"

// withoutEscapes is s without orders to a terminal.
func withoutEscapes(s string) string {
	return escapes.ReplaceAllStringFunc(s, func(e string) string {
		if last, _ := utf8.DecodeLastRuneInString(e); last == '\a' || last == '\u009c' || strings.HasSuffix(e, "\x1b\\") && len(e) > 2 {
			return hiddenText
		}
		return ""
	})
}

// printable is s safe for a terminal: no control characters or sequences, and on one line unless lines is set. What an agent or a message says is
// never trusted to leave the terminal alone.
func printable(s string, lines bool) string {
	clean := func(r rune) bool {
		return r == utf8.RuneError || unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Bidi_Control, r)
	}
	if strings.IndexFunc(s, clean) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range strings.ReplaceAll(withoutEscapes(s), "\r\n", "\n") {
		switch {
		case r == '\n' && lines:
			b.WriteRune(r)
		case r == '\n' || r == '\u2028' || r == '\u2029' || r == '\u0085':
			b.WriteString(" ↵ ")
		case r == '\t':
			b.WriteByte(' ')
		case r == utf8.RuneError:
			b.WriteRune('\ufffd')
		case clean(r):
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// width is how many cells s takes on a terminal.
func width(s string) int { return uniseg.StringWidth(s) }

// cut shortens s to limit cells, with an ellipsis. A limit of 0 or less leaves it whole.
func cut(s string, limit int) string {
	if limit <= 0 || width(s) <= limit {
		return s
	}
	var b strings.Builder
	used := 0
	for g := uniseg.NewGraphemes(s); g.Next(); {
		if used+g.Width() > limit-1 {
			break
		}
		used += g.Width()
		b.WriteString(g.Str())
	}
	return b.String() + "…"
}

// cell is one cell of a table: its text, and how it is painted once it is padded.
type cell struct {
	text  string
	paint func(string) string
}

// plain is a cell without colour.
func plain(s string) cell { return cell{text: s} }

// minLast is how many cells narrowed leaves to the last column.
const minLast = 24

// narrowed drops columns, named by their cells in the first row and in this order, until the rows fit limit cells (0: as they are).
func narrowed(rows [][]cell, limit int, drop ...string) [][]cell {
	for _, name := range drop {
		need := 0
		for i := range rows[0] {
			widest := 0
			for _, row := range rows {
				widest = max(widest, width(row[i].text))
			}
			if i == len(rows[0])-1 {
				widest = min(widest, minLast)
			} else {
				widest += 2
			}
			need += widest
		}
		if limit <= 0 || need <= limit {
			return rows
		}
		at := slices.IndexFunc(rows[0], func(c cell) bool { return c.text == name })
		for i, row := range rows {
			rows[i] = slices.Delete(slices.Clone(row), at, at+1)
		}
	}
	return rows
}

// writeTable prints rows in columns as wide as their widest cell, two spaces apart. The last column is not padded, and cut so that a
// row fits limit cells (0: as long as it is).
func writeTable(w io.Writer, rows [][]cell, limit int) error {
	var widths []int
	for _, row := range rows {
		for i, c := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], width(c.text))
		}
	}
	for _, row := range rows {
		var b strings.Builder
		used := 0
		for i, c := range row {
			text, pad := c.text, ""
			if i < len(row)-1 {
				pad = strings.Repeat(" ", widths[i]-width(text)+2)
				used += widths[i] + 2
			} else if limit > 0 {
				text = cut(text, max(limit-used, 8))
			}
			if c.paint != nil {
				text = c.paint(text)
			}
			b.WriteString(text + pad)
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(b.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}

// age is how long ago t was, in one unit: 3s, 12m, 5h, 4d.
func age(now, t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	d := now.Sub(t)
	switch {
	case d < time.Second:
		return "0s"
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}

// short is a duration for people: 12ms, 1.4s.
func short(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%dms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1fs", d.Seconds())
}

// tilde is a path with the home directory written as ~.
func tilde(path, home string) string {
	if home == "" || home == "/" {
		return path
	}
	if path == home {
		return "~"
	}
	if rest, ok := strings.CutPrefix(path, home+"/"); ok {
		return "~/" + rest
	}
	return path
}

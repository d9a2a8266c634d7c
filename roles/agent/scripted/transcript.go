package scripted

import "strings"

// Marks at column 0 of the transcript.
const (
	markUser  = "> "
	markAgent = "• "
	markEnd   = "■ "
	indent    = "  "
	outcome   = "  └ "
)

// transcript is what was said. Owner: the goroutine of Run.
type transcript struct{ lines []line }

// line is one line before wrapping: a lead in the first columns, and clean text.
type line struct{ lead, text, style string }

// What is kept: more could not be scrolled to anyway.
const (
	keptLines = 1000
	keptRunes = 4000 // of one line
)

// add appends a text of any number of lines. The first has the lead; the others are indented as far.
func (t *transcript) add(lead, text, style string) {
	if n := strings.Count(text, "\n") + 1; n > keptLines {
		for range n - keptLines {
			text = text[strings.IndexByte(text, '\n')+1:]
		}
	}
	for text := range strings.SplitSeq(text, "\n") {
		t.lines = append(t.lines, line{lead, shorten(clean(text), keptRunes), style})
		lead = strings.Repeat(" ", columns(lead))
	}
	if len(t.lines) > 2*keptLines {
		t.lines = append(t.lines[:0:0], t.lines[len(t.lines)-keptLines:]...)
	}
}

// extend lengthens the last line.
func (t *transcript) extend(text string) {
	l := &t.lines[len(t.lines)-1]
	l.text = shorten(l.text+text, keptRunes)
}

func (t *transcript) clear() { t.lines = nil }

// view is the last h rows of the transcript at w columns, blank rows behind them when it has fewer.
func (t *transcript) view(w, h int) []row {
	if h <= 0 {
		return nil
	}
	rows := make([]row, h)
	from := h
	for i := len(t.lines) - 1; i >= 0 && from > 0; i-- {
		l := t.lines[i]
		pieces := wrap(l.text, w-columns(l.lead))
		for k := len(pieces) - 1; k >= 0 && from > 0; k-- {
			lead := l.lead
			if k > 0 {
				lead = strings.Repeat(" ", columns(l.lead))
			}
			from--
			rows[from] = row{text: lead + pieces[k], style: l.style}
		}
	}
	if from > 0 {
		copy(rows, rows[from:])
		clear(rows[h-from:])
	}
	return rows
}

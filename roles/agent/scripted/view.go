package scripted

import (
	"fmt"
	"strings"
	"time"
)

const (
	prompt      = "▸\u00a0"
	idleHolder  = "Ask for something"
	queueHolder = "Messages wait for the turn to end"
)

// spinner are the glyphs of the busy row.
var spinner = [...]string{"✢", "✳", "✶", "✻"}

// draw brings the screen up to date.
func (a *agent) draw() {
	a.dirty = false
	a.at[drawTimer] = never
	rows, x, y, scrolling := a.frame()
	if err := a.scr.draw(rows, x, y, scrolling); err != nil {
		a.over = true // the terminal has gone
		return
	}
	if len(a.menus) > 0 && !a.menus[0].drawn {
		a.menus[0].drawn, a.menus[0].hears = true, time.Now().Add(a.o.MenuDeaf)
		if a.o.MenuBeforeKey && a.o.MenuBeforeDelay > 0 {
			a.set(swapTimer, a.o.MenuBeforeDelay)
		}
	}
}

// frame is what the whole screen should show: rows, cursor, and how many of the first rows scroll.
func (a *agent) frame() (rows []row, x, y, scrolling int) {
	w, h := a.scr.cols, a.scr.rows
	var bottom []row
	if len(a.menus) > 0 {
		bottom, y = a.menus[0].rows(w, h)
		if a.o.MenuDeaf > 0 && a.spin%2 == 1 {
			bottom[0].text = strings.TrimSuffix(bottom[0].text, "─")
		}
	} else {
		bottom, x, y = a.composer(w, h)
	}
	if cut := len(bottom) - h; cut > 0 {
		bottom, y = bottom[cut:], max(0, y-cut)
	}
	scrolling = h - len(bottom)
	rows = append(a.said.view(w, scrolling), bottom...)
	for i := range rows {
		if a.o.NoColor {
			rows[i].style = ""
		}
		if rows[i].text = cut(rows[i].text, w); rows[i].text == "" {
			rows[i] = row{}
		}
	}
	return rows, x, y + scrolling, scrolling
}

// composer draws the box with what belongs to it, and tells where the insertion point is.
func (a *agent) composer(w, h int) (rows []row, x, y int) {
	busy := a.turn != nil
	if busy && a.turn.streaming == 0 {
		rows = append(rows, row{text: fmt.Sprintf("%s Working… %ds", spinner[a.spin%len(spinner)], int(time.Since(a.turn.began).Seconds()))})
	}
	// Of a long queue the end is shown: the composer must stay on the screen.
	waiting := a.queue
	if most := max(1, h/4); len(waiting) > most {
		rows = append(rows, row{text: fmt.Sprintf("» +%d more", len(waiting)-most), style: dim})
		waiting = waiting[len(waiting)-most:]
	}
	for _, m := range waiting {
		rows = append(rows, row{text: "» " + m.firstShown(), style: dim})
	}
	// One column stays free behind a full row: the cursor needs it.
	lines, dx, dy, above, below := a.draft.layout(w-3, max(1, h/2-2))
	rows = append(rows, countingRule(w, "↑", above))
	y = len(rows)
	for i, l := range lines {
		rows = append(rows, row{text: pick(i == 0 && above == 0, prompt, indent) + l})
	}
	if a.draft.empty() && !a.o.NoColor {
		rows[y].text += pick(busy, queueHolder, idleHolder)
		rows[y].style, rows[y].at = dim, len(prompt)
	}
	rows = append(rows, countingRule(w, "↓", below), row{text: indent + a.footer(busy), style: dim})
	return rows, 2 + dx, y + dy
}

// countingRule is a rule that tells how many rows are hidden behind it.
func countingRule(w int, arrow string, hidden int) row {
	r := rule(w)
	if hidden > 0 {
		count := fmt.Sprintf("── %s %d more ", arrow, hidden)
		r.text = count + strings.Repeat("─", max(0, w-columns(count)))
	}
	return r
}

func (a *agent) footer(busy bool) string {
	text := "? for help"
	switch {
	case busy && a.draft.empty():
		text = "esc to stop"
	case busy:
		text = "enter to queue · esc to stop"
	case !a.draft.empty():
		text = "enter to send · esc esc to clear"
	}
	if a.hint != "" {
		text += " · " + a.hint
	}
	if a.stash != nil {
		text += " · draft stashed"
	}
	return text
}

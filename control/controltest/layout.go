package controltest

import (
	"fmt"
	"slices"
	"strings"
)

// split makes room for a new pane beside or below p and returns its size.
func (w *winlink) split(p *Pane, sideways bool) (sx, sy int, err error) {
	w.upright = !sideways
	sx, sy = p.screen.sx, p.screen.sy
	if sideways {
		sx = (sx+1)/2 - 1
	} else {
		sy = (sy+1)/2 - 1
	}
	if sx < 1 || sy < 1 {
		return 0, 0, fmt.Errorf("no space for new pane")
	}
	if sideways {
		p.resize(p.screen.sx-sx-1, sy)
	} else {
		p.resize(sx, p.screen.sy-sy-1)
	}
	return sx, sy, nil
}

// insert puts a new pane behind p and works out where everything lies.
func (w *winlink) insert(after, p *Pane) {
	w.panes = slices.Insert(slices.Clone(w.panes), slices.Index(w.panes, after)+1, p)
	w.place()
}

// giveSpace hands what the pane that was at i had to its neighbour.
func (w *winlink) giveSpace(gone *Pane, i int) {
	to := w.panes[max(i-1, 0)]
	if w.upright {
		to.resize(to.screen.sx, to.screen.sy+gone.screen.sy+1)
	} else {
		to.resize(to.screen.sx+gone.screen.sx+1, to.screen.sy)
	}
	w.place()
}

func (w *winlink) place() {
	at := 0
	for _, p := range w.panes {
		if w.upright {
			p.left, p.top, at = 0, at, at+p.screen.sy+1
		} else {
			p.left, p.top, at = at, 0, at+p.screen.sx+1
		}
	}
}

// resize changes the window's size; the last pane takes or gives the difference.
func (w *winlink) resize(sx, sy int) {
	dx, dy := sx-w.sx, sy-w.sy
	w.sx, w.sy = sx, sy
	for i, p := range w.panes {
		px, py := p.screen.sx, p.screen.sy
		last := i == len(w.panes)-1
		if w.upright || last {
			px += dx
		}
		if !w.upright || last {
			py += dy
		}
		p.resize(max(px, 1), max(py, 1))
	}
	w.place()
}

// layout is tmux's description of a window: a checksum, and where each pane lies.
func (w *winlink) layout() string {
	cell := func(p *Pane) string {
		return fmt.Sprintf("%dx%d,%d,%d,%d", p.screen.sx, p.screen.sy, p.left, p.top, p.id)
	}
	s := ""
	if len(w.panes) == 1 {
		s = cell(w.panes[0])
	} else {
		var cells []string
		for _, p := range w.panes {
			cells = append(cells, cell(p))
		}
		s = fmt.Sprintf("%dx%d,0,0", w.sx, w.sy)
		if w.upright {
			s += "[" + strings.Join(cells, ",") + "]"
		} else {
			s += "{" + strings.Join(cells, ",") + "}"
		}
	}
	var sum uint16
	for i := 0; i < len(s); i++ {
		sum = sum>>1 + (sum&1)<<15
		sum += uint16(s[i])
	}
	return fmt.Sprintf("%04x,%s", sum, s)
}

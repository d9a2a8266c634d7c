package control

import (
	"fmt"
	"strconv"
	"strings"
)

// Pane is one row of list-panes: a pane as one session sees it. A window that
// is linked into two sessions appears twice. Ids (%3, @2, $1) identify for the
// life of a server, names are for people.
type Pane struct {
	ID                     string // %3
	PID                    int    // of the process the pane was started with; survives exec
	Session, SessionName   string // $1, name
	SessionAttached        int    // attached clients, control clients included
	Window, WindowName     string // @2, name
	WindowIndex, PaneIndex int
	Active                 bool // the active pane of its window
	WindowActive           bool // its window is the current one of the session
	Dead                   bool // the process ended, the pane remains (remain-on-exit)
	DeadStatus             int  // exit status, -1 while unknown: it can lag behind Dead
	DeadSignal             int  // 0 for none, and before tmux 3.3
	InMode                 bool // copy mode or another mode is on top
	InputOff               bool // select-pane -d: input is dropped silently
	Alternate              bool // the alternate screen is up
	CursorVisible          bool
	CursorX, CursorY       int // from 0
	Width, Height          int // cells
	HistorySize            int // lines above the screen
	TTY                    string
	Step                   string // the pane option @isesh_step
	Title                  string
	Command                string // the foreground process, as pane_current_command
	Path                   string // its directory, as pane_current_path
}

// clean is a format variable without control characters. Directories,
// processes, options and (measured on 3.3a) the names of windows can hold any,
// also line feeds, which would forge lines of a reply.
func clean(variable string) string { return "#{s/[\001-\037]/?/:" + variable + "}" }

// paneFormat is one row, its fields separated by tabs. The r in front keeps a
// row from starting with %.
var paneFormat = "r " + strings.Join([]string{
	"#{pane_id}", "#{pane_pid}", "#{session_id}", clean("session_name"), "#{session_attached}",
	"#{window_id}", clean("window_name"), "#{window_index}", "#{pane_index}", "#{pane_active}", "#{window_active}",
	"#{pane_dead}", "#{pane_dead_status}", "#{pane_dead_signal}", "#{pane_in_mode}", "#{pane_input_off}",
	"#{alternate_on}", "#{cursor_flag}", "#{cursor_x}", "#{cursor_y}", "#{pane_width}", "#{pane_height}",
	"#{history_size}", clean("pane_tty"), clean("@isesh_step"), clean("pane_title"),
	clean("pane_current_command"), clean("pane_current_path"),
}, "\t")

const paneFields = 28

func parsePanes(body string) ([]Pane, error) {
	if body == "" {
		return nil, nil
	}
	lines := strings.Split(body, "\n")
	panes := make([]Pane, 0, len(lines))
	for _, line := range lines {
		p, err := parsePane(line)
		if err != nil {
			return nil, err
		}
		panes = append(panes, p)
	}
	return panes, nil
}

func parsePane(line string) (Pane, error) {
	rest, ok := strings.CutPrefix(line, "r ")
	f := strings.Split(rest, "\t")
	if !ok || len(f) != paneFields {
		return Pane{}, fmt.Errorf("reading a row of list-panes: %d fields instead of %d in %q", len(f), paneFields, briefLine(line))
	}
	var bad string
	number := func(s string, empty int) int {
		if s == "" {
			return empty
		}
		n, err := strconv.Atoi(s)
		if err != nil {
			bad = s
		}
		return n
	}
	p := Pane{
		ID: f[0], PID: number(f[1], 0),
		Session: f[2], SessionName: f[3], SessionAttached: number(f[4], 0),
		Window: f[5], WindowName: f[6], WindowIndex: number(f[7], 0), PaneIndex: number(f[8], 0),
		Active: f[9] == "1", WindowActive: f[10] == "1",
		Dead: f[11] == "1", DeadStatus: number(f[12], -1), DeadSignal: number(f[13], 0),
		// pane_in_mode counts the modes on top of each other.
		InMode: f[14] != "0" && f[14] != "", InputOff: f[15] == "1",
		Alternate: f[16] == "1", CursorVisible: f[17] == "1",
		CursorX: number(f[18], 0), CursorY: number(f[19], 0),
		Width: number(f[20], 0), Height: number(f[21], 0), HistorySize: number(f[22], 0),
		TTY: f[23], Step: f[24], Title: f[25], Command: f[26], Path: f[27],
	}
	if bad != "" {
		return Pane{}, fmt.Errorf("reading a row of list-panes: %q is not a number", bad)
	}
	return p, nil
}

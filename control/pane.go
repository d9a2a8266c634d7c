package control

import (
	"fmt"
	"slices"
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

// Runs reports whether pid is the process of the pane: the one it runs or, where tmux says of none any more, the one that ended in it. A tmux 3.8
// forgets the process with its end, and calls the pane dead a moment later.
func (p Pane) Runs(pid int) bool { return p.PID == pid || p.PID <= 0 }

// Rows of list-panes. Names, directories, processes and options can hold any
// character, also tabs and line feeds (measured on 3.3a), so behind the plain
// fields, separated by tabs, stand the free ones, and in front of a row and
// behind each of its parts a separator that nobody can guess. What stands
// between two rows is not ours: to the command line client, hooks print into
// the same stream. This is ten times cheaper for tmux than to have it replace
// characters.
const plainFields = "#{pane_id}\t#{pane_pid}\t#{session_id}\t#{window_id}" +
	"\t#{pane_dead}\t#{pane_dead_status}\t#{pane_dead_signal}\t#{pane_in_mode}\t#{pane_input_off}" +
	"\t#{alternate_on}\t#{cursor_flag}\t#{cursor_x}\t#{cursor_y}\t#{pane_width}\t#{pane_height}"

const morePlainFields = "\t#{session_attached}\t#{window_index}\t#{pane_index}\t#{pane_active}\t#{window_active}\t#{history_size}"

var (
	// paneFacts are what a Snapshot holds.
	paneFacts = rowFormat{"r " + plainFields, []string{"@isesh_step", "pane_title", "pane_current_command"}}
	// paneRows are all of a Pane.
	paneRows = rowFormat{"r " + plainFields + morePlainFields, []string{
		"@isesh_step", "pane_title", "pane_current_command", "pane_current_path", "pane_tty", "session_name", "window_name",
	}}
)

// rowFormat is a format for list-panes: plain fields, then the names of free ones.
type rowFormat struct {
	plain string
	free  []string
}

// format is what tmux expands.
func (f rowFormat) format(separator string) string {
	var b strings.Builder
	b.WriteString(separator + f.plain)
	for _, name := range f.free {
		b.WriteString(separator + "#{" + name + "}")
	}
	b.WriteString(separator)
	return b.String()
}

// parse reads what list-panes printed.
func (f rowFormat) parse(body, separator string) ([]Pane, error) {
	parts := strings.Split(body, separator)[1:] // in front of the first row is nothing of ours
	const gap = 1                               // behind a row, neither
	width := 1 + len(f.free)
	if len(parts)%(width+gap) != 0 || len(parts) == 0 && body != "" {
		return nil, fmt.Errorf("reading the rows of list-panes: unexpected %q", briefLine(body))
	}
	var panes []Pane
	for row := range slices.Chunk(parts, width+gap) {
		p, err := parsePane(row[0], row[1:width])
		if err != nil {
			return nil, err
		}
		panes = append(panes, p)
	}
	return panes, nil
}

func parsePane(plain string, free []string) (Pane, error) {
	rest, ok := strings.CutPrefix(plain, "r ")
	f := strings.Split(rest, "\t")
	if !ok || len(f) != 15 && len(f) != 21 {
		return Pane{}, fmt.Errorf("reading a row of list-panes: unexpected %q", briefLine(plain))
	}
	var bad string
	number := func(i, empty int) int {
		if f[i] == "" {
			return empty
		}
		n, err := strconv.Atoi(f[i])
		if err != nil {
			bad = f[i]
		}
		return n
	}
	p := Pane{
		ID: f[0], PID: number(1, 0), Session: f[2], Window: f[3],
		Dead: f[4] == "1", DeadStatus: number(5, -1), DeadSignal: number(6, 0),
		// pane_in_mode counts the modes on top of each other.
		InMode: f[7] != "0" && f[7] != "", InputOff: f[8] == "1",
		Alternate: f[9] == "1", CursorVisible: f[10] == "1",
		CursorX: number(11, 0), CursorY: number(12, 0), Width: number(13, 0), Height: number(14, 0),
		Step: printable(free[0]), Title: printable(free[1]), Command: printable(free[2]),
	}
	if len(f) == 21 && len(free) == 7 {
		p.SessionAttached, p.WindowIndex, p.PaneIndex = number(15, 0), number(16, 0), number(17, 0)
		p.Active, p.WindowActive, p.HistorySize = f[18] == "1", f[19] == "1", number(20, 0)
		p.Path, p.TTY, p.SessionName, p.WindowName = printable(free[3]), free[4], printable(free[5]), printable(free[6])
	}
	if bad != "" {
		return Pane{}, fmt.Errorf("reading a row of list-panes: %q is not a number", briefLine(bad))
	}
	return p, nil
}

// printable puts ? for control characters: names are shown to people, in lines.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f {
			return '?'
		}
		return r
	}, s)
}

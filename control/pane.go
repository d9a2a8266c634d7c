package control

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

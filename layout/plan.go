package layout

// Words in the target arguments of a WindowPlan that stand for ids not known before Create has run. Fill replaces them.
const (
	SessionPlaceholder = "{session}"
	WindowPlaceholder  = "{window}"
)

// PrintFormat is the -F of every planned command that creates something: its reply is one line of these five fields.
const PrintFormat = "r #{session_id} #{window_id} #{pane_id} #{pane_pid}"

// RoleOption is the pane option that holds a role's address (team/role), so that a pane can be recognised when nothing else is left.
const RoleOption = "@isesh_role"

// PlanOptions say how a team is put into tmux.
type PlanOptions struct {
	Prefix        string                     // of session names, as "isesh-"
	Width, Height int                        // of new sessions; 0: tmux decides
	Resize        bool                       // the server ignores the size given to new-session (tmux 3.2): set it by resize-window
	Launch        func(role string) []string // the program and arguments for a role's pane; nil: its own Argv
}

// SessionPlan is how one session is made. A command is a list of words, to be quoted for tmux; the commands of one [][]string go on ONE
// line, with a semicolon between them, so that nothing comes between creating a thing and setting its options.
type SessionPlan struct {
	Session string       `json:"session"` // its name
	Role    string       `json:"role"`    // in its first window
	Create  [][]string   `json:"create"`  // the reply of the first command is as PrintFormat says; the others reply nothing
	More    []WindowPlan `json:"more,omitempty"`
}

// WindowPlan is how one more role gets its window or pane in a session that exists. Fill in the ids before use.
type WindowPlan struct {
	Role string     `json:"role"`
	Cmds [][]string `json:"cmds"` // one line, as SessionPlan.Create
}

// Plan returns the commands that make the team: one SessionPlan for arrange windows and panes, one a role for sessions.
func (t *Team) Plan(o PlanOptions) []SessionPlan { return nil }

// PlanWindow returns how the role gets a window (arrange: panes: a pane) of its own in the team's session when that session runs already.
func (t *Team) PlanWindow(role string, o PlanOptions) (WindowPlan, error) { return WindowPlan{}, nil }

// SessionName returns the name of the tmux session that role lives in: prefix and team; for a role of no team the prefix without its dash;
// for arrange: sessions prefix and role.
func (t *Team) SessionName(prefix, role string) string { return "" }

// Fill returns the commands with the ids that Create printed in the place of the placeholders. window may be "" unless the team is arranged
// in panes.
func (w WindowPlan) Fill(session, window string) [][]string { return nil }

package layout

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

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

// Plan returns the commands that make the team: one SessionPlan for arrange windows and panes, one a role for sessions. A team without
// roles has none.
//
// Windows are named after their roles and stay so, keep a program that has ended (remain-on-exit), and a session stays when its last
// client leaves (destroy-unattached off), whatever the user's configuration says; only what the plan makes is touched.
func (t *Team) Plan(o PlanOptions) []SessionPlan {
	var plans []SessionPlan
	for i := range t.Roles {
		r := &t.Roles[i]
		if i == 0 || t.Arrange == ArrangeSessions {
			plans = append(plans, SessionPlan{Session: t.SessionName(o.Prefix, r.Name), Role: r.Name, Create: t.create(r, o)})
			continue
		}
		plans[0].More = append(plans[0].More, t.add(r, o))
	}
	return plans
}

// PlanWindow returns how the role gets a window (arrange: panes: a pane) of its own in the team's session when that session runs already.
// With arrange: sessions it is a window in the session given to Fill.
func (t *Team) PlanWindow(role string, o PlanOptions) (WindowPlan, error) {
	r := t.Role(role)
	if r == nil {
		return WindowPlan{}, fmt.Errorf("planning a window: the team %q has no role %q", t.Name, role)
	}
	return t.add(r, o), nil
}

// SessionName returns the name of the tmux session that role lives in: prefix and team; for a role of no team the prefix without its dash;
// for arrange: sessions prefix and role. Letters that tmux gives a meaning or rewrites become underscores.
func (t *Team) SessionName(prefix, role string) string {
	name := prefix + t.Name
	switch {
	case t.Arrange == ArrangeSessions:
		name = prefix + role
	case t.Name == "":
		name = strings.TrimRight(prefix, "-_")
	}
	if name == "" {
		name = "isesh"
	}
	safe := strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return '_' // . and : part a target, # begins a format, and tmux before 3.7 renames some silently
	}, name)
	if safe[0] == '-' {
		safe = "_" + safe[1:]
	}
	return safe
}

// Fill returns the commands with the ids that Create printed in the place of the placeholders. window may be "" unless the team is arranged
// in panes.
func (w WindowPlan) Fill(session, window string) [][]string {
	cmds := make([][]string, len(w.Cmds))
	for i, words := range w.Cmds {
		cmds[i] = slices.Clone(words)
		for j := 1; j < len(words); j++ {
			if words[j-1] != "-t" { // a directory or an argument may look like a placeholder
				continue
			}
			if rest, ok := strings.CutPrefix(words[j], SessionPlaceholder); ok && (rest == "" || rest == lastWindow) {
				cmds[i][j] = session + rest
			}
			if rest, ok := strings.CutPrefix(words[j], WindowPlaceholder); ok && (rest == "" || rest == previousPane) {
				cmds[i][j] = window + rest
			}
		}
	}
	return cmds
}

// How a window or pane just made is found on the line that makes it, where its id is not known. New windows go behind the last one, so the
// last is ours. A new pane goes behind the pane before the active one (counted round), and then is itself the pane before the active one;
// so panes keep their order and the active pane stays active, even with somebody typing into it.
const (
	lastWindow   = ":{end}"
	previousPane = ".-"
)

// create makes a session with its first role.
func (t *Team) create(r *ResolvedRole, o PlanOptions) [][]string {
	name := t.SessionName(o.Prefix, r.Name)
	target := "=" + name + ":" // exact; with the colon it will do for windows and panes, too
	words := []string{"new-session", "-d", "-P", "-F", PrintFormat, "-s", name, "-n", r.Name}
	sized := o.Width > 0 && o.Height > 0
	if sized {
		words = append(words, "-x", strconv.Itoa(o.Width), "-y", strconv.Itoa(o.Height))
	}
	cmds := [][]string{
		append(words, t.program(r, o)...),
		{"set-option", "-t", target, "destroy-unattached", "off"},
	}
	cmds = append(cmds, windowOptions(target)...)
	cmds = append(cmds, []string{"set-option", "-p", "-t", target, RoleOption, t.address(r)})
	if t.Arrange == ArrangePanes {
		cmds = append(cmds,
			[]string{"set-option", "-w", "-t", target, "pane-border-status", "top"},
			[]string{"set-option", "-w", "-t", target, "pane-border-format", " #{b:" + RoleOption + "} "})
	}
	if sized && o.Resize {
		cmds = append(cmds,
			[]string{"set-option", "-t", target, "default-size", fmt.Sprintf("%dx%d", o.Width, o.Height)}, // for later windows, while nobody is attached
			[]string{"resize-window", "-t", target, "-x", strconv.Itoa(o.Width), "-y", strconv.Itoa(o.Height)},
			[]string{"set-option", "-w", "-u", "-t", target, "window-size"}) // resize-window sets it to manual, and a person's terminal would no longer decide
	}
	return cmds
}

// add makes a window, or a pane, in a session that exists.
func (t *Team) add(r *ResolvedRole, o PlanOptions) WindowPlan {
	words := []string{"new-window", "-d", "-P", "-F", PrintFormat, "-a", "-t", SessionPlaceholder + lastWindow, "-n", r.Name}
	target := SessionPlaceholder + lastWindow
	if t.Arrange == ArrangePanes {
		words = []string{"split-window", "-d", "-P", "-F", PrintFormat, "-t", WindowPlaceholder + previousPane}
		target = WindowPlaceholder + previousPane
	}
	cmds := [][]string{append(words, t.program(r, o)...)}
	if t.Arrange != ArrangePanes {
		cmds = append(cmds, windowOptions(target)...)
	}
	cmds = append(cmds, []string{"set-option", "-p", "-t", target, RoleOption, t.address(r)})
	if t.Arrange == ArrangePanes {
		cmds = append(cmds, []string{"select-layout", "-t", WindowPlaceholder, "tiled"}) // each time: else there is soon no room to split
	}
	return WindowPlan{Role: r.Name, Cmds: cmds}
}

func windowOptions(target string) [][]string {
	return [][]string{
		{"set-option", "-w", "-t", target, "remain-on-exit", "on"},
		{"set-option", "-w", "-t", target, "automatic-rename", "off"}, // -n says so, too, on tmux 3.3a
		{"set-option", "-w", "-t", target, "allow-rename", "off"},     // the program's own wish for a name
	}
}

// program returns the end of a creating command: the directory and what runs there.
func (t *Team) program(r *ResolvedRole, o PlanOptions) []string {
	argv := r.Argv
	if o.Launch != nil {
		argv = o.Launch(r.Name)
	}
	if len(argv) == 1 {
		argv = []string{"env", "--", argv[0]} // tmux hands a single word to a shell
	}
	var words []string
	if r.Dir != "" {
		words = append(words, "-c", literal(r.Dir))
	}
	if len(argv) == 0 {
		return words // the user's shell
	}
	return append(append(words, "--"), argv...)
}

// literal writes a text so that it comes out of a tmux format as it is: each # twice, but as it is before a [, where tmux leaves it alone
// (measured on tmux 3.3a).
func literal(s string) string {
	var b strings.Builder
	for s != "" {
		rest := strings.TrimLeft(s, "#")
		run := s[:len(s)-len(rest)]
		b.WriteString(run)
		if !strings.HasPrefix(rest, "[") {
			b.WriteString(run)
		}
		text, _, _ := strings.Cut(rest, "#")
		b.WriteString(text)
		s = rest[len(text):]
	}
	return b.String()
}

func (t *Team) address(r *ResolvedRole) string {
	if t.Name == "" {
		return r.Name
	}
	return t.Name + "/" + r.Name
}

package control

import (
	"strconv"
	"strings"
)

// structureFormat is the value of the subscription behind Structure: sessions
// as $id=, their windows as @id, their panes as %id/pid/dead/status/mode.
const structureFormat = "#{S:#{session_id}=#{W:#{window_id}#{P: #{pane_id}/#{pane_pid}/#{pane_dead}/#{pane_dead_status}/#{pane_in_mode}}}|}"

const structureName = "structure"

// notification turns a notification that is not about output into an event.
func notification(name, rest string) Event {
	f := func(n int) []string {
		parts := strings.SplitN(rest, " ", n)
		for len(parts) < n {
			parts = append(parts, "")
		}
		return parts
	}
	base, unlinked := strings.CutPrefix(name, "unlinked-")
	switch base {
	case "window-add":
		return WindowAdded{Window: f(2)[0], Own: !unlinked}
	case "window-close":
		return WindowClosed{Window: f(2)[0], Own: !unlinked}
	case "window-renamed":
		p := f(2)
		return WindowRenamed{Window: p[0], Name: p[1], Own: !unlinked}
	}
	switch name {
	case "sessions-changed":
		return SessionsChanged{}
	case "session-renamed":
		p := f(2)
		return SessionRenamed{Session: p[0], Name: p[1]}
	case "session-changed":
		p := f(2)
		return SessionChanged{Session: p[0], Name: p[1]}
	case "client-session-changed":
		return clientSession(rest)
	case "client-detached":
		return ClientDetached{Client: rest}
	case "window-pane-changed":
		p := f(2)
		return WindowPaneChanged{Window: p[0], Pane: p[1]}
	case "session-window-changed":
		p := f(2)
		return SessionWindowChanged{Session: p[0], Window: p[1]}
	case "pane-mode-changed":
		return PaneModeChanged{Pane: rest}
	case "layout-change":
		p := f(4)
		return LayoutChanged{Window: p[0], Layout: p[1], Visible: p[2], Flags: p[3]}
	case "paste-buffer-changed":
		return BufferChanged{Name: rest}
	case "paste-buffer-deleted":
		return BufferChanged{Name: rest, Deleted: true}
	case "subscription-changed":
		return subscription(rest)
	case "message":
		return Message{Text: rest}
	case "config-error":
		return ConfigError{Text: rest}
	}
	return Unknown{Name: name, Rest: rest}
}

// clientSession reads "CLIENT $S NAME". The client may be a path with spaces.
func clientSession(rest string) Event {
	client, session, ok := strings.Cut(rest, " $")
	if !ok {
		return Unknown{Name: "client-session-changed", Rest: rest}
	}
	id, name, _ := strings.Cut(session, " ")
	return ClientSessionChanged{Client: client, Session: "$" + id, Name: name}
}

// subscription reads "NAME $S @W IDX %P : VALUE", with - for what is absent.
func subscription(rest string) Event {
	head, value, ok := strings.Cut(rest, " : ")
	if !ok {
		head, ok = strings.CutSuffix(rest, " :")
	}
	f := strings.Fields(head)
	if !ok || len(f) < 5 {
		return Unknown{Name: "subscription-changed", Rest: rest}
	}
	if f[0] == structureName {
		if panes, ok := parseStructure(value); ok {
			return Structure{Panes: panes}
		}
	}
	at := func(i int) string {
		if f[i] == "-" {
			return ""
		}
		return f[i]
	}
	return Subscription{Name: f[0], Session: at(1), Window: at(2), Pane: at(4), Value: value}
}

// parseStructure reads a value of structureFormat.
func parseStructure(value string) ([]PaneLife, bool) {
	var panes []PaneLife
	for session := range strings.SplitSeq(value, "|") {
		if session == "" {
			continue
		}
		id, windows, ok := strings.Cut(session, "=")
		if !ok {
			return nil, false
		}
		for window := range strings.SplitSeq(windows, "@") {
			if window == "" {
				continue
			}
			f := strings.Split(window, " ")
			for _, pane := range f[1:] {
				p, ok := parsePaneLife(pane)
				if !ok {
					return nil, false
				}
				p.Session, p.Window = id, "@"+f[0]
				panes = append(panes, p)
			}
		}
	}
	return panes, true
}

func parsePaneLife(s string) (PaneLife, bool) {
	f := strings.Split(s, "/")
	if len(f) != 5 {
		return PaneLife{}, false
	}
	pid, err := strconv.Atoi(f[1])
	if f[1] == "" && f[2] == "1" {
		err = nil // 3.8 forgets the process of a dead pane
	}
	p := PaneLife{Pane: f[0], PID: pid, Dead: f[2] == "1", DeadStatus: -1, InMode: f[4] != "0" && f[4] != ""}
	if status, err := strconv.Atoi(f[3]); err == nil {
		p.DeadStatus = status
	}
	return p, err == nil
}

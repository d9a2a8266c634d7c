package controltest

import (
	"path"
	"strconv"
	"strings"
	"time"
)

// find is the value of one variable: of the row at hand, an option, or a fact.
func (e scope) find(key string) (string, bool) {
	if v, ok := e.extra[key]; ok {
		return v, true
	}
	if v, ok := e.t.lookupOption(key, e.s, e.w, e.p); ok {
		return v, true
	}
	for _, f := range []func(string) (string, bool){e.paneFact, e.windowFact, e.sessionFact, e.clientFact} {
		if v, ok := f(key); ok {
			return v, true
		}
	}
	if e.s != nil {
		v, ok := e.s.env[key]
		return v, ok
	}
	return "", false
}

func unix(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

func (e scope) clientFact(key string) (string, bool) {
	switch key {
	case "version":
		return e.t.version, true
	case "pid":
		return strconv.Itoa(e.t.pid), true
	case "start_time":
		return unix(e.t.start), true
	case "socket_path":
		return e.t.socket, true
	case "host", "host_short":
		return hostName, true
	}
	if e.c == nil || e.c.session == nil {
		return "", false
	}
	switch key {
	case "client_name":
		return e.c.name(), true
	case "client_pid":
		return strconv.Itoa(e.c.pid), true
	case "client_control_mode", "client_utf8":
		return "1", true
	case "client_session":
		return e.c.session.name, true
	case "client_flags":
		return e.c.flagList(), true
	}
	return "", false
}

func (e scope) sessionFact(key string) (string, bool) {
	s := e.s
	if s == nil {
		return "", false
	}
	switch key {
	case "session_id":
		return s.String(), true
	case "session_name":
		return s.name, true
	case "session_attached":
		return strconv.Itoa(e.t.attached(s)), true
	case "session_created":
		return unix(s.created), true
	case "session_activity":
		return unix(s.touched), true
	case "session_windows":
		return strconv.Itoa(len(s.windows)), true
	case "session_path":
		return s.dir, true
	}
	return "", false
}

func (w *winlink) flags() string {
	s := ""
	if w.session.last == w {
		s += "-"
	}
	if w.session.current == w {
		s += "*"
	}
	return s
}

func (e scope) windowFact(key string) (string, bool) {
	w := e.w
	if w == nil {
		return "", false
	}
	switch key {
	case "window_id":
		return w.String(), true
	case "window_index":
		return strconv.Itoa(w.index), true
	case "window_name":
		return w.name, true
	case "window_active":
		return flag(w.session.current == w), true
	case "window_panes":
		return strconv.Itoa(len(w.panes)), true
	case "window_width":
		return strconv.Itoa(w.sx), true
	case "window_height":
		return strconv.Itoa(w.sy), true
	case "window_layout", "window_visible_layout":
		return w.layout(), true
	case "window_flags", "window_raw_flags":
		return w.flags(), true
	case "window_activity":
		return unix(w.touched), true
	case "window_linked", "window_zoomed_flag", "window_bell_flag":
		return "0", true
	}
	return "", false
}

func (e scope) paneFact(key string) (string, bool) {
	p := e.p
	if p == nil || !strings.HasPrefix(key, "pane_") && !strings.Contains(" "+paneVariables+" ", " "+key+" ") {
		return "", false
	}
	s := p.screen
	switch key {
	case "pane_id":
		return p.String(), true
	case "pane_pid":
		return strconv.Itoa(p.pid), true
	case "pane_index":
		base, _ := strconv.Atoi(e.t.option("pane-base-index", p.window.session, p.window, nil))
		for i, q := range p.window.panes {
			if q == p {
				base += i
			}
		}
		return strconv.Itoa(base), true
	case "pane_active":
		return flag(p.window.active == p), true
	case "pane_dead":
		return flag(p.dead), true
	case "pane_dead_status":
		if p.dead && p.signal == 0 {
			return strconv.Itoa(p.status), true
		}
		return "", true
	case "pane_dead_signal":
		if p.dead && p.signal != 0 && e.t.at(3, 3) {
			return strconv.Itoa(p.signal), true
		}
		return "", true
	case "pane_in_mode":
		return flag(p.mode != ""), true
	case "pane_mode":
		return p.mode, p.mode != ""
	case "pane_input_off":
		return flag(p.inputOff), true
	case "pane_title":
		return p.title, true
	case "pane_current_command":
		return p.launch.name(), true
	case "pane_start_command":
		return strings.Join(p.launch.argv, " "), true
	case "pane_current_path", "pane_path", "pane_start_path":
		if key == "pane_path" {
			return "", true
		}
		return path.Clean("/" + p.launch.dir), true
	case "pane_tty":
		return "/dev/pts/" + strconv.Itoa(p.id), true
	case "pane_width":
		return strconv.Itoa(s.sx), true
	case "pane_height":
		return strconv.Itoa(s.sy), true
	case "pane_left":
		return strconv.Itoa(p.left), true
	case "pane_top":
		return strconv.Itoa(p.top), true
	case "pane_right":
		return strconv.Itoa(p.left + s.sx - 1), true
	case "pane_bottom":
		return strconv.Itoa(p.top + s.sy - 1), true
	case "pane_synchronized":
		return flag(e.t.option("synchronize-panes", nil, p.window, p) == "on"), true
	case "cursor_x":
		return strconv.Itoa(s.cx), true
	case "cursor_y":
		return strconv.Itoa(s.cy), true
	case "cursor_flag":
		return flag(!s.hidden), true
	case "alternate_on":
		return flag(s.other != nil), true
	case "history_size":
		return strconv.Itoa(len(s.history)), true
	case "history_limit":
		return strconv.Itoa(historyLimit), true
	case "insert_flag":
		return flag(s.insert), true
	case "wrap_flag":
		return flag(!s.noWrap), true
	case "keypad_cursor_flag":
		return flag(s.appCursor), true
	case "bracket_paste_flag":
		return flag(s.bracketed), e.t.at(3, 7)
	}
	return "", false
}

const paneVariables = "cursor_x cursor_y cursor_flag alternate_on history_size history_limit insert_flag wrap_flag keypad_cursor_flag bracket_paste_flag"

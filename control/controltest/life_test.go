package controltest

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"isesh/control"
)

type connector = func(context.Context, []string) (control.Conn, error)

// transcript runs a connection from the dial to its end and returns all it said and the exit code. Each input is written when the answer to the one
// before it is complete; "EOF" stands for the end of the input.
func transcript(t *testing.T, connect connector, args []string, inputs ...string) []string {
	t.Helper()
	w := dialWire(t, connect, args...)
	var got []string
	blocks := func(n int) bool {
		for n > 0 {
			l, ok := w.next()
			if !ok {
				return false
			}
			got = append(got, l)
			if strings.HasPrefix(l, "%end") || strings.HasPrefix(l, "%error") {
				n--
			}
		}
		return true
	}
	open := blocks(1)
	for _, in := range inputs {
		if !open {
			break
		}
		if in == "EOF" {
			w.conn.Close()
			break
		}
		if _, err := io.WriteString(w.conn, in+"\n"); err != nil {
			break
		}
		n := 0
		if in != "" && !strings.Contains(in, "send-keys") {
			n = 1
		}
		open = blocks(n)
	}
	for open {
		var l string
		if l, open = w.next(); open {
			got = append(got, l)
		}
	}
	code, err := w.conn.Wait()
	w.conn = nopConn{}
	return append(normal(got), fmt.Sprintf("exit %d %v", code, err))
}

type nopConn struct{ control.Conn }

func (nopConn) Close() error       { return nil }
func (nopConn) Wait() (int, error) { return 0, nil }

func backends(t *testing.T, opts ...Option) (memory *Tmux, connectors [2]connector) {
	server := Real(t)
	if !measured() {
		t.Skipf("the tmux in memory was compared with 3.3, and this is %q", realVersion())
	}
	memory = New(t, append(opts, Version(realVersion()))...)
	return memory, [2]connector{memory.Connect, connectReal(server)}
}

func TestExitConformance(t *testing.T) {
	session := []string{"new-session", "-s", "one", "-n", "w", "cat"}
	for _, tt := range []struct {
		name   string
		args   []string
		inputs []string
	}{
		{"no server", []string{"attach-session"}, nil},
		{"no session", []string{"attach-session", "-t", "nope"}, nil},
		{"detach", session, []string{"detach-client"}},
		{"detach after error", session, []string{"kill-pane -t %9", "detach-client"}},
		{"empty line", session, []string{""}},
		{"eof", session, []string{"EOF"}},
		{"eof after parse error", session, []string{"foo", "EOF"}},
		{"eof after error", session, []string{"kill-pane -t %9", "EOF"}},
		{"empty line after error", session, []string{"kill-pane -t %9", ""}},
		{"kill-server", session, []string{"kill-server"}},
		{"kill-session", session, []string{"kill-session"}},
		{"kill-pane", session, []string{"kill-pane"}},
		{"last program ends", session, []string{"send-keys C-d"}},
		{"program missing", []string{"new-session", "-s", "one", "-n", "w", "true"}, nil},
		{"bad command", []string{"new-session", "-Z"}, nil},
		{"session name", []string{"new-session", "-s", "a.b:c", "-n", "w", "cat"}, []string{"EOF"}},
		{"two commands", []string{"new-session", "-s", "x", "-n", "w", "cat", ";", "set-option", "-g", "@a", "1"}, []string{"show-options -gv @a", "EOF"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, connect := backends(t)
			m := transcript(t, connect[0], tt.args, tt.inputs...)
			r := transcript(t, connect[1], tt.args, tt.inputs...)
			if !slices.Equal(m, r) {
				t.Errorf("in memory:\n%s\nreal:\n%s", strings.Join(m, "\n"), strings.Join(r, "\n"))
			}
		})
	}
}

// TestNeighbours compares what a client is told of others.
func TestNeighbours(t *testing.T) {
	p := newPair(t, setup...)
	var heard [2][]string // since something was set off that happens in its own time
	for _, step := range []string{
		"new-session -d -s two -n w cat",
		"set-option -w -t two: remain-on-exit on",
		"send-keys -t two: C-d",
		"until two 1 #{pane_dead}",
		"until two 1 #{?#{C:dead},1,0}",
		"list-panes -t two: -F '#{pane_dead} #{pane_id}'",
		"capture-pane -p -t two: -E 3",
		"display-message -p -t two: '#{C:dead}'",
		"send-keys -t two: x",
		"kill-pane -t two:",
		"new-session -d -s three -n w cat",
		"split-window -d -t three: cat",
		"send-keys -t three:.1 C-d",
		"until three 1 #{window_panes}",
		"kill-session -t three",
		"new-session -d -s four -n w cat ; new-window -t four: -n x cat",
		"send-keys -t four:1 C-d",
		"until four 1 #{session_windows}",
		"send-keys -t four: C-d",
		"gone four",
	} {
		cmd, rest, _ := strings.Cut(step, " ")
		switch cmd {
		case "until":
			session, rest, _ := strings.Cut(rest, " ")
			want, format, _ := strings.Cut(rest, " ")
			for i, w := range []*wire{p.memory, p.real} {
				heard[i] = append(heard[i], w.until(want, "display-message -p -t "+session+": '"+format+"'")...)
			}
			p.heard(t, step, &heard)
		case "gone":
			for i, w := range []*wire{p.memory, p.real} {
				heard[i] = append(heard[i], w.until("0", "display-message -p '#{?#{m:*<"+rest+">*,#{S:<#{session_name}>}},1,0}'")...)
			}
			p.heard(t, step, &heard)
		case "send-keys":
			for i, w := range []*wire{p.memory, p.real} {
				heard[i] = w.ask(step)
			}
		default:
			p.both(t, step)
		}
	}
}

// heard compares the notifications of both.
func (p pair) heard(t *testing.T, step string, lines *[2][]string) {
	t.Helper()
	_, m := notices(normal(append(lines[0], p.memory.settle()...)))
	_, r := notices(normal(append(lines[1], p.real.settle()...)))
	if !slices.Equal(m, r) {
		t.Errorf("%s\nnotifications in memory:\n%s\nreal:\n%s", step, strings.Join(m, "\n"), strings.Join(r, "\n"))
	}
	*lines = [2][]string{}
}

// TestSecondClient compares what a client is told when others come and go, and when it is moved.
func TestSecondClient(t *testing.T) {
	p := newPair(t, setup...)
	memory, real := p.memory, p.real
	p.both(t, "new-session -d -s two -n w cat")
	seconds := [2]*wire{}
	for i, w := range []*wire{memory, real} {
		seconds[i] = dialWire(t, w.again, "attach-session", "-f", "ignore-size", "-t", "one")
		seconds[i].ready()
		seconds[i].settle()
	}
	q := pair{seconds[0], seconds[1]}
	q.both(t, "display-message -p '#{session_attached}'")
	p.both(t, "display-message -p '#{session_attached}'")
	q.both(t, "switch-client -t two")
	p.both(t, "list-clients -F '#{client_session}'")
	q.both(t, "set-option -g detach-on-destroy off")
	p.both(t, "kill-session -t two")
	q.both(t, "display-message -p '#{session_name} #{session_id}'")
	q.both(t, "kill-session -t nope")
	var heard [2][]string
	for i, w := range []*wire{memory, real} {
		heard[i] = w.ask("detach-client -a")
		for l := ""; !strings.HasPrefix(l, "%client-detached"); heard[i] = append(heard[i], l) {
			l, _ = w.next()
		}
	}
	p.heard(t, "detach-client -a", &heard)
}

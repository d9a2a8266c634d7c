package controltest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"isesh/control"
)

// wire is a raw control connection: lines go in, lines come out.
type wire struct {
	t     testing.TB
	conn  control.Conn
	lines chan string
	seq   int
	again connector // dials the same server
	pid   int       // of a real server
}

func dialWire(t testing.TB, connect func(context.Context, []string) (control.Conn, error), args ...string) *wire {
	t.Helper()
	conn, err := connect(context.Background(), append([]string{"-u", "-C"}, args...))
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{t: t, conn: conn, lines: make(chan string, 10000), again: connect}
	go func() {
		defer close(w.lines)
		var rest []byte
		buf := make([]byte, 4096)
		for {
			n, err := conn.Read(buf)
			rest = append(rest, buf[:n]...)
			for {
				i := bytes.IndexByte(rest, '\n')
				if i < 0 {
					break
				}
				w.lines <- string(rest[:i])
				rest = rest[i+1:]
			}
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		conn.Close()
		for range w.lines {
		}
		conn.Wait()
	})
	return w
}

func (w *wire) next() (string, bool) {
	select {
	case l, ok := <-w.lines:
		return l, ok
	case <-time.After(10 * time.Second):
		w.t.Fatal("no line within 10 s")
		return "", false
	}
}

// ready waits for the end of the dial: nothing may be sent before.
func (w *wire) ready() {
	w.t.Helper()
	for {
		l, ok := w.next()
		if !ok {
			w.t.Fatal("the dial failed")
		}
		if strings.HasPrefix(l, "%session-changed") {
			return
		}
	}
}

// ask sends the lines in one write and returns everything up to the answer of a nonce that goes with them.
func (w *wire) ask(lines ...string) []string {
	w.t.Helper()
	w.seq++
	nonce := fmt.Sprintf("nonce-%d-end", w.seq)
	if _, err := io.WriteString(w.conn, strings.Join(append(lines, "display-message -p "+nonce), "\n")+"\n"); err != nil {
		w.t.Fatal(err)
	}
	var got []string
	for {
		l, ok := w.next()
		if !ok {
			return append(got, "EOF")
		}
		if l == nonce {
			w.next()
			return got[:len(got)-1] // without the nonce's %begin
		}
		got = append(got, l)
	}
}

// realConn runs the tmux binary.
type realConn struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out io.ReadCloser
}

func connectReal(s control.Server) func(context.Context, []string) (control.Conn, error) {
	return func(ctx context.Context, args []string) (control.Conn, error) {
		cmd := exec.Command(s.Binary, append([]string{"-S", s.Path, "-f", s.Config}, args...)...)
		for _, e := range os.Environ() {
			if !strings.HasPrefix(e, "TMUX") {
				cmd.Env = append(cmd.Env, e)
			}
		}
		inR, inW, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		outR, outW, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		cmd.Stdin, cmd.Stdout = inR, outW
		err = cmd.Start()
		inR.Close()
		outW.Close()
		return &realConn{cmd, inW, outR}, err
	}
}

func (r *realConn) Read(b []byte) (int, error)  { return r.out.Read(b) }
func (r *realConn) Write(b []byte) (int, error) { return r.in.Write(b) }
func (r *realConn) Close() error                { return r.in.Close() }
func (r *realConn) Kill() error                 { return r.cmd.Process.Kill() }
func (r *realConn) PID() int                    { return r.cmd.Process.Pid }
func (r *realConn) Wait() (int, error) {
	err := r.cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = nil
	}
	return r.cmd.ProcessState.ExitCode(), err
}

var (
	guardLine = regexp.MustCompile(`^(%begin|%end|%error) \d+ \d+ (\d)$`)
	replaced  = []struct {
		re *regexp.Regexp
		to string
	}{
		{regexp.MustCompile(`client-\d+`), "client-N"},
		{regexp.MustCompile(`\(created [^)]*\)`), "(created T)"},
		{regexp.MustCompile(`, \d+ bytes\]`), ", N bytes]"},
		{regexp.MustCompile(`\b1[6-9]\d{8}\b`), "TIME"},
	}
)

// normal takes out of the answers what differs between two runs of the same tmux. Lines of programs' output come when they please and are
// compared elsewhere.
func normal(lines []string) []string {
	var out []string
	for _, l := range lines {
		if strings.HasPrefix(l, "%output ") {
			continue
		}
		l = guardLine.ReplaceAllString(l, "$1 T N $2")
		for _, r := range replaced {
			l = r.re.ReplaceAllString(l, r.to)
		}
		out = append(out, l)
	}
	return out
}

// notices cuts the notifications out of the answers: blocks keep their order among each other, and so do notifications.
func notices(lines []string) (blocks, notes []string) {
	in := false
	for _, l := range lines {
		switch {
		case strings.HasPrefix(l, "%begin"):
			in = true
			blocks = append(blocks, l)
		case strings.HasPrefix(l, "%end"), strings.HasPrefix(l, "%error"):
			in = false
			blocks = append(blocks, l)
		case in || !strings.HasPrefix(l, "%"):
			blocks = append(blocks, l)
		default:
			notes = append(notes, l)
		}
	}
	return blocks, notes
}

// setup makes both servers quiet and alike.
var setup = []string{
	"set-option -g automatic-rename off", "set-option -g default-shell /bin/sh", "set-option -g status off", "rename-window -t @0 w0",
	"set-option -g allow-rename off", "select-pane -t %0 -T title",
}

// measured tells whether the real tmux is the one whose answers the tmux in memory was written after.
func measured() bool { return strings.HasPrefix(realVersion(), "3.3") }

var realVersion = sync.OnceValue(func() string {
	out, _ := exec.Command("tmux", "-V").Output()
	return strings.TrimSpace(strings.TrimPrefix(string(out), "tmux "))
})

// pair is a tmux in memory and a real one of the same version, each with one session "one" of 80x24 that runs cat.
type pair struct{ memory, real *wire }

func newPair(t *testing.T, setup ...string) pair { return newPairWith(t, nil, setup...) }

func newPairWith(t *testing.T, opts []Option, setup ...string) pair {
	t.Helper()
	server := Real(t)
	if !measured() {
		t.Skipf("the tmux in memory was compared with 3.3, and this is %q", realVersion())
	}
	args := []string{"new-session", "-x", "80", "-y", "24", "-s", "one", "cat"}
	p := pair{dialWire(t, New(t, append(opts, Version(realVersion()))...).Connect, args...), dialWire(t, connectReal(server), args...)}
	for _, w := range []*wire{p.memory, p.real} {
		w.ready()
		w.ask(setup...)
		w.settle()
	}
	pid, err := strconv.Atoi(reply(p.real.ask("display-message -p '#{pid}'")))
	if err != nil {
		t.Fatal(err)
	}
	p.real.pid = pid
	return p
}

// settle drains the notifications that may still be under way: one question more, in a turn of its own.
func (w *wire) settle() []string { return append(w.ask(), w.ask()...) }

// both asks both and compares what they say.
func (p pair) both(t *testing.T, lines ...string) {
	t.Helper()
	mb, mn := notices(normal(append(p.memory.ask(lines...), p.memory.settle()...)))
	rb, rn := notices(normal(append(p.real.ask(lines...), p.real.settle()...)))
	if m, r := strings.Join(mb, "\n"), strings.Join(rb, "\n"); m != r {
		t.Errorf("%s\nin memory:\n%s\nreal:\n%s", strings.Join(lines, "\n"), m, r)
	}
	if m, r := strings.Join(mn, "\n"), strings.Join(rn, "\n"); m != r {
		t.Errorf("%s\nnotifications in memory:\n%s\nreal:\n%s", strings.Join(lines, "\n"), m, r)
	}
}

func TestConformance(t *testing.T) {
	p := newPair(t, setup...)
	for _, lines := range strings.Split(strings.TrimSpace(conformance), "\n") {
		if lines == "" || strings.HasPrefix(lines, "--") {
			continue
		}
		p.both(t, strings.Split(lines, " // ")...)
	}
}

// conformance holds one request a line, several command lines of one request parted by " // ".
const conformance = `
display-message -p a ; display-message -p b
display-message -p 'a;b' \; display-message -p c
if-shell -F 1 { kill-pane -t %99 ; display-message -p a } ; display-message -p b
kill-pane -t %99 ; display-message -p b
if-shell -F 0 { display-message -p a } { display-message -p b }
if-shell -F 0 { display-message -p a }
if-shell -F 1 'display-message -p a ; display-message -p b' ; display-message -p c
if-shell -F '#{==:#{pane_id},%0}' { display-message -p "}" }
if-shell -F -t %99 '#{==:#{pane_id},%99}' { display-message -p a } { display-message -p b }
-- mistakes
foo bar
new-
display-mes -p a
set-buffer -Z x
set-buffer -b
set-buffer a b c
display-message -p "x
display-message -p a } b
display-message -p { a
display-message -p '#{pane_id' x y
if-shell -F 1
display-message -p a ;; display-message -p b
; display-message -p b
%if
# comment
display-message -p a # comment
display-message -p a#b '#S' "#S" ##S
send-keys -t %99 a
list-panes -t %99
list-panes -t nosess
list-panes -t nosess:
has-session -t nosess
has-session -t =on
has-session -t on
has-session -t 'o*'
kill-session -t nosess
kill-window -t @9
kill-window -t one:7
paste-buffer -b nob -t %0
paste-buffer -b nob -t %9
delete-buffer -b nob
save-buffer -b nob /nonexistent/x
show-buffer -b nob
show-buffer
delete-buffer
load-buffer -b x /nonexistent
load-buffer -b
rename-session -t one one
new-session -d -s one
set-option -g nope x
set-option -p -t %9 @x y
show-options -p -t %0 -v @nope
show-options -q -t @0 nope
show-options -g -v @nope
-- formats
display-message -p '#{!:1}|#{!!:1}'
display-message -p '#{e|+:1,2} #{e|<=:1,2} #{e|-:1} #{?1,a,b}#{?0,a,b,c} ##{x} #, #} #x #S #{session_name'
display-message -p '#{e|*:3,4}|#{e|/:7,2}|#{e|m:7,4}|#{e|>:2,1}|#{e|==:2,2}|#{e|!=:2,2}|#{e|>=:1,2}|#{e|+|f|2:1.5,2}'
display-message -p '#{&&:1,1}#{&&:1,0}#{||:0,1}#{||:0,}#{==:a,a}#{!=:a,a}#{<:a,b}#{>:a,b}#{<=:b,b}#{>=:a,b}'
display-message -p '#{&&:#{==:#{pane_id},%0},#{&&:#{==:#{pane_dead},0},#{==:#{pane_in_mode},0}}}'
display-message -p '#{==:#{pane_id},%0}#{==:a#,b,a#,b}#{==:a#}b,a#}b}'
display-message -p '#{l:#{x}}|#{b:/a/b}|#{=3:session_name}|#{=2:#{l:abcdef}}|#{=-2:#{l:abcdef}}|#{=/2/...:#{l:abcdef}}|#{n:session_name}|#{p5:session_name}|'
display-message -p '#{s/n/N/:session_name}|#{m:o*,one}|#{m:x*,one}|#{m/r:^o.e$,one}|#{?pane_dead,d,a}|#{?nope,d,a}|#{nope}|'
display-message -p '#{C:nothing}#{C/r:^$}#{C/i:NOTHING}'
display-message -p '#{S:#{session_name}#{W:[#{window_index}#{P:(#{pane_id})}]}}'
display-message -p '#{W:#{window_index},<#{window_index}>}#{P:a,b}'
display-message -p '#[fg=red]x##[y]#{E:nope}#{T:nope}'
display-message -p 'é漢'
display-message -p '100%% %Q'
display-message -p '#{pane_width}x#{pane_height} #{cursor_x},#{cursor_y} #{cursor_flag}#{alternate_on}#{history_size} #{pane_title} #{pane_index}#{pane_active}#{pane_dead}#{pane_dead_status}|#{pane_in_mode}#{pane_mode}|#{pane_input_off}#{pane_synchronized} #{window_flags}#{window_panes}#{window_active} #{session_attached}#{session_windows} #{client_name} #{client_control_mode}'
display-message -p '#{pane_left},#{pane_top},#{pane_right},#{pane_bottom} #{window_layout} #{session_id} #{window_id} #{pane_id} #{pane_start_command} #{version}'
display-message -p -t %99 'x#{pane_id}x'
display-message -p -t nosess: 'x#{pane_id}x'
-- options
set-option -p -t %0 @isesh_step x.p ; display-message -p '#{@isesh_step}'
show-options -p -t %0 @isesh_step // show-options -p -t %0 -v @isesh_step
set-option -p -t %0 @a "b c" // show-options -p -t %0 @a // set-option -pu -t %0 @a // show-options -p -t %0 @a
set-option -w -t @0 @w '' // show-options -w -t @0 @w // display-message -p '#{@w}|'
set-option -s @s "it's" // show-options -s @s
set-option -g @g 'a"b$c' // show-options -g @g // show-options -gv @g
set-option -t one @u 1 // display-message -p '#{@u}' // set-option -o -t one @u 2
set-option -w -t @0 remain-on-exit on // show-options -w -t @0 -v remain-on-exit // show-options -w -t @0 remain-on-exit // show-options -p -t %0 remain-on-exit // display-message -p '#{remain-on-exit}' // set-option -wu -t @0 remain-on-exit
set-option -g mouse perhaps
set-option -g mouse // show-options -gv mouse // set-option -g mouse off
set-option -g base-index 1 // show-options -gv base-index // set-option -g base-index 0
-- lists
list-sessions
list-windows // list-windows -a
list-panes // list-panes -a // list-panes -s
list-panes -a -F 'r #{pane_id} #{window_id} #{session_id}' -f '#{==:#{pane_id},%0}'
list-panes -a -F '%0 #{pane_id}' -f '0'
list-clients -F '#{client_name} #{session_name}'
list-commands -F 'r #{command_list_usage}' paste-buffer
list-buffers
-- windows and panes
new-window -d -n nw -P -F 'r #{session_id} #{window_id} #{pane_id}' cat
new-window -n second -P cat
list-windows -F '#{window_index} #{window_name} #{window_flags}'
select-window -t @1
rename-window -t @2 'a b#{pane_id}'
split-window -d -P -t @1 cat
split-window -h -t @2 cat
select-pane -t @2.0
list-panes -a -F '#{pane_id} #{pane_width}x#{pane_height} #{pane_left},#{pane_top} #{pane_active}'
kill-pane -t %4
kill-pane -t %3
new-window -t one:1 cat
new-window -d -t one:7 -n w7 cat
kill-window -t @2
kill-window -t one:7
kill-pane -t @1
resize-window -t @0 -x 100 -y 30
resize-window -t @0 -x 0
resize-window -t @0 -x 80 -y 24
-- sessions
new-session -d -P -F '#{session_id} #{window_id} #{pane_id}' -s two -n win cat
new-session -d -s a.b:c -n win -x 133 -y 44 cat // list-sessions -F '#{session_name} #{window_width}x#{window_height}'
new-session -d -s '#{pid}x' -n w cat ; kill-session -t '=nope'
new-session -d -s n1 -n w cat // new-session -d -s n2 -n w cat // kill-session -t n
new-session -d -s 'a$b $HOME \' -n w cat ; list-sessions -F '#{session_name}' -f '#{m:a*,#{session_name}}' ; kill-session -t 'a*'
kill-session -t =n1 // kill-session -t =n2
rename-session -t two three
rename-session -t three one
rename-window -t three: nn
kill-session -t three
new-session -d -n w -P cat
-- modes and switches
copy-mode -t %0 // display-message -p '#{pane_in_mode} #{pane_mode}' // copy-mode -q -t %0 // copy-mode -q -t %0
copy-mode -t %0 // send-keys -t %0 a Enter // send-keys -t %0 q // display-message -p '#{pane_in_mode}'
copy-mode -t %0 // send-keys -t %0 -X cancel // send-keys -t %0 -X cancel
select-pane -d -t %0 // display-message -p '#{pane_input_off}' // send-keys -t %0 x // select-pane -e -t %0
select-pane -t %0 -T 'new title' // display-message -p '#{pane_title}'
refresh-client -A '%0:pause' // refresh-client -A '%0:pause' // refresh-client -A '%0:continue' // refresh-client -A '%0:continue'
refresh-client -A '%77:pause'
refresh-client -f pause-after=30,ignore-size // display-message -p '#{client_flags}'
refresh-client -C nope
detach-client -t nobody
-- buffers
set-buffer -b q "a\tb\033$~\\é\n" // list-buffers // show-buffer -b q
set-buffer one // set-buffer two // list-buffers -F '#{buffer_name} #{buffer_size}' // show-buffer
set-buffer -a -b q more // list-buffers -F '#{buffer_name} #{buffer_size}'
set-buffer -b q -n r // set-buffer -b nope -n s // show-buffer -b r
delete-buffer -b r // delete-buffer // delete-buffer // list-buffers
set-buffer -b e '' // list-buffers
set-buffer -b e
set-buffer -b esc "\u00e9\U0001F600\e\101" // show-buffer -b esc
set-buffer -b v "$ISESH_NO_SUCH~x\$HOME" // show-buffer -b v
set-buffer -b v "\477"
set-buffer -b v "\08"
set-buffer -b v a"b c"'d e'\ f // show-buffer -b v
`

package controltest

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matryer/is"
)

// dialMemory returns a tmux in memory and a connection to its session "one", which runs cat.
func dialMemory(t *testing.T, opts ...Option) (*Tmux, *wire) {
	t.Helper()
	m := New(t, opts...)
	w := dialWire(t, m.Connect, "new-session", "-s", "one", "cat")
	w.ready()
	return m, w
}

// reply is the body of the only block of an answer.
func reply(lines []string) string {
	blocks, _ := notices(lines)
	if len(blocks) < 2 {
		return ""
	}
	return strings.Join(blocks[1:len(blocks)-1], "\n")
}

func TestFaults(t *testing.T) {
	is := is.New(t)
	m, w := dialMemory(t)
	m.Inject("a stray line", "%never-heard-of this")
	got := strings.Join(w.ask(), "\n")
	is.True(strings.Contains(got, "a stray line\n%never-heard-of this")) // injected lines arrive as they are

	m.FailNext("list-panes", "out of luck")
	is.Equal(reply(w.ask("list-panes")), "out of luck")
	is.True(reply(w.ask("list-panes")) != "out of luck") // only once

	m.Hook("list-sessions", "%end 1 2 3", "from a hook")
	got = strings.Join(normal(w.ask("list-sessions -F x")), "\n")
	is.Equal(got, "%begin T N 1\nx\n%end T N 1\n%begin T N 0\n%end T N 3\nfrom a hook\n%end T N 0")

	is.True(m.MoveAll("nope") != nil)
	_, err := m.Do("new-session -d -s two cat")
	is.NoErr(err)
	is.NoErr(m.MoveAll("two"))
	got = strings.Join(w.ask(), "\n")
	is.True(strings.Contains(got, "%session-changed $1 two"))

	m.Crash()
	var last string
	for l := range w.lines {
		last = l
	}
	is.Equal(last, "%exit server exited unexpectedly")
	code, err := w.conn.Wait()
	is.NoErr(err)
	is.Equal(code, 1)

	again := dialWire(t, m.Connect, "new-session", "-s", "one", "cat") // a new server
	again.ready()
	is.Equal(reply(again.ask("display-message -p '#{session_id} #{pane_id}'")), "$0 %0")
}

func TestBodiesThatLookLikeGuards(t *testing.T) {
	is := is.New(t)
	m, w := dialMemory(t)
	m.Pane("%0").WriteString("%end 1 2 3\r\n%begin 1 2 1\r\n%exit\r\n")
	is.True(strings.HasPrefix(reply(w.ask("capture-pane -p")), "")) // the parser of this test is fooled, too: the raw lines count
	got := w.ask("capture-pane -p -E 2")
	is.True(slices.Contains(got, "%end 1 2 3"))
	is.True(slices.Contains(got, "%exit"))
	is.True(m.Leaked() > 0) // 3.3a leaks what it prints
}

func TestDeadPanesKeepTheirStatus(t *testing.T) {
	is := is.New(t)
	m, w := dialMemory(t, Version("3.4"))
	w.ask("new-window -d -n x cat ; new-window -d -n y cat ; set-option -w -t x remain-on-exit on ; set-option -w -t y remain-on-exit on")
	m.Pane("%1").Exit(3)
	m.Pane("%2").Kill(9)
	is.Equal(reply(w.ask("list-panes -s -F '#{pane_dead} #{pane_dead_status} #{pane_dead_signal}'")), "0  \n1 3 \n1  9")
	is.True(strings.Contains(reply(w.ask("capture-pane -p -t x")), "Pane is dead (status 3, "))
	_, err := m.Pane("%1").Write([]byte("x"))
	is.Equal(err, io.ErrClosedPipe)
	old := m.Pane("%1").PID()
	w.ask("respawn-pane -t x cat")
	is.True(m.Pane("%1").PID() != old) // the id stays, the process is another one
	is.Equal(reply(w.ask("display-message -p -t x '#{pane_dead} #{pane_id}'")), "0 %1")
}

// TestStall runs on a clock of its own: what takes a minute there takes none here.
func TestStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := is.New(t)
		m, w := dialMemory(t)
		m.Stall()
		_, err := w.conn.Write([]byte("send-keys x\ndisplay-message -p late\n"))
		is.NoErr(err)
		m.Pane("%0").WriteString("during")
		time.Sleep(time.Minute)
		synctest.Wait()
		is.Equal(len(w.lines), 0) // nothing comes out of a stalled server
		m.Resume()
		got := strings.Join(append(w.ask(), w.ask()...), "\n")
		is.True(strings.Contains(got, "late"))
		is.True(strings.Contains(got, "%output %0 during"))
	})
}

func TestSubscriptionEverySecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := is.New(t)
		m, w := dialMemory(t)
		start := time.Now()
		w.ask("refresh-client -B 'st::#{S:#{session_id}=#{W:#{P: #{pane_id}/#{pane_dead}}}|}'")
		l, _ := w.next()
		is.Equal(l, "%subscription-changed st $0 - - - : $0= %0/0|")
		is.Equal(time.Since(start), time.Second)
		_, err := m.Do("new-session -d -s two cat ; set-option -w -t two: remain-on-exit on")
		is.NoErr(err)
		m.Pane("%1").Exit(3)
		var changes []string
		for range 3 {
			l, _ := w.next()
			changes = append(changes, l)
		}
		is.Equal(changes[2], "%subscription-changed st $0 - - - : $0= %0/0|$1= %1/1|")
		is.Equal(time.Since(start), 2*time.Second)
	})
}

func TestPauseAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := is.New(t)
		m := New(t)
		conn, err := m.Connect(t.Context(), []string{"-C", "new-session", "-f", "pause-after=5", "cat"})
		is.NoErr(err)
		p := m.Pane("%0")
		p.WriteString("first")
		time.Sleep(6 * time.Second) // nobody reads
		p.WriteString("second")
		p.WriteString("third")
		read := func() string {
			b := make([]byte, 4096)
			n, err := conn.Read(b)
			is.NoErr(err)
			return string(b[:n])
		}
		got := read()
		is.True(strings.HasSuffix(got, "%pause %0\n")) // the backlog is gone, the pane paused
		is.True(!strings.Contains(got, "first"))
		_, err = conn.Write([]byte("refresh-client -A '%0:continue'\n"))
		is.NoErr(err)
		p.WriteString("now\\\x1b")
		time.Sleep(20 * time.Millisecond)
		got = read()
		is.True(strings.Contains(got, "%continue %0\n"))
		is.True(strings.HasSuffix(got, `%extended-output %0 20 : now\134\033`+"\n"))
		is.NoErr(conn.Close())
		_, err = conn.Wait()
		is.NoErr(err)
	})
}

func TestTooFarBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := is.New(t)
		m := New(t)
		conn, err := m.Connect(t.Context(), []string{"-C", "new-session", "cat"})
		is.NoErr(err)
		m.Pane("%0").WriteString("x")
		time.Sleep(301 * time.Second)
		m.Pane("%0").WriteString("y")
		b := make([]byte, 4096)
		n, _ := conn.Read(b)
		is.True(strings.HasSuffix(string(b[:n]), "%exit too far behind\n"))
	})
}

func TestReadSize(t *testing.T) {
	_, whole := dialMemory(t)
	for _, n := range []int{1, 2, 3, 7} {
		_, cut := dialMemory(t, ReadSize(n))
		a, b := normal(whole.ask("list-commands")), normal(cut.ask("list-commands"))
		if !slices.Equal(a, b) {
			t.Errorf("read in pieces of %d: %q, not %q", n, b, a)
		}
	}
}

func TestVersions(t *testing.T) {
	dead := "new-window -d -n dead 'exit 3' ; set-option -w -t dead remain-on-exit on"
	for _, tt := range []struct{ name, version, line, want string }{
		{"size", "3.2a", "new-session -d -P -F '#{window_width}x#{window_height}' -x 100 -y 30", "80x23"},
		{"size", "3.3a", "new-session -d -P -F '#{window_width}x#{window_height}' -x 100 -y 30", "100x30"},
		{"names", "3.6b", "new-session -d -P -F '#{session_name}' -s a.b:c", "a_b_c"},
		{"names", "3.7c", "new-session -d -P -F '#{session_name}' -s a.b:c", "a.b:c"},
		{"usage", "3.6b", "list-commands -F '#{command_list_usage}' paste-buffer", "[-dpr] [-s separator] [-b buffer-name] [-t target-pane]"},
		{"usage", "3.7c", "list-commands -F '#{command_list_usage}' paste-buffer", "[-dprS] [-s separator] [-b buffer-name] [-t target-pane]"},
		{"raw paste", "3.6b", "paste-buffer -S -b x", "parse error: command paste-buffer: unknown flag -S"},
		{"raw paste", "3.7c", "paste-buffer -S -b x", "no buffer x"},
		{"bracketed", "3.6b", "display-message -p '#{bracket_paste_flag}'", ""},
		{"bracketed", "3.7c", "display-message -p '#{bracket_paste_flag}'", "0"},
		{"version", "3.5a", "display-message -p '#{version}'", "3.5a"},
		{"dead", "3.4", "paste-buffer -b b -t dead", "target pane has exited"},
	} {
		t.Run(tt.name+" "+tt.version, func(t *testing.T) {
			is := is.New(t)
			m, w := dialMemory(t, Version(tt.version))
			w.ask("set-buffer -b b text", dead)
			<-m.Pane("%1").Done()
			is.Equal(reply(w.ask(tt.line)), tt.want)
		})
	}
}

func TestPasteIntoDeadPaneEndsTheServer(t *testing.T) {
	is := is.New(t)
	m, w := dialMemory(t, Version("3.3a"))
	w.ask("set-buffer -b b text", "set-option -w remain-on-exit on")
	m.Pane("%0").Exit(1)
	is.Equal(reply(w.ask("send-keys x")), "") // harmless
	got := w.ask("paste-buffer -b b")
	is.Equal(got[len(got)-2:], []string{"%exit server exited unexpectedly", "EOF"})
	is.True(strings.Contains(m.Crashed(), "paste-buffer into dead pane %0"))
}

func TestPasteSanitises(t *testing.T) {
	for version, want := range map[string]string{"3.6b": "a\x1b[201~\tb\r", "3.7c": "a^[[201~\tb\r"} {
		t.Run(version, func(t *testing.T) {
			is := is.New(t)
			rec := NewRecorder()
			m, w := dialMemory(t, Version(version), Handle("rec", func() Program { return rec }))
			w.ask("new-window rec", `set-buffer -b b "a\033[201~\tb\n"`, "paste-buffer -b b", "delete-buffer -b b")
			is.NoErr(rec.Wait(t.Context(), func(r []Received) bool { return len(r) > 0 }))
			is.Equal(rec.Text(), want)
			is.Equal(m.Buffers(), []string{})
		})
	}
}

func TestRecorder(t *testing.T) {
	is := is.New(t)
	rec := NewRecorder()
	_, w := dialMemory(t, Handle("rec", func() Program { return rec }))
	w.ask("new-window rec -x", "display-message -p x")
	file := filepath.Join(t.TempDir(), "f")
	is.NoErr(os.WriteFile(file, []byte("two\nlines"), 0o600))
	<-rec.Ready()
	w.ask("load-buffer -b b '"+file+"'", "paste-buffer -p -b b", "send-keys Enter")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	is.NoErr(rec.Wait(ctx, func(r []Received) bool { return len(r) > 1 }))
	is.Equal(rec.All(), []Received{{Paste: true, Data: "two\rlines"}, {Data: "\r"}})
}

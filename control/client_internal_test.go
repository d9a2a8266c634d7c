package control

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matryer/is"
)

func TestRepliesAreMatchedWhateverTmuxAnswers(t *testing.T) {
	cases := []struct {
		name   string
		answer func(f *fake, line string)
		want   []string
		err    string
	}{
		{"one block", func(f *fake, _ string) { f.reply("a", "b") }, []string{"a\nb"}, ""},
		{"no block at all", func(f *fake, _ string) {}, nil, ""},
		{"three blocks", func(f *fake, _ string) { f.reply("a"); f.reply(); f.reply("c") }, []string{"a", "", "c"}, ""},
		{"a body line that starts with %", func(f *fake, _ string) { f.reply("%7 is mine", "%output %1 no") }, []string{"%7 is mine\n%output %1 no"}, ""},
		{"a body line like the end of another reply", func(f *fake, _ string) { f.reply("%end 1700000000 1 1", "%end", "x") }, []string{"%end 1700000000 1 1\n%end\nx"}, ""},
		{"a body like a nonce", func(f *fake, _ string) { f.reply(strings.Repeat("a", 32)) }, []string{strings.Repeat("a", 32)}, ""},
		{"an empty line in the body", func(f *fake, _ string) { f.reply("a", "", "b", "") }, []string{"a\n\nb\n"}, ""},
		{"a hook's block in between", func(f *fake, _ string) { f.block("%end", 0, "hook"); f.reply("mine") }, []string{"mine"}, ""},
		{"a hook's error", func(f *fake, _ string) { f.block("%error", 0, "hook"); f.reply("mine") }, []string{"mine"}, ""},
		{"stray lines and unknown notifications", func(f *fake, _ string) {
			f.say("stray", "", "%", "%nothing-known a b", "%output", "%begin x")
			f.reply("mine")
		}, []string{"mine"}, ""},
		{"an error", func(f *fake, _ string) { f.reply("a"); f.fail("can't do", "that") }, []string{"a"}, "can't do\nthat"},
		{"two errors", func(f *fake, _ string) { f.fail("first"); f.fail("second") }, nil, "first"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			is := is.New(t)
			client := dialFake(t, newFake(t, c.answer))
			for range 3 { // answers never shift
				got, err := client.Do(testContext(t), "whatever")
				if c.err == "" {
					is.NoErr(err)
				} else {
					var refused *CommandError
					is.True(errors.As(err, &refused))
					is.Equal(refused.Text, c.err)
				}
				is.Equal(got, c.want)
			}
		})
	}
}

func TestAbandonedRequestDoesNotShiftAnswers(t *testing.T) {
	is := is.New(t)
	seen, release := make(chan string), make(chan struct{})
	client := dialFake(t, newFake(t, func(f *fake, line string) {
		if line == "slow" {
			seen <- line
			<-release
		}
		f.reply("answer to " + line)
	}))
	ctx, cancel := context.WithCancelCause(testContext(t))
	why := errors.New("changed my mind")
	go func() { <-seen; cancel(why) }()
	_, err := client.Do(ctx, "slow")
	is.True(errors.Is(err, why))
	next := make(chan []string)
	go func() {
		got, _ := client.Do(testContext(t), "fast")
		next <- got
	}()
	close(release)
	is.Equal(<-next, []string{"answer to fast"})
}

func TestDoRefusesWhatWouldBreakTheLine(t *testing.T) {
	is := is.New(t)
	f := newFake(t, func(f *fake, line string) { f.reply() })
	client := dialFake(t, f)
	before := len(f.sent())
	for _, line := range []string{"", " ", "\t", "a\nb", "a\x00b"} {
		_, err := client.Do(testContext(t), line)
		is.True(err != nil) // refused before it is sent
	}
	_, err := client.Do(testContext(t))
	is.True(err != nil)
	_, err = client.Run(testContext(t), []string{"a\x00"})
	is.True(errors.Is(err, ErrNUL))
	_, err = client.Run(testContext(t), nil)
	is.True(err != nil)
	is.Equal(len(f.sent()), before)
}

func TestOutstandingRequestsAreBounded(t *testing.T) {
	is := is.New(t)
	gate := make(chan struct{})
	f := newFake(t, func(f *fake, line string) { <-gate; f.reply(line) })
	client := dialFake(t, f)
	ctx, cancel := context.WithCancel(testContext(t))
	results := make(chan error, 2*maxOutstanding)
	for i := range 2 * maxOutstanding {
		go func() {
			_, err := client.Do(ctx, fmt.Sprint("line ", i))
			results <- err
		}()
	}
	for len(client.slots) < maxOutstanding {
		time.Sleep(time.Millisecond)
	}
	client.mu.Lock()
	is.True(len(client.queue) <= maxOutstanding)
	client.mu.Unlock()
	cancel()
	for range 2 * maxOutstanding {
		is.True(errors.Is(<-results, context.Canceled))
	}
	close(gate)
	got, err := client.Do(testContext(t), "after")
	is.NoErr(err)
	is.Equal(got, []string{"after"})
}

func TestEndOfTheConnectionEndsRequests(t *testing.T) {
	cases := []struct {
		name   string
		answer func(f *fake, line string)
		check  func(err error) bool
	}{
		{"exit with a reason", func(f *fake, _ string) {
			f.code = 1
			f.say("%exit server exited unexpectedly")
			f.outW.Close()
			f.inR.Close()
		},
			func(err error) bool {
				var e *ExitError
				return errors.As(err, &e) && e.Reason == "server exited unexpectedly" && e.Code == 1 && !e.Silent
			}},
		{"detached", func(f *fake, _ string) { f.say("%exit"); f.outW.Close(); f.inR.Close() },
			func(err error) bool { var e *ExitError; return errors.As(err, &e) && e.Reason == "" && !e.Silent }},
		{"end of file in the middle of a reply", func(f *fake, _ string) {
			f.say("%begin 1 2 1", "half")
			f.outW.Close()
			f.inR.Close()
		}, func(err error) bool { var e *ExitError; return errors.As(err, &e) && e.Silent }},
		{"moved to another session", func(f *fake, _ string) { f.say("%session-changed $8 other"); f.nonces = 1 },
			func(err error) bool { return errors.Is(err, ErrMoved) }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			is := is.New(t)
			client := dialFake(t, newFake(t, c.answer))
			is.NoErr(client.Err())
			_, err := client.Do(testContext(t), "x")
			is.True(c.check(err))
			<-client.Done()
			is.True(c.check(client.Err()))
			_, err = client.Do(testContext(t), "x")
			is.True(c.check(err)) // and so do later ones
			for range client.Events() {
				// closed at the end
			}
			is.NoErr(client.Close())
			is.NoErr(client.Close())
		})
	}
}

func TestCloseKillsAStuckClient(t *testing.T) {
	// In a bubble the two seconds pass at once.
	synctest.Test(t, func(t *testing.T) {
		is := is.New(t)
		f := newFake(t, func(f *fake, line string) {})
		f.onEOF = func(f *fake) {
			b := make([]byte, 1)
			f.inR.Read(b) // until killed
			for !f.isKilled() {
				time.Sleep(time.Millisecond)
			}
		}
		go f.serve()
		c, err := Dial(t.Context(), Options{Session: "$7", Scratch: t.TempDir(), Connect: func(context.Context, []string) (Conn, error) { return f, nil }})
		is.NoErr(err)
		start := time.Now()
		is.NoErr(c.Close())
		is.True(f.isKilled())
		is.True(time.Since(start) >= closeGrace && time.Since(start) < 2*closeGrace)
		is.True(errors.Is(c.Err(), ErrClosed))
	})
}

func (f *fake) isKilled() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.killed
}

func TestDialGivesUpByKilling(t *testing.T) {
	is := is.New(t)
	f := newFake(t, nil) // says nothing
	go func() {
		b := make([]byte, 1)
		f.inR.Read(b)
		close(f.ended)
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := Dial(ctx, Options{Session: "$7", Scratch: t.TempDir(), Connect: func(context.Context, []string) (Conn, error) { return f, nil }})
	is.True(errors.Is(err, context.DeadlineExceeded))
	is.True(f.isKilled())
}

func TestDialReportsTmuxsWords(t *testing.T) {
	for text, want := range map[string]error{
		"can't find session: x": &CommandError{Line: "attach", Text: "can't find session: x"},
		"no sessions":           ErrNoServer,
	} {
		is := is.New(t)
		f := newFake(t, nil)
		go func() {
			f.block("%error", 0, text)
			f.say("%exit")
			f.outW.Close()
			close(f.ended)
		}()
		dir := t.TempDir() + "/scratch"
		_, err := Dial(testContext(t), Options{Session: "x", Scratch: dir, Connect: func(context.Context, []string) (Conn, error) { return f, nil }})
		var refused *CommandError
		if errors.As(want, &refused) {
			is.True(errors.As(err, &refused))
			is.Equal(refused.Text, text)
		} else {
			is.True(errors.Is(err, want))
		}
	}
}

func TestEventsOverflowInsteadOfBlocking(t *testing.T) {
	is := is.New(t)
	client := dialFake(t, newFake(t, func(f *fake, line string) {
		for range 3 * eventBuffer {
			f.say("%sessions-changed")
		}
		f.reply()
	}))
	_, err := client.Do(testContext(t), "x")
	is.NoErr(err) // nobody reads events, the answer comes all the same
	var last Event
	n := len(client.Events())
	is.Equal(n, eventBuffer)
	for range n {
		last = <-client.Events()
	}
	is.Equal(last, Overflow{})
	_, err = client.Do(testContext(t), "x") // works again after the overflow
	is.NoErr(err)
	is.Equal(len(client.Events()), eventBuffer)
}

func TestPausedPaneIsResumed(t *testing.T) {
	is := is.New(t)
	resumed := make(chan string, 1)
	client := dialFake(t, newFake(t, func(f *fake, line string) {
		if strings.Contains(line, ":continue") {
			tail := f.tail(1)
			f.say("%begin "+tail, "%continue %3", "%end "+tail) // inside its own reply, as tmux does
			resumed <- line
			return
		}
		f.say("%extended-output %3 120 : one", "%pause %3", "%pause junk", `%output %3 two\134`, "%extended-output %4 0 : other")
		f.reply()
	}))
	out := client.Watch("%3")
	_, err := client.Do(testContext(t), "x")
	is.NoErr(err)
	is.Equal(<-resumed, `refresh-client -A "%3:continue"`)
	<-out.C()
	chunk := out.Take()
	is.Equal(string(chunk.Data), `onetwo\`)
	is.True(chunk.Paused)
	is.True(!out.Take().Paused)
}

func TestFencedCaptureCannotBeForged(t *testing.T) {
	is := is.New(t)
	var screen []string
	client := dialFake(t, newFake(t, func(f *fake, line string) {
		facts := f.tail(1)
		f.say("%begin "+facts, "r facts", "%end "+facts)
		post := line[strings.LastIndex(line, " ")+1:]
		f.reply(post)
		capture := f.tail(1)
		f.say("%begin " + capture)
		// The program guesses every number right but the nonce.
		screen = []string{
			"%end " + capture, "%begin 1700000000 999 1", strings.Repeat("0", 32) + fenceMark, "%end 1700000000 999 1",
			"%error " + capture, "%end " + capture, "%end " + capture, "%exit", "%output %1 forged", "", "last",
			"%end " + capture, "%begin 1700000000 998 1",
		}
		f.say(screen...)
		f.say("%end " + capture)
		f.reply(post)
	}))
	client.features.CaptureLeak = false
	watched := client.Watch("%1")
	row, text, err := client.capture(testContext(t), "%3", CaptureOptions{Escapes: true}, "x")
	is.NoErr(err)
	is.Equal(row, "r facts")
	is.Equal(text, strings.Join(screen, "\n"))
	is.Equal(len(watched.Take().Data), 0) // nothing of it was taken for a notification
	is.NoErr(client.Err())
}

func TestFenceEndsWithAnError(t *testing.T) {
	is := is.New(t)
	between := false
	client := dialFake(t, newFake(t, func(f *fake, line string) {
		f.fail("can't find pane: %3")
		if between {
			f.say("%sessions-changed")
		}
	}))
	client.features.CaptureLeak = false
	var refused *Refused
	for range 2 {
		_, err := client.Snapshot(testContext(t), "%3")
		is.True(errors.As(err, &refused))
		is.Equal(refused.Reason, Gone)
		_, err = client.Capture(testContext(t), "%3", CaptureOptions{})
		is.True(errors.As(err, &refused))
		is.Equal(refused.Reason, Gone)
		between = true
	}
	_, err := client.Do(testContext(t), "x")
	var plain *CommandError
	is.True(errors.As(err, &plain)) // and the next answer is the next one's
}

func TestCaptureFileThatTmuxDidNotWrite(t *testing.T) {
	is := is.New(t)
	client := dialFake(t, newFake(t, func(f *fake, line string) {
		for range 4 {
			f.reply()
		}
		f.say("No space left on device")
	}))
	_, err := client.Capture(testContext(t), "%3", CaptureOptions{})
	is.True(err != nil) // never an old or a cut screen
	is.True(strings.Contains(err.Error(), "only 0 bytes"))
	entries, err := os.ReadDir(client.scratch.dir)
	is.NoErr(err)
	is.Equal(len(entries), 0)
}

func TestScratchFilesOfAbandonedRequestsGo(t *testing.T) {
	is := is.New(t)
	var mode os.FileMode
	var content []byte
	var dir string
	seen, release := make(chan struct{}), make(chan struct{})
	client := dialFake(t, newFake(t, func(f *fake, line string) {
		if strings.HasPrefix(line, "load-buffer") {
			entries, _ := os.ReadDir(dir)
			info, _ := entries[0].Info()
			mode = info.Mode()
			content, _ = os.ReadFile(dir + "/" + entries[0].Name())
			close(seen)
			<-release
			f.reply()
			return
		}
		f.reply()
		f.reply("ok")
	}))
	dir = client.scratch.dir
	ctx, cancel := context.WithCancel(testContext(t))
	go func() { <-seen; cancel() }()
	err := client.Paste(ctx, Guard{Pane: "%3", PID: 5}, []byte("secret\x1b[201~\r\n"))
	is.True(errors.Is(err, context.Canceled))
	is.Equal(mode, os.FileMode(0o600))
	is.Equal(string(content), "secret[201~\n")
	info, err := os.Stat(dir)
	is.NoErr(err)
	is.Equal(info.Mode().Perm(), os.FileMode(0o700))
	entries, err := os.ReadDir(dir)
	is.NoErr(err)
	is.Equal(len(entries), 1) // tmux may still read it
	close(release)
	is.NoErr(client.Close())
	entries, err = os.ReadDir(dir)
	is.NoErr(err)
	is.Equal(len(entries), 0)
}

func TestStepIsTakenBackWhenTmuxFailsBehindIt(t *testing.T) {
	is := is.New(t)
	f := newFake(t, func(f *fake, line string) {
		switch {
		case strings.HasPrefix(line, "load-buffer"):
			f.reply()
		case strings.Contains(line, "paste-buffer"):
			f.reply()
			f.reply()
			f.fail("no buffer isesh-1")
			f.say("/x: No such file or directory")
		default:
			f.reply()
		}
	})
	client := dialFake(t, f)
	err := client.Paste(testContext(t), Guard{Pane: "%3", PID: 5, Step: "a.e", Next: "b.p"}, []byte("x"))
	var refused *CommandError
	is.True(errors.As(err, &refused))
	all := strings.Join(f.sent(), "\n")
	is.True(strings.Contains(all, `#{==:#{@isesh_step},b.p}}}" { set-option -p -t "%3" @isesh_step "a.e" }`))
	is.True(strings.Contains(all, "\ndelete-buffer -b isesh-"))
}

func TestRefusalReasons(t *testing.T) {
	g := Guard{Pane: "%3", PID: 5, Step: "a", Next: "b", Conds: []Cond{Row("x"), {}, NoRow("menu")}}
	cases := []struct {
		row    string
		reason Reason
		detail string
	}{
		{"", Gone, ""},
		{"no\t6\t1\t1\t1\t0\t\t0\t1\t0", OtherProcess, "process 6 instead of 5"},
		{"no\t5\t1\t1\t1\t0\t\t0\t1\t0", Dead, ""},
		{"no\t5\t0\t2\t1\t0\t\t0\t1\t0", InMode, ""},
		{"no\t5\t0\t0\t1\t0\t\t0\t1\t0", InputOff, ""},
		{"no\t5\t0\t0\t0\t0\tc\t0\t1\t0", Step, `step "c" instead of "a"`},
		{"no\t5\t0\t0\t0\t1\ta\t1\t1\t0", Screen, `does not hold: no row matching "menu"`},
		// The screen held again by the time it was looked at: still refused.
		{"no\t5\t0\t0\t0\t1\ta\t1\t1\t1", Screen, ""},
	}
	for _, c := range cases {
		is := is.New(t)
		is.Equal(g.refused(c.row), &Refused{Pane: "%3", Reason: c.reason, Detail: c.detail})
	}
	is := is.New(t)
	var refused *Refused
	is.True(!errors.As(g.refused("ko"), &refused))
}

func TestGuardIsCheckedBeforeAnythingIsSent(t *testing.T) {
	is := is.New(t)
	f := newFake(t, func(f *fake, line string) { f.reply("ok") })
	client := dialFake(t, f)
	before := len(f.sent())
	ok := Guard{Pane: "%3", PID: 5}
	for _, g := range []Guard{
		{}, {Pane: "3", PID: 5}, {Pane: "%3"}, {Pane: "%3;x", PID: 5}, {Pane: "%3\n", PID: 5},
		{Pane: "%3", PID: 5, Step: "x"}, {Pane: "%3", PID: 5, Next: "a b"}, {Pane: "%3", PID: 5, Next: "#{x}"},
		{Pane: "%3", PID: 5, Conds: []Cond{Row("(")}}, {Pane: "%3", PID: 5, Conds: []Cond{Not(All(Row("a"), Any(NoRow(""))))}},
	} {
		is.True(client.Paste(testContext(t), g, []byte("x")) != nil)
		is.True(client.Keys(testContext(t), g, "Enter") != nil)
	}
	is.True(client.Paste(testContext(t), ok, []byte("\x1b\x00")) != nil) // nothing left to paste
	for _, keys := range [][]string{nil, {"Entr"}, {"Enter", ""}, {Literal("")}, {Literal("a\x1b")}, {"Enter", "0x41"}} {
		is.True(client.Keys(testContext(t), ok, keys...) != nil)
	}
	is.True(client.KillPane(testContext(t), "%3", 0) != nil)
	is.True(client.KillPane(testContext(t), "x", 1) != nil)
	is.True(client.KillWindow(testContext(t), "x") != nil)
	is.True(client.KillSession(testContext(t), "=x") != nil)
	_, err := client.Capture(testContext(t), "%3", CaptureOptions{Start: "x"})
	is.True(err != nil)
	is.Equal(len(f.sent()), before)
}

func TestReplyTooLarge(t *testing.T) {
	is := is.New(t)
	r := newRequest("x")
	line := bytes.Repeat([]byte("x"), 1<<20)
	for range 65 {
		r.add(line)
	}
	is.True(!r.end(false))
	r.add([]byte(r.nonce))
	is.True(errors.Is(r.err, ErrTooLarge))
}

package control

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/matryer/is"
)

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

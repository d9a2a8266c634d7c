package control

import (
	"context"
	"errors"
	"fmt"
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

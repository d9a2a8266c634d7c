package control

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"
)

// fake is a control client played by a function: answer is called for every
// line but those that the fake answers itself (the introduction and nonces).
type fake struct {
	t      *testing.T
	inR    *io.PipeReader
	inW    *io.PipeWriter
	outR   *io.PipeReader
	outW   *io.PipeWriter
	answer func(f *fake, line string)
	onEOF  func(f *fake) // nil = say %exit and end
	code   int

	mu     sync.Mutex
	lines  []string
	number int
	killed bool
	nonces int // nonce lines to swallow
	ended  chan struct{}
}

func newFake(t *testing.T, answer func(f *fake, line string)) *fake {
	f := &fake{t: t, answer: answer, number: 100, ended: make(chan struct{})}
	f.inR, f.inW = io.Pipe()
	f.outR, f.outW = io.Pipe()
	return f
}

func (f *fake) Read(b []byte) (int, error)  { return f.outR.Read(b) }
func (f *fake) Write(b []byte) (int, error) { return f.inW.Write(b) }
func (f *fake) Close() error                { return f.inW.Close() }
func (f *fake) PID() int                    { return 0 }
func (f *fake) Wait() (int, error)          { <-f.ended; return f.code, nil }

func (f *fake) Kill() error {
	f.mu.Lock()
	f.killed = true
	f.mu.Unlock()
	f.inR.Close()
	f.outW.Close()
	return nil
}

// say writes raw lines.
func (f *fake) say(lines ...string) {
	for _, l := range lines {
		io.WriteString(f.outW, l+"\n")
	}
}

// tail is the next "T N FLAGS".
func (f *fake) tail(flags int) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.number++
	return fmt.Sprintf("1700000000 %d %d", f.number, flags)
}

// reply answers one command.
func (f *fake) reply(body ...string) { f.block("%end", 1, body...) }

// fail answers one command with an error.
func (f *fake) fail(body ...string) { f.block("%error", 1, body...) }

func (f *fake) block(end string, flags int, body ...string) {
	tail := f.tail(flags)
	f.say("%begin " + tail)
	f.say(body...)
	f.say(end + " " + tail)
}

func (f *fake) serve() {
	defer close(f.ended)
	defer f.outW.Close()
	f.block("%end", 0)
	f.say("%session-changed $7 fake")
	in := bufio.NewReader(f.inR)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			break
		}
		f.line(strings.TrimSuffix(line, "\n"))
	}
	f.mu.Lock()
	killed := f.killed
	f.mu.Unlock()
	if killed {
		f.code = -1
		return
	}
	if f.onEOF != nil {
		f.onEOF(f)
		return
	}
	f.say("%exit")
}

func (f *fake) line(line string) {
	f.mu.Lock()
	f.lines = append(f.lines, line)
	f.mu.Unlock()
	word, isPrint := strings.CutPrefix(line, "display-message -p ")
	switch {
	case isPrint && strings.Contains(line, "#{start_time}"):
		f.reply("r 4711 1700000000 3.3a /tmp/fake socket")
	case isPrint && strings.Contains(line, "#{session_id}"):
		f.reply("s $7")
	case strings.HasPrefix(line, `"refresh-client" "-B"`):
		f.reply()
	case isPrint && len(word) == 32 && f.swallow():
	case isPrint && len(word) == 32:
		f.reply(word)
	default:
		f.answer(f, line)
	}
}

// swallow says that the test answers (or not) this nonce itself.
func (f *fake) swallow() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.nonces > 0 {
		f.nonces--
		return true
	}
	return false
}

func (f *fake) sent() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.lines...)
}

// dialFake connects a client to a fake.
func dialFake(t *testing.T, f *fake) *Client {
	t.Helper()
	go f.serve()
	c, err := Dial(testContext(t), Options{
		Session: "$7",
		Scratch: t.TempDir(),
		Connect: func(context.Context, []string) (Conn, error) { return f, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func testContext(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

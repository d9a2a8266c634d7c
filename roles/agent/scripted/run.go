package scripted

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// Run is the program: it takes over the terminal, and gives it back before it returns. It ends with exit code 0 when the user
// leaves, the input ends or ctx does, with the code of an EXIT directive, and with 128 and its number after SIGHUP or SIGTERM. It
// returns an error only when it could not run: no terminal, or a record file that cannot be written. A CRASH directive kills the whole
// process. No goroutine and no command that it started is left when it returns.
func Run(ctx context.Context, o Options) (exitCode int, err error) {
	if o.In == nil {
		o.In = os.Stdin
	}
	if o.Out == nil {
		o.Out = os.Stdout
	}
	if o.Binary == "" {
		o.Binary = "isesh"
	}
	rec, err := openRecord(o.Record)
	if err != nil {
		return 1, err
	}
	defer func() {
		if e := rec.close(); e != nil && err == nil {
			exitCode, err = 1, e
		}
	}()
	before, err := term.MakeRaw(int(o.In.Fd()))
	if err != nil {
		return 1, fmt.Errorf("taking over the terminal: %w (the scripted agent needs one: run it in a terminal or a tmux pane)", err)
	}
	defer func() { _ = term.Restore(int(o.In.Fd()), before) }()

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	a := &agent{o: o, ctx: ctx, rec: rec, scr: screen{out: o.Out}, results: make(chan result), hooks: hooks{done: make(chan string)}, surplus: -1}
	if o.MenuAfterTimes > 0 {
		a.surplus = o.MenuAfterTimes
	}
	if !a.start() {
		return 0, nil
	}
	defer func() { _, _ = o.Out.WriteString("\x1b[0m\x1b[?2004l\x1b[?1049l") }()
	in := newReader(o)
	defer in.stop()
	// Killed with a command running, the command must go as well: it is in a process group of its own. A second signal, as the end of a
	// terminal brings, must not end the program before that.
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGHUP, syscall.SIGTERM)
	defer signal.Stop(ended)
	a.loop(in, ended)
	cancel()
	a.tools.Wait()
	return a.exit, nil
}

// start shows that the program is coming up, and then the screen it has when it is. It reports false when ctx ended first.
func (a *agent) start() bool {
	if a.o.StartDelay > 0 {
		_, _ = a.o.Out.WriteString("\r\x1b[2J\x1b[H  starting…")
		select {
		case <-time.After(a.o.StartDelay):
		case <-a.ctx.Done():
			return false
		}
	}
	_, _ = a.o.Out.WriteString("\x1b[?1049h\x1b[?2004h")
	a.resize()
	if a.dir = a.o.Dir; a.dir == "" {
		a.dir, _ = os.Getwd()
	}
	a.said.add("", "scripted agent · "+a.dir, dim)
	if a.o.Busy {
		a.turn = &turn{began: time.Now(), steps: []step{{verb: forever}}}
		a.advance()
		a.tick()
	}
	a.draw()
	a.hook(hookSession, hookInput{Source: "startup"})
	return true
}

func (a *agent) resize() {
	cols, rows, err := term.GetSize(int(a.o.Out.Fd()))
	if err != nil || cols < 1 || rows < 1 {
		cols, rows = 80, 24
	}
	a.scr.resize(cols, rows)
	a.touch()
}

// loop waits for input, timers and commands until the program is over. Between them it sleeps: an idle agent never wakes up.
func (a *agent) loop(in *reader, ended <-chan os.Signal) {
	resized := make(chan os.Signal, 1)
	signal.Notify(resized, syscall.SIGWINCH)
	defer signal.Stop(resized)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for !a.over {
		if a.dirty && !a.frozen && (a.o.DrawDelay == 0 || a.at[drawTimer] == never) {
			a.draw()
		}
		if next := a.wake(); next != never {
			timer.Reset(time.Until(next))
		} else {
			timer.Stop()
		}
		input := in.chunks
		if a.frozen {
			input = nil
		}
		select {
		case p, ok := <-input:
			a.input(in, p, ok)
		case r := <-a.results:
			a.finished(r)
		case said := <-a.hooks.done:
			a.hookDone(said)
		case <-resized:
			a.resize()
		case s := <-ended:
			a.over, a.exit = true, 128+int(s.(syscall.Signal))
		case <-timer.C:
			a.fire(time.Now())
		case <-a.ctx.Done():
			return
		}
	}
}

// input takes one read, and those that are there already: a screen in between would be seen by nobody.
func (a *agent) input(in *reader, p []byte, ok bool) {
	for ok && !a.over {
		a.read(p)
		if a.frozen {
			return
		}
		select {
		case p, ok = <-in.chunks:
		default:
			return
		}
	}
	if !ok {
		a.over = true
	}
}

// reader reads the terminal in a goroutine of its own. stop ends that and waits for it.
type reader struct {
	chunks chan []byte // one read each; closed when the input has ended
	quit   chan struct{}
	wakeR  *os.File
	wakeW  *os.File
	done   sync.WaitGroup
}

func newReader(o Options) *reader {
	r := &reader{chunks: make(chan []byte), quit: make(chan struct{})}
	var err error
	if r.wakeR, r.wakeW, err = os.Pipe(); err != nil {
		close(r.chunks)
		return r
	}
	r.done.Go(func() { r.read(o) })
	return r
}

func (r *reader) stop() {
	close(r.quit)
	if r.wakeW != nil {
		r.wakeW.Close() // ends the select in read
		r.done.Wait()
		r.wakeR.Close()
	}
}

// read hands over what the terminal gives, until it ends or stop is called.
func (r *reader) read(o Options) {
	buf := make([]byte, 32<<10)
	left := o.StopReadingAfter
	for {
		if o.StopReading && left <= 0 {
			<-r.quit
			return
		}
		most := len(buf)
		if o.StopReading {
			most = min(most, left)
		}
		if !r.ready(int(o.In.Fd())) {
			return
		}
		n, err := unix.Read(int(o.In.Fd()), buf[:most])
		if err == unix.EINTR || err == unix.EAGAIN {
			continue
		}
		if n <= 0 {
			close(r.chunks)
			return
		}
		left -= n
		select {
		case r.chunks <- append([]byte(nil), buf[:n]...):
		case <-r.quit:
			return
		}
	}
}

// ready waits for input. It reports false once stop was called. A read could not be woken up, a select can.
func (r *reader) ready(fd int) bool {
	wake := int(r.wakeR.Fd())
	for {
		var set unix.FdSet
		set.Set(fd)
		set.Set(wake)
		_, err := unix.Select(max(fd, wake)+1, &set, nil, nil, nil)
		if err == unix.EINTR {
			continue
		}
		return err == nil && !set.IsSet(wake)
	}
}

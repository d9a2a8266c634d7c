package controltest

import (
	"bytes"
	"io"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Program is what runs in a pane. Start and then Input are called on a goroutine of the pane's own, one at a time, and may write to the pane;
// Start must return. Whatever waits in them has to end when the pane is Done.
type Program interface {
	// Start is called once, when the pane is launched.
	Start(p *Pane)
	// Input is handed what tmux writes to the program's terminal, in the pieces in which tmux writes it. The slice is the program's to keep.
	Input(data []byte)
}

// Resizer is a Program that wants to know when its terminal changes its size.
type Resizer interface {
	Resize(width, height int)
}

// launch is what a new pane is to run.
type launch struct {
	argv []string
	dir  string
	env  map[string]string
}

// words are the command's words; a single string is split at blanks, as far as a shell's work is done here.
func (l launch) words() []string {
	w := l.argv
	if len(w) == 1 {
		w = strings.Fields(w[0])
		if len(w) > 0 && w[0] == "exec" {
			w = w[1:]
		}
	}
	return w
}

func (l launch) name() string {
	if w := l.words(); len(w) > 0 {
		return path.Base(w[0])
	}
	return "sh"
}

// Pane is one pane of a Tmux, and the terminal of the Program in it.
type Pane struct {
	t        *Tmux
	id       int
	pid      int
	window   *winlink
	launch   launch
	prog     Program
	screen   *screen
	left     int
	top      int
	title    string
	mode     string // "", "copy-mode", "view-mode"
	dead     bool
	status   int // exit status, -1 after a signal
	signal   int
	inputOff bool
	options  options
	ready    *sync.Cond // input or events for the program's goroutine
	events   []any      // []byte, or [2]int for a new size
	pending  []byte     // output that waits for the end of a stall
	done     chan struct{}
	ended    bool
}

const hostName = "memory" // the title a pane begins with

func (p *Pane) String() string { return "%" + strconv.Itoa(p.id) }

func (t *Tmux) newPane(w *winlink, sx, sy int, l launch) *Pane {
	p := &Pane{t: t, id: t.id(2), window: w, screen: newScreen(sx, sy), title: hostName, options: options{}}
	p.screen.title = func(s string) { p.title = s }
	p.spawn(l)
	return p
}

// spawn starts the program. Each gets a process id and a goroutine of its own.
func (p *Pane) spawn(l launch) {
	t := p.t
	p.launch, p.pid, p.dead, p.ended, p.status, p.signal = l, t.process(), false, false, -1, 0
	p.done, p.events = make(chan struct{}), nil
	ready := sync.NewCond(&t.mu)
	p.ready = ready
	prog := t.program(l)
	p.prog = prog
	pid := p.pid
	t.wg.Add(1)
	go func() {
		defer t.wg.Done()
		prog.Start(p)
		for {
			t.mu.Lock()
			for len(p.events) == 0 && !p.ended && p.pid == pid {
				ready.Wait()
			}
			if p.ended || p.pid != pid {
				t.mu.Unlock()
				return
			}
			ev := p.events[0]
			p.events = p.events[1:]
			t.mu.Unlock()
			switch ev := ev.(type) {
			case []byte:
				prog.Input(ev)
			case [2]int:
				prog.(Resizer).Resize(ev[0], ev[1])
			}
		}
	}()
}

// ID is the pane's id, such as "%3".
func (p *Pane) ID() string { return p.String() }

// PID is the number that stands for the program's process id.
func (p *Pane) PID() int {
	p.t.mu.Lock()
	defer p.t.mu.Unlock()
	return p.pid
}

// Args are the words of the command that was launched, nil for a shell. A command given as one string is split at blanks.
func (p *Pane) Args() []string {
	p.t.mu.Lock()
	defer p.t.mu.Unlock()
	return p.launch.words()
}

// Env is a variable of the program's environment, as given with -e.
func (p *Pane) Env(name string) string {
	if name == "TMUX_PANE" {
		return p.String()
	}
	p.t.mu.Lock()
	defer p.t.mu.Unlock()
	return p.launch.env[name]
}

// Dir is the directory the program was started in.
func (p *Pane) Dir() string {
	p.t.mu.Lock()
	defer p.t.mu.Unlock()
	return p.launch.dir
}

// Size is the size of the terminal.
func (p *Pane) Size() (width, height int) {
	p.t.mu.Lock()
	defer p.t.mu.Unlock()
	return p.screen.sx, p.screen.sy
}

// Done is closed when the program has ended or its pane is gone.
func (p *Pane) Done() <-chan struct{} {
	p.t.mu.Lock()
	defer p.t.mu.Unlock()
	return p.done
}

// Screen returns the visible rows without their trailing blanks.
func (p *Pane) Screen() []string {
	p.t.mu.Lock()
	defer p.t.mu.Unlock()
	rows := make([]string, p.screen.sy)
	for y := range rows {
		rows[y] = p.screen.text(y)
	}
	return rows
}

// Write is the program's output. It never blocks; after the pane's end it fails with io.ErrClosedPipe.
func (p *Pane) Write(data []byte) (int, error) {
	t := p.t
	t.mu.Lock()
	defer t.unlock()
	if p.ended {
		return 0, io.ErrClosedPipe
	}
	if t.stalled {
		p.pending = append(p.pending, data...)
		return len(data), nil
	}
	p.output(data)
	return len(data), nil
}

// WriteString writes s like Write.
func (p *Pane) WriteString(s string) { _, _ = p.Write([]byte(s)) }

// outputLimit is about the most tmux reads from a terminal at a time.
const outputLimit = 4096

func (p *Pane) output(data []byte) {
	p.screen.write(data)
	p.window.touched = time.Now()
	for len(data) > 0 {
		n := min(len(data), outputLimit)
		for _, c := range p.t.clients {
			if c.session == p.window.session {
				c.output(p, bytes.Clone(data[:n]))
			}
		}
		data = data[n:]
	}
}

// Exit ends the program with an exit status.
func (p *Pane) Exit(status int) { p.terminate(status, 0) }

// Kill ends the program by a signal.
func (p *Pane) Kill(signal int) { p.terminate(-1, signal) }

func (p *Pane) terminate(status, signal int) {
	p.t.mu.Lock()
	defer p.t.unlock()
	if p.ended {
		return
	}
	p.close()
	p.dead, p.status, p.signal = true, status, signal
	if p.t.option("remain-on-exit", p.window.session, p.window, p) == "on" {
		p.screen.deadNotice(status, signal)
		return
	}
	p.t.removePane(p)
}

// close ends the program without a word. It may be called again.
func (p *Pane) close() {
	if p.ended {
		return
	}
	p.ended = true
	close(p.done)
	p.ready.Broadcast()
}

// input is what tmux writes to the program's terminal; dead and switched-off panes take nothing, and say nothing.
func (p *Pane) input(data []byte) {
	if p.dead || p.inputOff || p.ended || len(data) == 0 {
		return
	}
	p.events = append(p.events, bytes.Clone(data))
	p.ready.Signal()
}

func (p *Pane) resize(sx, sy int) {
	if sx == p.screen.sx && sy == p.screen.sy {
		return
	}
	p.screen.resize(sx, sy)
	if _, ok := p.prog.(Resizer); ok && !p.ended {
		p.events = append(p.events, [2]int{sx, sy})
		p.ready.Signal()
	}
}

// setMode enters or leaves ("") a mode such as copy mode.
func (p *Pane) setMode(mode string) {
	if p.mode != mode {
		p.mode = mode
		p.t.notifyAll("%%pane-mode-changed %s", p)
	}
}

package controltest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"
)

// program finds what a pane runs.
func (t *Tmux) program(l launch) Program {
	w := l.words()
	name := ""
	if len(w) > 0 {
		name = path.Base(w[0])
	}
	if f := t.programs[name]; f != nil {
		return f()
	}
	switch name {
	case "", "sh", "bash", "cat":
		return &Echo{}
	case "sleep", "tail":
		return &Echo{Silent: true}
	case "true":
		return Exits(0)
	case "false":
		return Exits(1)
	case "exit":
		n := 0
		if len(w) > 1 {
			n, _ = strconv.Atoi(w[1])
		}
		return Exits(n)
	}
	if f := t.programs["*"]; f != nil {
		return f()
	}
	return Func{OnStart: func(p *Pane) {
		p.WriteString("sh: " + w[0] + ": not found\r\n")
		p.Exit(127)
	}}
}

// Exits is a Program that ends at once with that status.
type Exits int

// Start ends the program.
func (e Exits) Start(p *Pane) { p.Exit(int(e)) }

// Input is never called.
func (e Exits) Input([]byte) {}

// Func is a Program made of two functions, either of which may be nil.
type Func struct {
	OnStart func(p *Pane)
	OnInput func(data []byte)
}

// Start calls OnStart.
func (f Func) Start(p *Pane) {
	if f.OnStart != nil {
		f.OnStart(p)
	}
}

// Input calls OnInput.
func (f Func) Input(data []byte) {
	if f.OnInput != nil {
		f.OnInput(data)
	}
}

// Echo is cat on a cooked terminal: files named as arguments are shown, what is typed is shown, and each finished line is shown again. C-d on an empty line ends it, C-c kills it.
// The zero value is ready.
type Echo struct {
	Silent bool // shows what is typed only, like a program that does not read
	pane   *Pane
	line   []byte
}

// Start shows the files that are named as arguments, as cat does, and ends then, unless one of them is "-".
func (e *Echo) Start(p *Pane) {
	e.pane = p
	args := p.Args()
	if e.Silent || len(args) < 2 || path.Base(args[0]) != "cat" {
		return
	}
	for _, name := range args[1:] {
		if name == "-" {
			return
		}
		data, err := os.ReadFile(name)
		if err != nil {
			data = []byte("cat: " + err.Error() + "\n")
		}
		_, _ = p.Write(bytes.ReplaceAll(data, []byte("\n"), []byte("\r\n")))
	}
	p.Exit(0)
}

// Input does what the kernel's line discipline and then cat do.
func (e *Echo) Input(data []byte) {
	var out bytes.Buffer
	for _, c := range data {
		switch {
		case c == '\r' || c == '\n':
			out.WriteString("\r\n")
			if !e.Silent {
				out.Write(e.line)
				out.WriteString("\r\n")
			}
			e.line = nil
		case c == 0x7f:
			if len(e.line) > 0 {
				e.line = e.line[:len(e.line)-1]
				out.WriteString("\b \b")
			}
		case c == 0x15: // C-u
			out.WriteString(strings.Repeat("\b \b", len(e.line)))
			e.line = nil
		case c == 0x04:
			if len(e.line) == 0 {
				_, _ = e.pane.Write(out.Bytes())
				e.pane.Exit(0)
				return
			}
		case c == 0x03:
			out.WriteString("^C")
			_, _ = e.pane.Write(out.Bytes())
			e.pane.Kill(2)
			return
		case c < 0x20 && c != '\t':
			out.Write([]byte{'^', c + '@'})
			e.line = append(e.line, c)
		default:
			out.WriteByte(c)
			e.line = append(e.line, c)
		}
	}
	_, _ = e.pane.Write(out.Bytes())
}

// Received is one thing a Recorder was sent: a paste between its markers, or what was typed otherwise.
type Received struct {
	Paste bool
	Data  string
}

// Recorder is a Program that asks for bracketed pastes and keeps what it receives, showing nothing. Make it with NewRecorder.
type Recorder struct {
	mu      sync.Mutex // owns what follows
	list    []Received
	rest    []byte // of an unfinished paste or marker
	pasting bool
	more    chan struct{}
	ready   chan struct{}
}

// NewRecorder returns a Recorder for one pane.
func NewRecorder() *Recorder {
	return &Recorder{more: make(chan struct{}, 1), ready: make(chan struct{})}
}

// Start asks for bracketed pastes.
func (r *Recorder) Start(p *Pane) {
	p.WriteString("\x1b[?2004h")
	close(r.ready)
}

// Ready is closed when the pane knows that pastes are to be bracketed.
func (r *Recorder) Ready() <-chan struct{} { return r.ready }

const pasteBegin, pasteEnd = "\x1b[200~", "\x1b[201~"

// Input sorts what came into pastes and keys.
func (r *Recorder) Input(data []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rest = append(r.rest, data...)
	for len(r.rest) > 0 {
		marker := pasteBegin
		if r.pasting {
			marker = pasteEnd
		}
		i := bytes.Index(r.rest, []byte(marker))
		if i < 0 {
			if !r.pasting {
				r.add(string(r.rest))
				r.rest = nil
			}
			break
		}
		if r.pasting || i > 0 {
			r.add(string(r.rest[:i]))
		}
		r.rest, r.pasting = r.rest[i+len(marker):], !r.pasting
	}
	select {
	case r.more <- struct{}{}:
	default:
	}
}

func (r *Recorder) add(s string) { r.list = append(r.list, Received{r.pasting, s}) }

// All returns what has been received so far. Typed bytes come in the pieces in which tmux delivered them.
func (r *Recorder) All() []Received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Received(nil), r.list...)
}

// Text is everything received so far, pastes and keys one after the other, without markers.
func (r *Recorder) Text() string {
	var b strings.Builder
	for _, e := range r.All() {
		b.WriteString(e.Data)
	}
	return b.String()
}

// Wait returns once ok holds for what has been received. One goroutine at a time may wait.
func (r *Recorder) Wait(ctx context.Context, ok func([]Received) bool) error {
	for !ok(r.All()) {
		select {
		case <-r.more:
		case <-ctx.Done():
			return fmt.Errorf("waiting for input, have %q: %w", r.Text(), ctx.Err())
		}
	}
	return nil
}

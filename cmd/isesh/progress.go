package main

import (
	"fmt"
	"sync"
	"time"
)

// progressDelay is how long a start may take before it tells what it is doing: a quick one needs no words.
const progressDelay = time.Second

// progress prints what goes on, on a terminal, once it takes longer than progressDelay.
type progress struct {
	a     *app
	timer *time.Timer

	mu    sync.Mutex // owns the rest, and the app's standard error until stop
	late  bool
	last  string
	ended bool
}

// progress starts counting. The caller calls stop before it prints.
func (a *app) progress() *progress {
	p := &progress{a: a}
	if a.flags.quiet || a.flags.json || !isTerminal(a.err) {
		p.ended = true
		return p
	}
	p.timer = time.AfterFunc(progressDelay, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.late = true
		p.print()
	})
	return p
}

// line takes the next line of progress.
func (p *progress) line(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = text
	if p.late {
		p.print()
	}
}

// print shows the last line. The caller holds mu.
func (p *progress) print() {
	if p.ended || p.last == "" {
		return
	}
	fmt.Fprintln(p.a.err, p.a.palette(p.a.err).faint(printable(p.last, false)))
	p.last = ""
}

// stop ends the printing.
func (p *progress) stop() {
	if p.timer != nil {
		p.timer.Stop()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
}

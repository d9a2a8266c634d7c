package control

import (
	"sync"
	"time"
)

// DefaultOutputBuffer is how many bytes of a watched pane are kept when
// Options.OutputBuffer does not say.
const DefaultOutputBuffer = 128 << 10

// Output keeps the newest output of one watched pane: bounded, the oldest
// dropped. The connection's reader fills it and never waits; one goroutine at a
// time may Take.
type Output struct {
	signal chan struct{}
	limit  int

	mu    sync.Mutex
	chunk Chunk
	spare []byte // the buffer of the last Chunk but one
}

// Chunk is what a pane has written since the last Take.
type Chunk struct {
	// Data is what the program wrote, byte for byte: escape sequences and
	// characters may be cut at either end. It is valid until the next Take.
	Data []byte
	// Lost counts the bytes dropped before Data because Take came too late.
	Lost int64
	// Paused: tmux itself dropped output of unknown length, because this
	// process had not read for Options.PauseAfter. Only a capture tells what
	// the screen shows now.
	Paused bool
	// First and Last are when the oldest and the newest of it, dropped bytes
	// included, were read; zero when there is nothing.
	First, Last time.Time
}

func newOutput(limit int) *Output {
	return &Output{signal: make(chan struct{}, 1), limit: limit}
}

// C delivers a value when there is something to Take. It holds one: many
// writes between two looks are one signal. It is never closed; see Client.Done.
func (o *Output) C() <-chan struct{} { return o.signal }

// Take hands over what has come since the last Take, which may be nothing.
func (o *Output) Take() Chunk {
	o.mu.Lock()
	defer o.mu.Unlock()
	c := o.chunk
	// The caller of the last Take is done with its data: swap the two buffers.
	o.chunk = Chunk{Data: o.spare[:0]}
	o.spare = c.Data
	if len(c.Data) == 0 {
		c.Data = nil
	}
	return c
}

// write appends data as it stands in %output.
func (o *Output) write(escaped []byte, at time.Time) {
	o.mu.Lock()
	c := &o.chunk
	c.Data = appendUnescaped(c.Data, escaped)
	if over := len(c.Data) - o.limit; over > 0 {
		// Drop down to half, so that a flood is not moved byte by byte.
		drop := len(c.Data) - o.limit/2
		c.Data = c.Data[:copy(c.Data, c.Data[drop:])]
		c.Lost += int64(drop)
	}
	o.touch(at)
	o.mu.Unlock()
	o.wake()
}

func (o *Output) pause(at time.Time) {
	o.mu.Lock()
	o.chunk.Paused = true
	o.touch(at)
	o.mu.Unlock()
	o.wake()
}

func (o *Output) touch(at time.Time) {
	if o.chunk.First.IsZero() {
		o.chunk.First = at
	}
	o.chunk.Last = at
}

func (o *Output) wake() {
	select {
	case o.signal <- struct{}{}:
	default:
	}
}

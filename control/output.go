package control

import "time"

// Output keeps the newest output of one watched pane.
type Output struct{}

// Chunk is what a pane has written since the last Take.
type Chunk struct {
	Data   []byte // raw bytes as the program wrote them; valid until the next Take
	Lost   int64  // bytes dropped before Data
	Paused bool   // tmux dropped output: the screen must be captured again
	First  time.Time
	Last   time.Time
}

// C tells by a value that there is something to Take; it holds one signal.
func (o *Output) C() <-chan struct{} { panic("not built yet") }

// Take hands over what has come since the last Take.
func (o *Output) Take() Chunk { panic("not built yet") }

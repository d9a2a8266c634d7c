package api

import (
	"runtime/debug"
	"sync/atomic"
	"time"
)

const (
	// largeBody is from how many bytes on a request or its answer leaves memory behind that is worth giving back: the collector alone keeps
	// what it may need again, and a process that lives for weeks would stay as large as its largest message made it.
	largeBody = 256 << 10
	// spareAfter is how soon that is done: once for a burst.
	spareAfter = time.Second
)

// spare gives memory back to the system after large requests. The zero value is ready.
type spare struct{ due atomic.Bool }

// later gives memory back soon. Safe from any goroutine; it does not block.
func (s *spare) later() {
	if s.due.CompareAndSwap(false, true) {
		time.AfterFunc(spareAfter, func() {
			s.due.Store(false)
			debug.FreeOSMemory()
		})
	}
}

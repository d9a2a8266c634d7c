package supervisor

import (
	"sync"
	"time"

	"isesh/roles"
	"isesh/roles/agent"
	"isesh/supervisor/api"
)

// phase is how far the delivery under way has come.
type phase int

const (
	waiting  phase = iota // in the queue
	stashing              // a person's draft was put aside for it; nothing of it is typed
	pasting               // tmux has done the paste; not seen in the composer yet
	pasted                // seen in the composer; Enter is next
	entered               // tmux has done the Enter; no proof yet
)

// delivery is one message on its way into a composer. Its fields belong to the runner, except receipt, which has its own mutex.
type delivery struct {
	rec      roles.Record
	text     string // what is pasted
	phase    phase
	at       time.Time     // of the last step
	enters   int           // how often Enter was done
	before   agent.Reading // the screen before the Enter
	assumed  bool          // before was not seen: an earlier supervisor pressed Enter
	retry    time.Time     // not before this, after a refusal
	refusals int           // of the next step, in a row, because the screen had changed
	busy     bool          // it was pasted while the agent was at something else
	heard    bool          // a hook of the agent has told of it
	aside    *aside        // the draft that was put aside for it
	stashes  int           // how often that was done
	noStash  bool          // putting a draft aside for it did not help
	tossed   int           // how many pastes of it came to nothing
	stay     stay          // what was seen of the paste under way until its Enter
	emptied  bool          // submitted, and since then the composer was seen without it
	missing  time.Time     // handed back by the agent, and not in the composer any more since
	above    int           // how often the screen showed its beginning above the composer before the Enter
	expiring time.Time     // it has waited too long and is being ended; when to try again if that has failed

	mu      sync.Mutex // owns receipt
	receipt api.Receipt
	parked  chan struct{} // closed when it was decided that it cannot go now
	done    chan struct{} // closed when its status is final
	parkIt  sync.Once
	doneIt  sync.Once
}

func (s *Supervisor) newDelivery(rec roles.Record, text string) *delivery {
	d := &delivery{rec: rec, text: text, parked: make(chan struct{}), done: make(chan struct{}), receipt: s.receiptOf(rec)}
	d.receipt.Status, d.receipt.Evidence = roles.StatusAccepted, ""
	return d
}

// now returns a copy of the receipt as it stands. Safe from any goroutine.
func (d *delivery) now() api.Receipt {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.receipt
}

// heldBy tells why a message that is being typed does not go on.
func (d *delivery) heldBy(why string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.receipt.Reason = why
}

func (d *delivery) set(status roles.Status, evidence, reason string) api.Receipt {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.receipt.Status, d.receipt.Evidence, d.receipt.Reason, d.receipt.Time = status, evidence, reason, time.Now()
	return d.receipt
}

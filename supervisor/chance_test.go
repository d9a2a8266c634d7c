package supervisor

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"isesh/roles"
	"isesh/supervisor/api"
)

// Whatever happens around them, messages are submitted at most once, each in a turn of its own, and typed again only when a person took them away; no key of ours meets
// a menu; and each message comes to an end, or is held for a reason.
func TestChance(t *testing.T) {
	lives := 150
	if testing.Short() {
		lives = 20
	}
	for seed := range uint64(lives) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				newFate(t, seed).live()
			})
		})
	}
}

// fate is one run of chance over a stage.
type fate struct {
	*stage
	rnd     *rand.Rand
	senders sync.WaitGroup
	story   []string

	mu   sync.Mutex // owns sent
	sent []string   // ids of accepted messages
}

func newFate(t *testing.T, seed uint64) *fate {
	f := &fate{stage: newStage(t), rnd: rand.New(rand.NewPCG(seed, 0))}
	f.a.reads = time.Duration(f.rnd.IntN(3)) * time.Millisecond
	f.a.draws = []time.Duration{time.Millisecond, 5 * time.Millisecond, 80 * time.Millisecond, 700 * time.Millisecond}[f.rnd.IntN(4)]
	f.a.turn = []time.Duration{0, 50 * time.Millisecond, 3 * time.Second}[f.rnd.IntN(3)]
	f.a.noEcho = f.rnd.IntN(4) == 0
	return f
}

func (f *fate) tell(format string, args ...any) {
	f.story = append(f.story, time.Now().Format("04:05.000 ")+fmt.Sprintf(format, args...))
}

const mine = "«mine»"

// blow lets one thing happen.
func (f *fate) blow() {
	a := f.a
	a.mu.Lock()
	defer a.mu.Unlock()
	switch n := f.rnd.IntN(13); n {
	case 0, 1:
		if a.stopped {
			return // what reads nothing opens nothing
		}
		a.read() // what is typed before the menu opens is not for the menu
		if a.menu = !a.menu; a.connected || !a.menu {
			a.draw()
		}
		f.tell("menu %v", a.menu)
	case 2:
		a.inMode = !a.inMode
		f.r.tell(signal{look: true})
		f.tell("copy mode %v", a.inMode)
	case 3:
		a.inputOff = !a.inputOff
		f.tell("input off %v", a.inputOff)
	case 4:
		a.swallow = f.rnd.IntN(3)
		f.tell("swallows %d", a.swallow)
	case 5:
		what := []string{"paste", "Enter"}[f.rnd.IntN(2)]
		a.done = lose(what)
		f.tell("the next answer to %s is lost", what)
	case 6:
		a.connected = false
		f.tell("disconnected")
	case 7, 8:
		if !a.connected {
			a.connected, a.out = true, &stageOutput{ch: make(chan struct{}, 1)}
			f.r.tell(signal{attached: true})
			f.tell("connected")
		}
	case 9:
		if a.stopped = !a.stopped; !a.stopped {
			a.resume()
		}
		f.tell("stopped %v", a.stopped)
	case 10:
		if !a.menu && a.composer == "" {
			a.composer = mine
			a.redraw()
			f.tell("somebody types")
		}
	case 11:
		f.person()
	case 12:
		f.tell("nothing")
	}
}

// person comes back to a draft: sends it when it is nothing else, clears it otherwise.
func (f *fate) person() {
	switch a := f.a; {
	case a.menu || !strings.Contains(a.composer, mine):
		return
	case a.composer == mine:
		a.submit()
		f.tell("somebody sends the draft")
	default:
		a.composer = ""
		f.tell("somebody clears the draft")
	}
	f.a.redraw()
}

// live sends while chance rules, then clears every obstacle and looks at what came of it.
func (f *fate) live() {
	n := 3 + f.rnd.IntN(5)
	for i := range n {
		text := fmt.Sprintf("message %d.", i)
		f.tell("send %s", text)
		f.senders.Go(func() {
			got, err := f.s.Send(context.Background(), api.Caller{}, api.SendRequest{To: "t/dev", Text: text, Queue: true, Within: "1s"})
			if err == nil {
				f.mu.Lock()
				f.sent = append(f.sent, got.ID)
				f.mu.Unlock()
			}
		})
		for range f.rnd.IntN(6) {
			time.Sleep(time.Duration(f.rnd.Int64N(int64([]time.Duration{2 * time.Millisecond, 300 * time.Millisecond, 6 * time.Second}[f.rnd.IntN(3)]))))
			f.blow()
		}
		if f.rnd.IntN(8) == 0 {
			f.senders.Wait()
			f.tell("the supervisor is restarted")
			f.end()
			f.a.edit(func() { f.a.connected, f.a.out = true, &stageOutput{ch: make(chan struct{}, 1)} })
			f.run()
		}
	}
	f.senders.Wait()
	f.tell("every obstacle goes")
	f.a.edit(func() {
		f.a.connected, f.a.out = true, &stageOutput{ch: make(chan struct{}, 1)}
		f.a.menu, f.a.inMode, f.a.inputOff, f.a.swallow, f.a.done = false, false, false, 0, nil
		f.a.resume()
		f.a.redraw()
	})
	f.r.tell(signal{attached: true})
	for range n + 1 { // a draft that holds the queue is cleared each time there is one
		time.Sleep(longEnough)
		f.a.edit(func() { f.a.composer = ""; f.a.redraw() })
	}
	time.Sleep(longEnough)
	f.judge(n)
	if f.Failed() {
		f.Log(strings.Join(f.story, "\n"))
		f.Logf("keys %v\nturns %q\nmenu keys %v held %q queue %d", f.a.keys, f.a.submitted, f.a.menuKeys, f.role().Held, f.role().Queue)
		for _, id := range f.sent {
			f.Log(id, f.statuses(id))
		}
	}
}

// judge looks at what must be true in every life.
func (f *fate) judge(n int) {
	f.a.mu.Lock()
	defer f.a.mu.Unlock()
	for i := range n {
		text := fmt.Sprintf("message %d.", i)
		if got := strings.Count(strings.Join(f.a.pastes, "|"), text); got > maxPastes {
			f.Errorf("%q was pasted %d times", text, got)
		}
		if got := strings.Count(strings.Join(f.a.submitted, "|"), text); got > 1 {
			f.Errorf("%q was submitted %d times", text, got)
		}
	}
	for _, turn := range f.a.submitted {
		if strings.Count(turn, "message ") > 1 {
			f.Errorf("two messages in one turn: %q", turn)
		}
	}
	for step, times := range f.a.steps {
		if times > 1 {
			f.Errorf("%s was done %d times", step, times)
		}
	}
	if len(f.a.menuKeys) > 0 {
		f.Errorf("keys reached a menu: %v", f.a.menuKeys)
	}
	submitted := 0
	for _, id := range f.sent {
		switch st := f.status(id); {
		case st == roles.StatusAnswered || st == roles.StatusSubmitted:
			submitted++
		case !st.Final():
			f.Errorf("%s is still %s at the end", id, st)
		}
	}
	if turns := strings.Count(strings.Join(f.a.submitted, "|"), "message "); submitted > turns {
		f.Errorf("%d messages are called submitted, and %d were", submitted, turns)
	}
}

package supervisor

import "time"

// How often a screen is looked at. Output only says that something changed; the picture comes from a capture, and captures cost tmux and
// us about a third of a millisecond each.
const (
	// calm is how long a pane must have been silent for its next output to be news, looked at at once.
	calm = 200 * time.Millisecond
	// settle is how soon after such news a second look follows, when the program has finished drawing.
	settle = 20 * time.Millisecond
	// noisySettle is the same for a pane that keeps drawing: a spinner of ten frames a second must not count as having settled.
	noisySettle = 150 * time.Millisecond
	// noisyEvery is how often a pane that keeps drawing is looked at.
	noisyEvery = 250 * time.Millisecond
	// steadyEvery is the same when the looks before showed the same busy agent. What matters in between has a trigger, and the end of a
	// turn, as a menu, is followed by silence. Looking twice as often costs a tenth of what fifty busy agents do.
	steadyEvery = 2 * time.Second
	// urgentGap keeps looks apart that triggers or a delivery under way ask for.
	urgentGap = 3 * time.Millisecond
	// retryLook is how soon a look that failed is repeated.
	retryLook = 100 * time.Millisecond
)

// lookout decides when to look at a screen. It is a plain value driven by the runner; it reads no clock.
type lookout struct {
	urgent  bool      // a delivery is under way: every output counts
	at      time.Time // when to look; zero: not before something happens
	last    time.Time // last look
	out     time.Time // last output
	burst   int       // outputs since the last calm
	expect  bool      // something was typed: the next output is its answer
	isQuiet bool      // the state has been steady busy
}

// output takes in that the pane has drawn.
func (l *lookout) output(now time.Time, n int, trigger bool) {
	answer := l.expect
	fresh := answer || l.out.IsZero() || now.Sub(l.out) >= calm
	l.out, l.expect = now, false
	if fresh {
		l.burst = 0
	}
	l.burst++
	switch {
	case answer:
		l.want(now)
	case fresh || trigger || l.urgent:
		l.want(later(now, l.last.Add(urgentGap)))
	case l.burst <= 8:
		// Still the drawing that began a moment ago: look when it has ended, but do not wait for ever.
		l.at = earlier(now.Add(settle), l.last.Add(noisyEvery))
	default:
		every := noisyEvery
		if l.isQuiet {
			every = steadyEvery
		}
		l.at = earlier(now.Add(noisySettle), l.last.Add(every))
	}
}

// looked takes in that a look has just been taken.
func (l *lookout) looked(now time.Time) {
	l.at = time.Time{}
	l.last = now
	if l.burst == 1 || l.urgent && now.Sub(l.out) < settle {
		l.at = now.Add(settle)
		l.burst++
	}
}

func (l *lookout) failed(now time.Time) { l.at = now.Add(retryLook) }

// now asks for a look at once.
func (l *lookout) now() { l.want(time.Unix(0, 1)) }

// again asks for a look at a time, unless one is due before.
func (l *lookout) again(at time.Time) { l.want(at) }

func (l *lookout) want(at time.Time) {
	if l.at.IsZero() || at.Before(l.at) {
		l.at = at
	}
}

func (l *lookout) steady(yes bool) { l.isQuiet = yes }

func (l *lookout) due(now time.Time) bool { return !l.at.IsZero() && !now.Before(l.at) }

func (l *lookout) next() time.Time { return l.at }

// quietFor tells how long nothing was drawn.
func (l *lookout) quietFor(now time.Time) time.Duration {
	if l.out.IsZero() {
		return time.Hour
	}
	return now.Sub(l.out)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// pending reports that the pane has drawn since the last look, and that a look is due.
func (l *lookout) pending() bool { return l.out.After(l.last) && !l.at.IsZero() }

// urgently expects something to be drawn: the next output is looked at the moment it comes.
func (l *lookout) urgently(now time.Time) {
	l.expect = true
	l.again(now.Add(noisyEvery))
}

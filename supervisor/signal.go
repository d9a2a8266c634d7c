package supervisor

// signal tells a runner that something happened outside. Signals are merged: each says "look again", none carries data.
type signal struct {
	ended    bool // the process has ended; tmux may not know yet
	look     bool // something about the pane changed that makes no output
	attached bool // the connection is new
	dead     bool // the program has ended, the pane is still there
	gone     bool // the pane has gone
	moved    bool // the pane is in another window or session now, or its session has another name
}

func (a signal) or(b signal) signal {
	return signal{a.ended || b.ended, a.look || b.look, a.attached || b.attached, a.dead || b.dead, a.gone || b.gone, a.moved || b.moved}
}

// tell passes a signal on; it never blocks.
func (r *runner) tell(sig signal) {
	r.sigMu.Lock()
	r.sig = r.sig.or(sig)
	r.sigMu.Unlock()
	select {
	case r.sigSet <- struct{}{}:
	default:
	}
}

func (r *runner) takeSignal() signal {
	r.sigMu.Lock()
	defer r.sigMu.Unlock()
	sig := r.sig
	r.sig = signal{}
	return sig
}

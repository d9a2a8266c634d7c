package control

// Guard is what must hold inside tmux, in the same command line, for anything
// to be typed. Pane and PID are required; that the pane is alive, in no mode
// and takes input is always required.
type Guard struct {
	Pane  string // %7
	PID   int    // Pane.PID
	Conds []Cond // all must hold
	// When Next is not "", the pane option @isesh_step must equal Step ("" also
	// means: not set yet) and is set to Next before anything is typed. The same
	// guard sent again is then refused, so that a step is done at most once.
	Step, Next string
}

// Cond is a condition on what a pane shows. The zero Cond always holds.
type Cond struct {
	format string // "" = holds
	text   string // for people
	err    error
}

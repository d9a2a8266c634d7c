package scripted

import (
	"context"
	"errors"
	"os"
	"time"
)

// Options say how the agent runs. The zero value is a well-behaved agent on the process's own terminal.
type Options struct {
	In  *os.File // terminal it reads; nil is os.Stdin
	Out *os.File // terminal it draws on; nil is os.Stdout
	Env []string // environment of the commands it runs; nil is the process's own
	Dir string   // directory of the commands it runs and the one in the banner; "" is the current one

	Binary  string // program that SEND and REPLY run as `BINARY send ROLE -- TEXT`; "" is isesh
	Rules   []Rule // tried in order on messages without a directive
	Record  string // file that gets one JSON line per submitted message and per key into a menu; "" is none
	Redraw  int    // redraws a second while busy; 0 draws nothing until something happens
	NoColor bool

	Busy             bool          // begins with a turn that never ends
	StartDelay       time.Duration // how long it takes to come up
	DrawDelay        time.Duration // every change is drawn this much later
	SwallowEnter     bool          // loses an Enter that comes with the end of a paste in one read...
	SwallowWithin    time.Duration // ...or this soon after it
	MenuAfterPaste   bool          // opens a permission menu after a paste...
	MenuAfterDelay   time.Duration // ...this much later; 0 before the paste was ever drawn...
	MenuAfterTimes   int           // ...so many times; 0 is always
	MenuBeforeKey    bool          // replaces a menu by another one when the first key arrives, and lets the key act on that...
	MenuBeforeDelay  time.Duration // ...or this long after it was drawn first
	StopReading      bool          // reads no input any more...
	StopReadingAfter int           // ...after so many bytes
}

// Rule is a standing order: a message of From that begins with Prefix is answered by the directives Do.
type Rule struct {
	From   string // "" is anybody; "user" is a message without a sender's tag
	Prefix string // compared with the text behind the tag and leading space; "" fits every message
	Do     string
}

// Usage is the help text of the program.
const Usage = ``

// ParseArgs reads a command line, without the program's name. It returns flag.ErrHelp when help was asked for.
func ParseArgs(args []string) (Options, error) { return Options{}, errors.New("not built yet") }

// Run is the program: it takes over the terminal, and gives it back before it returns. It ends with exit code 0 when the user
// leaves, the input ends or ctx does, and with the code of an EXIT directive. It returns an error only when it could not run: no
// terminal, or a record file that cannot be written. A CRASH directive kills the whole process.
func Run(ctx context.Context, o Options) (exitCode int, err error) {
	return 1, errors.New("not built yet")
}

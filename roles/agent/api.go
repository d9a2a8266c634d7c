package agent

import "errors"

// Prep says how a message is to be prepared.
type Prep struct {
	From string // name of the sender, for the tag
	Tag  bool   // put [from:NAME] in front
	Raw  bool   // a command for the agent (/clear): no tag, no shielding; control bytes go all the same
}

// Choice is what shall be answered to a menu: AllowOnce, Deny, Option or Label.
type Choice struct {
	what  string
	n     int
	label string
	widen bool
}

// AllowOnce grants what is asked for, once; Deny refuses it.
var (
	AllowOnce = Choice{what: "allow"}
	Deny      = Choice{what: "deny"}
)

// Option chooses the n-th of Reading.Options, counted from 1.
func Option(n int) Choice { return Choice{what: "option", n: n} }

// Label chooses the option with that label; case does not count, and an unmistakable beginning of it will do.
func Label(s string) Choice { return Choice{what: "label", label: s} }

// Widening returns the choice with leave to grant more than is asked for now ("don't ask again").
func (c Choice) Widening() Choice { c.widen = true; return c }

// Wiring is what an agent is told at its start.
type Wiring struct {
	Role, Team string
	StateDir   string // isesh's state directory
	Binary     string // path of the isesh binary
	SessionID  string // a UUID for the agent's session, "" for none
	Prompt     string // the role's briefing, "" for none
	// WriteFile keeps a generated file, readable by its owner alone, and returns its path.
	WriteFile func(name string, data []byte) (path string, err error)
}

var errTodo = errors.New("not written yet")

// Recognise returns the name of the profile for a command line, or "".
func Recognise(argv []string) string { return "" }

// Classify says what a screen shows. It is pure, takes any bytes, and calls unknown what it does not know: unknown is
// never to be taken for idle.
func Classify(p *Profile, s Screen) Reading { return Reading{State: Unknown, Selected: -1} }

// Prepare makes of a message what is to be pasted: tag, hygiene, and no forged tags.
func (p *Profile) Prepare(text string, o Prep) (string, error) { return "", errTodo }

// Seen tells whether the composer shows what was pasted: its text, wrapped or scrolled, or what stands for a large paste.
func (p *Profile) Seen(r Reading, pasted string) bool { return false }

// Submitted tells whether, after Enter, the agent has taken what before's composer held, and by what it is seen.
func (p *Profile) Submitted(before, after Reading) (evidence string, ok bool) { return "", false }

// Choose returns the keys that give the wanted answer to the menu in r, and the label of the option they choose.
func (p *Profile) Choose(r Reading, want Choice) (keys []string, option string, err error) {
	return nil, "", errTodo
}

// Launch returns the command line and environment that wire the agent in.
func (p *Profile) Launch(argv []string, w Wiring) (argv2 []string, env map[string]string, err error) {
	return argv, nil, nil
}

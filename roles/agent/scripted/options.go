package scripted

import (
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Options say how the agent runs. The zero value is a well-behaved agent on the process's own terminal.
type Options struct {
	In  *os.File // terminal it reads; nil is os.Stdin
	Out *os.File // terminal it draws on; nil is os.Stdout
	Env []string // environment of the commands it runs; nil is the process's own
	Dir string   // directory of the commands it runs and the one in the banner; "" is the current one

	Binary  string // program that SEND and REPLY run as `BINARY send ROLE -- TEXT`; "" is isesh
	Hooks   string // program that is told what happens: `HOOKS hook EVENT` with JSON on standard input; "" is none
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
	MenuAfterDelay   time.Duration // ...this much later; 0 is before the paste was ever drawn...
	MenuAfterTimes   int           // ...so many times; 0 is always
	MenuBeforeKey    bool          // replaces a permission menu by another one when the first key arrives, and lets the key act on that...
	MenuBeforeDelay  time.Duration // ...or this long after it was drawn first
	MenuDeaf         time.Duration // a menu hears no key for so long after it was drawn first; menus blink then
	BackDelay        time.Duration // a message that an interrupt hands back comes into the composer this much later
	HookDelay        time.Duration // a hook is called this much later
	HookDrop         []string      // events of which no hook is told
	StopReading      bool          // reads no input any more...
	StopReadingAfter int           // ...after so many bytes
}

// Rule is a standing order: a message of From that begins with Prefix is answered by the directives Do.
type Rule struct {
	From   string // "" is anybody; "user" is a message without a sender's tag
	Prefix string // compared with the text behind the tag and leading space; "" fits every message
	Do     string
}

// Directives is the help text about what a message can make the agent do.
const Directives = `The last line of a message that begins with a directive says what its turn
does; " THEN " joins several:
  ECHO TEXT          says it
  LINES N            says N lines
  STREAM N           says N words, one at a time
  SLOW DURATION      is busy for so long
  HANG DURATION      neither reads nor draws for so long
  ASKPERM COMMAND    asks for permission; yes says "ran: COMMAND" (nothing is
                     run), no ends the turn
  ASK QUESTION A|B|C asks; the question ends at its last "? " or last blank
  SEND ROLE TEXT     runs isesh send ROLE -- TEXT
  REPLY TEXT         the same, to the sender: user where there is no tag
  RUN COMMAND        runs it with sh and shows its output
  CRASH              dies of a signal, with the terminal as it is
  EXIT N             ends with exit code N
In directives {from} is the sender (user without a [from:x] tag), {text} the
first line, {rest} what stands behind the prefix of the rule, {asked} the
first line of the last message of the user, or "the task" when there is none,
{answer} the answer to ASK.`

// Usage is the help text of the program.
const Usage = `usage: isesh agent scripted [FLAGS]

A terminal program that behaves like a coding agent, for demos and tests.

What it does:
  --persona NAME           plays a role of the demo: gestor, dev or reviewer
  --on '[@FROM ]PREFIX=>DIRECTIVES'
                           standing rule for messages that hold no directive and begin with PREFIX (and come from FROM;
                           @user: without a tag). May be repeated; the first that fits counts. Rules of --script and
                           --persona come after those of --on
  --script FILE            a file of such rules, one a line
  --isesh PATH             the program that SEND and REPLY run (default isesh)
  --hooks PATH             tell PATH what happens, as Claude Code tells its hooks: PATH hook EVENT with JSON on standard input
                           when a message is submitted or queued (user-prompt-submit), when a turn has ended by itself
                           (stop), at the start and after /clear (session-start)
  --no-hooks               tell nobody; stronger than --hooks
  --dir DIR                directory of commands
  --record FILE            append a JSON line per submitted message (n, time, text) and per key that reaches a menu
                           (menu_key, menu, chose)
  --redraw HZ              redraws a second while busy (default 4; 0: none). Never while idle
  --no-color               no colours, and no placeholder in the composer
  --busy                   begin with a turn that never ends

How it misbehaves:
  --start-delay D          come up this late
  --draw-delay D           draw every change this late
  --swallow-enter[=D]      lose an Enter that comes in one read with the end of a paste, or within D of it
  --menu-after-paste D[:N] open a permission menu D after a paste (0: before the paste is drawn), every time or N times
  --menu-before-key[=D]    replace a permission menu by another one when the first key arrives, before the key acts; with D
                           that long after it was drawn first
  --menu-deaf D            a menu hears no key but Escape for D after it was drawn first; menus blink
  --back-delay D           hand a message back into the composer D after the interrupt
  --hook-delay D           call each hook this late
  --hook-drop EVENT        never call the hook of this event. May be repeated
  --stop-reading N         read no input after N bytes

` + Directives + "\n"

// defaultRedraw turns the spinner often enough to be seen to turn.
const defaultRedraw = 4

// ParseArgs reads a command line, without the program's name, and the script it names. It returns flag.ErrHelp when help was asked
// for; the text of that is Usage.
func ParseArgs(args []string) (Options, error) {
	o := Options{Redraw: defaultRedraw}
	var script, persona string
	var noHooks bool
	fs := flag.NewFlagSet("scripted", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	fs.StringVar(&persona, "persona", "", "")
	fs.Func("on", "", func(s string) error {
		r, err := ParseRule(s)
		o.Rules = append(o.Rules, r)
		return err
	})
	fs.StringVar(&script, "script", "", "")
	fs.StringVar(&o.Binary, "isesh", "isesh", "")
	fs.StringVar(&o.Hooks, "hooks", "", "")
	fs.BoolVar(&noHooks, "no-hooks", false, "")
	fs.StringVar(&o.Dir, "dir", "", "")
	fs.StringVar(&o.Record, "record", "", "")
	fs.IntVar(&o.Redraw, "redraw", o.Redraw, "")
	fs.BoolVar(&o.NoColor, "no-color", false, "")
	fs.BoolVar(&o.Busy, "busy", false, "")
	fs.DurationVar(&o.StartDelay, "start-delay", 0, "")
	fs.DurationVar(&o.DrawDelay, "draw-delay", 0, "")
	fs.DurationVar(&o.MenuDeaf, "menu-deaf", 0, "")
	fs.DurationVar(&o.BackDelay, "back-delay", 0, "")
	fs.DurationVar(&o.HookDelay, "hook-delay", 0, "")
	fs.Func("hook-drop", "", func(event string) error {
		if hookNames[event] == "" {
			return fmt.Errorf("%q is no event: there are %s, %s, %s and %s", event, hookPrompt, hookStop, hookSession, hookLeft)
		}
		o.HookDrop = append(o.HookDrop, event)
		return nil
	})
	fs.Var(&optional{&o.SwallowEnter, &o.SwallowWithin}, "swallow-enter", "")
	fs.Var(&optional{&o.MenuBeforeKey, &o.MenuBeforeDelay}, "menu-before-key", "")
	fs.Func("menu-after-paste", "", func(s string) (err error) {
		o.MenuAfterPaste = true
		delay, times, counted := strings.Cut(s, ":")
		if counted {
			if o.MenuAfterTimes, err = strconv.Atoi(times); err != nil || o.MenuAfterTimes < 1 {
				return fmt.Errorf("%q is no number of times", times)
			}
		}
		o.MenuAfterDelay, err = time.ParseDuration(delay)
		return err
	})
	fs.Func("stop-reading", "", func(s string) (err error) {
		o.StopReading = true
		o.StopReadingAfter, err = strconv.Atoi(s)
		return err
	})
	if err := fs.Parse(args); err != nil {
		return Options{}, err
	}
	if fs.NArg() > 0 {
		return Options{}, fmt.Errorf("unexpected argument %q: the scripted agent takes flags only", fs.Arg(0))
	}
	if noHooks {
		o.Hooks = ""
	}
	if o.Redraw < 0 || o.Redraw > 1000 {
		return Options{}, fmt.Errorf("--redraw %d: give a number from 0 to 1000", o.Redraw)
	}
	if script != "" {
		text, err := os.ReadFile(script)
		if err != nil {
			return Options{}, fmt.Errorf("reading the script: %w", err)
		}
		rules, err := ParseRules(string(text))
		if err != nil {
			return Options{}, fmt.Errorf("script %s: %w", script, err)
		}
		o.Rules = append(o.Rules, rules...)
	}
	if persona != "" {
		text, ok := personas[persona]
		if !ok {
			return Options{}, fmt.Errorf("no persona %q: there are %s", persona, strings.Join(personaNames(), ", "))
		}
		rules, err := ParseRules(text)
		if err != nil {
			return Options{}, fmt.Errorf("persona %s: %w", persona, err)
		}
		o.Rules = append(o.Rules, rules...)
	}
	return o, nil
}

func personaNames() []string {
	var names []string
	for name := range personas {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// optional is a flag that may stand alone or with a duration.
type optional struct {
	on *bool
	d  *time.Duration
}

func (f *optional) String() string   { return "" }
func (f *optional) IsBoolFlag() bool { return true }
func (f *optional) Set(s string) (err error) {
	switch s {
	case "true":
		*f.on = true
	case "false":
		*f.on, *f.d = false, 0
	default:
		*f.on = true
		*f.d, err = time.ParseDuration(s)
	}
	return err
}

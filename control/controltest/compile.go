package controltest

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// command is one command line word list that was checked against the table of commands.
type command struct {
	entry *entry
	flags map[byte][]arg
	rest  []arg
}

// arg is a text, or the commands that were written in braces.
type arg struct {
	text  string
	block []*command
	brace bool
}

// entry describes a command.
type entry struct {
	name, alias string
	usage       string
	flags       string // as getopt takes them
	min, max    int    // of arguments; max < 0: any
	target      byte   // what -t names: 's'ession, 'w'indow, 'p'ane, 0 none of these
	canfail     bool   // a target that is missing is no error
	run         func(*call) error
}

func (c *command) has(f byte) bool { _, ok := c.flags[f]; return ok }

// get is the value of a flag, the last one given.
func (c *command) get(f byte) string {
	if v := c.flags[f]; len(v) > 0 {
		return v[len(v)-1].text
	}
	return ""
}

// pos is the i-th argument, "" where there are fewer.
func (c *command) pos(i int) string {
	if i < len(c.rest) {
		return c.rest[i].text
	}
	return ""
}

// environment is what $NAME in a command line stands for: as for a real server that this test would have started.
func environment(name string) string { return os.Getenv(name) }

// compile looks the commands up and reads their flags. A mistake anywhere makes the whole line one parse error.
func (t *Tmux) compile(list [][]word) ([]*command, error) {
	var cmds []*command
	for _, words := range list {
		if words[0].brace {
			return nil, errSyntax
		}
		e, err := lookup(words[0].text)
		if err != nil {
			return nil, err
		}
		args, err := t.args(words[1:])
		if err != nil {
			return nil, err
		}
		c := &command{entry: e, flags: map[byte][]arg{}}
		if err := c.parse(t, args); err != nil {
			return nil, fmt.Errorf("command %s: %w", e.name, err)
		}
		cmds = append(cmds, c)
	}
	return cmds, nil
}

func (t *Tmux) args(words []word) ([]arg, error) {
	var args []arg
	for _, w := range words {
		a := arg{text: w.text, brace: w.brace}
		if w.brace {
			var err error
			if a.block, err = t.compile(w.block); err != nil {
				return nil, err
			}
		}
		args = append(args, a)
	}
	return args, nil
}

func (c *command) parse(t *Tmux, args []arg) error {
	spec := c.entry.flags
	if c.entry.name == "paste-buffer" && t.at(3, 7) {
		spec += "S"
	}
	for len(args) > 0 && !args[0].brace && len(args[0].text) > 1 && args[0].text[0] == '-' {
		s := args[0].text[1:]
		args = args[1:]
		if s == "-" {
			break
		}
		for len(s) > 0 {
			f := s[0]
			s = s[1:]
			i := strings.IndexByte(spec, f)
			if !letter(f) && (f < '0' || f > '9') {
				return fmt.Errorf("invalid flag -%c", f)
			}
			if i < 0 {
				return fmt.Errorf("unknown flag -%c", f)
			}
			if i+1 >= len(spec) || spec[i+1] != ':' {
				c.flags[f] = append(c.flags[f], arg{})
				continue
			}
			switch {
			case s != "":
				c.flags[f] = append(c.flags[f], arg{text: s})
				s = ""
			case len(args) == 0 && !t.at(3, 4): // taken as given, and empty
				c.flags[f] = append(c.flags[f], arg{})
			case len(args) == 0:
				return fmt.Errorf("-%c expects an argument", f)
			default:
				c.flags[f] = append(c.flags[f], args[0])
				args = args[1:]
			}
		}
	}
	c.rest = args
	if e := c.entry; len(args) < e.min {
		return fmt.Errorf("too few arguments (need at least %d)", e.min)
	} else if e.max >= 0 && len(args) > e.max {
		return fmt.Errorf("too many arguments (need at most %d)", e.max)
	}
	return nil
}

// lookup finds a command by its name, its alias, or the beginning of its name.
func lookup(name string) (*entry, error) {
	var found []string
	for _, n := range slices.Sorted(maps.Keys(commands)) {
		e := commands[n]
		if e.name == name || e.alias == name && name != "" {
			return e, nil
		}
		if strings.HasPrefix(e.name, name) {
			found = append(found, n)
		}
	}
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("unknown command: %s", name)
	case 1:
		return commands[found[0]], nil
	}
	return nil, fmt.Errorf("ambiguous command: %s, could be: %s", name, strings.Join(found, ", "))
}

// commands is the table of commands by name, filled by the files that hold them.
var commands = map[string]*entry{}

func define(entries ...entry) {
	for _, e := range entries {
		commands[e.name] = &e
	}
}

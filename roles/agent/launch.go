package agent

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Wiring is what an agent is told at its start.
type Wiring struct {
	Role, Team string
	StateDir   string // isesh's state directory
	Binary     string // absolute path of the isesh binary; "" is isesh, wherever PATH has it
	SessionID  string // a UUID for the agent's session, "" for none
	Prompt     string // the role's briefing, "" for none
	// WriteFile keeps a generated file, readable by its owner alone, and returns its path. It is called once per file.
	WriteFile func(name string, data []byte) (path string, err error)
}

// Launch returns the command line and environment that wire the agent in. argv as the user wrote it stays, and what it says
// itself is not said again; additions stand right after the word that names the program. Variables that argv sets by
// env(1) are not returned.
func (p *Profile) Launch(argv []string, w Wiring) (argv2 []string, env map[string]string, err error) {
	if len(argv) == 0 {
		return nil, nil, fmt.Errorf("launching %s: the command is empty", p.name)
	}
	at, named := p.program(argv)
	l := launch{p: p, w: w, paths: map[string]string{}}
	var add []string
	for _, a := range p.spec.Launch.Args {
		if a.If == "prompt" && w.Prompt == "" || a.If == "session" && w.SessionID == "" || !a.applies(argv[at+1:], named) {
			continue
		}
		for _, word := range a.Add {
			word, err := l.expand(word, func(s string) string { return s })
			if err != nil {
				return nil, nil, fmt.Errorf("launching %s: %w", p.name, err)
			}
			add = append(add, word)
		}
	}
	env = map[string]string{}
	for k, v := range p.spec.Launch.Env {
		if slices.ContainsFunc(argv[:at], func(s string) bool { return strings.HasPrefix(s, k+"=") }) {
			continue
		}
		if env[k], err = l.expand(v, func(s string) string { return s }); err != nil {
			return nil, nil, fmt.Errorf("launching %s: %w", p.name, err)
		}
	}
	return slices.Insert(slices.Clone(argv), at+1, add...), env, nil
}

// WiresHooks tells whether Launch adds to this command line what makes the agent call isesh's hooks.
func (p *Profile) WiresHooks(argv []string) bool {
	if len(argv) == 0 {
		return false
	}
	at, named := p.program(argv)
	return slices.ContainsFunc(p.spec.Launch.Args, func(a ArgSpec) bool { return a.Hooks && a.applies(argv[at+1:], named) })
}

// program finds the word that names the program. Where none does it is the first: a wrapper of the user's own, which is expected to hand its
// arguments on.
func (p *Profile) program(argv []string) (at int, named bool) {
	words := map[string]string{}
	for _, m := range p.spec.Match {
		words[m] = p.name
	}
	if at, _ = programWord(argv, words); at < 0 {
		return 0, false
	}
	return at, true
}

// applies tells whether the arguments that the user gave leave room for these.
func (a ArgSpec) applies(args []string, named bool) bool {
	return (a.If != "named" || named) && !given(args, a.Unless) && needed(args, a.When)
}

// given tells whether one of the flags is among the arguments.
func given(args, flags []string) bool {
	for _, a := range args {
		if a == "--" {
			return false
		}
		name, _, _ := strings.Cut(a, "=")
		if slices.Contains(flags, name) {
			return true
		}
	}
	return false
}

// needed tells whether one of the flags is there, or whether none is asked for.
func needed(args, flags []string) bool { return len(flags) == 0 || given(args, flags) }

// launch replaces what stands in braces, and writes each generated file once.
type launch struct {
	p     *Profile
	w     Wiring
	paths map[string]string
}

func (l *launch) expand(s string, quote func(string) string) (string, error) {
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '{')
		j := strings.IndexByte(s[max(i, 0):], '}') + max(i, 0)
		if i < 0 || j < i {
			b.WriteString(s)
			return b.String(), nil
		}
		b.WriteString(s[:i])
		value, known, err := l.value(s[i+1 : j])
		switch {
		case err != nil:
			return "", err
		case known:
			b.WriteString(quote(value))
			s = s[j+1:]
		default: // a brace of the file itself
			b.WriteByte('{')
			s = s[i+1:]
		}
	}
}

func (l *launch) value(name string) (value string, known bool, err error) {
	switch name {
	case "prompt":
		return l.w.Prompt, true, nil
	case "session":
		return l.w.SessionID, true, nil
	case "role":
		return l.w.Role, true, nil
	case "team":
		return l.w.Team, true, nil
	case "state_dir":
		return l.w.StateDir, true, nil
	case "binary":
		return cmp.Or(l.w.Binary, "isesh"), true, nil
	}
	if inner, ok := strings.CutPrefix(name, "sh:"); ok {
		value, known, err = l.value(inner)
		return shellWord(value), known, err
	}
	file, ok := strings.CutPrefix(name, "file:")
	if !ok {
		return "", false, nil
	}
	value, err = l.file(file)
	return value, true, err
}

// file writes a generated file and returns its path.
func (l *launch) file(name string) (string, error) {
	if path, ok := l.paths[name]; ok {
		return path, nil
	}
	content, ok := l.p.spec.Launch.Files[name]
	if !ok {
		return "", fmt.Errorf("the profile has no file %q", name)
	}
	if l.w.WriteFile == nil {
		return "", fmt.Errorf("there is no way to write %s", name)
	}
	content, err := l.expand(content, jsonInside)
	if err != nil {
		return "", err
	}
	path, err := l.w.WriteFile(name, []byte(content))
	if err != nil {
		return "", fmt.Errorf("writing %s: %w", name, err)
	}
	l.paths[name] = path
	return path, nil
}

// shellWord writes s as one word of a POSIX shell's command line.
func shellWord(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// jsonInside writes s as it stands between the quotes of a JSON string.
func jsonInside(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return "" // a string can always be written
	}
	return string(b[1 : len(b)-1])
}

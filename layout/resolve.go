package layout

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/shlex"
)

// What a layout that says nothing of its limits gets.
var defaultLimits = Limits{Hops: 8, Pair: Rate{Count: 20, Per: 10 * time.Minute}}

// Env is what a layout is resolved against: the caller's machine. Zero functions use the real one.
type Env struct {
	Home     string                            // for ~
	Getenv   func(string) string               // for ${VAR}; nil: every variable is unset
	Base     string                            // absolute: where relative directories start, and the project's directory
	Files    string                            // absolute: where a relative prompt_file starts; "": Base
	Profiles []string                          // known agent profiles; nil: any name is taken
	Exists   func(dir string) bool             // whether dir is a directory; nil: asks the file system
	ReadFile func(path string) ([]byte, error) // nil: os.ReadFile
	Dirs     func(parent string) []string      // names of the directories in parent, for suggestions; nil: asks the file system
}

// Override is what the command line changes in a layout.
type Override struct {
	Name    string // --name
	Shipped bool   // the layout came with the program: its own name does not count
}

// Resolve makes a Team: names it (TeamName), expands replicas, applies defaults, makes directories absolute and looks for them, expands ~
// and ${VAR:-x}, reads prompt files and splits commands. What it refuses comes back as Errors with the lines of the file.
//
// Variables are expanded in dir, env, prompt_file and command; there each word of a command stays one word whatever its variables hold.
// $${VAR} stands for a literal ${VAR}.
func (f *File) Resolve(env Env, o Override) (*Team, error) {
	if env.Base == "" || !filepath.IsAbs(env.Base) {
		return nil, fmt.Errorf("resolving %s: the base directory %q is not absolute", f.path, env.Base)
	}
	name, err := TeamName(f, o.Name, o.Shipped, env.Base)
	if err != nil {
		return nil, err
	}
	r := &resolver{checker: checker{&problems{file: f.path}, f}, env: env.withDefaults()}
	t := &Team{Name: name, File: absoluteFile(f.path), Dir: filepath.Clean(env.Base), Arrange: orElse(f.Arrange, ArrangeWindows)}
	r.agent("defaults.agent", f.Defaults.Agent)
	for i := range f.Roles {
		t.Roles = append(t.Roles, r.role(&f.Roles[i])...)
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	t.Approvals, t.Flows, t.Limits = f.rules()
	return t, nil
}

// absoluteFile makes the path of a file one that holds elsewhere, too.
func absoluteFile(path string) string {
	if IsShipped(path) {
		return path
	}
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

func (e Env) withDefaults() Env {
	if e.Getenv == nil {
		e.Getenv = func(string) string { return "" }
	}
	if e.Files == "" {
		e.Files = e.Base
	}
	if e.Exists == nil {
		e.Exists = func(dir string) bool {
			fi, err := os.Stat(dir)
			return err == nil && fi.IsDir()
		}
	}
	if e.ReadFile == nil {
		e.ReadFile = os.ReadFile
	}
	if e.Dirs == nil {
		e.Dirs = func(parent string) []string {
			entries, _ := os.ReadDir(parent) // only for a suggestion
			var names []string
			for _, d := range entries {
				if d.IsDir() {
					names = append(names, d.Name())
				}
			}
			return names
		}
	}
	return e
}

// resolver resolves one file.
type resolver struct {
	checker
	env Env
}

// role returns the members of one entry. They differ in nothing but their names.
func (r *resolver) role(role *Role) []ResolvedRole {
	at, d := "roles."+role.Name, r.f.Defaults
	r.agent(at+".agent", role.Agent)
	out := ResolvedRole{
		Agent:   orElse(role.Agent, d.Agent),
		Argv:    r.command(at+".command", role),
		Env:     r.variables(at, role),
		Prompt:  role.Prompt,
		Task:    role.Task,
		After:   r.f.expand(role.After),
		Lead:    role.Lead,
		LeadMay: slices.Clone(role.LeadMay),
		Restart: orElse(role.Restart, d.Restart, RestartNever),
	}
	if out.Agent == "" && role.Command == "" {
		r.add(r.f.where(at+"."), "add agent: claude, here or under defaults", "role %q has neither agent nor command", role.Name)
	}
	if role.Dir != "" || d.Dir == "" {
		out.Dir = r.dir(at+".dir", role.Dir)
	} else {
		out.Dir = r.dir("defaults.dir", d.Dir)
	}
	if role.PromptFile != "" {
		out.Prompt = r.promptFile(at+".prompt_file", role.PromptFile)
	}
	var members []ResolvedRole
	for _, name := range role.members() {
		m := out
		m.Name = name
		m.Argv, m.After, m.LeadMay, m.Env = slices.Clone(out.Argv), slices.Clone(out.After), slices.Clone(out.LeadMay), maps.Clone(out.Env)
		members = append(members, m)
	}
	return members
}

func (r *resolver) agent(path, agent string) {
	if agent != "" && r.env.Profiles != nil && !slices.Contains(r.env.Profiles, agent) {
		r.bad(path, didYouMean(agent, r.env.Profiles), "unknown agent %q", agent)
	}
}

// command splits a command line into words as a shell would, and expands the variables of each word by itself.
func (r *resolver) command(path string, role *Role) []string {
	if role.Command == "" {
		return nil
	}
	words, err := shlex.Split(role.Command)
	if err != nil {
		r.bad(path, "close the quotes", "the command of role %q cannot be split into words: %v", role.Name, err)
		return nil
	}
	if len(words) == 0 {
		r.bad(path, "name a program, or leave the key out", "the command of role %q is empty", role.Name)
		return nil
	}
	for i, w := range words {
		words[i] = r.expand(path, r.tilde(path, w))
	}
	if words[0] == "" {
		r.bad(path, "name a program, or leave the key out", "the command of role %q has no program", role.Name)
	}
	return words
}

func (r *resolver) variables(at string, role *Role) map[string]string {
	if len(role.Env)+len(r.f.Defaults.Env) == 0 {
		return nil
	}
	vars := map[string]string{}
	for path, env := range map[string]map[string]string{"defaults.env": r.f.Defaults.Env, at + ".env": role.Env} {
		for _, name := range slices.Sorted(maps.Keys(env)) {
			if _, own := role.Env[name]; own && path == "defaults.env" {
				continue
			}
			vars[name] = r.expand(path+"."+name, env[name])
		}
	}
	return vars
}

func (r *resolver) dir(path, dir string) string {
	before := len(r.list)
	full := r.absolute(path, r.env.Base, dir)
	if len(r.list) > before || r.env.Exists(full) {
		return full
	}
	hint := "make it, or correct the path"
	if near := Suggest(filepath.Base(full), r.env.Dirs(filepath.Dir(full))); near != "" {
		hint = fmt.Sprintf("did you mean %q?", filepath.Join(filepath.Dir(full), near))
	}
	r.bad(path, hint, "no directory %s", full)
	return full
}

func (r *resolver) promptFile(path, file string) string {
	before := len(r.list)
	full := r.absolute(path, r.env.Files, file)
	if len(r.list) > before {
		return ""
	}
	data, err := r.env.ReadFile(full)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.bad(path, "write it, or correct the path", "no prompt file %s", full)
	case err != nil:
		r.bad(path, "", "reading the prompt file: %v", err)
	case len(data) > MaxPrompt:
		r.bad(path, "shorten it, or let it name a file to read", "the prompt file %s has %d bytes, at most %d will do", full, len(data), MaxPrompt)
	case !utf8.Valid(data) || slices.Contains(data, 0):
		r.bad(path, "", "the prompt file %s is not text in UTF-8", full)
	}
	return strings.TrimRight(string(data), "\n")
}

// absolute expands a path and makes it absolute.
func (r *resolver) absolute(at, base, path string) string {
	path = r.expand(at, r.tilde(at, path))
	if !filepath.IsAbs(path) {
		path = filepath.Join(base, path)
	}
	return filepath.Clean(path)
}

// tilde expands a leading ~ or ~/.
func (r *resolver) tilde(at, s string) string {
	if s != "~" && !strings.HasPrefix(s, "~/") {
		return s
	}
	if r.env.Home == "" {
		r.bad(at, "set HOME, or write the whole path", "%s cannot be expanded: there is no home directory", s)
		return s
	}
	return r.env.Home + s[1:]
}

// expand replaces ${VAR} and ${VAR:-default}. An empty variable counts as unset, as :- has it.
func (r *resolver) expand(at, s string) string {
	var b strings.Builder
	for {
		i := strings.Index(s, "${")
		if i < 0 {
			return b.String() + s
		}
		if i > 0 && s[i-1] == '$' {
			b.WriteString(s[:i-1] + "${")
			s = s[i+2:]
			continue
		}
		b.WriteString(s[:i])
		inner, rest, closed := strings.Cut(s[i+2:], "}")
		if !closed {
			r.bad(at, "write $${ for a literal ${", "%q has no closing brace", clip(s[i:], 40))
			return b.String()
		}
		name, def, hasDefault := strings.Cut(inner, ":-")
		value := ""
		if isEnvName(name) {
			value = r.env.Getenv(name)
		}
		switch {
		case !isEnvName(name):
			r.bad(at, "only ${NAME} and ${NAME:-default} are expanded; write $${ for a literal ${", "cannot expand ${%s}", clip(inner, 40))
		case value == "" && !hasDefault:
			r.bad(at, fmt.Sprintf("set it, or write ${%s:-something}", name), "the variable %s is not set", name)
		case value == "":
			value = def
		}
		b.WriteString(value)
		s = rest
	}
}

// rules returns the parts about what agents may do and say, with the names of roles expanded and limits filled in.
func (f *File) rules() ([]Approval, []Flow, Limits) {
	approvals := slices.Clone(f.Approvals)
	for i := range approvals {
		approvals[i].Roles = f.expand(approvals[i].Roles)
		approvals[i].Commands = slices.Clone(approvals[i].Commands)
	}
	flows := slices.Clone(f.Flows)
	for i := range flows {
		fl := &flows[i]
		fl.When.From, fl.When.To, fl.When.Role = f.expand(fl.When.From), f.expand(fl.When.To), f.expand(fl.When.Role)
		fl.Notify = f.expand(fl.Notify)
		if fl.Send != nil {
			fl.Send = &Send{To: f.expand(fl.Send.To), Text: fl.Send.Text}
		}
	}
	limits := f.Limits
	if limits.Hops == 0 {
		limits.Hops = defaultLimits.Hops
	}
	if limits.Pair == (Rate{}) {
		limits.Pair = defaultLimits.Pair
	}
	return approvals, flows, limits
}

// orElse returns the first of values that is not empty.
func orElse(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

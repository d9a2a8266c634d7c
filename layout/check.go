package layout

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template"
)

// The words that may stand in a layout, in the order in which hints name them.
var (
	arranges = []string{ArrangeWindows, ArrangePanes, ArrangeSessions}
	restarts = []string{RestartNever, RestartOnFailure, RestartAlways}
	answers  = []string{AnswerAllow, AnswerDeny, AnswerAsk}
	waitings = []string{"permission", "plan", "question", "trust", "login", "other"}
	states   = []string{"starting", "idle", "busy", "waiting", "dead", "unknown"}
	tags     = []string{"TASK", "DONE", "BLOCKED", "QUESTION", "ANSWER", "STATUS"}
)

// checker checks one file.
type checker struct {
	*problems
	f *File
}

// where returns the place of a path, or of what holds it when the path itself was not written.
func (f *File) where(path string) pos {
	for {
		if at, ok := f.at[path]; ok {
			return at
		}
		if at, ok := f.at[path+"."]; ok {
			return at
		}
		i := strings.LastIndexByte(path, '.')
		if i < 0 {
			return pos{1, 1}
		}
		path = path[:i]
	}
}

func (c *checker) bad(path, hint, format string, args ...any) {
	c.add(c.f.where(path), hint, format, args...)
}

// checkValues judges each value alone.
func (f *File) checkValues(p *problems) {
	c := &checker{p, f}
	if _, given := f.at["version"]; !given {
		c.bad("version", "begin the file with version: 1", "the layout has no version")
	} else if f.Version != Version && !c.reported("version") {
		c.bad("version", "this isesh knows version 1: a newer one may know this", "unknown version %d", f.Version)
	}
	if _, given := f.at["name"]; given && f.Name != "" {
		c.name("name", f.Name)
	}
	c.oneOf("arrange", "arrange", f.Arrange, arranges)
	c.oneOf("defaults.restart", "restart", f.Defaults.Restart, restarts)
	c.env("defaults.env", f.Defaults.Env)
	for i := range f.Roles {
		c.role(&f.Roles[i])
	}
	for i, a := range f.Approvals {
		c.approval(fmt.Sprintf("approvals.%d", i), a)
	}
	for i, fl := range f.Flows {
		at := fmt.Sprintf("flows.%d", i)
		c.oneOf(at+".when.tag", "tag", fl.When.Tag, tags)
		c.oneOf(at+".when.state", "state", fl.When.State, states)
		if fl.Send != nil && fl.Send.Text != "" {
			if _, err := template.New("text").Parse(fl.Send.Text); err != nil {
				c.bad(at+".send.text", "what stands in {{ }} is a Go template: {{.Text}} is the message", "bad template: %s",
					strings.TrimPrefix(err.Error(), "template: "))
			}
		}
	}
	if _, given := f.at["limits.hops"]; given && f.Limits.Hops < 1 && !c.reported("limits.hops") {
		c.bad("limits.hops", "1 or more; leave it out for 8", "hops is %d", f.Limits.Hops)
	}
}

// reported tells whether something was said of the value already, as that it is no number.
func (c *checker) reported(path string) bool {
	at := c.f.where(path)
	return slices.ContainsFunc(c.list, func(e *Error) bool { return e.Line == at.line && e.Col == at.col })
}

func (c *checker) role(r *Role) {
	at := "roles." + r.Name
	if msg, hint := nameProblem(r.Name); msg != "" {
		c.add(c.f.where(at+"."), hint, "role: %s", msg)
	}
	c.oneOf(at+".restart", "restart", r.Restart, restarts)
	c.env(at+".env", r.Env)
	for i, k := range r.LeadMay {
		c.oneOf(fmt.Sprintf("%s.lead_may.%d", at, i), "lead_may", k, waitings)
	}
	if _, given := c.f.at[at+".replicas"]; given && (r.Replicas < 1 || r.Replicas > MaxReplicas) && !c.reported(at+".replicas") {
		c.bad(at+".replicas", fmt.Sprintf("1 to %d", MaxReplicas), "role %q has %d replicas", r.Name, r.Replicas)
	}
	if len(r.Task) > MaxTask {
		c.bad(at+".task", "put it into a file and let the task name the file", "the task of role %q has %d bytes, at most %d will do", r.Name, len(r.Task), MaxTask)
	}
	if len(r.Prompt) > MaxPrompt {
		c.bad(at+".prompt", "shorten it, or let it name a file to read", "the prompt of role %q has %d bytes, at most %d will do", r.Name, len(r.Prompt), MaxPrompt)
	}
	if r.Prompt != "" && r.PromptFile != "" {
		c.bad(at+".prompt_file", "keep one of the two", "role %q has a prompt and a prompt_file", r.Name)
	}
}

func (c *checker) approval(at string, a Approval) {
	if a.Answer == "" {
		c.bad(at, "add answer: "+strings.Join(answers, ", answer: "), "an approval without an answer")
	}
	c.oneOf(at+".answer", "answer", a.Answer, answers)
	if len(a.Commands) == 0 {
		c.bad(at, `name them, as commands: ["go test ./..."]`, "an approval without commands")
	}
	for i, cmd := range a.Commands {
		if strings.TrimSpace(cmd) == "" {
			c.bad(fmt.Sprintf("%s.commands.%d", at, i), "name the command", "an empty command")
		}
	}
}

func (c *checker) name(path, name string) {
	if msg, hint := nameProblem(name); msg != "" {
		c.bad(path, hint, "%s", msg)
	}
}

// oneOf refuses a value that is not among those known; an empty one was not given.
func (c *checker) oneOf(path, key, value string, known []string) {
	if value == "" || slices.Contains(known, value) {
		return
	}
	c.bad(path, didYouMean(value, known), "unknown %s %q", key, value)
}

// didYouMean is a hint: the nearest of the known words, or all of them.
func didYouMean(word string, known []string) string {
	for _, k := range known {
		if strings.EqualFold(strings.ReplaceAll(word, "_", "-"), k) {
			return fmt.Sprintf("did you mean %q?", k)
		}
	}
	if near := Suggest(word, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	if len(known) == 0 {
		return ""
	}
	return "known: " + strings.Join(known, ", ")
}

// isEnvName tells whether a shell could use name as a variable.
func isEnvName(name string) bool {
	for i, r := range name {
		if r != '_' && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return name != ""
}

func (c *checker) env(path string, env map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(env)) {
		at := path + "." + name
		switch {
		case !isEnvName(name):
			c.bad(at, "letters, digits and underscores, not beginning with a digit", "bad name of a variable %q", name)
		case name == "TMUX" || name == "TMUX_PANE" || strings.HasPrefix(name, "ISESH_"):
			c.bad(at, "leave it out", "%s cannot be set: it tells a role who it is", name)
		}
	}
}

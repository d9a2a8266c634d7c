// Package layout says what a team should look like: the YAML file that describes it, how that file is found, parsed and checked, and the
// pure plan of tmux commands that makes the team.
//
// The way through it is
//
//	data, path, err := layout.Find("trio", dirs, layouts.FS) // a path, or the name of a layout
//	file, err := layout.Parse(path, data)                    // syntax and schema; every mistake with its line
//	team, err := file.Resolve(env, layout.Override{})        // replicas, defaults, directories, variables; what `isesh layout show` prints
//	plans := team.Plan(layout.PlanOptions{Prefix: "isesh-", Launch: launch})
//
// Nothing here runs tmux, prints, or keeps state. Errors about a file are of type Errors, one entry a mistake.
package layout

import "time"

// Version is the only value of a layout's version key.
const Version = 1

// Limits on what a layout may hold.
const (
	MaxFile     = 1 << 20  // bytes of a layout file
	MaxTask     = 64 << 10 // bytes of an opening task: it is typed into the agent
	MaxPrompt   = 96 << 10 // bytes of a prompt: it may become one argument of a program, and Linux ends those at 128 KiB
	MaxReplicas = 50       // of one role
	MaxRoles    = 50       // of a team, replicas counted: what one session was measured with
)

// How the roles of a team are laid out in tmux.
const (
	ArrangeWindows  = "windows"  // one session, a window per role
	ArrangePanes    = "panes"    // one session, one window, a tiled pane per role
	ArrangeSessions = "sessions" // a session per role
)

// When a role's program is started again after it has ended.
const (
	RestartNever     = "never"
	RestartOnFailure = "on-failure" // the exit status was not 0, or a signal ended it
	RestartAlways    = "always"
)

// The answers an approval rule can give.
const (
	AnswerAllow = "allow"
	AnswerDeny  = "deny"
	AnswerAsk   = "ask" // leave it to a person, or to the lead
)

// File is a layout file as it was written: nothing expanded, nothing filled in. Get one from Parse.
type File struct {
	Version   int        `yaml:"version" json:"version"`
	Name      string     `yaml:"name" json:"name,omitempty"`
	Arrange   string     `yaml:"arrange" json:"arrange,omitempty"`
	Defaults  Defaults   `yaml:"defaults" json:"defaults"`
	Roles     []Role     `yaml:"roles" json:"roles"` // in file order, which is window order
	Approvals []Approval `yaml:"approvals" json:"approvals,omitempty"`
	Flows     []Flow     `yaml:"flows" json:"flows,omitempty"`
	Limits    Limits     `yaml:"limits" json:"limits"`

	path string         // for errors
	at   map[string]pos // where each key's value stands, by path: "roles.dev.dir"
}

// Defaults hold for every role that does not say otherwise.
type Defaults struct {
	Agent   string            `yaml:"agent" json:"agent,omitempty"`
	Dir     string            `yaml:"dir" json:"dir,omitempty"`
	Env     map[string]string `yaml:"env" json:"env,omitempty"` // a role's own variables win, one by one
	Restart string            `yaml:"restart" json:"restart,omitempty"`
}

// Role is one entry of the roles key.
type Role struct {
	Name       string            `yaml:"-" json:"name"`
	Line       int               `yaml:"-" json:"line"` // where its name stands
	Agent      string            `yaml:"agent" json:"agent,omitempty"`
	Command    string            `yaml:"command" json:"command,omitempty"`
	Dir        string            `yaml:"dir" json:"dir,omitempty"`
	Env        map[string]string `yaml:"env" json:"env,omitempty"`
	Prompt     string            `yaml:"prompt" json:"prompt,omitempty"`
	PromptFile string            `yaml:"prompt_file" json:"prompt_file,omitempty"`
	Task       string            `yaml:"task" json:"task,omitempty"`
	After      []string          `yaml:"after" json:"after,omitempty"`
	Lead       bool              `yaml:"lead" json:"lead,omitempty"`
	LeadMay    []string          `yaml:"lead_may" json:"lead_may,omitempty"`
	Replicas   int               `yaml:"replicas" json:"replicas,omitempty"` // 0: not given, one role under its own name
	Restart    string            `yaml:"restart" json:"restart,omitempty"`
}

// Approval answers permission menus that match it. The first match wins.
type Approval struct {
	Roles    []string `yaml:"roles,omitempty,flow" json:"roles,omitempty"` // empty: every role
	Commands []string `yaml:"commands,omitempty,flow" json:"commands,omitempty"`
	Answer   string   `yaml:"answer" json:"answer"`
	Shadow   bool     `yaml:"shadow,omitempty" json:"shadow,omitempty"` // only log what would be done
}

// Flow is a rule: when this is said or seen, do that.
type Flow struct {
	When   When     `yaml:"when" json:"when"`
	Send   *Send    `yaml:"send,omitempty" json:"send,omitempty"`
	Notify []string `yaml:"notify,omitempty,flow" json:"notify,omitempty"` // roles, lead or user
}

// When is what sets a flow off: a message (From, To, Tag) or a state (Role, State, For), never both.
type When struct {
	From  []string `yaml:"from,omitempty,flow" json:"from,omitempty"` // roles, lead or user
	To    []string `yaml:"to,omitempty,flow" json:"to,omitempty"`     // roles, lead or user
	Tag   string   `yaml:"tag,omitempty" json:"tag,omitempty"`
	Role  []string `yaml:"role,omitempty,flow" json:"role,omitempty"` // roles or lead
	State string   `yaml:"state,omitempty" json:"state,omitempty"`
	For   Duration `yaml:"for,omitempty" json:"for,omitzero"` // the state has lasted this long
}

// Send is the message that a flow sends.
type Send struct {
	To   []string `yaml:"to,flow" json:"to"` // roles, lead, user or all
	Text string   `yaml:"text" json:"text"`  // a text/template
}

// Limits keep agents from talking each other into the ground.
type Limits struct {
	Hops int  `yaml:"hops,omitempty" json:"hops,omitempty"` // how many automatic messages may follow from one that a person sent; 0: not given
	Pair Rate `yaml:"pair,omitempty" json:"pair,omitzero"`  // messages between the same two roles
}

// Team is a layout resolved for one caller: what `isesh layout show` prints and what `isesh start` hands to the supervisor. Every value
// is final: directories are absolute, variables and replicas are expanded, names in rules are names of Roles.
type Team struct {
	Name      string         `yaml:"name" json:"name"`                     // "" for a single role that belongs to no team
	File      string         `yaml:"file,omitempty" json:"file,omitempty"` // where it came from, for people
	Dir       string         `yaml:"dir" json:"dir"`                       // the project's directory
	Arrange   string         `yaml:"arrange" json:"arrange"`
	Roles     []ResolvedRole `yaml:"roles" json:"roles"` // window order
	Approvals []Approval     `yaml:"approvals,omitempty" json:"approvals,omitempty"`
	Flows     []Flow         `yaml:"flows,omitempty" json:"flows,omitempty"`
	Limits    Limits         `yaml:"limits" json:"limits"`
}

// ResolvedRole is one role of a Team.
type ResolvedRole struct {
	Name    string            `yaml:"name" json:"name"`
	Agent   string            `yaml:"agent,omitempty" json:"agent,omitempty"`      // profile; "": to be recognised from Argv
	Argv    []string          `yaml:"argv,omitempty,flow" json:"argv,omitempty"`   // empty: the profile's own command
	Dir     string            `yaml:"dir" json:"dir"`                              // absolute
	Env     map[string]string `yaml:"env,omitempty" json:"env,omitempty"`          // on top of what the role gets anyway
	Prompt  string            `yaml:"prompt,omitempty" json:"prompt,omitempty"`    // its briefing
	Task    string            `yaml:"task,omitempty" json:"task,omitempty"`        // its first message
	After   []string          `yaml:"after,omitempty,flow" json:"after,omitempty"` // roles to be ready before this one starts
	Lead    bool              `yaml:"lead,omitempty" json:"lead,omitempty"`
	LeadMay []string          `yaml:"lead_may,omitempty,flow" json:"lead_may,omitempty"` // kinds of waiting that the lead may answer
	Restart string            `yaml:"restart" json:"restart"`
}

// Role returns the role called name, or nil.
func (t *Team) Role(name string) *ResolvedRole {
	for i := range t.Roles {
		if t.Roles[i].Name == name {
			return &t.Roles[i]
		}
	}
	return nil
}

// Lead returns the name of the role that leads the team, "" when none does.
func (t *Team) Lead() string {
	for _, r := range t.Roles {
		if r.Lead {
			return r.Name
		}
	}
	return ""
}

// Order returns the names of the roles in an order in which they can be started: each after those it waits for, otherwise in window
// order.
func (t *Team) Order() []string {
	done := make(map[string]bool, len(t.Roles))
	order := make([]string, 0, len(t.Roles))
	for len(order) < len(t.Roles) {
		before := len(order)
		for _, r := range t.Roles {
			if done[r.Name] || !allDone(done, r.After) {
				continue
			}
			done[r.Name] = true
			order = append(order, r.Name)
		}
		if len(order) == before { // a cycle, which Resolve refuses: a Team from elsewhere still gets every role
			for _, r := range t.Roles {
				if !done[r.Name] {
					order = append(order, r.Name)
				}
			}
			break
		}
	}
	return order
}

func allDone(done map[string]bool, names []string) bool {
	for _, n := range names {
		if !done[n] {
			return false
		}
	}
	return true
}

// Duration is a time.Duration written as Go writes it: 30s, 5m.
type Duration time.Duration

// String returns the duration as it is written in a layout.
func (d Duration) String() string { return shortDuration(time.Duration(d)) }

// MarshalText writes the duration as String does.
func (d Duration) MarshalText() ([]byte, error) {
	if d == 0 {
		return nil, nil
	}
	return []byte(d.String()), nil
}

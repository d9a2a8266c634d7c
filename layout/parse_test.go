package layout

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"
)

// full holds every key there is.
const full = `# yaml-language-server: $schema=isesh.schema.json
# A shop.
version: 1
name: shop
arrange: panes
defaults: {agent: claude, restart: on-failure, dir: ., env: {LANG: C}}
roles:
  gestor: {lead: true, prompt_file: prompts/gestor.md}
  dev:
    agent: codex
    command: codex --model "o 3"
    dir: ./backend
    env: {CI: "1", N: 3, EMPTY: }
    prompt: You write.
    task: "STATUS: read"
    lead_may: [question, plan]
    restart: always
  worker:
    replicas: 3
    after: dev
  reviewer:
    after: [dev, worker, worker-2]
approvals:
  - {roles: [dev, worker], commands: ["go test ./..."], answer: allow, shadow: true}
flows:
  - {when: {from: dev, to: [gestor, user], tag: DONE}, send: {to: reviewer, text: "TASK: review {{.Text}}"}}
  - when: {role: worker, state: waiting, for: 30s}
    notify: lead
limits: {hops: 4, pair: 20/10m}
`

func TestParse(t *testing.T) {
	is := is.New(t)
	f, err := Parse("shop.yaml", []byte(full))
	is.NoErr(err)
	is.Equal(f.Name, "shop")
	is.Equal(f.Arrange, ArrangePanes)
	var names []string
	for _, r := range f.Roles {
		names = append(names, r.Name)
	}
	is.Equal(names, []string{"gestor", "dev", "worker", "reviewer"}) // file order
	dev := f.Roles[1]
	is.Equal(dev.Line, 9)
	is.Equal(dev.Command, `codex --model "o 3"`)
	is.Equal(dev.Env, map[string]string{"CI": "1", "N": "3", "EMPTY": ""}) // numbers are common in environments
	is.Equal(f.Roles[2].After, []string{"dev"})                            // a single name is a list of one
	is.Equal(f.Roles[2].Replicas, 3)
	is.Equal(f.Flows[1].When.For, Duration(30*time.Second))
	is.Equal(f.Limits, Limits{Hops: 4, Pair: Rate{20, 10 * time.Minute}})
}

func TestParseMistakes(t *testing.T) {
	const ok = "version: 1\nroles: {dev: {agent: claude}}\n"
	tests := []struct {
		name string
		in   string
		want string // lines; the file's name left out
	}{
		// YAML itself
		{"empty", "", `:1:1: the layout is empty (isesh init writes one to start from)`},
		{"only a comment", "# nothing\n", `:1:1: the layout is empty (isesh init writes one to start from)`},
		{"null", "---\n~\n", `:1:1: the layout is empty (isesh init writes one to start from)`},
		{"a list", "- a\n", `:1:1: a layout is a mapping, not a list (begin with version: 1)`},
		{"a tab", "version: 1\nroles:\n\tdev: {}\n", `:3: not YAML: found character that cannot start any token (indent with spaces, not tabs, and put text with special characters in quotes)`},
		{"a stray colon", "version: 1\nroles:\n  dev:\n    task: STATUS: read\n", `:4: not YAML: mapping values are not allowed in this context (put text that holds a colon in quotes)`},
		{"two documents", ok + "---\nversion: 1\n", `:3:1: a second document; a layout is one (put it into a file of its own)`},
		{"a broken second document", ok + "---\n\t\n", `:4: not YAML: found character that cannot start any token (indent with spaces, not tabs, and put text with special characters in quotes)`},

		// keys
		{"no version", "roles: {dev: }\n", `:1:1: the layout has no version (begin the file with version: 1)`},
		{"version 2", "version: 2\nroles: {dev: }\n", `:1:10: unknown version 2 (this isesh knows version 1: a newer one may know this)`},
		{"version zero", "version: 0\nroles: {dev: }\n", `:1:10: unknown version 0 (this isesh knows version 1: a newer one may know this)`},
		{"version as text", "version: \"1\"\nroles: {dev: }\n", `:1:10: "version" must be a whole number, not the text "1"`},
		{"misspelt key", ok + "aproval: []\n", `:3:1: unknown key "aproval" in the layout (did you mean "approvals"?)`},
		{"key from elsewhere", "version: 1\nroles:\n  dev:\n    depends_on: [x]\n", `:4:5: unknown key "depends_on" in role "dev" (did you mean "after"?)`},
		{"dashed key", "version: 1\nroles:\n  dev:\n    prompt-file: x\n", `:4:5: unknown key "prompt-file" in role "dev" (did you mean "prompt_file"?)`},
		{"unknown key", ok + "limits: {speed: 3}\n", `:3:10: unknown key "speed" in limits (known keys: hops, pair)`},
		{"unknown key in a list", ok + "flows:\n  - {whenn: {from: dev}}\n", `:4:6: unknown key "whenn" in flows, entry 1 (did you mean "when"?)`},
		{"merge key", "version: 1\ndefaults: &d {agent: claude}\nroles:\n  dev: {<<: *d}\n", `:4:9: merge keys are not understood (write the keys out, or put what is common under defaults)`},
		{"duplicate key", ok + "name: a\nname: b\n", `:4:1: "name" comes twice in the layout, first on line 3 (keep one of the two)`},
		{"duplicate role", "version: 1\nroles:\n  dev: {}\n  dev: {}\n", `:4:3: "dev" comes twice in roles, first on line 3 (keep one of the two)`},
		{"a key that is a list", "version: 1\nroles:\n  [a, b]: {}\n", `:3:3: a key in roles must be plain text, not a list`},

		// types
		{"role as text", "version: 1\nroles: {dev: claude}\n", `:2:14: role "dev" must be a mapping of keys to values, not the text "claude"`},
		{"roles as list", "version: 1\nroles:\n  - name: dev\n", `:3:3: "roles" must be a mapping of names to roles, not a list (write "dev:" and its keys below it, indented, without a dash)`},
		{"lead as text", "version: 1\nroles:\n  dev: {lead: \"yes\"}\n", `:3:15: "lead" must be true or false, not the text "yes"`},
		{"name as number", ok + "name: 12\n", `:3:7: "name" must be text, not the number 12 (put it in quotes: "12")`},
		{"prompt as list", "version: 1\nroles:\n  dev: {prompt: [a]}\n", `:3:17: "prompt" must be text, not a list`},
		{"after as mapping", "version: 1\nroles:\n  a: {after: {b: c}}\n", `:3:14: "after" must be a list of texts, not a mapping`},
		{"a number in a list", "version: 1\nroles:\n  a: {after: [1]}\n", `:3:15: "after" must be text, not the number 1 (put it in quotes: "1")`},
		{"approvals as mapping", ok + "approvals: {answer: allow}\n", `:3:12: "approvals" must be a list, not a mapping (begin each entry with a dash)`},
		{"env as list", "version: 1\nroles:\n  dev:\n    env: [A=1]\n", `:4:10: "env" must be a mapping of keys to values, not a list`},
		{"env with a list", "version: 1\nroles:\n  dev:\n    env: {A: [1]}\n", `:4:14: env "A" must be text, not a list`},
		{"NUL", "version: 1\nroles:\n  dev: {prompt: \"a\\0b\"}\n", `:3:17: "prompt" holds a NUL byte (no program can be given one)`},
		{"fraction", "version: 1\nroles:\n  dev: {replicas: 1.5}\n", `:3:19: "replicas" must be a whole number, not the number 1.5`},
		{"huge number", "version: 1\nroles:\n  dev: {replicas: 99999999999999999999}\n", `:3:19: "replicas" must be a whole number, not the number 99999999999999999999`},

		// values
		{"no roles", "version: 1\n", `:1:1: the layout has no roles (add one: "roles: {dev: {agent: claude}}")`},
		{"roles empty", "version: 1\nroles:\n", `:2:1: the layout has no roles (add one: "roles: {dev: {agent: claude}}")`},
		{"reserved role", "version: 1\nroles:\n  user: {}\n", `:3:3: role: "user" is reserved: it means the person at the terminal (choose another name)`},
		{"capital role", "version: 1\nroles:\n  Dev One: {}\n", `:3:3: role: bad name "Dev One" (lower-case letters, digits and dashes, not beginning with a dash: "dev-one" would do)`},
		{"dashing role", "version: 1\nroles:\n  -x: {}\n", `:3:3: role: bad name "-x" (lower-case letters, digits and dashes, not beginning with a dash: "x" would do)`},
		{"role with a newline", "version: 1\nroles:\n  \"dev\\n\": {}\n", `:3:3: role: bad name "dev\n" (lower-case letters, digits and dashes, not beginning with a dash: "dev" would do)`},
		{"nameless role", "version: 1\nroles:\n  \"\": {}\n", `:3:3: role: bad name "" (lower-case letters, digits and dashes, not beginning with a dash)`},
		{"long role", "version: 1\nroles:\n  " + strings.Repeat("a", 41) + ": {}\n", `:3:3: role: the name "` + strings.Repeat("a", 40) + `..." has 41 letters, at most 40 will do (shorten it)`},
		{"bad team name", ok + "name: My Shop\n", `:3:7: bad name "My Shop" (lower-case letters, digits and dashes, not beginning with a dash: "my-shop" would do)`},
		{"arrange", ok + "arrange: window\n", `:3:10: unknown arrange "window" (did you mean "windows"?)`},
		{"restart", "version: 1\nroles:\n  dev: {restart: on_failure}\n", `:3:18: unknown restart "on_failure" (did you mean "on-failure"?)`},
		{"default restart", ok + "defaults: {restart: maybe}\n", `:3:21: unknown restart "maybe" (known: never, on-failure, always)`},
		{"lead_may", "version: 1\nroles:\n  dev: {lead: true, lead_may: [plan, questions]}\n", `:3:38: unknown lead_may "questions" (did you mean "question"?)`},
		{"no replicas", "version: 1\nroles:\n  dev: {replicas: 0}\n", `:3:19: role "dev" has 0 replicas (1 to 50)`},
		{"minus replicas", "version: 1\nroles:\n  dev: {replicas: -2}\n", `:3:19: role "dev" has -2 replicas (1 to 50)`},
		{"many replicas", "version: 1\nroles:\n  dev: {replicas: 1000000000}\n", `:3:19: role "dev" has 1000000000 replicas (1 to 50)`},
		{"prompt twice", "version: 1\nroles:\n  dev: {prompt: a, prompt_file: b}\n", `:3:33: role "dev" has a prompt and a prompt_file (keep one of the two)`},
		{"bad variable", "version: 1\nroles:\n  dev: {env: {A-B: 1}}\n", `:3:20: bad name of a variable "A-B" (letters, digits and underscores, not beginning with a digit)`},
		{"our variable", ok + "defaults: {env: {ISESH_ROLE: x}}\n", `:3:30: ISESH_ROLE cannot be set: it tells a role who it is (leave it out)`},
		{"tmux variable", "version: 1\nroles:\n  dev: {env: {TMUX_PANE: \"%1\"}}\n", `:3:26: TMUX_PANE cannot be set: it tells a role who it is (leave it out)`},

		// relations
		{"two leads", "version: 1\nroles:\n  a: {lead: true}\n  b: {lead: true}\n", `:4:13: a second lead: "a" leads already (line 3) (keep one)`},
		{"many leads", "version: 1\nroles:\n  a: {lead: true, replicas: 2}\n", `:3:13: role "a" has 2 replicas, and a team has one lead (leave out replicas)`},
		{"no lead", "version: 1\nroles:\n  a: {lead_may: plan}\n", `:3:17: role "a" says what the lead may answer, and there is no lead (mark one role with lead: true)`},
		{"after nobody", "version: 1\nroles:\n  dev: {}\n  rev: {after: [dve]}\n", `:4:17: no role "dve" in this layout (did you mean "dev"?)`},
		{"after a missing replica", "version: 1\nroles:\n  w: {replicas: 2}\n  rev: {after: [w-3]}\n", `:4:17: no role "w-3" in this layout (did you mean "w-1"?)`},
		{"after user", "version: 1\nroles:\n  dev: {after: user}\n", `:3:16: "user" (the person at the terminal) cannot stand here (name a role: dev)`},
		{"after itself", "version: 1\nroles:\n  dev: {after: [dev]}\n", `:3:16: role "dev" waits for itself (take it out of its own after)`},
		{"after each other", "version: 1\nroles:\n  a: {after: [c]}\n  b: {after: [a]}\n  c: {after: [b]}\n", `:3:14: roles wait for each other: a after c after b after a (take one of them out)`},
		{"replica after replica", "version: 1\nroles:\n  w: {replicas: 2, after: [w-1]}\n", `:3:27: role "w-1" waits for itself (take it out of its own after)`},
		{"replica meets role", "version: 1\nroles:\n  w-2: {}\n  w: {replicas: 3}\n", `:4:3: role "w" makes a second "w-2": the role on line 3 makes one, too (rename one of the two)`},
		{"replica too long", "version: 1\nroles:\n  " + strings.Repeat("a", 39) + ": {replicas: 1}\n", `:3:3: with its number the name "` + strings.Repeat("a", 39) + `-1" has 41 letters, at most 40 will do (shorten it)`},
		{"too many roles", "version: 1\nroles:\n  a: {replicas: 30}\n  b: {replicas: 30}\n", `:3:3: the team has 60 roles, at most 50 will do (make two teams of it)`},

		// rules
		{"approval for nobody", ok + "approvals:\n  - {roles: [dv], commands: [ls], answer: allow}\n", `:4:14: no role "dv" in this layout (did you mean "dev"?)`},
		{"approval without answer", ok + "approvals:\n  - {commands: [ls]}\n", `:4:5: an approval without an answer (add answer: allow, answer: deny, answer: ask)`},
		{"approval with another answer", ok + "approvals:\n  - {commands: [ls], answer: alow}\n", `:4:30: unknown answer "alow" (did you mean "allow"?)`},
		{"approval of everything", ok + "approvals:\n  - {answer: allow}\n", `:4:5: an approval without commands (name them, as commands: ["go test ./..."])`},
		{"approval of nothing", ok + "approvals:\n  - {answer: allow, commands: [\" \"]}\n", `:4:32: an empty command (name the command)`},
		{"flow of nothing", ok + "flows:\n  - {}\n", ":4:5: a flow without a when (as when: {from: dev, tag: DONE}, or when: {role: dev, state: waiting})\n" +
			`:4:5: a flow that does nothing (add send: {to: ..., text: ...} or notify: lead)`},
		{"flow of both", ok + "flows:\n  - {when: {from: dev, state: idle}, notify: user}\n", `:4:12: a flow is set off by a message (from, to, tag) or by a state (role, state, for), not by both (make two flows of it)`},
		{"flow without state", ok + "flows:\n  - {when: {role: dev, for: 3s}, notify: user}\n", `:4:12: a flow that watches a role needs a state (add state: starting or idle or busy or waiting or dead or unknown)`},
		{"flow with another state", ok + "flows:\n  - {when: {role: dev, state: waitng}, notify: user}\n", `:4:31: unknown state "waitng" (did you mean "waiting"?)`},
		{"flow with another tag", ok + "flows:\n  - {when: {tag: done}, notify: user}\n", `:4:18: unknown tag "done" (did you mean "DONE"?)`},
		{"flow to nobody", ok + "flows:\n  - {when: {tag: DONE}, send: {text: x}}\n", `:4:31: a send to nobody (add to: and the role)`},
		{"flow without text", ok + "flows:\n  - {when: {tag: DONE}, send: {to: dev}}\n", `:4:31: a send without text (add text: and what to say)`},
		{"flow to a stranger", ok + "flows:\n  - {when: {from: dec}, send: {to: al, text: x}}\n", ":4:19: no role \"dec\" in this layout (did you mean \"dev\"?)\n" +
			`:4:36: no role "al" in this layout (did you mean "all"?)`},
		{"flow without lead", ok + "flows:\n  - {when: {from: dev}, notify: lead}\n", `:4:33: the flow names the lead, and there is none (mark one role with lead: true)`},
		{"bad template", ok + "flows:\n  - {when: {from: dev}, send: {to: dev, text: \"{{.Text\"}}\n", `:4:47: bad template: text:1: unclosed action (what stands in {{ }} is a Go template: {{.Text}} is the message)`},
		{"bad duration", ok + "flows:\n  - {when: {state: idle, for: 30}, notify: user}\n", `:4:31: for: bad duration "30": write a number and a unit, as 30s, 5m or 1h`},
		{"bad rate", ok + "limits: {pair: 20 per minute}\n", `:3:16: pair: bad rate "20 per minute": write how many in how long, as 20/10m`},
		{"bad hops", ok + "limits: {hops: 0}\n", `:3:16: hops is 0 (1 or more; leave it out for 8)`},

		{"several at once", "version: 1\nnam: x\nroles:\n  all: {restart: no-no}\n  dev: {dirr: x}\n",
			":2:1: unknown key \"nam\" in the layout (did you mean \"name\"?)\n" +
				":4:3: role: \"all\" is reserved: it means every role of a team (choose another name)\n" +
				":4:18: unknown restart \"no-no\" (known: never, on-failure, always)\n" +
				`:5:9: unknown key "dirr" in role "dev" (did you mean "dir"?)`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			is := is.New(t)
			f, err := Parse("isesh.yaml", []byte(tt.in))
			is.True(f == nil)   // nothing to go on with
			is.True(err != nil) // a mistake that was not found
			is.Equal(strings.ReplaceAll(err.Error(), "isesh.yaml", ""), tt.want)
			var one *Error
			is.True(errors.As(err, &one))
			is.Equal(one.File, "isesh.yaml")
		})
	}
}

func TestParseSizes(t *testing.T) {
	is := is.New(t)
	long := func(key string, n int) string {
		return "version: 1\nroles:\n  dev:\n    " + key + ": " + strings.Repeat("x", n) + "\n"
	}
	_, err := Parse("f", []byte(long("task", MaxTask)))
	is.NoErr(err)
	_, err = Parse("f", []byte(long("task", MaxTask+1)))
	is.Equal(err.Error(), `f:4:11: the task of role "dev" has 65537 bytes, at most 65536 will do (put it into a file and let the task name the file)`)
	_, err = Parse("f", []byte(long("prompt", MaxPrompt+1)))
	is.Equal(err.Error(), `f:4:13: the prompt of role "dev" has 98305 bytes, at most 98304 will do (shorten it, or let it name a file to read)`)
	_, err = Parse("f", make([]byte, MaxFile+1))
	is.Equal(err.Error(), `f: the file has 1048577 bytes, at most 1048576 are read (put long prompts into files of their own (prompt_file))`)
}

func TestParseAlias(t *testing.T) {
	is := is.New(t)
	f, err := Parse("f", []byte("version: 1\nroles:\n  a: &a {agent: claude, prompt: x}\n  b: *a\n"))
	is.NoErr(err)
	is.Equal(f.Roles[1].Prompt, "x")
	is.Equal(f.Roles[1].Name, "b")
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(full))
	f.Add(Starter())
	f.Add([]byte("version: 1\nroles: {a: &a {after: [b]}, b: *a, c: {replicas: -9}}\n"))
	f.Add([]byte("a: &a [*a]\n"))
	f.Add([]byte("? {a: b}\n: c\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse("f", data)
		var es Errors
		if err != nil && (!errors.As(err, &es) || len(es) == 0) {
			t.Fatalf("not Errors: %v", err)
		}
		if err == nil {
			_, _ = file.Resolve(Env{Base: "/", Home: "/h", Exists: func(string) bool { return true },
				ReadFile: func(string) ([]byte, error) { return nil, nil }, Dirs: func(string) []string { return nil }}, Override{})
		}
	})
}

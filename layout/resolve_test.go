package layout

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/matryer/is"
	"gopkg.in/yaml.v3"
)

// world is an Env with nothing real in it: the directories /p, /p/backend and /h, one prompt file, and a few variables.
func world() Env {
	dirs := map[string]bool{"/p": true, "/p/backend": true, "/h": true, "/h/src": true}
	vars := map[string]string{"WHERE": "backend", "EMPTY": "", "SPACED": "two words", "TILDE": "~/src"}
	files := map[string]string{"/p/prompts/gestor.md": "You lead.\n\n", "/p/binary": "a\x00b", "/p/latin": "\xe9", "/f/own.md": "Own."}
	return Env{
		Home: "/h", Base: "/p",
		Getenv:   func(name string) string { return vars[name] },
		Profiles: []string{"claude", "codex", "scripted"},
		Exists:   func(dir string) bool { return dirs[dir] },
		Dirs:     func(string) []string { return []string{"backend", "docs"} },
		ReadFile: func(path string) ([]byte, error) {
			if text, ok := files[path]; ok {
				return []byte(text), nil
			}
			return nil, fs.ErrNotExist
		},
	}
}

func mustParse(t *testing.T, text string) *File {
	t.Helper()
	f, err := Parse("/p/isesh.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestResolve(t *testing.T) {
	is := is.New(t)
	team, err := mustParse(t, full).Resolve(world(), Override{})
	is.NoErr(err)
	is.Equal(team.Name, "shop")
	is.Equal(team.File, "/p/isesh.yaml")
	is.Equal(team.Dir, "/p")
	var names []string
	for _, r := range team.Roles {
		names = append(names, r.Name)
	}
	is.Equal(names, []string{"gestor", "dev", "worker-1", "worker-2", "worker-3", "reviewer"})
	is.Equal(team.Lead(), "gestor")
	is.Equal(*team.Role("gestor"), ResolvedRole{Name: "gestor", Agent: "claude", Dir: "/p", Env: map[string]string{"LANG": "C"},
		Prompt: "You lead.", Lead: true, Restart: RestartOnFailure})
	is.Equal(*team.Role("dev"), ResolvedRole{Name: "dev", Agent: "codex", Argv: []string{"codex", "--model", "o 3"}, Dir: "/p/backend",
		Env: map[string]string{"LANG": "C", "CI": "1", "N": "3", "EMPTY": ""}, Prompt: "You write.", Task: "STATUS: read",
		LeadMay: []string{"question", "plan"}, Restart: RestartAlways})
	is.Equal(team.Role("reviewer").After, []string{"dev", "worker-1", "worker-2", "worker-3"})
	is.Equal(team.Approvals[0].Roles, []string{"dev", "worker-1", "worker-2", "worker-3"})
	is.Equal(team.Flows[0].When.To, []string{"gestor", "user"})
	is.Equal(team.Flows[1].When.Role, []string{"worker-1", "worker-2", "worker-3"})
	is.Equal(team.Flows[1].Notify, []string{"lead"})
	is.Equal(team.Order(), []string{"gestor", "dev", "worker-1", "worker-2", "worker-3", "reviewer"})
	is.Equal(team.Role("worker"), nil)
}

func TestResolveDefaults(t *testing.T) {
	is := is.New(t)
	team, err := mustParse(t, "version: 1\nroles: {b: {agent: claude, after: a}, a: {command: cat}}\n").Resolve(world(), Override{})
	is.NoErr(err)
	is.Equal(team.Name, "p") // the directory's name
	is.Equal(team.Arrange, ArrangeWindows)
	is.Equal(team.Limits.Hops, 8)
	is.Equal(team.Limits.Pair.String(), "20/10m")
	is.Equal(team.Role("a").Restart, RestartNever)
	is.Equal(team.Role("a").Agent, "") // to be recognised from its command
	is.Equal(team.Order(), []string{"a", "b"})
	is.Equal(team.Lead(), "")
}

// What goes to the supervisor as JSON must come out as it went in.
func TestTeamRoundTrip(t *testing.T) {
	is := is.New(t)
	team, err := mustParse(t, full).Resolve(world(), Override{})
	is.NoErr(err)
	data, err := json.Marshal(team)
	is.NoErr(err)
	var back Team
	is.NoErr(json.Unmarshal(data, &back))
	is.Equal(back, *team)
	is.True(strings.Contains(string(data), `"for":"30s"`))
	is.True(strings.Contains(string(data), `"pair":"20/10m"`))
	is.True(!strings.Contains(string(data), `"for":""`)) // what was not given is left out

	text, err := yaml.Marshal(team)
	is.NoErr(err)
	is.True(strings.Contains(string(text), "pair: 20/10m"))
	is.True(!strings.Contains(string(text), `tag: ""`) && !strings.Contains(string(text), "[]")) // nor shown
	is.True(strings.Contains(string(text), "argv: [codex, --model, o 3]"))
}

func TestResolveExpands(t *testing.T) {
	tests := []struct {
		name, role string
		want       ResolvedRole
	}{
		{"variable", "dir: ./${WHERE}", ResolvedRole{Dir: "/p/backend"}},
		{"default of an empty one", "dir: '${EMPTY:-backend}'", ResolvedRole{Dir: "/p/backend"}},
		{"home", "dir: ~", ResolvedRole{Dir: "/p"}}, // a bare ~ is YAML's null
		{"home in quotes", "dir: '~'", ResolvedRole{Dir: "/h"}},
		{"below home", "dir: ~/src/", ResolvedRole{Dir: "/h/src"}},
		{"a value with a tilde", "dir: '${TILDE:-}/../../h'", ResolvedRole{Dir: "/p/h"}}, // it is not expanded twice
		{"up", "dir: backend/..", ResolvedRole{Dir: "/p"}},
		{"words", "command: \"~/x 'a b' ${SPACED} c\\\\ d\"", ResolvedRole{Dir: "/p", Argv: []string{"/h/x", "a b", "two words", "c d"}}},
		{"no shell", "command: 'a ; b $HOME *'", ResolvedRole{Dir: "/p", Argv: []string{"a", ";", "b", "$HOME", "*"}}},
		{"literal", "command: 'sh -c \"echo $${X} $$ ${WHERE}\"'", ResolvedRole{Dir: "/p", Argv: []string{"sh", "-c", "echo ${X} $$ backend"}}},
		{"env", "env: {A: '${WHERE}/x', B: '${NONE:-}'}", ResolvedRole{Dir: "/p", Env: map[string]string{"A": "backend/x", "B": ""}}},
		{"texts stay", "prompt: 'use ${X} ~/y'", ResolvedRole{Dir: "/p", Prompt: "use ${X} ~/y"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			is := is.New(t)
			env := world()
			env.Exists = func(string) bool { return true }
			team, err := mustParse(t, "version: 1\ndefaults: {agent: claude}\nroles:\n  dev:\n    "+tt.role+"\n").Resolve(env, Override{})
			is.NoErr(err)
			tt.want.Name, tt.want.Agent, tt.want.Restart = "dev", "claude", "never"
			is.Equal(team.Roles[0], tt.want)
		})
	}
}

func TestResolveMistakes(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"missing directory", "roles: {dev: {agent: claude, dir: ./backnd}}", `:2:35: no directory /p/backnd (did you mean "/p/backend"?)`},
		{"missing directory, nothing near", "roles: {dev: {agent: claude, dir: /q}}", `:2:35: no directory /q (make it, or correct the path)`},
		{"default directory", "defaults: {agent: claude, dir: x}\nroles: {a: , b: }", `:2:32: no directory /p/x (make it, or correct the path)`}, // said once
		{"unknown agent", "roles: {dev: {agent: cluade}}", `:2:22: unknown agent "cluade" (did you mean "claude"?)`},
		{"unknown default agent", "defaults: {agent: vim}\nroles: {dev: }", `:2:19: unknown agent "vim" (known: claude, codex, scripted)`},
		{"no agent", "roles:\n  dev: {}", `:3:3: role "dev" has neither agent nor command (add agent: claude, here or under defaults)`},
		{"open quote", "roles: {dev: {command: \"a 'b\"}}", `:2:24: the command of role "dev" cannot be split into words: EOF found when expecting closing quote (close the quotes)`},
		{"empty command", "roles: {dev: {command: \" \"}}", `:2:24: the command of role "dev" is empty (name a program, or leave the key out)`},
		{"only a comment", "roles: {dev: {command: \"# x\"}}", `:2:24: the command of role "dev" is empty (name a program, or leave the key out)`},
		{"no program", "roles: {dev: {command: \"'' x\"}}", `:2:24: the command of role "dev" has no program (name a program, or leave the key out)`},
		{"unset variable", "roles: {dev: {agent: claude, dir: \"${NOPE}\"}}", `:2:35: the variable NOPE is not set (set it, or write ${NOPE:-something})`},
		{"unset variable in a command", "roles: {dev: {command: \"a ${NOPE}\"}}", `:2:24: the variable NOPE is not set (set it, or write ${NOPE:-something})`},
		{"unset variable in env", "roles: {dev: {agent: claude, env: {A: \"${NOPE}\"}}}", `:2:39: the variable NOPE is not set (set it, or write ${NOPE:-something})`},
		{"open brace", "roles: {dev: {agent: claude, env: {A: \"${NOPE\"}}}", `:2:39: "${NOPE" has no closing brace (write $${ for a literal ${)`},
		{"other expansion", "roles: {dev: {agent: claude, env: {A: \"${A:?no}\"}}}", `:2:39: cannot expand ${A:?no} (only ${NAME} and ${NAME:-default} are expanded; write $${ for a literal ${)`},
		{"missing prompt file", "roles: {dev: {agent: claude, prompt_file: x.md}}", `:2:43: no prompt file /p/x.md (write it, or correct the path)`},
		{"binary prompt file", "roles: {dev: {agent: claude, prompt_file: binary}}", `:2:43: the prompt file /p/binary is not text in UTF-8`},
		{"latin prompt file", "roles: {dev: {agent: claude, prompt_file: latin}}", `:2:43: the prompt file /p/latin is not text in UTF-8`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			is := is.New(t)
			team, err := mustParse(t, "version: 1\n"+tt.in+"\n").Resolve(world(), Override{})
			is.True(team == nil)
			is.True(err != nil)
			is.Equal(err.Error(), "/p/isesh.yaml"+tt.want)
		})
	}
}

func TestResolveWithoutHome(t *testing.T) {
	is := is.New(t)
	env := world()
	env.Home = ""
	_, err := mustParse(t, "version: 1\nroles: {dev: {agent: claude, dir: ~/x}}\n").Resolve(env, Override{})
	is.Equal(err.Error(), "/p/isesh.yaml:2:35: ~/x cannot be expanded: there is no home directory (set HOME, or write the whole path)")
	_, err = mustParse(t, "version: 1\nroles: {dev: {agent: claude}}\n").Resolve(Env{Base: "x"}, Override{})
	is.Equal(err.Error(), `resolving /p/isesh.yaml: the base directory "x" is not absolute`)
}

// prompt files stand beside the layout, directories below the project, wherever the layout is kept.
func TestResolveFilesApart(t *testing.T) {
	is := is.New(t)
	env := world()
	env.Files = "/f"
	team, err := mustParse(t, "version: 1\nroles: {dev: {agent: claude, prompt_file: own.md, dir: backend}}\n").Resolve(env, Override{})
	is.NoErr(err)
	is.Equal(team.Roles[0].Prompt, "Own.")
	is.Equal(team.Roles[0].Dir, "/p/backend")
}

func TestResolveRealFiles(t *testing.T) {
	is := is.New(t)
	dir := t.TempDir()
	is.NoErr(os.Mkdir(filepath.Join(dir, "frontend"), 0o755))
	is.NoErr(os.WriteFile(filepath.Join(dir, "p.md"), []byte("Go.\n"), 0o600))
	f := mustParse(t, "version: 1\nroles: {dev: {agent: x, prompt_file: p.md, dir: frontend}}\n")
	team, err := f.Resolve(Env{Base: dir}, Override{})
	is.NoErr(err)
	is.Equal(team.Roles[0].Prompt, "Go.")
	is.Equal(team.Roles[0].Dir, filepath.Join(dir, "frontend"))
	_, err = mustParse(t, "version: 1\nroles: {dev: {agent: x, dir: frontent}}\n").Resolve(Env{Base: dir}, Override{})
	is.True(strings.HasSuffix(err.Error(), `/frontend"?)`)) // suggested from what is there
}

// The team must not share memory with the file: a caller may change one and resolve again.
func TestResolveCopies(t *testing.T) {
	is := is.New(t)
	f := mustParse(t, full)
	a, err := f.Resolve(world(), Override{})
	is.NoErr(err)
	a.Role("worker-1").After[0] = "changed"
	a.Role("worker-1").Env["LANG"] = "changed"
	a.Flows[0].Send.Text = "changed"
	is.Equal(a.Role("worker-2").After[0], "dev")
	is.Equal(a.Role("worker-2").Env["LANG"], "C")
	b, err := f.Resolve(world(), Override{Name: "two"})
	is.NoErr(err)
	is.Equal(b.Name, "two")
	is.Equal(b.Role("worker-1").After[0], "dev")
	is.True(b.Flows[0].Send.Text != "changed")
}

package agent_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/matryer/is"

	"isesh/roles/agent"
)

func TestRecognise(t *testing.T) {
	for line, want := range map[string]string{
		"claude":                                  "claude",
		"/usr/local/bin/claude --model x":         "claude",
		"env CI=1 claude":                         "claude",
		"env -u X CI=1 claude":                    "",
		"npx claude-code":                         "claude",
		"npx -y @anthropic-ai/claude-code@latest": "claude",
		"bash":           "",
		"vim claude":     "",
		"bash -c claude": "",
		"":               "",
	} {
		t.Run(line, func(t *testing.T) { is.New(t).Equal(agent.Recognise(strings.Fields(line)), want) })
	}
}

func TestLaunchClaude(t *testing.T) {
	is := is.New(t)
	files := map[string][]byte{}
	w := agent.Wiring{Role: "dev", Team: "shop", StateDir: "/state", Prompt: "You write {code}.", SessionID: "11111111-2222-4333-8444-555555555555",
		WriteFile: func(name string, data []byte) (string, error) { files[name] = data; return "/state/" + name, nil }}
	p := load(t, "claude")

	argv, env, err := p.Launch([]string{"claude", "--permission-mode", "manual"}, w)
	is.NoErr(err)
	is.Equal(argv, []string{"claude", "--settings", "/state/claude-settings.json", "--append-system-prompt", "You write {code}.",
		"--session-id", w.SessionID, "--permission-mode", "manual"})
	is.Equal(env["CLAUDE_CODE_NO_FLICKER"], "1")

	var settings struct{ Permissions struct{ Allow []string } }
	is.NoErr(json.Unmarshal(files["claude-settings.json"], &settings))
	var want []string
	for _, c := range []string{"whoami", "send", "reply", "inbox", "wait", "list", "read", "log"} {
		want = append(want, "Bash(isesh "+c+")", "Bash(isesh "+c+" *)")
	}
	want = append(want, "Read(//state/files/**)")
	is.Equal(settings.Permissions.Allow, want)

	// What the user says himself is not said again; the leave is given beside settings of his own.
	argv, env, err = p.Launch([]string{"env", "CLAUDE_CODE_NO_FLICKER=0", "/opt/claude", "--settings=mine.json", "--resume", "x", "--system-prompt", "y"}, w)
	is.NoErr(err)
	is.Equal(argv[:3], []string{"env", "CLAUDE_CODE_NO_FLICKER=0", "/opt/claude"})
	is.Equal(argv[3], "--allowedTools="+strings.Join(want, ","))
	is.Equal(argv[4:], []string{"--settings=mine.json", "--resume", "x", "--system-prompt", "y"})
	is.True(!p.WiresHooks([]string{"env", "X=1", "/opt/claude", "--settings=mine.json"})) // theirs may have none of ours
	is.True(p.WiresHooks([]string{"env", "X=1", "/opt/claude", "--resume", "x"}))
	is.True(p.WiresHooks([]string{"./wrapper"}))
	is.True(!p.WiresHooks(nil))
	_, set := env["CLAUDE_CODE_NO_FLICKER"]
	is.True(!set)

	// Nothing to say, nothing added; the caller's slice is not written to.
	own := make([]string, 1, 10)
	own[0] = "claude"
	argv, _, err = p.Launch(own, agent.Wiring{WriteFile: w.WriteFile})
	is.NoErr(err)
	is.Equal(argv, []string{"claude", "--settings", "/state/claude-settings.json"})
	is.Equal(own[:2][1], "")
}

// A hook's command is run by a shell, out of a JSON file: wherever isesh lies, it is one word.
func TestHooksOfClaude(t *testing.T) {
	is := is.New(t)
	bin := filepath.Join(t.TempDir(), "it's \"a\" $HOME `x` \\n {role} <&>", "isesh")
	is.NoErr(os.MkdirAll(filepath.Dir(bin), 0o700))
	is.NoErr(os.WriteFile(bin, []byte("#!/bin/sh\nprintf '%s|' \"$@\"\n"), 0o700))
	var data []byte
	_, _, err := load(t, "claude").Launch([]string{"claude"}, agent.Wiring{Role: "dev", Binary: bin, StateDir: "/home/jo \"x\"/isesh",
		WriteFile: func(_ string, b []byte) (string, error) { data = b; return "f", nil }})
	is.NoErr(err)
	type hook struct {
		Type, Command string
		Timeout       int
	}
	var settings struct {
		Permissions struct{ Allow []string }
		Hooks       map[string][]struct{ Hooks []hook }
	}
	is.NoErr(json.Unmarshal(data, &settings))
	is.True(slices.Contains(settings.Permissions.Allow, `Read(//home/jo "x"/isesh/files/**)`))
	want := map[string]string{"UserPromptSubmit": "user-prompt-submit", "Stop": "stop", "StopFailure": "stop-failure",
		"SessionStart": "session-start", "SessionEnd": "session-end"}
	is.Equal(len(settings.Hooks), len(want))
	for event, arg := range want {
		is.Equal(len(settings.Hooks[event]), 1)
		is.Equal(len(settings.Hooks[event][0].Hooks), 1)
		h := settings.Hooks[event][0].Hooks[0]
		is.Equal(h.Type, "command")
		is.True(h.Timeout > 0)
		out, err := exec.Command("sh", "-c", h.Command).Output()
		is.NoErr(err)
		is.Equal(string(out), "hook|"+arg+"|")
	}
}

func TestLaunchScripted(t *testing.T) {
	is := is.New(t)
	p := load(t, "scripted")
	w := agent.Wiring{Role: "dev", Binary: "/opt/my isesh/isesh"}
	argv, _, err := p.Launch([]string{"isesh", "agent", "scripted", "--persona", "dev"}, w)
	is.NoErr(err)
	is.Equal(argv, []string{"isesh", "agent", "scripted", "--hooks", w.Binary, "--persona", "dev"})
	for _, own := range [][]string{{"isesh", "agent", "scripted", "--no-hooks"}, {"isesh", "agent", "scripted", "--hooks=x"}} {
		argv, _, err = p.Launch(own, w)
		is.NoErr(err)
		is.Equal(argv, own)
	}
	argv, _, err = p.Launch([]string{"cat"}, w) // something else in its place
	is.NoErr(err)
	is.Equal(argv, []string{"cat"})
}

func TestLaunchFails(t *testing.T) {
	is := is.New(t)
	p := load(t, "claude")
	_, _, err := p.Launch(nil, agent.Wiring{})
	is.True(strings.Contains(err.Error(), "the command is empty"))
	full := errors.New("disk full")
	_, _, err = p.Launch([]string{"claude"}, agent.Wiring{WriteFile: func(string, []byte) (string, error) { return "", full }})
	is.True(errors.Is(err, full))
}

func TestLaunchShellChangesNothing(t *testing.T) {
	is := is.New(t)
	argv, env, err := load(t, "shell").Launch([]string{"bash", "-l"}, agent.Wiring{Prompt: "x", SessionID: "y"})
	is.NoErr(err)
	is.Equal(argv, []string{"bash", "-l"})
	is.Equal(len(env), 0)
}

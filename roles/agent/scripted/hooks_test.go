package scripted

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"
)

// heard is one call of a hook.
type heard struct {
	event string
	in    struct {
		Event   string `json:"hook_event_name"`
		Session string `json:"session_id"`
		Dir     string `json:"cwd"`
		ID      string `json:"prompt_id"`
		Prompt  string
		Said    string `json:"last_assistant_message"`
		Source  string
		Reason  string
	}
}

func (h heard) String() string {
	return h.event + " " + h.in.Event + " " + h.in.Prompt + h.in.Said + h.in.Source + h.in.Reason
}

// hooked runs the program with hooks that write down what they hear, and then run the shell commands of extra.
func hooked(t *testing.T, extra string, flags ...string) *pane {
	t.Helper()
	p := blank(t)
	script := "#!/bin/sh\nbody=$(cat)\nprintf '%s\\t%s\\n' \"$*\" \"$body\" >>heard\n" + extra + "\n"
	if err := os.WriteFile(filepath.Join(p.dir, "listener"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	p.launch(80, 24, append([]string{"--hooks", filepath.Join(p.dir, "listener")}, flags...)...)
	p.shows("  ? for help")
	return p
}

// heard waits for n calls of hooks, and returns all there are.
func (p *pane) heard(n int) (all []heard) {
	p.t.Helper()
	end := time.Now().Add(patience)
	for {
		all = nil
		data, _ := os.ReadFile(filepath.Join(p.dir, "heard"))
		for line := range strings.Lines(string(data)) {
			if !strings.HasSuffix(line, "\n") {
				break // it is being written
			}
			args, body, _ := strings.Cut(line, "\t")
			h := heard{event: strings.TrimPrefix(args, "hook ")}
			if err := json.Unmarshal([]byte(body), &h.in); err != nil {
				p.t.Fatalf("%q: %v", line, err)
			}
			all = append(all, h)
		}
		if len(all) >= n {
			return all
		}
		if time.Now().After(end) {
			p.t.Fatalf("%d of %d hooks were called: %v\n%s", len(all), n, all, p.screen())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (p *pane) heardLines(n int) (lines []string) {
	p.t.Helper()
	for _, h := range p.heard(n) {
		lines = append(lines, h.String())
	}
	return lines
}

func TestHooks(t *testing.T) {
	is := is.New(t)
	p := hooked(t, "")
	p.submit("[from:gestor] ECHO one \"quoted\"\t\nECHO two THEN RUN true")
	p.heard(3)
	p.submit("SLOW 10m")
	p.shows("  esc to stop")
	p.submit("ECHO queued")
	is.Equal(p.heardLines(5), []string{
		"session-start SessionStart startup",
		"user-prompt-submit UserPromptSubmit [from:gestor] ECHO one \"quoted\"\t\nECHO two THEN RUN true",
		"stop Stop two", // what it ran is no text
		"user-prompt-submit UserPromptSubmit SLOW 10m",
		"user-prompt-submit UserPromptSubmit ECHO queued", // at once, though it waits
	})
	p.keys("Escape")
	is.Equal(p.heardLines(6)[5:], []string{"stop Stop queued"}) // nothing tells of the interrupt
	first := p.heard(6)
	is.True(first[0].in.ID == "" && first[1].in.ID != "")
	is.Equal(first[2].in.ID, first[1].in.ID)
	is.True(first[3].in.ID != first[1].in.ID)
	is.Equal(first[4].in.ID, first[3].in.ID) // the turn that runs, not the one to come
	is.True(first[5].in.ID != first[3].in.ID && first[5].in.ID != "")
	p.submit("ASKPERM touch x")
	p.shows("› 1. Yes")
	p.keys("Escape")
	p.shows("■ Declined")
	p.submit("LINES 2")
	p.shows("line 2 of 2")
	p.keys("/clear", "Enter")
	all := p.heard(11)
	is.Equal(p.heardLines(11)[6:], []string{
		"user-prompt-submit UserPromptSubmit ASKPERM touch x", // nor of a refusal
		"user-prompt-submit UserPromptSubmit LINES 2",
		"stop Stop line 1 of 2\nline 2 of 2",
		"session-end SessionEnd clear",
		"session-start SessionStart clear",
	})
	is.Equal(all[0].in.Dir, p.dir)
	is.Equal(all[1].in.Session, all[0].in.Session)
	is.Equal(all[9].in.Session, all[0].in.Session)
	is.True(all[10].in.Session != all[0].in.Session && all[10].in.Session != "")
}

func TestHooksSaySomething(t *testing.T) {
	is := is.New(t)
	p := hooked(t, `[ "$2" != session-start ] || echo '{"note": "you are dev"}'`)
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		if rec := p.records(); len(rec) > 0 {
			is.Equal(rec[0].Context, `{"note": "you are dev"}`)
			break
		}
		is.True(time.Now().Before(end)) // what the hook wrote is recorded
	}
}

// A hook that takes its time, is missing or never called: the agent draws and answers all the same.
func TestHooksHoldNothingUp(t *testing.T) {
	t.Run("slow", func(t *testing.T) {
		p := hooked(t, "exec sleep 600")
		p.submit("ECHO went on")
		p.shows("• went on")
		p.keys("C-c", "C-c")
		is.New(t).Equal(p.ended(), "0")
	})
	t.Run("late", func(t *testing.T) {
		p := hooked(t, "", "--hook-delay", "150ms")
		p.submit("ECHO went on")
		p.shows("• went on")
		p.heard(3)
	})
	t.Run("missing", func(t *testing.T) {
		p := start(t, 80, 24, "--hooks", "/nowhere/isesh")
		p.submit("ECHO went on")
		p.shows("• went on")
	})
	t.Run("dropped", func(t *testing.T) {
		is := is.New(t)
		p := hooked(t, "", "--hook-drop", "stop", "--hook-drop", "session-start")
		p.submit("ECHO one")
		p.shows("• one")
		p.submit("ECHO two")
		p.shows("• two")
		p.heard(2)
		is.Equal(p.heardLines(2), []string{"user-prompt-submit UserPromptSubmit ECHO one", "user-prompt-submit UserPromptSubmit ECHO two"})
	})
	t.Run("none", func(t *testing.T) {
		is := is.New(t)
		p := hooked(t, "", "--no-hooks")
		p.submit("ECHO one")
		p.shows("• one")
		is.Equal(len(p.heard(0)), 0)
	})
}

func TestHookFlags(t *testing.T) {
	is := is.New(t)
	o, err := ParseArgs([]string{"--no-hooks", "--hooks", "x"})
	is.NoErr(err)
	is.Equal(o.Hooks, "")
	_, err = ParseArgs([]string{"--hook-drop", "nosuch"})
	is.True(err != nil)
}

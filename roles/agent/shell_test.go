package agent_test

import (
	"testing"

	"github.com/matryer/is"

	"isesh/roles/agent"
)

// Screens of other programs are never taken for an agent's.
func TestOtherProgramsAreUnknown(t *testing.T) {
	for _, name := range agent.Names() {
		p, err := agent.Load(name)
		is.New(t).NoErr(err)
		if name == "shell" {
			continue
		}
		for _, c := range captures(t, "shell") {
			t.Run(name+"/"+c.name, func(t *testing.T) {
				is := is.New(t)
				is.Equal(agent.Classify(p, c.screen).State, agent.Unknown)
				c.screen.Text = c.plain
				is.Equal(agent.Classify(p, c.screen).State, agent.Unknown)
			})
		}
	}
}

func TestShellPrompts(t *testing.T) {
	p, err := agent.Load("shell")
	is.New(t).NoErr(err)
	for _, c := range []struct {
		text  string
		x, y  int
		state agent.State
	}{
		{"ana@box:~/proj$ ", 16, 0, agent.Idle},
		{"$ ", 2, 0, agent.Idle},
		{"hello\nroot@vm:/# ", 12, 1, agent.Idle},
		{"~/src ❯ ", 8, 0, agent.Idle},
		{"% ", 2, 0, agent.Idle},
		{"ana@box:~$ make\nrm: remove file 'x'? ", 21, 1, agent.Unknown},
		{"1) api\n2) web\n#? ", 3, 2, agent.Unknown},
		{"ana@box:~$ ", 0, 5, agent.Unknown},                    // the cursor is elsewhere
		{"ana@box:~$ \n\nmore output", 11, 0, agent.Unknown},    // output below the cursor
		{"ana@box:~$ git commit -m \"ha", 28, 0, agent.Unknown}, // something is typed
		{"ana@box:~$ sleep 10\n", 0, 1, agent.Unknown},          // running
		{"log.out (END)", 13, 0, agent.Unknown},
		{"", 0, 0, agent.Unknown},
	} {
		t.Run(c.text, func(t *testing.T) {
			is := is.New(t)
			r := agent.Classify(p, agent.Screen{Text: c.text, Cols: 80, Rows: 24, CursorX: c.x, CursorY: c.y})
			is.Equal(r.State, c.state)
			is.True(r.State != agent.Idle || r.Composer && !r.Draft)
		})
	}
}

package scripted

import (
	"bytes"
	"context"
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"
)

// Events of hooks, as the hooked program is told them.
const (
	hookPrompt  = "user-prompt-submit" // a message was submitted, or put into the queue
	hookStop    = "stop"               // a turn has ended by itself
	hookSession = "session-start"
	hookLeft    = "session-end"
)

// hookTimeout is how long a hook may run.
const hookTimeout = 15 * time.Second

// hookInput is what a hook reads on its standard input.
type hookInput struct {
	Session string  `json:"session_id"`
	Dir     string  `json:"cwd"`
	Event   string  `json:"hook_event_name"`
	ID      string  `json:"prompt_id,omitempty"` // of the turn: that of the prompt which began it
	Prompt  *string `json:"prompt,omitempty"`
	Said    *string `json:"last_assistant_message,omitempty"`
	Source  string  `json:"source,omitempty"`
	Reason  string  `json:"reason,omitempty"`
}

// hookCall is a call of a hook that waits for its turn.
type hookCall struct {
	event string
	input hookInput
}

// hooks tells a program what happens, one call after the other in the order of the events, while the agent goes on. Owner: the goroutine
// of Run.
type hooks struct {
	session string
	waiting []hookCall
	running bool
	done    chan string // what a hook wrote; one value per call
}

// hookNames are the events as Claude Code names them.
var hookNames = map[string]string{hookPrompt: "UserPromptSubmit", hookStop: "Stop", hookSession: "SessionStart", hookLeft: "SessionEnd"}

// hook tells of an event.
func (a *agent) hook(event string, in hookInput) {
	if event == hookSession {
		a.hooks.session = uuid.NewString()
	}
	if a.o.Hooks == "" || slices.Contains(a.o.HookDrop, event) {
		return
	}
	in.Session, in.Dir, in.Event = a.hooks.session, a.dir, hookNames[event]
	a.hooks.waiting = append(a.hooks.waiting, hookCall{event, in})
	a.nextHook()
}

// hookDone takes in that a call has ended, and begins the next one.
func (a *agent) hookDone(said string) {
	a.hooks.running = false
	if said = strings.TrimSpace(said); said != "" {
		a.rec.add(entry{Context: said})
	}
	a.nextHook()
}

// nextHook begins the call that is next, unless one is running. Its end comes through a.hooks.done, unless the program ends first. A hook
// that fails or is missing changes nothing.
func (a *agent) nextHook() {
	if a.hooks.running || len(a.hooks.waiting) == 0 {
		return
	}
	call := a.hooks.waiting[0]
	a.hooks.waiting = a.hooks.waiting[1:]
	a.hooks.running = true
	input, err := json.Marshal(call.input)
	if err != nil {
		input = []byte("{}") // strings can always be written
	}
	a.tools.Go(func() {
		said := a.callHook(call.event, input)
		select {
		case a.hooks.done <- said:
		case <-a.ctx.Done():
		}
	})
}

// callHook runs a hook to its end and returns what it wrote. It runs in a goroutine of its own and uses only what never changes.
func (a *agent) callHook(event string, input []byte) string {
	if a.o.HookDelay > 0 {
		select {
		case <-time.After(a.o.HookDelay):
		case <-a.ctx.Done():
			return ""
		}
	}
	ctx, cancel := context.WithTimeout(a.ctx, hookTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, a.o.Hooks, "hook", event)
	cmd.Env, cmd.Dir = a.o.Env, a.o.Dir
	cmd.Stdin = bytes.NewReader(input)
	var out head
	cmd.Stdout = &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = orphanWait
	_ = cmd.Run()
	return out.String()
}

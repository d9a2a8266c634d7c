package supervisor

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"isesh/roles"
	"isesh/roles/agent"
	"isesh/supervisor/api"
)

// hookInput is what of a hook's input is used. Agents send more.
type hookInput struct {
	Session    string `json:"session_id"`
	Transcript string `json:"transcript_path"`
	Agent      string `json:"agent_id"`  // of a subagent: not the role itself
	Source     string `json:"source"`    // session-start: startup, resume, clear, compact
	PromptID   string `json:"prompt_id"` // of the prompt that began the turn
	Prompt     string `json:"prompt"`
	Last       string `json:"last_assistant_message"`
	Error      string `json:"error"`
	Reason     string `json:"reason"`
}

// Hook takes what an agent's hook was told. It believes only a process of the role itself. What it cannot use it ignores: a hook that fails would
// disturb the agent.
func (s *Supervisor) Hook(ctx context.Context, c api.Caller, req api.HookRequest) (api.HookResult, error) {
	r := s.runner(c.Role)
	if r == nil {
		c = s.attributeStarting(ctx, c)
		r = s.runner(c.Role)
	}
	if r == nil || c.How != "ancestry" && c.How != "tmux_pane" {
		s.slog.Debug("a hook of no role", "event", req.Event, "pid", c.PID)
		return api.HookResult{}, nil
	}
	var in hookInput
	if err := json.Unmarshal(req.Input, &in); err != nil {
		r.slog.Warn("the input of a hook is not understood", "event", req.Event, "bytes", len(req.Input))
		return api.HookResult{}, nil
	}
	if in.Agent != "" {
		return api.HookResult{}, nil
	}
	var take func()
	var out api.HookResult
	switch req.Event {
	case "user-prompt-submit":
		take = func() { r.heardPrompt(in.Prompt, in.PromptID) }
	case "stop":
		take = func() {
			r.stopped(ctx, outcome{status: roles.StatusAnswered, evidence: "hook: stop", text: in.Last}, in.PromptID)
		}
	case "stop-failure":
		take = func() {
			r.stopped(ctx, outcome{status: roles.StatusFailed, evidence: "hook: stop-failure", text: firstOf(in.Last, in.Error)}, in.PromptID)
		}
	case "session-start":
		s.sessionStarted(r.addr, in)
		out.Output = s.briefing(r.addr, in.Source)
		take = func() {}
	case "session-end":
		take = func() {}
	default:
		r.slog.Warn("a hook that is not known", "event", req.Event)
		return out, nil
	}
	err := r.do(ctx, func() {
		r.hooked = req.Event != "session-end"
		take()
	})
	r.slog.Debug("hook", "event", req.Event, "source", in.Source, "reason", in.Reason, "bytes", len(req.Input), "err", err)
	return out, nil
}

// attributeStarting finds out who asks once more, for a role that is being started and calls its first hook before it is supervised.
func (s *Supervisor) attributeStarting(ctx context.Context, c api.Caller) api.Caller {
	a, err := roles.ParseAddress(c.EnvRole)
	if err != nil || !s.launching(a) {
		return c
	}
	s.until(ctx, hookEarly, func() bool { return s.runner(a) != nil || !s.launching(a) })
	c.Role, c.How = roles.Address{}, ""
	return s.Attribute(ctx, c)
}

// sessionStarted remembers the agent's own session, to resume it after a restart.
func (s *Supervisor) sessionStarted(a roles.Address, in hookInput) {
	e, ok := s.reg.Get(a)
	if !ok || in.Session == "" || e.AgentSession == in.Session && e.Transcript == in.Transcript {
		return
	}
	e.AgentSession, e.Transcript = in.Session, in.Transcript
	if err := s.reg.Put(e); err != nil {
		s.slog.Error("remembering an agent's session", "role", a, "err", err)
	}
}

// briefing is what a session-start hook prints so that the agent reads its briefing: again after a /clear or a compaction, which may have
// taken it away. What stands on the agent's command line stays, and is not repeated.
func (s *Supervisor) briefing(a roles.Address, source string) json.RawMessage {
	if !slices.Contains([]string{"startup", "resume", "clear", "compact"}, source) {
		return nil
	}
	launched := s.launchPrompt(a)
	text, ok := s.prompts.Get(a)
	if !ok {
		text = launched
	}
	if strings.TrimSpace(text) == "" || text == launched && s.onItsLine(a, text) {
		return nil
	}
	var out struct {
		Output struct {
			Event   string `json:"hookEventName"`
			Context string `json:"additionalContext"`
		} `json:"hookSpecificOutput"`
	}
	out.Output.Event, out.Output.Context = "SessionStart", text
	data, err := json.Marshal(out)
	if err != nil {
		return nil
	}
	return data
}

// launchPrompt is the briefing that a role was launched with.
func (s *Supervisor) launchPrompt(a roles.Address) string {
	t, ok := s.reg.Team(a.Team)
	if !ok {
		return ""
	}
	var team struct {
		Roles []struct {
			Name   string `json:"name"`
			Prompt string `json:"prompt"`
		} `json:"roles"`
	}
	if err := json.Unmarshal(t.Layout, &team); err != nil {
		return ""
	}
	for _, r := range team.Roles {
		if r.Name == a.Role {
			return r.Prompt
		}
	}
	return ""
}

// onItsLine reports that the profile of a role puts a briefing on its command line. It does not where the user's own command has one.
func (s *Supervisor) onItsLine(a roles.Address, text string) bool {
	e, ok := s.reg.Get(a)
	if !ok {
		return false
	}
	prof, err := agent.LoadFrom(s.cfg.Profiles, e.Profile)
	if err != nil {
		return false
	}
	inFile := false
	argv, _, err := prof.Launch(e.Argv, agent.Wiring{
		Role: a.Role, Team: a.Team, StateDir: s.cfg.Dir, Binary: s.cfg.Binary, SessionID: e.AgentSession, Prompt: text,
		WriteFile: func(name string, data []byte) (string, error) {
			inFile = inFile || strings.Contains(string(data), text)
			return name, nil
		},
	})
	return err == nil && (inFile || slices.Contains(argv, text))
}

// hookEarly is how long a hook waits for its role to be supervised: as long as the command waits for an answer.
const hookEarly = 2 * time.Second

// hookLate is how long after a submit was seen its hook may come.
const hookLate = 1 * time.Minute

// maxUnheard is how many messages are waited for so.
const maxUnheard = 16

// unheard is a message that was submitted, and whose hook was not heard.
type unheard struct {
	id, text string
	at       time.Time
}

// expectHook takes note of a message that was seen to be submitted, so that its hook is not taken for another message.
func (r *runner) expectHook(d *delivery) {
	if !d.heard {
		r.unheard = append(r.unheard[max(0, len(r.unheard)-maxUnheard+1):], unheard{d.rec.ID, d.text, time.Now()})
	}
}

// heardPrompt takes in that a hook has told what was submitted: a message of ours, proven by that, or what a person typed. id is the agent's own of
// the prompt, "" when it gives none.
func (r *runner) heardPrompt(prompt, id string) {
	now := time.Now()
	r.catchUp(now) // the hook may be what started this supervisor
	same := func(text string) bool { return r.prof.SamePrompt(prompt, text) }
	r.unheard = slices.DeleteFunc(r.unheard, func(u unheard) bool { return now.Sub(u.at) > hookLate })
	if i := slices.IndexFunc(r.unheard, func(u unheard) bool { return same(u.text) }); i >= 0 {
		r.turnStarts(r.unheard[i].id, id)
		r.unheard = slices.Delete(r.unheard, i, i+1)
		return
	}
	if d := r.cur; d != nil && d.phase >= pasting {
		if same(d.text) {
			d.heard, d.stay.prompt = true, id
			return
		}
		if r.heardBeside(d, prompt) {
			d.stay.prompt = id
			return
		}
	}
	for _, d := range []*delivery{r.doubt, r.sent} {
		if d == nil || d == r.cur || !same(d.text) {
			continue
		}
		switch d.now().Status {
		case roles.StatusUnconfirmed, roles.StatusPasted, roles.StatusReturned:
			r.doubt, d.heard, d.stay.prompt = nil, true, id
			r.submitted(d, "hook, late")
			return
		}
	}
	text := strings.TrimSpace(prompt)
	if text == "" || strings.HasPrefix(text, "<task-notification") {
		r.ownTurn(id)
		return
	}
	if n := len(r.turns); n > 0 && r.turns[n-1].rec.Origin == promptScreen && startsLike(text, r.turns[n-1].rec.Text) {
		r.heardID(r.turns[n-1], id)
		return // seen on the screen already
	}
	r.prompted(prompt, promptHook, id)
}

// turnStarts takes in that a message whose submit is known begins only now, unless another turn is running.
func (r *runner) turnStarts(id, promptID string) {
	i := slices.IndexFunc(r.turns, func(t *turn) bool { return t.rec.ID == id })
	if i < 0 { // the screen has ended it: so its end may still be told, too
		if r.unknown(promptID) {
			r.overWith(promptID, true)
		}
		return
	}
	t := r.turns[i]
	switch {
	case !slices.ContainsFunc(r.turns, isBegun):
		t.begun = true
	case r.interrupted && !t.begun:
		r.cutShort(t)
	}
	r.guessed = time.Time{} // hooks come in order
	r.heardID(t, promptID)
}

// The origins of prompts.
const (
	promptHook   = "hook"
	promptScreen = "screen"
)

// prompted writes down what a person typed; its turn begins. id is the agent's own of the prompt.
func (r *runner) prompted(text, origin, id string) {
	rec := r.s.record(roles.KindPrompt)
	rec.Team, rec.From, rec.To, rec.Origin = r.addr.Team, roles.User.String(), r.addr.String(), origin
	rec.Text, rec.Tag = cut(text, maxSaid), roles.Tag(text)
	r.s.write(rec)
	r.heardID(r.turnBegins(rec, false), id)
}

// sawEcho notices what a person typed into an agent that runs no hooks: it becomes busy with nothing of ours, under an echo that was not there
// while it rested. What the screen cuts is cut.
func (r *runner) sawEcho() {
	e := strings.TrimSpace(r.reading.Echo)
	if r.state == agent.Idle {
		r.restEcho, r.rested = e, true
		return
	}
	if r.state != agent.Busy || !r.rested || r.hooked || r.cur != nil || len(r.turns) > 0 || e == "" || e == r.restEcho || e[0] == '/' {
		return
	}
	for _, d := range []*delivery{r.doubt, r.sent} {
		if d != nil && startsLike(d.text, e) {
			return // late, and lateProof's business; or it came back, and a person sent it again
		}
	}
	r.restEcho = e
	r.prompted(e, promptScreen, "")
}

// startsLike reports that a text begins as what a screen shows of one: blanks apart, and cut.
func startsLike(text, shown string) bool {
	shown = strings.TrimSuffix(unspaced(shown), "…")
	return shown != "" && strings.HasPrefix(unspaced(text), shown)
}

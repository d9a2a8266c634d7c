package supervisor

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"isesh/control"
	"isesh/roles"
	"isesh/roles/agent"
	"isesh/supervisor/api"
)

// waitAtMost bounds a wait that names no time-out.
const waitAtMost = 24 * time.Hour

// until waits for cond to hold after some change of a role; it reports false when the time is up or ctx has ended.
func (s *Supervisor) until(ctx context.Context, within time.Duration, cond func() bool) bool {
	timer := time.NewTimer(within)
	defer timer.Stop()
	for {
		changed := s.changes.wait()
		if cond() {
			return true
		}
		select {
		case <-changed:
		case <-timer.C:
			return cond()
		case <-ctx.Done():
			return false
		}
	}
}

// Wait blocks until one of the roles, or with All every one, is in one of the states; until a message is answered; or until one with a tag, or of a
// role, comes.
func (s *Supervisor) Wait(ctx context.Context, c api.Caller, req api.WaitRequest) (api.WaitResult, error) {
	timeout, err := duration(req.Timeout, waitAtMost)
	if err != nil {
		return api.WaitResult{}, err
	}
	states, message := len(req.States)+len(req.Targets) > 0, req.Tag != "" || req.From != ""
	if states && (message || req.Reply != "") || message && req.Reply != "" {
		return api.WaitResult{}, &api.Error{Code: api.CodeUsage, Message: "wait for one thing: a state, an answer, or a message"}
	}
	switch {
	case req.Reply != "":
		return s.waitReply(ctx, c, req, timeout)
	case message:
		return s.waitMessage(ctx, c, req, timeout)
	}
	return s.waitState(ctx, c, req, timeout)
}

func (s *Supervisor) waitState(ctx context.Context, c api.Caller, req api.WaitRequest, timeout time.Duration) (api.WaitResult, error) {
	if err := checkStates(req.States); err != nil {
		return api.WaitResult{}, err
	}
	if len(req.Targets) == 0 {
		return api.WaitResult{}, &api.Error{Code: api.CodeUsage, Message: "wait for which role?"}
	}
	var targets []roles.Address
	for _, t := range req.Targets {
		a, err := s.resolve(c, t)
		if err != nil {
			return api.WaitResult{}, err
		}
		if a == roles.User {
			return api.WaitResult{}, &api.Error{Code: api.CodeUsage, Message: "\"user\" is you: there is no state to wait for"}
		}
		if s.mailboxOnly(a) {
			return api.WaitResult{}, s.dead(a)
		}
		targets = append(targets, a)
	}
	var now []api.Role
	var dead error // of a role that will not reach any of the states by itself
	reached := s.until(ctx, timeout, func() bool {
		now, dead = now[:0], nil
		n, gone := 0, 0
		for _, a := range targets {
			e, _ := s.reg.Get(a)
			role := s.roleOf(e)
			now = append(now, role)
			if slices.Contains(req.States, role.State) && !s.inTurn(a, role) {
				n++
			} else if role.State == string(agent.Dead) && !s.launching(a) {
				gone++
				dead = s.dead(a)
			}
		}
		if n == len(targets) || n > 0 && !req.All {
			dead = nil
			return true
		}
		return gone == len(targets) || gone > 0 && req.All
	})
	if reached && dead != nil {
		return api.WaitResult{}, dead
	}
	if ctx.Err() != nil && !reached {
		return api.WaitResult{}, ctx.Err()
	}
	return api.WaitResult{Roles: now, TimedOut: !reached}, nil
}

// inTurn reports that a role whose screen rests is at a turn all the same: it has only just been given a message, or its end is about to be told.
func (s *Supervisor) inTurn(a roles.Address, role api.Role) bool {
	return role.State == string(agent.Idle) && len(s.runs(a)) > 0
}

// launching reports that the role is being started or stopped just now.
func (s *Supervisor) launching(a roles.Address) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.launches[firstOf(a.Team, a.Role)]
}

var states = []string{
	string(agent.Starting), string(agent.Idle), string(agent.Busy), string(agent.Waiting), string(agent.Dead), string(agent.Unknown),
}

func checkStates(want []string) error {
	if len(want) == 0 {
		return &api.Error{Code: api.CodeUsage, Message: "wait for which state?", Hint: "--state idle,waiting"}
	}
	for _, st := range want {
		if !slices.Contains(states, st) {
			return &api.Error{Code: api.CodeUsage, Message: fmt.Sprintf("%q is not a state", st), Hint: "states are " + strings.Join(states, " "), Candidates: states}
		}
	}
	return nil
}

// Read returns a role's screen, of a dead pane too.
func (s *Supervisor) Read(ctx context.Context, c api.Caller, req api.ReadRequest) (api.ReadResult, error) {
	a, err := s.resolve(c, req.To)
	if err != nil {
		return api.ReadResult{}, err
	}
	r := s.runner(a)
	if r == nil || r.view().role.Pane == "" {
		return api.ReadResult{}, s.dead(a)
	}
	text, title, err := r.screen(ctx, req)
	if err != nil {
		return api.ReadResult{}, fmt.Errorf("reading the screen of %s: %w", a, err)
	}
	role := r.view().role
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for len(lines) > 0 && strings.TrimSpace(lines[len(lines)-1]) == "" {
		lines = lines[:len(lines)-1]
	}
	if req.Lines > 0 && len(lines) > req.Lines {
		lines = lines[len(lines)-req.Lines:]
	}
	return api.ReadResult{Role: role, Screen: lines, Dead: role.State == string(agent.Dead), Title: title}, nil
}

// screen captures the pane of the role: the visible screen, or as many lines of the history as are asked for.
func (r *runner) screen(ctx context.Context, req api.ReadRequest) (text, title string, err error) {
	p, ok := r.term.(*pane)
	if !ok {
		return "", "", errNoClient
	}
	client, err := p.client()
	if err != nil {
		return "", "", err
	}
	o := control.CaptureOptions{Escapes: req.Colour, Join: req.Join}
	snap, err := client.Snapshot(ctx, p.id)
	if err != nil {
		return "", "", err
	}
	if req.Lines > snap.Height {
		o.Start = strconv.Itoa(snap.Height - req.Lines)
	}
	text, err = client.Capture(ctx, p.id, o)
	return text, snap.Title, err
}

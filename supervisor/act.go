package supervisor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"isesh/control"
	"isesh/roles"
	"isesh/roles/agent"
	"isesh/supervisor/api"
)

// Times of an answer to a menu and of an interrupt.
const (
	// actWithin is how long to wait for the screen to show what a key did.
	actWithin = 3 * time.Second
	// keyGap is how long to wait for the screen to answer a key before the next one: Escape and a letter at once would be read as Alt.
	keyGap = 60 * time.Millisecond
)

// Approve chooses "yes, once" in an open menu, or the option that is asked for.
func (s *Supervisor) Approve(ctx context.Context, c api.Caller, req api.ActRequest) (api.ActResult, error) {
	return s.choose(ctx, c, req, roles.KindApprove, approval(req.Option))
}

// wish picks an option of the menu that is open, and the keys that choose it.
type wish func(p *agent.Profile, r agent.Reading) (keys []string, label string, err error)

// approval is what an option on the command line means: 1 is yes, 2 is yes and don't ask again, anything else the label of an option.
func approval(option string) wish {
	return func(p *agent.Profile, r agent.Reading) ([]string, string, error) {
		switch strings.ToLower(option) {
		case "", "1", "yes", "once":
			return p.Choose(r, agent.AllowOnce)
		case "2", "always":
			if _, label, err := p.Choose(r, agent.Option(2)); err == nil {
				// It would be granted without leave to widen anything: so it is not "don't ask again".
				return nil, "", fmt.Errorf("option 2 of this menu is %q, not \"don't ask again\"; nothing was pressed", label)
			}
			return p.Choose(r, agent.Option(2).Widening())
		}
		keys, label, err := p.Choose(r, agent.Label(option).Widening())
		if err == nil {
			if _, no, denyErr := p.Choose(r, agent.Deny); denyErr == nil && no == label {
				return nil, "", fmt.Errorf("%q says no, which isesh deny does; nothing was pressed", label)
			}
		}
		return keys, label, err
	}
}

func denial(p *agent.Profile, r agent.Reading) ([]string, string, error) {
	return p.Choose(r, agent.Deny)
}

// Deny chooses "no", and sends Message when the agent is free again.
func (s *Supervisor) Deny(ctx context.Context, c api.Caller, req api.ActRequest) (api.ActResult, error) {
	res, err := s.choose(ctx, c, req, roles.KindDeny, denial)
	if err != nil || req.Message == "" {
		return res, err
	}
	return s.follow(ctx, c, req, res)
}

func (s *Supervisor) choose(ctx context.Context, c api.Caller, req api.ActRequest, kind roles.Kind, want wish) (api.ActResult, error) {
	r, err := s.actor(c, req)
	if err != nil {
		return api.ActResult{}, err
	}
	var a *answer
	doErr := r.do(ctx, func() {
		if a, err = r.readMenu(ctx, req.MenuID); err != nil {
			return
		}
		if err = s.may(c, r, a.menu.Kind); err != nil {
			return
		}
		if a.keys, a.label, err = want(r.prof, r.reading); err != nil {
			err = &api.Error{Code: api.CodeError, Message: fmt.Sprintf("%s: %v", r.addr, err), Candidates: a.menu.Options,
				Hint: fmt.Sprintf("isesh read %s shows it; isesh respond %s KEY presses a key", r.addr, r.addr)}
		}
	})
	if err = errors.Join(doErr, err); err != nil {
		return api.ActResult{}, err
	}
	if err := r.answer(ctx, a); err != nil {
		return api.ActResult{}, err
	}
	// Written before the agent can do anything that follows from it.
	id := s.acted(c, r, kind, a, api.ActResult{Pressed: a.pressed})
	res, err := s.settled(ctx, r, a, req)
	res.ID = id
	return res, err
}

// actor returns the runner of a role that the caller may answer for.
func (s *Supervisor) actor(c api.Caller, req api.ActRequest) (*runner, error) {
	r, err := s.need(c, req.To)
	if err != nil {
		return nil, err
	}
	if c.Role == r.addr {
		return nil, &api.Error{Code: api.CodeForbidden, Message: "a role cannot answer its own questions", Hint: "a person answers: isesh approve " + r.addr.String()}
	}
	return r, nil
}

// may says whether the caller may answer a menu of this kind: a person may, a lead where its layout says so, other roles may not.
func (s *Supervisor) may(c api.Caller, r *runner, kind string) error {
	if c.Role.Role == "" {
		return nil
	}
	if e, ok := s.reg.Get(c.Role); ok && e.Lead && c.Role.Team == r.addr.Team && slices.Contains(e.LeadMay, kind) {
		return nil
	}
	return &api.Error{
		Code: api.CodeForbidden, Message: fmt.Sprintf("%s may not answer a %s menu of %s", c.Name(), kind, r.addr),
		Hint: "a person does, or the lead where the layout's lead_may names " + kind,
	}
}

// acted writes an answer into the conversation and returns the id of its record.
func (s *Supervisor) acted(c api.Caller, r *runner, kind roles.Kind, a *answer, res api.ActResult) string {
	rec := s.record(kind)
	rec.Team, rec.From, rec.To, rec.Origin = r.addr.Team, c.Name(), r.addr.String(), "person"
	if c.Role.Role != "" {
		rec.Origin = "role:" + c.How
	}
	if a != nil && a.menu != nil {
		rec.Text = a.menu.Heading
		rec.Evidence = fmt.Sprintf("chose %q, pressed %s", a.label, strings.Join(res.Pressed, " "))
	}
	if rec.Evidence == "" {
		rec.Evidence = "pressed " + strings.Join(res.Pressed, " ")
	}
	s.write(rec)
	return rec.ID
}

// Respond types keys as they are named: the caller has read the screen and knows what they do.
func (s *Supervisor) Respond(ctx context.Context, c api.Caller, req api.ActRequest) (api.ActResult, error) {
	if len(req.Keys) == 0 {
		return api.ActResult{}, &api.Error{Code: api.CodeUsage, Message: "no keys to press", Hint: "isesh respond ROLE 1, or Down Enter"}
	}
	for _, k := range req.Keys {
		if err := control.ValidKey(k); err != nil {
			return api.ActResult{}, &api.Error{Code: api.CodeUsage, Message: err.Error(), Hint: "keys are named as tmux names them: Enter Escape Up Down Tab 1 y C-c"}
		}
	}
	r, err := s.actor(c, req)
	if err != nil {
		return api.ActResult{}, err
	}
	var a *answer
	doErr := r.do(ctx, func() {
		if a, err = r.readMenu(ctx, req.MenuID); err != nil && r.state != agent.Waiting && !r.gone && req.Force {
			a, err = &answer{}, nil // told to: no menu is needed
		}
		if err == nil && a.menu != nil {
			err = s.may(c, r, a.menu.Kind)
		} else if err == nil && c.Role.Role != "" {
			err = &api.Error{Code: api.CodeForbidden, Message: "only a person may press keys into " + r.addr.String() + " without a menu"}
		}
	})
	if err = errors.Join(doErr, err); err != nil {
		return api.ActResult{}, err
	}
	if a.menu != nil {
		r.listens(ctx)
	}
	var pressed []string
	for i, k := range req.Keys {
		rows := a.rows
		if i > 0 {
			s.until(ctx, keyGap, func() bool { return false })
			rows, err = s.goOn(ctx, c, r)
		}
		if err == nil {
			err = r.press(ctx, rows, k)
		}
		if err != nil {
			if len(pressed) > 0 {
				s.acted(c, r, roles.KindRespond, a, api.ActResult{Pressed: pressed})
			}
			return api.ActResult{}, err
		}
		pressed = append(pressed, k)
	}
	s.until(ctx, keyGap, func() bool { return false })
	doErr = r.do(ctx, func() { r.see(ctx) })
	role := r.view().role
	res := api.ActResult{To: r.addr.String(), Pressed: pressed, Menu: a.menu, State: role.State, Kind: role.Kind}
	res.ID = s.acted(c, r, roles.KindRespond, a, res)
	return res, doErr
}

// goOn says on what screen the next of several keys may be pressed. The one before may have changed the menu, as it should: a person knows
// that, and a role may answer what is open now only if it might have answered it alone.
func (s *Supervisor) goOn(ctx context.Context, c api.Caller, r *runner) (rows []control.Cond, err error) {
	if c.Role.Role == "" {
		return nil, nil
	}
	doErr := r.do(ctx, func() {
		var now *answer
		if now, err = r.readMenu(ctx, ""); err == nil {
			rows, err = now.rows, s.may(c, r, now.menu.Kind)
		}
	})
	return rows, errors.Join(doErr, err)
}

// Cancel interrupts the turn that is going on, clears a prompt that the agent hands back, and sends Message when there is one.
func (s *Supervisor) Cancel(ctx context.Context, c api.Caller, req api.ActRequest) (api.ActResult, error) {
	within, err := duration(req.Within, actWithin)
	if err != nil {
		return api.ActResult{}, err
	}
	r, err := s.need(c, req.To)
	if err != nil {
		return api.ActResult{}, err
	}
	if c.Role == r.addr {
		return api.ActResult{}, &api.Error{Code: api.CodeForbidden, Message: "a role cannot cancel its own turn"}
	}
	res := api.ActResult{To: r.addr.String()}
	idle := false
	doErr := r.do(ctx, func() {
		r.see(ctx)
		switch {
		case r.gone || r.state == agent.Dead:
			err = s.dead(r.addr)
		case r.state == agent.Waiting && !req.Force:
			m := menuOf(r.reading)
			err = &api.Error{
				Code: api.CodeRejected, Message: fmt.Sprintf("%s waits for an answer (%s); Escape would answer it", r.addr, m.Kind),
				Hint: "isesh deny " + r.addr.String() + ", or cancel --force",
			}
		case r.state == agent.Waiting:
			err = s.may(c, r, string(r.reading.Kind))
		case r.state == agent.Idle:
			idle = true
		}
	})
	if err = errors.Join(doErr, err); err != nil {
		return res, err
	}
	if !idle {
		r.listens(ctx)
		if res.Pressed, err = r.interrupt(ctx, within, req.Force); err != nil {
			return res, err
		}
		res.ID = s.acted(c, r, roles.KindCancel, nil, res)
	}
	role := r.view().role
	res.State, res.Kind = role.State, role.Kind
	if req.Message == "" {
		return res, nil
	}
	return s.follow(ctx, c, req, res)
}

// interrupt presses the profile's interrupt keys, one at a time, until the agent is no longer busy and a prompt that it hands back is cleared.
func (r *runner) interrupt(ctx context.Context, within time.Duration, force bool) ([]string, error) {
	var conds []control.Cond
	if !force {
		for _, row := range r.prof.MenuRows() {
			conds = append(conds, control.NoRow(row)) // Escape into a menu that opened just now would answer it
		}
	}
	var pressed []string
	if err := r.do(ctx, r.expectBack); err != nil {
		return nil, err
	}
	for i, k := range r.prof.Keys().Interrupt {
		if i > 0 {
			r.s.until(ctx, keyGap, func() bool { return false })
		}
		if err := r.press(ctx, conds, k); err != nil {
			if i == 0 {
				err = errors.Join(err, r.do(ctx, func() { r.interrupted, r.back = false, nil }))
			}
			return pressed, err
		}
		pressed = append(pressed, k)
	}
	calm := r.s.until(ctx, within, func() bool { return !r.busy() && !r.view().back })
	if !calm {
		return pressed, &api.Error{
			Code:    api.CodeUnconfirmed,
			Message: fmt.Sprintf("%s: %s was pressed, but it is still %s after %s", r.addr, strings.Join(pressed, " "), r.view().role.State, within),
			Hint:    "isesh read " + r.addr.String(),
		}
	}
	return pressed, nil
}

func (r *runner) busy() bool {
	switch agent.State(r.view().role.State) {
	case agent.Idle, agent.Waiting, agent.Dead:
		return false
	}
	return true
}

// follow sends the message that goes with a denial or a cancel.
func (s *Supervisor) follow(ctx context.Context, c api.Caller, req api.ActRequest, res api.ActResult) (api.ActResult, error) {
	receipt, err := s.Send(ctx, c, api.SendRequest{To: res.To, Text: req.Message, Queue: true, Within: req.Within})
	if err == nil {
		res.Receipt = &receipt
	}
	return res, err
}

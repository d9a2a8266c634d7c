package agent

import (
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"
)

var (
	states = []State{Starting, Idle, Busy, Waiting, Unknown}
	kinds  = []Kind{Permission, Plan, Question, Trust, Login, Other}
)

// check refuses what YAML types alone cannot.
func (s *Spec) check() error {
	if s.Version != 1 {
		return fmt.Errorf("version is %d; this isesh reads version 1", s.Version)
	}
	if len(s.States) == 0 {
		return fmt.Errorf("states is missing: without rules every screen is unknown")
	}
	if c := s.Composer; c != nil {
		if !c.First.set() {
			return fmt.Errorf("composer.first is missing")
		}
		if !c.AtCursor && !c.Bottom.set() {
			return fmt.Errorf("composer.bottom is missing (or say at_cursor: true)")
		}
		if !slices.Contains([]string{"", "newlines", "lines", "chars"}, c.CollapsedCount) {
			return fmt.Errorf("composer.collapsed_count %q is none of newlines, lines, chars", c.CollapsedCount)
		}
	}
	names := map[string]bool{}
	for i, r := range s.States {
		if err := s.checkRule(r); err != nil {
			return fmt.Errorf("states[%d] %q: %w", i, r.Name, err)
		}
		if names[r.Name] {
			return fmt.Errorf("states[%d]: there are two rules called %q", i, r.Name)
		}
		names[r.Name] = true
	}
	for _, re := range append([]string{s.Guard.Composer}, s.Guard.Menu...) {
		if err := checkTmux(re); err != nil {
			return err
		}
	}
	if s.Composer != nil && s.Keys.Submit == "" {
		return fmt.Errorf("keys.submit is missing")
	}
	return s.checkChoices()
}

func (s *Spec) checkRule(r Rule) error {
	switch {
	case r.Name == "":
		return fmt.Errorf("name is missing")
	case !slices.Contains(states, r.State):
		return fmt.Errorf("state %q is none of starting, idle, busy, waiting, unknown", r.State)
	case r.State == Waiting && !slices.Contains(kinds, r.Kind):
		return fmt.Errorf("kind %q is none of permission, plan, question, trust, login, other", r.Kind)
	case r.State != Waiting && r.Kind != "":
		return fmt.Errorf("kind %q needs state: waiting", r.Kind)
	case !slices.Contains([]string{"", "none", "any", "empty", "draft"}, r.Composer):
		return fmt.Errorf("composer %q is none of none, any, empty, draft", r.Composer)
	case !slices.Contains([]string{"", "numbered", "marked"}, r.Menu):
		return fmt.Errorf("menu %q is neither numbered nor marked", r.Menu)
	case r.Menu != "" && (s.Menu == nil || s.Menu.Cursor == ""):
		return fmt.Errorf("menu needs the profile's menu.cursor")
	case r.Menu == "" && (r.Heading.set() || r.Option.set()):
		return fmt.Errorf("heading and option need menu: numbered or marked")
	case r.Composer == "" && r.Menu == "" && !r.Hint.set() && !r.Footer.set() && !r.Above.set() && !r.Last.set() &&
		!r.Box.set() && !r.Title.set() && r.Only == nil:
		return fmt.Errorf("it asks for nothing, so it would hold on every screen")
	case r.State == Idle && r.Composer != "empty" && r.Composer != "draft" && r.Composer != "any":
		return fmt.Errorf("an idle agent has a composer: say composer: empty, draft or any")
	}
	return nil
}

func (s *Spec) checkChoices() error {
	for k := range s.Choices.AllowOnce {
		if !slices.Contains(kinds, k) {
			return fmt.Errorf("choices.allow_once: no kind %q", k)
		}
	}
	for k := range s.Choices.Deny {
		if !slices.Contains(kinds, k) {
			return fmt.Errorf("choices.deny: no kind %q", k)
		}
	}
	return nil
}

// checkTmux refuses what Go's regexes have and POSIX extended ones do not.
func checkTmux(src string) error {
	if src == "" {
		return nil
	}
	if _, err := syntax.Parse(src, syntax.POSIX); err != nil {
		return fmt.Errorf("guard: %q is no POSIX extended regex: %w", src, err)
	}
	for _, bad := range []string{"(?", `\d`, `\s`, `\S`, `\w`, `\b`, `\x`, `\p`, "*?", "+?"} {
		if strings.Contains(src, bad) {
			return fmt.Errorf("guard: %q holds %s, which tmux's regexes do not know", src, bad)
		}
	}
	return nil
}

package agent_test

import (
	"strings"
	"testing"

	"github.com/matryer/is"

	"isesh/roles/agent"
)

func TestChoose(t *testing.T) {
	p := load(t, "claude")
	for _, c := range []struct {
		screen string
		want   agent.Choice
		keys   string
		option string
		says   string // part of the error
	}{
		{"waiting-permission/v329-120x40-perm-bash-python", agent.AllowOnce, "1", "Yes", ""},
		{"waiting-permission/v329-120x40-on-no", agent.AllowOnce, "1", "Yes", ""},
		{"waiting-permission/v329-120x40-perm-bash-python", agent.Deny, "Escape", "No", ""},
		{"waiting-permission/v329-120x40-fetch", agent.Deny, "Escape", "No, and tell Claude what to do differently (esc)", ""},
		{"waiting-permission/v329-120x40-perm-bash-python", agent.Option(4), "4", "No", ""},
		{"waiting-permission/v329-80x24-write", agent.Option(3), "3", "No", ""},
		{"waiting-permission/v329-80x24-write", agent.Label("no"), "3", "No", ""},
		{"waiting-permission/v329-120x40-perm-bash-python", agent.Label("no"), "4", "No", ""},
		{"waiting-permission/v329-120x40-perm-bash-python", agent.Option(2), "", "", "grants more"},
		{"waiting-permission/v329-120x40-perm-bash-touch", agent.Option(2), "", "", "grants more"},
		{"waiting-permission/v329-120x40-perm-bash-touch", agent.Option(3), "", "", "grants more"},
		{"waiting-permission/v329-120x40-fetch", agent.Option(2), "", "", "grants more"},
		{"waiting-permission/v329-80x24-write", agent.Option(2), "", "", "grants more"},
		{"waiting-permission/v329-80x24-write", agent.Option(2).Widening(), "2", "Yes, and switch to accept edits (auto-approve file edits and common file commands) for this session (shift+tab)", ""},
		{"waiting-permission/v329-80x24-write", agent.Option(9), "", "", "no option 9"},
		{"waiting-permission/v329-80x24-write", agent.Option(0), "", "", "no option 0"},
		{"waiting-permission/v329-80x24-write", agent.Label("yes, a"), "", "", "grants more"},
		{"waiting-permission/v329-80x24-write", agent.Label("maybe"), "", "", `no option is called "maybe"`},
		{"waiting-permission/v329-80x24-write", agent.Choice{}, "", "", "nothing was chosen"},
		{"waiting-permission/v329-120x40-amend-typed", agent.AllowOnce, "", "", "no option"},
		{"waiting-question/v329-80x24-ask", agent.Option(2), "2", "Green", ""},
		{"waiting-question/v329-80x24-ask", agent.Label("blue"), "3", "Blue", ""},
		{"waiting-question/v329-80x24-ask", agent.AllowOnce, "", "", "choose by label"},
		{"waiting-question/v329-80x24-ask", agent.Deny, "Escape", "", ""},
		{"waiting-question/v329-60x15-askm", agent.Label("Submit"), "Down Down Down Enter", "Submit", ""},
		{"waiting-plan/v329-80x24-ms-plan", agent.AllowOnce, "2", "Yes, manually approve edits", ""},
		{"waiting-plan/v329-80x24-ms-plan", agent.Option(1), "", "", "grants more"},
		{"waiting-plan/v329-80x24-plan", agent.AllowOnce, "1", "Yes, and switch to default (ask each time) for this session", ""},
		{"waiting-trust/v329-120x40-trust", agent.AllowOnce, "Down Enter", "Yes, I trust this folder", ""},
		{"waiting-trust/v329-120x40-trust-down", agent.AllowOnce, "Enter", "Yes, I trust this folder", ""},
		{"waiting-trust/v329-120x40-trust-down", agent.Deny, "Up Enter", "No, exit", ""},
		{"waiting-login/v329-120x40-after-trust", agent.AllowOnce, "", "", "choose by label"},
		{"waiting-other/v329-60x15-rewind", agent.Deny, "Escape", "", ""},
		{"idle/v329-120x40-first", agent.AllowOnce, "", "", "there is no menu"},
		{"busy/v329-120x40-busy-queued", agent.Deny, "", "", "there is no menu"},
	} {
		t.Run(c.screen+"/"+c.keys+c.says, func(t *testing.T) {
			is := is.New(t)
			keys, option, err := p.Choose(agent.Classify(p, find(t, "claude", c.screen).screen), c.want)
			if c.says != "" {
				is.True(err != nil && strings.Contains(err.Error(), c.says))
				return
			}
			is.NoErr(err)
			is.Equal(strings.Join(keys, " "), c.keys)
			is.Equal(option, c.option)
		})
	}
}

// Whatever the menu, neither answer to a permission ever grants more than was asked.
func TestAllowNeverWidens(t *testing.T) {
	p := load(t, "claude")
	for _, c := range captures(t, "claude") {
		r := agent.Classify(p, c.screen)
		if r.Kind != agent.Permission {
			continue
		}
		_, option, err := p.Choose(r, agent.AllowOnce)
		if err == nil && option != "Yes" {
			t.Errorf("%s: %q is chosen", c.name, option)
		}
		if _, option, err = p.Choose(r, agent.Deny); err != nil || !strings.HasPrefix(option, "No") {
			t.Errorf("%s: %q refuses (%v)", c.name, option, err)
		}
	}
}

package agent_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/matryer/is"

	"isesh/roles/agent"
)

func TestShippedProfilesLoad(t *testing.T) {
	is := is.New(t)
	for _, name := range agent.Names() {
		p, err := agent.Load(name)
		is.NoErr(err)
		is.Equal(p.Name(), name)
		again, err := agent.Load(name)
		is.NoErr(err)
		is.True(p == again) // parsed once
		for _, re := range append(p.MenuRows(), p.ComposerRow()) {
			_, err := regexp.CompilePOSIX(re)
			is.NoErr(err)
		}
	}
	_, err := agent.Load("nosuch")
	is.True(strings.Contains(err.Error(), `no profile "nosuch" (there are claude`))
}

func TestParseRefuses(t *testing.T) {
	const rule = "states:\n  - {name: a, state: busy, title: x}\n"
	for _, c := range []struct{ name, yaml, says string }{
		{"empty", "", "empty"},
		{"version", "version: 2\n" + rule, "version is 2"},
		{"no rules", "version: 1\n", "states is missing"},
		{"unknown key", "version: 1\nstaets: []\n", "line 2: field staets not found"},
		{"bad regex", "version: 1\nstates:\n  - {name: a, state: busy, title: '('}\n", `line 3: regex "("`},
		{"bad state", "version: 1\nstates:\n  - {name: a, state: sleepy, title: x}\n", `state "sleepy"`},
		{"kind missing", "version: 1\nstates:\n  - {name: a, state: waiting, title: x}\n", "kind"},
		{"kind without waiting", "version: 1\nstates:\n  - {name: a, state: busy, kind: plan, title: x}\n", "needs state: waiting"},
		{"holds always", "version: 1\nstates:\n  - {name: a, state: busy}\n", "asks for nothing"},
		{"idle anywhere", "version: 1\nstates:\n  - {name: a, state: idle, title: x}\n", "has a composer"},
		{"twice", "version: 1\nstates:\n  - {name: a, state: busy, title: x}\n  - {name: a, state: busy, title: y}\n", "two rules"},
		{"no prompt", "version: 1\ncomposer: {bottom: x}\nkeys: {submit: Enter}\n" + rule, "composer.first"},
		{"no submit", "version: 1\ncomposer: {first: y, bottom: x}\n" + rule, "keys.submit"},
		{"menu without glyph", "version: 1\nstates:\n  - {name: a, state: busy, menu: marked}\n", "menu.cursor"},
		{"Go regex for tmux", "version: 1\nguard: {composer: '\\d'}\n" + rule, `\d`},
		{"lookahead for tmux", "version: 1\nguard: {menu: ['(?:x)']}\n" + rule, "guard"},
		{"duration", "version: 1\nquiet_busy: soon\n" + rule, `line 2: "soon"`},
		{"extends nothing", "extends: nosuch\n", `extends "nosuch"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := agent.Parse("mine", []byte(c.yaml))
			if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "mine") {
				t.Errorf("the error is %v, want one that says %q", err, c.says)
			}
		})
	}
}

func TestUsersProfiles(t *testing.T) {
	is := is.New(t)
	dir := t.TempDir()
	write := func(name, text string) { is.NoErr(os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600)) }
	write("claude.yaml", "extends: claude\nversion: 1\nquiet_busy: 9s\n")
	write("odd.yaml", "version: 3\n")

	p, err := agent.LoadFrom(dir, "claude")
	is.NoErr(err)
	is.Equal(p.QuietBusy().Seconds(), 9.0)
	shipped, err := agent.Load("claude")
	is.NoErr(err)
	is.Equal(p.MenuRows(), shipped.MenuRows()) // what is not said is as shipped
	is.True(shipped.QuietBusy() != p.QuietBusy())

	_, err = agent.LoadFrom(dir, "odd")
	is.True(strings.Contains(err.Error(), filepath.Join(dir, "odd.yaml")))
	_, err = agent.LoadFrom(dir, "shell")
	is.NoErr(err)
	_, err = agent.LoadFrom(dir, "../../etc/passwd")
	is.True(err != nil)
	_, err = agent.LoadFrom(filepath.Join(dir, "none"), "shell")
	is.NoErr(err)

	names, err := agent.NamesFrom(dir)
	is.NoErr(err)
	is.True(slices.Contains(names, "odd") && slices.Contains(names, "shell") && slices.IsSorted(names))
}

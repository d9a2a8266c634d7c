package agent_test

import (
	"strings"
	"testing"

	"isesh/roles/agent"
)

func TestMixed(t *testing.T) {
	p, err := agent.Load("claude")
	if err != nil {
		t.Fatal(err)
	}
	const text = "[from:dev] TASK: rename it everywhere"
	five := "[from:dev] one\ntwo\nthree\nfour\nfive"
	for _, c := range []struct {
		name, draft, pasted string
		mixed, strange      bool
	}{
		{"itself", text, text, false, false},
		{"behind a draft", "look at" + text, text, true, false},
		{"before what is typed behind it", text + " and that", text, true, false},
		{"wrapped in a word, behind a draft", "look at [from:dev] TASK: ren\name it everywhere", text, true, false},
		{"in another normal form", "mine [from:dev] cafe\u0301 noir", "[from:dev] caf\u00e9 noir", true, false},
		{"a part of it", "TASK: rename", text, false, false},
		{"a letter that is in it", "r", text, false, false},
		{"somebody's own", "I say yes", text, false, true},
		{"somebody's own that could be a part of a scrolled one", "I\nsay\nyes", text, false, false},
		{"its placeholder", "[Pasted text #1 +4 lines]", five, false, false},
		{"its placeholder behind a draft", "look [Pasted text #1 +4 lines]", five, true, false},
		{"another placeholder behind a draft", "look [Pasted text #1 +40 lines]", five, false, false},
	} {
		r := agent.Reading{Composer: true, Draft: true, DraftText: c.draft, Collapsed: strings.HasPrefix(c.draft, "[Pasted")}
		if got := p.Mixed(r, c.pasted); got != c.mixed {
			t.Errorf("%s: mixed is %v", c.name, got)
		}
		if got := p.Strange(r, c.pasted); got != c.strange {
			t.Errorf("%s: strange is %v", c.name, got)
		}
	}
	if r := (agent.Reading{Composer: true}); p.Mixed(r, text) || p.Strange(r, text) {
		t.Error("an empty composer holds something")
	}
}

func TestWithinPrompt(t *testing.T) {
	p, err := agent.Load("claude")
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("all work and no play\n", 20)
	wrapped := "\n<pasted_content id=\"454e\">\n" + long + "\n</pasted_content id=\"454e\">\n"
	for _, c := range []struct {
		name, prompt, pasted string
		want                 bool
	}{
		{"itself", "ECHO one", "ECHO one", false},
		{"behind a draft", "look atECHO one", "ECHO one", true},
		{"wrapped, behind a draft", "look at" + wrapped, long, true},
		{"wrapped, itself", wrapped, long, false},
		{"a part", "look at ECHO", "ECHO one", false},
		{"another", "something else", "ECHO one", false},
		{"nothing", "something", "", false},
	} {
		if got := p.WithinPrompt(c.prompt, c.pasted); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	for _, c := range []struct {
		echo        string
		whole, more bool
	}{{"ECHO\none", true, false}, {"look at ECHO one", true, true}, {"ECHO", false, false}, {"", false, false}} {
		whole, more := p.Echoed(agent.Reading{Echo: c.echo}, "ECHO one")
		if whole != c.whole || more != c.more {
			t.Errorf("echo %q: %v %v", c.echo, whole, more)
		}
	}
}

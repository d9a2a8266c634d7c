package supervisor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/matryer/is"
	"github.com/sourcegraph/conc/iter"

	"isesh/control/controltest"
	"isesh/roles"
	"isesh/roles/agent"
	"isesh/supervisor/api"
)

func TestDelivery(t *testing.T) {
	is := is.New(t)
	g := newRig(t)
	g.start("shop", g.role("gestor"), g.role("dev"))
	got := g.send("shop/dev", "hello there")
	is.Equal(got.Status, roles.StatusSubmitted)
	is.True(got.Evidence != "")
	texts, _ := g.turns("dev")
	is.Equal(texts, []string{"hello there"})
	g.until("the turn's end in the receipt", func() bool { return g.status(got.ID) == roles.StatusAnswered })
	texts, _ = g.turns("gestor")
	is.Equal(len(texts), 0) // and nobody else got anything
}

// Bodies that have broken others' deliveries: tmux syntax, flags, formats, expansions, control bytes that would end the paste.
func TestBodiesArriveAsSent(t *testing.T) {
	g := newRigTuned(t, controltest.Real(t), func(c *Config) { c.FileAbove = 1 << 20 })
	g.start("t", g.role("dev"))
	long := strings.Repeat("0123456789 abcdefghij klmnopqrst\n", 300_000/33)
	lines := strings.TrimSuffix(strings.Repeat("a line\n", 2000), "\n")
	tests := []struct{ name, text, want string }{
		{"semicolon", ";", ""}, {"trailing semicolon", "do it;", ""}, {"escaped semicolon", `a\;`, ""}, {"two semicolons", ";;", ""},
		{"flag", "-n", ""}, {"double dash", "--", ""}, {"help", "--help", ""},
		{"format", "#{pane_id} #[fg=red] #(touch x) ##", ""}, {"variable", "$HOME ${HOME} $(id)", ""}, {"tilde", "~", ""},
		{"directive", "%if 1", ""}, {"braces", "{ a } {", ""},
		{"quotes", `"a" 'b' ` + "`c`" + ` \"`, ""}, {"backslashes", `\n \\ \033 a\b`, ""},
		{"emoji and wide", "héllo 漢字 👩‍👩‍👧 \u00a0.", ""}, {"tabs", "a\tb\n\tc", ""},
		{"paste end", "before\x1b[201~\rINJECTED", "before[201~\nINJECTED"},
		{"controls", "a\x00b\x07c\x7fd\u0085e\x1b]0;t\x07f", ""},
		{"CRLF", "one\r\ntwo\r\n", "one\ntwo"},
		{"2,000 lines", lines, ""}, {"300 KB", strings.TrimSpace(long), ""},
	}
	n := 0
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			is := is.New(t)
			got := g.send("t/dev", tt.text)
			is.Equal(g.settled(got.ID) == roles.StatusUnconfirmed, false)
			texts, _ := g.turns("dev")
			n++
			is.Equal(len(texts), n) // submitted once
			want := tt.want
			switch {
			case tt.name == "controls":
				for _, r := range texts[n-1] {
					is.True(r == '\n' || r >= ' ' && r != 0x7f && (r < 0x80 || r > 0x9f))
				}
				return
			case want == "":
				want = tt.text
			}
			if strings.TrimRight(texts[n-1], " ") != want {
				t.Errorf("arrived %d bytes %.200q, want %d bytes %.200q", len(texts[n-1]), texts[n-1], len(want), want)
			}
		})
		g.in("t/dev", agent.Idle)
	}
	is := is.New(t)
	is.Equal(g.cli("list-buffers"), "") // no paste is left for others to read
	log := g.cli("show-messages")
	for _, secret := range []string{"INJECTED", "0123456789 abcdefghij", "do it;"} {
		is.True(!strings.Contains(log, secret)) // nor in tmux's log of commands
	}
}

// Eight senders at once, to an agent that loses an Enter that comes with the paste: one turn a message, in order for each sender.
func TestManySenders(t *testing.T) {
	is := is.New(t)
	g := newRig(t)
	g.start("t", g.role("dev", "--swallow-enter"))
	const senders, each = 8, 20
	var who [senders]int
	ids := iter.Map(who[:], func(_ *int) []string { return nil })
	iter.ForEachIdx(ids, func(s int, out *[]string) {
		for i := range each {
			r, err := g.sup.Send(context.Background(), g.person(), api.SendRequest{To: "t/dev", Text: fmt.Sprintf("sender %d message %d.", s, i)})
			if err != nil {
				t.Errorf("send: %v", err)
				return
			}
			*out = append(*out, r.ID)
		}
	})
	for _, list := range ids {
		is.Equal(len(list), each)
		for _, id := range list {
			is.True(g.settled(id) != roles.StatusUnconfirmed)
		}
	}
	texts, _ := g.turns("dev")
	is.Equal(len(texts), senders*each)
	next := [senders]int{}
	for _, text := range texts {
		var s, i int
		if _, err := fmt.Sscanf(text, "sender %d message %d.", &s, &i); err != nil || text != fmt.Sprintf("sender %d message %d.", s, i) {
			t.Fatalf("a turn that is not one message: %q", text)
		}
		is.Equal(i, next[s]) // each once, and in the order of its sender
		next[s]++
	}
}

// A menu that opens between the paste and the Enter gets no key of ours; once a person has answered it, the message goes on.
func TestMenuBetweenPasteAndEnter(t *testing.T) {
	rounds := 200
	if testing.Short() {
		rounds = 20
	}
	for _, flags := range [][]string{{"--menu-after-paste", "0"}, {"--menu-after-paste", "0", "--draw-delay", "5ms"}} {
		t.Run(strings.Join(flags, " "), func(t *testing.T) {
			is := is.New(t)
			g := newRig(t)
			g.start("t", g.role("dev", flags...))
			asked := 0
			for i := range rounds / 2 {
				text := fmt.Sprintf("message %d.", i)
				got, err := g.sup.Send(context.Background(), g.person(), api.SendRequest{To: "t/dev", Text: text, Within: "1ms"})
				is.NoErr(err)
				g.until("a menu or the submit", func() bool { return g.state1("t/dev") == agent.Waiting || g.status(got.ID).Final() })
				if g.state1("t/dev") == agent.Waiting {
					_, keys := g.turns("dev")
					is.Equal(len(keys), asked) // nothing was pressed into it
					_, err := g.sup.Deny(context.Background(), g.person(), api.ActRequest{To: "t/dev"})
					is.NoErr(err)
					asked++
				}
				is.True(g.settled(got.ID) != roles.StatusUnconfirmed)
				g.until("idle or asking", func() bool { return g.state1("t/dev") == agent.Idle })
			}
			texts, keys := g.turns("dev")
			is.Equal(len(texts), rounds/2)
			is.Equal(len(keys), asked) // every key that a menu got was a person's
			t.Logf("%d menus opened in %d messages", asked, rounds/2)
		})
	}
}

func TestSendIsRefusedWhileAMenuIsOpen(t *testing.T) {
	is := is.New(t)
	g := newRig(t)
	g.start("t", g.role("dev"))
	g.send("t/dev", "ASKPERM touch x")
	g.in("t/dev", agent.Waiting)
	got := g.send("t/dev", "hello")
	is.Equal(got.Status, roles.StatusRejected)
	is.True(got.Menu != nil && got.Menu.Kind == "permission")
	_, keys := g.turns("dev")
	is.Equal(len(keys), 0)
	texts, _ := g.turns("dev")
	is.Equal(len(texts), 1)

	// --queue keeps it, and it goes once the menu is answered.
	queued, err := g.sup.Send(context.Background(), g.person(), api.SendRequest{To: "t/dev", Text: "later", Queue: true})
	is.NoErr(err)
	is.Equal(queued.Status, roles.StatusQueued)
	res, err := g.sup.Approve(context.Background(), g.person(), api.ActRequest{To: "t/dev"})
	is.NoErr(err)
	is.Equal(res.Option, "Yes")
	is.True(g.settled(queued.ID) != roles.StatusUnconfirmed)
	texts, keys = g.turns("dev")
	is.Equal(texts[1:], []string{"later"})
	is.Equal(len(keys), 1)

	_, err = g.sup.Approve(context.Background(), g.person(), api.ActRequest{To: "t/dev"})
	is.True(err != nil) // no menu: nothing to approve, nothing pressed
}

// A menu that is replaced the moment before the key arrives gets no key that was meant for the other one.
func TestMenuChangesBeforeTheKey(t *testing.T) {
	is := is.New(t)
	g := newRig(t)
	g.start("t", g.role("dev"))
	g.send("t/dev", "ASKPERM touch x")
	g.in("t/dev", agent.Waiting)
	menu := g.sup.runner(roles.Address{Team: "t", Role: "dev"}).view().role.Menu
	_, err := g.sup.Approve(context.Background(), g.person(), api.ActRequest{To: "t/dev", MenuID: "another"})
	var e *api.Error
	is.True(errors.As(err, &e) && e.Code == api.CodeRejected)
	_, keys := g.turns("dev")
	is.Equal(len(keys), 0)
	_, err = g.sup.Approve(context.Background(), g.person(), api.ActRequest{To: "t/dev", MenuID: menu.ID, Option: "2"})
	is.NoErr(err)
	_, keys = g.turns("dev")
	is.Equal(len(keys), 1)
	is.True(strings.Contains(keys[0].Chose, "don't ask again"))
}

func TestCancel(t *testing.T) {
	is := is.New(t)
	g := newRig(t)
	g.start("t", g.role("dev"))
	t.Run("a turn that has produced something", func(t *testing.T) {
		is := is.New(t)
		g.send("t/dev", "ECHO begun THEN SLOW 1h")
		g.in("t/dev", agent.Busy)
		res, err := g.sup.Cancel(context.Background(), g.person(), api.ActRequest{To: "t/dev"})
		is.NoErr(err)
		is.Equal(res.State, "idle")
	})
	t.Run("a prompt that is handed back is cleared, and the next message comes alone", func(t *testing.T) {
		is := is.New(t)
		got := g.send("t/dev", "SLOW 1h")
		g.in("t/dev", agent.Busy)
		res, err := g.sup.Cancel(context.Background(), g.person(), api.ActRequest{To: "t/dev", Message: "ECHO instead"})
		is.NoErr(err)
		is.True(res.Receipt != nil)
		is.True(g.settled(res.Receipt.ID) != roles.StatusUnconfirmed)
		texts, _ := g.turns("dev")
		is.Equal(texts[len(texts)-1], "ECHO instead")
		is.Equal(g.status(got.ID), roles.StatusFailed)
	})
	t.Run("a menu is not answered by a cancel", func(t *testing.T) {
		is := is.New(t)
		g.in("t/dev", agent.Idle)
		g.send("t/dev", "ASKPERM touch y")
		g.in("t/dev", agent.Waiting)
		_, err := g.sup.Cancel(context.Background(), g.person(), api.ActRequest{To: "t/dev"})
		var e *api.Error
		is.True(errors.As(err, &e) && e.Code == api.CodeRejected)
		_, keys := g.turns("dev")
		is.Equal(len(keys), 0)
	})
}

// Copy mode and a pane whose input is switched off hold a message; it goes when the way is free.
func TestHeldWhileTheWayIsBlocked(t *testing.T) {
	tests := []struct {
		name  string
		block []string
		free  []string
		held  string
	}{
		{"copy mode", []string{"copy-mode", "-t"}, []string{"copy-mode", "-q", "-t"}, "copy mode"},
		{"input off", []string{"select-pane", "-d", "-t"}, []string{"select-pane", "-e", "-t"}, "input is switched off"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			is := is.New(t)
			g := newRig(t)
			team := g.start("t", g.role("dev"))
			pane := team.Roles[0].Pane
			g.cli(append(tt.block, pane)...)
			got, err := g.sup.Send(context.Background(), g.person(), api.SendRequest{To: "t/dev", Text: "hello", Within: "300ms"})
			is.NoErr(err)
			is.True(got.Status == roles.StatusQueued)
			g.until("held", func() bool { return g.sup.runner(roles.Address{Team: "t", Role: "dev"}).view().role.Held == tt.held })
			texts, _ := g.turns("dev")
			is.Equal(len(texts), 0)
			is.True(!strings.Contains(g.cli("capture-pane", "-p", "-t", pane), "hello"))
			g.cli(append(tt.free, pane)...)
			is.True(g.settled(got.ID) != roles.StatusUnconfirmed)
			texts, _ = g.turns("dev")
			is.Equal(texts, []string{"hello"})
		})
	}
}

// A dead pane gets nothing, and the tmux server lives: 3.3a dies of a paste into one.
func TestDeadPane(t *testing.T) {
	is := is.New(t)
	g := newRig(t)
	team := g.start("t", g.role("dev"), g.role("other"))
	is.NoErr(syscall.Kill(team.Roles[0].PID, syscall.SIGKILL))
	_, err := g.sup.Send(context.Background(), g.person(), api.SendRequest{To: "t/dev", Text: "hello", Within: "3s"})
	if err == nil {
		g.in("t/dev", agent.Dead) // the message came before the news: it is kept, not typed
	}
	g.in("t/dev", agent.Dead)
	_, err = g.sup.Send(context.Background(), g.person(), api.SendRequest{To: "t/dev", Text: "again"})
	var e *api.Error
	is.True(errors.As(err, &e) && e.Code == api.CodeDead)
	is.Equal(g.send("t/other", "hello").Status, roles.StatusSubmitted) // the server and the others live
	read, err := g.sup.Read(context.Background(), g.person(), api.ReadRequest{To: "t/dev"})
	is.NoErr(err)
	is.True(read.Dead)
}

// A program killed in the middle of a send: the message is kept or called unconfirmed, and nothing is typed afterwards.
func TestKilledInMidSend(t *testing.T) {
	is := is.New(t)
	g := newRig(t)
	team := g.start("t", g.role("dev", "--draw-delay", "300ms"), g.role("other"))
	got, err := g.sup.Send(context.Background(), g.person(), api.SendRequest{To: "t/dev", Text: "hello", Within: "50ms"})
	is.NoErr(err)
	is.NoErr(syscall.Kill(team.Roles[0].PID, syscall.SIGKILL))
	g.in("t/dev", agent.Dead)
	g.until("an end", func() bool {
		st := g.status(got.ID)
		return st == roles.StatusUnconfirmed || st == roles.StatusQueued || st == roles.StatusFailed
	})
	is.Equal(g.send("t/other", "hello").Status, roles.StatusSubmitted)
}

// After a restart of the tmux server ids begin anew: another program in "%0" gets nothing.
func TestServerRestart(t *testing.T) {
	is := is.New(t)
	tmux := controltest.Real(t)
	g := newRigOn(t, tmux)
	team := g.start("t", g.role("dev"))
	g.cli("kill-server")
	g.in("t/dev", agent.Dead)
	g.cli("new-session", "-d", "-x", "80", "-y", "24", "-s", "stranger", "cat")
	is.Equal(strings.TrimSpace(g.cli("list-panes", "-a", "-F", "#{pane_id}")), team.Roles[0].Pane) // the same id
	_, err := g.sup.Send(context.Background(), g.person(), api.SendRequest{To: "t/dev", Text: "hello"})
	var e *api.Error
	is.True(errors.As(err, &e) && e.Code == api.CodeDead)
	g.end()
	g.run() // nor does a new supervisor take the stranger for the role
	_, err = g.sup.Send(context.Background(), g.person(), api.SendRequest{To: "t/dev", Text: "hello"})
	is.True(errors.As(err, &e) && e.Code == api.CodeDead)
	is.Equal(strings.TrimSpace(g.cli("capture-pane", "-p", "-t", team.Roles[0].Pane)), "")
	g.start("t", g.role("dev")) // and the team can be started again
	is.Equal(g.send("t/dev", "back").Status, roles.StatusSubmitted)
}

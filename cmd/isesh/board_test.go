package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/matryer/is"

	"isesh/roles"
	"isesh/supervisor/api"
)

// team is a board with a role in every state.
func team() api.Team {
	at := func(ago time.Duration) time.Time { return logNow.Add(-ago) }
	exit := 3
	role := func(name, state string, ago time.Duration) api.Role {
		return api.Role{Address: "shop/" + name, Team: "shop", Name: name, State: state, Since: at(ago), Dir: "/home/me/shop", Pane: "%1", PID: 10,
			Session: "isesh-shop", Profile: "claude"}
	}
	gestor, dev, reviewer := role("gestor", "idle", time.Hour), role("dev", "waiting", time.Minute), role("reviewer", "dead", 2*time.Second)
	gestor.Lead = true
	dev.Kind, dev.Queue, dev.Held = "permission", 2, "menu"
	dev.Menu = &api.Menu{ID: "m1", Kind: "permission", Heading: "Allow this command? touch \x1b[31mx", Options: []string{"Yes", "Yes, and don't ask again", "No"}}
	dev.Last = &api.Receipt{ID: "0192f0c1-7b2e-7c3a-9d4e-5f6071829304", From: "user", To: "shop/dev", Status: roles.StatusQueued, Reason: "menu", Time: at(time.Minute)}
	reviewer.Exit, reviewer.Pane, reviewer.Trouble = &exit, "", "its program has ended"
	return api.Team{Name: "shop", Dir: "/home/me/shop", Layout: "shipped:trio.yaml", Session: "isesh-shop", Roles: []api.Role{gestor, dev, reviewer},
		Limits: api.Limits{Hops: 8, Pair: "20/10m0s", Use: []api.PairUsed{
			{From: "shop/dev", To: "shop/gestor", Count: 20, Opens: logNow.Add(time.Minute)}, {From: "shop/gestor", To: "shop/dev", Count: 3},
		}}}
}

func TestBoardGolden(t *testing.T) {
	is := is.New(t)
	inUTC(t)
	var b bytes.Buffer
	view := board{w: &b, now: logNow, home: "/home/me"}
	is.NoErr(view.teams([]api.Team{team(), {Roles: []api.Role{{Name: "sh", Address: "sh", State: "unknown"}}}}))
	b.WriteString("---\n")
	is.NoErr(view.list(team().Roles))
	b.WriteString("---\n")
	is.NoErr(view.role(team().Roles[1]))
	b.WriteString("---\n")
	is.NoErr(view.receipt(*team().Roles[1].Last, []roles.Record{
		{Kind: roles.KindMessage, Time: logNow, Status: roles.StatusAccepted, Text: "QUESTION: which\nof them?", Owes: true, InReplyTo: "q1", Hops: 2},
		{Kind: roles.KindReceipt, Time: logNow, Status: roles.StatusQueued, Evidence: "menu"},
	}))
	golden(t, "board.txt", b.String())
}

func TestReceiptLines(t *testing.T) {
	receipt := func(s roles.Status, reason, evidence string) api.Receipt {
		return api.Receipt{ID: "ID", From: "user", To: "shop/dev", Status: s, Reason: reason, Evidence: evidence}
	}
	tests := []struct {
		receipt api.Receipt
		code    int
		want    string
	}{
		{receipt(roles.StatusSubmitted, "", "composer empty, busy"), 0, "submitted ID to shop/dev (composer empty, busy) in 12ms\n"},
		{receipt(roles.StatusQueued, "busy", ""), 6, "queued ID to shop/dev (busy): it goes by itself when the way is free, do not send it again\n"},
		{receipt(roles.StatusUnconfirmed, "no proof", ""), 7, "unconfirmed ID to shop/dev (no proof): do not send it again, see isesh status ID\n"},
	}
	for _, tt := range tests {
		is := is.New(t)
		a, out, errs := testApp(nil)
		err := a.printReceipt(tt.receipt, 12*time.Millisecond)
		is.Equal(a.fail(err, nil), tt.code)
		is.Equal(out.String(), tt.want)
		is.Equal(errs.String(), "")
	}

	is := is.New(t)
	a, out, errs := testApp(nil)
	r := receipt(roles.StatusRejected, "", "")
	r.Menu = &api.Menu{Kind: "permission", Heading: "Run it?"}
	is.Equal(a.fail(a.printReceipt(r, 0), nil), 5)
	is.Equal(out.String(), "")
	is.Equal(errs.String(), "isesh: shop/dev waits for an answer to \"Run it?\"; nothing was typed "+
		"(isesh approve shop/dev or isesh deny shop/dev answers it; --queue sends it afterwards)\n")
}

func TestActLine(t *testing.T) {
	is := is.New(t)
	a, _, _ := testApp(nil)
	is.Equal(a.actLine("approved", api.ActResult{To: "shop/dev", Option: "Yes", Menu: &api.Menu{Heading: "Run it?"}, State: "busy"}),
		`approved shop/dev: "Yes" to "Run it?"; it is busy`)
	is.Equal(a.actLine("answered", api.ActResult{To: "dev", Pressed: []string{"Down", "Enter"}, State: "waiting", Kind: "question"}),
		`answered dev: Down Enter; it is waiting question`)
}

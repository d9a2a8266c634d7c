package supervisor

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"isesh/layout"
	"isesh/roles/agent"
	"isesh/supervisor/api"
)

// BenchmarkMenu measures how long after a permission menu can have appeared a waiter is told of it: quiet, and while twenty other roles of
// the team redraw ten times a second.
//
// The clock begins when the agent's own timer is due: it records when it took the message, and opens the menu a known time later. What the
// agent, its terminal and tmux need to draw it is in the result, which therefore is too large rather than too small.
//
//	go test -run '^$' -bench Menu -benchtime 100x ./supervisor
func BenchmarkMenu(b *testing.B) {
	for _, c := range []struct {
		name   string
		others int
	}{{"quiet", 0}, {"busy", 20}} {
		b.Run(c.name, func(b *testing.B) {
			g := newRig(b)
			team := []layout.ResolvedRole{g.role("dev")}
			for i := range c.others {
				team = append(team, g.role(fmt.Sprintf("noisy-%d", i+1), "--busy", "--redraw", "10"))
			}
			g.startBusy("t", team...)
			g.in("t/dev", agent.Idle)
			var all []time.Duration
			for b.Loop() {
				all = append(all, g.menuLatency("t/dev", len(all)))
			}
			slices.Sort(all)
			for _, percent := range []int{50, 90, 99} {
				d := all[min(len(all)-1, len(all)*percent/100)]
				b.ReportMetric(float64(d.Microseconds())/1000, fmt.Sprintf("p%d-ms", percent))
			}
		})
	}
}

// menuLatency has a role open a menu and returns how late a waiter was told.
func (g *rig) menuLatency(name string, n int) time.Duration {
	g.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	// Never in step with the spinner.
	after := 200*time.Millisecond + time.Duration(n*37%250)*time.Millisecond
	g.send(name, fmt.Sprintf("SLOW %s THEN ASKPERM make %d", after, n))
	res, err := g.sup.Wait(ctx, g.person(), api.WaitRequest{Targets: []string{name}, States: []string{string(agent.Waiting)}, Timeout: "20s"})
	told := time.Now()
	if err != nil || res.TimedOut {
		g.Fatalf("waiting for the menu: %v, timed out %v", err, res.TimedOut)
	}
	late := told.Sub(g.lastTurn("dev").Add(after))
	if _, err := g.sup.Approve(ctx, g.person(), api.ActRequest{To: name}); err != nil {
		g.Fatal(err)
	}
	g.in(name, agent.Idle)
	return late
}

// lastTurn is when a role took its last message.
func (g *rig) lastTurn(name string) (at time.Time) {
	g.Helper()
	f, err := os.Open(g.record(name))
	if err != nil {
		g.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var e struct {
			Time time.Time
			N    int
		}
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			g.Fatal(err)
		}
		if e.N > 0 {
			at = e.Time
		}
	}
	return at
}

// startBusy starts a team without waiting for its roles to be idle, which some never are.
func (g *rig) startBusy(name string, rs ...layout.ResolvedRole) {
	g.Helper()
	data, err := json.Marshal(layout.Team{Name: name, Dir: g.dir, Arrange: layout.ArrangeWindows, Roles: rs})
	if err != nil {
		g.Fatal(err)
	}
	env := map[string]string{"PATH": os.Getenv("PATH"), "HOME": g.dir, "LANG": "C.UTF-8"}
	if _, err := g.sup.Start(context.Background(), g.person(), api.StartRequest{Team: data, Env: env, Width: 100, Height: 30}, nil); err != nil {
		g.Fatalf("start %s: %v", name, err)
	}
	g.until("all of "+name+" up", func() bool {
		for _, r := range g.sup.allRunners() {
			if st := r.view().role.State; st != string(agent.Idle) && st != string(agent.Busy) {
				return false
			}
		}
		return true
	})
}

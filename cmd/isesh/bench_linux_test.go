package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// watchFor is how long the processes of a team are watched.
const watchFor = 20 * time.Second

// BenchmarkTeam measures what a team of fifty costs while nobody does anything with it: all idle, or all busy and redrawing ten times a
// second. One round is one team watched for 20 seconds. The CPU time is in percent of one core: of the supervisor, of its tmux clients, of
// the tmux server, and of the fifty agents themselves; beside it that of the tmux server alone, with the supervisor stopped, under the same
// agents. Memory is what is resident, shared pages included.
//
//	go test -run '^$' -bench Team -benchtime 1x ./cmd/isesh
func BenchmarkTeam(b *testing.B) {
	for _, c := range []struct{ name, flags, state string }{
		{"idle", "", "idle"},
		{"busy", " --busy --redraw 10", "busy"},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				measureTeam(b, c.flags, c.state)
			}
		})
	}
}

func measureTeam(b *testing.B, flags, state string) {
	w := newWorld(b)
	w.start("  worker: {replicas: 50, command: \"isesh agent scripted"+flags+"\"}\n", state)
	var hello struct{ PID int }
	if err := json.Unmarshal([]byte(w.run(w.isesh, "supervise", "--status", "--json")), &hello); err != nil {
		b.Fatal(err)
	}
	number := func(s string) int {
		n, err := strconv.Atoi(s)
		if err != nil {
			b.Fatal(err)
		}
		return n
	}
	server := number(strings.TrimSpace(w.run("tmux", "display-message", "-p", "#{pid}")))
	var clients, agents []int
	for _, pid := range strings.Fields(w.run("tmux", "list-clients", "-F", "#{client_pid}")) {
		clients = append(clients, number(pid))
	}
	for _, pid := range strings.Fields(w.run("tmux", "list-panes", "-a", "-F", "#{pane_pid}")) {
		agents = append(agents, number(pid))
	}
	if len(clients) == 0 || len(agents) != 50 {
		b.Fatalf("%d control clients and %d agents", len(clients), len(agents))
	}
	rest(2 * time.Second) // what starting them left to do
	sup, cli, tmux, all := newUsage(b, hello.PID), newUsage(b, clients...), newUsage(b, server), newUsage(b, agents...)
	rest(watchFor)
	supPercent, tmuxPercent := sup.percent(), tmux.percent()
	b.ReportMetric(supPercent, "%core-supervisor")
	b.ReportMetric(cli.percent(), "%core-clients")
	b.ReportMetric(tmuxPercent, "%core-tmux")
	b.ReportMetric(supPercent+cli.percent()+tmuxPercent, "%core-in-all")
	b.ReportMetric(all.percent(), "%core-agents")
	b.ReportMetric(resident(b, hello.PID), "MB-supervisor")
	b.ReportMetric(resident(b, server), "MB-tmux")

	w.run(w.isesh, "supervise", "--stop", "-q")
	tmux = newUsage(b, server)
	rest(watchFor / 4)
	b.ReportMetric(tmux.percent(), "%core-tmux-alone")
}

// rest lets time pass while a process is being measured. There is no event to wait for.
func rest(d time.Duration) { <-time.After(d) }

// usage is the CPU time that processes had used when it was made.
type usage struct {
	b    *testing.B
	pids []int
	cpu  time.Duration
	at   time.Time
}

func newUsage(b *testing.B, pids ...int) usage {
	u := usage{b: b, pids: pids, at: time.Now()}
	u.cpu = u.used()
	return u
}

// used asks the clock that the kernel keeps for each process, which is finer than the ticks in /proc.
func (u usage) used() time.Duration {
	var sum time.Duration
	for _, pid := range u.pids {
		var t unix.Timespec
		if err := unix.ClockGettime(int32(^pid<<3|2), &t); err != nil {
			u.b.Fatalf("reading the CPU time of process %d: %v", pid, err)
		}
		sum += time.Duration(t.Nano())
	}
	return sum
}

// percent is what they have used since, in percent of one core.
func (u usage) percent() float64 {
	return 100 * float64(u.used()-u.cpu) / float64(time.Since(u.at))
}

// resident is how much memory of a process is in RAM, in MB.
func resident(b *testing.B, pid int) float64 {
	data, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		var kb int
		if n, _ := fmt.Sscanf(line, "VmRSS: %d kB", &kb); n == 1 {
			return float64(kb) / 1024
		}
	}
	b.Fatalf("no VmRSS of process %d", pid)
	return 0
}

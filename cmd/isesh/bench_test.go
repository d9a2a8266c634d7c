package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"isesh/supervisor/api"
)

// world is a home, a state directory, a tmux server and an isesh binary of its own, for a benchmark. Nothing of it is left at the end.
type world struct {
	*testing.B
	dir   string // short, for sockets
	isesh string
	env   []string
}

// newWorld builds the real binary: the test binary, which can play it, takes longer to start.
func newWorld(b *testing.B) *world {
	b.Helper()
	if err := newApp().needTmux(b.Context()); err != nil {
		b.Skip(err)
	}
	dir, err := os.MkdirTemp("/tmp", "isesh")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	// A login session has its runtime directory in memory.
	runtime, err := os.MkdirTemp("/dev/shm", "isesh")
	if err == nil {
		b.Cleanup(func() { os.RemoveAll(runtime) })
	} else {
		runtime = dir
	}
	w := &world{B: b, dir: dir, isesh: filepath.Join(dir, "bin", "isesh")}
	if out, err := exec.Command("go", "build", "-o", w.isesh, ".").CombinedOutput(); err != nil {
		b.Fatalf("building isesh: %v: %s", err, out)
	}
	w.env = []string{
		"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "XDG_RUNTIME_DIR=" + runtime, "TMUX_TMPDIR=" + dir, "TMPDIR=" + dir,
		"LANG=C.UTF-8", "SHELL=/bin/sh", "ISESH_DIR=" + filepath.Join(dir, "state"),
	}
	b.Cleanup(func() {
		w.command(w.isesh, "supervise", "--stop", "-q").Run()
		w.command("tmux", "kill-server").Run()
	})
	return w
}

func (w *world) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Dir, c.Env = w.dir, w.env
	return c
}

// run runs a command that must succeed, and returns what it printed on standard output.
func (w *world) run(name string, args ...string) string {
	w.Helper()
	c := w.command(name, args...)
	var errs strings.Builder
	c.Stderr = &errs
	out, err := c.Output()
	if err != nil {
		w.Fatalf("%s %q: %v: %s%s", filepath.Base(name), args, err, out, errs.String())
	}
	return string(out)
}

// start starts a team called bench from the roles part of a layout, and waits until its roles are in state.
func (w *world) start(roles, state string) {
	w.Helper()
	file := filepath.Join(w.dir, "isesh.yaml")
	text := "version: 1\nname: bench\ndefaults: {agent: scripted, restart: never}\nroles:\n" + roles
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		w.Fatal(err)
	}
	w.run(w.isesh, "start", "--detach", "--no-wait", "-q")
	client := w.client()
	defer client.Close()
	team, err := client.Teams(w.Context(), "bench")
	if err != nil {
		w.Fatal(err)
	}
	var all []string
	for _, r := range team[0].Roles {
		all = append(all, r.Address)
	}
	w.wait(client, state, all...)
}

// client is a connection to the supervisor of this world.
func (w *world) client() *api.Client {
	w.Helper()
	getenv := func(name string) string {
		for _, kv := range w.env {
			if v, ok := strings.CutPrefix(kv, name+"="); ok {
				return v
			}
		}
		return ""
	}
	a := &app{getenv: getenv, now: time.Now}
	client, err := a.connectRunning(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	return client
}

// wait waits until all roles are in a state.
func (w *world) wait(client *api.Client, state string, to ...string) {
	w.Helper()
	res, err := client.Wait(w.Context(), api.WaitRequest{Targets: to, States: []string{state}, All: true, Timeout: "1m"})
	if err != nil {
		w.Fatal(err)
	}
	for _, r := range res.Roles {
		if r.State != state {
			w.Fatalf("%s is %s, not %s", r.Address, r.State, state)
		}
	}
}

// took runs a command and returns how long it took from before its start to after its end.
func (w *world) took(name string, args ...string) time.Duration {
	w.Helper()
	c := w.command(name, args...)
	began := time.Now()
	err := c.Run()
	d := time.Since(began)
	if err != nil {
		w.Logf("%s %q: %v", filepath.Base(name), args, err)
	}
	return d
}

// spread reports the median, the 90th and the 99th percentile in milliseconds.
func spread(b *testing.B, name string, all []time.Duration) time.Duration {
	slices.Sort(all)
	at := func(percent int) time.Duration { return all[min(len(all)-1, len(all)*percent/100)] }
	for _, percent := range []int{50, 90, 99} {
		b.ReportMetric(float64(at(percent).Microseconds())/1000, fmt.Sprintf("%s-p%d-ms", name, percent))
	}
	return at(50)
}

// BenchmarkSend measures `isesh send` from before its process starts until it has ended because the message was submitted: to an agent
// that is idle, with the supervisor running. Each round has beside it `tmux send-keys`, which checks and proves nothing, and `isesh --version`,
// which is the bare start of the process. How many messages did not arrive exactly once is reported, too: it must be 0.
//
//	go test -run '^$' -bench 'Send$' -benchtime 200x ./cmd/isesh
func BenchmarkSend(b *testing.B) {
	w := newWorld(b)
	record := filepath.Join(w.dir, "record")
	w.start(fmt.Sprintf("  dev: {command: isesh agent scripted --record %s}\n", record), "idle")
	w.run("tmux", "new-session", "-d", "-s", "plain", "cat")
	client := w.client()
	defer client.Close()

	var send, keys, start []time.Duration
	want := map[string]int{}
	for b.Loop() {
		text := fmt.Sprintf("note %d: the form is in place", len(send))
		want[text] = 1
		b.StopTimer()
		w.wait(client, "idle", "bench/dev")
		b.StartTimer()
		send = append(send, w.took(w.isesh, "send", "dev", text))
		b.StopTimer()
		keys = append(keys, w.took("tmux", "send-keys", "-t", "plain:", text, "Enter"))
		start = append(start, w.took(w.isesh, "--version"))
		b.StartTimer()
	}
	w.wait(client, "idle", "bench/dev")
	ours, theirs := spread(b, "send", send), spread(b, "send-keys", keys)
	b.ReportMetric(float64(ours)/float64(theirs), "x-send-keys")
	slices.Sort(start)
	b.ReportMetric(float64(start[len(start)/2].Microseconds())/1000, "start-p50-ms")
	lost, twice := w.compare(record, want)
	b.ReportMetric(float64(lost), "lost")
	b.ReportMetric(float64(twice), "twice")
	if lost+twice > 0 {
		b.Errorf("%d messages lost, %d submitted more than once", lost, twice)
	}
}

// compare counts the messages that the record of a scripted agent lacks, and those it has too often.
func (w *world) compare(record string, want map[string]int) (lost, more int) {
	f, err := os.Open(record)
	if err != nil {
		w.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var turn struct{ Text string }
		if err := json.Unmarshal(lines.Bytes(), &turn); err != nil {
			w.Fatal(err)
		}
		want[turn.Text]--
	}
	for _, n := range want {
		lost += max(n, 0)
		more += max(-n, 0)
	}
	return lost, more
}

// BenchmarkSendRequest is how long a send takes without the start of a process: the same request on a connection that stands.
func BenchmarkSendRequest(b *testing.B) {
	w := newWorld(b)
	record := filepath.Join(w.dir, "record")
	w.start(fmt.Sprintf("  dev: {command: isesh agent scripted --record %s}\n", record), "idle")
	client := w.client()
	defer client.Close()
	var all []time.Duration
	want := map[string]int{}
	for b.Loop() {
		b.StopTimer()
		w.wait(client, "idle", "bench/dev")
		text := fmt.Sprintf("note %d: the form is in place", len(all))
		want[text] = 1
		b.StartTimer()
		began := time.Now()
		if r, err := client.Send(context.Background(), api.SendRequest{To: "bench/dev", Text: text}); err != nil || r.Status != "submitted" {
			b.Fatal(r, err)
		}
		all = append(all, time.Since(began))
	}
	w.wait(client, "idle", "bench/dev")
	spread(b, "request", all)
	lost, twice := w.compare(record, want)
	b.ReportMetric(float64(lost+twice), "lost")
}

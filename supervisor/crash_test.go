package supervisor_test

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

	"github.com/sourcegraph/conc/iter"

	"isesh/roles"
)

// The steps of a delivery at which the supervisor is killed.
var steps = []string{
	"before it is accepted", "after it was accepted",
	"before the paste", "after the paste", "after the receipt of the paste",
	"before the receipt of the text seen", "after the receipt of the text seen",
	"before the Enter", afterEnter, afterEnterReceipt,
	"before the receipt of the submit", "after the receipt of the submit",
}

const (
	afterEnter        = "after the Enter"
	afterEnterReceipt = "after the receipt of the Enter"
)

// Where a person's draft is put aside first.
var stashSteps = []string{"before the draft is put aside", "after the draft was put aside", "after the receipt of the draft put aside", "before the paste", afterEnter}

// TestKilledAtEachStep kills the supervisor at every step of deliveries, as kill -9 does, and lets the next command start it again. Whatever the
// step: each message comes to its agent exactly once. Only a kill between the Enter and its first evidence may leave one unconfirmed.
func TestKilledAtEachStep(t *testing.T) {
	worlds, rounds, drafts := 9, 2, stashSteps
	if testing.Short() {
		worlds, rounds, drafts = 2, 1, stashSteps[1:2]
	}
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("tmux is not installed")
	}
	binary := filepath.Join(t.TempDir(), "isesh")
	if out, err := exec.Command("go", "build", "-tags", "faults", "-o", binary, "isesh/cmd/isesh").CombinedOutput(); err != nil {
		t.Fatalf("building with faults: %v\n%s", err, out)
	}
	begin := time.Now()
	all := iter.Iterator[outcome]{MaxGoroutines: worlds + 1}
	outcomes := make([]outcome, worlds+1)
	all.ForEachIdx(outcomes, func(n int, o *outcome) {
		w := newCrashWorld(t, binary)
		if n == worlds {
			for _, step := range drafts {
				w.deliverPastDraft(step)
			}
			w.deliver("after it was accepted", 3)
			w.deliver("after it was accepted", 0) // to a busy agent: between its queue and its delivery
		} else {
			for i := range rounds * len(steps) {
				w.deliver(steps[i%len(steps)], (i+n)%3)
			}
		}
		*o = w.outcome()
	})
	var sum outcome
	for _, o := range outcomes {
		sum.sent, sum.kills, sum.turns = sum.sent+o.sent, sum.kills+o.kills, sum.turns+o.turns
		sum.lost, sum.doubled, sum.unconfirmed = sum.lost+o.lost, sum.doubled+o.doubled, sum.unconfirmed+o.unconfirmed
	}
	t.Logf("%d messages, %d kills, %d turns; %d lost, %d doubled, %d unconfirmed; %s",
		sum.sent, sum.kills, sum.turns, sum.lost, sum.doubled, sum.unconfirmed, time.Since(begin).Round(time.Second))
	if sum.kills < sum.sent*9/10 {
		t.Errorf("only %d kills in %d deliveries", sum.kills, sum.sent)
	}
}

type outcome struct{ sent, kills, turns, lost, doubled, unconfirmed int }

// crashWorld is a state directory, a tmux server and a team of one scripted agent.
type crashWorld struct {
	*testing.T
	binary, base, state, project string
	env                          []string
	messages                     []crashed
	kills                        int
}

// crashed is a message, and the step at which the supervisor was to be killed.
type crashed struct {
	id, text, step string
	killed         bool
}

func newCrashWorld(t *testing.T, binary string) *crashWorld {
	base, err := os.MkdirTemp("", "isesh")
	if err != nil {
		t.Fatal(err)
	}
	w := &crashWorld{T: t, binary: binary, base: base, state: filepath.Join(base, "state"), project: filepath.Join(base, "shop")}
	t.Cleanup(func() {
		_ = os.Remove(w.fault())
		w.isesh("stop", "--all")
		w.isesh("supervise", "--stop")
		_, _ = w.command("tmux", "kill-server").CombinedOutput() // gone with its last session, as a rule
		if err := os.RemoveAll(base); err != nil {
			t.Error(err)
		}
	})
	layout := "version: 1\nname: shop\nroles:\n  dev: {agent: scripted, command: isesh agent scripted --no-hooks --record record}\n"
	if err := os.MkdirAll(w.project, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.project, "isesh.yaml"), []byte(layout), 0o600); err != nil {
		t.Fatal(err)
	}
	w.env = []string{
		"HOME=" + base, "PATH=" + filepath.Dir(binary) + ":" + os.Getenv("PATH"), "LANG=C.UTF-8", "SHELL=/bin/sh", "TERM=xterm", "XDG_RUNTIME_DIR=" + base,
		"TMUX_TMPDIR=" + base, "TMPDIR=" + base, "ISESH_DIR=" + w.state, "ISESH_FAULT=" + w.fault(),
	}
	if out, code := w.isesh("start", "--detach"); code != 0 {
		t.Fatalf("start: exit %d\n%s", code, out)
	}
	return w
}

func (w *crashWorld) fault() string { return filepath.Join(w.base, "fault") }

func (w *crashWorld) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Dir, c.Env = w.project, w.env
	return c
}

// isesh runs a command and returns its output and exit code.
func (w *crashWorld) isesh(args ...string) (string, int) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, w.binary, args...)
	c.Dir, c.Env = w.project, w.env
	out, err := c.CombinedOutput()
	if err != nil && c.ProcessState == nil {
		w.Fatalf("isesh %q: %v", args, err)
	}
	return string(out), c.ProcessState.ExitCode()
}

// deliver sends a message through a supervisor that is to be killed at a step, and waits until it is settled.
func (w *crashWorld) deliver(step string, kind int) {
	m := w.message(step, kind)
	out, code := w.isesh("send", "dev", m.text, "--id", m.id)
	if code != 0 && code != 6 && code != 7 {
		w.Errorf("send of %s, killed %s: exit %d\n%s", m.id, step, code, out)
	}
	w.settle(m)
}

func (w *crashWorld) message(step string, kind int) *crashed {
	n := len(w.messages)
	id := fmt.Sprintf("m%d.x", n)
	text := []string{"ECHO %s", "a message\nof three lines\n%s.", "ECHO %s THEN SLOW 100ms", "ECHO %s THEN SLOW 2s"}[kind]
	w.messages = append(w.messages, crashed{id: id, text: fmt.Sprintf(text, id), step: step})
	if err := os.WriteFile(w.fault(), []byte(step), 0o600); err != nil {
		w.Fatal(err)
	}
	return &w.messages[n]
}

// settle waits until a message has come to its end. Commands start the supervisor again.
func (w *crashWorld) settle(m *crashed) {
	deadline := time.Now().Add(30 * time.Second)
	for ; ; time.Sleep(20 * time.Millisecond) {
		status := w.status(m.id)
		if status.Final() {
			break
		}
		if time.Now().After(deadline) {
			w.Errorf("%s, killed %s, is still %q", m.id, m.step, status)
			break
		}
		w.isesh("wait", "dev", "--state", "idle", "--timeout", "300ms")
	}
	if _, err := os.Stat(w.fault()); os.IsNotExist(err) {
		m.killed = true
		w.kills++
	} else if err := os.Remove(w.fault()); err != nil {
		w.Error(err)
	}
}

// status is how far the conversation says that a message has come.
func (w *crashWorld) status(id string) roles.Status {
	dir, err := roles.OpenDir(w.state)
	if err != nil {
		w.Fatal(err)
	}
	rec, receipts, err := roles.NewReader(dir).Get(id)
	if err != nil {
		return ""
	}
	status := rec.Status
	for _, r := range receipts {
		if r.Status != "" {
			status = r.Status
		}
	}
	return status
}

// deliverPastDraft is deliver while a person has left a draft in the composer. The draft must be there afterwards.
func (w *crashWorld) deliverPastDraft(step string) {
	draft := fmt.Sprintf("half a thought %d", len(w.messages))
	w.tmux("send-keys", "-t", "=isesh-shop:dev", "-l", draft)
	w.shows(draft)
	m := w.message(step, 0)
	w.isesh("send", "dev", m.text, "--id", m.id)
	w.settle(m)
	w.shows(draft)
	w.tmux("send-keys", "-t", "=isesh-shop:dev", "C-u")
}

func (w *crashWorld) tmux(args ...string) string {
	w.Helper()
	out, err := w.command("tmux", args...).CombinedOutput()
	if err != nil {
		w.Fatalf("tmux %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// shows waits until the composer shows a text.
func (w *crashWorld) shows(text string) {
	w.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		screen := w.tmux("capture-pane", "-p", "-t", "=isesh-shop:dev")
		if strings.Contains(screen, "▸\u00a0"+text) {
			return
		}
		if time.Now().After(deadline) {
			w.Errorf("the composer does not show %q:\n%s", text, screen)
			return
		}
	}
}

// outcome compares what the agent got with what was sent.
func (w *crashWorld) outcome() outcome {
	o := outcome{sent: len(w.messages), kills: w.kills}
	w.isesh("list") // the last one's supervisor may have been killed behind its end: somebody has to watch its turn
	for deadline := time.Now().Add(20 * time.Second); slices.ContainsFunc(w.messages, func(m crashed) bool { return w.status(m.id) == roles.StatusSubmitted }); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.Error("the end of a turn was never seen")
			break
		}
	}
	turns := w.turns()
	o.turns = len(turns)
	var order []string
	for _, m := range w.messages {
		got := 0
		for _, text := range turns {
			if strings.Contains(text, m.id) {
				got++
			}
		}
		status := w.status(m.id)
		between := m.killed && (m.step == afterEnter || m.step == afterEnterReceipt)
		switch {
		case got > 1:
			o.doubled++
			w.Errorf("%s, killed %s, came %d times", m.id, m.step, got)
		case got == 0 && !(status == roles.StatusUnconfirmed && between):
			o.lost++
			w.Errorf("%s, killed %s, never came and is %q", m.id, m.step, status)
		}
		if status == roles.StatusUnconfirmed {
			o.unconfirmed++
			if !between {
				w.Errorf("%s, killed %s, is unconfirmed", m.id, m.step)
			}
		}
		if got == 1 {
			order = append(order, m.text)
		}
	}
	if o.doubled == 0 && !slices.Equal(order, turns) {
		w.Errorf("turns are not the messages in their order:\n%q\n%q", turns, order)
	}
	return o
}

// turns are the texts that the agent was given.
func (w *crashWorld) turns() (texts []string) {
	f, err := os.Open(filepath.Join(w.project, "record"))
	if err != nil {
		w.Error(err)
		return nil
	}
	defer f.Close()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		var turn struct {
			N    int    `json:"n"`
			Text string `json:"text"`
		}
		if err := json.Unmarshal(sc.Bytes(), &turn); err != nil {
			w.Error(err)
		}
		if turn.Text != "" {
			texts = append(texts, turn.Text)
		}
	}
	return texts
}

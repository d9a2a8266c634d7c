package scripted

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// result is how a command ended.
type result struct {
	turn *turn
	text string
}

// What is kept of a command's output, and how much of it is shown.
const (
	outputBytes = 64 << 10
	outputLines = 20
)

// orphanWait is how long a command's output may stay open after it ended: a program it left behind may hold it.
const orphanWait = 200 * time.Millisecond

// run starts a command for the turn. Its result comes through a.results, unless the program ends first.
func (a *agent) run(t *turn, argv []string) {
	ctx, cancel := context.WithCancel(a.ctx)
	t.waiting, t.cancel = true, cancel
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env, cmd.Dir = a.o.Env, a.o.Dir
	var out head
	cmd.Stdout, cmd.Stderr = &out, &out
	// A group of its own, so that an interrupt ends all of it; no stdin, so that it never stops for the terminal.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = orphanWait
	a.tools.Go(func() {
		defer cancel()
		r := result{t, outcomeText(cmd.Run(), out.String())}
		select {
		case a.results <- r:
		case <-a.ctx.Done():
		}
	})
}

// head keeps the beginning of what is written to it.
type head struct{ bytes.Buffer }

func (h *head) Write(p []byte) (int, error) {
	h.Buffer.Write(p[:min(len(p), max(0, outputBytes-h.Len()))])
	return len(p), nil
}

func outcomeText(err error, out string) string {
	lines := strings.Split(strings.TrimRight(out, "\n"), "\n")
	if len(lines) > outputLines {
		lines = append(lines[:outputLines:outputLines], fmt.Sprintf("… +%d lines", len(lines)-outputLines))
	}
	text := strings.Join(lines, "\n")
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && exit.ExitCode() >= 0:
		text += fmt.Sprintf(" (exit %d)", exit.ExitCode())
	case err != nil && !errors.Is(err, exec.ErrWaitDelay):
		text += " (" + err.Error() + ")"
	case text == "":
		text = "(no output)"
	}
	return strings.TrimLeft(text, " ")
}

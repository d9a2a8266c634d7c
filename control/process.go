package control

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// process is a Conn over a real tmux client process.
type process struct {
	cmd    *exec.Cmd
	in     *os.File // its standard input, our end
	out    *os.File // its standard output, our end
	stderr limited
}

// startProcess starts cmd on pipes of its own: tmux makes them non-blocking, so
// they must not be shared with anybody.
func startProcess(cmd *exec.Cmd) (*process, error) {
	inR, inW, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("starting tmux: %w", err)
	}
	outR, outW, err := os.Pipe()
	if err != nil {
		inR.Close()
		inW.Close()
		return nil, fmt.Errorf("starting tmux: %w", err)
	}
	p := &process{cmd: cmd, in: inW, out: outR}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = inR, outW, &p.stderr
	// Somebody who inherited stderr must not keep Wait from returning.
	cmd.WaitDelay = time.Second
	err = cmd.Start()
	inR.Close()
	outW.Close()
	if err != nil {
		inW.Close()
		outR.Close()
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, os.ErrNotExist) {
			err = ErrNoTmux
		}
		return nil, fmt.Errorf("starting %s: %w", cmd.Path, err)
	}
	return p, nil
}

func (p *process) Read(b []byte) (int, error)  { return p.out.Read(b) }
func (p *process) Write(b []byte) (int, error) { return p.in.Write(b) }
func (p *process) Close() error                { return p.in.Close() }
func (p *process) PID() int                    { return p.cmd.Process.Pid }
func (p *process) Stderr() string              { return p.stderr.String() }

func (p *process) Kill() error {
	err := p.cmd.Process.Kill()
	p.in.Close()
	// The server holds the other end, too, and may be stuck: do not wait for EOF.
	p.out.Close()
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

func (p *process) Wait() (int, error) {
	err := p.cmd.Wait()
	p.in.Close()
	p.out.Close()
	var exit *exec.ExitError
	if errors.As(err, &exit) || errors.Is(err, exec.ErrWaitDelay) {
		err = nil
	}
	return p.cmd.ProcessState.ExitCode(), err
}

// limited keeps the beginning of what is written to it.
type limited struct {
	mu  sync.Mutex
	buf strings.Builder
}

func (l *limited) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf.Write(b[:min(len(b), 1024-min(l.buf.Len(), 1024))])
	return len(b), nil
}

func (l *limited) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.TrimSpace(l.buf.String())
}

package control_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"isesh/control"
	"isesh/control/controltest"

	"github.com/matryer/is"
)

func TestDialsAtOnceAndSizesStay(t *testing.T) {
	is := is.New(t)
	ctx := background(t)
	s, c, p := realPane(t, "cat")
	run(t, c, "new-session", "-d", "-s", "second", "-x", "133", "-y", "44", "cat")
	var wg sync.WaitGroup
	clients := make([]*control.Client, 6)
	for i := range clients {
		wg.Go(func() {
			var err error
			if clients[i], err = control.Dial(ctx, control.Options{Server: s, Session: "=second", Scratch: t.TempDir()}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	panes, err := c.Panes(ctx)
	is.NoErr(err)
	is.Equal([]int{panes[1].Width, panes[1].Height, panes[1].SessionAttached}, []int{133, 44, 6})
	is.Equal([]int{panes[0].Width, panes[0].Height}, []int{p.Width, p.Height})
	for _, c := range clients {
		is.NoErr(c.Close())
		is.True(errors.Is(c.Err(), control.ErrClosed))
		_, err := c.Do(ctx, "display-message -p x")
		is.True(errors.Is(err, control.ErrClosed))
	}
}

func TestDetachedClientsDialAgain(t *testing.T) {
	is := is.New(t)
	ctx := background(t)
	s, c, p := realPane(t, "cat")
	_, err := s.Output(ctx, "detach-client", "-s", c.Session())
	is.NoErr(err)
	<-c.Done()
	var exit *control.ExitError
	is.True(errors.As(c.Err(), &exit))
	is.Equal(exit.Reason, "")
	_, err = c.Do(ctx, "display-message -p x")
	is.True(errors.As(err, &exit))
	again := dial(t, control.Options{Server: s, Session: c.Session()})
	is.Equal(only(t, again).PID, p.PID)

	_, err = s.Output(ctx, "kill-server")
	is.NoErr(err)
	<-again.Done()
	is.True(errors.As(again.Err(), &exit))
}

func TestKilledServerAndKilledClient(t *testing.T) {
	is := is.New(t)
	s, c, _ := realPane(t, "cat")
	other := dial(t, control.Options{Server: s, Session: c.Session()})
	is.NoErr(syscall.Kill(other.PID(), syscall.SIGKILL))
	<-other.Done()
	var exit *control.ExitError
	is.True(errors.As(other.Err(), &exit) && exit.Silent && exit.Code == -1)
	is.NoErr(syscall.Kill(c.Identity().PID, syscall.SIGKILL))
	<-c.Done()
	is.True(errors.As(c.Err(), &exit))
	is.Equal(exit.Reason, "server exited unexpectedly")
}

func TestMovedClientLetsGo(t *testing.T) {
	is := is.New(t)
	_, c, _ := realPane(t, "cat")
	run(t, c, "new-session", "-d", "-s", "other", "cat")
	run(t, c, "set-option", "-g", "detach-on-destroy", "off")
	_ = c.KillSession(background(t), c.Session())
	<-c.Done()
	is.True(errors.Is(c.Err(), control.ErrMoved))
}

func TestStuckServerDoesNotHoldUpContextOrClose(t *testing.T) {
	is := is.New(t)
	_, c, _ := realPane(t, "cat")
	server := c.Identity().PID
	is.NoErr(syscall.Kill(server, syscall.SIGSTOP))
	t.Cleanup(func() { syscall.Kill(server, syscall.SIGCONT) })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := c.Do(ctx, "display-message -p x", "set-buffer -b big "+strings.Repeat("x", 300<<10)) // more than a pipe holds
	is.True(errors.Is(err, context.DeadlineExceeded))
	_, err = c.Do(ctx, "display-message -p x")
	is.True(errors.Is(err, context.DeadlineExceeded))
	start := time.Now()
	is.NoErr(c.Close())
	is.True(time.Since(start) < 10*time.Second)
	is.True(errors.Is(c.Err(), control.ErrClosed))
}

// TestMain lets the test binary play a supervisor that gets killed.
func TestMain(m *testing.M) {
	if socket := os.Getenv("CONTROL_TEST_ORPHAN"); socket != "" {
		s := control.Server{Path: socket, Config: "/dev/null"}
		c, err := control.Dial(context.Background(), control.Options{Server: s, Create: []string{"new-session", "cat"}, Mark: os.Getenv("CONTROL_TEST_MARK")})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Remove(c.ScratchDir())
		fmt.Println(c.PID())
		select {}
	}
	os.Exit(m.Run())
}

func TestSweepOrphans(t *testing.T) {
	if _, err := os.Stat("/proc/self/environ"); err != nil {
		t.Skip("needs /proc")
	}
	is := is.New(t)
	ctx := background(t)
	s := controltest.Real(t)
	mark := "test " + t.TempDir()
	mine := dial(t, control.Options{Server: s, Create: []string{"new-session", "-s", "mine", "cat"}, Mark: mark})

	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), "CONTROL_TEST_ORPHAN="+s.Path, "CONTROL_TEST_MARK="+mark)
	stdout, err := cmd.StdoutPipe()
	is.NoErr(err)
	is.NoErr(cmd.Start())
	var pid int
	_, err = fmt.Fscan(stdout, &pid)
	is.NoErr(err)
	n, err := control.SweepOrphans(mark)
	is.NoErr(err)
	is.Equal(n, 0) // its supervisor lives
	// A client dies with its supervisor, even one that is stopped and does not see the end of its input.
	is.NoErr(syscall.Kill(pid, syscall.SIGSTOP))
	is.NoErr(cmd.Process.Kill())
	io.Copy(io.Discard, stdout)
	cmd.Wait()
	for comm := "x"; comm == "x" || comm == "tmux: client\n"; {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
		state, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if comm = string(b); strings.Contains(string(state), ") Z ") {
			comm = ""
		}
		is.NoErr(ctx.Err())
	}

	// One that stayed all the same, as where the kernel cannot do that, is swept.
	orphan := s.Command(ctx, "-C", "attach-session", "-t", "=mine", "-f", "ignore-size")
	orphan.Env = append(orphan.Env, "ISESH_CONTROL="+mark, "ISESH_CONTROL_PARENT=1")
	in, err := orphan.StdinPipe()
	is.NoErr(err)
	defer in.Close()
	out, err := orphan.StdoutPipe()
	is.NoErr(err)
	is.NoErr(orphan.Start())
	defer orphan.Wait()
	var begin string
	_, err = fmt.Fscan(out, &begin) // it is attached
	is.NoErr(err)
	n, err = control.SweepOrphans("another mark")
	is.NoErr(err)
	is.Equal(n, 0)
	n, err = control.SweepOrphans(mark)
	is.NoErr(err)
	is.Equal(n, 1)
	for n > 0 { // until it has died
		n, err = control.SweepOrphans(mark)
		is.NoErr(err)
	}
	panes, err := mine.Panes(ctx) // connection, server and sessions live on
	is.NoErr(err)
	is.Equal(len(panes), 2)
	_, err = control.SweepOrphans("")
	is.True(err != nil)
}

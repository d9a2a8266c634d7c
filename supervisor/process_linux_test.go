package supervisor

import (
	"os/exec"
	"testing"
	"time"

	"github.com/matryer/is"
)

func TestWatchProcess(t *testing.T) {
	is := is.New(t)
	cmd := exec.Command("cat")
	in, err := cmd.StdinPipe()
	is.NoErr(err)
	is.NoErr(cmd.Start())
	gone := make(chan struct{})
	stop, ok := watchProcess(cmd.Process.Pid, func() { close(gone) })
	is.True(ok)
	select {
	case <-gone:
		t.Fatal("said to be gone while it lives")
	case <-time.After(20 * time.Millisecond):
	}
	is.NoErr(in.Close())
	select {
	case <-gone:
	case <-time.After(5 * time.Second):
		t.Fatal("its end was not noticed")
	}
	stop()
	is.NoErr(cmd.Wait())

	// A watch that is ended says nothing.
	cmd = exec.Command("cat")
	in, err = cmd.StdinPipe()
	is.NoErr(err)
	is.NoErr(cmd.Start())
	stop, ok = watchProcess(cmd.Process.Pid, func() { t.Error("called after stop") })
	is.True(ok)
	stop()
	is.NoErr(in.Close())
	is.NoErr(cmd.Wait())
	_, ok = watchProcess(cmd.Process.Pid, func() {})
	is.True(!ok) // gone already
}

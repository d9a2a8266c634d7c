package supervisor

import (
	"os"

	"golang.org/x/sys/unix"
)

// watchProcess calls gone once when the process ends, from a goroutine of its own; it costs no thread and no polling. stop ends the watch
// and waits for it. ok is false when the process cannot be watched: it has ended already, or the kernel is older than 5.10.
func watchProcess(pid int, gone func()) (stop func(), ok bool) {
	fd, err := unix.PidfdOpen(pid, unix.PIDFD_NONBLOCK)
	if err != nil {
		return nil, false
	}
	f := os.NewFile(uintptr(fd), "pidfd")
	raw, err := f.SyscallConn()
	if err != nil {
		f.Close()
		return nil, false
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		ended := false
		err := raw.Read(func(fd uintptr) bool {
			n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
			ended = err == nil && n > 0
			return ended
		})
		if err == nil && ended {
			gone()
		}
	}()
	return func() {
		f.Close()
		<-done
	}, true
}

// reap makes a tmux server look for ended children again: seen on 3.3a, it can miss one, and then a dead pane has no exit status until the
// next one ends. The signal is the one the kernel sends for that; it does nothing else.
func reap(server int) {
	_ = unix.Kill(server, unix.SIGCHLD)
}

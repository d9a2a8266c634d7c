//go:build !linux

package supervisor

import "syscall"

// watchProcess is not done here: the once-a-second report of tmux tells of a death.
func watchProcess(int, func()) (stop func(), ok bool) { return nil, false }

// reap makes a tmux server look for ended children again: seen on 3.3a, it can miss one, and then a dead pane has no exit status until the
// next one ends. The signal is the one the kernel sends for that; it does nothing else.
func reap(server int) {
	_ = syscall.Kill(server, syscall.SIGCHLD)
}

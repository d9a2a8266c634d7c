package control

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// SweepOrphans kills the control clients that a process which died without
// closing them has left: those of this user whose Options.Mark was mark and
// whose parent is no longer the process that dialled. A client normally leaves
// by itself at the end of its input; after a kill-server with many clients some
// stay, and keep the socket answering with an error. It returns how many were
// killed. (On systems without /proc it does nothing.)
func SweepOrphans(mark string) (killed int, err error) {
	if mark == "" {
		return 0, fmt.Errorf("sweeping control clients: no mark")
	}
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0, fmt.Errorf("sweeping control clients: %w", err)
	}
	for _, dir := range dirs {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil || !orphan(dir, mark) {
			continue
		}
		// The handle is to the process, not the number: looked at again, it
		// cannot be somebody else by the time of the kill.
		p, err := os.FindProcess(pid)
		if err != nil {
			continue
		}
		if orphan(dir, mark) && p.Signal(syscall.SIGKILL) == nil {
			killed++
		}
		p.Release()
	}
	return killed, nil
}

// orphan reports whether the process is a control client with the mark whose
// dialler is gone. Processes of other users cannot be read and are none.
func orphan(dir, mark string) bool {
	// A server that was started by such a client has the same command line and
	// environment: only the name that tmux gives itself tells them apart.
	comm, err := os.ReadFile(dir + "/comm")
	if err != nil || strings.TrimSpace(string(comm)) != "tmux: client" {
		return false
	}
	environ, err := os.ReadFile(dir + "/environ")
	if err != nil {
		return false
	}
	marked, parent := false, ""
	for kv := range bytes.SplitSeq(environ, []byte{0}) {
		name, value, _ := strings.Cut(string(kv), "=")
		switch name {
		case markEnv:
			marked = value == mark
		case parentEnv:
			parent = value
		}
	}
	if !marked || parent == "" {
		return false
	}
	// pid (comm) state ppid ...: comm may hold spaces and brackets.
	stat, err := os.ReadFile(dir + "/stat")
	if err != nil {
		return false
	}
	f := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	return len(f) > 1 && f[1] != parent
}

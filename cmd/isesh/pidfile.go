package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// errNobody says that nobody holds a pid file.
var errNobody = errors.New("nobody holds it")

// heldError says that another process holds a pid file.
type heldError struct{ pid int }

func (e *heldError) Error() string { return fmt.Sprintf("held by process %d", e.pid) }

// lockPIDFile locks a file and writes this process's id into it, or returns a *heldError. Closing the file, or the end of the process, gives it back; it is
// never removed, so that all lock the same file.
func lockPIDFile(path string) (*os.File, error) {
	f, err := openPIDFile(path)
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		pid := readPID(path)
		return nil, errors.Join(&heldError{pid}, f.Close())
	}
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("locking %s: %w", path, err), f.Close())
	}
	return f, nil
}

// endHolder ends the process that holds a pid file and returns its id once it has given the file back; errNobody when nobody holds it.
func endHolder(ctx context.Context, path string) (pid int, err error) {
	f, err := openPIDFile(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	fd := int(f.Fd())
	err = unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB)
	if err == nil {
		return 0, errNobody
	}
	if !errors.Is(err, unix.EWOULDBLOCK) {
		return 0, fmt.Errorf("locking %s: %w", path, err)
	}
	if pid = readPID(path); pid <= 1 {
		return 0, fmt.Errorf("%s is held, but names no process", path)
	}
	if err := unix.Kill(pid, unix.SIGTERM); err != nil && !errors.Is(err, unix.ESRCH) {
		return 0, fmt.Errorf("ending process %d: %w", pid, err)
	}
	// The kernel cannot be told to stop waiting for a lock: after ctx has ended, this goroutine ends with the process.
	free := make(chan error, 1)
	go func() {
		err := unix.EINTR
		for err == unix.EINTR {
			err, _ = unix.Flock(fd, unix.LOCK_EX).(unix.Errno)
		}
		if err == 0 {
			free <- nil
			return
		}
		free <- err
	}()
	select {
	case err := <-free:
		return pid, err
	case <-ctx.Done():
		return pid, context.Cause(ctx)
	}
}

// openPIDFile opens a pid file, making it when it is missing.
func openPIDFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the pid file: %w", err)
	}
	return f, nil
}

// readPID is the process that has written itself into a pid file, 0 when none has.
func readPID(path string) int {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	pid, _ := strconv.Atoi(strings.TrimSpace(string(data)))
	return pid
}

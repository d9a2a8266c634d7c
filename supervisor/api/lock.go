package api

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// errLocked says that somebody else holds a lock file.
var errLocked = errors.New("locked by another process")

// openLock opens a lock file, making it when it is missing. The file is never removed: whoever waits for it waits for this very file.
func openLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, &Error{Code: CodeError, Message: fmt.Sprintf("cannot open the lock file %s: %v", path, reason(err)),
			Hint: "the socket directory must be writable; a sandbox must allow it"}
	}
	return f, nil
}

// flock locks f. It uses the raw descriptor: os.File.Fd could switch the file to blocking mode.
func flock(f *os.File, how int) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var lockErr error
	err = raw.Control(func(fd uintptr) {
		for {
			if lockErr = unix.Flock(int(fd), how); lockErr != unix.EINTR {
				return
			}
		}
	})
	if err == nil {
		err = lockErr
	}
	if err == unix.EWOULDBLOCK {
		return errLocked
	}
	return err
}

// tryLock takes the lock file or returns errLocked. Closing the file gives it back.
func tryLock(path string) (*os.File, error) {
	f, err := openLock(path)
	if err != nil {
		return nil, err
	}
	if err := flock(f, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	return f, nil
}

// waitLock takes the lock file, waiting for it until ctx ends. The kernel cannot be told to stop waiting: after ctx has ended, a goroutine stays
// behind that gives the lock back as soon as it has it.
func waitLock(ctx context.Context, path string) (*os.File, error) {
	f, err := tryLock(path)
	if !errors.Is(err, errLocked) {
		return f, err
	}
	if f, err = openLock(path); err != nil {
		return nil, err
	}
	locked := make(chan error, 1)
	go func() { locked <- flock(f, unix.LOCK_EX) }()
	select {
	case err := <-locked:
		if err != nil {
			f.Close()
			return nil, fmt.Errorf("locking %s: %w", path, err)
		}
		return f, nil
	case <-ctx.Done():
		go func() { <-locked; f.Close() }()
		return nil, fmt.Errorf("waiting for %s: %w", path, context.Cause(ctx))
	}
}

// WaitGone waits until the supervisor of p has ended, or ctx has.
func WaitGone(ctx context.Context, p Paths) error {
	if err := checkDir(p.Dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	f, err := waitLock(ctx, p.Lock)
	if err != nil {
		return err
	}
	// Without a process in it the file says that this moment's holder is not a supervisor (see Listen).
	return errors.Join(f.Truncate(0), f.Close())
}

// lockPID reads who wrote itself into the lock file, 0 when nobody did.
func lockPID(path string) int {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	pid, _ := strconv.Atoi(strings.TrimSpace(string(b)))
	return pid
}

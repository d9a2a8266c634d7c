package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// startTimeout bounds the start of a supervisor, as seen by those who wait for it. It is fatal for them: a start takes a tenth of a
	// second, so one that takes this long hangs.
	startTimeout = 20 * time.Second

	// readyEnv names the descriptor on which a supervisor tells its starter that it listens. Who has it was started by a client that holds
	// the spawn lock.
	readyEnv = "ISESH_READY_FD"
	// handoverEnv carries "pid:lock:listener" across an exec: the descriptors that Exec left open for its successor.
	handoverEnv = "ISESH_HANDOVER"
)

// ErrRunning says that another supervisor serves the same state directory and tmux server. It comes as a pointer.
type ErrRunning struct {
	PID int // 0: not known
}

// Error names the process.
func (e *ErrRunning) Error() string {
	if e.PID == 0 {
		return "a supervisor is already running"
	}
	return fmt.Sprintf("a supervisor is already running (pid %d)", e.PID)
}

// held is what makes a process the supervisor: the lock, and the listening socket beside the net.Listener that is served and closed.
// Because of the second descriptor, connections made while one supervisor hands over to the next wait in the kernel and are not refused.
type held struct {
	path   string
	lock   *os.File
	socket *os.File
	once   sync.Once
}

// Listen makes this process the supervisor of p: it takes the lock, removes a socket that a dead one left and listens on its own, mode 0600.
// After Exec it goes on with what the process had. The caller serves the listener, then closes the closer, which removes the socket and gives
// back the lock; until then every other Listen fails with *ErrRunning.
func Listen(p Paths) (net.Listener, io.Closer, error) {
	if fd, err := strconv.Atoi(os.Getenv(readyEnv)); err == nil {
		unix.CloseOnExec(fd) // tmux, started before NotifyReady, must not keep it open
	}
	if err := prepareDir(p.Dir); err != nil {
		return nil, nil, err
	}
	if len(p.Socket) > maxSocketPath {
		return nil, nil, fmt.Errorf("listening on %s: the path is longer than %d bytes", p.Socket, maxSocketPath)
	}
	if note, ok := os.LookupEnv(handoverEnv); ok {
		os.Unsetenv(handoverEnv)
		if l, h, err := inherit(p, note); err == nil {
			return l, h, nil
		}
	} else if os.Getenv(readyEnv) == "" {
		// Started by a person. A client that is just starting another one finishes first; and no client takes the moment between our
		// lock and our socket for a supervisor that is ending.
		ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
		defer cancel()
		spawn, err := waitLock(ctx, p.spawnLock())
		if err != nil {
			return nil, nil, err
		}
		defer spawn.Close()
	}
	lock, err := tryLock(p.Lock)
	if errors.Is(err, errLocked) && lockPID(p.Lock) == 0 {
		// Held for a moment by one that waited for the last supervisor's end.
		ctx, cancel := context.WithTimeout(context.Background(), stuckGrace)
		lock, err = waitLock(ctx, p.Lock)
		cancel()
	}
	if errors.Is(err, errLocked) || errors.Is(err, context.DeadlineExceeded) {
		return nil, nil, &ErrRunning{PID: lockPID(p.Lock)}
	}
	if err != nil {
		return nil, nil, err
	}
	var l *net.UnixListener
	if err = writePID(lock); err == nil {
		l, err = listen(p.Socket)
	}
	if err != nil {
		lock.Close()
		return nil, nil, err
	}
	return hold(p, lock, l)
}

// hold pairs a locked file with a listener. It owns both, also when it fails.
func hold(p Paths, lock *os.File, l *net.UnixListener) (net.Listener, io.Closer, error) {
	l.SetUnlinkOnClose(false)
	socket, err := l.File()
	if err != nil {
		l.Close()
		lock.Close()
		return nil, nil, fmt.Errorf("keeping the socket %s: %w", p.Socket, err)
	}
	return l, &held{path: p.Socket, lock: lock, socket: socket}, nil
}

// listen puts a socket at path. The caller holds the lock, so what is there is a dead supervisor's.
func listen(path string) (*net.UnixListener, error) {
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSocket == 0 {
		return nil, fmt.Errorf("listening on %s: something that is no socket is there; remove it", path)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("removing a dead supervisor's socket: %w", err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, &Error{Code: CodeError, Message: fmt.Sprintf("cannot listen on %s: %v", path, reason(err)),
			Hint: "the socket directory must be writable; a sandbox must allow Unix sockets"}
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, fmt.Errorf("closing the socket to others: %w", err)
	}
	return l, nil
}

func writePID(lock *os.File) error {
	if err := lock.Truncate(0); err != nil {
		return fmt.Errorf("writing the lock file: %w", err)
	}
	if _, err := lock.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0); err != nil {
		return fmt.Errorf("writing the lock file: %w", err)
	}
	return nil
}

// Close removes the socket and gives back the lock, in this order: only the holder of the lock may touch the socket.
func (h *held) Close() error {
	var err error
	h.once.Do(func() {
		if err = os.Remove(h.path); errors.Is(err, fs.ErrNotExist) {
			err = nil // Serve has removed it
		}
		err = errors.Join(err, h.socket.Close(), h.lock.Truncate(0), h.lock.Close())
	})
	return err
}

// Exec turns this process into binary, keeping the socket and the lock (as Listen returned it): clients that connect meanwhile wait for the
// new program. Serve has returned before. It returns only when it fails; then the lock is still held.
func Exec(binary string, argv, env []string, lock io.Closer) error {
	h, ok := lock.(*held)
	if !ok {
		return fmt.Errorf("becoming %s: the lock is not one of Listen", binary)
	}
	syscall.ForkLock.Lock() // no other child may get the descriptors
	defer syscall.ForkLock.Unlock()
	note := strconv.Itoa(os.Getpid())
	for _, f := range []*os.File{h.lock, h.socket} {
		fd, err := keepOnExec(f, true)
		defer keepOnExec(f, false)
		if err != nil {
			return fmt.Errorf("becoming %s: keeping the socket: %w", binary, err)
		}
		note += ":" + strconv.Itoa(fd)
	}
	env = append(append([]string(nil), env...), handoverEnv+"="+note)
	return fmt.Errorf("becoming %s: %w", binary, syscall.Exec(binary, argv, env))
}

// keepOnExec chooses whether f survives an exec and returns its descriptor.
func keepOnExec(f *os.File, keep bool) (int, error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return -1, err
	}
	n, flags := -1, unix.FD_CLOEXEC
	if keep {
		flags = 0
	}
	var setErr error
	err = raw.Control(func(fd uintptr) {
		n = int(fd)
		_, setErr = unix.FcntlInt(fd, unix.F_SETFD, flags)
	})
	return n, errors.Join(err, setErr)
}

// inherit takes over what Exec left open. Descriptors that are not what they should be are left alone.
func inherit(p Paths, note string) (net.Listener, io.Closer, error) {
	var fds [3]int
	parts := strings.Split(note, ":")
	if len(parts) != len(fds) {
		return nil, nil, errors.New("not a handover")
	}
	for i, s := range parts {
		n, err := strconv.Atoi(s)
		if err != nil {
			return nil, nil, err
		}
		fds[i] = n
	}
	if fds[0] != os.Getpid() {
		return nil, nil, errors.New("a handover to another process")
	}
	var st, want unix.Stat_t
	if err := errors.Join(unix.Fstat(fds[1], &st), unix.Lstat(p.Lock, &want)); err != nil {
		return nil, nil, err
	}
	if st.Dev != want.Dev || st.Ino != want.Ino {
		return nil, nil, errors.New("a handover of another lock")
	}
	lock := os.NewFile(uintptr(fds[1]), p.Lock)
	socket := os.NewFile(uintptr(fds[2]), p.Socket)
	unix.CloseOnExec(fds[1])
	unix.CloseOnExec(fds[2])
	l, err := net.FileListener(socket) // of its own descriptor
	socket.Close()
	ul, ok := l.(*net.UnixListener)
	if err != nil || !ok || ul.Addr().String() != p.Socket || missing(p.Socket) {
		if l != nil {
			l.Close()
		}
		lock.Close() // so that Listen can take it anew
		return nil, nil, errors.New("a handover of another socket")
	}
	return hold(p, lock, ul)
}

func missing(path string) bool {
	_, err := os.Lstat(path)
	return err != nil
}

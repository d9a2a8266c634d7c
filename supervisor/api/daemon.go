package api

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// readyLine is what a supervisor says on the readiness pipe; anything else is an Error as JSON.
const readyLine = "ready"

// SpawnDaemon starts argv as a daemon: a session of its own, the root as its directory, nothing on its standard input and output, its errors
// appended to logFile (made with mode 0600). env is its whole environment. It returns when the daemon has called NotifyReady, with the error that it was
// called with, or when it ended without.
//
// The daemon outlives its starter. Should it end first, it is reaped.
func SpawnDaemon(argv []string, env []string, logFile string) error {
	if len(argv) == 0 {
		return errors.New("starting the supervisor: no command")
	}
	log, err := os.OpenFile(logFile, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return &Error{Code: CodeError, Message: fmt.Sprintf("cannot write the supervisor's log %s: %v", logFile, reason(err)),
			Hint: "the state directory must be writable; a sandbox must allow it, or choose another one with --state-dir"}
	}
	defer log.Close()
	r, w, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("starting the supervisor: %w", err)
	}
	defer r.Close()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = append(append([]string(nil), env...), readyEnv+"=3") // ExtraFiles begin at 3
	cmd.Dir = "/"
	cmd.Stderr = log
	cmd.ExtraFiles = []*os.File{w}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = cmd.Start()
	w.Close()
	if err != nil {
		return fmt.Errorf("starting the supervisor: %w", err)
	}
	if err := r.SetReadDeadline(time.Now().Add(startTimeout)); err != nil {
		return errors.Join(err, kill(cmd))
	}
	line, err := bufio.NewReader(r).ReadString('\n')
	switch {
	case err == nil && line == readyLine+"\n":
		// Reaps the daemon, should it end before this process; else it ends with this process.
		go cmd.Wait()
		return nil
	case err == nil:
		go cmd.Wait() // it is ending by itself
		return notified(line)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errors.Join(fmt.Errorf("the supervisor did not start within %v; see %s", startTimeout, logFile), kill(cmd))
	}
	return fmt.Errorf("the supervisor ended before it was ready (%s); see %s", outcome(cmd.Wait()), logFile)
}

// kill ends a supervisor that does not start. It has no roles yet.
func kill(cmd *exec.Cmd) error {
	err := cmd.Process.Kill()
	cmd.Wait()
	return err
}

// outcome says how a process ended.
func outcome(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}

// notified reads the error that NotifyReady wrote.
func notified(line string) error {
	e := new(Error)
	if err := json.Unmarshal([]byte(line), e); err != nil || e.Message == "" {
		return errors.New(strings.TrimSpace(line))
	}
	return e
}

// NotifyReady tells the process that started this one with SpawnDaemon that it listens or, with an error, why it never will. Only the first call
// does anything, and only in a process that was started so.
func NotifyReady(err error) {
	fd, convErr := strconv.Atoi(os.Getenv(readyEnv))
	os.Unsetenv(readyEnv)
	if convErr != nil {
		return
	}
	w := os.NewFile(uintptr(fd), "readiness pipe")
	if w == nil {
		return
	}
	defer w.Close()
	line := []byte(readyLine)
	if err != nil {
		line, _ = json.Marshal(toError(err)) // strings only: it cannot fail
	}
	w.Write(append(line, '\n')) // a starter that has gone does not matter
}

// BinaryBuild returns the build of the binary at path.
func BinaryBuild(path string) (Build, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Build{}, fmt.Errorf("looking at the binary: %w", err)
	}
	return Build{Size: info.Size(), ModTime: info.ModTime()}, nil
}

// KeepBinary returns the path of the running binary, for whoever will start it later. When it was started from a place that vanishes, as
// `go run` does, that is a copy in the state directory's bin, with the same time, so that it is the same Build. A copy that is newer than
// this binary stays.
func KeepBinary(stateDir string) (path string, err error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("finding this binary: %w", err)
	}
	return keepBinary(self, stateDir)
}

// keepBinary is KeepBinary for the binary at path.
func keepBinary(path, stateDir string) (string, error) {
	if !vanishes(path, os.TempDir()) {
		return path, nil
	}
	kept := filepath.Join(stateDir, "bin", "isesh")
	if err := copyBinary(path, kept); err != nil {
		return "", fmt.Errorf("keeping a copy of this binary: %w", err)
	}
	return kept, nil
}

// vanishes reports whether a binary is in a temporary directory or the build cache.
func vanishes(path, temp string) bool {
	if rel, err := filepath.Rel(temp, path); err == nil && filepath.IsLocal(rel) {
		return true
	}
	return strings.Contains(path, "/go-build")
}

// copyBinary makes to a copy of from, at once or not at all: another command may be starting it.
func copyBinary(from, to string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	info, err := src.Stat()
	if err != nil {
		return err
	}
	old, err := os.Stat(to)
	if err == nil && !info.ModTime().After(old.ModTime()) {
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(to), ".isesh-")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // gone already when all went well
	_, err = io.Copy(tmp, src)
	err = errors.Join(err, tmp.Chmod(0o700), tmp.Close())
	if err == nil {
		err = os.Chtimes(tmp.Name(), info.ModTime(), info.ModTime())
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), to)
}

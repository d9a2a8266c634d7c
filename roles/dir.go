package roles

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// Notice tells a person what was found wrong with a file and what was done about it. It is not an error: the work went on.
type Notice struct {
	Path   string // the file or directory
	Offset int64  // where in the file, in bytes; -1 when the whole of it is meant
	Text   string
}

// String returns the notice as one line.
func (n Notice) String() string {
	if n.Offset < 0 {
		return n.Path + ": " + n.Text
	}
	return fmt.Sprintf("%s: at byte %d: %s", n.Path, n.Offset, n.Text)
}

// What a DirError can be beyond the errors of the operating system (fs.ErrPermission, syscall.EROFS, syscall.ENOSPC, ...).
var (
	ErrSymlink = errors.New("is a symbolic link")
	ErrForeign = errors.New("belongs to another user")
	ErrNotDir  = errors.New("is not a directory")
	ErrNotFile = errors.New("is not a regular file")
	ErrInUse   = errors.New("is in use by another isesh")
	ErrNotOurs = errors.New("is open to others and holds files that are not isesh's")
)

// DirError says why the state directory or a file in it cannot be used. errors.Is finds the class in Err.
type DirError struct {
	Path string
	Err  error
	Hint string // what to do, without a full stop
}

// Error returns path, reason and hint as one line.
func (e *DirError) Error() string {
	s := e.Path + ": " + e.Err.Error()
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Unwrap returns Err.
func (e *DirError) Unwrap() error { return e.Err }

// Dir is a checked state directory. Its zero value is of no use; OpenDir makes one. It holds nothing open.
type Dir struct {
	path    string
	notices []Notice
}

// Path returns the directory's path.
func (d Dir) Path() string { return d.path }

// Notices tells what OpenDir put right.
func (d Dir) Notices() []Notice { return d.notices }

// OpenDir makes the state directory, with its parents, or checks the one that is there: a directory of the caller's own, no symbolic link, mode
// 0700 (group and other bits are taken away, with a notice, unless it holds other things) and writable. Whoever can write into it can put words into every agent's mouth.
// Errors are *DirError.
func OpenDir(path string) (Dir, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return Dir{}, fmt.Errorf("opening the state directory: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return Dir{}, fileError(path, err)
	}
	return checkedDir(path, looksLikeOurs)
}

// checkedDir makes path, whose parent exists, or checks it. It closes one that is open to others only if ours says so.
func checkedDir(path string, ours func(path string) (bool, error)) (Dir, error) {
	d := Dir{path: path}
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return Dir{}, fileError(path, err)
	}
	info, err := os.Lstat(path)
	if err != nil {
		return Dir{}, fileError(path, err)
	}
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return Dir{}, &DirError{path, ErrSymlink, "name the directory it leads to with --state-dir or ISESH_DIR"}
	case !info.IsDir():
		return Dir{}, &DirError{path, ErrNotDir, "move it away, or choose another place with --state-dir or ISESH_DIR"}
	case !ownedByUs(info):
		return Dir{}, &DirError{path, ErrForeign, "choose a directory of your own with --state-dir or ISESH_DIR"}
	}
	if err := unix.Access(path, unix.W_OK|unix.X_OK); err != nil {
		return Dir{}, fileError(path, err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		// Someone's home, or /tmp, named by mistake must not be closed to everybody else.
		if ok, err := ours(path); err != nil {
			return Dir{}, fileError(path, err)
		} else if !ok {
			return Dir{}, &DirError{path, ErrNotOurs, "choose a new or an empty directory with --state-dir or ISESH_DIR"}
		}
		if err := os.Chmod(path, 0o700); err != nil {
			return Dir{}, fileError(path, err)
		}
		d.notices = append(d.notices, Notice{path, -1, fmt.Sprintf("was open to others (mode %#o); it is 0700 now", mode)})
	}
	return d, nil
}

// looksLikeOurs reports whether a directory is empty or holds a file that isesh keeps in its state directory.
func looksLikeOurs(path string) (bool, error) {
	entries, err := os.ReadDir(path)
	for _, e := range entries {
		switch e.Name() {
		case conversation + ext, registryFile, promptsFile, eventsStem + ext, mailboxDir:
			return true, nil
		}
	}
	return len(entries) == 0, err
}

// sub makes or checks a directory inside d; name is a single valid name.
func (d Dir) sub(name string) (Dir, error) {
	return checkedDir(filepath.Join(d.path, name), func(string) (bool, error) { return true, nil })
}

func (d Dir) join(name string) string { return filepath.Join(d.path, name) }

// open opens a regular file of the caller's own in d; a new one, and one that was open to others, gets mode 0600. The caller closes it.
func (d Dir) open(name string, flag int) (*os.File, error) {
	path := d.join(name)
	f, err := os.OpenFile(path, flag|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fileError(path, err)
	}
	info, err := f.Stat()
	switch {
	case err != nil:
	case !info.Mode().IsRegular():
		err = &DirError{path, ErrNotFile, "move it away"}
	case !ownedByUs(info):
		err = &DirError{path, ErrForeign, "move it away, or choose another place with --state-dir or ISESH_DIR"}
	case info.Mode().Perm()&0o077 != 0:
		err = f.Chmod(0o600)
	}
	if err != nil {
		f.Close()
		return nil, fileError(path, err)
	}
	return f, nil
}

// sync makes the names in d durable: without it a power loss may forget a file that was just made or renamed.
func (d Dir) sync() error {
	f, err := os.Open(d.path)
	if err != nil {
		return fileError(d.path, err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) { // some file systems cannot sync a directory, and need not
		return fileError(d.path, err)
	}
	return nil
}

// lock takes the directory for its one writer until the returned file is closed, by Close or by the end of the process.
func (d Dir) lock() (*os.File, error) {
	f, err := os.Open(d.path)
	if err != nil {
		return nil, fileError(d.path, err)
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		f.Close()
		return nil, &DirError{d.path, ErrInUse, "stop the other supervisor first: isesh supervise --stop"}
	}
	// Any other refusal means a file system without locks; the supervisor's own lock, which lies elsewhere, still holds.
	return f, nil
}

func ownedByUs(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return !ok || int(st.Uid) == os.Geteuid()
}

// fileError adds to err what a person can do about it. It leaves a *DirError as it is.
func fileError(path string, err error) error {
	var dir *DirError
	if err == nil || errors.As(err, &dir) {
		return err
	}
	var perr *fs.PathError
	if errors.As(err, &perr) {
		err = perr.Err // the path is named once
	}
	e := &DirError{Path: path, Err: err}
	switch {
	case errors.Is(err, syscall.ELOOP):
		e.Err, e.Hint = ErrSymlink, "move it away"
	case errors.Is(err, syscall.EROFS):
		e.Hint = "choose a writable place with --state-dir or ISESH_DIR"
	case errors.Is(err, fs.ErrPermission):
		e.Hint = "choose a place you may write to with --state-dir or ISESH_DIR"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		e.Hint = "free some space and try again"
	case errors.Is(err, syscall.ENOTDIR):
		e.Hint = "something on that path is a file; choose another place with --state-dir or ISESH_DIR"
	}
	return e
}

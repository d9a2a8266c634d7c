package control

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// scratch holds the files through which large or private bytes pass. Their
// names are used again and again; a file exists only while it is in use.
type scratch struct {
	dir    string
	own    bool   // the directory is ours to remove
	prefix string // tells our files from those of other connections

	mu   sync.Mutex
	free []string
	made int
}

// openScratch makes or checks the directory. "" makes a new one, in memory if
// the machine has such a place.
func openScratch(dir string) (*scratch, error) {
	s := &scratch{dir: dir, prefix: "c" + newNonce()[:12] + "-"}
	if dir == "" {
		var err error
		if s.dir, err = os.MkdirTemp("/dev/shm", "isesh-control-"); err != nil {
			s.dir, err = os.MkdirTemp("", "isesh-control-")
		}
		s.own = true
		if err != nil {
			return nil, fmt.Errorf("making a scratch directory: %w", err)
		}
		return s, nil
	}
	var err error
	if s.dir, err = filepath.Abs(dir); err != nil {
		return nil, fmt.Errorf("scratch directory: %w", err)
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the scratch directory: %w", err)
	}
	info, err := os.Lstat(s.dir)
	if err != nil {
		return nil, fmt.Errorf("scratch directory: %w", err)
	}
	if !info.IsDir() || !ownedByUs(info) {
		return nil, fmt.Errorf("scratch directory %s: not a directory of this user", s.dir)
	}
	if info.Mode().Perm()&0o077 != 0 {
		if err := os.Chmod(s.dir, 0o700); err != nil {
			return nil, fmt.Errorf("scratch directory: %w", err)
		}
	}
	return s, nil
}

// take returns a path that nobody else uses and creates the file, empty and
// private: tmux would give it the mode of its umask.
func (s *scratch) take() (string, *os.File, error) {
	s.mu.Lock()
	var path string
	if n := len(s.free); n > 0 {
		path, s.free = s.free[n-1], s.free[:n-1]
	} else {
		path = filepath.Join(s.dir, s.prefix+strconv.Itoa(s.made))
		s.made++
	}
	s.mu.Unlock()
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		s.mu.Lock()
		s.free = append(s.free, path)
		s.mu.Unlock()
		return "", nil, fmt.Errorf("making a scratch file: %w", err)
	}
	return path, f, nil
}

// give removes the file and frees its name. tmux must be done with it.
func (s *scratch) give(path string) {
	// A leftover is removed by close.
	_ = os.Remove(path)
	s.mu.Lock()
	s.free = append(s.free, path)
	s.mu.Unlock()
}

// close removes what is left. A nil scratch has nothing.
func (s *scratch) close() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.own {
		return os.RemoveAll(s.dir)
	}
	var errs []error
	for i := range s.made {
		err := os.Remove(filepath.Join(s.dir, s.prefix+strconv.Itoa(i)))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

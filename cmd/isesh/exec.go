package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"isesh/supervisor"
)

// The exit codes of `isesh exec` are those of a shell and of env(1): tmux keeps the one of a pane that has ended.
const (
	exitCannotRun = 126
	exitNotFound  = 127
)

// execCmd is `isesh exec FILE`, which a pane of a role begins as.
func (a *app) execCmd() *cobra.Command {
	return &cobra.Command{
		Use:    "exec FILE",
		Hidden: true,
		Short:  "Become the program that FILE describes",
		Long: `exec reads FILE (mode 0600), removes it, and becomes the program it describes, with
its environment and directory. The supervisor starts roles so: no value passes a
command line, where everybody could read it.`,
		Example: `  isesh exec ~/.local/state/isesh/run/ID.json`,
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			err := become(args[0], os.Environ())
			// This is what a person finds in a dead pane, so it is one plain line and not an object.
			fmt.Fprintln(a.err, "isesh: "+printable(err.Error(), false))
			var missing *notFoundError
			if errors.As(err, &missing) {
				return status(exitNotFound)
			}
			return status(exitCannotRun)
		},
	}
}

// notFoundError says that a program is not there.
type notFoundError struct{ program, where string }

func (e *notFoundError) Error() string {
	return fmt.Sprintf("no program %q %s", e.program, e.where)
}

// become replaces this process by what file describes. It returns only when that fails.
func become(file string, own []string) error {
	what, err := readExec(file)
	if err != nil {
		return err
	}
	env := terminalEnv(what.Env, own)
	if what.Dir != "" {
		if err := os.Chdir(what.Dir); err != nil {
			return fmt.Errorf("cannot work in %s: %w", what.Dir, bare(err))
		}
		env = append(env, "PWD="+what.Dir)
	}
	program := what.Argv[0]
	path, err := lookPath(program, env)
	if err != nil {
		return err
	}
	if err := syscall.Exec(path, what.Argv, env); errors.Is(err, syscall.ENOENT) {
		return &notFoundError{program: program, where: "can be run: its interpreter is missing"}
	} else {
		return fmt.Errorf("cannot run %s: %w", path, err)
	}
}

// readExec reads the file and removes it: what it holds may be secret, and it is used once. A file that others could have written
// or read is refused.
func readExec(file string) (supervisor.Exec, error) {
	var what supervisor.Exec
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return what, fmt.Errorf("%s is not there: a role is started once, isesh restart starts it again", file)
	}
	if err != nil {
		return what, fmt.Errorf("cannot read %s: %w", file, bare(err))
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return what, fmt.Errorf("cannot read %s: %w", file, bare(err))
	}
	if st, ok := info.Sys().(*syscall.Stat_t); !ok || int(st.Uid) != os.Getuid() || info.Mode().Perm()&0o077 != 0 || !info.Mode().IsRegular() {
		return what, fmt.Errorf("refusing %s: it must be a file of yours that nobody else can read (mode 0600)", file)
	}
	err = json.NewDecoder(f).Decode(&what)
	if removeErr := os.Remove(file); err == nil && removeErr != nil {
		err = bare(removeErr)
	}
	if err == nil && (len(what.Argv) == 0 || what.Argv[0] == "") {
		err = errors.New("it names no program")
	}
	if err != nil {
		return what, fmt.Errorf("cannot use %s: %w", file, err)
	}
	return what, nil
}

// terminalEnv is env with what this process knows of its terminal. Where it is in tmux, only tmux knows; the kind of terminal may have been
// chosen.
func terminalEnv(env, own []string) []string {
	has := map[string]bool{}
	var out []string
	for _, kv := range env {
		name, _, _ := strings.Cut(kv, "=")
		if name == "TMUX" || name == "TMUX_PANE" || name == "PWD" {
			continue
		}
		has[name] = true
		out = append(out, kv)
	}
	for _, kv := range own {
		name, _, _ := strings.Cut(kv, "=")
		switch name {
		case "TMUX", "TMUX_PANE":
			out = append(out, kv)
		case "TERM", "TERM_PROGRAM", "TERM_PROGRAM_VERSION":
			if !has[name] {
				out = append(out, kv)
			}
		}
	}
	return out
}

// lookPath finds a program as execvp does, on the PATH of env rather than on this process's own.
func lookPath(program string, env []string) (string, error) {
	if strings.ContainsRune(program, '/') {
		if _, err := os.Stat(program); errors.Is(err, fs.ErrNotExist) {
			return "", &notFoundError{program: program, where: "is there"}
		}
		return program, nil
	}
	var path string
	for _, kv := range env {
		if p, ok := strings.CutPrefix(kv, "PATH="); ok {
			path = p
		}
	}
	for _, dir := range filepath.SplitList(path) {
		if dir == "" {
			dir = "."
		}
		file := filepath.Join(dir, program)
		if info, err := os.Stat(file); err == nil && !info.IsDir() && info.Mode()&0o111 != 0 {
			if abs, err := filepath.Abs(file); err == nil {
				return abs, nil
			}
		}
	}
	return "", &notFoundError{program: program, where: "is on the PATH " + path}
}

// bare is the cause of a file error, for messages that have named the file.
func bare(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

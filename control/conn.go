package control

import "io"

// Conn is one running control-mode client process as the package sees it: its
// standard input and output, and its end. Dial starts the real binary unless
// Options.Connect supplies something else, such as an in-memory tmux.
type Conn interface {
	// Read reads the client's standard output, Write writes its standard
	// input. Close closes the standard input only, which asks the client to
	// leave; Read goes on until io.EOF. One goroutine reads and one writes.
	io.ReadWriteCloser
	// Kill ends the process at once, without asking, and closes both pipes, so
	// that blocked Reads and Writes return. It may be called more than once.
	Kill() error
	// Wait waits for the end of the process and releases what it held. It is
	// called exactly once, after Read returned an error.
	Wait() (exitCode int, err error)
	// PID is the process id of the client, 0 when there is no process.
	PID() int
}

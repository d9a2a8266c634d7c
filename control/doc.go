// Package control is a client for tmux control mode: it starts "tmux -C",
// sends commands, reads replies and notifications, and types into panes only
// when tmux itself has checked that it is safe.
//
// It needs tmux 3.2 or later and the standard library. Facts in comments were
// measured on tmux 3.2a to 3.7c.
//
// # Connections
//
// Server says which tmux is meant: its methods run the ordinary command line
// client. Dial opens a control connection attached to one session. A connection
// receives the output of the panes of its own session, commands and the
// Structure event reach every session of the server. Keep a connection for as
// long as the session is of interest: attaching is the one dangerous moment
// before tmux 3.7, where a session created or closed elsewhere at the same time
// can crash the server. Dial therefore waits for a quiet server and lets one
// dial at a time through. When a connection ends, Done is closed and Err says
// why; being detached is somebody's right, and Dial may be called again.
//
// # Requests
//
// Any number of goroutines may use a Client. Each request is one write, ended
// by a command that prints a random number: whatever tmux answers in between
// belongs to the request. A context that ends gives up waiting, no more: the
// command may still be executed, and its answer is read and dropped.
//
// # Typing
//
// Paste and Keys take a Guard: pane id, process id, and conditions on what the
// pane shows. Condition and keystrokes are one command line, which the
// single-threaded server runs without a gap. What does not hold is reported as
// *Refused, with nothing typed. That tmux accepted a paste proves nothing about
// the program: look at the screen.
//
// # Watching
//
// Watch keeps the newest output of a pane in a bounded buffer; what a slow
// reader misses is counted and dropped, so nobody can hold up the connection.
// Snapshot returns screen and facts of one instant.
package control

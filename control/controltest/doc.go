// Package controltest gives tests a tmux to talk to: Real, a private server of the tmux that is installed, and New, a tmux in memory that
// speaks the control-mode protocol, is the same in every run, works inside testing/synctest bubbles, and can be told to misbehave.
//
// The tmux in memory keeps sessions, windows and panes, expands formats, and runs the commands a supervisor of terminal programs needs. What
// runs in its panes are Programs: Go values that write to the pane and are handed what is typed. Its answers are held against the real tmux
// by the tests of this package.
package controltest

// Command isesh launches coding agents in tmux as roles, watches their screens, and carries messages, approvals and cancels between people
// and agents.
//
// This package is every way in: one file per command, the exit codes (exit.go), the colours (ui.go). It is the only package that reads
// flags and environment, prints, or exits; the work is done by the supervisor, which the commands reach over a Unix socket.
package main

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	os.Exit(run())
}

// run is main with the exit code as its result, so that deferred clean-up happens.
func run() int {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	defer stop()
	a := newApp()
	args, err := calledArgs(filepath.Base(os.Args[0]), os.Args[1:])
	if err == nil {
		root := newRoot(a)
		root.SetArgs(args)
		err = root.ExecuteContext(ctx)
	}
	if err != nil && ctx.Err() != nil {
		err = interrupted(err)
	} else if err != nil {
		err = exclusiveFlags(err)
	}
	return a.fail(err, os.Args[1:])
}

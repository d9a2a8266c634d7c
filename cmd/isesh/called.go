package main

import (
	"slices"
	"strings"
)

// A link to isesh that is called messenger or imessenger takes the commands of those programs with their defaults:
//
//   - imessenger's send waits for the answer, 30 seconds unless --timeout says otherwise, which counts milliseconds; --no-reply does not wait.
//   - messenger's send does not wait.
//   - imessenger's inbox leaves out what was read.
//   - the interval of inbox --watch counts seconds.

// askMilliseconds is how long imessenger waits for an answer.
const askMilliseconds = "30000"

// calledArgs are the arguments of isesh for those of a program of that name.
func calledArgs(name string, args []string) ([]string, error) {
	if name != "messenger" && name != "imessenger" {
		return args, nil
	}
	at := commandAt(args)
	if at < 0 {
		return args, nil
	}
	command, before, rest := args[at], args[:at+1], args[at+1:]
	has := func(flags ...string) bool {
		return slices.ContainsFunc(flagsOf(rest), func(f string) bool { return slices.Contains(flags, f) })
	}
	switch command {
	case "discover":
		return nil, usagef("isesh start starts agents, and isesh list lists them", "%s discover: agents that isesh did not start are not found yet", name)
	case "register":
		if !has("--mailbox") {
			return nil, usagef("isesh start starts an agent; register NAME --mailbox makes a name without a pane", "%s register: a pane that runs already cannot be registered yet", name)
		}
	case "send":
		rest = withUnit(rest, "--timeout", "ms")
		if name == "imessenger" && !has("--no-reply", "--wait", "-w", "--no-submit", "--all", "--help", "-h") {
			before = append(slices.Clip(before), "--wait")
			if !has("--timeout") {
				before = append(before, "--timeout", askMilliseconds+"ms")
			}
		}
	case "inbox":
		rest = withUnit(rest, "--notify-interval", "s")
		if name == "imessenger" && !slices.Contains(rest, "pop") && !has("--count", "--clear", "--watch", "--unread", "-u", "--limit", "-n", "--help", "-h") {
			before = append(slices.Clip(before), "--unread")
		}
	}
	return slices.Concat(before, rest), nil
}

// commandAt is where the command stands, -1 without one.
func commandAt(args []string) int {
	for i := 0; i < len(args); i++ {
		switch {
		case slices.Contains([]string{"--state-dir", "--socket-name", "--socket-path", "-L", "-S"}, args[i]):
			i++ // its value
		case !strings.HasPrefix(args[i], "-"):
			return i
		}
	}
	return -1
}

// flagsOf are the flags among args, without their values.
func flagsOf(args []string) (flags []string) {
	for _, a := range args {
		if a == "--" {
			break
		}
		if name, _, _ := strings.Cut(a, "="); strings.HasPrefix(name, "-") && name != "-" {
			flags = append(flags, name)
		}
	}
	return flags
}

// withUnit gives the plain number that is the value of a flag its unit.
func withUnit(args []string, flag, unit string) []string {
	args = slices.Clone(args)
	for i, a := range args {
		if a == "--" {
			break
		}
		name, value, joined := strings.Cut(a, "=")
		switch {
		case name != flag:
		case joined && isNumber(value):
			args[i] += unit
		case !joined && i+1 < len(args) && isNumber(args[i+1]):
			args[i+1] += unit
		}
	}
	return args
}

func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

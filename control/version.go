package control

import (
	"fmt"
	"strconv"
	"strings"
)

// MinMajor.MinMinor is the oldest tmux that works: pause mode, client flags and
// subscriptions start there.
const MinMajor, MinMinor = 3, 2

// Version is a version of tmux.
type Version struct {
	Major, Minor int
	Patch        string // "a" in 3.3a
	Next         bool   // a development version on the way to Major.Minor
	Text         string // as tmux says it, without the word tmux
}

// ParseVersion reads "3.3a", "tmux 3.3a", "next-3.8" and "master".
func ParseVersion(s string) (Version, error) {
	text := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(s), "tmux "))
	v := Version{Text: text}
	if text == "master" {
		// Newer than any release.
		v.Major, v.Next = 1<<16, true
		return v, nil
	}
	rest, next := strings.CutPrefix(text, "next-")
	rest = strings.TrimPrefix(rest, "openbsd-")
	v.Next = next
	major, minor, ok := strings.Cut(rest, ".")
	end := 0
	for end < len(minor) && minor[end] >= '0' && minor[end] <= '9' {
		end++
	}
	var err1, err2 error
	v.Major, err1 = strconv.Atoi(major)
	v.Minor, err2 = strconv.Atoi(minor[:end])
	if !ok || err1 != nil || err2 != nil {
		return Version{}, fmt.Errorf("reading tmux version %q: want something like 3.3a", s)
	}
	v.Patch = minor[end:]
	return v, nil
}

// AtLeast reports whether v is major.minor or newer. A development version on
// the way to 3.8 is at least 3.7, and not yet 3.8.
func (v Version) AtLeast(major, minor int) bool {
	if v.Major != major {
		return v.Major > major
	}
	if v.Next {
		return v.Minor > minor
	}
	return v.Minor >= minor
}

// String is the version as tmux says it.
func (v Version) String() string { return v.Text }

// Features is what a version of tmux, the server's, does differently.
type Features struct {
	// CaptureLeak: capture-pane -p on a control connection leaks the reply in
	// the server, so captures go through a buffer and a file (before 3.6).
	CaptureLeak bool
	// DeadPasteCrash: a paste into a dead pane ends the server (before 3.4).
	DeadPasteCrash bool
	// FragileDial: attaching while sessions come and go can end the server (before 3.7).
	FragileDial bool
	// PasteRaw: paste-buffer rewrites control bytes unless -S is given, which
	// older versions do not know (3.7).
	PasteRaw bool
	// DeadSignal: the format pane_dead_signal exists (3.3).
	DeadSignal bool
	// ModalRunShell: run-shell opens a view in the pane (3.3 and 3.4).
	ModalRunShell bool
	// DetachedSize: new-session -d honours -x and -y (all but 3.2).
	DetachedSize bool
}

// Features tells what this version does differently.
func (v Version) Features() Features {
	return Features{
		CaptureLeak:    !v.AtLeast(3, 6),
		DeadPasteCrash: !v.AtLeast(3, 4),
		FragileDial:    !v.AtLeast(3, 7),
		PasteRaw:       v.AtLeast(3, 7),
		DeadSignal:     v.AtLeast(3, 3),
		ModalRunShell:  v.AtLeast(3, 3) && !v.AtLeast(3, 5),
		DetachedSize:   v.AtLeast(3, 3),
	}
}

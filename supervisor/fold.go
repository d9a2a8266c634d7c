package supervisor

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"isesh/control"
	"isesh/roles/agent"
	"isesh/supervisor/api"
)

// witnesses is all that can speak for a role's state.
type witnesses struct {
	reading agent.Reading
	dead    bool          // tmux says that the program has ended
	started bool          // the role has been idle or waiting before
	quiet   time.Duration // since the last output
	believe time.Duration // how long a composer that could be either must be quiet to count as idle; 0: never
	before  agent.State
}

// fold decides the state. A menu on the screen beats everything but death; unknown is never idle.
func fold(w witnesses) agent.State {
	switch {
	case w.dead || w.reading.State == agent.Dead:
		return agent.Dead
	case w.reading.State == agent.Waiting:
		return agent.Waiting
	case w.reading.State == agent.Unknown && !w.started, w.reading.State == agent.Starting:
		return agent.Starting
	case w.reading.State == agent.Unknown && w.reading.Composer && w.believe > 0:
		// A composer with a draft, and no marker of either state: agents hide theirs behind a draft. Only silence tells.
		if w.quiet >= w.believe {
			return agent.Idle
		}
		if w.before == agent.Busy {
			return agent.Busy
		}
	}
	return w.reading.State
}

// menuOf returns the open menu of a reading, with an id that is the same for the same question and options.
func menuOf(r agent.Reading) *api.Menu {
	h := sha256.New()
	h.Write([]byte(r.Kind))
	h.Write([]byte{0})
	h.Write([]byte(r.Heading))
	for _, o := range r.Options {
		h.Write([]byte{0})
		h.Write([]byte(o))
	}
	return &api.Menu{
		ID: hex.EncodeToString(h.Sum(nil))[:8], Kind: string(r.Kind), Heading: r.Heading,
		Options: r.Options, Selected: r.Selected,
	}
}

// triggered reports that output holds one of the strings that ask for a look at once.
func triggered(data []byte, triggers []string) bool {
	for _, t := range triggers {
		if bytes.Contains(data, []byte(t)) {
			return true
		}
	}
	return false
}

// refusedFor reports whether tmux refused a guarded line for one of these reasons.
func refusedFor(err error, reasons ...control.Reason) bool {
	var refused *control.Refused
	if !errors.As(err, &refused) {
		return false
	}
	for _, r := range reasons {
		if refused.Reason == r {
			return true
		}
	}
	return false
}

// literal returns a POSIX extended regular expression that matches exactly s at the beginning of a row.
func literal(s string) string {
	var b strings.Builder
	b.WriteByte('^')
	for _, c := range s {
		if strings.ContainsRune(`.[]\*^$+?(){}|`, c) {
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String()
}

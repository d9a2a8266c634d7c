package control

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// literalMark cannot begin the name of a key.
const literalMark = "\x00"

// Literal marks text that Keys types as it is, without looking for key names
// in it. It must hold no control characters.
func Literal(text string) string { return literalMark + text }

// namedKeys are the keys tmux knows by name in every version from 3.2 on, in
// its own spelling. (tmux itself ignores case; mouse and user keys are left out
// because they cannot be sent to a program.)
var namedKeys = map[string]bool{}

// uncontrolled are those that some tmux (measured on 3.5a and 3.8) cannot send
// with C-: it types the name instead.
var uncontrolled = map[string]bool{"Escape": true, "BSpace": true}

// unshifted are the same for S- (measured on 3.3a).
var unshifted = map[string]bool{"Enter": true, "Escape": true, "Tab": true, "BTab": true, "BSpace": true, "Space": true}

func init() {
	for _, n := range strings.Fields(`Enter Escape Tab BTab BSpace Space Up Down Left Right Home End
		PageUp PgUp PPage PageDown PgDn NPage Insert IC Delete DC
		F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 F11 F12
		KP/ KP* KP- KP+ KP. KPEnter KP0 KP1 KP2 KP3 KP4 KP5 KP6 KP7 KP8 KP9`) {
		namedKeys[n] = true
	}
}

// ValidKey refuses what is not the name of a key: tmux would type an unknown
// name as text. Names are a single printable character or one of tmux's
// (Enter, Escape, Up, F1, DC ...), with C-, M- and S- in front, as in C-c or
// M-S-Left. The error suggests a name that differs by case or a few letters.
func ValidKey(name string) error {
	rest, ctrl, shift := name, false, false
	for len(rest) > 2 && rest[1] == '-' {
		switch rest[0] {
		case 'C':
			ctrl = true
		case 'S':
			shift = true
		case 'M':
		default:
			return keyError(name, rest)
		}
		rest = rest[2:]
	}
	if namedKeys[rest] {
		if shift && unshifted[rest] {
			return fmt.Errorf("key %q: tmux has no S- for %s and would type the name", name, rest)
		}
		if ctrl && uncontrolled[rest] {
			return fmt.Errorf("key %q: tmux has no C- for %s in every version and would type the name", name, rest)
		}
		return nil
	}
	r, size := utf8.DecodeRuneInString(rest)
	if rest == "" || size != len(rest) || r == utf8.RuneError || !unicode.IsPrint(r) {
		return keyError(name, rest)
	}
	if shift {
		return fmt.Errorf("key %q: S- goes with named keys only", name)
	}
	if ctrl && !(r >= '@' && r <= '_' || r >= 'a' && r <= 'z' || r == '?') {
		return fmt.Errorf("key %q: no control character belongs to %q", name, rest)
	}
	return nil
}

func keyError(name, rest string) error {
	for n := range namedKeys {
		if strings.EqualFold(n, rest) {
			return fmt.Errorf("unknown key %q (did you mean %q?)", name, strings.TrimSuffix(name, rest)+n)
		}
	}
	for _, n := range []string{"Enter", "Escape", "Space", "Delete", "Down", "Left", "Right", "BSpace", "Tab"} {
		if len(rest) > 2 && strings.HasPrefix(strings.ToLower(n), strings.ToLower(rest[:2])) {
			return fmt.Errorf("unknown key %q (did you mean %q?)", name, n)
		}
	}
	return fmt.Errorf("unknown key %q", name)
}

// maxKeys keeps a line below the limit of tmux's parser, which is on the number
// of words.
const maxKeys = 500

// keyCommands are the send-keys commands for keys, each run of names in one.
func keyCommands(pane string, keys []string) ([]string, error) {
	if len(keys) == 0 || len(keys) > maxKeys {
		return nil, fmt.Errorf("sending keys to %s: %d keys, want 1 to %d", pane, len(keys), maxKeys)
	}
	var cmds, names []string
	flush := func() error {
		if len(names) == 0 {
			return nil
		}
		cmd, err := QuoteAll(append([]string{"send-keys", "-t", pane, "--"}, names...)...)
		cmds, names = append(cmds, cmd), nil
		return err
	}
	for _, k := range keys {
		text, literal := strings.CutPrefix(k, literalMark)
		if !literal {
			if err := ValidKey(k); err != nil {
				return nil, fmt.Errorf("sending keys to %s: %w", pane, err)
			}
			names = append(names, k)
			continue
		}
		if text == "" || strings.ContainsFunc(text, unicode.IsControl) {
			return nil, fmt.Errorf("sending keys to %s: literal text is empty or holds control characters", pane)
		}
		if err := flush(); err != nil {
			return nil, err
		}
		cmd, err := QuoteAll("send-keys", "-l", "-t", pane, "--", text)
		if err != nil {
			return nil, err
		}
		cmds = append(cmds, cmd)
	}
	return cmds, flush()
}

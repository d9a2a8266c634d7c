package controltest

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

func init() {
	define(entry{name: "send-keys", alias: "send", usage: "[-FHlMRX] [-N repeat-count] [-t target-pane] key ...", flags: "FHlMN:Rt:X", max: -1, target: 'p', run: sendKeys})
}

// sendKeys types into a pane. A pane in a mode keeps keys for itself, and one that is dead or switched off drops them; the answer is the same.
func sendKeys(x *call) error {
	p := x.target.p
	if x.has('R') {
		p.screen.reset()
	}
	repeat := 1
	if x.has('N') {
		n, err := strconv.Atoi(x.get('N'))
		if err != nil || n < 1 {
			return fmt.Errorf("repeat count %s", badNumber(x.get('N')))
		}
		repeat = n
	}
	if x.has('X') {
		if p.mode == "" {
			return fmt.Errorf("not in a mode")
		}
		if x.pos(0) == "cancel" || strings.HasSuffix(x.pos(0), "-and-cancel") {
			p.setMode("")
		}
		return nil
	}
	var panes []*Pane
	for _, q := range p.window.panes {
		if q == p || x.t.option("synchronize-panes", nil, p.window, p) == "on" {
			panes = append(panes, q)
		}
	}
	for range repeat {
		for _, a := range x.rest {
			for _, q := range panes {
				if err := x.key(q, a.text); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (x *call) key(p *Pane, key string) error {
	if x.has('H') {
		n, err := strconv.ParseUint(key, 16, 8)
		if err != nil {
			return nil
		}
		x.typed(p, "", []byte{byte(n)})
		return nil
	}
	if !x.has('l') {
		if seq, ok := keySequence(key, p.screen.appCursor); ok {
			x.typed(p, key, []byte(seq))
			return nil
		}
	}
	for len(key) > 0 { // unknown names are text
		_, n := utf8.DecodeRuneInString(key)
		x.typed(p, key[:n], []byte(key[:n]))
		key = key[n:]
	}
	return nil
}

// typed hands a key to the program, or to the mode the pane is in.
func (x *call) typed(p *Pane, key string, seq []byte) {
	if p.mode == "" {
		p.input(seq)
		return
	}
	if key == "q" || key == "Escape" || key == "C-c" {
		p.setMode("")
		x.bound++
	}
}

// plain are the keys whose bytes do not change with modifiers.
var plain = map[string]string{
	"Enter": "\r", "Escape": "\x1b", "Tab": "\t", "BTab": "\x1b[Z", "BSpace": "\x7f", "Space": " ",
}

// cursorKeys end in a letter, tildeKeys in a number and a tilde.
var (
	cursorKeys = map[string]string{"Up": "A", "Down": "B", "Right": "C", "Left": "D"}
	tildeKeys  = map[string]string{"Home": "1", "IC": "2", "Insert": "2", "DC": "3", "Delete": "3", "End": "4", "PPage": "5", "PageUp": "5", "PgUp": "5",
		"NPage": "6", "PageDown": "6", "PgDn": "6", "F5": "15", "F6": "17", "F7": "18", "F8": "19", "F9": "20", "F10": "21", "F11": "23", "F12": "24"}
	functionKeys = map[string]string{"F1": "P", "F2": "Q", "F3": "R", "F4": "S"}
)

// keySequence is what a key sends. ok is false when tmux knows no key of that name.
func keySequence(key string, appCursor bool) (seq string, ok bool) {
	if hex, found := strings.CutPrefix(key, "0x"); found {
		n, err := strconv.ParseUint(hex, 16, 21)
		if err != nil {
			return "", false
		}
		return string(rune(n)), true
	}
	mod, rest := 0, key
	if len(rest) > 1 && rest[0] == '^' {
		mod, rest = 4, rest[1:]
	}
	for len(rest) > 2 && rest[1] == '-' {
		switch rest[0] {
		case 'S', 's':
			mod |= 1
		case 'M', 'm':
			mod |= 2
		case 'C', 'c':
			mod |= 4
		default:
			return "", false
		}
		rest = rest[2:]
	}
	param := strconv.Itoa(mod + 1)
	if c := named(cursorKeys, rest); c != "" {
		switch {
		case mod != 0:
			return "\x1b[1;" + param + c, true
		case appCursor:
			return "\x1bO" + c, true
		}
		return "\x1b[" + c, true
	}
	if c := named(functionKeys, rest); c != "" {
		if mod != 0 {
			return "\x1b[1;" + param + c, true
		}
		return "\x1bO" + c, true
	}
	if n := named(tildeKeys, rest); n != "" {
		if mod != 0 {
			switch rest {
			case "Home":
				return "\x1b[1;" + param + "H", true
			case "End":
				return "\x1b[1;" + param + "F", true
			}
			return "\x1b[" + n + ";" + param + "~", true
		}
		return "\x1b[" + n + "~", true
	}
	seq = named(plain, rest)
	if seq == "" {
		if utf8.RuneCountInString(rest) != 1 {
			return "", false
		}
		seq = rest
	}
	if mod&1 != 0 {
		return "", false // a terminal has no bytes for it
	}
	if mod&4 != 0 {
		switch c := seq[0]; {
		case len(seq) != 1:
		case c == ' ' || c == '2':
			seq = "\x00"
		case c == '?':
			seq = "\x7f"
		case c >= '@' && c <= '_' || c >= 'a' && c <= 'z':
			seq = string(c & 0x1f)
		}
	}
	if mod&2 != 0 {
		seq = "\x1b" + seq
	}
	return seq, true
}

// named looks a key's name up without regard to case.
func named(keys map[string]string, name string) string {
	for k, v := range keys {
		if strings.EqualFold(k, name) {
			return v
		}
	}
	return ""
}

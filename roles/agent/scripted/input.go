package scripted

import (
	"bytes"
	"unicode/utf8"
)

// event is one thing that came from the keyboard: exactly one of the fields is set.
type event struct {
	key   string // named key, as tmux names it
	text  string // typed characters that came together, no controls; bytes that are no UTF-8 stay as they are
	paste *paste
}

// paste is a bracketed paste. Its body is what stood between the brackets.
type paste struct{ body []byte }

// decoder makes events of bytes, however they are split over reads. It knows no time: a lone ESC waits in it until flush or
// the next byte tells what it was.
type decoder struct {
	carry   []byte // an unfinished sequence or character
	inPaste bool
	body    []byte // of an unfinished paste
}

var pasteEnd = []byte("\x1b[201~")

// maxCarry bounds an unfinished sequence; what is longer is no sequence.
const maxCarry = 4096

// feed decodes p and calls emit for each event. It keeps no part of p.
func (d *decoder) feed(p []byte, emit func(event)) {
	if d.escapePending() && len(p) > 0 && p[0] != '[' && p[0] != 'O' && p[0] != ']' {
		d.flush(emit) // what one read ends with and the next begins with is one sequence only where it must be
	}
	if len(d.carry) > 0 && !d.inPaste {
		p = append(d.carry, p...)
		d.carry = nil
	}
	for len(p) > 0 {
		if d.inPaste {
			p = d.feedPaste(p, emit)
			continue
		}
		n := d.one(p, emit)
		if n == 0 {
			if len(p) > maxCarry {
				p = p[1:]
				continue
			}
			d.carry = append([]byte(nil), p...)
			return
		}
		p = p[n:]
	}
}

// feedPaste takes bytes of a paste, and returns those behind its end. Each byte is looked at once.
func (d *decoder) feedPaste(p []byte, emit func(event)) []byte {
	seen := max(0, len(d.body)-len(pasteEnd)+1)
	d.body = append(d.body, p...)
	i := bytes.Index(d.body[seen:], pasteEnd)
	if i < 0 {
		return nil
	}
	rest := len(d.body) - (seen + i + len(pasteEnd))
	emit(event{paste: &paste{d.body[:seen+i]}})
	d.inPaste, d.body = false, nil
	return p[len(p)-rest:]
}

// escapePending reports that a lone ESC is waiting for what follows.
func (d *decoder) escapePending() bool { return !d.inPaste && len(d.carry) == 1 && d.carry[0] == 0x1b }

// between reports that nothing is unfinished: the next byte begins something new.
func (d *decoder) between() bool { return !d.inPaste && len(d.carry) == 0 }

// flush takes a waiting ESC for the Escape key.
func (d *decoder) flush(emit func(event)) {
	if d.escapePending() {
		d.carry = nil
		emit(event{key: "Escape"})
	}
}

// controlKeys names the control bytes that mean something.
var controlKeys = map[byte]string{
	'\r': "Enter", '\n': "C-j", '\t': "Tab", 0x7f: "BSpace", 0x08: "BSpace", 0x01: "C-a", 0x02: "C-b", 0x03: "C-c", 0x04: "C-d", 0x05: "C-e",
	0x06: "C-f", 0x0b: "C-k", 0x0c: "C-l", 0x0e: "C-n", 0x10: "C-p", 0x13: "C-s", 0x15: "C-u", 0x17: "C-w",
}

// one decodes what p begins with, and returns its length, 0 when it is unfinished.
func (d *decoder) one(p []byte, emit func(event)) int {
	b := p[0]
	if b == 0x1b {
		return d.escape(p, emit)
	}
	if b < 0x20 || b == 0x7f {
		if key := controlKeys[b]; key != "" {
			emit(event{key: key})
		}
		return 1
	}
	n := 0
	for n < len(p) && p[n] >= 0x20 && p[n] != 0x7f {
		if p[n] < utf8.RuneSelf {
			n++
			continue
		}
		if !utf8.FullRune(p[n:]) {
			break
		}
		_, size := utf8.DecodeRune(p[n:])
		n += size
	}
	if n > 0 {
		emit(event{text: string(p[:n])})
	}
	return n
}

// escape decodes what begins with ESC.
func (d *decoder) escape(p []byte, emit func(event)) int {
	if len(p) == 1 {
		return 0
	}
	switch p[1] {
	case '[':
		for i := 2; i < len(p); i++ {
			if p[i] >= 0x40 && p[i] <= 0x7e {
				d.csi(string(p[2:i+1]), emit)
				return i + 1
			}
		}
		return 0
	case 'O':
		if len(p) == 2 {
			return 0
		}
		d.csi(string(p[2:3]), emit)
		return 3
	case ']', 'P', '_', '^': // an answer of the terminal: skipped up to BEL or ST
		for i := 2; i < len(p); i++ {
			if p[i] == 0x07 {
				return i + 1
			}
			if p[i] == '\\' && p[i-1] == 0x1b {
				return i + 1
			}
		}
		return 0
	case '\r', '\n':
		emit(event{key: "M-Enter"})
		return 2
	}
	if p[1] > 0x20 && p[1] < 0x7f {
		emit(event{key: "M-" + string(p[1:2])})
		return 2
	}
	emit(event{key: "Escape"})
	return 1
}

// csiKeys names the sequences behind ESC [ (and ESC O) that are keys.
var csiKeys = map[string]string{
	"A": "Up", "B": "Down", "C": "Right", "D": "Left", "H": "Home", "F": "End", "1~": "Home", "4~": "End", "7~": "Home", "8~": "End",
	"3~": "DC", "Z": "BTab", "5~": "PPage", "6~": "NPage", "13;2u": "M-Enter", "27u": "Escape", "13u": "Enter", "M": "Enter",
}

func (d *decoder) csi(seq string, emit func(event)) {
	if seq == "200~" {
		d.inPaste = true
		return
	}
	if key := csiKeys[seq]; key != "" {
		emit(event{key: key})
	}
}

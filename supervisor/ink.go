package supervisor

// ink counts what a pane has drawn: the characters, not the sequences that place and colour them. Blanks do not count.
type ink struct {
	n     int
	where byte // in a sequence: its kind; 0 in text
}

// add takes in output, which may begin and end in the middle of a sequence.
func (k *ink) add(data []byte) {
	for _, b := range data {
		switch k.where {
		case 0:
			switch {
			case b == 0x1b:
				k.where = 'e'
			case b > ' ' && b != 0x7f && b&0xc0 != 0x80: // of a character of several bytes the first counts
				k.n++
			}
		case 'e': // behind ESC
			switch {
			case b == '[':
				k.where = '['
			case b == ']' || b == 'P' || b == 'X' || b == '^' || b == '_':
				k.where = ']'
			case b < ' ' || b > '/':
				k.where = 0
			}
		case '[': // numbers, until a letter
			if b >= '@' && b <= '~' {
				k.where = 0
			}
		case ']': // text for the terminal, until BEL or ESC \\
			switch b {
			case 0x07:
				k.where = 0
			case 0x1b:
				k.where = 'e'
			}
		}
	}
}

package control

import "bytes"

// TokenKind says what a Token is.
type TokenKind int

// The kinds of tokens. A reply is one Begin, any number of Body, and one End
// or Fail.
const (
	Begin  TokenKind = iota // %begin: a reply starts
	Body                    // one line of it
	End                     // %end: the command succeeded
	Fail                    // %error: the body is the error's text
	Notify                  // a notification, a line starting with %
	Loose                   // any other line outside of a reply
)

// Token is one line of the stream, understood. Its slices are valid only until
// the function they were handed to returns.
type Token struct {
	Kind TokenKind
	Line []byte // the whole line without LF
	// Own, in Begin, End and Fail: the command came over this connection's
	// input. Replies that are not Own answer somebody else, as a hook.
	Own bool
	// Name and Rest of a Notify: "output" and all behind the first space.
	Name, Rest []byte
}

// MaxLine bounds what the Parser keeps of a line. tmux has no limit; the rest
// of a longer line is dropped.
const MaxLine = 64 << 20

// Parser turns the output of a control-mode client into tokens. It does no I/O
// and knows no time: the same bytes give the same tokens however they are
// split. The zero value is ready.
type Parser struct {
	partial []byte // an incomplete line
	tail    []byte // of the open reply: "T N FLAGS"
	open    bool
	nonce   []byte   // set: the open reply may hold lines that look like its end
	held    [][]byte // lines that may be behind such a reply
	heldEnd bool     // the first of them is its %end or %error
	size    int      // bytes held
	proof   int      // how many of the last of them may be the nonce's reply
}

// Feed takes the next bytes of the stream and hands each complete line to
// yield. yield may call Fence.
func (p *Parser) Feed(data []byte, yield func(Token)) {
	for len(data) > 0 {
		i := bytes.IndexByte(data, '\n')
		if i < 0 {
			if room := MaxLine - len(p.partial); len(data) > room {
				data = data[:room]
			}
			p.partial = append(p.partial, data...)
			return
		}
		line := data[:i]
		data = data[i+1:]
		if len(p.partial) > 0 {
			if room := MaxLine - len(p.partial); len(line) > room {
				line = line[:room]
			}
			line = append(p.partial, line...)
			p.partial = line[:0]
		}
		p.line(line, yield)
		if cap(p.partial) > 1<<20 {
			p.partial = nil
		}
	}
}

// Fence says that the reply which has just begun holds foreign text, as a
// screen does, which can imitate the end of a reply. It ends only where a
// reply follows whose one line begins with nonce. Call it on the Begin token;
// nonce must be unguessable and be printed by the next command.
func (p *Parser) Fence(nonce string) { p.nonce = []byte(nonce) }

func (p *Parser) line(line []byte, yield func(Token)) {
	switch {
	case p.open && p.nonce != nil:
		p.fenced(line, yield)
	case p.open:
		if kind, ok := ends(line, p.tail); ok {
			p.close(kind, line, yield)
			return
		}
		yield(Token{Kind: Body, Line: line})
	default:
		p.outside(line, yield)
	}
}

// close ends the open reply. The state is changed first: yield may look at it.
func (p *Parser) close(kind TokenKind, line []byte, yield func(Token)) {
	own := owned(p.tail)
	p.open = false
	yield(Token{Kind: kind, Line: line, Own: own})
}

var (
	beginWord = []byte("%begin ")
	endWord   = []byte("%end ")
	errorWord = []byte("%error ")
)

// ends reports whether line closes the reply that began with tail. All of the
// tail must match: a body may hold "%end 1 2 3".
func ends(line, tail []byte) (TokenKind, bool) {
	if rest, ok := bytes.CutPrefix(line, endWord); ok {
		return End, bytes.Equal(rest, tail)
	}
	if rest, ok := bytes.CutPrefix(line, errorWord); ok {
		return Fail, bytes.Equal(rest, tail)
	}
	return 0, false
}

func (p *Parser) outside(line []byte, yield func(Token)) {
	if len(line) == 0 || line[0] != '%' {
		yield(Token{Kind: Loose, Line: line})
		return
	}
	if tail, ok := bytes.CutPrefix(line, beginWord); ok && isTail(tail) {
		p.begin(tail)
		yield(Token{Kind: Begin, Line: line, Own: owned(tail)})
		return
	}
	name, rest, _ := bytes.Cut(line[1:], []byte{' '})
	yield(Token{Kind: Notify, Line: line, Name: name, Rest: rest})
}

func (p *Parser) begin(tail []byte) {
	p.tail = append(p.tail[:0], tail...)
	p.open, p.nonce = true, nil
}

// maxHeld bounds what hooks may print behind a fenced reply.
const maxHeld = 4 << 20

// fenced looks for %begin, nonce, %end without a line in between: proof that
// the reply has ended. It has ended at the last line before that which looks
// like its end, because all that can imitate it stands in front of the true
// one. Behind that come only replies and notifications of the user's hooks, so
// these lines are held back until it is known what they are. Where no line
// looks like the end, the reply has failed.
func (p *Parser) fenced(line []byte, yield func(Token)) {
	switch {
	case p.proof == 1 && bytes.HasPrefix(line, p.nonce):
		p.hold(line)
		p.proof = 2
		return
	case p.proof == 2:
		tail := p.held[len(p.held)-2][len(beginWord):]
		if kind, ok := ends(line, tail); ok && kind == End {
			p.unfence(line, yield)
			return
		}
	}
	p.proof = 0
	if _, ok := ends(line, p.tail); ok {
		p.flush(yield)
		p.heldEnd = true
		p.hold(line)
		return
	}
	if !p.heldEnd || p.size > maxHeld {
		p.flush(yield)
	}
	switch {
	case p.opens(line):
		p.hold(line)
		p.proof = 1
	case p.heldEnd:
		p.hold(line)
	default:
		yield(Token{Kind: Body, Line: line})
	}
}

// flush gives out the held lines as body: the reply did not end there.
func (p *Parser) flush(yield func(Token)) {
	for _, h := range p.held {
		yield(Token{Kind: Body, Line: h})
	}
	p.drop()
}

func (p *Parser) drop() { p.held, p.heldEnd, p.size, p.proof = p.held[:0], false, 0, 0 }

// unfence gives out the held lines: the end of the fenced reply, what hooks
// said, and the nonce's reply, which line ends.
func (p *Parser) unfence(line []byte, yield func(Token)) {
	held, kind, first := p.held, Fail, []byte(nil)
	if p.heldEnd {
		first, held = held[0], held[1:]
		kind, _ = ends(first, p.tail)
	}
	p.held = nil
	p.drop()
	p.close(kind, first, yield)
	hooks, begin, nonce := held[:len(held)-2], held[len(held)-2], held[len(held)-1]
	for _, h := range hooks {
		if !p.open && p.opens(h) { // no command of ours ran in between
			yield(Token{Kind: Loose, Line: h})
			continue
		}
		p.line(h, yield)
	}
	if p.open {
		p.close(Fail, nil, yield)
	}
	p.begin(begin[len(beginWord):])
	yield(Token{Kind: Begin, Line: begin, Own: true})
	p.nonce = nil // of this one nothing is foreign
	yield(Token{Kind: Body, Line: nonce})
	p.close(End, line, yield)
}

// opens reports whether line starts a reply to a command of this client.
func (p *Parser) opens(line []byte) bool {
	tail, ok := bytes.CutPrefix(line, beginWord)
	return ok && isTail(tail) && owned(tail)
}

func (p *Parser) hold(line []byte) {
	p.held = append(p.held, bytes.Clone(line))
	p.size += len(line) + 1
}

// isTail checks "T N FLAGS", three numbers.
func isTail(b []byte) bool {
	fields, digits := 0, 0
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c == ' ' && digits > 0:
			fields, digits = fields+1, 0
		default:
			return false
		}
	}
	return fields == 2 && digits > 0
}

// owned looks at the flags: bit 0 is set for commands of this client.
func owned(tail []byte) bool {
	flags := tail[bytes.LastIndexByte(tail, ' ')+1:]
	return len(flags) > 0 && (flags[len(flags)-1]-'0')&1 == 1
}

// appendUnescaped decodes the data of %output: \ooo is a byte, all else stands
// for itself. A backslash that begins no such triple is kept.
func appendUnescaped(dst, src []byte) []byte {
	for {
		i := bytes.IndexByte(src, '\\')
		if i < 0 {
			return append(dst, src...)
		}
		dst = append(dst, src[:i]...)
		src = src[i:]
		if len(src) >= 4 && src[1] >= '0' && src[1] <= '3' && src[2] >= '0' && src[2] <= '7' && src[3] >= '0' && src[3] <= '7' {
			dst = append(dst, (src[1]-'0')<<6|(src[2]-'0')<<3|(src[3]-'0'))
			src = src[4:]
			continue
		}
		dst = append(dst, '\\')
		src = src[1:]
	}
}

package controltest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"
)

// buffer is one paste buffer; named ones stay until they are deleted, the others make room.
type buffer struct {
	name    string
	data    []byte
	auto    bool
	created time.Time
}

func init() {
	define(
		entry{name: "set-buffer", alias: "setb", usage: "[-aw] [-b buffer-name] [-n new-buffer-name] [-t target-client] data", flags: "awb:n:t:", max: 1, run: setBuffer},
		entry{name: "load-buffer", alias: "loadb", usage: "[-b buffer-name] [-t target-client] path", flags: "b:t:w", min: 1, max: 1, target: 'p', canfail: true, run: loadBuffer},
		entry{name: "save-buffer", alias: "saveb", usage: "[-a] [-b buffer-name] path", flags: "ab:", min: 1, max: 1, run: saveBuffer},
		entry{name: "show-buffer", alias: "showb", usage: "[-b buffer-name]", flags: "b:", run: showBuffer},
		entry{name: "delete-buffer", alias: "deleteb", usage: "[-b buffer-name]", flags: "b:", run: deleteBuffer},
		entry{name: "list-buffers", alias: "lsb", usage: "[-F format] [-f filter]", flags: "F:f:", run: listBuffers},
		entry{name: "paste-buffer", alias: "pasteb", usage: "[-dpr] [-s separator] [-b buffer-name] [-t target-pane]", flags: "db:prs:t:", target: 'p', run: pasteBuffer},
	)
}

func (t *Tmux) buffer(name string) *buffer {
	for _, b := range t.buffers {
		if b.name == name {
			return b
		}
	}
	return nil
}

// top is the newest automatic buffer, which commands without -b mean.
func (t *Tmux) top() *buffer {
	for _, b := range t.buffers {
		if b.auto {
			return b
		}
	}
	return nil
}

// store makes or replaces a buffer and puts it first; without a name it gets the next automatic one.
func (t *Tmux) store(name string, data []byte) {
	if len(data) == 0 {
		return
	}
	b := &buffer{name: name, data: data, created: time.Now()}
	if name == "" {
		b.auto, b.name = true, fmt.Sprintf("buffer%d", t.nbuffers)
		t.nbuffers++
		limit, _ := strconv.Atoi(t.serverOption("buffer-limit"))
		n := 1
		t.buffers = slices.DeleteFunc(t.buffers, func(b *buffer) bool {
			if b.auto {
				n++
			}
			return b.auto && n > limit
		})
	}
	t.buffers = slices.DeleteFunc(t.buffers, func(o *buffer) bool { return o.name == b.name })
	t.buffers = slices.Insert(t.buffers, 0, b)
	t.notifyBuffer("changed", b.name)
}

func (t *Tmux) drop(b *buffer) {
	t.buffers = slices.DeleteFunc(t.buffers, func(o *buffer) bool { return o == b })
	t.notifyBuffer("deleted", b.name)
}

func setBuffer(x *call) error {
	name := x.get('b')
	if x.has('n') {
		b := x.t.buffer(name)
		if name == "" {
			b = x.t.top()
		}
		if b == nil {
			if name == "" {
				return errors.New("no buffer")
			}
			return fmt.Errorf("unknown buffer: %s", name)
		}
		b.name, b.auto = x.get('n'), false
		return nil
	}
	if len(x.rest) != 1 {
		return errors.New("no data specified")
	}
	data := []byte(x.pos(0))
	if x.has('a') {
		if b := x.t.buffer(name); b != nil {
			data = append(slices.Clone(b.data), data...)
		}
	}
	x.t.store(name, data)
	return nil
}

// fileError words a failure as tmux of this version does.
func (x *call) fileError(path string, err error) {
	text := "Input/output error"
	var no syscall.Errno
	switch {
	case errors.Is(err, fs.ErrNotExist):
		text = "No such file or directory"
	case errors.Is(err, fs.ErrPermission):
		text = "Permission denied"
	case errors.As(err, &no):
		text = strings.ToUpper(no.Error()[:1]) + no.Error()[1:]
	}
	if x.t.at(3, 6) {
		text, path = path, text
	}
	x.late = append(x.late, path+": "+text)
}

// path expands a file argument, which is a format, and makes it absolute.
func (x *call) path() string {
	p := x.expand(x.pos(0))
	if !filepath.IsAbs(p) {
		p = filepath.Join(string(filepath.Separator), p)
	}
	return p
}

// loadBuffer answers before it has read the file: what goes wrong is told outside the block.
func loadBuffer(x *call) error {
	if x.pos(0) == "-" {
		return nil // a control client has no input to read from
	}
	data, err := os.ReadFile(x.path())
	if err != nil {
		x.fileError(x.path(), err)
		return nil
	}
	x.t.store(x.get('b'), data)
	return nil
}

// named is the buffer a command means.
func (x *call) named(none, missing string) (*buffer, error) {
	if !x.has('b') {
		if b := x.t.top(); b != nil {
			return b, nil
		}
		return nil, errors.New(none)
	}
	if b := x.t.buffer(x.get('b')); b != nil {
		return b, nil
	}
	return nil, fmt.Errorf("%s %s", missing, x.get('b'))
}

func saveBuffer(x *call) error {
	b, err := x.named("no buffers", "no buffer")
	if err != nil {
		return err
	}
	mode := os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	if x.has('a') {
		mode = os.O_WRONLY | os.O_CREATE | os.O_APPEND
	}
	if x.pos(0) == "-" {
		x.fileError("-", syscall.EBADF) // a control client's output is taken
		return nil
	}
	f, err := os.OpenFile(x.path(), mode, 0o644)
	if err == nil {
		if _, err = f.Write(b.data); err == nil {
			err = f.Close()
		} else {
			f.Close()
		}
	}
	if err != nil {
		x.fileError(x.path(), err)
	}
	return nil
}

// body writes bytes as they are, with a line feed behind them where there was none.
func (x *call) body(data []byte) {
	if len(data) > 0 {
		x.print("%s", strings.TrimSuffix(string(data), "\n"))
	}
}

func showBuffer(x *call) error {
	b, err := x.named("no buffers", "no buffer")
	if err != nil {
		return err
	}
	if x.t.at(3, 4) {
		x.body(b.data)
	} else {
		x.print("%s", showVis(b.data))
	}
	return nil
}

func deleteBuffer(x *call) error {
	b, err := x.named("no buffer", "unknown buffer:")
	if err != nil {
		return err
	}
	x.t.drop(b)
	return nil
}

func listBuffers(x *call) error {
	format := x.get('F')
	if !x.has('F') {
		format = `#{buffer_name}: #{buffer_size} bytes: "#{buffer_sample}"`
	}
	for _, b := range x.t.buffers {
		sample := []rune(vis(string(b.data)))
		if len(sample) > 50 {
			sample = append(sample[:50], []rune("...")...)
		}
		e := scope{t: x.t, c: x.c, extra: map[string]string{"buffer_name": b.name, "buffer_size": strconv.Itoa(len(b.data)), "buffer_sample": string(sample),
			"buffer_created": strconv.FormatInt(b.created.Unix(), 10)}}
		if !x.has('f') || truth(e.expand(x.get('f'))) {
			x.print("%s", e.expand(format))
		}
	}
	return nil
}

// pasteBuffer types a buffer: line feeds become carriage returns, and with -p a program that asked for it is told where a paste begins and
// ends, but never while the pane is in a mode. Up to 3.3a a paste into a dead pane ends the server.
func pasteBuffer(x *call) error {
	t, p := x.t, x.target.p
	if p.dead && t.at(3, 4) {
		return errors.New("target pane has exited")
	}
	b, err := x.named("no buffers", "no buffer")
	if err != nil {
		return err
	}
	if p.dead {
		t.crash(fmt.Sprintf("paste-buffer into dead pane %s", p))
		return nil
	}
	sep := "\r"
	if x.has('r') {
		sep = "\n"
	}
	if x.has('s') {
		sep = x.get('s')
	}
	text := strings.ReplaceAll(string(b.data), "\n", sep)
	if t.at(3, 7) && !x.has('S') {
		text = caret(text)
	}
	if x.has('p') && p.screen.bracketed && p.mode == "" {
		text = "\x1b[200~" + text + "\x1b[201~"
	}
	p.input([]byte(text))
	if x.has('d') {
		t.drop(b)
	}
	return nil
}

// caret makes control characters visible but for those a text needs.
func caret(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\t' || c == '\n' || c == '\r' || c >= 0x20 && c != 0x7f:
			b.WriteByte(c)
		case c == 0x7f:
			b.WriteString("^?")
		default:
			b.WriteByte('^')
			b.WriteByte(c + '@')
		}
	}
	return b.String()
}

// vis writes control characters as C does, the way tmux shows names and samples.
func vis(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch c := s[0]; {
		case n > 1:
			b.WriteString(s[:n])
		case c == '\\':
			b.WriteString(`\\`)
		case c == '$' && len(s) > 1 && (letter(s[1]) || s[1] == '_' || s[1] == '{'):
			b.WriteString(`\$`)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\a':
			b.WriteString(`\a`)
		case c == '\b':
			b.WriteString(`\b`)
		case c == '\v':
			b.WriteString(`\v`)
		case c == '\f':
			b.WriteString(`\f`)
		case c == 0:
			b.WriteString(`\0`)
		case c < 0x20 || c == 0x7f || r == utf8.RuneError:
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
		s = s[n:]
	}
	return b.String()
}

// showVis is what show-buffer did to a buffer's bytes up to 3.3a: escaped, but for its line feeds.
func showVis(data []byte) string {
	lines := strings.Split(string(data), "\n")
	for i, l := range lines {
		lines[i] = vis(l)
	}
	return strings.Join(lines, "\n")
}

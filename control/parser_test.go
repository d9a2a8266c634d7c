package control

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/matryer/is"
)

// parse feeds stream in pieces of the given sizes, the last one again and
// again, and writes down the tokens. Every reply whose body is to be fenced
// starts with the number 777.
func parse(stream []byte, sizes ...int) string {
	var p Parser
	var b strings.Builder
	for len(stream) > 0 {
		n := len(stream)
		if len(sizes) > 0 {
			n = min(max(1, sizes[0]), len(stream))
			if len(sizes) > 1 {
				sizes = sizes[1:]
			}
		}
		piece := bytes.Clone(stream[:n])
		p.Feed(piece, func(t Token) {
			fmt.Fprintf(&b, "%d %v %q %q %q\n", t.Kind, t.Own, t.Line, t.Name, t.Rest)
			if t.Kind == Begin && t.Own && bytes.HasPrefix(t.Line, []byte("%begin 777 ")) {
				p.Fence("NONCE")
			}
		})
		// The parser must not keep what it was fed.
		clear(piece)
		stream = stream[n:]
	}
	return b.String()
}

var streams = []string{
	"%begin 1 2 0\n%end 1 2 0\n%session-changed $0 a b\n",
	"%begin 1 2 1\n%end 1 2 0\n%end 1 3 1\n%end\n%error 1 2\n%begin 1 2 1\nx\n%error 1 2 1\n",
	"stray\n\n%\n%x\n%begin\n%begin a b c\n%begin 1 2\n%begin 1  2\n%begin 1 2 3 4\n%begin 1 2 \n%output %1 \\033[1m\\\\x\n",
	"%begin 777 1 1\na\n%end 777 1 1\nb\n%end 777 1 1\n%begin 2 2 1\nNONCE\n%end 2 2 1\n%output %1 x\n",
	"%begin 777 1 1\n%end 777 1 1\n%begin 2 2 1\nNONCE\n%end 777 1 1\n%begin 2 2 1\n%end 777 1 1\n%begin 3 3 1\nNONCE\n%end 3 3 1\n",
	"%begin 777 1 1\nerror\n%error 777 1 1\n%begin 2 2 1\nNONCE\n%end 2 2 1\n%begin 4 4 1\n%end 4 4 1\n",
	"%begin 777 1 1\n%error 777 1 1\nx\n%begin 2 2 1\nNONCEx\n%begin 2 2 1\nNONCE\n%end 2 2 1\n%output x\n",
	"%begin 777 1 1\n%begin 2 2 1\n%end 777 1 1\n%begin 2 2 1\n%begin 3 3 1\nNONCE\n%error 3 3 1\n%begin 4 4 1\nNONCE\n%end 4 4 1\n",
	"%begin 777 1 1\na\n%end 777 1 1\n%begin 2 2 0\nb\n%end 777 1 1\n%message m\n%begin 3 3 0\nhook\n%end 3 3 0\n%begin 4 4 1\nNONCE\n%end 4 4 1\n",
	"%begin 777 1 1\n%end 777 1 1\n%begin 2 2 0\n%begin 3 3 1\nx\n%begin 4 4 1\nNONCE\n%end 4 4 1\n",
	"%begin 777 1 0\n%end 777 1 0\n%extended-output %1 0 : a : b\nno newline",
}

func TestParser(t *testing.T) {
	is := is.New(t)
	is.Equal(parse([]byte(streams[1])), strings.Join([]string{
		`0 true "%begin 1 2 1" "" ""`,
		`1 false "%end 1 2 0" "" ""`, // another's flags, number, nothing at all: body
		`1 false "%end 1 3 1" "" ""`,
		`1 false "%end" "" ""`,
		`1 false "%error 1 2" "" ""`,
		`1 false "%begin 1 2 1" "" ""`,
		`1 false "x" "" ""`,
		`3 true "%error 1 2 1" "" ""`, "",
	}, "\n"))
	is.Equal(parse([]byte(streams[3])), strings.Join([]string{
		`0 true "%begin 777 1 1" "" ""`,
		`1 false "a" "" ""`,
		`1 false "%end 777 1 1" "" ""`,
		`1 false "b" "" ""`,
		`2 true "%end 777 1 1" "" ""`,
		`0 true "%begin 2 2 1" "" ""`,
		`1 false "NONCE" "" ""`,
		`2 true "%end 2 2 1" "" ""`,
		`4 false "%output %1 x" "output" "%1 x"`, "",
	}, "\n"))
	is.Equal(parse([]byte(streams[8])), strings.Join([]string{
		`0 true "%begin 777 1 1" "" ""`,
		`1 false "a" "" ""`,
		`1 false "%end 777 1 1" "" ""`, // imitated, as what follows
		`1 false "%begin 2 2 0" "" ""`,
		`1 false "b" "" ""`,
		`2 true "%end 777 1 1" "" ""`,
		`4 false "%message m" "message" "m"`,
		`0 false "%begin 3 3 0" "" ""`, // a hook's
		`1 false "hook" "" ""`,
		`2 false "%end 3 3 0" "" ""`,
		`0 true "%begin 4 4 1" "" ""`,
		`1 false "NONCE" "" ""`,
		`2 true "%end 4 4 1" "" ""`, "",
	}, "\n"))
}

func TestParserDoesNotMindSplits(t *testing.T) {
	is := is.New(t)
	for _, s := range streams {
		want := parse([]byte(s))
		for size := 1; size < 20; size++ {
			is.Equal(parse([]byte(s), size), want)
		}
	}
}

func TestParserTakesLinesOfAnyLength(t *testing.T) {
	is := is.New(t)
	long := strings.Repeat("x", 512<<10)
	stream := "%begin 1 2 1\n" + long + "\n%end 1 2 1\n%output %1 " + long + "\n"
	is.Equal(len(parse([]byte(stream), 4096)), len(parse([]byte(stream))))
	is.True(strings.Contains(parse([]byte(stream), 4096), long+`" "output"`))
}

func FuzzParser(f *testing.F) {
	for i, s := range streams {
		f.Add([]byte(s), i+1, 3)
	}
	f.Fuzz(func(t *testing.T, stream []byte, a, b int) {
		want := parse(stream)
		if got := parse(stream, a, b); got != want {
			t.Errorf("split %d, %d of %q:\n%s\nwhole:\n%s", a, b, stream, got, want)
		}
		if got := parse(stream, 1); got != want {
			t.Errorf("byte by byte of %q:\n%s\nwhole:\n%s", stream, got, want)
		}
	})
}

func TestUnescape(t *testing.T) {
	cases := map[string]string{
		``: ``, `plain é`: `plain é`, `\033[1m`: "\x1b[1m", `a\134b`: `a\b`, `\015\012`: "\r\n", `\000`: "\x00", `\377`: "\xff",
		`\`: `\`, `\1`: `\1`, `\12`: `\12`, `\189`: `\189`, `\777`: `\777`, `\\033`: "\\\x1b", `\0333`: "\x1b3", "\xff\xc3": "\xff\xc3",
	}
	for in, want := range cases {
		is.New(t).Equal(string(appendUnescaped(nil, []byte(in))), want)
	}
	all := make([]byte, 256)
	var escaped []byte
	for i := range all {
		all[i] = byte(i)
		if i < 0x20 || i == '\\' {
			escaped = fmt.Appendf(escaped, `\%03o`, i)
		} else {
			escaped = append(escaped, byte(i))
		}
	}
	is.New(t).Equal(appendUnescaped(nil, escaped), all)
}

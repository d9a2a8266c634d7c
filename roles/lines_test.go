package roles

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/matryer/is"
)

// Whatever the lengths of lines, reading from either end gives the same lines at the same places.
func TestLinesFromBothEnds(t *testing.T) {
	is := is.New(t)
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		var text []byte
		var want []string
		for range rnd.IntN(40) {
			n := rnd.IntN(200)
			switch rnd.IntN(10) {
			case 0:
				n = readChunk + rnd.IntN(5) - 2 // around the border of a chunk
			case 1:
				n = rnd.IntN(5 * readChunk)
			case 2:
				n = 0
			}
			line := strings.Repeat(string(rune('a'+rnd.IntN(26))), n)
			want = append(want, line)
			text = append(text, line+"\n"...)
		}
		whole := int64(len(text))
		text = append(text, strings.Repeat("x", rnd.IntN(10000))...)
		got, err := wholeLines(bytes.NewReader(text), int64(len(text)))
		is.NoErr(err)
		is.Equal(got, whole)

		check := func(at int64, line []byte) {
			if !bytes.HasPrefix(text[at:], line) || text[at+int64(len(line))] != '\n' || at > 0 && text[at-1] != '\n' {
				t.Fatalf("the line of %d bytes is not at %d", len(line), at)
			}
		}
		var fwd, back []string
		_, err = forward(bytes.NewReader(text), 0, whole, func(at int64, line []byte) bool {
			check(at, line)
			fwd = append(fwd, string(line))
			return true
		})
		is.NoErr(err)
		_, err = backward(bytes.NewReader(text), whole, func(at int64, line []byte) bool {
			check(at, line)
			back = append(back, string(line))
			return true
		})
		is.NoErr(err)
		slices.Reverse(back)
		is.True(slices.Equal(fwd, want))
		is.True(slices.Equal(back, want))
	}
}

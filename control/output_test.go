package control

import (
	"bytes"
	"testing"
	"time"

	"github.com/matryer/is"
)

func TestOutputIsBoundedAndSignalsOnce(t *testing.T) {
	is := is.New(t)
	o := newOutput(100)
	t0 := time.Unix(1, 0)
	is.Equal(len(o.C()), 0)
	o.write([]byte(`ab\033`), t0)
	o.write([]byte("c"), t0.Add(time.Second))
	is.Equal(len(o.C()), 1) // one signal for two writes
	<-o.C()
	c := o.Take()
	is.Equal(string(c.Data), "ab\x1bc")
	is.Equal([]any{c.Lost, c.Paused, c.First, c.Last}, []any{int64(0), false, t0, t0.Add(time.Second)})
	is.Equal(o.Take(), Chunk{})

	var all []byte
	var got []byte
	var lost int64
	for i := range 1000 {
		b := bytes.Repeat([]byte{byte('a' + i%26)}, i%40)
		all = append(all, b...)
		o.write(b, t0)
		is.True(len(o.chunk.Data) <= 100)
		if i%7 == 0 {
			c := o.Take()
			// What is there is the newest, without a gap behind what was lost.
			is.True(bytes.HasSuffix(all, c.Data))
			got, lost = append(got, c.Data...), lost+c.Lost
		}
	}
	c = o.Take()
	is.Equal(len(got)+int(lost)+len(c.Data)+int(c.Lost), len(all))
	is.True(lost > 0)

	o.write(bytes.Repeat([]byte("x"), 1000), t0)
	c = o.Take()
	is.True(len(c.Data) > 0 && len(c.Data) <= 100)
	is.Equal(int64(len(c.Data))+c.Lost, int64(1000))
	o.pause(t0)
	is.Equal(len(o.C()), 1)
	is.True(o.Take().Paused)
}

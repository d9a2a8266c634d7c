package roles

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// readChunk is how much is read at once. The last few dozen records fit into one chunk, so that a tail costs one read.
const readChunk = 64 << 10

// wholeLines returns how many of the first size bytes of r are whole lines: the place just after the last newline. What follows is a line that
// is being written, or was torn.
func wholeLines(r io.ReaderAt, size int64) (int64, error) {
	buf := make([]byte, 4<<10)
	for end := size; end > 0; {
		n := min(int64(len(buf)), end)
		if err := readFull(r, buf[:n], end-n); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(buf[:n], '\n'); i >= 0 {
			return end - n + int64(i) + 1, nil
		}
		end -= n
	}
	return 0, nil
}

// backward calls fn with the lines in the first end bytes of r, last line first, until fn returns false. end must be just after a newline, or 0.
// at is where the line begins; the line comes without its newline and is valid only during the call. It reports whether fn wants more.
func backward(r io.ReaderAt, end int64, fn func(at int64, line []byte) bool) (bool, error) {
	var buf []byte // bytes [pos, pos+len(buf)): the end of a line whose beginning was not read yet
	for pos := end; pos > 0; {
		n := int(min(max(readChunk, int64(len(buf))), pos)) // doubling keeps huge lines from costing the square of their length
		if need := n + len(buf); need > cap(buf) {
			grown := make([]byte, need)
			copy(grown[n:], buf)
			buf = grown
		} else {
			old := len(buf)
			buf = buf[:need]
			copy(buf[n:], buf[:old])
		}
		pos -= int64(n)
		if err := readFull(r, buf[:n], pos); err != nil {
			return false, err
		}
		for {
			i := bytes.LastIndexByte(buf[:len(buf)-1], '\n')
			if i < 0 {
				break
			}
			if !fn(pos+int64(i)+1, buf[i+1:len(buf)-1]) {
				return false, nil
			}
			buf = buf[:i+1]
		}
		if pos == 0 {
			return fn(0, buf[:len(buf)-1]), nil
		}
	}
	return true, nil
}

// forward calls fn with the lines in bytes [from, end) of r, in order, until fn returns false. Both places must be just after a newline, or 0.
// It reports whether fn wants more.
func forward(r io.ReaderAt, from, end int64, fn func(at int64, line []byte) bool) (bool, error) {
	buf := make([]byte, 0, 4*readChunk)
	pos, at := from, from // buf holds bytes [at, pos)
	for pos < end {
		if len(buf) == cap(buf) {
			grown := make([]byte, len(buf), 2*cap(buf))
			copy(grown, buf)
			buf = grown
		}
		old := len(buf)
		n := int(min(int64(cap(buf)-old), end-pos))
		buf = buf[:old+n]
		if err := readFull(r, buf[old:], pos); err != nil {
			return false, err
		}
		pos += int64(n)
		rest := buf
		for skip := old; ; skip = 0 { // the first old bytes are known to hold no newline
			i := bytes.IndexByte(rest[skip:], '\n')
			if i < 0 {
				break
			}
			if !fn(at, rest[:skip+i]) {
				return false, nil
			}
			at += int64(skip + i + 1)
			rest = rest[skip+i+1:]
		}
		buf = buf[:copy(buf, rest)]
	}
	return true, nil
}

func readFull(r io.ReaderAt, buf []byte, at int64) error {
	n, err := r.ReadAt(buf, at)
	if n == len(buf) {
		return nil
	}
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// appendLine writes v into buf as one line of JSON. Text stays as readable as JSON allows: "<" is not written as an escape.
func appendLine(buf *bytes.Buffer, v any) error {
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	return enc.Encode(v) // ends with a newline; newlines inside strings are escaped
}

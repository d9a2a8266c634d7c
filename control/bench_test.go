package control_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"isesh/control"
)

// Each benchmark has a sub-benchmark that does the same with the tmux command
// line client, to compare with.

func BenchmarkRoundTrip(b *testing.B) {
	s, c, _ := realPane(b, "cat")
	ctx := b.Context()
	b.Run("control", func(b *testing.B) {
		for b.Loop() {
			if _, err := c.Do(ctx, "display-message -p x"); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("cli", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Output(ctx, "display-message", "-p", "x"); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkPipelined measures a command of many: 50 lines in one request, or 50
// commands on one command line.
func BenchmarkPipelined(b *testing.B) {
	s, c, _ := realPane(b, "cat")
	ctx := b.Context()
	const n = 50
	lines := make([]string, n)
	var words []string
	for i := range lines {
		lines[i] = "display-message -p x"
		words = append(words, "display-message", "-p", "x", ";")
	}
	perCommand := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/command")
	}
	b.Run("control", func(b *testing.B) {
		for b.Loop() {
			if out, err := c.Do(ctx, lines...); err != nil || len(out) != n {
				b.Fatal(len(out), err)
			}
		}
		perCommand(b)
	})
	b.Run("concurrent", func(b *testing.B) {
		b.SetParallelism(n)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := c.Do(ctx, lines[0]); err != nil {
					b.Error(err)
				}
			}
		})
	})
	b.Run("cli", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Output(ctx, words[:len(words)-1]...); err != nil {
				b.Fatal(err)
			}
		}
		perCommand(b)
	})
}

// coloured fills a pane with colours, as agents do.
const coloured = `i=0; while [ $i -lt 40 ]; do printf '\033[3%dmrow %d of a screen \033[1mwith\033[0m colours and \033[7mmore\033[0m\n' $((i%8)) $i; i=$((i+1)); done; exec cat`

func BenchmarkCapture(b *testing.B) {
	s, c, p := realPane(b, "sh", "-c", coloured)
	sees(b, c, p.ID, "row 39")
	c.Unwatch(p.ID)
	ctx := b.Context()
	b.Run("snapshot", func(b *testing.B) {
		for b.Loop() {
			if _, err := c.Snapshot(ctx, p.ID); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("text", func(b *testing.B) {
		for b.Loop() {
			if _, err := c.Capture(ctx, p.ID, control.CaptureOptions{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("cli", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Output(ctx, "capture-pane", "-p", "-e", "-t", p.ID); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkPaste(b *testing.B) {
	for _, size := range []int{100, 10_000} {
		b.Run(strconv.Itoa(size), func(b *testing.B) {
			s, c, p := realPane(b, "sh", "-c", "stty raw -echo; printf ready; exec cat >/dev/null")
			sees(b, c, p.ID, "ready")
			data := []byte(strings.Repeat("x", size))
			ctx := b.Context()
			g := guardOf(p)
			g.Conds = []control.Cond{control.Row("^ready"), control.NoRow("Do you want"), control.CursorOn("^ready")}
			b.Run("control", func(b *testing.B) {
				for b.Loop() {
					if err := c.Paste(ctx, g, data); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run("cli", func(b *testing.B) {
				for b.Loop() {
					if _, err := s.Output(ctx, "set-buffer", "-b", "b", string(data), ";", "paste-buffer", "-p", "-d", "-b", "b", "-t", p.ID); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

// BenchmarkOutput measures how fast a pane's output gets through, beside the
// same without a control client.
func BenchmarkOutput(b *testing.B) {
	const size = 8 << 20
	// The pane writes size bytes each time a line is typed.
	program := "stty -echo -onlcr; printf ready; while read x; do head -c " + strconv.Itoa(size) + " /dev/zero | tr '\\0' 'x' | fold -w 79; printf '\\r\\ndone%s' $x; done"
	b.Run("control", func(b *testing.B) {
		_, c, p := realPane(b, "sh", "-c", program)
		sees(b, c, p.ID, "ready")
		out := c.Watch(p.ID)
		out.Take()
		lost, n := int64(0), 0
		for b.Loop() {
			n++
			if err := c.Keys(b.Context(), guardOf(p), control.Literal(strconv.Itoa(n)), "Enter"); err != nil {
				b.Fatal(err)
			}
			tail := "" // the end may come in pieces
			for end := "done" + strconv.Itoa(n); !strings.HasSuffix(tail, end); {
				<-out.C()
				chunk := out.Take()
				lost += chunk.Lost
				tail += string(chunk.Data)
				tail = tail[max(0, len(tail)-len(end)):]
			}
		}
		b.SetBytes(size + size/79)
		b.ReportMetric(float64(lost)/float64(n), "lost/op")
	})
	b.Run("unwatched", func(b *testing.B) {
		_, c, p := realPane(b, "sh", "-c", program)
		sees(b, c, p.ID, "ready")
		c.Unwatch(p.ID)
		n := 0
		for b.Loop() {
			n++
			if err := c.Keys(b.Context(), guardOf(p), control.Literal(strconv.Itoa(n)), "Enter"); err != nil {
				b.Fatal(err)
			}
			for end := "done" + strconv.Itoa(n); ; time.Sleep(5 * time.Millisecond) {
				if text, err := c.Capture(b.Context(), p.ID, control.CaptureOptions{}); err != nil || strings.Contains(text, end) {
					break
				}
			}
		}
		b.SetBytes(size + size/79)
	})
	b.Run("cli", func(b *testing.B) {
		s, c, p := realPane(b, "sh", "-c", program)
		sees(b, c, p.ID, "ready")
		c.Close()
		n := 0
		for b.Loop() {
			n++
			if _, err := s.Output(b.Context(), "send-keys", "-t", p.ID, strconv.Itoa(n), "Enter"); err != nil {
				b.Fatal(err)
			}
			for end := "done" + strconv.Itoa(n); ; time.Sleep(5 * time.Millisecond) {
				if text, err := s.Output(b.Context(), "capture-pane", "-p", "-t", p.ID); err != nil || strings.Contains(text, end) {
					break
				}
			}
		}
		b.SetBytes(size + size/79)
	})
}

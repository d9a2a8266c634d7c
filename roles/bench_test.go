package roles

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// Append as callers see it, alone and with eight at once, beside the least that one durable line costs: a write and a sync.
func BenchmarkAppend(b *testing.B) {
	text := strings.Repeat("x", 200)
	for _, writers := range []int{1, 8} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			l := openTest(b, testDir(b))
			share(b, writers, func() error { return l.Append(message("shop/dev", text)) })
		})
		b.Run(fmt.Sprintf("rawsync=%d", writers), func(b *testing.B) {
			f, err := os.OpenFile(testDir(b).join("raw"), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
			if err != nil {
				b.Fatal(err)
			}
			defer f.Close()
			var mu sync.Mutex
			line := []byte(strings.Repeat("x", 400) + "\n")
			share(b, writers, func() error {
				mu.Lock()
				defer mu.Unlock()
				if _, err := f.Write(line); err != nil {
					return err
				}
				return datasync(f)
			})
		})
	}
}

// share has b.N calls of fn done by some goroutines.
func share(b *testing.B, goroutines int, fn func() error) {
	var wg sync.WaitGroup
	work := make(chan struct{}, b.N)
	for range b.N {
		work <- struct{}{}
	}
	close(work)
	b.ResetTimer()
	for range goroutines {
		wg.Go(func() {
			for range work {
				if err := fn(); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkAppendLazy(b *testing.B) {
	l := openTest(b, testDir(b))
	m := message("shop/dev", "x")
	for b.Loop() {
		if err := l.AppendLazy(receipt(m, StatusPasted)); err != nil {
			b.Fatal(err)
		}
	}
}

// longLog writes a conversation of n lines, which nobody waits for, and returns its directory.
func longLog(b *testing.B, n int) Dir {
	b.Helper()
	d := testDir(b)
	w, _, err := openWriter(d, conversation, logSegment)
	if err != nil {
		b.Fatal(err)
	}
	defer w.close()
	var buf bytes.Buffer
	text := strings.Repeat("x", 100)
	for i := range n {
		to := "shop/dev"
		if i%10 == 0 {
			to = "shop/reviewer"
		}
		rec := message(to, text)
		rec.V, rec.Team, rec.Time, rec.Status = Version, "shop", time.Now(), StatusRejected
		if err := appendLine(&buf, rec); err != nil {
			b.Fatal(err)
		}
		if buf.Len() > 1<<20 || i == n-1 {
			if w.full() {
				if err := w.rotate(); err != nil {
					b.Fatal(err)
				}
			}
			if err := w.write(buf.Bytes()); err != nil {
				b.Fatal(err)
			}
			buf.Reset()
		}
	}
	return d
}

// The last fifty records of a long conversation, beside reading the whole of it.
func BenchmarkTail(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		d := longLog(b, n)
		r := NewReader(d)
		for name, f := range map[string]Filter{"last": {Limit: 50}, "role": {Limit: 50, Role: "shop/reviewer"}} {
			b.Run(fmt.Sprintf("lines=%d/%s", n, name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if recs, err := r.Tail(f); err != nil || len(recs) != 50 {
						b.Fatal(len(recs), err)
					}
				}
			})
		}
		b.Run(fmt.Sprintf("lines=%d/get-missing", n), func(b *testing.B) {
			id := NewID()
			for b.Loop() {
				if _, _, err := r.Get(id); err == nil {
					b.Fatal("found")
				}
			}
		})
		b.Run(fmt.Sprintf("lines=%d/open", n), func(b *testing.B) {
			l, _, err := OpenLog(d) // the indexes of segments are made once
			if err != nil {
				b.Fatal(err)
			}
			l.Close()
			last, err := r.idBefore(activeBase(b, d))
			if err != nil {
				b.Fatal(err)
			}
			index := fmt.Sprintf(`{"v":1,"through":%d,"last":%q,"live":{}}`, activeBase(b, d), last)
			for b.Loop() {
				b.StopTimer() // as after a kill: the index is as old as the segment
				if err := os.WriteFile(d.join(liveFile), []byte(index), 0o600); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				if l, _, err = OpenLog(d); err != nil {
					b.Fatal(err)
				}
				l.Close()
			}
		})
		if n > 100_000 {
			continue
		}
		b.Run(fmt.Sprintf("lines=%d/whole-file", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				segs, err := snapshot(d, conversation)
				if err != nil {
					b.Fatal(err)
				}
				closeSegments(segs)
				var all []Record
				for _, s := range segs {
					f, err := os.Open(d.join(s.name))
					if err != nil {
						b.Fatal(err)
					}
					for lines := bufio.NewScanner(f); lines.Scan(); {
						var rec Record
						if err := json.Unmarshal(lines.Bytes(), &rec); err != nil {
							b.Fatal(err)
						}
						all = append(all, rec)
					}
					f.Close()
				}
				if len(all) != n {
					b.Fatal(len(all))
				}
			}
		})
	}
}

func activeBase(b *testing.B, d Dir) Offset {
	b.Helper()
	segs, err := snapshot(d, conversation)
	if err != nil {
		b.Fatal(err)
	}
	closeSegments(segs)
	return Offset(segs[len(segs)-1].base)
}

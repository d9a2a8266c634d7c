package roles

import (
	"os"
	"strings"
	"testing"
	"time"
)

// Eight clients send to a role without a pane, beside what the disk alone does in the same run: one write and one sync after the other.
func BenchmarkAccept(b *testing.B) {
	const clients = 8
	text := strings.Repeat("x", 200)
	l := openTest(b, testDir(b))
	start := time.Now()
	share(b, clients, func() error {
		_, err := l.Accept(kept("shop/dev", text))
		return err
	})
	took := time.Since(start)
	b.StopTimer()

	f, err := os.OpenFile(testDir(b).join("raw"), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	line := []byte(strings.Repeat("x", 400) + "\n")
	syncs, begun := 0, time.Now()
	for ; syncs < b.N && time.Since(begun) < took+time.Second; syncs++ {
		if _, err := f.Write(line); err != nil {
			b.Fatal(err)
		}
		if err := datasync(f); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/took.Seconds(), "accepted/s")
	b.ReportMetric(float64(syncs)/time.Since(begun).Seconds(), "fsync/s")
}

// fullBox is a state directory with a hundred thousand letters that wait for the user, and its open log.
func fullBox(b *testing.B) (Dir, *Log) {
	b.Helper()
	d := testDir(b)
	l := openTest(b, d)
	text := strings.Repeat("x", 200)
	var recs []Record
	for range 1000 {
		recs = append(recs, kept("user", text))
	}
	for range 100 {
		for i := range recs {
			recs[i].ID = NewID()
		}
		if err := l.Append(recs...); err != nil {
			b.Fatal(err)
		}
	}
	return d, l
}

func BenchmarkMailbox(b *testing.B) {
	d, l := fullBox(b)
	m, _, err := OpenMailboxes(d, l)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("unread=100000", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if n, err := m.Unread(User); err != nil || n != 100_000 {
				b.Fatal(n, err)
			}
		}
	})
	b.Run("unread=100000/after-one-more", func(b *testing.B) {
		for b.Loop() {
			if err := l.AppendLazy(kept("shop/dev", "x")); err != nil {
				b.Fatal(err)
			}
			if n, err := m.Unread(User); err != nil || n != 100_000 {
				b.Fatal(n, err)
			}
		}
	})
	for name, o := range map[string]LetterOptions{"last": {Limit: 20}, "last-unread": {Limit: 20, Unread: true}, "all-unread": {Unread: true}} {
		b.Run("letters/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if ls, err := m.Letters(User, o); err != nil || len(ls) < 20 {
					b.Fatal(len(ls), err)
				}
			}
		})
	}
	if err := m.Close(); err != nil {
		b.Fatal(err)
	}
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			m, notices, err := OpenMailboxes(d, l)
			if err != nil || len(notices) > 0 {
				b.Fatal(notices, err)
			}
			if err := m.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("open-without-index", func(b *testing.B) {
		for b.Loop() {
			if err := os.Remove(d.join("mailbox/" + mailboxIndex)); err != nil {
				b.Fatal(err)
			}
			m, _, err := OpenMailboxes(d, l)
			if err != nil {
				b.Fatal(err)
			}
			if err := m.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
	m, _, err = OpenMailboxes(d, l)
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	b.Run("pop", func(b *testing.B) {
		share(b, 8, func() error {
			_, err := m.Pop(User, nil)
			return err
		})
	})
}

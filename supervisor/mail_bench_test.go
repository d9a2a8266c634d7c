package supervisor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sourcegraph/conc"

	"isesh/roles"
	"isesh/supervisor/api"
)

// BenchmarkAcceptMailbox measures how many messages a second are accepted, each of them on disk before its sender is told: eight clients on the
// socket send to a role without a pane, each its next message when it has the receipt of the one before. Beside it stands what the disk alone does: the
// same number of bytes appended to a file and synced, one after the other.
//
//	go test -run '^$' -bench AcceptMailbox -benchtime 20000x ./supervisor
func BenchmarkAcceptMailbox(b *testing.B) {
	const clients = 8
	d := newDesk(b)
	d.mailbox("me")
	var all [clients]*api.Client
	for i := range all {
		all[i] = d.client("")
		send(b, all[i], "me", "the connection stands")
	}
	alone := syncsPerSecond(b, d.s.cfg.Dir)
	var next atomic.Int64
	var wg conc.WaitGroup
	b.ResetTimer()
	for _, c := range all {
		wg.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				r, err := c.Send(context.Background(), api.SendRequest{To: "me", Text: fmt.Sprintf("STATUS: message %d of many", n), ID: roles.NewID()})
				if err != nil || r.Status != roles.StatusSubmitted {
					b.Error(r, err)
					return
				}
			}
		})
	}
	wg.Wait()
	took := b.Elapsed().Seconds()
	b.StopTimer()
	if n := count(b, all[0], "me"); n != b.N+clients {
		b.Errorf("%d letters of %d are there", n, b.N+clients)
	}
	b.ReportMetric(float64(b.N)/took, "accepted/s")
	b.ReportMetric(alone, "fsync/s")
	b.ReportMetric(float64(b.N)/took/alone, "accepted/fsync")
}

// syncsPerSecond is what the disk of dir alone does: records appended and synced one by one for a while.
func syncsPerSecond(b *testing.B, dir string) float64 {
	f, err := os.Create(filepath.Join(dir, "fsync"))
	if err != nil {
		b.Fatal(err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	line := make([]byte, 300) // as long as a record
	n, begin := 0, time.Now()
	for time.Since(begin) < time.Second {
		if _, err := f.Write(line); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
		n++
	}
	return float64(n) / time.Since(begin).Seconds()
}

// BenchmarkInboxCount measures a look at how many letters wait, over the socket, with 100,000 waiting, and each time one more than the last.
//
//	go test -run '^$' -bench InboxCount ./supervisor
func BenchmarkInboxCount(b *testing.B) {
	const waiting = 100_000
	d := newDesk(b)
	d.mailbox("me")
	recs := make([]roles.Record, 0, 1000)
	for n := range waiting {
		rec := wire(d.s, "user", "me", roles.NewID())
		rec.Status, rec.Evidence, rec.Text = roles.StatusSubmitted, "mailbox", fmt.Sprintf("STATUS: message %d of many", n)
		if recs = append(recs, rec); len(recs) == cap(recs) {
			if err := d.s.log.AppendLazy(recs...); err != nil {
				b.Fatal(err)
			}
			recs = recs[:0]
		}
	}
	c := d.client("")
	if n := count(b, c, "me"); n != waiting {
		b.Fatalf("%d wait, not %d", n, waiting)
	}
	more := 0
	for b.Loop() {
		if n := count(b, c, "me"); n != waiting+more {
			b.Fatalf("%d wait, not %d", n, waiting+more)
		}
		b.StopTimer()
		send(b, c, "me", "one more")
		more++
		b.StartTimer()
	}
	begin := time.Now()
	for range 100 {
		if _, err := c.InboxPop(context.Background(), api.InboxRequest{Of: "me"}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(time.Since(begin).Microseconds())/100, "µs/pop")
}

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

const fullOf = 100_000

// fullBox is a desk at which 100,000 letters wait for "me", and a client.
func fullBox(b *testing.B) (*desk, *api.Client) {
	d := newDesk(b)
	d.mailbox("me")
	recs := make([]roles.Record, 0, 1000)
	for n := range fullOf {
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
	if n := count(b, c, "me"); n != fullOf {
		b.Fatalf("%d wait, not %d", n, fullOf)
	}
	return d, c
}

// BenchmarkInboxCount measures a look at how many letters wait, over the socket, with 100,000 waiting, and each time one more than the last.
//
//	go test -run '^$' -bench InboxCount ./supervisor
func BenchmarkInboxCount(b *testing.B) {
	_, c := fullBox(b)
	more := 0
	for b.Loop() {
		if n := count(b, c, "me"); n != fullOf+more {
			b.Fatalf("%d wait, not %d", n, fullOf+more)
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

// BenchmarkInbox measures a listing, over the socket, with 100,000 waiting: what it marks as read is 200 of them. Beside it stand the newest ten, and a
// listing when all have been taken out.
//
//	go test -run '^$' -bench Inbox$ -benchtime 100x ./supervisor
func BenchmarkInbox(b *testing.B) {
	_, c := fullBox(b)
	left := fullOf
	for b.Loop() {
		in := listed(b, c, api.InboxRequest{Of: "me"})
		if left -= min(left, listedAtOnce); in.More != left {
			b.Fatalf("%d more, not %d", in.More, left)
		}
	}
	begin := time.Now()
	listed(b, c, api.InboxRequest{Of: "me", Limit: 10, Peek: true})
	b.ReportMetric(float64(time.Since(begin).Microseconds()), "µs/newest")
	if _, err := c.InboxClear(context.Background(), api.InboxRequest{Of: "me"}); err != nil {
		b.Fatal(err)
	}
	listed(b, c, api.InboxRequest{Of: "me"}) // which files that they have left
	begin = time.Now()
	if in := listed(b, c, api.InboxRequest{Of: "me"}); len(in.Letters) != 0 {
		b.Fatalf("%d letters are there", len(in.Letters))
	}
	b.ReportMetric(float64(time.Since(begin).Microseconds()), "µs/empty")
}

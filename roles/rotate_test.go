package roles

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/matryer/is"
)

// openSized opens a log of small segments that keeps about so many.
func openSized(d Dir, segment int64, keep int) (*Log, []Notice, error) {
	return OpenLogWith(d, LogOptions{Segment: segment, Keep: segment * int64(keep)})
}

// fill appends n messages, each finished at once unless keep says otherwise, and returns their IDs.
func fill(t testing.TB, l *Log, n int, keep func(i int) bool) []string {
	t.Helper()
	var ids []string
	for i := range n {
		m := message("dev", fmt.Sprintf("%d %s", i, strings.Repeat("x", 500)))
		if err := l.Append(m); err != nil {
			t.Fatal(err)
		}
		if !keep(i) {
			if err := l.AppendLazy(receipt(m, StatusSubmitted)); err != nil {
				t.Fatal(err)
			}
		}
		ids = append(ids, m.ID)
	}
	return ids
}

func TestEveryReadSeesThroughRotation(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	l, _, err := openSized(d, 8<<10, 1000)
	is.NoErr(err)
	ids := fill(t, l, 200, func(i int) bool { return i%50 == 3 })
	segs, err := rotated(d, conversation)
	is.NoErr(err)
	is.True(len(segs) > 10)
	for _, s := range segs {
		info, err := os.Stat(d.join(s.name))
		is.NoErr(err)
		is.Equal(info.Size(), s.size) // names and sizes agree
	}

	check := func(r *Reader) {
		t.Helper()
		recs, err := r.Tail(Filter{Kinds: []Kind{KindMessage}})
		is.NoErr(err)
		is.Equal(len(recs), 200)
		for i, rec := range recs {
			is.Equal(rec.ID, ids[i])
		}
		items, err := r.TailItems(Filter{Limit: 50})
		is.NoErr(err)
		is.Equal(len(items), 50)
		is.Equal(items[0].Status(), StatusSubmitted)
		_, receipts, err := r.Get(ids[0])
		is.NoErr(err)
		is.Equal(len(receipts), 1)
		var at Offset
		var followed []string
		for {
			recs, next, err := r.From(at)
			is.NoErr(err)
			if len(recs) == 0 {
				break
			}
			is.True(next > at)
			at = next
			for _, rec := range recs {
				if rec.Kind == KindMessage {
					followed = append(followed, rec.ID)
				}
			}
		}
		is.True(slices.Equal(followed, ids))
	}
	check(l.Reader)
	check(NewReader(d))

	pendingIDs := func(l *Log) (ids []string) {
		p, err := Pending(l)
		is.NoErr(err)
		for _, r := range p[Address{Role: "dev"}] {
			ids = append(ids, r.ID)
		}
		return ids
	}
	want := []string{ids[3], ids[53], ids[103], ids[153]}
	is.True(slices.Equal(pendingIDs(l), want))
	end := l.Offset()
	is.NoErr(l.Close())

	// With its index, without it, and with that of another time.
	for _, spoil := range []func() error{
		func() error { return nil },
		func() error { return os.Remove(d.join(liveFile)) },
		func() error { return os.WriteFile(d.join(liveFile), []byte(`{"v":1,"through":17,"live":{}}`), 0o600) },
		func() error { return os.WriteFile(d.join(liveFile), []byte(`{"v":1,`), 0o600) },
	} {
		is.NoErr(spoil())
		l, notices, err := openSized(d, 8<<10, 1000)
		is.NoErr(err)
		is.Equal(len(notices), 0)
		is.Equal(l.Offset(), end)
		is.True(slices.Equal(pendingIDs(l), want))
		is.NoErr(l.Close())
	}
}

func TestOldSegmentsGoButNotLiveMessages(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	l, _, err := openSized(d, 8<<10, 3)
	is.NoErr(err)
	defer func() { l.Close() }()
	ids := fill(t, l, 200, func(i int) bool { return i == 20 })
	first, _, err := l.Get(ids[20])
	is.NoErr(err) // still owed, so its segment is kept
	_, _, err = l.Get(ids[0])
	is.True(err != nil) // older segments are gone
	from, _, err := l.From(0)
	is.NoErr(err)
	is.True(len(from) > 0) // an offset that is gone stands for the oldest
	is.NoErr(l.Append(receipt(first, StatusSubmitted)))
	fill(t, l, 50, func(int) bool { return false })
	segs, err := rotated(d, conversation)
	is.NoErr(err)
	is.True(len(segs) <= 3)
	_, _, err = l.Get(ids[20])
	is.True(err != nil)
	end := l.Offset()
	is.NoErr(l.Close())
	l, _, err = openSized(d, 8<<10, 3)
	is.NoErr(err)
	is.Equal(l.Offset(), end) // places stay what they were
}

// Readers that look while segments rotate and go never see a record twice, out of order, or torn.
func TestReadWhileRotating(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	l, _, err := openSized(d, 4<<10, 4)
	is.NoErr(err)
	defer l.Close()
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			r := NewReader(d)
			for {
				recs, err := r.Tail(Filter{Limit: 30})
				if err != nil {
					t.Error(err)
				}
				for i := 1; i < len(recs); i++ {
					if recs[i].ID <= recs[i-1].ID {
						t.Errorf("%s comes after %s", recs[i].ID, recs[i-1].ID)
					}
				}
				if n := r.Notices(); len(n) > 0 {
					t.Error(n)
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	wg.Go(func() { // a follower loses nothing, unless it is slower than the dropping
		r, seen, last := NewReader(d), 0, ""
		var at Offset
		for closing := false; ; {
			recs, next, err := r.From(at)
			if err != nil {
				t.Error(err)
				return
			}
			for _, rec := range recs {
				if rec.ID <= last {
					t.Errorf("%s comes after %s", rec.ID, last)
				}
				last = rec.ID
				seen++
			}
			at = next
			if len(recs) == 0 && closing {
				break
			}
			select {
			case <-done:
				closing = true
			default:
			}
		}
		if seen == 0 || at != l.Offset() {
			t.Errorf("followed %d records to %d of %d", seen, at, l.Offset())
		}
	})
	fill(t, l, 200, func(int) bool { return false })
	close(done)
	wg.Wait()
}

func TestPendingTellsHowFarItCame(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	l := openTest(t, d)
	queued, typed, done, gone, back := message("shop/dev", "queued"), message("shop/dev", "typed"), message("shop/dev", "done"), message("dev", "gone"), message("dev", "back")
	rejected := message("dev", "rejected")
	rejected.Status = StatusRejected
	forUser, forAll, notice := message("user", "u"), message("all", "a"), Record{Kind: KindNotice, To: "dev"}
	is.NoErr(l.Append(queued, typed, done, gone, back, rejected, forUser, forAll, notice))
	step := func(of Record, s Status, mark string) Record {
		r := receipt(of, s)
		r.Step = mark
		return r
	}
	is.NoErr(l.AppendLazy(
		step(queued, StatusQueued, ""),
		step(typed, StatusPasting, typed.ID+".p"), step(typed, StatusPasted, ""),
		step(done, StatusPasted, ""), step(done, StatusSubmitted, ""), step(done, StatusAnswered, ""),
		step(gone, StatusFailed, ""),
		step(back, StatusSubmitted, ""), step(back, StatusReturned, "")))
	check := func(l *Log) {
		t.Helper()
		p, err := Pending(l)
		is.NoErr(err)
		is.Equal(len(p), 2)
		shop, dev := p[Address{"shop", "dev"}], p[Address{"", "dev"}]
		is.Equal(texts(shop), "queued typed")
		is.Equal(shop[0].Status, StatusQueued)
		is.Equal(shop[1].Status, StatusPasted)
		is.Equal(shop[1].Step, typed.ID+".p")
		is.Equal(texts(dev), "back")
		is.Equal(dev[0].Status, StatusReturned)
	}
	check(l)
	is.NoErr(l.Close())
	check(openTest(t, d))
}

func TestIndexIsSmall(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	l, _, err := openSized(d, 8<<10, 1000)
	is.NoErr(err)
	defer l.Close()
	fill(t, l, 100, func(i int) bool { return i == 2 })
	data, err := os.ReadFile(d.join(liveFile))
	is.NoErr(err)
	var idx liveIndex
	is.NoErr(json.Unmarshal(data, &idx))
	is.Equal(len(idx.Live), 1) // only what is owed, and no text
	is.True(len(data) < 200)
}

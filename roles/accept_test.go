package roles

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/matryer/is"
)

// named is a message whose sender chose its id.
func named(id, text string) Record {
	rec := message("shop/dev", text)
	rec.ID = id
	return rec
}

// Many calls with one id, at once: one message, and all get it.
func TestAcceptOnce(t *testing.T) {
	is := is.New(t)
	l := openTest(t, testDir(t))
	const ids, calls = 40, 8
	var wg sync.WaitGroup
	var mu sync.Mutex
	wrote, got := map[string]int{}, map[string]Accepted{}
	for c := range calls {
		wg.Go(func() {
			for i := range ids {
				id := fmt.Sprint("job-", i)
				a, err := l.Accept(named(id, "text of "+id))
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if !a.Again {
					wrote[id]++
				}
				if other, ok := got[id]; ok && (other.Record.At != a.Record.At || other.Record.Text != a.Record.Text || !other.Record.Time.Equal(a.Record.Time)) {
					t.Errorf("call %d got another message %s", c, id)
				}
				got[id] = a
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	is.Equal(len(wrote), ids)
	recs, err := l.Tail(Filter{})
	is.NoErr(err)
	is.Equal(len(recs), ids)
	for _, rec := range recs {
		is.Equal(wrote[rec.ID], 1)
		is.Equal(got[rec.ID].Record.At, rec.At)
	}
	is.Equal(len(l.taking), 0)
}

// The id of a message is known wherever the message lies, after every kind of restart, and while another has it under way.
func TestAcceptAgain(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	l, _, err := openSized(d, 8<<10, 1000)
	is.NoErr(err)
	defer func() { l.Close() }()
	uuid := message("shop/dev", "with an id of its own")
	first, err := l.Accept(named("first", "the first"))
	is.NoErr(err)
	is.True(!first.Again)
	_, err = l.Accept(uuid)
	is.NoErr(err)
	lazy := named("lazy", "not synced yet")
	fill(t, l, 100, func(i int) bool { return false })
	is.NoErr(l.AppendLazy(lazy))
	bad := named("bad-utf-8", "a \xff b")
	_, err = l.Accept(bad)
	is.NoErr(err)
	check := func(t *testing.T) {
		is := is.New(t)
		for _, rec := range []Record{named("first", "the first"), uuid, lazy, bad} {
			end := l.Offset()
			a, err := l.Accept(rec)
			is.NoErr(err)
			is.True(a.Again)
			is.Equal(a.Record.ID, rec.ID)
			is.Equal(l.Offset(), end)
			is.Equal(l.w.synced, l.w.size)
			for _, change := range []func(*Record){
				func(r *Record) { r.Text += "!" }, func(r *Record) { r.To = "dev" }, func(r *Record) { r.From = "dev" }, func(r *Record) { r.Kind = KindReply },
			} {
				other := rec
				change(&other)
				_, err = l.Accept(other)
				is.True(errors.Is(err, ErrIDTaken))
			}
		}
	}
	check(t)
	segs, err := rotated(d, conversation)
	is.NoErr(err)
	is.True(len(segs) > 3)
	for name, spoil := range map[string]func() error{
		"restarted": func() error { return nil },
		"no index":  func() error { return os.Remove(d.join(liveFile)) },
		"no index of a segment": func() error {
			return errors.Join(os.Remove(d.join(segmentIndexName(segs[0].name))), os.WriteFile(d.join(segmentIndexName(segs[1].name)), []byte("{"), 0o600))
		},
	} {
		is.NoErr(l.Close())
		is.NoErr(spoil())
		l, _, err = openSized(d, 8<<10, 1000)
		is.NoErr(err)
		t.Run(name, check)
		for _, s := range segs {
			_, ok := loadSegmentIndex(d, s)
			is.True(ok)
		}
	}
}

func TestAcceptRefusesBadIDs(t *testing.T) {
	is := is.New(t)
	l := openTest(t, testDir(t))
	for _, id := range []string{"a b", "é", "a/b", "x\n", strings.Repeat("x", 65), "\x00"} {
		_, err := l.Accept(named(id, "x"))
		is.True(err != nil)
	}
	is.Equal(l.Offset(), Offset(0))
	for _, id := range []string{"a", "A.b_c:d-9", strings.Repeat("x", 64)} {
		_, err := l.Accept(named(id, "x"))
		is.NoErr(err)
	}
	a, err := l.Accept(Record{Kind: KindMessage, To: "dev", Text: "no id"})
	is.NoErr(err)
	is.True(a.Record.ID != "" && a.Record.V == Version && !a.Record.Time.IsZero())

	refused := named("refused", "x")
	refused.Status = StatusRejected
	is.NoErr(l.Append(refused))
	a, err = l.Accept(named("refused", "y")) // a message that was refused takes no id
	is.NoErr(err)
	is.True(!a.Again)
}

// A write that fails accepts nothing, for those who waited with the same id either, and the id stays free.
func TestAcceptFails(t *testing.T) {
	is := is.New(t)
	l := openTest(t, testDir(t))
	l.turn.Lock()
	var wg sync.WaitGroup
	errs := make(chan error, 2)
	for range 2 {
		wg.Go(func() {
			_, err := l.Accept(named("x", "x"))
			errs <- err
		})
	}
	waitUntil(t, func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return len(l.taking) == 1
	})
	f := l.w.file
	ro, err := os.Open(l.w.path())
	is.NoErr(err)
	is.NoErr(ro.Close())
	l.mu.Lock()
	l.w.file = ro // neither writing nor cutting works
	l.mu.Unlock()
	l.turn.Unlock()
	wg.Wait()
	is.True(<-errs != nil)
	is.True(<-errs != nil)
	is.Equal(len(l.taking), 0)
	l.w.file = f
	l.failed = nil
}

// waitUntil waits for a condition.
func waitUntil(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); {
		if time.Now().After(deadline) {
			t.Fatal("it does not come to pass")
		}
	}
}

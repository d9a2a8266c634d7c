package roles

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/matryer/is"
	"golang.org/x/sys/unix"
)

// openTest opens the log of d and closes it when the test ends.
func openTest(t testing.TB, d Dir) *Log {
	t.Helper()
	l, _, err := OpenLog(d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func message(to, text string) Record {
	return Record{ID: NewID(), Kind: KindMessage, From: "user", To: to, Text: text, Status: StatusAccepted}
}

func receipt(of Record, s Status) Record {
	return Record{ID: NewID(), Kind: KindReceipt, Ref: of.ID, Status: s, Evidence: "test"}
}

func texts(recs []Record) string {
	var s []string
	for _, r := range recs {
		s = append(s, r.Text)
	}
	return strings.Join(s, " ")
}

func TestAppendKeepsEverything(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	l := openTest(t, d)
	in := Record{
		ID: NewID(), Time: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), Kind: KindReply, Team: "shop", From: "shop/dev", To: "user",
		Text: "a < b && \"c\"\n\t\u2028 \x1b[31m é 😀", Tag: "DONE", InReplyTo: NewID(), Ref: "r", Status: StatusAccepted, Evidence: "e", Rule: "u",
		Origin: "cli", Raw: true, NoTag: true, Step: "s",
	}
	is.NoErr(l.Append(in))
	is.NoErr(l.Append(Record{Kind: KindNotice, Text: "hm"}))
	is.NoErr(l.Append())
	got, err := l.Tail(Filter{})
	is.NoErr(err)
	is.Equal(len(got), 2)
	in.V = Version
	is.Equal(got[0], in)
	is.True(got[1].ID != "" && !got[1].Time.IsZero() && got[1].V == Version) // filled in
	is.True(l.Append(Record{Text: "no kind"}) != nil)
	line, err := os.ReadFile(d.join("conversation.jsonl"))
	is.NoErr(err)
	is.True(bytes.Contains(line, []byte(`a < b && \"c\"`))) // readable by people
}

func TestOneWriter(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	l, _, err := OpenLog(d)
	is.NoErr(err)
	_, _, err = OpenLog(d)
	is.True(errors.Is(err, ErrInUse))
	is.NoErr(l.Close())
	is.NoErr(l.Close())
	is.True(l.Append(message("dev", "late")) != nil)
	is.True(l.AppendLazy(message("dev", "late")) != nil)
	openTest(t, d)
}

// Eight writers at once: every line parses, none is missing, each writer's order is kept, and the records of one call stay together.
func TestConcurrentAppend(t *testing.T) {
	is := is.New(t)
	l := openTest(t, testDir(t))
	const writers, each = 8, 30
	pad := strings.Repeat("x", 16<<10)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				m := message("dev", fmt.Sprintf("%d %d %s", w, i, pad))
				m.Origin = "a"
				var err error
				if i%3 == 0 {
					err = l.AppendLazy(m)
				} else {
					second := m
					second.ID, second.Origin = NewID(), "b"
					err = l.Append(m, second)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	next := map[int]int{}
	var before string
	is.NoErr(l.Scan(func(r Record) bool {
		var w, i int
		fmt.Sscanf(r.Text, "%d %d", &w, &i)
		if r.Origin == "b" {
			is.Equal(r.Text, before)
			return true
		}
		is.Equal(i, next[w])
		next[w]++
		before = r.Text
		return true
	}))
	for w := range writers {
		is.Equal(next[w], each)
	}
	is.Equal(len(l.Notices()), 0)
}

// While one sync runs, those who come share the next: n callers need far fewer syncs than n.
func TestGroupCommitShares(t *testing.T) {
	is := is.New(t)
	l := openTest(t, testDir(t))
	l.turn.Lock() // as if a sync ran
	const n = 20
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if err := l.Append(message("dev", fmt.Sprint(i))); err != nil {
				t.Error(err)
			}
		})
	}
	for deadline := time.Now().Add(10 * time.Second); ; {
		l.mu.Lock()
		gathered := l.next != nil && len(l.next.recs) == n
		l.mu.Unlock()
		if gathered {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the callers do not gather in one group")
		}
	}
	is.Equal(l.Offset(), Offset(0)) // nothing was written before the turn came
	l.turn.Unlock()
	wg.Wait()
	recs, err := l.Tail(Filter{})
	is.NoErr(err)
	is.Equal(len(recs), n)
}

// Wherever a line was cut off, opening finds all before it, drops the torn rest, and goes on.
func TestTornTailAtEveryByte(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	l, _, err := OpenLog(d)
	is.NoErr(err)
	is.NoErr(l.Append(message("dev", "first")))
	whole := int(l.Offset())
	is.NoErr(l.Append(message("dev", "second é")))
	is.NoErr(l.Close())
	path := d.join("conversation.jsonl")
	data, err := os.ReadFile(path)
	is.NoErr(err)
	for cut := whole; cut <= len(data); cut++ {
		is.NoErr(os.WriteFile(path, data[:cut], 0o600))
		before, err := NewReader(d).Tail(Filter{})
		is.NoErr(err) // a reader passes over what is being written
		l, notices, err := OpenLog(d)
		is.NoErr(err)
		is.NoErr(l.Append(message("dev", "third")))
		recs, err := l.Tail(Filter{})
		is.NoErr(err)
		is.NoErr(l.Close())
		switch {
		case cut == whole:
			is.Equal(texts(before), "first")
			is.Equal(texts(recs), "first third")
			is.Equal(len(notices), 0)
		case cut < len(data)-1:
			is.Equal(texts(before), "first")
			is.Equal(texts(recs), "first third")
			is.Equal(len(notices), 1)
		default: // only the newline was missing, if anything
			is.Equal(texts(recs), "first second é third")
			is.Equal(len(notices), 0)
		}
	}
}

func TestDamagedLinesAreSkipped(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	good := func(id string) string {
		return fmt.Sprintf(`{"v":1,"id":%q,"time":"2026-01-02T03:04:05Z","kind":"message","to":"dev","text":%q}`, id, id) + "\n"
	}
	text := "\n" + good("a") + `{"v":1,"id":"b","ki` + "\n" + "\x00\x00\x00\n" + good("c") + `{"v":1}` + "\n[]\n" + good("d")
	is.NoErr(os.WriteFile(d.join("conversation.jsonl"), []byte(text), 0o600))
	l, notices, err := OpenLog(d)
	is.NoErr(err)
	defer l.Close()
	is.Equal(len(notices), 5)
	is.True(strings.Contains(notices[1].String(), "conversation.jsonl"))
	recs, err := l.Tail(Filter{})
	is.NoErr(err)
	is.Equal(texts(recs), "a c d")
	recs, err = l.Tail(Filter{Limit: 2})
	is.NoErr(err)
	is.Equal(texts(recs), "c d")
	is.Equal(len(l.Notices()), 0) // each was reported once
}

func TestNewerFormatIsRefused(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	text := `{"v":2,"id":"a","time":"2026-01-02T03:04:05Z","kind":"message"}` + "\n"
	is.NoErr(os.WriteFile(d.join("conversation.jsonl"), []byte(text), 0o600))
	_, _, err := OpenLog(d)
	is.True(err != nil)
	is.True(strings.Contains(err.Error(), "newer isesh"))
	data, err := os.ReadFile(d.join("conversation.jsonl"))
	is.NoErr(err)
	is.Equal(string(data), text) // left alone
}

// A failed write of which nothing is certain ends the log: nothing more is accepted, and everything accepted is still there.
func TestBrokenFileEndsTheLog(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	l, _, err := OpenLog(d)
	is.NoErr(err)
	is.NoErr(l.Append(message("dev", "kept")))
	ro, err := os.Open(d.join("conversation.jsonl"))
	is.NoErr(err)
	l.w.file.Close()
	l.w.file = ro // can neither be written nor cut
	is.True(l.Append(message("dev", "lost")) != nil)
	is.True(l.Append(message("dev", "lost")) != nil)
	is.True(l.AppendLazy(message("dev", "lost")) != nil)
	p, err := Pending(l)
	is.NoErr(err)
	is.Equal(len(p[Address{Role: "dev"}]), 1)
	l.Close()
	l = openTest(t, d)
	recs, err := l.Tail(Filter{})
	is.NoErr(err)
	is.Equal(texts(recs), "kept")
}

// A full disk refuses what does not fit, leaves no half of it behind, and the log goes on when there is space again.
func TestFullDiskAcceptsNothing(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	l := openTest(t, d)
	is.NoErr(l.Append(message("dev", "before")))
	var was unix.Rlimit
	is.NoErr(unix.Getrlimit(unix.RLIMIT_FSIZE, &was))
	full := was
	full.Cur = uint64(l.Offset()) + 1000 // the limit of file sizes stands in for the disk: a write stops half-way, too
	is.NoErr(unix.Setrlimit(unix.RLIMIT_FSIZE, &full))
	big := message("dev", strings.Repeat("x", 5000))
	err, lazy := l.Append(big), l.AppendLazy(big)
	small := l.Append(message("dev", "between"))
	is.NoErr(unix.Setrlimit(unix.RLIMIT_FSIZE, &was))
	is.True(errors.Is(err, unix.EFBIG))
	is.True(errors.Is(lazy, unix.EFBIG))
	is.NoErr(small)
	is.NoErr(l.Append(message("dev", "after")))
	recs, err := l.Tail(Filter{})
	is.NoErr(err)
	is.Equal(texts(recs), "before between after")
	is.Equal(len(l.Notices()), 0)
	p, err := Pending(l)
	is.NoErr(err)
	is.Equal(len(p[Address{Role: "dev"}]), 3)
}

func TestTailFilters(t *testing.T) {
	is := is.New(t)
	l := openTest(t, testDir(t))
	old := time.Now().Add(-3 * time.Hour)
	m1 := Record{ID: NewID(), Time: old, Kind: KindMessage, Team: "shop", From: "user", To: "shop/dev", Text: "m1", Tag: "TASK"}
	m2 := Record{ID: NewID(), Kind: KindMessage, Team: "shop", From: "shop/dev", To: "shop/reviewer", Text: "m2", Tag: "DONE"}
	m3 := Record{ID: NewID(), Kind: KindMessage, Team: "blog", From: "shop/dev", To: "blog/dev2", Text: "m3"}
	r1 := Record{ID: NewID(), Kind: KindReply, Team: "shop", From: "shop/dev", To: "user", Text: "r1", InReplyTo: m1.ID}
	is.NoErr(l.Append(m1, m2, m3, r1, receipt(m1, StatusPasted), receipt(m2, StatusSubmitted), receipt(m1, StatusSubmitted)))
	for _, tc := range []struct {
		name string
		f    Filter
		want string
	}{
		{"all", Filter{Kinds: []Kind{KindMessage, KindReply}}, "m1 m2 m3 r1"},
		{"limit", Filter{Kinds: []Kind{KindMessage}, Limit: 2}, "m2 m3"},
		{"role", Filter{Role: "shop/dev", Limit: 10}, "m1 m2 m3 r1"},
		{"role, exactly", Filter{Role: "blog/dev"}, ""},
		{"user", Filter{Role: "user"}, "m1 r1"},
		{"team", Filter{Team: "blog"}, "m3"},
		{"tag", Filter{Tag: "DONE"}, "m2"},
		{"kind", Filter{Kinds: []Kind{KindReply}}, "r1"},
		{"since", Filter{Since: time.Now().Add(-time.Hour), Kinds: []Kind{KindMessage}}, "m2 m3"},
		{"thread", Filter{ID: m1.ID, Kinds: []Kind{KindMessage, KindReply}}, "m1 r1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			is := is.New(t)
			recs, err := l.Tail(tc.f)
			is.NoErr(err)
			is.Equal(texts(recs), tc.want)
		})
	}
	items, err := l.TailItems(Filter{Role: "shop/dev"})
	is.NoErr(err)
	is.Equal(len(items), 4)
	is.Equal(items[0].Status(), StatusSubmitted)
	is.Equal(items[0].Receipts, 2)
	is.Equal(items[0].Last.Evidence, "test")
	is.Equal(items[2].Receipts, 0)

	// A turn tells of its message; turns that say nothing are left out of what people read, before the limit counts.
	mute := Record{ID: NewID(), Kind: KindTurn, Team: "shop", From: "shop/dev", Ref: m1.ID, Status: StatusAnswered}
	words := Record{ID: NewID(), Kind: KindTurn, Team: "shop", From: "shop/reviewer", Ref: m2.ID, Status: StatusFailed, Text: "words"}
	is.NoErr(l.Append(mute, words, mute))
	items, err = l.TailItems(Filter{Said: true, Team: "shop", Limit: 4})
	is.NoErr(err)
	is.Equal(len(items), 4)
	is.Equal([]string{items[0].Text, items[1].Text, items[2].Text, items[3].Text}, []string{"m2", "m3", "r1", "words"})
	is.Equal(items[0].Status(), StatusFailed)
	is.Equal(items[0].Receipts, 1)
	same := Record{ID: words.ID + ReplySuffix, Kind: KindReply, Team: "shop", From: "shop/reviewer", To: "shop/dev", Text: "words", InReplyTo: m2.ID}
	is.NoErr(l.Append(same))
	items, err = l.TailItems(Filter{Said: true, Team: "shop", Limit: 3})
	is.NoErr(err)
	is.Equal([]string{items[0].Text, items[1].Text, items[2].ID}, []string{"m3", "r1", same.ID}) // the reply says what the turn said
	items, err = l.TailItems(Filter{Team: "shop", Limit: 3})
	is.NoErr(err)
	is.Equal(items[0].ID, words.ID)
	items, err = l.TailItems(Filter{ID: m1.ID, Limit: 1, Kinds: []Kind{KindMessage}})
	is.NoErr(err)
	is.Equal(items[0].Status(), StatusAnswered)

	rec, receipts, err := l.Get(m1.ID)
	is.NoErr(err)
	is.Equal(rec.Text, "m1")
	is.Equal(len(receipts), 4)
	is.Equal(receipts[0].Status, StatusPasted) // oldest first
	_, _, err = l.Get("nope")
	is.True(errors.Is(err, ErrNotFound))
}

func TestFollow(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	l := openTest(t, d)
	r := NewReader(d)
	at, err := r.Offset()
	is.NoErr(err)
	is.NoErr(l.Append(message("dev", "a"), message("dev", "b")))
	recs, at, err := r.From(at)
	is.NoErr(err)
	is.Equal(texts(recs), "a b")
	is.Equal(at, l.Offset())
	recs, at, err = r.From(at)
	is.NoErr(err)
	is.Equal(len(recs), 0)
	is.NoErr(l.AppendLazy(message("dev", "c")))
	recs, _, err = l.From(at)
	is.NoErr(err)
	is.Equal(texts(recs), "c")
	is.NoErr(l.Sync())
	is.NoErr(l.Sync())
}

func TestEveryLineIsJSON(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	l := openTest(t, d)
	is.NoErr(l.Append(message("dev", "bad \xff\xfe utf-8"), message("dev", strings.Repeat("long ", 100000))))
	data, err := os.ReadFile(d.join("conversation.jsonl"))
	is.NoErr(err)
	for line := range bytes.Lines(data) {
		is.True(json.Valid(line))
	}
	recs, err := l.Tail(Filter{Limit: 1})
	is.NoErr(err)
	is.Equal(len(recs[0].Text), 500000)
}

package roles

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/matryer/is"
)

// kept is a message for somebody who has no pane.
func kept(to, text string) Record {
	rec := message(to, text)
	rec.Status, rec.Evidence = StatusSubmitted, "mailbox"
	return rec
}

func unread(t *testing.T, m *Mailboxes, a Address) int {
	t.Helper()
	n, err := m.Unread(a)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// What is unread, and what became of each letter, is the same after every way of starting again.
func TestLettersKnowWhatBecameOfThem(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	l := openTest(t, d)
	m, _ := openBoxes(t, d, l)
	mk := func(text string) Record { return message("shop/dev", text) }
	waits, queued, done, taken, mailed, answered, back := mk("waits"), mk("queued"), mk("done"), mk("taken"), kept("shop/dev", "mailed"), mk("answered"), mk("back")
	claimed := mk("claimed")
	claimed.Status, claimed.Evidence = StatusTaken, "waiter"
	is.NoErr(l.Append(waits, queued, done, taken, mailed, answered, back, claimed))
	is.Equal(unread(t, m, shopDev), 7)
	turn := Record{Kind: KindTurn, From: "shop/dev", Ref: answered.ID, Status: StatusAnswered, Text: "the whole of it"}
	late := receipt(done, StatusSubmitted)
	late.To = done.To
	is.NoErr(l.AppendLazy(
		receipt(queued, StatusQueued), receipt(done, StatusPasted), receipt(done, StatusUnconfirmed), receipt(taken, StatusTaken),
		receipt(answered, StatusSubmitted), turn, late, receipt(back, StatusSubmitted), receipt(back, StatusReturned), receipt(mk("another's"), StatusFailed)))
	is.Equal(unread(t, m, shopDev), 3)
	is.NoErr(m.MarkRead(shopDev, []string{queued.ID, done.ID, "unknown"}))
	is.NoErr(m.MarkRead(solo, []string{waits.ID})) // it is not that box's
	is.NoErr(m.MarkRead(shopDev, nil))
	check := func(t *testing.T, m *Mailboxes) {
		t.Helper()
		is := is.New(t)
		is.Equal(unread(t, m, shopDev), 2)
		is.Equal(letterTexts(t, m, shopDev, LetterOptions{Unread: true}), "waits mailed")
		is.Equal(letterTexts(t, m, shopDev, LetterOptions{Unread: true, Limit: 1}), "mailed")
		is.Equal(letterTexts(t, m, shopDev, LetterOptions{Limit: 3}), "answered back claimed")
		ls, err := m.Letters(shopDev, LetterOptions{})
		is.NoErr(err)
		var got []string
		for i, l := range ls {
			is.True(l.At >= 0 && (i == 0 || l.At > ls[i-1].At))
			got = append(got, fmt.Sprintf("%s %s %v", l.Text, l.Now, l.Read))
		}
		is.Equal(strings.Join(got, "\n"), strings.Join([]string{
			"waits accepted false", "queued queued true", "done submitted true", "taken taken true", "mailed submitted false", "answered answered true",
			"back returned true", "claimed taken true",
		}, "\n"))
		is.Equal(ls[4].Evidence, "mailbox")
		is.Equal(ls[7].Evidence, "waiter")
	}
	check(t, m)
	box := d.join("mailbox/shop/dev.jsonl")
	data, err := os.ReadFile(box)
	is.NoErr(err)
	is.True(!strings.Contains(string(data), "the whole of it")) // a box does not keep what was answered
	for name, spoil := range map[string]func() error{
		"as it was": func() error { return nil },
		"no index":  func() error { return os.Remove(d.join("mailbox/.index.json")) },
		"no box":    func() error { return os.Remove(box) },
		"torn":      func() error { return os.WriteFile(box, data[:len(data)-9], 0o600) },
		"killed":    func() error { return os.WriteFile(box, data[:len(data)/2], 0o600) },
		"older form": func() error {
			return os.WriteFile(box, []byte(strings.ReplaceAll(string(data), `{"at":`, `{"was":`)), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := errors.Join(m.Close(), spoil()); err != nil {
				t.Fatal(err)
			}
			m, _ = openBoxes(t, d, l)
			check(t, m)
		})
	}
}

// Eight at once take a hundred letters each: every letter goes once, to each in the order in which they came, and none comes back after a kill.
func TestPopOnceEach(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	l := openTest(t, d)
	m, _ := openBoxes(t, d, l)
	const poppers, each = 8, 100
	var recs []Record
	for i := range poppers * each {
		recs = append(recs, kept("solo", fmt.Sprint(i)))
	}
	is.NoErr(l.Append(recs...))
	var wg sync.WaitGroup
	got := make([][]int, poppers)
	for p := range poppers {
		wg.Go(func() {
			for range each {
				letter, err := m.Pop(solo, nil)
				if err != nil || !letter.Read || letter.Now != StatusTaken {
					t.Error(letter, err)
					return
				}
				var n int
				fmt.Sscan(letter.Text, &n)
				got[p] = append(got[p], n)
			}
		})
	}
	wg.Wait()
	seen := map[int]bool{}
	for _, list := range got {
		for i, n := range list {
			is.True(!seen[n])
			is.True(i == 0 || n > list[i-1])
			seen[n] = true
		}
	}
	is.Equal(len(seen), poppers*each)
	_, err := m.Pop(solo, nil)
	is.True(errors.Is(err, ErrEmpty))
	is.Equal(unread(t, m, solo), 0)

	// As after a kill: neither is closed, and what the log has on disk is all there is.
	is.Equal(l.w.synced, l.w.size)
	m2, _ := openBoxes(t, d, l)
	is.Equal(unread(t, m2, solo), 0)
	_, err = m2.Pop(solo, nil)
	is.True(errors.Is(err, ErrEmpty))
	items, err := l.TailItems(Filter{To: "solo", Kinds: []Kind{KindMessage}})
	is.NoErr(err)
	for _, it := range items {
		is.Equal(it.Status(), StatusTaken)
		is.Equal(it.Receipts, 1)
	}
}

// What was read is still there to be taken out, in its place; what was given to an agent, taken, cleared or given up is not.
func TestPopOfWhatWasRead(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	l := openTest(t, d)
	m, _ := openBoxes(t, d, l)
	recs := map[string]Record{}
	var ids []string
	for _, text := range []string{"typed", "read", "unread", "read, then typed", "expired", "read too"} {
		rec := message("solo", text)
		recs[text], ids = rec, append(ids, rec.ID)
		is.NoErr(l.Append(rec))
	}
	is.NoErr(l.Append(receipt(recs["typed"], StatusUnconfirmed)))
	is.NoErr(m.MarkRead(solo, []string{ids[5], ids[1], ids[3]}))
	is.NoErr(l.Append(receipt(recs["read, then typed"], StatusSubmitted), receipt(recs["expired"], StatusExpired)))
	is.Equal(unread(t, m, solo), 1)
	for i, want := range []string{"read", "unread", "read too"} {
		letter, err := m.Pop(solo, nil)
		is.NoErr(err)
		is.Equal(letter.Text, want)
		is.True(letter.Read)
		is.Equal(unread(t, m, solo), map[bool]int{true: 1}[i == 0])
		if i == 1 { // the rest is the same after a start, with and without the file
			is.NoErr(m.Close())
			m, _ = openBoxes(t, d, l)
		} else {
			is.NoErr(os.Remove(d.join("mailbox/solo.jsonl")))
			m, _ = openBoxes(t, d, l)
		}
	}
	_, err := m.Pop(solo, nil)
	is.True(errors.Is(err, ErrEmpty))
}

func TestPopAsksFirst(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	l := openTest(t, d)
	m, _ := openBoxes(t, d, l)
	a, b, c := message("solo", "a"), message("solo", "b"), message("solo", "c")
	is.NoErr(l.Append(a, b, c))
	asked := ""
	not := func(id string) func(string) bool {
		return func(got string) bool {
			n, err := m.Unread(solo) // it is called without a lock
			asked += fmt.Sprint(n, err == nil, " ")
			return got != id
		}
	}
	letter, err := m.Pop(solo, not(a.ID))
	is.NoErr(err)
	is.Equal(letter.Text, "b")
	is.Equal(asked, "3 true 3 true ")
	ids, err := m.Clear(solo, not(c.ID))
	is.NoErr(err)
	is.Equal(ids, []string{a.ID})
	is.Equal(letterTexts(t, m, solo, LetterOptions{Unread: true}), "c")
	_, err = m.Pop(solo, not(c.ID))
	is.True(errors.Is(err, ErrEmpty))
	letter, err = m.Pop(solo, nil)
	is.NoErr(err)
	is.Equal(letter.Text, "c")
	ids, err = m.Clear(solo, nil)
	is.NoErr(err)
	is.Equal(len(ids), 0)
	p, err := Pending(l)
	is.NoErr(err)
	is.Equal(len(p), 0) // what was taken out is not delivered any more
	is.Equal(letterTexts(t, m, solo, LetterOptions{}), "a b c")
	_, err = m.Pop(User, nil)
	is.True(errors.Is(err, ErrEmpty))
}

// A letter that could not be taken out durably stays.
func TestPopThatCannotBeWritten(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	l, _, err := OpenLog(d)
	is.NoErr(err)
	m, _ := openBoxes(t, d, l)
	is.NoErr(l.Append(message("solo", "a"), message("solo", "b")))
	is.Equal(unread(t, m, solo), 2)
	l.failed = errors.New("the disk is on fire")
	_, err = m.Pop(solo, nil)
	is.True(err != nil && strings.Contains(err.Error(), "on fire"))
	ids, err := m.Clear(solo, nil)
	is.True(err != nil)
	is.Equal(len(ids), 0)
	l.failed = nil
	letter, err := m.Pop(solo, nil)
	is.NoErr(err)
	is.Equal(letter.Text, "a")
	is.NoErr(m.Close())
	is.NoErr(l.Close())
}

func TestClearMany(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	l := openTest(t, d)
	m, _ := openBoxes(t, d, l)
	var recs []Record
	for range 2500 {
		recs = append(recs, kept("user", "x"))
	}
	is.NoErr(l.Append(recs...))
	is.Equal(unread(t, m, User), 2500)
	var all []string
	for _, rec := range recs[:1200] {
		all = append(all, rec.ID)
	}
	is.NoErr(m.MarkRead(User, all))
	is.Equal(unread(t, m, User), 1300)
	ids, err := m.Clear(User, nil)
	is.NoErr(err)
	is.Equal(len(ids), 2500)
	is.Equal(unread(t, m, User), 0)
	m, _ = openBoxes(t, d, l)
	is.Equal(unread(t, m, User), 0)
}

func TestRenameKeepsWhatIsUnread(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	l := openTest(t, d)
	m, _ := openBoxes(t, d, l)
	coder := Address{"blog", "coder"}
	a, b, c := message("shop/dev", "a"), message("shop/dev", "b"), message("shop/dev", "c")
	is.NoErr(l.Append(a, b, c))
	is.NoErr(m.MarkRead(shopDev, []string{b.ID}))
	is.NoErr(m.Rename(shopDev, coder))
	submitted := receipt(a, StatusSubmitted)
	submitted.To = "shop/dev" // as the message has it
	answered := receipt(a, StatusAnswered)
	answered.To = "shop/dev"
	is.NoErr(l.Append(submitted, answered, message("shop/dev", "another dev")))
	check := func(m *Mailboxes) {
		t.Helper()
		is.Equal(letterTexts(t, m, coder, LetterOptions{Unread: true}), "c")
		is.Equal(letterTexts(t, m, coder, LetterOptions{}), "a b c")
		is.Equal(unread(t, m, shopDev), 1)
	}
	check(m)
	ls, err := m.Letters(coder, LetterOptions{})
	is.NoErr(err)
	is.Equal(ls[0].Now, StatusAnswered)
	is.NoErr(m.Close())
	m, _ = openBoxes(t, d, l)
	check(m)

	// Killed between the index and the file's new name.
	is.NoErr(m.Rename(coder, solo))
	is.NoErr(os.Rename(d.join("mailbox/solo.jsonl"), d.join("mailbox/blog/coder.jsonl")))
	m, notices := openBoxes(t, d, l)
	is.Equal(len(notices), 0)
	is.Equal(letterTexts(t, m, solo, LetterOptions{Unread: true}), "c")
	is.Equal(letterTexts(t, m, coder, LetterOptions{}), "")
}

func TestForget(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	l := openTest(t, d)
	m, _ := openBoxes(t, d, l)
	is.NoErr(l.Append(message("solo", "a")))
	is.NoErr(m.Forget(solo))
	is.NoErr(m.Forget(solo))
	is.NoErr(l.Append(message("solo", "b")))
	is.Equal(listed(t, m, solo), "b")
	is.NoErr(m.Close())
	m, _ = openBoxes(t, d, l)
	is.Equal(listed(t, m, solo), "b")
	is.NoErr(os.Remove(d.join("mailbox/solo.jsonl")))
	m, _ = openBoxes(t, d, l)
	is.Equal(listed(t, m, solo), "b") // filling it again does not bring back the other's
	is.True(m.Forget(User) != nil)
	is.True(m.Forget(Address{"", ".."}) != nil)
}

// Read letters leave when they are old enough; what is unread or live stays whatever its age.
func TestOldLettersLeave(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	l := openTest(t, d)
	m, _ := openBoxes(t, d, l)
	long := time.Now().Add(-40 * 24 * time.Hour)
	old := func(text string) Record {
		rec := message("solo", text)
		rec.Time = long
		return rec
	}
	read, unreadOne, live, fresh := old("read"), old("unread"), old("live"), message("solo", "fresh")
	taken := receipt(read, StatusTaken)
	is.NoErr(l.Append(read, unreadOne, live, fresh, taken, receipt(fresh, StatusSubmitted)))
	is.NoErr(m.MarkRead(solo, []string{live.ID}))
	is.Equal(letterTexts(t, m, solo, LetterOptions{}), "read unread live fresh")
	check := func(m *Mailboxes) {
		t.Helper()
		is.Equal(letterTexts(t, m, solo, LetterOptions{}), "unread live fresh")
		is.Equal(letterTexts(t, m, solo, LetterOptions{Unread: true}), "unread")
	}
	is.NoErr(m.Close())
	m, notices := openBoxes(t, d, l)
	is.Equal(len(notices), 0)
	check(m)
	data, err := os.ReadFile(d.join("mailbox/solo.jsonl"))
	is.NoErr(err)
	is.True(!strings.Contains(string(data), read.ID)) // with what was marked of it
	m, _ = openBoxes(t, d, l)
	check(m)
	for _, lost := range []string{"mailbox/.index.json", "mailbox/solo.jsonl"} { // filled again, it leaves again
		is.NoErr(m.Close())
		is.NoErr(os.Remove(d.join(lost)))
		m, _ = openBoxes(t, d, l)
		check(m)
	}
	again, err := l.Tail(Filter{ID: read.ID, Kinds: []Kind{KindMessage}})
	is.NoErr(err)
	is.Equal(len(again), 1) // the conversation has it
}

// A hundred thousand letters cost a few megabytes, and squeezing what was read out of the middle loses none.
func TestLetterListIsSmall(t *testing.T) {
	is := is.New(t)
	const n = 100_000
	ids := make([]string, n)
	for i := range ids {
		ids[i] = NewID()
	}
	heap := func() uint64 {
		var s runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&s)
		return s.HeapAlloc
	}
	before := heap()
	var u letterList
	for i, id := range ids {
		u.add(keyOf(id), int64(i))
	}
	used := heap() - before
	t.Logf("%d bytes for %d letters", used, n)
	is.True(used < 8<<20)
	for i, id := range ids {
		if i%10 != 0 || i == 50_000 {
			is.True(u.remove(keyOf(id)))
		}
	}
	is.True(!u.remove(keyOf(ids[1])))
	is.True(len(u.spots) < n/4)
	left := u.newest(0)
	is.Equal(len(left), n/10-1)
	for i, id := range ids {
		is.Equal(u.has(keyOf(id)), i%10 == 0 && i != 50_000)
	}
	is.Equal(u.newest(2), []int64{99_980, 99_990})
	u.markRead(keyOf(ids[99_990]))
	u.markRead(keyOf(ids[99_990]))
	u.markRead(keyOf(ids[1]))
	is.Equal([]int{u.unreads(), len(u.all())}, []int{n/10 - 2, n/10 - 1})
	is.Equal(u.newest(2), []int64{99_970, 99_980})
	for i := n - 10; i >= 0; i -= 10 {
		u.remove(keyOf(ids[i]))
	}
	is.Equal(len(u.seqs)+len(u.spots), 0)
	u.add(keyOf("A"), 1)
	u.add(keyOf("a"), 2)
	u.add(keyOf("A"), 3)
	is.Equal(u.newest(0), []int64{2, 3})
	is.True(keyOf(strings.ToUpper(ids[0])) != keyOf(ids[0]))
}

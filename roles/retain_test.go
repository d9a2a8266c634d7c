package roles

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/matryer/is"
)

// What the conversation drops for its size stays in the box until it is read, through lost boxes' neighbours, damage and kills; and nothing is dropped
// that the boxes have not got.
func TestUnreadLettersOutliveTheLog(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	open := func() (*Log, *Mailboxes) {
		l, _, err := openSized(d, 8<<10, 2)
		is.NoErr(err)
		m, _ := openBoxes(t, d, l)
		return l, m
	}
	l, m := open()
	first, second := kept("user", "first"), kept("user", "second")
	is.NoErr(l.Append(first, second))
	fill(t, l, 100, func(int) bool { return false })
	_, _, err := l.Get(first.ID)
	is.NoErr(err) // nobody has looked into the box yet: all is kept
	is.NoErr(m.Update())
	fill(t, l, 50, func(int) bool { return false })
	_, _, err = l.Get(first.ID)
	is.True(errors.Is(err, ErrNotFound))
	segs, err := rotated(d, conversation)
	is.NoErr(err)
	indexes, err := filepath.Glob(d.join("conversation-*.index.json"))
	is.NoErr(err)
	is.Equal(len(indexes), len(segs)) // those of dropped segments went with them

	box := d.join("mailbox/user.jsonl")
	data, err := os.ReadFile(box)
	is.NoErr(err)
	for name, spoil := range map[string]func() error{
		"as it was":   func() error { return nil },
		"no index":    func() error { return os.Remove(d.join("mailbox/.index.json")) },
		"damaged":     func() error { return os.WriteFile(box, append([]byte("{}\n"), data...), 0o600) },
		"torn":        func() error { return os.WriteFile(box, append(data, `{"at":9`...), 0o600) },
		"no live set": func() error { return os.Remove(d.join(liveFile)) },
	} {
		is.NoErr(m.Close())
		is.NoErr(l.Close())
		is.NoErr(spoil())
		l, m = open()
		t.Run(name, func(t *testing.T) {
			if n := unread(t, m, User); n != 2 {
				t.Error(n)
			}
		})
	}
	letter, err := m.Pop(User, nil)
	is.NoErr(err)
	is.Equal(letter.Text, "first")
	is.NoErr(m.Close())
	is.NoErr(os.WriteFile(box, append(data, "\x00\x00\n"...), 0o600)) // what was popped is known from the conversation
	is.NoErr(l.Close())
	l, m = open()
	is.Equal(letterTexts(t, m, User, LetterOptions{Unread: true}), "second")
	aside, err := filepath.Glob(d.join("mailbox/user.jsonl.damaged-*"))
	is.NoErr(err)
	is.Equal(len(aside), 2)
	is.NoErr(m.Close())

	// Between the opening of the log and that of its mailboxes nothing goes, either.
	is.NoErr(l.Append(kept("user", "third")))
	is.NoErr(l.Close())
	l, _, err = openSized(d, 8<<10, 2)
	is.NoErr(err)
	fill(t, l, 60, func(int) bool { return false })
	m, _ = openBoxes(t, d, l)
	is.Equal(letterTexts(t, m, User, LetterOptions{Unread: true}), "second third")
	is.NoErr(l.Close())
}

// A conversation that was taken away leaves the letters, and what is sent then comes beside them.
func TestBoxesOutliveAConversationThatIsGone(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	l, _, err := OpenLog(d)
	is.NoErr(err)
	m, _ := openBoxes(t, d, l)
	a, b := kept("user", "a"), kept("user", "b")
	is.NoErr(l.Append(a, b))
	is.NoErr(m.MarkRead(User, []string{b.ID}))
	is.NoErr(errors.Join(m.Close(), l.Close(), os.Remove(d.join("conversation.jsonl"))))
	l = openTest(t, d)
	is.NoErr(l.Append(kept("user", "c")))
	m, _ = openBoxes(t, d, l)
	is.Equal(letterTexts(t, m, User, LetterOptions{}), "a b c")
	is.Equal(letterTexts(t, m, User, LetterOptions{Unread: true}), "a c")
	m, _ = openBoxes(t, d, l)
	is.Equal(letterTexts(t, m, User, LetterOptions{Unread: true}), "a c")
}

func TestRecordsAreKeptForATime(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	l, _, err := OpenLogWith(d, LogOptions{KeepFor: 4 * time.Hour})
	is.NoErr(err)
	defer l.Close()
	at := func(ago time.Duration, rec Record) Record {
		rec.Time = time.Now().Add(-ago)
		return rec
	}
	live := at(7*time.Hour, message("dev", "live"))
	is.NoErr(l.Append(at(9*time.Hour, kept("dev", "too old"))))
	is.NoErr(l.Append(live))
	is.NoErr(l.Append(at(6*time.Hour, kept("dev", "after what is live"))))
	is.NoErr(l.Append(at(time.Minute, kept("dev", "new"))))
	recs, err := l.Tail(Filter{})
	is.NoErr(err)
	is.Equal(texts(recs), "live after what is live new")
	is.NoErr(l.Append(receipt(live, StatusSubmitted)))
	is.NoErr(l.Append(at(3*time.Hour, kept("dev", "begins another"))))
	is.NoErr(l.Append(kept("dev", "newest")))
	recs, err = l.Tail(Filter{Kinds: []Kind{KindMessage}})
	is.NoErr(err)
	is.Equal(texts(recs), "new begins another newest")
	a, err := l.Accept(live) // its id is forgotten with it
	is.NoErr(err)
	is.True(!a.Again)
}

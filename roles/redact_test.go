package roles

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/matryer/is"
)

const secret = "the-password-is-swordfish"

// filesWith returns the names of the files below d that hold a text.
func filesWith(t *testing.T, d Dir, text string) (names []string) {
	t.Helper()
	if err := filepath.WalkDir(d.Path(), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(text)) {
			names = append(names, e.Name())
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return names
}

// The text goes from the active segment, from rotated ones and from the boxes, and nothing else moves.
func TestRedact(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	l, _, err := openSized(d, 8<<10, 1000)
	is.NoErr(err)
	defer func() { l.Close() }()
	m, _ := openBoxes(t, d, l)
	old, live, last, short := kept("shop/dev", secret+" 1"), message("shop/dev", secret+" live"), kept("user", secret+" 2"), kept("user", "pw")
	turn := Record{ID: NewID(), Kind: KindTurn, From: "shop/dev", Ref: old.ID, Status: StatusAnswered, Text: secret + " 3"}
	is.NoErr(l.Append(old, turn))
	fill(t, l, 40, func(int) bool { return false })
	is.NoErr(l.Append(live, last, short))
	is.Equal(unread(t, m, User), 2)
	read := func() (recs []Record) {
		recs, err := l.Tail(Filter{})
		is.NoErr(err)
		return recs
	}
	before := read()
	for _, id := range []string{old.ID, turn.ID, last.ID, short.ID} {
		is.NoErr(m.Redact(id))
		end := l.Offset()
		is.NoErr(m.Redact(id)) // again: nothing to do
		is.Equal(l.Offset(), end)
	}
	is.True(errors.Is(m.Redact(live.ID), ErrLive))
	is.True(errors.Is(m.Redact("unknown"), ErrNotFound))
	is.NoErr(l.Append(receipt(live, StatusSubmitted)))
	is.NoErr(m.Redact(live.ID))
	is.Equal(filesWith(t, d, secret), nil)

	check := func() {
		t.Helper()
		after := read()
		for i, rec := range before {
			is.Equal(after[i].At, rec.At)
			is.Equal(after[i].ID, rec.ID)
			if strings.HasPrefix(rec.Text, secret) || rec.Text == "pw" {
				is.Equal(after[i].Text, "")
				is.Equal(after[i].Redacted, rec.Text != "pw") // there is no room to say so in place of two letters
				is.True(after[i].Time.Equal(rec.Time))
			} else {
				is.Equal(after[i], rec)
			}
		}
		is.Equal(len(l.Notices()), 0)
		ls, err := m.Letters(User, LetterOptions{})
		is.NoErr(err)
		is.Equal(len(ls), 2)
		is.True(ls[0].Redacted && ls[0].Text == "" && ls[0].ID == last.ID && !ls[0].Read)
		is.Equal(ls[1].Text, "")
	}
	check()
	a, err := l.Accept(old) // the id stays known
	is.NoErr(err)
	is.True(a.Again)
	is.NoErr(l.Append(kept("user", "more"))) // the log goes on in the file that was replaced
	items, err := l.Tail(Filter{Limit: 1})
	is.NoErr(err)
	is.Equal(items[0].Text, "more")
	_, err = m.Pop(User, nil)
	is.NoErr(err)
	is.NoErr(m.Close())
	is.NoErr(l.Close())
	l, notices, err := openSized(d, 8<<10, 1000)
	is.NoErr(err)
	is.Equal(len(notices), 0)
	is.NoErr(os.RemoveAll(d.join(mailboxDir)))
	m, _ = openBoxes(t, d, l)
	is.Equal(filesWith(t, d, secret), nil)
	is.Equal(letterTexts(t, m, User, LetterOptions{}), "  more") // what is filled again has no text either
}

// Whatever a crash cuts off behind the record that says it, the next start finishes.
func TestRedactIsFinished(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	l, _, err := OpenLog(d)
	is.NoErr(err)
	m, _ := openBoxes(t, d, l)
	rec := kept("user", secret)
	is.NoErr(l.Append(rec))
	is.NoErr(m.Update())
	is.NoErr(l.saveLive()) // an index of before
	is.NoErr(l.Append(Record{Kind: KindRedact, Ref: rec.ID}))
	is.NoErr(os.WriteFile(d.join("conversation.jsonl.tmp"), []byte("half of it"), 0o600))
	is.Equal(len(filesWith(t, d, secret)), 2)
	l.w.close() // killed: nothing was saved
	l.lock.Close()

	l = openTest(t, d)
	m, _ = openBoxes(t, d, l)
	is.Equal(filesWith(t, d, secret), nil)
	is.Equal(unread(t, m, User), 1)
}

// What only a box still has can be redacted, too.
func TestRedactWhatTheLogHasDropped(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	l, _, err := openSized(d, 8<<10, 2)
	is.NoErr(err)
	defer l.Close()
	m, _ := openBoxes(t, d, l)
	rec := kept("user", secret)
	is.NoErr(l.Append(rec))
	for range 5 {
		is.NoErr(m.Update())
		fill(t, l, 40, func(int) bool { return false })
	}
	is.Equal(filesWith(t, d, secret), []string{"user.jsonl"})
	is.NoErr(m.Redact(rec.ID))
	is.Equal(filesWith(t, d, secret), nil)
	is.Equal(unread(t, m, User), 1)
}

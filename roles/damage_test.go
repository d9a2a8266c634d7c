package roles

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/matryer/is"
	"golang.org/x/sys/unix"
)

// Whatever is found wrong with a file: a clear error and nothing touched, or a repair with a notice; what was accepted is still there, and what was
// damaged is kept.
func TestDamage(t *testing.T) {
	const log, box, newer = "conversation.jsonl", "mailbox/user.jsonl", `{"v":2,"id":"x","time":"2026-01-02T03:04:05Z","kind":"message"}` + "\n"
	edit := func(name string, change func([]byte) []byte) func(Dir) error {
		return func(d Dir) error {
			data, err := os.ReadFile(d.join(name))
			if err != nil {
				return err
			}
			return os.WriteFile(d.join(name), change(data), 0o600)
		}
	}
	middle := func(what string) func([]byte) []byte {
		return func(data []byte) []byte {
			i := bytes.IndexByte(data, '\n') + 1
			return bytes.Join([][]byte{data[:i], []byte(what), data[i:]}, nil)
		}
	}
	for _, tc := range []struct {
		name    string
		spoil   func(Dir) error
		notice  string // a part of one of the notices
		refused string // a part of the error, instead
		kept    string // a file that has what was damaged
	}{
		{"damaged line in the middle", edit(log, middle("{\"v\":1,\"id\":\"b\n")), "a line was skipped", "", log},
		{"zeroes in the middle", edit(log, middle(string(make([]byte, 4096))+"\n")), "a line was skipped", "", log},
		{"torn last line", edit(log, func(b []byte) []byte { return append(b, `{"v":1,"id":"torn`...) }), "was removed; it is kept as", "", log + ".damaged-*"},
		{"newer version", edit(log, func(b []byte) []byte { return append(b, newer...) }), "", "install the newer isesh", log},
		{"damaged index of live messages", edit(liveFile, func(b []byte) []byte { return b[:len(b)/2] }), "", "", ""},
		{"damaged index of boxes", edit("mailbox/.index.json", func(b []byte) []byte { return b[:len(b)/2] }), "was damaged", "", "mailbox/.index.json.damaged-*"},
		{"newer index of boxes", edit("mailbox/.index.json", func([]byte) []byte { return []byte(`{"v":2}`) }), "", "install the newer isesh", ""},
		{"damaged line in a box", edit(box, middle("{\"at\":1,\n")), "filled from the conversation", "", box + ".damaged-*"},
		{"torn last line of a box", edit(box, func(b []byte) []byte { return b[:len(b)-5] }), "filled from the conversation", "", ""},
		{"box of a newer version", edit(box, func(b []byte) []byte { return append(b, `{"at":99,`+newer[1:]...) }), "filled from the conversation", "", box + ".damaged-*"},
		{"box cut short", edit(box, func(b []byte) []byte { return b[:bytes.IndexByte(b, '\n')+1] }), "filled from the conversation", "", ""},
		{"conversation cut short", edit(log, func(b []byte) []byte { return b[:len(b)-5] }), "was removed; it is kept as", "", log + ".damaged-*"},
		{"registry damaged", func(d Dir) error { return os.WriteFile(d.join(registryFile), []byte("{"), 0o600) }, "was damaged", "", registryFile + ".damaged-*"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			is := is.New(t)
			d := testDir(t)
			l, _, err := OpenLog(d)
			is.NoErr(err)
			m, _ := openBoxes(t, d, l)
			is.NoErr(l.Append(kept("user", "a"), message("shop/dev", "b"), kept("user", "c")))
			is.NoErr(m.Update())
			is.NoErr(l.Append(Record{Kind: KindNotice, Text: "the last"}))
			is.NoErr(errors.Join(m.Close(), l.Close()))
			is.NoErr(tc.spoil(d))

			var notices []Notice
			l, n, err := OpenLog(d)
			notices = append(notices, n...)
			if err == nil {
				defer l.Close()
				m, n, err = OpenMailboxes(d, l)
				notices = append(notices, n...)
			}
			if err == nil {
				_, n, err = OpenRegistry(d)
				notices = append(notices, n...)
			}
			if tc.refused != "" {
				is.True(err != nil && strings.Contains(err.Error(), tc.refused))
				return
			}
			is.NoErr(err)
			is.True(tc.notice == "" == (len(notices) == 0))
			is.True(strings.Contains(fmt.Sprint(notices), tc.notice))
			if tc.kept != "" {
				files, err := filepath.Glob(d.join(tc.kept))
				is.NoErr(err)
				is.Equal(len(files), 1)
			}
			recs, err := l.Tail(Filter{Kinds: []Kind{KindMessage}})
			is.NoErr(err)
			is.Equal(texts(recs), "a b c")
			is.Equal(letterTexts(t, m, User, LetterOptions{Unread: true}), "a c")
			is.Equal(letterTexts(t, m, shopDev, LetterOptions{}), "b")
			p, err := Pending(l)
			is.NoErr(err)
			is.Equal(texts(p[shopDev]), "b")
			is.NoErr(l.Append(kept("user", "more")))
			is.Equal(letterTexts(t, m, User, LetterOptions{}), "a c more")
		})
	}
}

// smallDisk returns a state directory on a disk of its own of this many bytes.
func smallDisk(t *testing.T, size int) Dir {
	t.Helper()
	path := t.TempDir()
	if err := unix.Mount("tmpfs", path, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		t.Skipf("a disk of its own cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(path, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	d, err := OpenDir(filepath.Join(path, "state"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// A disk that is really full: what was accepted is all there, what was not is not, a start works, and with space again everything goes on.
func TestRealFullDisk(t *testing.T) {
	is := is.New(t)
	d := smallDisk(t, 1<<20)
	l, _, err := openSized(d, 64<<10, 1000)
	is.NoErr(err)
	m, _ := openBoxes(t, d, l)
	var accepted []string
	text := strings.Repeat("x", 3000)
	for i := 0; ; i++ {
		rec := kept("user", text)
		if i%2 == 0 {
			rec = message("dev", text)
		}
		a, err := l.Accept(rec)
		if err != nil {
			is.True(errors.Is(err, syscall.ENOSPC))
			is.True(strings.Contains(err.Error(), "free some space"))
			break
		}
		accepted = append(accepted, a.Record.ID)
	}
	is.True(len(accepted) > 50)
	_, err = m.Unread(User) // the boxes do not fit beside it
	is.True(errors.Is(err, syscall.ENOSPC))
	_, err = l.Accept(kept("user", text))
	is.True(errors.Is(err, syscall.ENOSPC))
	l.Close() // its index may not fit
	m.Close()

	check := func() {
		recs, err := l.Tail(Filter{Kinds: []Kind{KindMessage}})
		is.NoErr(err)
		is.Equal(len(recs), len(accepted))
		for i, rec := range recs {
			is.Equal(rec.ID, accepted[i])
		}
		p, err := Pending(l)
		is.NoErr(err)
		is.Equal(len(p[Address{Role: "dev"}]), (len(accepted)+1)/2)
	}
	l, _, err = openSized(d, 64<<10, 1000)
	is.NoErr(err)
	check()
	_, _, err = OpenMailboxes(d, l)
	is.True(errors.Is(err, syscall.ENOSPC))
	is.NoErr(unix.Mount("", filepath.Dir(d.Path()), "", unix.MS_REMOUNT, "size=4m"))
	check()
	m, _ = openBoxes(t, d, l)
	is.Equal(unread(t, m, User), len(accepted)/2)
	_, err = l.Accept(kept("user", "after"))
	is.NoErr(err)
	is.Equal(unread(t, m, User), len(accepted)/2+1)
	is.NoErr(m.Close())
	is.NoErr(l.Close())
}

// Where nothing can be written the state directory is refused, and says what to do.
func TestReadOnlyDirectory(t *testing.T) {
	is := is.New(t)
	var d Dir
	if os.Geteuid() == 0 { // permissions do not stop root
		d = smallDisk(t, 1<<20)
		is.NoErr(unix.Mount("", filepath.Dir(d.Path()), "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	} else {
		d = testDir(t)
		is.NoErr(os.Chmod(d.Path(), 0o500))
		defer os.Chmod(d.Path(), 0o700)
	}
	_, err := OpenDir(d.Path())
	is.True(errors.Is(err, syscall.EROFS) || errors.Is(err, fs.ErrPermission))
	is.True(strings.Contains(err.Error(), "--state-dir"))
	_, _, err = OpenLog(d) // it became so later
	is.True(errors.Is(err, syscall.EROFS) || errors.Is(err, fs.ErrPermission))
	is.True(strings.Contains(err.Error(), "--state-dir"))
}

// A clock that was set back, or ahead for a while, changes no order, loses no record and breaks no search.
func TestClockSetBack(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	l, _, err := openSized(d, 4<<10, 1000)
	is.NoErr(err)
	m, _ := openBoxes(t, d, l)
	now := time.Now().UTC()
	pad := strings.Repeat(" ", 900)
	var ids []string
	say := func(at time.Time, text string) {
		rec := message("dev", text+pad)
		rec.ID, rec.Time = fmt.Sprint("id-", 100-len(ids)), at // ids sort the other way round
		_, err := l.Accept(rec)
		is.NoErr(err)
		ids = append(ids, rec.ID)
	}
	for i := range 6 {
		say(now.Add(-30*time.Minute), fmt.Sprint("a", i))
	}
	for i := range 12 { // whole segments of another time
		say(now.Add(-10*24*time.Hour), fmt.Sprint("back", i))
	}
	say(now.Add(100*24*time.Hour), "ahead")
	say(now.Add(-10*time.Minute), "b")
	check := func() {
		since := func(ago time.Duration) string {
			recs, err := l.Tail(Filter{Since: now.Add(-ago), Until: now, Kinds: []Kind{KindMessage}})
			is.NoErr(err)
			return strings.Join(strings.Fields(texts(recs)), " ")
		}
		is.Equal(since(time.Hour), "a0 a1 a2 a3 a4 a5 b")
		is.Equal(since(15*time.Minute), "b")
		recs, err := NewReader(d).Tail(Filter{Since: now.Add(-time.Hour)})
		is.NoErr(err)
		is.Equal(len(recs), 8)
		items, err := l.TailItems(Filter{Limit: 3})
		is.NoErr(err)
		is.Equal(strings.Fields(items[0].Text)[0]+strings.Fields(items[1].Text)[0]+strings.Fields(items[2].Text)[0], "back11aheadb")
		p, err := Pending(l)
		is.NoErr(err)
		for i, rec := range p[Address{Role: "dev"}] {
			is.Equal(rec.ID, ids[i])
		}
		for i, id := range ids {
			rec, _, err := l.Get(id)
			is.NoErr(err)
			a, err := l.Accept(rec)
			is.NoErr(err)
			is.True(a.Again)
			is.Equal(a.Record.ID, ids[i])
		}
	}
	check()
	ls, err := m.Letters(Address{Role: "dev"}, LetterOptions{})
	is.NoErr(err)
	is.Equal(len(ls), len(ids))
	for i, letter := range ls {
		is.Equal(letter.ID, ids[i])
	}
	is.NoErr(m.Close())
	is.NoErr(l.Close())
	l, _, err = openSized(d, 4<<10, 1000)
	is.NoErr(err)
	defer l.Close()
	check()
}

package roles

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/matryer/is"
)

var (
	shopDev = Address{"shop", "dev"}
	solo    = Address{"", "solo"}
)

func openBoxes(t *testing.T, d Dir, l *Log) (*Mailboxes, []Notice) {
	t.Helper()
	m, notices, err := OpenMailboxes(d, l)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m, notices
}

func listed(t *testing.T, m *Mailboxes, a Address) string {
	t.Helper()
	return letterTexts(t, m, a, LetterOptions{})
}

func letterTexts(t *testing.T, m *Mailboxes, a Address, o LetterOptions) string {
	t.Helper()
	ls, err := m.Letters(a, o)
	if err != nil {
		t.Fatal(err)
	}
	var s []string
	for _, l := range ls {
		s = append(s, l.Text)
	}
	return strings.Join(s, " ")
}

func TestMailboxesFollowTheLog(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	l := openTest(t, d)
	m, notices := openBoxes(t, d, l)
	is.Equal(len(notices), 0)
	is.Equal(listed(t, m, User), "") // always there
	rejected := message("shop/dev", "rejected")
	rejected.Status = StatusRejected
	first := message("shop/dev", "1")
	is.NoErr(l.Append(first, message("solo", "2"), message("user", "3"), rejected, receipt(first, StatusPasted), message("all", "4"), message("../x", "5")))
	is.Equal(listed(t, m, shopDev), "1")
	is.Equal(listed(t, m, solo), "2")
	is.Equal(listed(t, m, User), "3")
	for i := range 10 {
		is.NoErr(l.Append(message("solo", fmt.Sprint("n", i))))
	}
	is.Equal(letterTexts(t, m, solo, LetterOptions{Limit: 2}), "n8 n9")
	n, err := m.Unread(solo)
	is.NoErr(err)
	is.Equal(n, 11)
	for _, name := range []string{"mailbox/solo.jsonl", "mailbox/shop/dev.jsonl", "mailbox/user.jsonl"} {
		info, err := os.Stat(d.join(name))
		is.NoErr(err)
		is.Equal(info.Mode().Perm(), fs.FileMode(0o600))
	}
}

func TestMailboxesAreRebuilt(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	l := openTest(t, d)
	m, _ := openBoxes(t, d, l)
	is.NoErr(l.Append(message("shop/dev", "1"), message("solo", "2"), message("shop/dev", "3")))
	is.NoErr(m.Update())
	is.NoErr(m.Close())
	box := d.join("mailbox/shop/dev.jsonl")
	whole, err := os.ReadFile(box)
	is.NoErr(err)
	for name, spoil := range map[string]func() error{
		"missing":  func() error { return os.Remove(box) },
		"torn":     func() error { return os.WriteFile(box, whole[:len(whole)-9], 0o600) },
		"empty":    func() error { return os.WriteFile(box, nil, 0o600) },
		"shorter":  func() error { return os.WriteFile(box, whole[:bytes.IndexByte(whole, '\n')+1], 0o600) },
		"zeroed":   func() error { return os.WriteFile(box, make([]byte, len(whole)), 0o600) },
		"damaged":  func() error { return os.WriteFile(box, append([]byte("x\n"), whole...), 0o600) },
		"no index": func() error { return os.Remove(d.join("mailbox/.index.json")) },
		"no index, torn": func() error {
			return errors.Join(os.Remove(d.join("mailbox/.index.json")), os.WriteFile(box, whole[:20], 0o600))
		},
		"damaged index": func() error { return os.WriteFile(d.join("mailbox/.index.json"), []byte("{"), 0o600) },
		"index from beyond": func() error {
			return os.WriteFile(d.join("mailbox/.index.json"), []byte(`{"v":1,"through":99999}`), 0o600)
		},
		"nothing left": func() error { return os.RemoveAll(d.join("mailbox")) },
	} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			is.NoErr(spoil())
			m, _ := openBoxes(t, d, l)
			is.Equal(listed(t, m, shopDev), "1 3")
			is.Equal(listed(t, m, solo), "2")
			is.NoErr(m.Close())
		})
		is.NoErr(os.WriteFile(box, whole, 0o600))
	}
}

// First the index is lost, then a box: the index that was made in between must know the box.
func TestMailboxLostAfterItsIndex(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	l := openTest(t, d)
	m, _ := openBoxes(t, d, l)
	is.NoErr(l.Append(message("shop/dev", "1")))
	is.NoErr(m.Update())
	is.NoErr(m.Close())
	for _, lost := range []string{"mailbox/.index.json", "mailbox/shop/dev.jsonl"} {
		is.NoErr(os.Remove(d.join(lost)))
		m, _ := openBoxes(t, d, l)
		is.Equal(listed(t, m, shopDev), "1")
		is.NoErr(m.Close())
	}
}

func TestMailboxRename(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	l := openTest(t, d)
	m, _ := openBoxes(t, d, l)
	coder := Address{"blog", "coder"}
	is.NoErr(l.Append(message("shop/dev", "old")))
	is.True(errors.Is(func() error { is.NoErr(l.Append(message("solo", "s"))); return m.Rename(shopDev, solo) }(), ErrExists))
	is.NoErr(m.Rename(shopDev, coder))
	is.NoErr(l.Append(message("blog/coder", "new"), message("shop/dev", "another dev")))
	is.Equal(listed(t, m, coder), "old new")
	is.Equal(listed(t, m, shopDev), "another dev")
	is.NoErr(m.Close())
	is.NoErr(os.Remove(d.join("mailbox/blog/coder.jsonl")))
	m, _ = openBoxes(t, d, l)
	is.Equal(listed(t, m, coder), "old new") // the rebuilding knows of the rename
	is.Equal(listed(t, m, shopDev), "another dev")
	is.True(m.Rename(User, solo) != nil)
}

// No address leads out of the mailbox directory.
func FuzzMailboxPath(f *testing.F) {
	for _, s := range []string{"..", "../../x", "a/b", "", ".", "x\x00", "shop", ".index", "-", "é"} {
		f.Add(s, s)
	}
	root := f.TempDir()
	m := &Mailboxes{dir: Dir{path: root}}
	f.Fuzz(func(t *testing.T, team, role string) {
		name, err := m.file(Address{team, role})
		if err != nil {
			return
		}
		if !filepath.IsLocal(name) || strings.Count(name, "/") > 1 || strings.HasPrefix(name, ".") || !strings.HasSuffix(name, ext) {
			t.Errorf("%q/%q leads to %q", team, role, name)
		}
	})
}

func TestMailboxRefusesOtherNames(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	m, _ := openBoxes(t, d, openTest(t, d))
	for _, a := range []Address{{"", "../../x"}, {"..", "x"}, {"", ""}, {"", "lead"}, {"shop", "user"}, {"", "x\x00"}} {
		_, err := m.Letters(a, LetterOptions{})
		is.True(err != nil)
		is.True(m.Rename(a, solo) != nil)
		is.True(m.Rename(solo, a) != nil)
	}
	_, err := os.Lstat(filepath.Join(filepath.Dir(d.Path()), "x.jsonl"))
	is.True(errors.Is(err, fs.ErrNotExist))
}

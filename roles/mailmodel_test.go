package roles

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/matryer/is"
)

// mailModel is what mailboxes should hold: the simplest that can be said.
type mailModel struct {
	letters map[Address][]string
	read    map[string]bool
	gone    map[string]bool // those of them that are not there any more
}

func (m *mailModel) unread(a Address) []string {
	return slices.DeleteFunc(slices.Clone(m.letters[a]), func(id string) bool { return m.read[id] })
}

func (m *mailModel) there(a Address) []string {
	return slices.DeleteFunc(slices.Clone(m.letters[a]), func(id string) bool { return m.gone[id] })
}

func (m *mailModel) leaves(id string) { m.read[id], m.gone[id] = true, true }

// Whatever is done, and wherever a kill, a damaged box or a lost index comes in between, the boxes agree with the model.
func TestMailboxesAgreeWithAModel(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { mailModelRun(t, rand.New(rand.NewPCG(seed, 7))) })
	}
}

func mailModelRun(t *testing.T, rnd *rand.Rand) {
	is := is.New(t)
	d := testDir(t)
	var l *Log
	var m *Mailboxes
	open := func() {
		var err error
		l, _, err = openSized(d, 16<<10, 1000)
		is.NoErr(err)
		m, _, err = OpenMailboxes(d, l)
		is.NoErr(err)
	}
	open()
	defer func() { l.Close() }()
	model := &mailModel{map[Address][]string{}, map[string]bool{}, map[string]bool{}}
	boxes := []Address{User, solo, shopDev}
	any := func(ids []string) string {
		if len(ids) == 0 {
			return "none"
		}
		return ids[rnd.IntN(len(ids))]
	}
	damage := func(a Address, change func([]byte) []byte) {
		path := d.join("mailbox/" + a.String() + ext)
		if data, err := os.ReadFile(path); err == nil {
			is.NoErr(os.WriteFile(path, change(data), 0o600))
		}
	}
	for step := range 200 {
		a := boxes[rnd.IntN(len(boxes))]
		var recs []Record
		switch op := rnd.IntN(20); op {
		case 0, 1, 2, 3, 4, 5:
			for range 1 + rnd.IntN(5) {
				rec := kept(a.String(), strings.Repeat("x", rnd.IntN(300)))
				if rnd.IntN(3) == 0 {
					rec.ID = fmt.Sprint("name-", step, "-", rnd.Uint32())
				}
				model.letters[a] = append(model.letters[a], rec.ID)
				recs = append(recs, rec)
			}
			is.NoErr(l.Append(recs...))
		case 6, 7:
			id := any(model.letters[a])
			is.NoErr(l.AppendLazy(Record{Kind: KindReceipt, Ref: id, To: a.String(), Status: StatusQueued}))
			if op == 7 {
				is.NoErr(l.AppendLazy(Record{Kind: KindReceipt, Ref: id, To: a.String(), Status: StatusSubmitted}))
				model.leaves(id)
			}
		case 8, 9:
			ids := []string{any(model.letters[a]), any(model.letters[a])}
			is.NoErr(m.MarkRead(a, ids))
			for _, id := range ids {
				model.read[id] = true
			}
		case 10, 11:
			letter, err := m.Pop(a, nil)
			left := model.there(a)
			if len(left) == 0 {
				is.True(errors.Is(err, ErrEmpty))
				break
			}
			is.NoErr(err)
			is.Equal(letter.ID, left[0])
			model.leaves(letter.ID)
		case 12:
			if rnd.IntN(4) == 0 {
				ids, err := m.Clear(a, nil)
				is.NoErr(err)
				is.Equal(fmt.Sprint(ids), fmt.Sprint(model.there(a)))
				for _, id := range ids {
					model.leaves(id)
				}
			}
		case 13: // a rename, and whoever has the address next is another
			to := Address{"team", fmt.Sprint("r", step)}
			i := slices.Index(boxes, a)
			if a == User || rnd.IntN(3) > 0 {
				break
			}
			is.NoErr(m.Rename(a, to))
			boxes[i] = to
			model.letters[to] = model.letters[a]
			delete(model.letters, a)
		case 14:
			if err := m.Redact(any(model.letters[a])); err != nil && !errors.Is(err, ErrNotFound) {
				t.Fatal(err)
			}
		case 15, 16: // killed, and started again
			l.w.close()
			l.lock.Close()
			switch rnd.IntN(6) {
			case 0:
				damage(a, func(b []byte) []byte { return b[:rnd.IntN(len(b)+1)] })
			case 1:
				damage(a, func(b []byte) []byte {
					from := rnd.IntN(len(b) + 1)
					clear(b[from:min(len(b), from+1+rnd.IntN(2000))])
					return b
				})
			case 2:
				_ = os.Remove(d.join(liveFile))
			case 3:
				_ = os.Remove(d.join("mailbox/" + a.String() + ext))
			}
			open()
		case 17:
			is.NoErr(errors.Join(m.Close(), l.Close()))
			open()
		case 18:
			is.NoErr(m.compactNow())
		}
		for _, a := range boxes {
			ls, err := m.Letters(a, LetterOptions{Unread: true})
			is.NoErr(err)
			var ids []string
			for _, letter := range ls {
				ids = append(ids, letter.ID)
			}
			is.Equal(strings.Join(ids, " "), strings.Join(model.unread(a), " "))
			n, err := m.Unread(a)
			is.NoErr(err)
			is.Equal(n, len(ids))
			if step%10 == 0 {
				ls, err = m.Letters(a, LetterOptions{})
				is.NoErr(err)
				is.Equal(len(ls), len(model.letters[a]))
				for i, letter := range ls {
					is.Equal(letter.ID, model.letters[a][i])
					is.Equal(letter.Read, model.read[letter.ID])
				}
			}
		}
	}
}

func (m *Mailboxes) compactNow() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.compact()
}

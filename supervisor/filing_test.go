package supervisor

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"isesh/roles"
)

// Mailboxes are brought up to date also when nobody looks into one, so that the conversation drops what it need not keep.
func TestMailboxesKeepUp(t *testing.T) {
	d := newDesk(t)
	d.mailbox("me")
	d.s.wg.Go(func() { d.s.fileLetters(d.s.run) })
	person, text := d.client(""), strings.Repeat("x", fileAfter/8)
	for range 10 {
		send(t, person, "me", text)
	}
	box := filepath.Join(d.s.cfg.Dir, "mailbox", "me.jsonl")
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if info, err := os.Stat(box); err == nil && info.Size() >= fileAfter {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the box has no file")
		}
	}
}

// A supervisor that ends leaves boxes that have everything.
func TestMailboxesAreFiledAtTheEnd(t *testing.T) {
	onStage(t, "", func(g *stage, is *is.I) {
		rec := wire(g.s, "user", "t/dev", "last")
		rec.Status = roles.StatusAccepted
		is.NoErr(g.s.log.Append(rec))
		g.end()
		data, err := os.ReadFile(filepath.Join(g.dir, "mailbox", "t", "dev.jsonl"))
		is.NoErr(err)
		is.True(strings.Contains(string(data), `"last"`))
	})
}

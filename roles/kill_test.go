package roles

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/matryer/is"
)

// writerEnv makes the test binary a process that appends to the log in the directory it names until it is killed.
const writerEnv = "ISESH_TEST_LOG_WRITER"

func TestMain(m *testing.M) {
	if path := os.Getenv(writerEnv); path != "" {
		fmt.Fprintln(os.Stderr, writeUntilKilled(path))
		os.Exit(1)
	}
	if n := os.Getenv(idsEnv); n != "" {
		if err := printIDs(n); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// writeUntilKilled appends from four goroutines and prints the ID of each message once it is accepted.
func writeUntilKilled(path string) error {
	d, err := OpenDir(path)
	if err != nil {
		return err
	}
	l, _, err := openSized(d, 64<<10, 1000) // small segments: kills hit rotations, too
	if err != nil {
		return err
	}
	boxes, _, err := OpenMailboxes(d, l)
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	errs := make(chan error, 4)
	for w := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				a := message(fmt.Sprintf("shop/w%d", w), strings.Repeat("x", i*37%9000))
				b := message("user", "second")
				if err := l.Append(a, b); err != nil {
					errs <- err
					return
				}
				if err := l.AppendLazy(receipt(b, StatusPasted)); err != nil {
					errs <- err
					return
				}
				if i%5 == 0 {
					if err := boxes.Update(); err != nil {
						errs <- err
						return
					}
				}
				if i%7 == 6 {
					l, err := boxes.Pop(User, nil)
					if err != nil {
						errs <- err
						return
					}
					fmt.Printf("popped %s\n", l.ID)
				}
				fmt.Printf("%s\n%s\n", a.ID, b.ID) // a write of its own each: what is printed was accepted
			}
		})
	}
	wg.Wait()
	return <-errs
}

// A writer killed at any moment loses nothing that it had accepted, in the log, in what is pending and in the mailboxes.
func TestKillNineKeepsWhatWasAccepted(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	accepted, popped := map[string]bool{}, map[string]bool{}
	for round := range 8 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), writerEnv+"="+d.Path())
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.StdoutPipe()
		is.NoErr(err)
		is.NoErr(cmd.Start())
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			id, pop := strings.CutPrefix(lines.Text(), "popped ")
			switch {
			case len(id) != 36: // cut off
			case !pop:
				accepted[id] = true
			case popped[id]:
				t.Errorf("%s was popped twice", id)
			default:
				popped[id] = true
			}
			if n == 20+41*round {
				is.NoErr(cmd.Process.Kill()) // and read on: what was printed before counts
			}
		}
		cmd.Wait()
		is.Equal(stderr.String(), "")
	}

	l, _, err := openSized(d, 64<<10, 1000)
	is.NoErr(err)
	defer l.Close()
	found := map[string]bool{}
	is.NoErr(l.Scan(func(r Record) bool {
		if r.Kind == KindMessage {
			found[r.ID] = true
		}
		return true
	}))
	is.Equal(len(l.Notices()), 0) // every line is whole
	segs, err := rotated(d, conversation)
	is.NoErr(err)
	t.Logf("%d accepted, %d found, %d rotated segments", len(accepted), len(found), len(segs))
	is.True(len(segs) > 3)
	pending, err := Pending(l)
	is.NoErr(err)
	owed := map[string]bool{}
	for to, recs := range pending {
		is.True(to != User)
		for i, r := range recs {
			owed[r.ID] = true
			is.True(i == 0 || recs[i-1].Time.Before(r.Time.Add(1e9)))
		}
	}
	boxes, notices, err := OpenMailboxes(d, l)
	is.NoErr(err)
	is.Equal(len(notices), 0)
	defer boxes.Close()
	boxed, unread := map[string]int{}, 0
	for _, a := range []Address{User, {"shop", "w0"}, {"shop", "w1"}, {"shop", "w2"}, {"shop", "w3"}} {
		recs, err := boxes.Letters(a, LetterOptions{})
		is.NoErr(err)
		for _, r := range recs {
			boxed[r.ID]++
			if a == User && !r.Read {
				unread++
			}
			is.True(!popped[r.ID] || r.Read && r.Now == StatusTaken)
		}
	}
	is.True(len(popped) > 0)
	n, err := boxes.Unread(User)
	is.NoErr(err)
	is.Equal(n, unread)
	for id := range accepted {
		is.True(found[id]) // accepted means kept
	}
	for id := range found {
		is.Equal(boxed[id], 1) // once each
	}
	for id := range owed {
		is.True(found[id])
	}
	users, err := l.Tail(Filter{Role: "user", Kinds: []Kind{KindMessage}})
	is.NoErr(err)
	is.True(len(users) > 0)
	for _, recs := range pending {
		for _, r := range recs {
			is.Equal(r.Status, StatusAccepted)
		}
	}
	text, err := os.ReadFile(d.join(conversation + ext))
	is.NoErr(err)
	for line := range bytes.Lines(text) {
		is.True(json.Valid(line))
	}
}

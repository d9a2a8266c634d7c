package roles

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/matryer/is"
)

func openReg(t *testing.T, d Dir) *Registry {
	t.Helper()
	r, notices, err := OpenRegistry(d)
	if err != nil || len(notices) > 0 {
		t.Fatal(err, notices)
	}
	return r
}

func TestRegistryRemembers(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	r := openReg(t, d)
	dev, rev := Address{"shop", "dev"}, Address{"shop", "reviewer"}
	srv := ServerID{"/tmp/s", 7, 1700000000}
	e := Entry{Address: dev, Server: srv, Pane: "%3", PanePID: 99, Profile: "claude", Argv: []string{"claude", "--x"}, Started: time.Now().UTC()}
	is.NoErr(r.PutTeam(Team{Name: "shop", Layout: []byte(`{"name":"shop"}`)}, e, Entry{Address: rev, Profile: "claude"}))

	r = openReg(t, d)
	got, ok := r.Get(dev)
	is.True(ok)
	is.True(got.ID != "")
	id := got.ID
	e.ID = id
	is.Equal(got, e)
	got.Argv[0] = "changed" // a copy
	got, _ = r.Get(dev)
	is.Equal(got.Argv[0], "claude")
	tm, ok := r.Team("shop")
	is.True(ok)
	is.True(strings.Contains(string(tm.Layout), "shop"))
	is.Equal(r.Addresses(), []Address{dev, rev})

	e.ID, e.Pane = "", "%4"
	is.NoErr(r.Put(e))
	got, _ = r.ByID(id)
	is.Equal(got.Pane, "%4") // the same role
	is.Equal(r.All()[0].Address, dev)

	second := e
	second.Address, second.Started = Address{"", "developer"}, e.Started.Add(time.Second)
	is.NoErr(r.Put(second))
	got, ok = r.ByPane(srv, "%4")
	is.True(ok)
	is.Equal(got.Address, second.Address) // the newest wins
	_, ok = r.ByPane(ServerID{"/tmp/s", 8, 1700000001}, "%4")
	is.True(!ok) // another tmux server

	is.True(errors.Is(r.Rename(dev, rev), ErrExists))
	is.True(errors.Is(r.Rename(Address{Role: "nobody"}, Address{Role: "x"}), ErrNotFound))
	is.True(r.Rename(dev, Address{"shop", "user"}) != nil)
	is.NoErr(r.Rename(dev, Address{"shop", "coder"}))
	got, ok = r.ByID(id)
	is.True(ok)
	is.Equal(got.Address, Address{"shop", "coder"})
	is.Equal(got.Former, []Address{dev})

	is.True(errors.Is(r.Remove(rev, dev), ErrNotFound))
	is.Equal(len(r.All()), 3) // all or none
	is.NoErr(r.Remove(rev))
	is.NoErr(r.RemoveTeam("shop"))
	is.True(errors.Is(r.RemoveTeam("shop"), ErrNotFound))
	r = openReg(t, d)
	is.Equal(len(r.All()), 2)
	is.Equal(len(r.Teams()), 0)
	is.True(r.Put(Entry{Address: Address{Role: "../x"}}) != nil)
	is.True(r.Put(Entry{Address: Address{Role: "lead"}}) != nil)

	info, err := os.Stat(d.join(registryFile))
	is.NoErr(err)
	is.Equal(info.Mode().Perm(), fs.FileMode(0o600))
}

func TestRegistryLosesNoUpdate(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	r := openReg(t, d)
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			if err := r.Put(Entry{Address: Address{Role: fmt.Sprintf("r%d", i)}}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	is.Equal(len(openReg(t, d).All()), 50)
}

func TestDamagedRegistryIsKeptAside(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	r := openReg(t, d)
	is.NoErr(r.Put(Entry{Address: Address{Role: "dev"}}, Entry{Address: Address{Role: "rev"}}))
	whole, err := os.ReadFile(d.join(registryFile))
	is.NoErr(err)
	before := r.All()
	for cut := 0; cut < len(whole)-2; cut += 7 {
		is.NoErr(os.WriteFile(d.join(registryFile), whole[:cut], 0o600))
		r, notices, err := OpenRegistry(d)
		is.NoErr(err)
		is.Equal(len(notices), 2)
		is.Equal(r.All(), before) // its copy has it all
		_, aside, _ := strings.Cut(notices[0].Text, "kept as ")
		aside, _, _ = strings.Cut(aside, " ")
		kept, err := os.ReadFile(aside)
		is.NoErr(err)
		is.Equal(string(kept), string(whole[:cut]))
	}
	is.NoErr(os.Remove(d.join(registryFile))) // killed when it was set aside
	r, notices, err := OpenRegistry(d)
	is.NoErr(err)
	is.Equal(len(notices), 1)
	is.Equal(r.All(), before)
	is.Equal(openReg(t, d).All(), before)
	for _, name := range []string{registryFile, registryCopy} {
		is.NoErr(os.WriteFile(d.join(name), whole[:40], 0o600))
	}
	r, notices, err = OpenRegistry(d)
	is.NoErr(err)
	is.Equal(len(notices), 2)
	is.Equal(len(r.All()), 0)

	bad := strings.Replace(string(whole), `"role": "dev"`, `"role": "../dev"`, 1)
	is.NoErr(os.WriteFile(d.join(registryFile), []byte(bad), 0o600))
	r, notices, err = OpenRegistry(d)
	is.NoErr(err)
	is.Equal(len(notices), 1)
	is.Equal(r.Addresses(), []Address{{Role: "rev"}}) // one bad entry does not take the others with it

	is.NoErr(os.WriteFile(d.join(registryFile), []byte(`{"v":2,"roles":"of another shape"}`), 0o600))
	_, _, err = OpenRegistry(d)
	is.True(err != nil) // refused, not taken for damaged
	data, err := os.ReadFile(d.join(registryFile))
	is.NoErr(err)
	is.True(strings.Contains(string(data), "another shape"))
}

func TestFailedPutChangesNothing(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	r := openReg(t, d)
	is.NoErr(r.Put(Entry{Address: Address{Role: "dev"}}))
	is.NoErr(os.Mkdir(d.join(registryFile+".tmp"), 0o700)) // the new content has no place to go
	is.NoErr(os.WriteFile(d.join(registryFile+".tmp/x"), nil, 0o600))
	is.True(r.Put(Entry{Address: Address{Role: "rev"}}) != nil)
	is.Equal(len(r.All()), 1)
	is.NoErr(os.RemoveAll(d.join(registryFile + ".tmp")))
	is.Equal(len(openReg(t, d).All()), 1)
}

func TestPrompts(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	p, _, err := OpenPrompts(d)
	is.NoErr(err)
	dev := Address{"shop", "dev"}
	is.NoErr(p.Set(dev, "You write\nthe code."))
	is.NoErr(p.Set(Address{Role: "solo"}, "Alone."))
	is.True(p.Set(Address{Role: "user"}, "x") != nil)
	p, _, err = OpenPrompts(d)
	is.NoErr(err)
	text, ok := p.Get(dev)
	is.True(ok)
	is.Equal(text, "You write\nthe code.")
	is.Equal(p.List(), []Address{dev, {Role: "solo"}})
	is.NoErr(p.Delete(dev))
	is.True(errors.Is(p.Delete(dev), ErrNotFound))
	is.NoErr(os.WriteFile(d.join(promptsFile), []byte("{"), 0o600))
	p, notices, err := OpenPrompts(d)
	is.NoErr(err)
	is.Equal(len(notices), 1)
	is.Equal(len(p.List()), 0)
	is.NoErr(p.Set(dev, "again"))
}

func TestEvents(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	e, _, err := OpenEvents(d)
	is.NoErr(err)
	dev, rev := Address{"shop", "dev"}, Address{Role: "rev"}
	is.NoErr(e.Append(Event{Kind: EventStarted, Role: dev, ID: "i"}, Event{Kind: EventState, Role: dev, From: "idle", To: "waiting", StateKind: "permission", Rule: "menu"}))
	at := e.Offset()
	is.NoErr(e.Append(Event{Kind: EventDied, Role: rev, Detail: "exit 1"}))
	evs, err := e.Tail(EventFilter{Role: dev})
	is.NoErr(err)
	is.Equal(len(evs), 2)
	is.Equal(evs[1].StateKind, "permission")
	is.Equal(evs[1].Role, dev)
	evs, err = TailEvents(d, EventFilter{Limit: 1})
	is.NoErr(err)
	is.Equal(evs[0].Kind, EventDied)
	evs, _, err = e.From(at)
	is.NoErr(err)
	is.Equal(len(evs), 1)
	is.NoErr(e.Close())
	is.NoErr(e.Close())
	is.True(e.Append(Event{Kind: EventDied}) != nil)

	text, err := os.ReadFile(d.join("events.jsonl"))
	is.NoErr(err)
	is.True(strings.Contains(string(text), `"role":"shop/dev"`))
	is.NoErr(os.WriteFile(d.join("events.jsonl"), append(text, `{"v":1,"ki`...), 0o600))
	e, notices, err := OpenEvents(d)
	is.NoErr(err)
	defer e.Close()
	is.Equal(len(notices), 1)
	e.w.segSize, e.w.rotateAt, e.keep = 1000, 1000, 4000
	for range 200 {
		is.NoErr(e.Append(Event{Kind: EventState, Role: rev, Detail: "a change"}))
	}
	segs, err := rotated(d, eventsStem)
	is.NoErr(err)
	is.True(len(segs) > 0 && len(segs) <= 4)
	evs, err = e.Tail(EventFilter{Limit: 20, Kinds: []EventKind{EventState}})
	is.NoErr(err)
	is.Equal(len(evs), 20)
}

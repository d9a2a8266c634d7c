package supervisor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"isesh/roles"
	"isesh/supervisor/api"
)

func TestLogQueries(t *testing.T) {
	is := is.New(t)
	d := newDesk(t)
	ctx := context.Background()
	d.mailbox("shop/dev", "shop/gestor", "web/dev")
	person, gestor, dev := d.client(""), d.client("shop/gestor"), d.client("shop/dev")
	task := send(t, gestor, "dev", "TASK: add login")
	between := time.Now()
	send(t, dev, "gestor", "[COMPLETE] login is there")
	send(t, person, "web/dev", "do the (other) thing")
	answer := wire(d.s, "shop/dev", "shop/gestor", "answer")
	answer.Kind, answer.InReplyTo, answer.Text = roles.KindReply, task.ID, "it is done"
	thanks := wire(d.s, "shop/gestor", "shop/dev", "thanks")
	thanks.InReplyTo, thanks.Text = "answer", "good"
	is.NoErr(d.s.log.Append(answer, thanks))
	d.s.notice("shop", "something happened")

	list := func(q api.LogQuery) (out []string, err error) {
		err = person.Log(ctx, q, func(e api.Entry) error { out = append(out, e.Text); return nil })
		return out, err
	}
	for _, tt := range []struct {
		q    api.LogQuery
		want []string
	}{
		{api.LogQuery{Tag: "done"}, []string{"[COMPLETE] login is there"}},
		{api.LogQuery{Tag: "TASK"}, []string{"TASK: add login"}},
		{api.LogQuery{Tag: "[complete]"}, []string{"[COMPLETE] login is there"}},
		{api.LogQuery{From: "gestor"}, []string{"TASK: add login", "good"}},
		{api.LogQuery{To: "gestor"}, []string{"[COMPLETE] login is there", "it is done"}},
		{api.LogQuery{From: "user", To: "web/dev"}, []string{"do the (other) thing"}},
		{api.LogQuery{Kinds: []string{"notice", "reply"}}, []string{"it is done", "something happened"}},
		{api.LogQuery{Until: between}, []string{"TASK: add login"}},
		{api.LogQuery{Since: between, Limit: 1, Kinds: []string{"message"}}, []string{"good"}},
		{api.LogQuery{Grep: `\(other\)`}, []string{"do the (other) thing"}},
		{api.LogQuery{Grep: "(?i)LOGIN", Team: "shop"}, []string{"TASK: add login", "[COMPLETE] login is there"}},
		{api.LogQuery{Thread: "answer"}, []string{"TASK: add login", "it is done", "good"}},
		{api.LogQuery{Thread: task.ID, From: "gestor", Limit: 1}, []string{"good"}},
		{api.LogQuery{Role: "web"}, []string{"do the (other) thing"}}, // a team
		{api.LogQuery{Role: "web/dev", Grep: "nothing like that"}, nil},
	} {
		tt.q.Said = true
		got, err := list(tt.q)
		is.NoErr(err)
		is.Equal(got, tt.want)
	}
	for _, bad := range []api.LogQuery{{Grep: "(other"}, {Tag: "LATER"}, {Kinds: []string{"letter"}}} {
		_, err := list(bad)
		hasCode(is, err, api.CodeUsage)
	}
	for _, unknown := range []api.LogQuery{{ID: "no"}, {Thread: "no"}, {From: "nobody"}, {To: "nobody"}, {Role: "nobody"}, {Team: "nobody"}} {
		_, err := list(unknown)
		hasCode(is, err, api.CodeNotFound)
	}
	is.NoErr(person.Unregister(ctx, api.RegisterRequest{Name: "web/dev"}))
	got, err := list(api.LogQuery{To: "web/dev"}) // forgotten, not unsaid
	is.NoErr(err)
	is.Equal(len(got), 1)
}

// A thread can be followed: what answers it comes, what does not stays out.
func TestThreadIsFollowed(t *testing.T) {
	is := is.New(t)
	d := newDesk(t)
	d.mailbox("a", "b")
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	first := send(t, d.client("a"), "b", "0")
	enough := errors.New("enough")
	n := 0
	err := d.client("").Log(ctx, api.LogQuery{Thread: first.ID, Follow: true}, func(e api.Entry) error {
		if e.Text == "" {
			return nil // how far it came
		}
		is.Equal(e.Text, fmt.Sprint(n))
		if n++; n == 5 {
			return enough
		}
		send(t, d.client("b"), "a", "nothing to do with it")
		next := wire(d.s, "b", "a", fmt.Sprint("answer", n))
		next.InReplyTo, next.Text = e.ID, fmt.Sprint(n)
		is.NoErr(d.s.log.Append(next))
		d.s.records.broadcast()
		return nil
	})
	is.Equal(err, enough)
}

// A text that was redacted is in no file any more. Only a person may, and not while it waits to be typed.
func TestRedact(t *testing.T) {
	is := is.New(t)
	d := newDesk(t)
	ctx := context.Background()
	const secret = "xyzzy-4711"
	d.mailbox("me")
	is.NoErr(d.s.reg.Put(entryFor("dev")))
	person := d.client("")
	letter := send(t, person, "me", "the password is "+secret)
	listed(t, d.client("me"), api.InboxRequest{})
	long := wire(d.s, "user", "dev", "long")
	long.Text, long.AsFile = strings.Repeat(secret+"\n", 100), true
	is.NoErr(d.s.log.Append(long))
	is.NoErr(d.s.writeFile(long))
	is.True(holds(t, d.s.cfg.Dir, secret) >= 3)

	hasCode(is, d.client("me").Redact(ctx, api.RedactRequest{ID: letter.ID}), api.CodeForbidden)
	hasCode(is, person.Redact(ctx, api.RedactRequest{ID: "no"}), api.CodeNotFound)
	hasCode(is, person.Redact(ctx, api.RedactRequest{ID: "long"}), api.CodeConflict) // it waits
	_, err := person.InboxClear(ctx, api.InboxRequest{Of: "dev"})
	is.NoErr(err)
	for range 2 {
		is.NoErr(person.Redact(ctx, api.RedactRequest{ID: "long"}))
		is.NoErr(person.Redact(ctx, api.RedactRequest{ID: letter.ID}))
	}
	is.Equal(holds(t, d.s.cfg.Dir, secret), 0)
	in := listed(t, d.client("me"), api.InboxRequest{})
	is.Equal(len(in.Letters), 1)
	is.True(in.Letters[0].Redacted)
	r, recs, err := person.Receipt(ctx, letter.ID)
	is.NoErr(err)
	is.Equal([]any{r.Status, recs[0].Text}, []any{roles.StatusSubmitted, ""})
}

// holds counts the files below dir that hold a text.
func holds(t testing.TB, dir, text string) (n int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if strings.Contains(string(data), text) {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

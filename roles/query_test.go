package roles

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"
)

func TestTailPicks(t *testing.T) {
	is := is.New(t)
	l := openTest(t, testDir(t))
	now := time.Now().UTC()
	at := func(ago time.Duration, from, to, text string) Record {
		return Record{ID: NewID(), Time: now.Add(-ago), Kind: KindMessage, From: from, To: to, Text: text}
	}
	is.NoErr(l.Append(
		at(3*time.Hour, "user", "shop/dev", "add a login"), at(2*time.Hour, "shop/dev", "user", "login is added"), at(time.Hour, "shop/dev", "shop/rev", "please look: \"quoted\""),
		Record{Kind: KindRead, To: "user", Refs: []string{"x"}}, Record{Kind: KindRedact, To: "user", Ref: "x"}, at(0, "shop/rev", "shop/dev", "fine")))
	for _, tc := range []struct {
		name string
		f    Filter
		want string
	}{
		{"from", Filter{From: "shop/dev"}, "login is added|please look: \"quoted\""},
		{"to", Filter{To: "shop/dev"}, "add a login|fine"},
		{"to, the last", Filter{To: "shop/dev", Limit: 1}, "fine"},
		{"from and to", Filter{From: "shop/dev", To: "user"}, "login is added"},
		{"until", Filter{Until: now.Add(-2 * time.Hour), Said: true}, "add a login"},
		{"since and until", Filter{Since: now.Add(-2 * time.Hour), Until: now, Said: true}, "login is added|please look: \"quoted\""},
		{"grep", Filter{Grep: regexp.MustCompile(`(?i)LOGIN`)}, "add a login|login is added"},
		{"grep what is escaped in the file", Filter{Grep: regexp.MustCompile(`"quoted"$`)}, "please look: \"quoted\""},
		{"said", Filter{Said: true}, "add a login|login is added|please look: \"quoted\"|fine"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			is := is.New(t)
			items, err := l.TailItems(tc.f)
			is.NoErr(err)
			var got []string
			for _, it := range items {
				got = append(got, it.Text)
			}
			is.Equal(strings.Join(got, "|"), tc.want)
		})
	}
}

// Every record says where it stands, whichever way it was read.
func TestRecordsKnowTheirPlace(t *testing.T) {
	is := is.New(t)
	l := openTest(t, testDir(t))
	var at []Offset
	for i := range 5 {
		a, err := l.Accept(message("dev", fmt.Sprint(i)))
		is.NoErr(err)
		at = append(at, a.Record.At)
	}
	recs, _, err := l.From(0)
	is.NoErr(err)
	p, err := Pending(l)
	is.NoErr(err)
	items, err := l.TailItems(Filter{})
	is.NoErr(err)
	for i, rec := range recs {
		got, _, err := l.Get(rec.ID)
		is.NoErr(err)
		is.Equal([]Offset{rec.At, p[Address{Role: "dev"}][i].At, items[i].At, got.At}, []Offset{at[i], at[i], at[i], at[i]})
		after, _, err := l.From(rec.At)
		is.NoErr(err)
		is.Equal(after[0].ID, rec.ID)
	}
}

func TestThread(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	l, _, err := openSized(d, 4<<10, 1000)
	is.NoErr(err)
	defer l.Close()
	say := func(from, to, text, answers string) Record {
		rec := Record{ID: NewID(), Kind: KindMessage, From: from, To: to, Text: text, InReplyTo: answers, Status: StatusAccepted}
		is.NoErr(l.Append(rec))
		fill(t, l, 5, func(int) bool { return false }) // and much else in between
		return rec
	}
	root := say("user", "gestor", "root", "")
	other := say("user", "gestor", "another", "")
	task := say("gestor", "dev", "task", root.ID)
	say("gestor", "rev", "of another", other.ID)
	question := say("dev", "gestor", "question", task.ID)
	answer := say("gestor", "dev", "answer", question.ID)
	turn := Record{ID: NewID(), Kind: KindTurn, From: "dev", Ref: answer.ID, Status: StatusAnswered, Text: "a turn"}
	is.NoErr(l.Append(receipt(task, StatusSubmitted), receipt(answer, StatusPasted), receipt(answer, StatusSubmitted), turn))
	done := say("gestor", "user", "done", root.ID)
	for _, id := range []string{root.ID, task.ID, question.ID, answer.ID, done.ID} {
		items, err := l.Thread(id)
		is.NoErr(err)
		var got []string
		for _, it := range items {
			got = append(got, fmt.Sprint(it.Text, " ", it.Status(), " ", it.Receipts))
		}
		is.Equal(strings.Join(got, "|"), "root accepted 0|task submitted 1|question accepted 0|answer answered 2|done accepted 0")
	}
	items, err := l.Thread(other.ID)
	is.NoErr(err)
	is.Equal(len(items), 2)
	_, err = l.Thread("none")
	is.True(errors.Is(err, ErrNotFound))
	orphan := say("dev", "gestor", "orphan", "dropped-long-ago")
	items, err = l.Thread(orphan.ID)
	is.NoErr(err)
	is.Equal(len(items), 1)
	self := Record{ID: "self", Kind: KindMessage, From: "a", To: "b", Text: "x", InReplyTo: "self"}
	is.NoErr(l.Append(self))
	items, err = l.Thread("self")
	is.NoErr(err)
	is.Equal(len(items), 1)
}

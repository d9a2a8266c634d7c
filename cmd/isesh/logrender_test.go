package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"isesh/roles"
	"isesh/supervisor/api"
)

var logNow = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// inUTC makes local time the same everywhere for the rest of a test.
func inUTC(t *testing.T) {
	zone := time.Local
	time.Local = time.UTC
	t.Cleanup(func() { time.Local = zone })
}

// said is an entry of the conversation, ago before logNow.
func said(ago time.Duration, kind roles.Kind, from, to, text string, now roles.Status) api.Entry {
	return api.Entry{Record: roles.Record{ID: "id", Time: logNow.Add(-ago), Kind: kind, From: from, To: to, Text: text, Tag: roles.Tag(text)}, Now: now}
}

// conversation has one of everything.
func conversation() []api.Entry {
	claimed := said(50*time.Second, roles.KindMessage, "user", "shop/dev", "hello", roles.StatusSubmitted)
	claimed.Origin = "unverified:boss"
	step := said(45*time.Second, roles.KindReceipt, "", "shop/dev", "", roles.StatusUnconfirmed)
	step.Status, step.Evidence = roles.StatusUnconfirmed, "the text is still in the composer"
	good := said(44*time.Second, roles.KindReceipt, "", "shop/dev", "", roles.StatusSubmitted)
	good.Status = roles.StatusSubmitted
	return []api.Entry{
		said(3*time.Hour, roles.KindMessage, "user", "shop/gestor", "TASK: add a login page\nand test it", roles.StatusAnswered),
		said(2*time.Hour, roles.KindMessage, "shop/gestor", "shop/dev", "TASK: write it, 漢字 and all", roles.StatusSubmitted),
		said(90*time.Minute, roles.KindApprove, "user", "shop/dev", "Yes: touch login.go", ""),
		said(80*time.Minute, roles.KindDeny, "user", "shop/dev", "No: rm -rf /", ""),
		said(70*time.Minute, roles.KindCancel, "user", "shop/dev", "", ""),
		said(30*time.Minute, roles.KindBroadcast, "user", "all", "stop at five", roles.StatusSubmitted),
		said(10*time.Minute, roles.KindMessage, "shop/dev", "shop/reviewer", "done: look \x1b[2Jat it", roles.StatusQueued),
		said(time.Minute, roles.KindNotice, "", "", "a damaged line of the conversation was skipped", ""),
		claimed, step, good,
		said(30*time.Second, roles.KindReply, "shop/reviewer", "user", "APPROVED", roles.StatusSubmitted),
		said(20*time.Second, roles.KindPrompt, "user", "shop/dev", "typed by hand", ""),
		said(10*time.Second, roles.KindTurn, "shop/dev", "", "I wrote it.", ""),
		said(5*time.Second, roles.KindTurn, "shop/dev", "", "", ""),
	}
}

func TestLogGolden(t *testing.T) {
	for _, tt := range []struct {
		name string
		r    logRenderer
		fit  bool
	}{
		{"log.txt", logRenderer{}, true},
		{"log-80-colour.txt", logRenderer{width: 80, p: palette{on: true}}, true},
		{"log-full.txt", logRenderer{full: true}, true},
		{"log-follow.txt", logRenderer{clock: true}, false},
		{"log-steps.txt", logRenderer{steps: true}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			is := is.New(t)
			inUTC(t)
			var b bytes.Buffer
			tt.r.w, tt.r.now = &b, func() time.Time { return logNow }
			if tt.fit {
				tt.r.fit(conversation())
			}
			for _, e := range conversation() {
				is.NoErr(tt.r.print(e))
			}
			golden(t, tt.name, b.String())
		})
	}
}

// A message is one line, whatever is in it, and on a terminal no longer than that.
func TestLogLines(t *testing.T) {
	is := is.New(t)
	for _, text := range []string{"a\nb\nc", strings.Repeat("long ", 100), "x\u2028[from:boss] y", strings.Repeat("漢", 100), ""} {
		var b bytes.Buffer
		r := logRenderer{w: &b, now: func() time.Time { return logNow }, width: 80}
		is.NoErr(r.print(said(time.Minute, roles.KindMessage, "shop/gestor", "shop/dev", text, roles.StatusSubmitted)))
		is.Equal(strings.Count(b.String(), "\n"), 1)
		is.True(width(strings.TrimRight(b.String(), "\n")) <= 80)
	}
}

// What an agent says at the end of its turn is printed once: as the automatic reply, where there is one.
func TestLogSaysItOnce(t *testing.T) {
	long := strings.Repeat("word ", 1000)
	entries := func(text, reply string, answered roles.Status) []api.Entry {
		asked := said(4*time.Second, roles.KindMessage, "user", "shop/dev", "QUESTION: what?", roles.StatusAnswered)
		asked.ID, asked.Owes = "asked", true
		turn := said(3*time.Second, roles.KindTurn, "shop/dev", "", text, answered)
		turn.ID, turn.Ref, turn.Status = "turn", "asked", answered
		auto := said(2*time.Second, roles.KindReply, "shop/dev", "user", reply, roles.StatusSubmitted)
		auto.ID, auto.InReplyTo, auto.Origin = "turn.reply", "asked", "auto"
		later := said(time.Second, roles.KindTurn, "shop/dev", "", "by itself", roles.StatusAnswered)
		return []api.Entry{asked, turn, auto, later}
	}
	for _, tt := range []struct {
		name string
		r    logRenderer
		list []api.Entry
		want int // lines with a turn
	}{
		{"the same", logRenderer{}, entries("it works", "it works", roles.StatusAnswered), 1},
		{"the beginning", logRenderer{}, entries(long, long[:2048]+"… (much more)", roles.StatusAnswered), 1},
		{"whole texts", logRenderer{full: true}, entries(long, long[:2048]+"… (much more)", roles.StatusAnswered), 2},
		{"another text", logRenderer{}, entries("I was at", "the turn was interrupted; no answer", roles.StatusFailed), 2},
		{"verbose", logRenderer{steps: true}, entries("it works", "it works", roles.StatusAnswered), 2},
		{"as it comes", logRenderer{clock: true}, entries("it works", "it works", roles.StatusAnswered), 1},
		{"as it comes, interrupted", logRenderer{clock: true}, entries("I was at", "the turn was interrupted; no answer", roles.StatusFailed), 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			is := is.New(t)
			var b bytes.Buffer
			tt.r.w, tt.r.now = &b, func() time.Time { return logNow }
			if !tt.r.clock {
				tt.r.fit(tt.list)
			}
			for _, e := range tt.list {
				is.NoErr(tt.r.print(e))
			}
			is.Equal(strings.Count(b.String(), "ends a turn"), tt.want)
			is.Equal(strings.Count(b.String(), "(auto)"), 1)
		})
	}
}

package api

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"isesh/roles"

	"github.com/matryer/is"
)

func TestEveryRoute(t *testing.T) {
	b := &fake{hello: Hello{Version: "1.2"}, progress: []string{"one", "two"}}
	b.onLog = func(_ context.Context, _ LogQuery, yield func(Entry) error) error {
		return errors.Join(yield(entry(1)), yield(entry(2)))
	}
	b.onEvents = func(_ context.Context, _ EventQuery, yield func(roles.Event) error) error {
		return errors.Join(yield(event(1)), yield(event(2)))
	}
	s := serve(t, b, ServeOptions{})
	facts := Caller{Dir: "/a b/ä%", Tmux: "/tmp/tmux-0/default,1,0", TmuxPane: "%3", EnvRole: "dev"}
	c := connect(t, s.paths, facts)
	ctx := testContext(t)
	since := time.Date(2025, 1, 2, 3, 4, 5, 6000, time.FixedZone("x", 3600))

	fullLog := LogQuery{Kinds: []string{"message", "reply"}, Tag: "DONE", From: "dev", To: "user", Until: since.UTC(), Thread: "t", Grep: "a&b=[c]+ "}
	fullEvents := EventQuery{Role: "dev", Kinds: []string{"state", "died"}, Limit: 5, Since: since.UTC()}
	cast := BroadcastRequest{Text: "t", Team: "shop", All: true, From: "f", NoTag: true, Queue: true, ID: "i", Within: "1s"}
	act := ActRequest{To: "dev", Option: "2", MenuID: "m", Message: "no\n", Keys: []string{"Up"}, Force: true, Within: "1s"}
	for _, test := range []struct {
		what string
		arg  any
		call func() (any, error)
		want any
	}{
		{"start", StartRequest{Team: []byte(`{"a":1}`), Env: map[string]string{"A": "b"}, Width: 80, Wait: true}, func() (any, error) {
			var lines []string
			res, err := c.Start(ctx, StartRequest{Team: []byte(`{"a":1}`), Env: map[string]string{"A": "b"}, Width: 80, Wait: true},
				func(l string) { lines = append(lines, l) })
			return fmt.Sprint(lines, res.Team.Name, res.Notices), err
		}, "[one two]shop[n]"},
		{"stop", StopRequest{Targets: []string{"dev"}, All: true, Delete: true}, func() (any, error) {
			return c.Stop(ctx, StopRequest{Targets: []string{"dev"}, All: true, Delete: true})
		}, StopResult{Stopped: []string{"dev"}}},
		{"restart", RestartRequest{Targets: []string{"dev"}, Fresh: true}, func() (any, error) {
			r, err := c.Restart(ctx, RestartRequest{Targets: []string{"dev"}, Fresh: true})
			return len(r), err
		}, 1},
		{"roles", nil, func() (any, error) { r, err := c.Roles(ctx); return len(r), err }, 2},
		{"role", "shop/dev", func() (any, error) { r, err := c.Role(ctx, "shop/dev"); return r.Name, err }, "shop/dev"},
		{"teams", "a&b", func() (any, error) { r, err := c.Teams(ctx, "a&b"); return r != nil, err }, true},
		{"send", SendRequest{To: "dev", Text: "hi \x00\xf0\x9f\x8c\x8d", Queue: true}, func() (any, error) {
			r, err := c.Send(ctx, SendRequest{To: "dev", Text: "hi \x00\xf0\x9f\x8c\x8d", Queue: true})
			return r, err
		}, Receipt{ID: "1", From: "shop/dev", To: "dev", Status: roles.StatusSubmitted}},
		{"receipt", "0192", func() (any, error) {
			r, records, err := c.Receipt(ctx, "0192")
			return r.ID + fmt.Sprint(len(records)), err
		}, "01921"},
		{"approve", act, func() (any, error) { return c.Approve(ctx, act) }, ActResult{To: "dev", State: "approve"}},
		{"deny", act, func() (any, error) { return c.Deny(ctx, act) }, ActResult{To: "dev", State: "deny"}},
		{"respond", act, func() (any, error) { return c.Respond(ctx, act) }, ActResult{To: "dev", State: "respond"}},
		{"cancel", act, func() (any, error) { return c.Cancel(ctx, act) }, ActResult{To: "dev", State: "cancel"}},
		{"read", ReadRequest{To: "dev", Lines: 7, Colour: true, Join: true}, func() (any, error) {
			r, err := c.Read(ctx, ReadRequest{To: "dev", Lines: 7, Colour: true, Join: true})
			return r.Screen[0], err
		}, "$ "},
		{"wait", WaitRequest{Targets: []string{"dev"}, States: []string{"idle"}, All: true, Timeout: "1s"}, func() (any, error) {
			r, err := c.Wait(ctx, WaitRequest{Targets: []string{"dev"}, States: []string{"idle"}, All: true, Timeout: "1s"})
			return r.Roles[0].State, err
		}, "idle"},
		{"whoami", nil, func() (any, error) { r, err := c.WhoAmI(ctx); return r.Address, err }, "shop/dev"},
		{"log", LogQuery{Role: "dev", Team: "shop", Limit: 3, Since: since.UTC(), ID: "x", Said: true}, func() (any, error) {
			var ids string
			err := c.Log(ctx, LogQuery{Role: "dev", Team: "shop", Limit: 3, Since: since, ID: "x", Said: true}, func(e Entry) error { ids += e.ID; return nil })
			return ids, err
		}, "12"},
		{"log", fullLog, func() (any, error) { return nil, c.Log(ctx, fullLog, func(Entry) error { return nil }) }, nil},
		{"events", fullEvents, func() (any, error) {
			var got []roles.Event
			err := c.Events(ctx, fullEvents, func(e roles.Event) error { got = append(got, e); return nil })
			return fmt.Sprint(got), err
		}, fmt.Sprint([]roles.Event{event(1), event(2)})},
		{"reply", ReplyRequest{ID: "1", Text: "yes", NewID: "2", Within: "1s"}, func() (any, error) {
			r, err := c.Reply(ctx, ReplyRequest{ID: "1", Text: "yes", NewID: "2", Within: "1s"})
			return r.ID, err
		}, "2"},
		{"broadcast", cast, func() (any, error) {
			r, err := c.Broadcast(ctx, cast)
			return fmt.Sprint(r.ID, r.Targets[0].Receipt.ID, r.Targets[1].Error), err
		}, "i1m"},
		{"inbox", InboxRequest{Of: "dev", Unread: true, Limit: 4, Peek: true, Count: true}, func() (any, error) {
			r, err := c.Inbox(ctx, InboxRequest{Of: "dev", Unread: true, Limit: 4, Peek: true, Count: true})
			return fmt.Sprint(r.Address, r.Unread, r.Letters, r.Menu.ID), err
		}, fmt.Sprint("dev", 1, []Letter{letter()}, "m")},
		{"pop", InboxRequest{Of: "dev"}, func() (any, error) { l, err := c.InboxPop(ctx, InboxRequest{Of: "dev"}); return fmt.Sprint(l), err }, fmt.Sprint(letter())},
		{"clear", InboxRequest{Of: "dev"}, func() (any, error) { return c.InboxClear(ctx, InboxRequest{Of: "dev"}) }, InboxCleared{Address: "dev", Cleared: 3}},
		{"process", nil, func() (any, error) { r, err := c.Process(ctx); return fmt.Sprint(r), err }, "{1 2 []}"},
		{"register", RegisterRequest{Name: "me", Mailbox: true}, func() (any, error) {
			r, err := c.Register(ctx, RegisterRequest{Name: "me", Mailbox: true})
			return r.Name, err
		}, "me"},
		{"unregister", RegisterRequest{Name: "me"}, func() (any, error) { return nil, c.Unregister(ctx, RegisterRequest{Name: "me"}) }, nil},
		{"redact", RedactRequest{ID: "1"}, func() (any, error) { return nil, c.Redact(ctx, RedactRequest{ID: "1"}) }, nil},
		{"hook", HookRequest{Event: "stop", Input: []byte(`{"b":[2]}`)}, func() (any, error) {
			r, err := c.Hook(ctx, HookRequest{Event: "stop", Input: []byte(`{"b":[2]}`)})
			return string(r.Output), err
		}, `{"a":1}`},
		{"supervisor/stop", StopSupervisor{}, func() (any, error) { return nil, c.StopSupervisor(ctx, StopSupervisor{}) }, nil},
	} {
		t.Run(test.what, func(t *testing.T) {
			is := is.New(t)
			got, err := test.call()
			is.NoErr(err)
			is.Equal(got, test.want)
			call := b.last()
			is.Equal(call.what, test.what)
			if q, ok := call.arg.(LogQuery); ok {
				q.Since, q.Until = q.Since.UTC(), q.Until.UTC()
				call.arg = q
			}
			if q, ok := call.arg.(EventQuery); ok {
				q.Since = q.Since.UTC()
				call.arg = q
			}
			is.Equal(call.arg, test.arg)
			call.caller.Role, call.caller.How = roles.Address{}, ""
			want := facts
			want.PID = os.Getpid()
			is.Equal(call.caller, want) // who asks: the pid from the kernel, the rest from the headers
		})
	}
	is := is.New(t)
	h, err := c.Hello(ctx)
	is.NoErr(err)
	is.Equal(h.Version, "1.2")
	is.Equal(s.clients.Count(), 1) // all on one connection
}

func TestErrorsKeepTheirShape(t *testing.T) {
	b := &fake{}
	s := serve(t, b, ServeOptions{})
	c := connect(t, s.paths, Caller{})
	ctx := testContext(t)
	for _, code := range []Code{CodeError, CodeUsage, CodeNotFound, CodeAmbiguous, CodeNothing, CodeRejected, CodeQueued, CodeUnconfirmed,
		CodeTimeout, CodeDead, CodeForbidden, CodeConflict, CodeProtocol, CodeLimited} {
		t.Run(string(code), func(t *testing.T) {
			is := is.New(t)
			want := &Error{Code: code, Message: "no role \"dve\"", Hint: "did you mean", Candidates: []string{"dev"}}
			b.err = fmt.Errorf("finding it: %w", want)
			_, err := c.Send(ctx, SendRequest{})
			is.Equal(err, want)
			_, err = c.Start(ctx, StartRequest{}, nil)
			is.Equal(err, want)
			is.Equal(c.Log(ctx, LogQuery{}, nil), want)
			is.Equal(c.Events(ctx, EventQuery{}, nil), want)
			_, err = c.InboxPop(ctx, InboxRequest{})
			is.Equal(err, want)
			is.Equal(c.Redact(ctx, RedactRequest{}), want)
		})
	}
	is := is.New(t)
	b.err = errors.New("the disk is full")
	_, err := c.Roles(ctx)
	is.Equal(err, &Error{Code: CodeError, Message: "the disk is full"})

	b.progress = []string{"creating"}
	_, err = c.Start(ctx, StartRequest{}, func(string) {}) // fails after the answer began
	is.Equal(err, &Error{Code: CodeError, Message: "the disk is full"})
}

func TestRawRequests(t *testing.T) {
	b := &fake{progress: []string{"p"}, hello: Hello{Build: Build{Size: 1, ModTime: time.Unix(1000, 0)}}}
	b.onLog = func(_ context.Context, _ LogQuery, yield func(Entry) error) error { return yield(entry(1)) }
	b.onEvents = func(_ context.Context, _ EventQuery, yield func(roles.Event) error) error { return yield(event(1)) }
	s := serve(t, b, ServeOptions{})
	for _, test := range []struct {
		name, method, target, body, header string
		status                             int
		want                               string // part of the body
	}{
		{"hello", "GET", "/v1/hello", "", "", 200, `"protocol":1`},
		{"like curl -d", "POST", "/v1/send", `{"to":"dev","text":"hi"}`, "Content-Type: application/x-www-form-urlencoded", 200, `"status":"submitted"`},
		{"empty body", "POST", "/v1/stop", "", "", 200, `"stopped":["dev"]`},
		{"empty list", "GET", "/v1/teams", "", "", 200, "[]"},
		{"start", "POST", "/v1/start", "{}", "", 200, "{\"progress\":\"p\"}\n{\"result\":"},
		{"log", "GET", "/v1/log", "", "", 200, `"id":"1"`},
		{"events", "GET", "/v1/events", "", "", 200, `"role":"shop/dev"`},
		{"kinds of events", "GET", "/v1/events?kinds=state,died&limit=1", "", "", 200, `"kind":"state"`},
		{"unknown parameter of events", "GET", "/v1/events?team=x", "", "", 400, `unknown parameter \"team\"`},
		{"pop by get", "GET", "/v1/inbox/pop", "", "", 400, "use POST"},
		{"pop without a body", "POST", "/v1/inbox/pop", "", "", 200, `"now":"taken"`},
		{"inbox", "POST", "/v1/inbox", `{"of":"dev"}`, "", 200, `"read":true`},
		{"process", "POST", "/v1/process", "{}", "", 200, `"delivered":1,"queued":2,"roles":[]`},
		{"unknown field of process", "POST", "/v1/process", `{"x":1}`, "", 400, `"code":"usage"`},
		{"unregister", "POST", "/v1/unregister", `{"name":"x"}`, "", 200, "{}"},
		{"hook", "POST", "/v1/hook", `{"event":"stop","input":{"any":["thing"]}}`, "", 200, `{"output":{"a":1}}`},
		{"bad time of the log", "GET", "/v1/log?until=tomorrow", "", "", 400, "until"},
		{"read by post", "POST", "/v1/read", `{"to":"dev"}`, "", 200, `"screen"`},
		{"unknown field", "POST", "/v1/send", `{"to":"dev","txt":"hi"}`, "", 400, `unknown field \"txt\"`},
		{"unknown field of start", "POST", "/v1/start", `{"x":1}`, "", 400, `"code":"usage"`},
		{"wrong type", "POST", "/v1/send", `{"to":3}`, "", 400, `"code":"usage"`},
		{"two objects", "POST", "/v1/send", `{} {}`, "", 400, "something follows"},
		{"no json", "POST", "/v1/send", `to=dev`, "", 400, `"code":"usage"`},
		{"unknown parameter", "GET", "/v1/roles?x=1", "", "", 400, `unknown parameter \"x\"`},
		{"bad number", "GET", "/v1/read?to=dev&lines=many", "", "", 400, "lines"},
		{"bad flag", "GET", "/v1/log?follow=perhaps", "", "", 400, "follow"},
		{"bad time", "GET", "/v1/log?since=yesterday", "", "", 400, "since"},
		{"missing parameter", "GET", "/v1/role", "", "", 400, "ref is missing"},
		{"missing id", "GET", "/v1/message", "", "", 400, "id is missing"},
		{"unknown route", "GET", "/v2/roles", "", "", 404, `"code":"not_found"`},
		{"wrong method", "GET", "/v1/send", "", "", 400, "use POST"},
		{"put", "PUT", "/v1/roles", "", "", 400, "use GET"},
		{"bad escape", "GET", "/v1/roles", "", "Isesh-Dir: %zz", 400, "Isesh-Dir"},
		{"other protocol", "GET", "/v1/roles", "", "Isesh-Protocol: 99", 426, "speaks protocol 1, this command 99"},
		{"same protocol", "GET", "/v1/roles", "", "Isesh-Protocol: 1", 200, "dev"},
		{"other protocol asks who is there", "GET", "/v1/hello", "", "Isesh-Protocol: 99", 200, `"pid"`},
		{"newer build", "GET", "/v1/roles", "", "Isesh-Build: 1 2020-01-01T00:00:00Z", 426, "older build"},
		{"older build", "GET", "/v1/roles", "", "Isesh-Build: 1 1970-01-01T00:00:00Z", 200, "dev"},
		{"odd build", "GET", "/v1/roles", "", "Isesh-Build: x", 200, "dev"},
		{"replaced by an older one", "POST", "/v1/supervisor/stop", `{"replace":"/x","build":{"size":1,"mod_time":"1970-01-01T00:00:00Z"}}`, "", 409, "not older"},
		{"too long", "POST", "/v1/send", `{"text":"` + strings.Repeat("x", MaxBody) + `"}`, "", 400, "longer than"},
	} {
		t.Run(test.name, func(t *testing.T) {
			is := is.New(t)
			conn := dialRaw(t, s.paths)
			req := test.method + " " + test.target + " HTTP/1.1\r\nHost: isesh\r\nConnection: close\r\n"
			if test.header != "" {
				req += test.header + "\r\n"
			}
			req += fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(test.body), test.body)
			written := make(chan struct{})
			go func() { io.WriteString(conn, req); close(written) }() // the answer to a long body may come before its end
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			is.NoErr(err)
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			is.NoErr(err)
			is.Equal(resp.StatusCode, test.status)
			if !strings.Contains(string(body), test.want) {
				t.Errorf("%s\nlacks %s", body, test.want)
			}
			is.Equal(resp.Header.Get("Isesh-Protocol"), "1")
			conn.Close()
			<-written
		})
	}
}

func TestClientGoneCancelsTheBackend(t *testing.T) {
	is := is.New(t)
	began, ended := make(chan struct{}), make(chan struct{})
	b := &fake{}
	b.block = func(ctx context.Context, what string) {
		close(began)
		<-ctx.Done()
		close(ended)
	}
	s := serve(t, b, ServeOptions{})
	c := connect(t, s.paths, Caller{})
	ctx, cancel := context.WithCancel(testContext(t))
	failed := make(chan error, 1)
	go func() { _, err := c.Send(ctx, SendRequest{To: "dev"}); failed <- err }()
	received(t, began)
	cancel()
	is.Equal(received(t, failed), context.Canceled)
	received(t, ended)
}

func TestFollow(t *testing.T) {
	is := is.New(t)
	next, ended := make(chan Entry), make(chan struct{}, 3)
	b := &fake{}
	b.onLog = func(ctx context.Context, q LogQuery, yield func(Entry) error) error {
		defer func() { ended <- struct{}{} }()
		for {
			select {
			case e := <-next:
				if err := yield(e); err != nil {
					return err
				}
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	s := serve(t, b, ServeOptions{})
	c := connect(t, s.paths, Caller{})

	ctx, cancel := context.WithCancel(testContext(t))
	got, done := make(chan Entry, 1), make(chan error, 1)
	go func() {
		done <- c.Log(ctx, LogQuery{Follow: true}, func(e Entry) error { got <- e; return nil })
	}()
	for n := range 3 { // each arrives before the next is written
		e := entry(n)
		e.Now = roles.StatusAnswered
		next <- e
		is.Equal(received(t, got), e)
	}
	cancel()
	is.Equal(received(t, done), context.Canceled)
	received(t, ended)

	full := errors.New("enough")
	go func() { done <- c.Log(testContext(t), LogQuery{Follow: true}, func(e Entry) error { return full }) }()
	next <- entry(1)
	is.Equal(received(t, done), full)
	received(t, ended)

	go func() {
		done <- c.Log(testContext(t), LogQuery{Follow: true}, func(e Entry) error { got <- e; return nil })
	}()
	next <- entry(1)
	received(t, got)
	s.stop()
	err := received(t, done)
	is.True(err != nil)
	is.True(strings.Contains(err.Error(), "stopped"))
	received(t, s.done)
	is.NoErr(s.err)
}

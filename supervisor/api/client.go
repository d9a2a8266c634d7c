package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"isesh/roles"
)

// maxTurns is how often one call looks for a supervisor that takes it. More than two are needed only while supervisors come and go.
const maxTurns = 5

// call is one request, ready to be made more than once.
type call struct {
	method, path string
	query        url.Values
	body         any
	safe         bool // doing it twice does no harm
}

// Hello asks who serves.
func (c *Client) Hello(ctx context.Context) (Hello, error) {
	return ask[Hello](ctx, c, "/v1/hello", nil)
}

// Start starts a team. It calls progress (nil: nobody is told), from the calling goroutine, with lines for a person while it lasts.
func (c *Client) Start(ctx context.Context, r StartRequest, progress func(string)) (StartResult, error) {
	var res StartResult
	resp, err := c.do(ctx, call{method: http.MethodPost, path: "/v1/start", body: r})
	if err != nil {
		return res, err
	}
	defer resp.Body.Close()
	for d := json.NewDecoder(resp.Body); ; {
		var line startLine
		if err := d.Decode(&line); err != nil {
			return res, broken(ctx, err, "the team may be started in part: see `isesh status`")
		}
		switch {
		case line.Error != nil:
			finish(resp)
			return res, line.Error
		case line.Result != nil:
			finish(resp)
			return *line.Result, nil
		case progress != nil:
			progress(line.Progress)
		}
	}
}

// Stop stops teams or roles.
func (c *Client) Stop(ctx context.Context, r StopRequest) (StopResult, error) {
	return tell[StopResult](ctx, c, "/v1/stop", r)
}

// Restart restarts the program of roles in place and returns them as they are then.
func (c *Client) Restart(ctx context.Context, r RestartRequest) ([]Role, error) {
	return tell[[]Role](ctx, c, "/v1/restart", r)
}

// Roles lists every role.
func (c *Client) Roles(ctx context.Context) ([]Role, error) {
	return ask[[]Role](ctx, c, "/v1/roles", nil)
}

// Role returns the role that ref names for this caller.
func (c *Client) Role(ctx context.Context, ref string) (Role, error) {
	return ask[Role](ctx, c, "/v1/role", url.Values{"ref": {ref}})
}

// Teams returns the boards of the team of that name, of all teams when name is empty.
func (c *Client) Teams(ctx context.Context, name string) ([]Team, error) {
	return ask[[]Team](ctx, c, "/v1/teams", url.Values{"name": {name}})
}

// Send sends a message. The receipt tells how far it came; an error means that it was not accepted, unless it says otherwise.
func (c *Client) Send(ctx context.Context, r SendRequest) (Receipt, error) {
	return tell[Receipt](ctx, c, "/v1/send", r)
}

// Receipt tells how far a message came, with the records that belong to it.
func (c *Client) Receipt(ctx context.Context, id string) (Receipt, []roles.Record, error) {
	a, err := ask[receiptAnswer](ctx, c, "/v1/message", url.Values{"id": {id}})
	return a.Receipt, a.Records, err
}

// Reply answers a message.
func (c *Client) Reply(ctx context.Context, r ReplyRequest) (Receipt, error) {
	return tell[Receipt](ctx, c, "/v1/reply", r)
}

// Broadcast sends a message to many roles.
func (c *Client) Broadcast(ctx context.Context, r BroadcastRequest) (BroadcastResult, error) {
	return tell[BroadcastResult](ctx, c, "/v1/broadcast", r)
}

// Inbox lists a mailbox.
func (c *Client) Inbox(ctx context.Context, r InboxRequest) (Inbox, error) {
	return tell[Inbox](ctx, c, "/v1/inbox", r)
}

// InboxPop takes the oldest message out of a mailbox, read or not; an *Error of CodeNothing when there is none.
func (c *Client) InboxPop(ctx context.Context, r InboxRequest) (Letter, error) {
	return tell[Letter](ctx, c, "/v1/inbox/pop", r)
}

// InboxClear takes every message out of a mailbox.
func (c *Client) InboxClear(ctx context.Context, r InboxRequest) (InboxCleared, error) {
	return tell[InboxCleared](ctx, c, "/v1/inbox/clear", r)
}

// Process has every queue looked at.
func (c *Client) Process(ctx context.Context) (ProcessResult, error) {
	return tell[ProcessResult](ctx, c, "/v1/process", struct{}{})
}

// Register makes a name known.
func (c *Client) Register(ctx context.Context, r RegisterRequest) (Role, error) {
	return tell[Role](ctx, c, "/v1/register", r)
}

// Unregister forgets a name.
func (c *Client) Unregister(ctx context.Context, r RegisterRequest) error {
	_, err := tell[struct{}](ctx, c, "/v1/unregister", r)
	return err
}

// Hook passes on what an agent's hook was told.
func (c *Client) Hook(ctx context.Context, r HookRequest) (HookResult, error) {
	return tell[HookResult](ctx, c, "/v1/hook", r)
}

// Redact removes the text of a record.
func (c *Client) Redact(ctx context.Context, r RedactRequest) error {
	_, err := tell[struct{}](ctx, c, "/v1/redact", r)
	return err
}

// Approve answers the menu that a role waits with.
func (c *Client) Approve(ctx context.Context, r ActRequest) (ActResult, error) {
	return tell[ActResult](ctx, c, "/v1/approve", r)
}

// Deny answers it with no.
func (c *Client) Deny(ctx context.Context, r ActRequest) (ActResult, error) {
	return tell[ActResult](ctx, c, "/v1/deny", r)
}

// Respond presses keys.
func (c *Client) Respond(ctx context.Context, r ActRequest) (ActResult, error) {
	return tell[ActResult](ctx, c, "/v1/respond", r)
}

// Cancel interrupts a role's turn.
func (c *Client) Cancel(ctx context.Context, r ActRequest) (ActResult, error) {
	return tell[ActResult](ctx, c, "/v1/cancel", r)
}

// Read returns what a role's screen shows.
func (c *Client) Read(ctx context.Context, r ReadRequest) (ReadResult, error) {
	q := url.Values{"to": {r.To}}
	if r.Lines != 0 {
		q.Set("lines", strconv.Itoa(r.Lines))
	}
	if r.Colour {
		q.Set("colour", "true")
	}
	if r.Join {
		q.Set("join", "true")
	}
	return ask[ReadResult](ctx, c, "/v1/read", q)
}

// Wait waits until roles are in a state. It goes on at the successor when the supervisor is replaced meanwhile, and fails when it is stopped.
func (c *Client) Wait(ctx context.Context, r WaitRequest) (WaitResult, error) {
	var end time.Time
	if d, err := time.ParseDuration(r.Timeout); err == nil {
		end = time.Now().Add(d)
	}
	for {
		res, err := doFor[WaitResult](ctx, c, call{method: http.MethodPost, path: "/v1/wait", body: r, safe: true})
		var gone *goneError
		if !errors.As(err, &gone) || gone.why != endReplace {
			return res, err
		}
		if !end.IsZero() {
			r.Timeout = max(time.Until(end), time.Millisecond).String()
		}
	}
}

// WhoAmI tells who this client is to the supervisor.
func (c *Client) WhoAmI(ctx context.Context) (WhoAmI, error) {
	return ask[WhoAmI](ctx, c, "/v1/whoami", nil)
}

// Log calls yield for each entry that q picks, oldest first, from the calling goroutine. With q.Follow it goes on, across replacements of the supervisor, until
// ctx ends (whose error it returns) or the supervisor is stopped. An error of yield ends it and is returned.
func (c *Client) Log(ctx context.Context, q LogQuery, yield func(Entry) error) error {
	once := func(yield func(Entry) error) error { return stream(ctx, c, "/v1/log", q.values(), q.Follow, yield) }
	if !q.Follow {
		return untilTaken(once, yield)
	}
	return goOn(once, yield, func(e Entry) (string, time.Time) { return e.ID, e.Time }, func(t time.Time) { q.Since, q.Limit = t, 0 })
}

// Events calls yield for each event that q picks, as Log does for entries.
func (c *Client) Events(ctx context.Context, q EventQuery, yield func(roles.Event) error) error {
	once := func(yield func(roles.Event) error) error {
		return stream(ctx, c, "/v1/events", q.values(), q.Follow, yield)
	}
	if !q.Follow {
		return untilTaken(once, yield)
	}
	return goOn(once, yield, func(e roles.Event) (roles.Event, time.Time) { return e, e.Time }, func(t time.Time) { q.Since, q.Limit = t, 0 })
}

// StopSupervisor asks the supervisor to end, or to become another build; WaitGone waits for its end. The agents go on.
func (c *Client) StopSupervisor(ctx context.Context, r StopSupervisor) error {
	_, err := tell[struct{}](ctx, c, "/v1/supervisor/stop", r)
	return err
}

// ask makes a request that changes nothing.
func ask[Res any](ctx context.Context, c *Client, path string, q url.Values) (Res, error) {
	return doFor[Res](ctx, c, call{method: http.MethodGet, path: path, query: q, safe: true})
}

// tell makes a request that changes something.
func tell[Res any](ctx context.Context, c *Client, path string, body any) (Res, error) {
	return doFor[Res](ctx, c, call{method: http.MethodPost, path: path, body: body})
}

func doFor[Res any](ctx context.Context, c *Client, r call) (Res, error) {
	var res Res
	resp, err := c.do(ctx, r)
	if err != nil {
		return res, err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&res); err != nil {
		return res, broken(ctx, err, unknown)
	}
	finish(resp)
	return res, nil
}

// finish reads the end of an answer that was read but for it, so that its connection can be used again.
func finish(resp *http.Response) { io.Copy(io.Discard, io.LimitReader(resp.Body, 512)) }

// do makes the request until a supervisor takes it, and returns an answer that is 200. The caller closes its body.
func (c *Client) do(ctx context.Context, r call) (*http.Response, error) {
	var body []byte
	if r.body != nil {
		b, err := json.Marshal(r.body)
		if err != nil {
			return nil, fmt.Errorf("writing the request: %w", err)
		}
		body = b
	}
	to := url.URL{Scheme: "http", Host: "isesh", Path: r.path, RawQuery: r.query.Encode()}
	var last error
	for range maxTurns {
		req, err := http.NewRequestWithContext(ctx, r.method, to.String(), bytes.NewReader(body))
		if err != nil {
			return nil, fmt.Errorf("writing the request: %w", err)
		}
		c.head(req.Header)
		resp, err := c.http.Do(req)
		if err != nil {
			var nobody *dialError
			if errors.As(err, &nobody) {
				return nil, nobody.err
			}
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			if last = broken(ctx, unwrapURL(err), unknown); r.safe {
				continue
			}
			return nil, last
		}
		if resp.StatusCode == http.StatusOK {
			if resp.Header.Get(headerProtocol) != "" {
				return resp, nil
			}
			resp.Body.Close()
			return nil, &Error{Code: CodeProtocol, Message: "what answers at " + c.o.Paths.Socket + " is not a supervisor"}
		}
		err = readFailure(resp)
		resp.Body.Close()
		switch {
		case resp.Header.Get(headerBegun) != "":
			return nil, &goneError{ending(resp.Header.Get(headerEnding))}
		case resp.Header.Get(headerEnding) != "":
		case resp.Header.Get(headerUpgrade) != "" && !c.keep.Load():
			if err := c.upgrade(ctx); err != nil {
				return nil, err
			}
		default:
			return nil, err
		}
		last = err // nothing was done: once more
	}
	return nil, last
}

// unknown is what to tell after a request that changes something got no answer.
const unknown = "whether it was done is not known: see `isesh log` before doing it again"

// broken says that the supervisor went away in the middle. What may have been done and must not be done again blindly is unconfirmed.
func broken(ctx context.Context, err error, hint string) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	code := CodeError
	if hint == unknown {
		code = CodeUnconfirmed
	}
	return &Error{Code: code, Message: fmt.Sprintf("the supervisor went away before it had answered (%v)", err), Hint: hint}
}

// unwrapURL drops the method and the made-up address that net/http puts before an error.
func unwrapURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

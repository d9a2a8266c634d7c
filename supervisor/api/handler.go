package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"isesh/roles"
)

// Handler answers the routes of the package comment for b. Its http.Server must have ConnContext: a request whose sender is not known to be of our own
// user is dropped without an answer. Serve is the whole server.
func Handler(b Backend) http.Handler {
	return &server{b: b, log: slog.Default(), endCtx: context.Background()}
}

// route is what one method and path do. An error that comes back before anything was written becomes the answer.
type route struct {
	serve func(s *server, w http.ResponseWriter, r *http.Request, c Caller) error
	// long requests may last for ever and are told to go when the server ends.
	long bool
	// always served, whatever protocol the client speaks: what it takes to get a better supervisor.
	always bool
}

var routes = map[string]route{
	"GET /v1/hello":        {serve: get((*server).hello), always: true},
	"POST /v1/start":       {serve: (*server).start},
	"POST /v1/stop":        {serve: post(Backend.Stop)},
	"POST /v1/restart":     {serve: post(listOf(Backend.Restart))},
	"GET /v1/roles":        {serve: get((*server).roles)},
	"GET /v1/role":         {serve: get((*server).role)},
	"GET /v1/teams":        {serve: get((*server).teams)},
	"POST /v1/send":        {serve: post(Backend.Send)},
	"POST /v1/reply":       {serve: post(Backend.Reply)},
	"POST /v1/broadcast":   {serve: post(Backend.Broadcast)},
	"POST /v1/inbox":       {serve: post(Backend.Inbox)},
	"POST /v1/inbox/pop":   {serve: post(Backend.InboxPop)},
	"POST /v1/inbox/clear": {serve: post(Backend.InboxClear)},
	"POST /v1/process": {serve: post(func(b Backend, ctx context.Context, c Caller, _ struct{}) (ProcessResult, error) {
		return b.Process(ctx, c)
	})},
	"POST /v1/register":        {serve: post(Backend.Register)},
	"POST /v1/unregister":      {serve: post(nothing(Backend.Unregister))},
	"POST /v1/hook":            {serve: post(Backend.Hook)},
	"POST /v1/redact":          {serve: post(nothing(Backend.Redact))},
	"GET /v1/events":           {serve: (*server).eventLines, long: true},
	"GET /v1/message":          {serve: get((*server).message)},
	"POST /v1/approve":         {serve: post(Backend.Approve)},
	"POST /v1/deny":            {serve: post(Backend.Deny)},
	"POST /v1/respond":         {serve: post(Backend.Respond)},
	"POST /v1/cancel":          {serve: post(Backend.Cancel)},
	"GET /v1/read":             {serve: get((*server).read)},
	"POST /v1/read":            {serve: post(Backend.Read)},
	"POST /v1/wait":            {serve: post(Backend.Wait), long: true},
	"GET /v1/whoami":           {serve: get((*server).whoami)},
	"GET /v1/log":              {serve: (*server).logLines, long: true},
	"POST /v1/supervisor/stop": {serve: (*server).stopSupervisor, always: true},
}

// ServeHTTP does what all routes share: it refuses strangers, old and new protocols and newer builds, and lets nothing begin at the end.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	from, ok := r.Context().Value(peerKey{}).(peer)
	if !ok {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set(headerProtocol, strconv.Itoa(Protocol))
	if why := s.reason(); why != endNot {
		s.goAway(w, why, false)
		return
	}
	rt, err := find(r)
	if err == nil && !rt.always {
		err = s.handshake(w, r)
	}
	if err != nil {
		s.fail(w, err)
		return
	}
	c, err := facts(r.Header, from)
	if err != nil {
		s.fail(w, err)
		return
	}
	ctx := r.Context()
	if rt.long {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(s.endCtx, cancel)()
	}
	out := &writer{ResponseWriter: w}
	r.Body = http.MaxBytesReader(w, r.Body, MaxBody)
	err = rt.serve(s, out, r.WithContext(ctx), s.b.Attribute(ctx, c))
	if max(r.ContentLength, out.n) > largeBody {
		s.spare.later()
	}
	switch {
	case err == nil:
	case ctx.Err() != nil && s.endCtx.Err() == nil:
		// Nobody is there to read an answer.
	case rt.long && s.endCtx.Err() != nil && !out.begun:
		s.goAway(w, s.reason(), true)
	case out.begun:
		// The stream has told its error itself.
	case ctx.Err() != nil:
		s.fail(w, &Error{Code: CodeError, Message: "the supervisor ended before it had answered", Hint: unknown})
	default:
		s.fail(w, err)
	}
}

// find looks the route up.
func find(r *http.Request) (route, error) {
	if rt, ok := routes[r.Method+" "+r.URL.Path]; ok {
		return rt, nil
	}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		if _, ok := routes[method+" "+r.URL.Path]; ok {
			return route{}, &Error{Code: CodeUsage, Message: r.Method + " " + r.URL.Path + ": wrong method", Hint: "use " + method}
		}
	}
	return route{}, &Error{Code: CodeNotFound, Message: "no route " + r.URL.Path}
}

// handshake refuses a client that could misunderstand, and one that has something better to run. Both are told before anything was done, so that
// the first request needs no round trip before it.
func (s *server) handshake(w http.ResponseWriter, r *http.Request) error {
	newer := false
	if build := r.Header.Get(headerBuild); build != "" && parseBuild(build).Newer(s.b.Hello().Build) {
		newer = true
		w.Header().Set(headerUpgrade, "newer")
	}
	if theirs := r.Header.Get(headerProtocol); theirs != "" && theirs != strconv.Itoa(Protocol) {
		return &Error{Code: CodeProtocol, Message: fmt.Sprintf("the running supervisor speaks protocol %d, this command %s", Protocol, theirs),
			Hint: "update the older one; `isesh supervise --stop` ends the supervisor, agents go on"}
	}
	if newer {
		return &Error{Code: CodeProtocol, Message: "the running supervisor is an older build than this command"}
	}
	return nil
}

// goAway answers a request that comes at the end.
func (s *server) goAway(w http.ResponseWriter, why ending, begun bool) {
	w.Header().Set(headerEnding, string(why))
	w.Header().Set("Connection", "close")
	if begun {
		w.Header().Set(headerBegun, "true")
	}
	writeJSON(w, http.StatusServiceUnavailable, failure{Error: &Error{Code: CodeError, Message: "the supervisor is ending", Hint: "agents go on; try again"}})
}

// fail answers with an error.
func (s *server) fail(w http.ResponseWriter, err error) {
	var tooLong *http.MaxBytesError
	if errors.As(err, &tooLong) {
		err = &Error{Code: CodeUsage, Message: fmt.Sprintf("the request is longer than %d bytes", tooLong.Limit)}
	}
	e := toError(err)
	writeJSON(w, status(e.Code), failure{Error: e})
}

func writeJSON(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	json.NewEncoder(w).Encode(v) // an error means that the client has gone
}

// writer remembers whether an answer has begun.
type writer struct {
	http.ResponseWriter
	begun bool
	n     int64 // bytes written
}

func (w *writer) WriteHeader(code int) {
	w.begun = true
	w.ResponseWriter.WriteHeader(code)
}

func (w *writer) Write(b []byte) (int, error) {
	w.begun = true
	n, err := w.ResponseWriter.Write(b)
	w.n += int64(n)
	return n, err
}

// Unwrap lets an http.ResponseController flush.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// decode reads the body, which must be one JSON object without unknown fields. An empty body is the zero request.
func decode(r *http.Request, v any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == io.EOF {
		return nil
	}
	if err == nil {
		if _, err = d.Token(); err == io.EOF {
			return nil
		}
		if err == nil {
			err = errors.New("something follows the JSON object")
		}
	}
	var tooLong *http.MaxBytesError
	if errors.As(err, &tooLong) {
		return err
	}
	return &Error{Code: CodeUsage, Message: "reading the request: " + strings.TrimPrefix(err.Error(), "json: ")}
}

// post makes a route of a method with a request and a result.
func post[Req, Res any](do func(Backend, context.Context, Caller, Req) (Res, error)) func(*server, http.ResponseWriter, *http.Request, Caller) error {
	return func(s *server, w http.ResponseWriter, r *http.Request, c Caller) error {
		var req Req
		if err := decode(r, &req); err != nil {
			return err
		}
		res, err := do(s.b, r.Context(), c, req)
		if err != nil {
			return err
		}
		writeJSON(w, http.StatusOK, res)
		return nil
	}
}

// get makes a route of a method that reads its arguments from the query.
func get[Res any](do func(*server, context.Context, Caller, *query) (Res, error)) func(*server, http.ResponseWriter, *http.Request, Caller) error {
	return func(s *server, w http.ResponseWriter, r *http.Request, c Caller) error {
		res, err := do(s, r.Context(), c, &query{values: r.URL.Query()})
		if err != nil {
			return err
		}
		writeJSON(w, http.StatusOK, res)
		return nil
	}
}

// listOf makes an empty list of a nil one: clients iterate over it.
func listOf[Req, T any](do func(Backend, context.Context, Caller, Req) ([]T, error)) func(Backend, context.Context, Caller, Req) ([]T, error) {
	return func(b Backend, ctx context.Context, c Caller, r Req) ([]T, error) {
		list, err := do(b, ctx, c, r)
		return notNil(list), err
	}
}

// nothing makes an empty result of none.
func nothing[Req any](do func(Backend, context.Context, Caller, Req) error) func(Backend, context.Context, Caller, Req) (struct{}, error) {
	return func(b Backend, ctx context.Context, c Caller, r Req) (struct{}, error) {
		return struct{}{}, do(b, ctx, c, r)
	}
}

func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func (s *server) hello(_ context.Context, _ Caller, q *query) (Hello, error) {
	return s.b.Hello(), q.end()
}

func (s *server) roles(ctx context.Context, c Caller, q *query) ([]Role, error) {
	if err := q.end(); err != nil {
		return nil, err
	}
	list, err := s.b.Roles(ctx, c)
	return notNil(list), err
}

func (s *server) role(ctx context.Context, c Caller, q *query) (Role, error) {
	ref := q.text("ref")
	if err := q.end(); err != nil {
		return Role{}, err
	}
	if ref == "" {
		return Role{}, missingParameter("ref")
	}
	return s.b.Role(ctx, c, ref)
}

func (s *server) teams(ctx context.Context, c Caller, q *query) ([]Team, error) {
	name := q.text("name")
	if err := q.end(); err != nil {
		return nil, err
	}
	list, err := s.b.Teams(ctx, c, name)
	return notNil(list), err
}

func (s *server) message(ctx context.Context, c Caller, q *query) (receiptAnswer, error) {
	id := q.text("id")
	if err := q.end(); err != nil {
		return receiptAnswer{}, err
	}
	if id == "" {
		return receiptAnswer{}, missingParameter("id")
	}
	receipt, records, err := s.b.Receipt(ctx, c, id)
	return receiptAnswer{receipt, notNil[roles.Record](records)}, err
}

func (s *server) read(ctx context.Context, c Caller, q *query) (ReadResult, error) {
	req := ReadRequest{To: q.text("to"), Lines: q.number("lines"), Colour: q.flag("colour"), Join: q.flag("join")}
	if err := q.end(); err != nil {
		return ReadResult{}, err
	}
	return s.b.Read(ctx, c, req)
}

func (s *server) whoami(ctx context.Context, c Caller, q *query) (WhoAmI, error) {
	if err := q.end(); err != nil {
		return WhoAmI{}, err
	}
	return s.b.WhoAmI(ctx, c)
}

func missingParameter(name string) error {
	return &Error{Code: CodeUsage, Message: "parameter " + name + " is missing"}
}

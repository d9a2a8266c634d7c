package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"sync"

	"isesh/roles"
)

// lines writes an answer of JSON objects, one a line, each at once. Its goroutines may be many; after end it writes nothing.
type lines struct {
	mu    sync.Mutex // guards all
	w     http.ResponseWriter
	flush func() error
	begun bool
	ended bool
}

func newLines(w http.ResponseWriter) *lines {
	return &lines{w: w, flush: http.NewResponseController(w).Flush}
}

func (l *lines) write(v any) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return nil
	}
	l.begin()
	if err := json.NewEncoder(l.w).Encode(v); err != nil {
		return err
	}
	return l.flush()
}

// begin sends the header.
func (l *lines) begin() {
	if !l.begun {
		l.begun = true
		l.w.Header().Set("Content-Type", "application/x-ndjson")
		l.w.WriteHeader(http.StatusOK)
	}
}

// open sends the header now: the client knows that it follows.
func (l *lines) open() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.begin()
	return l.flush()
}

// end closes the stream with an error, where there is one. Before the first line the error is left to the caller: the answer can still have its
// status.
func (l *lines) end(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	if err == nil {
		l.begin()
		return nil
	}
	if l.begun {
		last := failure{Error: toError(err)}
		var gone *goneError
		if errors.As(err, &gone) {
			last.Ending = gone.why
		}
		json.NewEncoder(l.w).Encode(last)
	}
	return err
}

// start answers with progress while it lasts.
func (s *server) start(w http.ResponseWriter, r *http.Request, c Caller) error {
	var req StartRequest
	if err := decode(r, &req); err != nil {
		return err
	}
	out := newLines(w)
	res, err := s.b.Start(r.Context(), c, req, func(text string) { out.write(startLine{Progress: text}) })
	if err == nil {
		err = out.write(startLine{Result: &res})
	}
	return out.end(err)
}

// logLines answers with the log, and goes on while it is followed.
func (s *server) logLines(w http.ResponseWriter, r *http.Request, c Caller) error {
	q := &query{values: r.URL.Query()}
	req := LogQuery{
		Role: q.text("role"), Team: q.text("team"), ID: q.text("id"), Limit: q.number("limit"), Since: q.time("since"),
		Said: q.flag("said"), Follow: q.flag("follow"), Kinds: q.list("kinds"), Tag: q.text("tag"), From: q.text("from"), To: q.text("to"),
		Until: q.time("until"), Thread: q.text("thread"), Grep: q.text("grep"),
	}
	if err := q.end(); err != nil {
		return err
	}
	out := newLines(w)
	if req.Follow {
		if err := out.open(); err != nil {
			return err
		}
	}
	err := s.b.Log(r.Context(), c, req, func(e Entry) error { return out.write(e) })
	if s.endCtx.Err() != nil && req.Follow {
		err = &goneError{s.reason()}
	}
	return out.end(err)
}

// eventLines answers with events, and goes on while they are followed.
func (s *server) eventLines(w http.ResponseWriter, r *http.Request, c Caller) error {
	q := &query{values: r.URL.Query()}
	req := EventQuery{Role: q.text("role"), Kinds: q.list("kinds"), Since: q.time("since"), Limit: q.number("limit"), Follow: q.flag("follow")}
	if err := q.end(); err != nil {
		return err
	}
	out := newLines(w)
	if req.Follow {
		if err := out.open(); err != nil {
			return err
		}
	}
	err := s.b.Events(r.Context(), c, req, func(e roles.Event) error { return out.write(e) })
	if s.endCtx.Err() != nil && req.Follow {
		err = &goneError{s.reason()}
	}
	return out.end(err)
}

// stopSupervisor refuses a replacement that is not newer, and makes sure that none of those who come from now on meet the old supervisor.
func (s *server) stopSupervisor(w http.ResponseWriter, r *http.Request, c Caller) error {
	var req StopSupervisor
	if err := decode(r, &req); err != nil {
		return err
	}
	if req.Replace != "" && !req.Build.Newer(s.b.Hello().Build) {
		return &Error{Code: CodeConflict, Message: "the running supervisor is not older than " + req.Replace}
	}
	if req.Replace == "" {
		if err := s.b.StopSupervisor(r.Context(), c, req); err != nil {
			return err
		}
	} else {
		// The backend may have ended, and Serve with it, before it returns here.
		s.expectReplace(true)
		if err := s.b.StopSupervisor(r.Context(), c, req); err != nil {
			s.expectReplace(false)
			return err
		}
		s.end(endReplace)
	}
	writeJSON(w, http.StatusOK, struct{}{})
	return nil
}

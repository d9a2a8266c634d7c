package api

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"isesh/roles"
)

// MaxBody is the longest body of a request, in bytes: a text of 4 MiB of which JSON writes every byte as six fits.
const MaxBody = 32 << 20

// Headers of requests. All may be missing, as they are from curl; values are percent-encoded.
const (
	headerProtocol = "Isesh-Protocol" // of answers, too
	headerBuild    = "Isesh-Build"    // "size time": the client's build, when it may take the supervisor's place
	headerDir      = "Isesh-Dir"
	headerTmux     = "Isesh-Tmux"
	headerPane     = "Isesh-Tmux-Pane"
	headerRole     = "Isesh-Role"
)

// Headers of answers.
const (
	headerEnding  = "Isesh-Ending"  // with 503: nothing was done; why the supervisor takes no more requests
	headerBegun   = "Isesh-Begun"   // with 503: it was a wait or a followed log that is told to go
	headerUpgrade = "Isesh-Upgrade" // with 426: nothing was done; the client's build is newer and should replace this one
)

// failure is the body of an answer that is not 2xx, and the last line of a stream that failed.
type failure struct {
	Error  *Error `json:"error"`
	Ending ending `json:"ending,omitempty"` // of a followed log that is told to go
}

// ending says why a server takes no more requests.
type ending string

const (
	endNot     ending = ""
	endStop    ending = "stop"    // whoever wants a supervisor starts another one
	endReplace ending = "replace" // a successor takes over the socket
)

// goneError is what a client gets that was told to go.
type goneError struct{ why ending }

func (e *goneError) Error() string { return "the supervisor was stopped; agents go on" }

// startLine is a line of the answer to a start: some with progress, then one with the result or the error.
type startLine struct {
	Progress string       `json:"progress,omitempty"`
	Result   *StartResult `json:"result,omitempty"`
	Error    *Error       `json:"error,omitempty"`
}

// receiptAnswer is the answer about a message.
type receiptAnswer struct {
	Receipt Receipt        `json:"receipt"`
	Records []roles.Record `json:"records"`
}

// toError makes err fit for the socket.
func toError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Code: CodeError, Message: err.Error()}
}

// status is the HTTP status of an error's code.
func status(c Code) int {
	switch c {
	case CodeUsage:
		return http.StatusBadRequest
	case CodeForbidden:
		return http.StatusForbidden
	case CodeNotFound, CodeNothing:
		return http.StatusNotFound
	case CodeAmbiguous, CodeConflict, CodeRejected, CodeQueued, CodeUnconfirmed:
		return http.StatusConflict
	case CodeDead:
		return http.StatusGone
	case CodeLimited:
		return http.StatusTooManyRequests
	case CodeTimeout:
		return http.StatusGatewayTimeout
	case CodeProtocol:
		return http.StatusUpgradeRequired
	}
	return http.StatusInternalServerError
}

// setFacts writes what the client knows of itself into h.
func setFacts(h http.Header, c Caller) {
	for name, value := range map[string]string{headerDir: c.Dir, headerTmux: c.Tmux, headerPane: c.TmuxPane, headerRole: c.EnvRole} {
		if value != "" {
			h.Set(name, url.PathEscape(value))
		}
	}
}

// facts reads them. Who the caller is comes from the kernel and the backend, never from here.
func facts(h http.Header, p peer) (Caller, error) {
	c := Caller{PID: p.pid}
	for name, to := range map[string]*string{headerDir: &c.Dir, headerTmux: &c.Tmux, headerPane: &c.TmuxPane, headerRole: &c.EnvRole} {
		value, err := url.PathUnescape(h.Get(name))
		if err != nil {
			return Caller{}, &Error{Code: CodeUsage, Message: "header " + name + ": " + err.Error(), Hint: "percent-encode its value"}
		}
		*to = value
	}
	return c, nil
}

// header writes a build as one word pair.
func (b Build) header() string {
	return strconv.FormatInt(b.Size, 10) + " " + b.ModTime.UTC().Format(time.RFC3339Nano)
}

// parseBuild reads it; anything else is the zero Build, which is newer than none.
func parseBuild(s string) Build {
	size, when, _ := strings.Cut(s, " ")
	n, err := strconv.ParseInt(size, 10, 64)
	t, timeErr := time.Parse(time.RFC3339Nano, when)
	if err != nil || timeErr != nil {
		return Build{}
	}
	return Build{Size: n, ModTime: t}
}

// Newer reports whether b was built after than. A zero Build is not known: it is neither newer nor older than any.
func (b Build) Newer(than Build) bool {
	return b != Build{} && than != Build{} && b.ModTime.After(than.ModTime)
}

// values writes q as a URL's query.
func (q LogQuery) values() url.Values {
	v := url.Values{}
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	set("role", q.Role)
	set("team", q.Team)
	set("id", q.ID)
	set("tag", q.Tag)
	set("from", q.From)
	set("to", q.To)
	set("thread", q.Thread)
	set("grep", q.Grep)
	set("kinds", strings.Join(q.Kinds, ","))
	if !q.Until.IsZero() {
		v.Set("until", q.Until.Format(time.RFC3339Nano))
	}
	if q.Limit != 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	if !q.Since.IsZero() {
		v.Set("since", q.Since.Format(time.RFC3339Nano))
	}
	if q.Said {
		v.Set("said", "true")
	}
	if q.Follow {
		v.Set("follow", "true")
	}
	return v
}

// values writes q as a URL's query.
func (q EventQuery) values() url.Values {
	v := url.Values{}
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	set("role", q.Role)
	set("kinds", strings.Join(q.Kinds, ","))
	if q.Limit != 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	if !q.Since.IsZero() {
		v.Set("since", q.Since.Format(time.RFC3339Nano))
	}
	if q.Follow {
		v.Set("follow", "true")
	}
	return v
}

// query reads parameters, refusing those it was not asked for; the first error stays.
type query struct {
	values url.Values
	err    *Error
}

func (q *query) text(name string) string {
	s := q.values.Get(name)
	q.values.Del(name)
	return s
}

// list is a parameter whose values are separated by commas.
func (q *query) list(name string) []string {
	s := q.text(name)
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

func (q *query) fail(name, value, want string) {
	if q.err == nil {
		q.err = &Error{Code: CodeUsage, Message: "parameter " + name + "=" + strconv.Quote(value) + " is not " + want}
	}
}

func (q *query) number(name string) int {
	s := q.text(name)
	if s == "" {
		return 0
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		q.fail(name, s, "a number")
	}
	return n
}

func (q *query) flag(name string) bool {
	s := q.text(name)
	if s == "" {
		return false
	}
	b, err := strconv.ParseBool(s)
	if err != nil {
		q.fail(name, s, "true or false")
	}
	return b
}

func (q *query) time(name string) time.Time {
	s := q.text(name)
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		q.fail(name, s, "a time like 2006-01-02T15:04:05Z")
	}
	return t
}

// end returns the first error, a parameter that nobody read included.
func (q *query) end() error {
	for name := range q.values {
		if q.err == nil {
			q.err = &Error{Code: CodeUsage, Message: "unknown parameter " + strconv.Quote(name)}
		}
	}
	if q.err != nil {
		return q.err
	}
	return nil
}

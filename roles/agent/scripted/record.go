package scripted

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"
	"unicode/utf8"
)

// entry is one line of the record file.
type entry struct {
	Time   time.Time `json:"time"`
	N      int       `json:"n,omitempty"`      // counts the submitted messages
	Text   *string   `json:"text,omitempty"`   // the message
	Base64 string    `json:"base64,omitempty"` // the message once more when it is not UTF-8
	Queued bool      `json:"queued,omitempty"` // it came while a turn was going on

	MenuKey string `json:"menu_key,omitempty"` // key that reached a menu, "paste" for a paste
	Menu    string `json:"menu,omitempty"`
	Chose   string `json:"chose,omitempty"` // label of the option that the key chose, "declined" for none

	Context string `json:"context,omitempty"` // what a hook had to say to the agent

	Swallowed string `json:"swallowed,omitempty"` // key that was lost on purpose
}

// record writes what happened, for tests that count. Owner: the goroutine of Run.
type record struct {
	file *os.File // nil records nothing
	n    int
	err  error // the first failure; nothing is written after it
}

func openRecord(path string) (*record, error) {
	if path == "" {
		return &record{}, nil
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the record file: %w", err)
	}
	return &record{file: f}, nil
}

func (r *record) turn(text string, queued bool) {
	r.n++
	e := entry{N: r.n, Text: &text, Queued: queued}
	if !utf8.ValidString(text) {
		e.Base64 = base64.StdEncoding.EncodeToString([]byte(text))
	}
	r.add(e)
}

// add writes one line in one write, so that a reader never sees half of one.
func (r *record) add(e entry) {
	if r.file == nil || r.err != nil {
		return
	}
	e.Time = time.Now()
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(e)
	if err == nil {
		_, err = r.file.WriteString(b.String())
	}
	if err != nil {
		r.err = fmt.Errorf("writing the record file: %w", err)
	}
}

func (r *record) close() error {
	if r.file == nil {
		return nil
	}
	if err := r.file.Close(); err != nil && r.err == nil {
		r.err = fmt.Errorf("closing the record file: %w", err)
	}
	return r.err
}

package api

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/shlex"
	"github.com/matryer/is"

	"isesh/roles"
)

// docLines are the lines of the package comment that stand apart.
func docLines(t *testing.T) (out []string) {
	t.Helper()
	data, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if text, ok := strings.CutPrefix(line, "//\t"); ok {
			out = append(out, strings.TrimSpace(text))
		}
	}
	return out
}

// Every example of the package comment is a request that is understood.
func TestExamples(t *testing.T) {
	b := &fake{}
	s := serve(t, b, ServeOptions{})
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", s.paths.Socket)
	}}}
	n := 0
	for _, line := range docLines(t) {
		if !strings.HasPrefix(line, "curl ") {
			continue
		}
		n++
		t.Run(line, func(t *testing.T) {
			is := is.New(t)
			words, err := shlex.Split(line)
			is.NoErr(err)
			method, url, body := "GET", "", ""
			for i := 1; i < len(words); i++ {
				switch w := words[i]; w {
				case "--unix-socket":
					i++
					is.Equal(words[i], "$s")
				case "-N":
				case "-X":
					i++
					method = words[i]
				case "-d":
					i++
					method, body = "POST", words[i]
				default:
					url = w
				}
			}
			req, err := http.NewRequestWithContext(testContext(t), method, url, strings.NewReader(body))
			is.NoErr(err)
			if body != "" {
				req.Header.Set("Content-Type", "application/x-www-form-urlencoded") // as curl does
			}
			resp, err := client.Do(req)
			is.NoErr(err)
			defer resp.Body.Close()
			said, err := io.ReadAll(resp.Body)
			is.NoErr(err)
			if resp.StatusCode != http.StatusOK {
				t.Errorf("%s: %s", resp.Status, said)
			}
		})
	}
	if n < 10 {
		t.Errorf("only %d examples were found", n)
	}
}

// The package comment names the routes that there are.
func TestRoutesAreDocumented(t *testing.T) {
	documented := map[string]bool{}
	path := regexp.MustCompile(`/v1/[a-z/]+`)
	for _, line := range docLines(t) {
		method, _, _ := strings.Cut(line, " ")
		if method != "GET" && method != "POST" {
			continue
		}
		for _, p := range path.FindAllString(line, -1) {
			documented[method+" "+p] = true
		}
	}
	documented["POST /v1/read"] = true // stands with GET
	for r := range routes {
		if !documented[r] {
			t.Errorf("%s is not in the package comment", r)
		}
		delete(documented, r)
	}
	for r := range documented {
		t.Errorf("%s is in the package comment, and is no route", r)
	}
}

// Events are followed like the log: each arrives before the next is written, and the end is told.
func TestFollowEvents(t *testing.T) {
	is := is.New(t)
	next := make(chan int)
	b := &fake{}
	b.onEvents = func(ctx context.Context, q EventQuery, yield func(roles.Event) error) error {
		for {
			select {
			case n := <-next:
				if err := yield(event(n)); err != nil {
					return err
				}
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	s := serve(t, b, ServeOptions{})
	c := connect(t, s.paths, Caller{})
	got, done := make(chan string, 1), make(chan error, 1)
	go func() {
		done <- c.Events(testContext(t), EventQuery{Follow: true}, func(e roles.Event) error { got <- e.To; return nil })
	}()
	for _, n := range []int{3, 5, 9} {
		next <- n
		is.Equal(received(t, got), string(rune('0'+n)))
	}
	s.stop()
	err := received(t, done)
	is.True(err != nil && strings.Contains(err.Error(), "stopped"))
	is.Equal(b.last().what, "events")
}

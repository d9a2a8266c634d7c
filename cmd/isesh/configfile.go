package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"isesh/layout"
	"isesh/roles"
	"isesh/supervisor"
)

// setting is one value of the configuration file, and how it goes into the supervisor's.
type setting struct {
	key   string // "group.name" or "name"
	value string // its default, as it is written
	about string
	set   func(c *supervisor.Config, value string) error
}

// settings are all there are, in the order in which they are shown.
var settings = []setting{
	{"limits.expire", "7d", "a message that has waited so long is given up, and its sender told; or never",
		func(c *supervisor.Config, v string) error { return setSpan(&c.Expire, v, -1) }},
	{"limits.message", "4MiB", "how long the text of a message may be, 4MiB at most",
		func(c *supervisor.Config, v string) error {
			n := int64(0)
			err := setSize(&n, v, 0)
			if err == nil && (n < 1 || n > supervisor.MaxText) {
				err = fmt.Errorf("%q is not between 1B and 4MiB", v)
			}
			c.Longest = int(n)
			return err
		}},
	{"limits.file_above", "64KiB", "a longer text goes into a file, and where that is is typed; or never",
		func(c *supervisor.Config, v string) error {
			n := int64(0)
			err := setSize(&n, v, -1)
			c.FileAbove = int(n)
			return err
		}},
	{"log.keep", "1GiB", "how much of the conversation is kept; what is not delivered yet stays in any case",
		func(c *supervisor.Config, v string) error { return setSize(&c.Keep, v, 1<<62) }},
	{"log.keep_for", "never", "records older than this are dropped; never: for no age",
		func(c *supervisor.Config, v string) error { return setSpan(&c.KeepFor, v, 0) }},
	{"inbox.keep", "30d", "how long what was read stays in a mailbox; or never: it is never dropped",
		func(c *supervisor.Config, v string) error { return setSpan(&c.KeepLetters, v, 100*365*day) }},
	{"prefix", "isesh-", "what the names of the teams' tmux sessions begin with",
		func(c *supervisor.Config, v string) error {
			c.Prefix = v
			return roles.ValidName(v)
		}},
	{"idle_exit", "10m", "a supervisor with nothing to do ends after so long; or never",
		func(c *supervisor.Config, v string) error { return setSpan(&c.IdleExit, v, 0) }},
}

const day = 24 * time.Hour

// setSpan reads a span of time: 7d, 12h, 30m; never stands for a value of its own.
func setSpan(to *time.Duration, s string, never time.Duration) error {
	if s == "never" {
		*to = never
		return nil
	}
	d, err := time.ParseDuration(s)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		var n int
		if n, err = strconv.Atoi(days); err == nil && n > 36500 {
			err = errors.New("too long")
		}
		d = time.Duration(n) * day
	}
	if err != nil || d <= 0 {
		return fmt.Errorf("%q is no span of time: write 7d, 12h, 30m or never", s)
	}
	*to = d
	return nil
}

var sizeForm = regexp.MustCompile(`^([0-9]{1,9})(B|KiB|MiB|GiB|TiB)?$`)

// setSize reads a number of bytes: 64KiB, 1GiB, 4096; never stands for a value of its own.
func setSize(to *int64, s string, never int64) error {
	if s == "never" {
		*to = never
		return nil
	}
	m := sizeForm.FindStringSubmatch(s)
	if m == nil || strings.Trim(m[1], "0") == "" {
		return fmt.Errorf("%q is no size: write 64KiB, 4MiB, 1GiB or never", s)
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil {
		return err
	}
	*to = n << (10 * max(slices.Index([]string{"B", "KiB", "MiB", "GiB", "TiB"}, m[2]), 0))
	return nil
}

// configValue is a value of the configuration in effect.
type configValue struct {
	Key     string `json:"key"`
	Value   string `json:"value"`
	Default string `json:"default"`
	From    string `json:"from"` // "default", or file and line
	about   string
}

// readConfig reads a configuration file into c and returns what is in effect. A file that is missing, like a key that is not in it, leaves the
// defaults. The mistakes in it are layout.Errors.
func readConfig(path string, c *supervisor.Config) ([]configValue, error) {
	var values []configValue
	for _, s := range settings {
		if err := s.set(c, s.value); err != nil {
			return nil, fmt.Errorf("the default of %s: %w", s.key, err)
		}
		values = append(values, configValue{s.key, s.value, s.value, "default", s.about})
	}
	if path == "" {
		return values, nil
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return values, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	r := configReader{path: path, c: c, values: values, lines: map[string]int{}}
	r.read(data)
	if len(r.errs) > 0 {
		return nil, r.errs
	}
	return values, nil
}

// configReader reads one file and collects all its mistakes.
type configReader struct {
	path   string
	c      *supervisor.Config
	values []configValue
	lines  map[string]int // of the keys that were there
	errs   layout.Errors
}

func (r *configReader) fail(n *yaml.Node, hint, format string, args ...any) {
	r.errs = append(r.errs, &layout.Error{File: r.path, Line: n.Line, Col: n.Column, Msg: fmt.Sprintf(format, args...), Hint: hint})
}

var yamlLine = regexp.MustCompile(`^yaml: line (\d+): (.*)$`)

func (r *configReader) read(data []byte) {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		at, msg := &yaml.Node{}, strings.TrimPrefix(err.Error(), "yaml: ")
		if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
			at.Line, _ = strconv.Atoi(m[1])
			msg = m[2]
		}
		r.fail(at, "", "this is no YAML: %s", msg)
		return
	}
	if len(doc.Content) == 1 {
		r.mapping(doc.Content[0], "")
	}
}

// mapping reads the keys of a group, of the whole file when its name is empty.
func (r *configReader) mapping(n *yaml.Node, group string) {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return
	}
	if n.Kind != yaml.MappingNode {
		r.fail(n, "see isesh config show", "%s must be a mapping of keys to values", strings.TrimSpace("the configuration "+group))
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		r.key(n.Content[i], n.Content[i+1], group)
	}
}

func (r *configReader) key(kn, vn *yaml.Node, group string) {
	key := strings.TrimPrefix(group+"."+kn.Value, ".")
	if first, twice := r.lines[key]; twice {
		r.fail(kn, "keep one of the two", "%q comes twice, first on line %d", key, first)
		return
	}
	r.lines[key] = kn.Line
	if group == "" && slices.ContainsFunc(settings, func(s setting) bool { return strings.HasPrefix(s.key, key+".") }) {
		r.mapping(vn, key)
		return
	}
	at := slices.IndexFunc(settings, func(s setting) bool { return s.key == key })
	switch {
	case at < 0:
		r.unknown(kn, key, group)
	case vn.Kind != yaml.ScalarNode || vn.Tag == "!!null":
		r.fail(kn, "for example "+settings[at].value, "%s has no value", key)
	default:
		if err := settings[at].set(r.c, vn.Value); err != nil {
			r.fail(vn, "", "%s: %v", key, err)
			return
		}
		r.values[at].Value, r.values[at].From = vn.Value, fmt.Sprintf("%s:%d", r.path, vn.Line)
	}
}

// unknown refuses a key that there is not, with the nearest one.
func (r *configReader) unknown(kn *yaml.Node, key, group string) {
	var known []string
	for _, s := range settings {
		name, ok := strings.CutPrefix(s.key, group+".")
		if group == "" {
			name, _, _ = strings.Cut(s.key, ".")
			ok = true
		}
		if ok && !slices.Contains(known, name) {
			known = append(known, name)
		}
	}
	hint := "known keys: " + strings.Join(known, ", ")
	if near := layout.Suggest(kn.Value, known); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	r.fail(kn, hint, "unknown key %q", key)
}

package agent

import (
	"fmt"
	"regexp"
	"time"

	"gopkg.in/yaml.v3"
)

// Regex is a regular expression in a profile, compiled when the profile is parsed. The zero Regex asks for nothing.
type Regex struct{ re *regexp.Regexp }

// UnmarshalYAML compiles the expression.
func (r *Regex) UnmarshalYAML(n *yaml.Node) error {
	var src string
	if err := n.Decode(&src); err != nil {
		return fmt.Errorf("line %d: a regex must be a string", n.Line)
	}
	if src == "" {
		r.re = nil
		return nil
	}
	re, err := regexp.Compile(src)
	if err != nil {
		return fmt.Errorf("line %d: regex %q: %w", n.Line, src, err)
	}
	r.re = re
	return nil
}

func (r Regex) set() bool { return r.re != nil }

func (r Regex) match(s string) bool { return r.re != nil && r.re.MatchString(s) }

// prefix returns how many bytes at the beginning of s the expression matches, or -1.
func (r Regex) prefix(s string) int {
	if r.re == nil {
		return -1
	}
	if at := r.re.FindStringIndex(s); at != nil && at[0] == 0 {
		return at[1]
	}
	return -1
}

// whole returns s and the groups in it if the expression matches all of s, else nil.
func (r Regex) whole(s string) []string {
	if r.re == nil {
		return nil
	}
	if m := r.re.FindStringSubmatch(s); m != nil && m[0] == s {
		return m
	}
	return nil
}

// find returns the first group of the first match, or the match where there is no group.
func (r Regex) find(s string) (string, bool) {
	if r.re == nil {
		return "", false
	}
	m := r.re.FindStringSubmatch(s)
	switch {
	case m == nil:
		return "", false
	case len(m) > 1 && m[1] != "":
		return m[1], true
	}
	return m[0], true
}

func matchAny(rs []Regex, s string) bool {
	for _, r := range rs {
		if r.match(s) {
			return true
		}
	}
	return false
}

// Duration is a time.Duration written as "1.5s" in YAML.
type Duration time.Duration

// UnmarshalYAML parses the duration.
func (d *Duration) UnmarshalYAML(n *yaml.Node) error {
	v, err := time.ParseDuration(n.Value)
	if err != nil || v < 0 {
		return fmt.Errorf("line %d: %q is no duration (write it like 1.5s)", n.Line, n.Value)
	}
	*d = Duration(v)
	return nil
}

package layout

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// UnmarshalText reads a positive duration.
func (d *Duration) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = 0
		return nil
	}
	v, err := time.ParseDuration(string(text))
	if err != nil || v <= 0 {
		return fmt.Errorf("bad duration %q: write a number and a unit, as 30s, 5m or 1h", text)
	}
	*d = Duration(v)
	return nil
}

// Rate is so many per span of time, written 20/10m.
type Rate struct {
	Count int
	Per   time.Duration
}

// String returns the rate as it is written in a layout.
func (r Rate) String() string { return strconv.Itoa(r.Count) + "/" + shortDuration(r.Per) }

// MarshalText writes the rate as String does, and nothing for the zero Rate.
func (r Rate) MarshalText() ([]byte, error) {
	if r == (Rate{}) {
		return nil, nil
	}
	return []byte(r.String()), nil
}

// UnmarshalText reads a count and a duration with a slash between them.
func (r *Rate) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*r = Rate{}
		return nil
	}
	count, per, ok := strings.Cut(string(text), "/")
	n, err := strconv.Atoi(strings.TrimSpace(count))
	var d Duration
	if !ok || err != nil || n < 1 || strings.TrimSpace(per) == "" || d.UnmarshalText([]byte(strings.TrimSpace(per))) != nil {
		return fmt.Errorf("bad rate %q: write how many in how long, as 20/10m", text)
	}
	*r = Rate{Count: n, Per: time.Duration(d)}
	return nil
}

// shortDuration drops the zero parts that time.Duration prints: 10m, not 10m0s.
func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

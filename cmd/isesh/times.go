package main

import (
	"strconv"
	"strings"
	"time"
)

// parseSince reads a span (10m, 2h, 3d) or a point in time.
func parseSince(s string, now time.Time) (time.Time, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n >= 0 {
			return now.AddDate(0, 0, -n), nil
		}
	}
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(form, s, time.Local); err == nil {
			return t, nil
		}
	}
	if t, err := time.ParseInLocation("15:04", s, time.Local); err == nil {
		y, m, d := now.Date()
		return time.Date(y, m, d, t.Hour(), t.Minute(), 0, 0, time.Local), nil
	}
	return time.Time{}, usagef("write a span or a time: 10m, 2h, 3d, 14:30, 2006-01-02", "bad time %q", s)
}

// parseDay reads a day and returns its beginning and that of the next.
func parseDay(s string, now time.Time) (from, to time.Time, err error) {
	y, m, d := now.Local().Date()
	switch s {
	case "today":
	case "yesterday":
		d--
	default:
		t, err := time.ParseInLocation(time.DateOnly, s, time.Local)
		if err != nil {
			return from, to, usagef("write today, yesterday or 2006-01-02", "bad day %q", s)
		}
		y, m, d = t.Date()
	}
	return time.Date(y, m, d, 0, 0, 0, 0, time.Local), time.Date(y, m, d+1, 0, 0, 0, 0, time.Local), nil
}

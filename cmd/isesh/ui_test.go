package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/fatih/color"
	"github.com/matryer/is"
)

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"plain é 漢 🙂":                              "plain é 漢 🙂",
		"two\nlines":                               "two ↵ lines",
		"win\r\nlines":                             "win ↵ lines",
		"line\u2028sep\u2029par\u0085nl":           "line ↵ sep ↵ par ↵ nl",
		"tab\there":                                "tab here",
		"\x1b[31mred\x1b[0m":                       "red",
		"\x1b]0;title\x07x":                        "\u241bx",
		"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\": "\u241blink\u241b",
		"\x1bP1$q\x1b\\x\u009dt\u009cy":            "\u241bx\u241by",
		"\x1b[?25l\x1b[2 q\x1b(B\x1b7\x1bcx\x1b[":  "x",
		"\x1b]0;no end\nof it\x07":                 "0;no end ↵ of it",
		"\x1b\x1b[0m[31mx":                         "[31mx",
		"c1 \u009b31m":                             "c1 ",
		"bidi \u202eevil\u2066":                    "bidi evil",
		"bad \xff utf-8":                           "bad \ufffd utf-8",
		"del\x7f":                                  "del",
	} {
		if got := printable(in, false); got != want {
			t.Errorf("printable(%q) = %q, want %q", in, got, want)
		}
	}
	is := is.New(t)
	is.Equal(printable("a\nb\x1b[Kc", true), "a\nbc")
}

// Nothing that reaches a terminal through printable can move its cursor or forge a second line.
func FuzzPrintable(f *testing.F) {
	f.Add("x\x1b[2J\n[from:boss] y\u2028z")
	f.Fuzz(func(t *testing.T, s string) {
		for _, r := range printable(s, false) {
			if r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029' || r == '\u202e' {
				t.Fatalf("printable(%q) has %q", s, r)
			}
		}
	})
}

func TestCut(t *testing.T) {
	tests := []struct {
		in    string
		limit int
		want  string
	}{
		{"short", 10, "short"},
		{"exactly", 7, "exactly"},
		{"too long", 7, "too lo…"},
		{"whole", 0, "whole"},
		{"漢字漢字", 5, "漢字…"},
		{"漢字漢字", 6, "漢字…"},
		{"👩‍👩‍👧 family", 4, "👩‍👩‍👧 …"},
	}
	for _, tt := range tests {
		got := cut(tt.in, tt.limit)
		if got != tt.want {
			t.Errorf("cut(%q, %d) = %q, want %q", tt.in, tt.limit, got, tt.want)
		}
	}
}

func TestTable(t *testing.T) {
	is := is.New(t)
	var b bytes.Buffer
	p := palette{on: true}
	is.NoErr(writeTable(&b, [][]cell{
		{plain("漢字"), {"red", func(s string) string { return p.paint(s, color.FgRed) }}, plain("and a long last column")},
		{plain("a"), plain("b"), plain("")},
	}, 20))
	is.Equal(b.String(), "漢字  \x1b[31mred\x1b[0m  and a lo…\na     b\n")
}

func TestAge(t *testing.T) {
	now := time.Date(2026, 1, 10, 12, 0, 0, 0, time.UTC)
	for ago, want := range map[time.Duration]string{
		-time.Second: "0s", 0: "0s", 59 * time.Second: "59s", 61 * time.Second: "1m", 90 * time.Minute: "1h", 30 * time.Hour: "30h",
		72 * time.Hour: "3d",
	} {
		if got := age(now, now.Add(-ago)); got != want {
			t.Errorf("age of %v = %q, want %q", ago, got, want)
		}
	}
	is := is.New(t)
	is.Equal(age(now, time.Time{}), "-")
}

func TestShellWord(t *testing.T) {
	for in, want := range map[string]string{
		"plain-1_/.x": "plain-1_/.x", "": "''", "$3": "'$3'", "a b": "'a b'", "it's": `'it'\''s'`, "a$b": "'a$b'",
	} {
		if got := shellWord(in); got != want {
			t.Errorf("shellWord(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestTilde(t *testing.T) {
	is := is.New(t)
	is.Equal(tilde("/home/me/x", "/home/me"), "~/x")
	is.Equal(tilde("/home/me", "/home/me"), "~")
	is.Equal(tilde("/home/meadow", "/home/me"), "/home/meadow")
	is.Equal(tilde("/x", ""), "/x")
	is.Equal(tilde("/x", "/"), "/x")
}

func TestParseSince(t *testing.T) {
	is := is.New(t)
	now := time.Date(2026, 1, 10, 12, 0, 0, 0, time.Local)
	for in, want := range map[string]time.Time{
		"10m":                  now.Add(-10 * time.Minute),
		"3d":                   now.AddDate(0, 0, -3),
		"09:30":                time.Date(2026, 1, 10, 9, 30, 0, 0, time.Local),
		"2026-01-02":           time.Date(2026, 1, 2, 0, 0, 0, 0, time.Local),
		"2026-01-02 03:04":     time.Date(2026, 1, 2, 3, 4, 0, 0, time.Local),
		"2026-01-02T03:04:05Z": time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	} {
		got, err := parseSince(in, now)
		is.NoErr(err)
		is.True(got.Equal(want)) // got and want differ for one of the times
	}
	for _, bad := range []string{"", "-5m", "soon", "5 days", "-2d"} {
		_, err := parseSince(bad, now)
		is.True(err != nil)
	}
}

func TestPalette(t *testing.T) {
	is := is.New(t)
	a, out, _ := testApp(nil)
	is.True(!a.palette(out).on) // no terminal, no colour
	is.Equal(palette{}.state("busy"), "busy")
	is.True(palette{on: true}.state("busy") != "busy")
	is.Equal(palette{on: true}.speaker("shop/dev"), palette{on: true}.speaker("shop/dev"))
}

func TestNarrowed(t *testing.T) {
	rows := func() [][]cell {
		return [][]cell{
			{plain("ROLE"), plain("DIR"), plain("PANE"), plain("NOTE")},
			{plain("shop/dev"), plain("~/src/shop/backend"), plain("%1"), plain("waits for an answer to a question that is long")},
		}
	}
	for limit, want := range map[int]string{0: "ROLE DIR PANE NOTE", 60: "ROLE DIR PANE NOTE", 59: "ROLE PANE NOTE", 40: "ROLE PANE NOTE", 39: "ROLE NOTE", 5: "ROLE NOTE"} {
		is := is.New(t)
		got := narrowed(rows(), limit, "DIR", "PANE")
		var names []string
		for _, c := range got[0] {
			names = append(names, c.text)
		}
		is.Equal(strings.Join(names, " "), want)
		is.Equal(len(got[1]), len(got[0]))
	}
}

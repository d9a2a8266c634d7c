package scripted

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// wideRanges are the characters that terminals give two columns.
var wideRanges = [][2]rune{
	{0x1100, 0x115f}, {0x231a, 0x231b}, {0x2329, 0x232a}, {0x23e9, 0x23ec}, {0x23f0, 0x23f0}, {0x23f3, 0x23f3},
	{0x25fd, 0x25fe}, {0x2614, 0x2615}, {0x2648, 0x2653}, {0x267f, 0x267f}, {0x2693, 0x2693}, {0x26a1, 0x26a1},
	{0x26aa, 0x26ab}, {0x26bd, 0x26be}, {0x26c4, 0x26c5}, {0x26ce, 0x26ce}, {0x26d4, 0x26d4}, {0x26ea, 0x26ea},
	{0x26f2, 0x26f3}, {0x26f5, 0x26f5}, {0x26fa, 0x26fa}, {0x26fd, 0x26fd}, {0x2705, 0x2705}, {0x270a, 0x270b},
	{0x2728, 0x2728}, {0x274c, 0x274c}, {0x274e, 0x274e}, {0x2753, 0x2755}, {0x2757, 0x2757}, {0x2795, 0x2797},
	{0x27b0, 0x27b0}, {0x27bf, 0x27bf}, {0x2b1b, 0x2b1c}, {0x2b50, 0x2b50}, {0x2b55, 0x2b55}, {0x2e80, 0x303e},
	{0x3041, 0x33ff}, {0x3400, 0x4dbf}, {0x4e00, 0xa4cf}, {0xa960, 0xa97c}, {0xac00, 0xd7a3}, {0xf900, 0xfaff},
	{0xfe30, 0xfe6f}, {0xff01, 0xff60}, {0xffe0, 0xffe6}, {0x1f004, 0x1f004}, {0x1f0cf, 0x1f0cf}, {0x1f18e, 0x1f18e},
	{0x1f191, 0x1f19a}, {0x1f200, 0x1f265}, {0x1f300, 0x1f320}, {0x1f32d, 0x1f335}, {0x1f337, 0x1f37c},
	{0x1f37e, 0x1f393}, {0x1f3a0, 0x1f3ca}, {0x1f3cf, 0x1f3d3}, {0x1f3e0, 0x1f3f0}, {0x1f3f4, 0x1f3f4},
	{0x1f3f8, 0x1f43e}, {0x1f440, 0x1f440}, {0x1f442, 0x1f4fc}, {0x1f4ff, 0x1f53d}, {0x1f54b, 0x1f54e},
	{0x1f550, 0x1f567}, {0x1f57a, 0x1f57a}, {0x1f595, 0x1f596}, {0x1f5a4, 0x1f5a4}, {0x1f5fb, 0x1f64f},
	{0x1f680, 0x1f6c5}, {0x1f6cc, 0x1f6cc}, {0x1f6d0, 0x1f6d2}, {0x1f6d5, 0x1f6d7}, {0x1f6dc, 0x1f6df},
	{0x1f6eb, 0x1f6ec}, {0x1f6f4, 0x1f6fc}, {0x1f7e0, 0x1f7eb}, {0x1f7f0, 0x1f7f0}, {0x1f90c, 0x1f93a},
	{0x1f93c, 0x1f945}, {0x1f947, 0x1f9ff}, {0x1fa70, 0x1faff}, {0x20000, 0x3fffd},
}

// width is the number of columns that a terminal gives to r: 0 for what joins the character before, and for controls.
func width(r rune) int {
	switch {
	case r < 0x20 || r >= 0x7f && r < 0xa0:
		return 0
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	}
	_, wide := slices.BinarySearchFunc(wideRanges, r, func(span [2]rune, r rune) int {
		if r > span[1] {
			return -1
		}
		return cmp.Compare(span[0], min(r, span[0]))
	})
	if wide {
		return 2
	}
	return 1
}

// columns is the width of a text without controls.
func columns(s string) int {
	n := 0
	for _, r := range s {
		n += width(r)
	}
	return n
}

// control reports whether r must never reach the terminal.
func control(r rune) bool { return r < 0x20 || r >= 0x7f && r < 0xa0 }

// clean makes one line of foreign text fit for the terminal: tabs become four spaces, controls vanish.
func clean(s string) string {
	if utf8.ValidString(s) && strings.IndexFunc(s, control) < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		switch {
		case r == '\t':
			b.WriteString("    ")
		case !control(r):
			b.WriteRune(r)
		}
	}
	return b.String()
}

// wrap cuts a clean line into pieces of at most w columns, at least one piece: at a blank, which is dropped, else anywhere.
func wrap(s string, w int) []string {
	w = max(w, 2)
	var out []string
	start, used, blank := 0, 0, -1 // blank is the last one of the piece behind its indent
	inText := false
	for i, r := range s {
		n := width(r)
		if used+n > w {
			end, next := i, i
			switch {
			case r == ' ':
				next = i + 1
			case blank > 0:
				end, next = blank, blank+1
			}
			out = append(out, s[start:end])
			start, used, blank = next, columns(s[next:max(i, next)]), -1
			inText = used > 0
			if r == ' ' {
				continue
			}
		}
		if r == ' ' && inText {
			blank = i
		}
		inText = inText || r != ' '
		used += n
	}
	return append(out, s[start:])
}

// cut shortens a clean line to w columns, with an ellipsis.
func cut(s string, w int) string {
	if columns(s) <= w {
		return s
	}
	used := 0
	for i, r := range s {
		if used += width(r); used > w-1 {
			return s[:i] + "…"
		}
	}
	return s
}

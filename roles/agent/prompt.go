package agent

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// SamePrompt tells whether a prompt, as a hook of the agent was told it, is the text that was pasted. The marks that the agent puts
// around a paste, how many blanks stand in one place, invisible characters and normal forms do not count; a placeholder stands for a
// paste of its size. A part of the text is not the text.
func (p *Profile) SamePrompt(prompt, pasted string) bool {
	split := false
	if marks := p.spec.Text.Wrapped.re; marks != nil {
		split = len(marks.FindAllStringIndex(prompt, 3)) > 2
		// Of the text as well, which may quote such marks.
		prompt, pasted = marks.ReplaceAllString(prompt, ""), marks.ReplaceAllString(pasted, "")
	}
	if split { // a paste that came in pieces: the newlines around each of them are in the text, and the text's own are not told from them
		prompt, pasted = squeeze(prompt), squeeze(pasted)
	}
	return sameWords(prompt, pasted) || p.spec.Composer != nil && p.standsFor(strings.TrimSpace(prompt), pasted)
}

// sameWords compares whole texts word by word.
func sameWords(a, b string) bool {
	a, b = words(a), words(b)
	return a != "" && (a == b || sameForms(a, b))
}

// words drops what cannot be seen, and leaves one blank between words.
func words(s string) string {
	s = strings.Map(func(r rune) rune {
		if ignorable(r) || unicode.IsControl(r) && !unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// sameForms tells whether two texts may be one in different normal forms: where one has a letter and its marks, the other may have the
// composed letter. Without the tables of Unicode any composed letter will do, so é and e with another mark are taken for the same;
// é and è, both composed, are not.
func sameForms(a, b string) bool {
	for a != "" && b != "" {
		var x, y letterForm
		x, a = nextForm(a)
		y, b = nextForm(b)
		if !x.same(y) {
			return false
		}
	}
	return a == b
}

// letterForm is a character with the marks that follow it.
type letterForm struct {
	base  rune
	marks []rune
}

func nextForm(s string) (letterForm, string) {
	r, n := utf8.DecodeRuneInString(s)
	f := letterForm{base: r}
	for s = s[n:]; s != ""; s = s[n:] {
		if r, n = utf8.DecodeRuneInString(s); !unicode.Is(unicode.M, r) && (r < 0x1160 || r > 0x11FF) { // vowels and finals of Hangul follow like marks
			break
		}
		f.marks = append(f.marks, r)
	}
	return f, s
}

func (f letterForm) same(g letterForm) bool {
	if len(f.marks) > len(g.marks) {
		f, g = g, f
	}
	switch {
	case f.base == g.base && len(f.marks) == len(g.marks):
		slices.Sort(f.marks)
		slices.Sort(g.marks)
		return slices.Equal(f.marks, g.marks)
	case len(g.marks) > 0:
		return f.base > unicode.MaxASCII && f.base != g.base
	case oldHan(f.base) || oldHan(g.base):
		return unicode.Is(unicode.Han, f.base) && unicode.Is(unicode.Han, g.base)
	}
	return unit(f.base) == unit(g.base)
}

// oldHan tells whether a character is one that every normal form replaces by another one.
func oldHan(r rune) bool { return r >= 0xF900 && r <= 0xFAFF || r >= 0x2F800 && r <= 0x2FA1F }

// unit is the letter that a sign for a unit becomes in every normal form.
func unit(r rune) rune {
	switch r {
	case '\u2126': // ohm
		return '\u03a9'
	case '\u212a': // kelvin
		return 'K'
	case '\u212b': // angstrom
		return '\u00c5'
	}
	return r
}

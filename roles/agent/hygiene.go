package agent

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean leaves of a text what a terminal program takes for text: valid UTF-8 without control characters but newline and tab, which
// reads in the order in which it is written. ESC above all must go: ESC[201~ would end the paste, and what follows would be typed.
// Whatever ends a line becomes a newline; newlines at the end go.
func clean(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	if !strings.ContainsFunc(s, func(r rune) bool {
		return r == utf8.RuneError || r != '\n' && r != '\t' && (unicode.IsControl(r) || breaks(r) || hidden(r))
	}) {
		return strings.TrimRight(s, "\n")
	}
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s { // a lone byte of 0x80..0x9f, a control character to some terminals, is read as U+FFFD
		switch {
		case breaks(r):
			b.WriteByte('\n')
		case r == '\n' || r == '\t' || !unicode.IsControl(r) && !hidden(r):
			b.WriteRune(r)
		}
	}
	return strings.TrimRight(b.String(), "\n")
}

// breaks tells whether a character ends a line, for some reader at least.
func breaks(r rune) bool { return r == '\r' || r == '\u0085' || r == '\u2028' || r == '\u2029' }

// hidden tells whether a character makes a text read otherwise than it is written: one that changes the direction of writing, or a tag
// character, which a model reads and no person sees.
func hidden(r rune) bool { return unicode.Is(unicode.Bidi_Control, r) || r >= 0xE0000 && r <= 0xE007F }

// ignorable tells whether a character shows nothing by itself. Such characters stay, as emoji and several scripts need them, but
// they are no part of a word.
func ignorable(r rune) bool {
	return r >= 0x80 && (unicode.In(r, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point) || r == '\u2800')
}

// unseen tells whether nothing is seen of a character, a blank included.
func unseen(r rune) bool { return unicode.IsSpace(r) || ignorable(r) }

// escapeTags puts a backslash before whatever could be taken for the beginning of a sender's tag: "[from:" in any letters that look
// like these, with anything between them that cannot be seen. What has a backslash already is left alone.
func escapeTags(s string) string {
	if !strings.ContainsFunc(s, opens) {
		return s
	}
	var b strings.Builder
	var before rune
	for i, r := range s {
		if opens(r) && before != '\\' && forges(s[i+utf8.RuneLen(r):]) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
		before = r
	}
	return b.String()
}

// forges tells whether s, which stands behind a bracket, begins like the rest of a tag.
func forges(s string) bool {
	word := "from"
	for _, r := range s {
		switch {
		case unseen(r) || unicode.In(r, unicode.Mn, unicode.Me):
		case word == "":
			return strings.ContainsRune(colons, r)
		case letter(r) != rune(word[0]):
			return false
		default:
			word = word[1:]
		}
	}
	return false
}

// opens tells whether a character looks like an opening square bracket.
func opens(r rune) bool {
	switch r {
	case '[', '［', '⁅', '〔', '【', '〖', '〘', '〚', '⟦', '⟬', '❲', '⦋', '⦍', '⦏', '⦗', '﹝', '﹇', '︹', '︻', '⎡', '⎣', '⸢', '⸤':
		return true
	}
	return false
}

// colons look like one.
const colons = ":：﹕︓∶ː˸꞉։׃܃܄፡᛬⁚⁝⦂"

// letter returns which of the letters f, r, o and m a character may be taken for; any other value says none of them.
func letter(r rune) rune {
	if r < utf8.RuneSelf {
		return unicode.ToLower(r)
	}
	for _, a := range alphabets {
		if r >= a.from && r < a.from+26*a.times {
			return 'a' + (r-a.from)%26
		}
	}
	if r >= 0x1D6A8 && r < 0x1D7CA { // Greek alphabets in mathematical shapes, 58 characters each
		switch (r - 0x1D6A8) % 58 {
		case 11: // capital mu
			return 'm'
		case 14, 40: // omicron
			return 'o'
		}
	}
	for _, l := range lookalikes {
		if strings.ContainsRune(l.like, r) {
			return l.letter
		}
	}
	return 0
}

// alphabets are runs of the Latin alphabet in other shapes.
var alphabets = []struct{ from, times rune }{
	{0xFF21, 1}, {0xFF41, 1}, // full width
	{0x249C, 1}, {0x24B6, 2}, // in parentheses, in circles
	{0x1D400, 26},                                          // mathematical: bold, italic, script, fraktur, ...
	{0x1F110, 1}, {0x1F130, 1}, {0x1F150, 1}, {0x1F170, 1}, // in parentheses, squares, black circles, black squares
	{0x1F1E6, 1}, // regional indicators
}

// lookalikes are single characters: small and raised ones, composed ones, and those of other alphabets (Greek, Cyrillic, Armenian,
// Coptic, Cherokee, ...).
var lookalikes = []struct {
	letter rune
	like   string
}{
	{'f', "ƒƑꞘꞙꬵᶠᵮᶂꜰḞḟſẛẜẝℱϜϝ𝟊𝟋𐊇𐊥"},
	{'r', "ʳᵣʀɼɽɾɹⱤℛℜℝŕŔŗŖřŘȐȑȒȓṘṙṚṛṜṝṞṟɌɍᵲᵳᶉгГᴦᴙⲅꭇꭈꮁᎡᏒƦꞦꞧ"},
	{'o', "ºᵒₒᴏᴑℴøØòóôõöÒÓÔÕÖōŌŏŎőŐơƠǒǑǫǪǭǬȌȍȎȏȪȫȬȭȮȯȰȱɵɔⲟⲞꬽᴼỌọỎỏỐốỒồỔổỖỗỘộỚớỜờỞởỠỡỢợṌṍṎṏṐṑṒṓ" +
		"οΟὀὁὂὃὄὅόὸόΌоОӦӧօՕჿ𐊒𐊫𐐄𐐬൦๐໐০੦૦௦౦೦ဝ၀ⵔ〇○◯"},
	{'m', "ᵐₘᴍɱᵯᶆℳⅯⅿḾḿṀṁṂṃᴹмМӍӎΜϺϻⲘⲙꮇᎷᛖ𐊰𐌑"},
}

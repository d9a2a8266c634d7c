package agent_test

import (
	"strings"
	"testing"

	"github.com/matryer/is"
)

func TestSamePrompt(t *testing.T) {
	long := strings.Repeat("all work and no play\n", 200)
	wrap := func(s string) string {
		return "\n\n<pasted_content id=\"454e\">\n" + s + "\n</pasted_content id=\"454e\">\n"
	}
	for _, c := range []struct {
		name, prompt, pasted string
		want                 bool
	}{
		{"itself", "[from:dev] ECHO one", "[from:dev] ECHO one", true},
		{"trimmed", "ECHO one", " ECHO one \n", true},
		{"wrapped", wrap(long), long, true},
		{"wrapped after a tag", "[from:dev] " + wrap("a\nb\nc\nd"), "[from:dev] a\nb\nc\nd", true},
		{"wrapped in pieces, cut in a word", wrap("a\nb\nc\nsome") + wrap("thing\nd\ne\nf"), "a\nb\nc\nsomething\nd\ne\nf", true},
		{"quotes a wrapping", "look: " + wrap("x"), "look: " + wrap("x"), true},
		{"tabs become blanks", "a    b", "a\tb", true},
		{"CRLF", "a\n\nb", "a\r\nb", true},
		{"composed", "caf\u00e9 \u1ec7 \ud55c", "cafe\u0301 e\u0323\u0302 \u1112\u1161\u11ab", true},
		{"marks in another order", "e\u0301\u0323x", "e\u0323\u0301x", true},
		{"signs for units", "5 K, 3 \u03a9, 1 \u00c5", "5 \u212a, 3 \u2126, 1 \u212b", true},
		{"dropped invisible characters", "ab c", "a\u200bb\u200b c\ufeff", true},
		{"emoji", "fine \U0001f468\u200d\U0001f469\u200d\U0001f467 ❤\ufe0f", "fine \U0001f468\u200d\U0001f469\u200d\U0001f467 ❤\ufe0f", true},
		{"a placeholder of that size", "[Pasted text #3 +4 lines]", "1\n2\n3\n4\n5", true},

		{"nothing", "", "", false},
		{"nothing to see", "\u200b", " ", false},
		{"another message", "ECHO two", "ECHO one", false},
		{"another id", "ECHO one id-1", "ECHO one id-12", false},
		{"another sender", "[from:qa] ECHO one", "[from:dev] ECHO one", false},
		{"letters of another case", "echo one", "ECHO one", false},
		{"a part of it", "line 1 of many\nline 2 of many\nline 3 of many", "line 1 of many\nline 2 of many\nline 3 of many\nline 4", false},
		{"more than it", "keep this: ECHO one", "ECHO one", false},
		{"a draft before it", "my draft " + wrap(long), long, false},
		{"only the blanks differ in place", "now here", "nowhere", false},
		{"other accents", "\u00e9t\u00e9", "\u00e8t\u00e8", false},
		{"no accents", "ete", "e\u0301te\u0301", false},
		{"other marks", "e\u0301", "e\u0300", false},
		{"other letters", "Привет", "Приват", false},
		{"other characters", "你好", "您好", false},
		{"other emoji", "\U0001f44d", "\U0001f44e", false},
		{"wrapped, another text", wrap(long), long + "x", false},
		{"a placeholder of another size", "[Pasted text #3 +4 lines]", "1\n2\n3\n4", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			is.New(t).Equal(load(t, "claude").SamePrompt(c.prompt, c.pasted), c.want)
		})
	}
	t.Run("scripted wraps nothing", func(t *testing.T) {
		is := is.New(t)
		p := load(t, "scripted")
		is.True(p.SamePrompt("a\nb", "a\nb\n"))
		is.True(!p.SamePrompt(wrap("a"), "a"))
	})
}

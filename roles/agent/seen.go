package agent

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Seen tells whether the composer shows exactly what was pasted: its text (wrapped, or the part of it that fits in), or what
// stands for a large paste. A draft that holds more than the paste is not the paste.
func (p *Profile) Seen(r Reading, pasted string) bool {
	if !r.Composer || !r.Draft {
		return false
	}
	if r.Collapsed {
		return p.standsFor(strings.TrimSpace(r.DraftText), pasted)
	}
	return sameText(r.DraftText, pasted, r.Scrolled)
}

// standsFor tells whether a placeholder has the size of the paste.
func (p *Profile) standsFor(placeholder, pasted string) bool {
	c := p.spec.Composer
	for _, re := range c.Collapsed {
		m := re.whole(placeholder)
		if m == nil {
			continue
		}
		want := strings.Count(pasted, "\n")
		switch c.CollapsedCount {
		case "":
			return true
		case "lines":
			want++
		case "chars":
			want = utf8.RuneCountInString(pasted)
		}
		if len(m) < 2 || m[1] == "" { // a placeholder without a number is that of one long line
			return want <= 1 || c.CollapsedCount == "chars"
		}
		n, err := strconv.Atoi(m[1])
		return err == nil && n == want
	}
	return false
}

// shownRows is from how many rows on a draft may be a part of the paste, in composers that scroll without saying so.
const shownRows = 3

// sameText compares what a composer shows with what was pasted. Blanks do not count, as wrapping hides them; neither do
// composed characters, as programs normalise them.
func sameText(shown, pasted string, scrolled bool) bool {
	a, b := squeeze(shown), squeeze(pasted)
	if a == b {
		return a != ""
	}
	scrolled = scrolled || strings.Count(shown, "\n")+1 >= shownRows
	if scrolled && len(a) >= 16 && strings.Contains(b, a) {
		return true
	}
	a, b = plain(a), plain(b)
	return a != "" && (a == b || scrolled && len(a) >= 16 && strings.Contains(b, a))
}

// squeeze drops blanks and invisible characters.
func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '\u200b' || r == '\ufeff' || r == '\u00ad' {
			return -1
		}
		return r
	}, s)
}

// plain keeps the ASCII characters of s that carry no combining mark: what is the same in every normal form.
func plain(s string) string {
	out := make([]byte, 0, len(s))
	for _, r := range s {
		switch {
		case r < utf8.RuneSelf:
			out = append(out, byte(r))
		case unicode.Is(unicode.Mn, r) && len(out) > 0:
			out[len(out)-1] = 0
		default:
			out = append(out, 0)
		}
	}
	return strings.ReplaceAll(string(out), "\x00", "")
}

// Submitted tells whether the agent has taken what stood in the composer before Enter, and by what that is seen: "busy",
// "queued", "echo" (the transcript shows the message), "transcript" (it went on) or "menu" (it shows the message, and a
// menu is open). An empty composer alone is no proof: a person may have emptied it. before is the last reading with the
// text in the composer.
func (p *Profile) Submitted(before, after Reading) (evidence string, ok bool) {
	echoed := after.Echo != "" && p.echoes(after.Echo, before) && (after.Echo != before.Echo || again(before, after))
	switch {
	case after.State == Waiting:
		return "menu", echoed
	case !after.Composer || after.Draft:
		return "", false
	case after.Queued && !before.Queued:
		return "queued", true
	case echoed:
		return "echo", true
	case after.State == Busy && before.State != Busy:
		return "busy", true
	case wentOn(before.above, after.above):
		return "transcript", true
	}
	return "", false
}

// again tells whether an echo that reads like the one before is another one, under a menu: the answer to the one before, which
// stood below it while the agent rested, is not what stands there now.
func again(before, after Reading) bool {
	if after.State != Waiting || before.State == Busy || len(before.said) == 0 {
		return false
	}
	n := len(before.said)
	return len(after.said) < n || !slices.Equal(after.said[:n], before.said)
}

// echoes tells whether an echo may be that of the draft. A collapsed or scrolled draft shows only a part of the text.
func (p *Profile) echoes(echo string, before Reading) bool {
	return before.Collapsed || sameText(echo, before.DraftText, false) || before.Scrolled && sameText(before.DraftText, echo, true)
}

// wentOn tells whether a transcript has more at its end than it had. A composer that only shrank shows the same end with
// more before it.
func wentOn(before, after []string) bool {
	n := min(len(before), len(after))
	return n == 0 && len(after) > 0 || !slices.Equal(before[len(before)-n:], after[len(after)-n:])
}

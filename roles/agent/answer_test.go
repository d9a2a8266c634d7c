package agent_test

import (
	"strings"
	"testing"

	"github.com/matryer/is"
)

// What the agents on these captures said last, "" where that cannot be told.
func TestAnswerOnScreens(t *testing.T) {
	words := "word0 word1 word2 word3 word4 word5 word6 word7 word8 word9 word10 word11"
	for profile, screens := range map[string]map[string]string{
		"claude": {
			"idle/v197-120x40-done":                  "All steps finished (1).", // after a command
			"idle/v197-120x40-draft-collapsed-paste": "id23920x",
			"idle/v329-120x40-restored-draft":        "All steps finished (2).",
			"idle/v329-120x40-slash-path":            "Got it (14 chars).", // notices below it
			"idle/v329-120x40-space-only":            "x",
			"idle/v329-60x15-stash":                  "All steps finished.",
			"idle/v329-120x40-subagent-running":      "All steps finished (1).",
			"idle/v329-120x40-interrupt-streaming":   words + "\n\nword12 word13 word14 word15 word16 word17 word18 word19",
			"idle/v329-120x40-tool-interrupted":      "Running a command.",
			"idle/v329-120x40-after-reject":          "Running a command.",
			"busy/v329-120x40-busy-streaming":        words,

			"idle/v329-120x40-first":             "", // nothing said
			"idle/v329-120x40-at-menu":           "", // nothing said since the last message
			"idle/v329-120x40-long-output":       "", // its beginning has scrolled off
			"idle/v329-120x40-err-401-final":     "",
			"idle/v329-120x40-err-529-final":     "",
			"idle/v329-120x40-ms-resume":         "", // API error
			"idle/v329-120x40-compact":           "", // a notice after /compact
			"idle/v197-120x40-multi-slash-after": "",
			"busy/v329-60x15-busy-stash":         "",
			"waiting-question/v329-60x15-ask":    "",
		},
		"scripted": {
			"idle/after-turn":        "all done",
			"idle/message-quotes":    "◆ Allow this command?",
			"idle/interrupted":       "begun",
			"idle/fresh":             "",
			"idle/declined":          "",
			"idle/transcript-quotes": "", // only a command and what it printed
			"idle/full-transcript":   "",
		},
		"shell": {},
	} {
		if profile == "shell" {
			_, ok := load(t, profile).Answer("$ echo hi\nhi\n$")
			is.New(t).True(!ok)
			continue
		}
		found := 0
		for _, c := range captures(t, profile) {
			want, known := screens[c.name]
			if !known {
				continue
			}
			found++
			t.Run(profile+"/"+c.name, func(t *testing.T) {
				is := is.New(t)
				for _, screen := range []string{c.plain, c.screen.Text} {
					got, ok := load(t, profile).Answer(screen)
					is.Equal(got, want)
					is.Equal(ok, want != "")
				}
			})
		}
		if found != len(screens) {
			t.Errorf("%d captures of %s, want %d: some are not there", found, profile, len(screens))
		}
	}
}

// Text that quotes what a screen shows stays whole: all of it is indented.
func TestAnswerThatQuotes(t *testing.T) {
	is := is.New(t)
	for _, c := range captures(t, "claude") {
		if c.name != "busy/v329-80x24-adv-done-stream-draft" {
			continue
		}
		got, ok := load(t, "claude").Answer(c.plain)
		is.True(ok)
		is.True(strings.HasPrefix(got, "The log of that session ended with these lines:\n\n● All steps finished (1).\n\n✻ Brewed"))
		is.True(strings.HasSuffix(got, "more4 more5"))
		return
	}
	t.Fatal("the capture is not there")
}

func TestAnswer(t *testing.T) {
	box := "────────────\n❯\u00a0\n────────────\n  ? for shortcuts\n"
	for _, c := range []struct{ name, screen, want string }{
		{"the last of several", "❯ go\n\n● one\n\n● two\n  more\n\n    code\n\n✻ Baked for 0s · done 9:37 AM\n\n", "two\nmore\n\n  code"},
		{"history above", strings.Repeat("● old\n\n✻ Baked for 0s\n\n❯ again\n\n", 500) + "● new\n\n✻ Baked for 0s\n", "new"},
		{"only what came before the message", "❯ go\n\n● old\n\n❯ again\n\n", ""},
		{"a tool last", "❯ go\n\n● I will look.\n\n● Bash(ls)\n  ⎿  a\n     b\n\n✻ Baked for 1s\n", "I will look."},
		{"a tool told in a row", "❯ go\n\n● I will look.\n\n  Ran 2 shell commands\n\n✻ Baked for 1s\n", "I will look."},
		{"a text that says so", "❯ go\n\n● I have\n  Read 1 file\n  and that is all.\n\n✻ Baked for 1s\n", "I have\nRead 1 file\nand that is all."},
		{"a call of many rows, stopped", "❯ go\n\n● Bash(cd /tmp &&\n      ls)\n  ⎿  Interrupted · What should Claude do instead?\n\n", ""},
		{"an error after a text", "❯ go\n\n● I will look.\n\n● API Error: 529 overloaded\n\n", ""},
		{"a notice right above the box", "❯ go\n\n● done\n\n                    ◐ medium · /effort\n", "done"},
		{"a last line that is far in", "❯ go\n\n● f() {\n                  }\n\n✻ Baked for 1s\n\n", "f() {\n                }"},
		{"looks like a call", "❯ go\n\n● Classify(p, s) is pure.\n\n✻ Baked for 1s\n", "Classify(p, s) is pure."},
		{"a draft that looks like text", "❯ go\n\n● done\n\n✻ Baked for 1s\n────────────\n❯\u00a0x\n  ● y\n────────────\n  ⏸ manual mode on\n", "done"},
	} {
		t.Run(c.name, func(t *testing.T) {
			is := is.New(t)
			screen := c.screen
			if !strings.Contains(screen, "────") {
				screen += box
			}
			got, ok := load(t, "claude").Answer(screen)
			is.Equal(got, c.want)
			is.Equal(ok, c.want != "")
		})
	}
}

// Any bytes will do.
func FuzzAnswer(f *testing.F) {
	for _, c := range captures(f, "claude") {
		f.Add(c.screen.Text)
	}
	f.Add("●\n  ⎿\n❯ ")
	f.Fuzz(func(t *testing.T, screen string) {
		for _, name := range []string{"claude", "scripted", "shell"} {
			if text, ok := load(t, name).Answer(screen); ok != (text != "") {
				t.Errorf("%s: %q, %v", name, text, ok)
			}
		}
	})
}

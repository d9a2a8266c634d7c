package control

import (
	"errors"
	"strings"
	"testing"

	"github.com/matryer/is"
)

func TestQuote(t *testing.T) {
	for in, want := range map[string]string{
		"a b": `"a b"`, "\n": `"\012"`, "$HOME": `"\$HOME"`, "~": `"\~"`, "a~": `"a~"`, `a"b`: `"a\"b"`, `a\`: `"a\\"`,
		";": `";"`, "{": `"{"`, "%if": `"%if"`, "\x1b[201~": `"\033[201~"`, "\xff": `"\377"`, "é": `"é"`, "": `""`, "\x7f": `"\177"`,
	} {
		is := is.New(t)
		got, err := Quote(in)
		is.NoErr(err)
		is.Equal(got, want)
	}
	is := is.New(t)
	_, err := Quote("a\x00")
	is.True(errors.Is(err, ErrNUL))
	all, err := QuoteAll("send-keys", "-l", "--", "a b")
	is.NoErr(err)
	is.Equal(all, `"send-keys" "-l" "--" "a b"`)
	is.Equal(EscapeFormat("#{x} #"), "##{x} ##")
}

func TestParseVersion(t *testing.T) {
	cases := []struct {
		in                string
		v32, v34, v37     bool
		leak, deadPasting bool
	}{
		{"tmux 3.3a", true, false, false, true, true},
		{"3.2", true, false, false, true, true},
		{"tmux 3.1c\n", false, false, false, true, true},
		{"2.9a", false, false, false, true, true},
		{"3.4", true, true, false, true, false},
		{"3.6b", true, true, false, false, false},
		{"3.7-rc", true, true, true, false, false},
		{"tmux 3.10", true, true, true, false, false},
		{"next-3.8", true, true, true, false, false},
		{"next-3.4", true, false, false, true, true},
		{"openbsd-7.5", true, true, true, false, false},
		{"master", true, true, true, false, false},
		{"4.0", true, true, true, false, false},
	}
	for _, c := range cases {
		is := is.New(t)
		v, err := ParseVersion(c.in)
		is.NoErr(err)
		is.Equal([]bool{v.AtLeast(3, 2), v.AtLeast(3, 4), v.AtLeast(3, 7)}, []bool{c.v32, c.v34, c.v37}) // AtLeast of the version
		is.Equal(v.Features().CaptureLeak, c.leak)
		is.Equal(v.Features().DeadPasteCrash, c.deadPasting)
		is.Equal(v.String(), strings.TrimSpace(strings.TrimPrefix(c.in, "tmux ")))
	}
	for _, in := range []string{"", "tmux", "three", "3", "x.y", "3.x"} {
		_, err := ParseVersion(in)
		is.New(t).True(err != nil)
	}
}

func TestValidKey(t *testing.T) {
	for _, k := range strings.Fields("Enter Escape Tab BTab BSpace Space Up C-c C-C M-a S-Up C-Up M-S-Left C-M-x C-[ C-_ C-Space F1 F12 DC IC PageUp a A 1 é - ; C-- KPEnter KP0") {
		if k == "C--" {
			continue
		}
		is.New(t).NoErr(ValidKey(k))
	}
	for _, k := range []string{"", "Entr", "enter", "NoSuchKey", "0x41", "ab", "C-", "C-C-", "X-a", "S-a", "C-1", "C-é", "F13", "F0", "MouseDown1Pane", "User0", "Any", "None", "\n", "\x1b", "a b", "C-Entr", "\xff", "Enter ", "C--", "S-Enter", "C-M-S-Tab"} {
		is.New(t).True(ValidKey(k) != nil)
	}
	is.New(t).True(strings.Contains(ValidKey("enter").Error(), `did you mean "Enter"?`))
	is.New(t).True(strings.Contains(ValidKey("C-up").Error(), `did you mean "C-Up"?`))
	is.New(t).True(strings.Contains(ValidKey("Entr").Error(), `did you mean "Enter"?`))
}

func TestKeyCommands(t *testing.T) {
	is := is.New(t)
	cmds, err := keyCommands("%3", []string{"Down", "Enter", Literal("Enter; ~"), Literal("-l"), "C-c"})
	is.NoErr(err)
	is.Equal(cmds, []string{
		`"send-keys" "-t" "%3" "--" "Down" "Enter"`,
		`"send-keys" "-l" "-t" "%3" "--" "Enter; ~"`,
		`"send-keys" "-l" "-t" "%3" "--" "-l"`,
		`"send-keys" "-t" "%3" "--" "C-c"`,
	})
	_, err = keyCommands("%3", make([]string, maxKeys+1))
	is.True(err != nil)
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"a\tb\nc": "a\tb\nc", "a\r\nb": "a\nb", "x\x1b[201~\ry": "x[201~y", "\x00\x07\x7f": "", "é😀 ": "é😀 ",
		"a\u0085\u009bb": "ab", "a\x85\x9bb": "ab", "a\xffb": "a\ufffdb", "a\xc3": "a\ufffd", "\ufffd": "\ufffd",
	} {
		is.New(t).Equal(string(Clean([]byte(in))), want)
	}
}

func TestConditions(t *testing.T) {
	for _, c := range []struct {
		cond       Cond
		want, text string
	}{
		{Row("^x,y}#"), "#{!=:#{C/r:^x#,y#}##},0}", `row matching "^x,y}#"`},
		{NoRow("a#[0-9]"), "#{==:#{C/r:a(##)[0-9]},0}", `no row matching "a#[0-9]"`},
		{CursorOn("^❯"), "#{==:#{C/r:^❯},#{e|+:#{cursor_y},1}}", `cursor on the first row matching "^❯"`},
		{CursorBelow("a"), "#{&&:#{!=:#{C/r:a},0},#{e|<=:#{C/r:a},#{e|+:#{cursor_y},1}}}", `cursor on or below a row matching "a"`},
		{CursorAt(3, 14), "#{&&:#{==:#{cursor_x},3},#{==:#{cursor_y},14}}", "cursor in column 3 of row 14"},
		{Not(Row("a")), "#{==:#{!=:#{C/r:a},0},0}", `not (row matching "a")`},
		{All(), "", "true"},
		{All(Row("a")), "#{!=:#{C/r:a},0}", `row matching "a"`},
		{Any(), "0", "never"},
		{Not(Cond{}), "#{==:1,0}", "not (true)"},
		{Any(Cond{}, NoRow("b")), "#{||:1,#{==:#{C/r:b},0}}", `(true or no row matching "b")`},
	} {
		is := is.New(t)
		is.NoErr(c.cond.Err())
		is.Equal(c.cond.format, c.want)
		is.Equal(c.cond.String(), c.text)
	}
	for _, re := range []string{"", "(", "a\nb", `\d`, `\bx`, `\x41`, `a\1`, "[#[]", "*", `(?:a)`, "a\x00"} {
		is.New(t).True(NoRow(re).Err() != nil) // tmux would find no row, which reads as true
	}
	for _, re := range []string{`\\d`, `\.`, `\[#\]`, "x{1,2}", `a|b`, `^ *[0-9]+[.)]$`} {
		is.New(t).NoErr(NoRow(re).Err())
	}
	// Balanced, because tmux limits how deep formats nest.
	many := make([]Cond, 16)
	for i := range many {
		many[i] = Row("a")
	}
	depth, deepest := 0, 0
	for _, c := range All(many...).format {
		switch c {
		case '{':
			depth++
			deepest = max(deepest, depth)
		case '}':
			depth--
		}
	}
	is.New(t).Equal(deepest, 6)
}

func TestNotifications(t *testing.T) {
	for line, want := range map[string]Event{
		"sessions-changed":                              SessionsChanged{},
		"session-renamed $1 a b":                        SessionRenamed{"$1", "a b"},
		"client-session-changed /dev/pts/0 $1 x y":      ClientSessionChanged{"/dev/pts/0", "$1", "x y"},
		"client-session-changed junk":                   Unknown{"client-session-changed", "junk"},
		"client-detached client-77":                     ClientDetached{"client-77"},
		"window-add @1":                                 WindowAdded{"@1", true},
		"unlinked-window-close @1":                      WindowClosed{"@1", false},
		"window-close @1":                               WindowClosed{"@1", true},
		"unlinked-window-renamed @1 a b":                WindowRenamed{"@1", "a b", false},
		"window-renamed @1":                             WindowRenamed{"@1", "", true},
		"window-pane-changed @1 %2":                     WindowPaneChanged{"@1", "%2"},
		"session-window-changed $1 @2":                  SessionWindowChanged{"$1", "@2"},
		"pane-mode-changed %4":                          PaneModeChanged{"%4"},
		"layout-change @0 b25d,80x24,0,0,0 b25d,x ":     LayoutChanged{"@0", "b25d,80x24,0,0,0", "b25d,x", ""},
		"layout-change @0 b25d,80x24,0,0,0 b25d,x *Z":   LayoutChanged{"@0", "b25d,80x24,0,0,0", "b25d,x", "*Z"},
		"layout-change":                                 LayoutChanged{},
		"paste-buffer-changed a b":                      BufferChanged{"a b", false},
		"paste-buffer-deleted a":                        BufferChanged{"a", true},
		"message hello there":                           Message{"hello there"},
		"config-error x:1: bad":                         ConfigError{"x:1: bad"},
		"subscription-changed mine $1 @2 3 %4 : a : b ": Subscription{"mine", "$1", "@2", "%4", "a : b "},
		"subscription-changed mine - - - - : x":         Subscription{Name: "mine", Value: "x"},
		"subscription-changed mine - - - - :":           Subscription{Name: "mine"},
		"subscription-changed junk":                     Unknown{"subscription-changed", "junk"},
		"subscription-changed structure - - - - : junk": Subscription{Name: "structure", Value: "junk"},
		"subscription-changed structure - - - - : $0=@0 %0//1/3/0|": Structure{[]PaneLife{
			{Session: "$0", Window: "@0", Pane: "%0", Dead: true, DeadStatus: 3},
		}},
		"subscription-changed structure - - - - : $1=@1 %1/7/0//0 %2/8/1/127/1@4 %5/9/0//0|$0=@0 %0/6/0//0|": Structure{[]PaneLife{
			{"$1", "@1", "%1", 7, false, -1, false}, {"$1", "@1", "%2", 8, true, 127, true},
			{"$1", "@4", "%5", 9, false, -1, false}, {"$0", "@0", "%0", 6, false, -1, false},
		}},
		"brand-new a b": Unknown{"brand-new", "a b"},
		"":              Unknown{},
	} {
		name, rest, _ := strings.Cut(line, " ")
		is.New(t).Equal(notification(name, rest), want)
	}
}

func TestParsePanes(t *testing.T) {
	is := is.New(t)
	sep := newSeparator()
	row := func(id string) string {
		return sep + "r " + id + "\t41\t$1\t@4\t1\t\t\t2\t1\t1\t0\t7\t8\t90\t25\t2\t5\t6\t1\t0\t100" +
			strings.Join([]string{"", "a.p", "✳ title : x", "s\nh", "/d\n%exit\t\x1fx", "/dev/pts/9", "a b", "w\n", ""}, sep)
	}
	want := Pane{ID: "%3", PID: 41, Session: "$1", SessionName: "a b", SessionAttached: 2, Window: "@4", WindowName: "w?", WindowIndex: 5, PaneIndex: 6,
		Active: true, Dead: true, DeadStatus: -1, InMode: true, InputOff: true, Alternate: true, CursorX: 7, CursorY: 8, Width: 90, Height: 25, HistorySize: 100,
		TTY: "/dev/pts/9", Step: "a.p", Title: "✳ title : x", Command: "s?h", Path: "/d?%exit??x"}
	panes, err := paneRows.parse("hook\n"+row("%3")+"\n"+row("%4")+"\nr %5\t1", sep)
	is.NoErr(err)
	is.Equal(len(panes), 2)
	is.Equal(panes[0], want)
	want.ID = "%4"
	is.Equal(panes[1], want)
	for _, bad := range []string{"r", row("%3")[len(sep):], sep + row("%3")[len(sep)+2:], row("%3") + sep, strings.Replace(row("%3"), "41", "x", 1), row("%3")[:40]} {
		_, err := paneRows.parse(bad, sep)
		is.True(err != nil)
	}
	none, err := paneRows.parse("", sep)
	is.NoErr(err)
	is.Equal(len(none), 0)
}

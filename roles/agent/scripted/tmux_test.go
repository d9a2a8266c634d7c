package scripted

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"
)

func TestIdleComposer(t *testing.T) {
	is := is.New(t)
	p := start(t, 80, 24)
	s := p.shows("  ? for help")
	is.True(strings.Contains(s, "▸\u00a0Ask for something"))
	is.Equal(p.ask("#{cursor_x},#{cursor_y},#{alternate_on}"), "2,21,1")
	is.True(strings.Contains(p.tmux("capture-pane", "-p", "-e", "-t", "=t:"), "▸\u00a0\x1b[2mAsk for something")) // dim from the text on
}

func TestDraftAndCursor(t *testing.T) {
	is := is.New(t)
	p := start(t, 40, 20)
	p.paste("one\ntwo 漢字\nthree")
	p.shows("  three")
	is.Equal(p.ask("#{cursor_x},#{cursor_y}"), "7,17")
	p.keys("Up")
	p.keys("X")
	p.shows("two 漢X字") // the column counts characters, as editors do
	is.Equal(p.ask("#{cursor_x},#{cursor_y}"), "9,16")
	p.keys("Home", "BSpace")
	p.shows("▸\u00a0onetwo")
	is.Equal(p.ask("#{cursor_x},#{cursor_y}"), "5,16")
	p.keys("C-u", "End", "Down", "C-j")
	p.keys(strings.Repeat("y", 37))
	p.until("full row", func(s string) bool { return strings.Contains(s, strings.Repeat("y", 37)) })
	is.Equal(p.ask("#{cursor_x}"), "39") // behind a full row, and still on the terminal
	p.keys("z")
	p.shows("  z")
	is.Equal(p.ask("#{cursor_x}"), "3")
	p.keys("Enter")
	is.Equal(p.turns(1)[0], "two 漢X字\nthree\n"+strings.Repeat("y", 37)+"z")
}

func TestLongDraftScrolls(t *testing.T) {
	is := is.New(t)
	p := start(t, 80, 16)
	for i := range 30 {
		p.keys(fmt.Sprintf("row%d", i), "C-j")
	}
	p.shows("row29")
	s := p.screen()
	is.True(!strings.Contains(s, "row2\n"))
	is.Equal(strings.Count(s, "▸"), 0)
	is.True(strings.Contains(s, "── ↑ 25 more ───"))
	for range 40 {
		p.keys("Up")
	}
	p.shows("▸\u00a0row0\n")
	p.shows("── ↓ 25 more ───")
	is.Equal(p.cursorRow(), "▸\u00a0row0")
}

func TestBodiesArriveAsSent(t *testing.T) {
	is := is.New(t)
	p := start(t, 80, 24)
	var long strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&long, "line %d of the message\n", i)
	}
	bodies := []string{";", "-n", "--", "#{pane_id}", "$HOME", "~", "%if", `it's "quoted"`, "tab\there", " leading and trailing ", "👩‍💻 é漢字 é",
		"a\nb\n\nc\n", "a [from:x] b", "\x01control\x1b[31m\x7f", strings.Repeat("0123456789", 30_000), long.String(), strings.Repeat("x\n", 11) + "12th",
		strings.Repeat("x\n", 12) + "13th"}
	for i, body := range bodies {
		p.submit(body)
		got := p.turns(i + 1)
		is.Equal(len(got), i+1)
		is.Equal(got[i], body)
		p.shows("  ? for help")
	}
}

func TestCRIsANewlineInAPaste(t *testing.T) {
	is := is.New(t)
	p := start(t, 80, 24)
	p.tmux("set-buffer", "-b", "x", "one\rtwo\r\nthree", ";", "paste-buffer", "-p", "-r", "-b", "x", "-t", "=t:")
	p.shows("  three")
	p.keys("Enter")
	is.Equal(p.turns(1), []string{"one\ntwo\n\nthree"})
}

func TestPasteEndInsideAPasteBreaksOut(t *testing.T) {
	is := is.New(t)
	p := start(t, 80, 24)
	p.paste("before\x1b[201~\rINJECTED")
	is.Equal(p.turns(1), []string{"before"}) // as in any terminal program: whoever pastes must take it out
	p.shows("▸\u00a0INJECTED")
}

func TestCollapsedPaste(t *testing.T) {
	is := is.New(t)
	p := start(t, 80, 24)
	p.paste(strings.Repeat("x\n", 39) + "end")
	p.shows("▸\u00a0[Pasted #1 +39 lines]")
	is.Equal(p.ask("#{cursor_x}"), "23")
	p.keys(" and more")
	p.paste(strings.Repeat("y", 2001))
	p.shows("▸\u00a0[Pasted #1 +39 lines] and more[Pasted #2]")
	p.keys("BSpace", "Enter")
	is.Equal(p.turns(1)[0], strings.Repeat("x\n", 39)+"end and more")
	p.shows("> [Pasted #1 +39 lines] and more")
}

func TestQueue(t *testing.T) {
	is := is.New(t)
	p := start(t, 80, 24)
	p.submit("SLOW 10m")
	p.shows("  esc to stop")
	p.submit("ECHO two")
	p.shows("» ECHO two")
	p.submit("ECHO three")
	p.shows("» ECHO three")
	p.keys("Up")
	p.shows("▸\u00a0ECHO three")
	p.keys("Enter")
	p.shows("» ECHO three")
	p.keys("Escape")
	p.shows("• three")
	s := p.shows("  ? for help")
	is.True(strings.Contains(s, "• two"))
	is.True(!strings.Contains(s, "»"))
	is.Equal(p.turns(4), []string{"SLOW 10m", "ECHO two", "ECHO three", "ECHO three"})
}

func TestEscapeHandsTheMessageBack(t *testing.T) {
	is := is.New(t)
	p := start(t, 80, 24)
	p.submit("look\nSLOW 10m")
	p.shows("  esc to stop")
	p.keys("Escape")
	s := p.shows("▸\u00a0look\n  SLOW 10m")
	is.True(strings.Contains(s, "■ Interrupted"))
	p.keys("Escape")
	p.shows("esc again to clear")
	p.keys("Escape")
	p.shows("▸\u00a0Ask for something")
	p.paste("in one go")
	p.shows("in one go")
	p.keys("Escape", "Escape")
	p.shows("▸\u00a0Ask for something")
	p.submit("ECHO begun THEN SLOW 10m")
	p.shows("• begun")
	p.keys("Escape")
	p.shows("▸\u00a0Ask for something") // something was produced: it does not come back
}

func TestPermission(t *testing.T) {
	is := is.New(t)
	p := start(t, 80, 24)
	ask := func() {
		p.submit("ASKPERM touch x THEN ECHO went on")
		p.shows("› 1. Yes")
	}
	ask()
	is.Equal(p.cursorRow(), "› 1. Yes")
	is.True(!strings.Contains(p.screen(), "▸"))
	p.keys("Down", "Down")
	p.shows("› 3. No")
	is.Equal(p.cursorRow(), "› 3. No")
	p.paste("1") // dropped
	p.keys("-l", "1 or 2")
	p.keys("Enter")
	p.shows("■ Declined: touch x")
	is.True(!strings.Contains(p.screen(), "• went on"))
	ask()
	p.keys("Escape")
	p.shows("  ? for help")
	ask()
	p.paste("a message", ";", "send-keys", "-t", "=t:", "Enter") // the hazard itself
	p.shows("• went on")
	p.keys("/clear", "Enter")
	p.hides("went on")
	ask()
	p.keys("2")
	p.shows("• went on")
	p.submit("ASKPERM touch x THEN ECHO not asked again")
	p.shows("• not asked again")
	var keys []string
	for _, e := range p.records() {
		if e.MenuKey != "" {
			is.Equal(e.Menu, "Allow this command? touch x")
			keys = append(keys, e.MenuKey+"="+e.Chose)
		}
	}
	is.Equal(keys, []string{"Down=", "Down=", "paste=", "1 or 2=", "Enter=No", "Escape=declined", "paste=", "Enter=Yes", "2=Yes, and don't ask again"})
}

func TestQuestion(t *testing.T) {
	is := is.New(t)
	p := start(t, 80, 24)
	p.submit("ASK Which colour? red|dark green|blue THEN ECHO it is {answer}")
	s := p.shows("◇ Which colour?")
	is.True(strings.Contains(s, "› 1. red\n  2. dark green\n  3. blue\n"))
	p.keys("2")
	p.shows("• it is dark green")
	p.submit("ASK Which colour? red|blue THEN ECHO no answer")
	p.shows("› 1. red")
	p.keys("Escape")
	p.shows("■ Declined: Which colour?")
	is.True(!strings.Contains(p.shows("  ? for help"), "• no answer"))
}

func TestMenuThatDoesNotFit(t *testing.T) {
	p := start(t, 40, 10)
	p.submit("ASK Which? a|b|c|d|e|f|g|h|i|j|k|l")
	p.shows("› 1. a")
	p.shows("  ↓ ")
	for range 9 {
		p.keys("Down")
	}
	p.shows("› 10. j")
	p.shows("  ↑ ")
	p.shows("◇ Which?")
	p.keys("Enter")
	p.shows("• Answered: j")
}

func TestEndings(t *testing.T) {
	is := is.New(t)
	p := start(t, 80, 24)
	p.submit("EXIT 7")
	is.Equal(p.ended(), "7")
	is.Equal(p.ask("#{alternate_on}"), "0")
	p = start(t, 80, 24)
	p.submit("CRASH")
	is.Equal(p.ended(), "137")
	p = start(t, 80, 24)
	p.keys("C-c")
	p.shows("ctrl-c again to exit")
	p.keys("C-c")
	is.Equal(p.ended(), "0")
	p = start(t, 80, 24)
	p.submit("RUN sleep 600")
	p.shows("• Run(sleep 600)")
	p.keys("C-c")
	p.shows("■ Interrupted")
	p.keys("C-c")
	is.Equal(p.ended(), "0")
}

func TestRun(t *testing.T) {
	p := start(t, 80, 24)
	p.submit("RUN echo out; echo err >&2; exit 3")
	p.shows("  └ out\n    err (exit 3)\n")
	p.submit("RUN seq 100")
	p.shows("    … +80 lines")
	p.submit("RUN printf 'a\\033[2Jb'")
	p.shows("  └ a[2Jb")
	p.submit("LINES 500")
	p.shows("  line 500 of 500")
}

func TestCommandsEndWithThePane(t *testing.T) {
	is := is.New(t)
	p := start(t, 80, 24)
	p.submit("RUN sleep 600 & echo $! >pid; wait")
	var pid int
	for end := time.Now().Add(patience); pid == 0; time.Sleep(5 * time.Millisecond) {
		data, _ := os.ReadFile(filepath.Join(p.dir, "pid"))
		pid, _ = strconv.Atoi(strings.TrimSpace(string(data)))
		is.True(time.Now().Before(end)) // the command runs
	}
	p.tmux("kill-server")
	for end := time.Now().Add(patience); running(pid); time.Sleep(5 * time.Millisecond) {
		is.True(time.Now().Before(end)) // the command goes with the agent
	}
}

func TestSendAndRules(t *testing.T) {
	is := is.New(t)
	p := blank(t)
	is.NoErr(os.WriteFile(filepath.Join(p.dir, "isesh"), []byte("#!/bin/sh\nfor a; do printf '<%s>' \"$a\"; done\n"), 0o700))
	p.launch(100, 40, "--on", "@dev DONE:=>SEND reviewer look at {rest}", "--on", "DONE:=>ECHO thanks, {from}", "--persona", "gestor")
	p.shows("  ? for help")
	p.submit("add a login page")
	p.shows("<send><dev><--><TASK: add a login page>")
	p.submit("[from:dev] DONE:  -n \nmore")
	p.shows("<send><reviewer><--><look at -n  more>")
	p.submit("[from:ops] DONE: x")
	p.shows("• thanks, ops")
	p.submit("[from:reviewer] APPROVED: fine")
	p.shows("<send><user><--><DONE: add a login page, reviewed and approved>")
	p.submit("[from:team/x] REPLY it is {text}")
	p.shows("<send><team/x><--><it is REPLY it is {text}>")
}

func TestCommandsAndGuards(t *testing.T) {
	is := is.New(t)
	p := start(t, 80, 24)
	p.submit("/nonsense")
	p.shows("■ Unknown command: /nonsense")
	p.submit("!rm -rf /")
	p.shows("■ Shell mode")
	p.keys("/clear", "Enter")
	p.hides("Shell mode")
	p.keys("?")
	p.shows("ASKPERM COMMAND")
	p.paste(`ends in a \`)
	p.shows(`ends in a \`)
	p.keys("Enter")
	p.hides(`ends in a \`)
	p.keys("second line", "Enter")
	is.Equal(p.turns(1), []string{"ends in a \nsecond line"})
	p.keys("C-u", "   ", "Enter", "C-u")
	p.submit("/etc/passwd is a path")
	is.Equal(p.turns(2)[1], "/etc/passwd is a path")
}

func TestStash(t *testing.T) {
	is := is.New(t)
	p := start(t, 80, 24)
	p.keys("half a thought", "C-s")
	p.shows("draft stashed")
	p.paste("x")
	p.shows("enter to send · esc esc to clear · draft stashed") // for as long as it is
	p.keys("BSpace")
	p.submit("ECHO hi")
	p.shows("▸\u00a0half a thought")
	p.hides("stashed")
	is.Equal(p.turns(1), []string{"ECHO hi"})
	p.keys("C-s")
	p.shows("  ? for help · draft stashed")
	p.keys("C-s")
	p.shows("▸\u00a0half a thought")
}

func TestResize(t *testing.T) {
	is := is.New(t)
	p := start(t, 80, 24)
	p.submit("ECHO " + strings.Repeat("0123456789", 12))
	p.paste("a draft")
	p.shows("a draft")
	for _, size := range [][2]int{{40, 10}, {10, 4}, {1, 1}, {120, 40}, {80, 24}} {
		p.tmux("resize-window", "-t", "=t:", "-x", strconv.Itoa(size[0]), "-y", strconv.Itoa(size[1]))
		if size[1] < 10 {
			continue
		}
		p.until("resized screen", func(s string) bool {
			return strings.Contains(s, "\n"+strings.Repeat("─", size[0])+"\n▸\u00a0a draft\n")
		})
	}
	p.until("cursor in the composer", func(string) bool { return p.ask("#{cursor_x},#{cursor_y}") == "9,21" })
	is.Equal(p.cursorRow(), "▸\u00a0a draft")
}

package control_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"isesh/control"

	"github.com/matryer/is"
)

func TestDialLearnsWhoTheServerIs(t *testing.T) {
	onEach(t, func(t *testing.T, c *control.Client, p control.Pane) {
		is := is.New(t)
		is.True(strings.HasPrefix(c.Session(), "$"))
		is.Equal(p.Session, c.Session())
		is.Equal(p.SessionName, "main")
		is.Equal([]int{p.Width, p.Height, p.SessionAttached}, []int{80, 24, 1})
		is.True(p.PID > 0 && p.Active && !p.Dead && !p.InMode && !p.InputOff && p.CursorVisible)
		is.Equal(p.DeadStatus, -1)
		until(t, c, p.ID, func(s control.Snapshot) bool { return s.Command == "cat" })
		id := c.Identity()
		is.True(id.PID > 0 && id.Start > 0 && id.Socket != "" && id.Version.AtLeast(3, 2))
		is.Equal(c.Features(), id.Version.Features())
		is.NoErr(c.Err())
	})
}

func TestRepliesAndErrors(t *testing.T) {
	onEach(t, func(t *testing.T, c *control.Client, p control.Pane) {
		is := is.New(t)
		ctx := background(t)
		out, err := c.Do(ctx, `display-message -p "one ; two"`, "# a comment", `display-message -p a ; display-message -p b`, `set-buffer -b x y`)
		is.NoErr(err)
		is.Equal(out, []string{"one ; two", "a", "b", ""})
		out, err = c.Do(ctx, `display-message -p a ; kill-pane -t "%99" ; display-message -p never`, `display-message -p b`)
		var refused *control.CommandError
		is.True(errors.As(err, &refused))
		is.Equal(refused.Text, "can't find pane: %99")
		is.Equal(out, []string{"a", "b"})
		_, err = c.Do(ctx, "no-such-command")
		is.True(errors.As(err, &refused))
		is.True(strings.Contains(refused.Text, "unknown command"))
		_, err = c.Do(ctx, `display-message -p "unfinished`)
		is.NoErr(err)
		out, err = c.Run(ctx, []string{"display-message", "-p", "%%end 1 2 1"}, []string{"display-message", "-p", "é ~ ; \" $HOME"})
		is.NoErr(err)
		is.Equal(out, []string{"%end 1 2 1", `é ~ ; " $HOME`})
	})
}

func TestManyGoroutinesShareAConnection(t *testing.T) {
	onEach(t, func(t *testing.T, c *control.Client, p control.Pane) {
		var wg sync.WaitGroup
		ctx := background(t)
		for i := range 100 {
			wg.Go(func() {
				for j := range 5 {
					want := fmt.Sprintf("%d.%d", i, j)
					if out, err := c.Do(ctx, "display-message -p "+want); err != nil || len(out) != 1 || out[0] != want {
						t.Errorf("%q %v, want %s", out, err, want)
					}
				}
			})
		}
		wg.Wait()
	})
}

// vectors are arguments that are hard to get through a command line.
func vectors() []string {
	var all []string
	for c := 1; c < 256; c++ {
		s := string([]byte{byte(c)})
		all = append(all, s, "a"+s, s+"b", "a"+s+"b", s+s)
	}
	return append(all, "a b", ";", " ;", "; ", "a;", `\;`, `a\;`, "{", "}", "{ x }", "%if", "%if 1", "%%", "%0", "~", "~root", "$HOME", "${HOME}", "#{pane_id}", "#(id)",
		"#[x]", "-n", "--", "-", "'", "''", `"`, `\`, `\\`, `\n`, `\u00e9`, `\033`, "é漢😀", "\xff\xfe\xc3", "# no comment", "a\nb\n", strings.Repeat("x", 20000))
}

func TestQuotedWordsArriveAsTheyAre(t *testing.T) {
	onEach(t, func(t *testing.T, c *control.Client, p control.Pane) {
		is := is.New(t)
		ctx := background(t)
		file := filepath.Join(t.TempDir(), "out")
		for _, v := range vectors() {
			_, err := c.Run(ctx, []string{"set-buffer", "-b", "v", "--", v}, []string{"save-buffer", "-b", "v", file})
			is.NoErr(err)
			got, err := os.ReadFile(file)
			is.NoErr(err)
			if string(got) != v {
				t.Errorf("%q arrived as %q", v, got)
			}
		}
	})
}

func TestPaste(t *testing.T) {
	onEach(t, func(t *testing.T, c *control.Client, p control.Pane) {
		is := is.New(t)
		ctx := background(t)
		body := "#{pane_id} $HOME ~ %if ; \"quoted\" é漢😀\x1b[201~\r"
		is.NoErr(c.Paste(ctx, guardOf(p), []byte(body)))
		s := sees(t, c, p.ID, "[201~")
		is.Equal(strings.SplitN(s.Screen, "\n", 2)[0], "#{pane_id} $HOME ~ %if ; \"quoted\" é漢😀[201~")
		is.NoErr(c.Keys(ctx, guardOf(p), "Enter", control.Literal("Enter; -l"), "Enter"))
		s = until(t, c, p.ID, func(s control.Snapshot) bool { return strings.Count(s.Screen, "Enter; -l") == 2 })
		is.True(s.CursorY >= 3)
		nothingLeft(is, c, ctx)
	})
}

func TestGuardRefuses(t *testing.T) {
	onEach(t, func(t *testing.T, c *control.Client, p control.Pane) {
		ctx := background(t)
		is := is.New(t)
		is.NoErr(c.Keys(ctx, guardOf(p), control.Literal("menu: 100% a,b} #[x]"), "Enter"))
		until(t, c, p.ID, func(s control.Snapshot) bool { return s.CursorY == 2 })
		is.NoErr(c.Keys(ctx, guardOf(p), control.Literal("❯ in")))
		at := sees(t, c, p.ID, "❯ in")
		with := func(change func(g *control.Guard)) control.Guard {
			g := guardOf(p)
			change(&g)
			return g
		}
		conds := func(cs ...control.Cond) control.Guard { return with(func(g *control.Guard) { g.Conds = cs }) }
		cases := []struct {
			name string
			g    control.Guard
			want control.Reason
		}{
			{"no such pane", with(func(g *control.Guard) { g.Pane = "%99" }), control.Gone},
			{"another process", with(func(g *control.Guard) { g.PID++ }), control.OtherProcess},
			{"step not set", with(func(g *control.Guard) { g.Step, g.Next = "x", "y" }), control.Step},
			{"row missing", conds(control.Row("not there")), control.Screen},
			{"row there", conds(control.NoRow("^menu: 100%")), control.Screen},
			{"second condition", conds(control.Row("menu"), control.Not(control.Row("a,b}"))), control.Screen},
			{"cursor elsewhere", conds(control.CursorOn("^menu")), control.Screen},
			{"cursor above", conds(control.Any(control.CursorBelow("nowhere"), control.CursorOn("menu"))), control.Screen},
			{"cursor in another column", conds(control.CursorAt(at.CursorX+1, at.CursorY)), control.Screen},
			{"cursor in another row", conds(control.CursorAt(at.CursorX, at.CursorY-1)), control.Screen},
			{"never", conds(control.Any()), control.Screen},
		}
		for _, cs := range cases {
			if got := reason(c.Paste(ctx, cs.g, []byte("TYPED"))); got != string(cs.want) {
				t.Errorf("%s: paste: %s, want %s", cs.name, got, cs.want)
			}
			if got := reason(c.Keys(ctx, cs.g, "T", "Y")); got != string(cs.want) {
				t.Errorf("%s: keys: %s, want %s", cs.name, got, cs.want)
			}
		}
		holds := []control.Cond{
			control.Row("^menu: 100% a,b} #[[]x]$"), control.NoRow("^ *$ x"), control.CursorOn("^❯"), control.CursorBelow("^menu"), control.CursorBelow("❯"),
			control.All(control.Row("[%]"), control.Any(control.NoRow("menu"), control.Not(control.CursorOn("menu")))), control.Row("x]"), control.Row(`\[x`),
			control.Row("#[[]x"), control.Row("(a|b),b[}]"), control.Row("0{2}% a"), control.Row("menu: "),
		}
		for _, cond := range holds {
			if err := c.Keys(ctx, conds(cond), "."); err != nil {
				t.Errorf("%s: %v", cond, err)
			}
		}
		at = sees(t, c, p.ID, strings.Repeat(".", len(holds)))
		there := control.CursorAt(at.CursorX, at.CursorY)
		is.NoErr(c.Keys(ctx, conds(there), "."))
		holds = append(holds, there)
		at = sees(t, c, p.ID, strings.Repeat(".", len(holds)))
		is.Equal(reason(c.Keys(ctx, conds(there), "T")), string(control.Screen)) // what was typed has moved it
		is.NoErr(c.Keys(ctx, conds(append(holds[:len(holds)-1:len(holds)-1], control.CursorAt(at.CursorX, at.CursorY))...), "!"))
		s := sees(t, c, p.ID, "!")
		is.True(strings.Contains(s.Screen, "❯ in"+strings.Repeat(".", len(holds))+"!"))
		is.True(!strings.Contains(s.Screen, "T"))
		nothingLeft(is, c, ctx)
	})
}

func TestStepHappensOnce(t *testing.T) {
	onEach(t, func(t *testing.T, c *control.Client, p control.Pane) {
		is := is.New(t)
		ctx := background(t)
		g := guardOf(p)
		g.Next = "m1.p"
		is.Equal(reason(c.Paste(ctx, g, []byte("once"))), "")
		is.Equal(reason(c.Paste(ctx, g, []byte("once"))), string(control.Step))
		g.Step, g.Next = "m1.p", "m1.e"
		var wg sync.WaitGroup
		var mu sync.Mutex
		taken := 0
		for range 10 {
			wg.Go(func() {
				if c.Keys(ctx, g, "Enter") == nil {
					mu.Lock()
					taken++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		is.Equal(taken, 1)
		s := until(t, c, p.ID, func(s control.Snapshot) bool { return s.CursorY == 2 })
		is.Equal(strings.TrimSpace(s.Screen), "once\nonce")
		is.Equal(s.Step, "m1.e")
	})
}

func TestNeverTypesIntoADeadPane(t *testing.T) {
	onEach(t, func(t *testing.T, c *control.Client, p control.Pane) {
		is := is.New(t)
		ctx := background(t)
		run(t, c, "set-option", "-w", "-t", p.Window, "remain-on-exit", "on")
		is.NoErr(c.Keys(ctx, guardOf(p), "C-d"))
		s := until(t, c, p.ID, func(s control.Snapshot) bool { return s.Dead })
		for range 5 { // on 3.3a a single paste would end the server
			is.Equal(reason(c.Paste(ctx, guardOf(p), []byte("x"))), string(control.Dead))
			is.Equal(reason(c.Keys(ctx, guardOf(p), "Enter")), string(control.Dead))
		}
		is.True(s.DeadStatus <= 0) // 3.3a may learn it late, or never
		for e := range c.Events() {
			if st, ok := e.(control.Structure); ok && len(st.Panes) == 1 && st.Panes[0].Dead {
				is.Equal(st.Panes[0].Pane, p.ID)
				is.True(st.Panes[0].Runs(p.PID))
				break
			}
		}
		nothingLeft(is, c, ctx)
	})
}

func TestModesAndDisabledInputRefuse(t *testing.T) {
	onEach(t, func(t *testing.T, c *control.Client, p control.Pane) {
		is := is.New(t)
		ctx := background(t)
		run(t, c, "copy-mode", "-t", p.ID)
		is.Equal(reason(c.Paste(ctx, guardOf(p), []byte("x"))), string(control.InMode))
		is.Equal(reason(c.Keys(ctx, guardOf(p), "Enter")), string(control.InMode))
		for e := range c.Events() {
			if e == (control.PaneModeChanged{Pane: p.ID}) {
				break
			}
		}
		run(t, c, "copy-mode", "-q", "-t", p.ID)
		run(t, c, "select-pane", "-d", "-t", p.ID)
		is.Equal(reason(c.Paste(ctx, guardOf(p), []byte("x"))), string(control.InputOff))
		run(t, c, "select-pane", "-e", "-t", p.ID)
		is.Equal(reason(c.Paste(ctx, guardOf(p), []byte("x"))), "")
	})
}

func TestSnapshotAndCapture(t *testing.T) {
	onEach(t, func(t *testing.T, c *control.Client, p control.Pane) {
		ctx := background(t)
		for _, leak := range []bool{true, false} {
			c.SetCaptureLeak(leak)
			is := is.New(t)
			run(t, c, "select-pane", "-t", p.ID, "-T", "✳ a : title; with # and 100%")
			text := ""
			for i := range 30 { // one at a time: the terminal's echo of the next could fall into cat's answer to the last
				is.NoErr(c.Keys(ctx, guardOf(p), control.Literal(fmt.Sprintf("%%end line %d  ", i)), "Enter"))
				until(t, c, p.ID, func(control.Snapshot) bool { // echoed by the terminal, and by cat
					var err error
					text, err = c.Capture(ctx, p.ID, control.CaptureOptions{Start: "-", End: "-"})
					is.NoErr(err)
					return strings.Count(text, "%end line ") == 2*(i+1)
				})
			}
			is.True(strings.HasPrefix(text, "%end line 0"))
			s, err := c.Snapshot(ctx, p.ID)
			is.NoErr(err)
			is.Equal(strings.Count(s.Screen, "\n"), 23) // all rows
			is.Equal(s.Title, "✳ a : title; with # and 100%")
			is.Equal([]int{s.CursorX, s.CursorY}, []int{0, 23})
			is.True(!s.At.IsZero() && time.Since(s.At) < time.Minute)
			text, err = c.Capture(ctx, p.ID, control.CaptureOptions{Start: "0", End: "1"})
			is.NoErr(err)
			is.Equal(strings.Count(text, "\n"), 1)
			_, err = c.Snapshot(ctx, "%99")
			is.Equal(reason(err), string(control.Gone))
			_, err = c.Capture(ctx, "%99", control.CaptureOptions{})
			is.Equal(reason(err), string(control.Gone))
			run(t, c, "copy-mode", "-t", p.ID)
			s, err = c.Snapshot(ctx, p.ID)
			is.NoErr(err)
			is.True(s.InMode && strings.Contains(s.Screen, "line 29"))
			run(t, c, "copy-mode", "-q", "-t", p.ID)
			run(t, c, "send-keys", "-R", "-t", p.ID)
			run(t, c, "clear-history", "-t", p.ID)
			nothingLeft(is, c, ctx)
		}
	})
}

func TestOutputOfWatchedPanes(t *testing.T) {
	onEach(t, func(t *testing.T, c *control.Client, p control.Pane) {
		is := is.New(t)
		ctx := background(t)
		out := c.Watch(p.ID)
		is.Equal(c.Watch(p.ID), out)
		is.NoErr(c.Paste(ctx, guardOf(p), []byte(`back\slash é`)))
		var got []byte
		for !strings.Contains(string(got), "é") {
			select {
			case <-out.C():
				chunk := out.Take()
				is.True(chunk.Lost == 0 && !chunk.Paused)
				got = append(got, chunk.Data...)
			case <-ctx.Done():
				t.Fatalf("got only %q", got)
			}
		}
		is.Equal(string(got), `back\slash é`)
		c.Unwatch(p.ID)
		is.NoErr(c.Keys(ctx, guardOf(p), "x"))
		sees(t, c, p.ID, "éx")
		is.Equal(len(out.Take().Data), 0)
	})
}

func TestKill(t *testing.T) {
	onEach(t, func(t *testing.T, c *control.Client, p control.Pane) {
		is := is.New(t)
		ctx := background(t)
		pane := strings.TrimPrefix(run(t, c, "split-window", "-d", "-t", p.ID, "-P", "-F", "r #{pane_id}", "cat"), "r ")
		window := strings.TrimPrefix(run(t, c, "new-window", "-d", "-t", c.Session()+":", "-P", "-F", "r #{window_id}", "cat"), "r ")
		session := strings.TrimPrefix(run(t, c, "new-session", "-d", "-P", "-F", "r #{session_id}", "-s", "other", "cat"), "r ")
		panes, err := c.Panes(ctx)
		is.NoErr(err)
		is.Equal(len(panes), 4)
		pid := 0
		for _, q := range panes {
			if q.ID == pane {
				pid = q.PID
			}
		}
		is.Equal(reason(c.KillPane(ctx, pane, pid+1)), string(control.OtherProcess))
		is.Equal(reason(c.KillPane(ctx, pane, pid)), "")
		is.Equal(reason(c.KillPane(ctx, pane, pid)), string(control.Gone))
		is.Equal(reason(c.KillWindow(ctx, window)), "")
		is.Equal(reason(c.KillWindow(ctx, window)), string(control.Gone))
		is.Equal(reason(c.KillSession(ctx, session)), "")
		is.Equal(reason(c.KillSession(ctx, session)), string(control.Gone))
		is.Equal(only(t, c).ID, p.ID)
		is.Equal(reason(c.KillSession(ctx, c.Session())), "")
		<-c.Done()
		var exit *control.ExitError
		is.True(errors.As(c.Err(), &exit))
	})
}

func TestStructureFollowsSessions(t *testing.T) {
	onEach(t, func(t *testing.T, c *control.Client, p control.Pane) {
		is := is.New(t)
		session := strings.TrimPrefix(run(t, c, "new-session", "-d", "-P", "-F", "r #{session_id}", "-s", "other", "cat"), "r ")
		instant := false
		for e := range c.Events() {
			switch e := e.(type) {
			case control.SessionsChanged:
				instant = true
			case control.Structure:
				for _, q := range e.Panes {
					if q.Session == session {
						is.True(instant)
						is.True(q.PID > 0 && !q.Dead && q.DeadStatus == -1 && strings.HasPrefix(q.Pane, "%") && strings.HasPrefix(q.Window, "@"))
						return
					}
				}
			}
		}
	})
}

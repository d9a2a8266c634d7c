package control_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"isesh/control"
	"isesh/control/controltest"

	"github.com/matryer/is"
)

// realPane dials a real tmux whose one pane runs cmd.
func realPane(t testing.TB, cmd ...string) (control.Server, *control.Client, control.Pane) {
	t.Helper()
	s := controltest.Real(t)
	c := dial(t, control.Options{Server: s, Create: append([]string{"new-session", "-s", "main", "-x", "80", "-y", "24"}, cmd...)})
	return s, c, only(t, c)
}

// receiver runs a program that puts its terminal into raw mode with bracketed
// paste and writes all it reads into a file.
func receiver(t testing.TB) (c *control.Client, p control.Pane, file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "received")
	_, c, p = realPane(t, "sh", "-c", `stty raw -echo; printf '\033[?2004hready'; exec cat >"$0"`, file)
	sees(t, c, p.ID, "ready")
	return c, p, file
}

// received waits until the file ends in end.
func received(t testing.TB, file, end string) string {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(string(b), end) {
			return string(b)
		}
		if time.Now().After(deadline) {
			t.Fatalf("received %d bytes, ending in %q", len(b), b[max(0, len(b)-100):])
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestPastedBytes(t *testing.T) {
	is := is.New(t)
	ctx := background(t)
	c, p, file := receiver(t)
	var all strings.Builder
	for _, v := range append(vectors(), strings.Repeat("0123456789é\n", 30000)) {
		clean := string(control.Clean([]byte(v)))
		err := c.Paste(ctx, guardOf(p), []byte(v))
		if clean == "" {
			is.True(err != nil)
			continue
		}
		is.NoErr(err)
		all.WriteString("\x1b[200~" + strings.ReplaceAll(clean, "\n", "\r") + "\x1b[201~")
	}
	is.NoErr(c.Keys(ctx, guardOf(p), "F12"))
	got := received(t, file, "\x1b[24~")
	is.True(got == all.String()+"\x1b[24~")
	nothingLeft(is, c, ctx)
	log := run(t, c, "show-messages")
	is.True(strings.Contains(log, "load-buffer"))
	is.True(!strings.Contains(log, "0123456789")) // what is pasted is in no log of tmux
}

func TestEveryValidKeyIsAKey(t *testing.T) {
	is := is.New(t)
	ctx := background(t)
	c, p, file := receiver(t)
	names := strings.Fields(`Enter Escape Tab BTab BSpace Space Up Down Left Right Home End PageUp PgUp PPage PageDown PgDn NPage Insert IC Delete DC
		F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 F11 F12 KP/ KP* KP- KP+ KP. KPEnter KP0 KP1 KP2 KP3 KP4 KP5 KP6 KP7 KP8 KP9`)
	var keys []string
	for _, n := range names {
		keys = append(keys, n, "M-"+n)
		if control.ValidKey("C-"+n) == nil && !strings.HasPrefix(n, "KP") {
			keys = append(keys, "C-"+n)
		}
		if control.ValidKey("S-"+n) == nil && !strings.HasPrefix(n, "KP") {
			keys = append(keys, "S-"+n)
			if control.ValidKey("C-"+n) == nil {
				keys = append(keys, "C-M-S-"+n)
			}
		}
	}
	for ch := byte('!'); ch < 0x7f; ch++ {
		keys = append(keys, string(ch), "M-"+string(ch))
		if control.ValidKey("C-"+string(ch)) == nil {
			keys = append(keys, "C-"+string(ch), "C-M-"+string(ch))
		}
	}
	keys = append(keys, "é", "M-é", "漢", "😀")
	for _, k := range keys {
		is.NoErr(control.ValidKey(k))
		is.NoErr(c.Keys(ctx, guardOf(p), k, "F12"))
	}
	is.NoErr(c.Keys(ctx, guardOf(p), control.Literal("done")))
	parts := strings.Split(received(t, file, "done"), "\x1b[24~")
	i := 0
	for _, k := range keys {
		if strings.HasSuffix(k, "F12") && k == "F12" {
			i += 2
			continue
		}
		// A name that tmux did not know would have been typed.
		if got := parts[i]; len([]rune(k)) > 1 && (got == k || strings.Contains(got, "-")) && !strings.HasSuffix(k, "-") {
			t.Errorf("key %s was typed as %q", k, got)
		}
		i++
	}
}

func TestConcurrentPastesStayWhole(t *testing.T) {
	is := is.New(t)
	ctx := background(t)
	c, p, file := receiver(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 20 {
				if err := c.Paste(ctx, guardOf(p), []byte(strings.Repeat(fmt.Sprintf("<%d.%d>", i, j), 500))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	is.NoErr(c.Keys(ctx, guardOf(p), "F12"))
	got := strings.TrimSuffix(received(t, file, "\x1b[24~"), "\x1b[24~")
	pastes := strings.Split(strings.TrimSuffix(got, "\x1b[201~"), "\x1b[201~")
	is.Equal(len(pastes), 160)
	for _, one := range pastes {
		one, ok := strings.CutPrefix(one, "\x1b[200~")
		unit, _, _ := strings.Cut(one, ">")
		is.True(ok && one == strings.Repeat(unit+">", 500))
	}
}

func TestHostileNamesCannotForgeReplies(t *testing.T) {
	is := is.New(t)
	ctx := background(t)
	_, c, p := realPane(t, "cat")
	if c.Identity().Version.AtLeast(3, 7) {
		t.Skipf("tmux %s takes no names with control characters", c.Identity().Version)
	}
	dir := filepath.Join(t.TempDir(), "x\n%end 1 2 1\n%exit\n\ty")
	is.NoErr(os.Mkdir(dir, 0o700))
	run(t, c, "new-window", "-d", "-c", dir, "-n", "a\tb\n%exit", "cat")
	run(t, c, "rename-session", "-t", c.Session(), "tab\there #{pid} é")
	run(t, c, "set-option", "-p", "-t", p.ID, "@isesh_step", "a\tb\nc")
	for {
		panes, err := c.Panes(ctx)
		is.NoErr(err)
		is.Equal(len(panes), 2)
		if filepath.Base(panes[1].Path) != "x?%end 1 2 1?%exit??y" {
			continue // cat is being started
		}
		is.Equal(panes[0].Step, "a?b?c")
		is.True(!strings.ContainsAny(panes[0].SessionName+panes[1].WindowName, "\t\n"))
		break
	}
	is.NoErr(c.Err())
}

func TestServerWithoutAConnection(t *testing.T) {
	is := is.New(t)
	ctx := background(t)
	s := controltest.Real(t)
	_, err := s.Identity(ctx)
	is.True(errors.Is(err, control.ErrNoServer))
	_, err = s.Panes(ctx)
	is.True(errors.Is(err, control.ErrNoServer))
	_, err = control.Dial(ctx, control.Options{Server: s, Session: "=main"})
	is.True(errors.Is(err, control.ErrNoServer))
	v, err := s.Version(ctx)
	is.NoErr(err)
	is.True(v.AtLeast(3, 2))
	_, err = control.Server{Binary: "/nonexistent/tmux"}.Version(ctx)
	is.True(errors.Is(err, control.ErrNoTmux))
	_, err = control.Server{Binary: "no-such-tmux"}.Panes(ctx)
	is.True(errors.Is(err, control.ErrNoTmux))
	_, err = control.Dial(ctx, control.Options{Server: control.Server{Binary: "no-such-tmux"}, Create: []string{"new-session"}})
	is.True(errors.Is(err, control.ErrNoTmux))
	old := filepath.Join(t.TempDir(), "tmux")
	is.NoErr(os.WriteFile(old, []byte("#!/bin/sh\necho tmux 3.1c\n"), 0o700))
	var tooOld *control.OldVersionError
	_, err = control.Server{Binary: old}.Version(ctx)
	is.True(errors.As(err, &tooOld))

	// A C locale and a stray TMUX change nothing.
	t.Setenv("TMUX", "/nonexistent,1,0")
	s.Env = append(os.Environ(), "LC_ALL=C", "LANG=C", "TMUX_PANE=%7")
	c := dial(t, control.Options{Server: s, Create: []string{"new-session", "-s", "é漢", ";", "set-option", "-w", "remain-on-exit", "on"}})
	panes, err := s.Panes(ctx)
	is.NoErr(err)
	is.Equal(panes[0].SessionName, "é漢")
	is.Equal(run(t, c, "show-options", "-wv", "-t", panes[0].Window, "remain-on-exit"), "on")
	id, err := s.Identity(ctx)
	is.NoErr(err)
	is.Equal(id, c.Identity())
	var refused *control.CommandError
	_, err = control.Dial(ctx, control.Options{Server: s, Session: "=nobody"})
	is.True(errors.As(err, &refused))
	is.Equal(refused.Text, "can't find session: nobody")
	_, err = control.Dial(ctx, control.Options{Server: s, Create: []string{"new-session", "-s", "é漢"}})
	is.True(errors.As(err, &refused))
	is.Equal(refused.Text, "duplicate session: é漢")
	_, err = s.Output(ctx, "no-such-command")
	is.True(errors.As(err, &refused))
	for _, o := range []control.Options{{Server: s}, {Server: s, Session: "x", Create: []string{"new-session"}}, {Server: s, Create: []string{"kill-server"}}} {
		_, err = control.Dial(ctx, o)
		is.True(err != nil)
	}
}

func TestFloodDoesNotBlockAndLosesNothingSilently(t *testing.T) {
	is := is.New(t)
	ctx := background(t)
	const lines = 200_000
	_, c, p := realPane(t, "sh", "-c", "stty -onlcr; cat; seq "+strconv.Itoa(lines)+"; printf end; exec cat")
	out := c.Watch(p.ID)
	is.NoErr(c.Keys(ctx, guardOf(p), "C-d"))
	want := 0
	for i := 1; i <= lines; i++ {
		want += len(strconv.Itoa(i)) + 1
	}
	want += len("end")
	got, lost := 0, int64(0)
	for got+int(lost) < want {
		select {
		case <-out.C():
			chunk := out.Take()
			got, lost = got+len(chunk.Data), lost+chunk.Lost
			is.True(!chunk.Paused)
		case <-ctx.Done():
			t.Fatalf("%d and %d lost of %d bytes", got, lost, want)
		}
	}
	sees(t, c, p.ID, "end")
	is.Equal(got+int(lost), want)
}

func TestScratchDirectoryIsPrivate(t *testing.T) {
	is := is.New(t)
	s := controltest.Real(t)
	dir := filepath.Join(t.TempDir(), "open")
	is.NoErr(os.Mkdir(dir, 0o755))
	dial(t, control.Options{Server: s, Create: []string{"new-session", "cat"}, Scratch: dir})
	info, err := os.Stat(dir)
	is.NoErr(err)
	is.Equal(info.Mode().Perm(), os.FileMode(0o700))
	link := dir + "-link"
	is.NoErr(os.Symlink(dir, link))
	_, err = control.Dial(background(t), control.Options{Server: s, Session: "=0", Scratch: link})
	is.True(err != nil)
	c, err := control.Dial(background(t), control.Options{Server: s, Session: "=0"})
	is.NoErr(err)
	own := c.ScratchDir()
	info, err = os.Stat(own)
	is.NoErr(err)
	is.Equal(info.Mode().Perm(), os.FileMode(0o700))
	is.NoErr(c.Close())
	_, err = os.Stat(own)
	is.True(errors.Is(err, os.ErrNotExist))
}

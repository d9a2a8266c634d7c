package supervisor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/matryer/is"

	"isesh/roles"
	"isesh/roles/agent"
	"isesh/supervisor/api"
)

// A menu that does not listen yet when it is drawn gets its key when it does: after the time that the profile tells, and where the profile
// tells none by pressing the lost key again.
func TestMenuThatDoesNotListenYet(t *testing.T) {
	for _, tt := range []struct{ name, profile, pressed string }{
		{"the profile knows", settledProfile(t), "1"},
		{"the profile does not", "", "1 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			is := is.New(t)
			g := newRig(t)
			g.end()
			g.agents = tt.profile
			g.run()
			g.start("t", g.role("dev", "--menu-deaf", "200ms"))
			g.send("t/dev", "ASKPERM touch x THEN ASKPERM touch x")
			for range 2 { // the second menu looks like the first
				g.in("t/dev", agent.Waiting)
				res, err := g.sup.Approve(context.Background(), g.person(), api.ActRequest{To: "t/dev"})
				is.NoErr(err)
				is.Equal(strings.Join(res.Pressed, " "), tt.pressed)
			}
			g.in("t/dev", agent.Idle)
			_, keys := g.turns("dev")
			is.Equal(len(keys), 2) // no key came through twice
		})
	}
}

// settledProfile returns a folder with a profile of the scripted agent that says how long its menus do not listen.
func settledProfile(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../roles/agent/profiles/scripted.yaml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	text := strings.Replace(string(data), "  digits: true\n", "  digits: true\n  settle: 300ms\n", 1)
	if err := os.WriteFile(filepath.Join(dir, "scripted.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A key is pressed again only into the menu that lost it.
func TestKeyIsNotPressedAgain(t *testing.T) {
	t.Run("a menu that stays and draws nothing", func(t *testing.T) {
		is := is.New(t)
		g := newRig(t)
		// Nothing shows that it has read the key: it may wait in the terminal, and must not wait there twice.
		g.start("t", g.role("dev", "--menu-deaf", "1h", "--redraw", "0"))
		g.send("t/dev", "ASKPERM touch x")
		g.in("t/dev", agent.Waiting)
		res, err := g.sup.Approve(context.Background(), g.person(), api.ActRequest{To: "t/dev"})
		is.True(err != nil)
		is.Equal(res.Pressed, []string{"1"})
	})
	t.Run("a second menu that looks the same", func(t *testing.T) {
		is := is.New(t)
		g := newRig(t)
		g.start("t", g.role("dev"))
		g.send("t/dev", strings.Repeat("ASKPERM touch x THEN ", 3)+"ASKPERM touch x")
		for i := range 4 {
			g.in("t/dev", agent.Waiting)
			res, err := g.sup.Approve(context.Background(), g.person(), api.ActRequest{To: "t/dev"})
			is.NoErr(err)
			is.Equal(res.Pressed, []string{"1"})
			_, keys := g.turns("dev")
			is.Equal(len(keys), i+1)
		}
	})
}

func TestInk(t *testing.T) {
	for text, want := range map[string]int{
		"":       0,
		"Yes No": 5,
		"\x1b[3;7H\x1b[38;5;153m●\x1b[0m\x1b[K": 1,
		"\x1b]0;a title\x07x\x1b]0;b\x1b\\y":    2,
		"\x1b(B\x1b=é\r\n漢":                     2,
		"\x1bP1;2|data\x1b\\":                   0,
	} {
		is := is.New(t)
		var whole, pieces ink
		whole.add([]byte(text))
		for i := range len(text) {
			pieces.add([]byte(text[i : i+1]))
		}
		is.Equal(whole.n, want) // text
		is.Equal(pieces, whole)
	}
}

// A prompt that an interrupt hands back is cleared also when it comes late, and what is sent meanwhile waits for that.
func TestPromptComesBackLate(t *testing.T) {
	for _, delay := range []string{"20ms", "110ms"} {
		t.Run(delay, func(t *testing.T) {
			is := is.New(t)
			g := newRig(t)
			g.start("t", g.role("dev", "--back-delay", delay))
			for i := range 3 {
				sent := g.send("t/dev", fmt.Sprintf("a task %d\nSLOW 1h", i))
				g.in("t/dev", agent.Busy)
				res, err := g.sup.Cancel(context.Background(), g.person(), api.ActRequest{To: "t/dev", Message: fmt.Sprintf("ECHO instead %d", i)})
				is.NoErr(err)
				is.True(res.Receipt != nil)
				was, _, err := g.sup.Receipt(context.Background(), g.person(), sent.ID)
				is.NoErr(err)
				is.True(strings.HasPrefix(was.Evidence, "returned"))
				is.True(g.settled(res.Receipt.ID) != roles.StatusUnconfirmed)
				g.in("t/dev", agent.Idle)
				texts, _ := g.turns("dev")
				is.Equal(texts[len(texts)-1], fmt.Sprintf("ECHO instead %d", i))
				is.Equal(len(texts), 2*(i+1))
			}
		})
	}
}

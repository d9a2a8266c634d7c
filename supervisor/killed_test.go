package supervisor

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"
	"github.com/sourcegraph/conc"

	"isesh/control"
	"isesh/roles"
	"isesh/supervisor/api"
)

// superviseEnv makes the test binary a supervisor of its own process: the directories and the tmux socket follow from it.
const superviseEnv = "ISESH_TEST_SUPERVISE"

func init() {
	base := os.Getenv(superviseEnv)
	if base == "" {
		return
	}
	if err := superviseHere(base, os.Getenv(superviseEnv+"_TMUX")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func superviseHere(base, tmux string) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	paths, err := killPaths(base)
	if err != nil {
		return err
	}
	s, err := New(Config{
		Dir: filepath.Join(base, "state"), Tmux: control.Server{Path: tmux, Config: "/dev/null"}, Binary: filepath.Join(base, "bin", "isesh"), Socket: filepath.Join(base, "sock.s"),
	})
	if err != nil {
		return err
	}
	l, lock, err := api.Listen(paths)
	if err != nil {
		return err
	}
	defer lock.Close()
	var wg conc.WaitGroup
	wg.Go(func() {
		defer cancel()
		if err := s.Run(ctx); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	})
	wg.Go(func() {
		<-s.ready
		fmt.Println("ready")
		_, _ = io.Copy(io.Discard, os.Stdin) // until the test has gone
		cancel()
	})
	return api.Serve(ctx, l, s, api.ServeOptions{})
}

func killPaths(base string) (api.Paths, error) {
	return api.PathsFor(filepath.Join(base, "state"), "", func(name string) string {
		if name == "ISESH_SOCKET" {
			return filepath.Join(base, "api.s")
		}
		return ""
	})
}

// process is a supervisor of its own process over the rig's files. kill is SIGKILL.
func (g *rig) process() (c *api.Client, kill func()) {
	g.Helper()
	base := filepath.Dir(g.state)
	self, err := os.Executable()
	if err != nil {
		g.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), superviseEnv+"="+base, superviseEnv+"_TMUX="+g.tmux.Path)
	cmd.Stderr = testWriter{g.TB}
	in, err := cmd.StdinPipe()
	if err != nil {
		g.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		g.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		g.Fatal(err)
	}
	dead := false
	kill = func() {
		if !dead {
			dead = true
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			in.Close()
		}
	}
	g.Cleanup(kill)
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		g.Fatalf("the supervisor's process says %q: %v", line, err)
	}
	paths, err := killPaths(base)
	if err != nil {
		g.Fatal(err)
	}
	if c, err = api.Connect(context.Background(), api.ClientOptions{Paths: paths, Facts: api.Caller{Dir: g.dir}}); err != nil {
		g.Fatal(err)
	}
	g.Cleanup(func() { c.Close() })
	return c, kill
}

// A supervisor that is killed between the submit and the end of the turn owes the answer still; the next one gives it, once, whether the turn
// ends before it comes or after.
func TestKilledInTheMiddleOfATurn(t *testing.T) {
	for _, meanwhile := range []bool{false, true} {
		t.Run(fmt.Sprintf("ends meanwhile %v", meanwhile), func(t *testing.T) {
			is := is.New(t)
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			g := newRig(t)
			g.start("t", g.role("dev", "--on", "TASK:=>SLOW 1s THEN ECHO it is there"))
			g.end()
			c, kill := g.process()
			got, err := c.Send(ctx, api.SendRequest{To: "t/dev", Text: "TASK: go", Within: "10s"})
			is.NoErr(err)
			is.Equal(got.Status, roles.StatusSubmitted)
			kill()
			if meanwhile {
				for !g.shows("t/dev", "it is there") && ctx.Err() == nil {
					time.Sleep(50 * time.Millisecond) // nothing of ours runs that could tell
				}
			}
			c, kill = g.process()
			res, err := c.Wait(ctx, api.WaitRequest{Reply: got.ID, Timeout: "20s"})
			is.NoErr(err)
			is.Equal(res.Message.Text, "it is there")
			kill()
			g.run()
			is.Equal(len(g.replies()), 1)
			is.Equal(g.replies()[0].InReplyTo, got.ID)
			texts, _ := g.turns("dev")
			is.Equal(texts, []string{"TASK: go"})
		})
	}
}

// shows looks at a pane without a supervisor.
func (g *rig) shows(name, text string) bool {
	g.Helper()
	return strings.Contains(g.cli("capture-pane", "-p", "-t", "=isesh-t:"+address(name).Role), "• "+text)
}

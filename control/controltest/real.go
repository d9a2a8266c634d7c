package controltest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"isesh/control"
)

// Real starts nothing by itself: it returns the address of a private tmux, with a socket of its own in a short temporary directory and an
// empty configuration, so that the first command or dial starts a server that no other test and no user shares. Server itself keeps TMUX out
// of the environment. When the test ends, the server is killed and the directory removed. The test is skipped, with a reason, when tmux is not
// installed.
func Real(t testing.TB) control.Server {
	t.Helper()
	binary, err := exec.LookPath("tmux")
	if err != nil {
		t.Skipf("tmux is not installed: %v", err)
	}
	// t.TempDir is named after the test, which can be longer than a socket address allows.
	dir, err := os.MkdirTemp("", "isesh")
	if err != nil {
		t.Fatalf("making a directory for the tmux socket: %v", err)
	}
	s := control.Server{Binary: binary, Path: filepath.Join(dir, "s"), Config: "/dev/null"}
	t.Cleanup(func() {
		// Five seconds: tmux answers in milliseconds, and a test that cannot stop its server has to say so.
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		out, err := exec.CommandContext(ctx, binary, "-S", s.Path, "kill-server").CombinedOutput()
		if text := strings.TrimSpace(string(out)); err != nil && !noServer(text) {
			t.Errorf("killing the private tmux server: %v: %s", err, text)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("removing the tmux socket's directory: %v", err)
		}
	})
	return s
}

// noServer tells tmux's ways to say that the server has ended already, which is how a test may have wanted it.
func noServer(text string) bool {
	for _, s := range []string{"no server running", "error connecting", "lost server", "server exited"} {
		if strings.Contains(text, s) {
			return true
		}
	}
	return false
}

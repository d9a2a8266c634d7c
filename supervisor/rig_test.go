package supervisor

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sourcegraph/conc"

	"isesh/control"
	"isesh/control/controltest"
	"isesh/layout"
	"isesh/roles"
	"isesh/roles/agent"
	"isesh/roles/agent/scripted"
	"isesh/supervisor/api"
)

// TestMain lets the test binary play the isesh binary that roles are started with: `isesh exec FILE` and `isesh agent scripted`.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) != "isesh" {
		os.Exit(m.Run())
	}
	var err error
	code := 1
	switch {
	case len(os.Args) == 3 && os.Args[1] == "exec":
		err = becomeRole(os.Args[2])
	case len(os.Args) >= 3 && os.Args[1] == "agent" && os.Args[2] == "scripted":
		var o scripted.Options
		if o, err = scripted.ParseArgs(os.Args[3:]); err == nil {
			code, err = scripted.Run(context.Background(), o)
		}
	case len(os.Args) == 3 && os.Args[1] == "hook":
		err = runHook(os.Args[2])
	default:
		err = fmt.Errorf("unexpected arguments %q", os.Args)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "isesh:", err)
		os.Exit(1)
	}
	os.Exit(code)
}

func becomeRole(file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var e Exec
	if err := json.Unmarshal(data, &e); err != nil {
		return err
	}
	if err := os.Remove(file); err != nil {
		return err
	}
	if err := os.Chdir(e.Dir); err != nil {
		return err
	}
	for _, name := range []string{"TERM", "TMUX", "TMUX_PANE"} {
		e.Env = append(e.Env, name+"="+os.Getenv(name))
	}
	for _, kv := range e.Env {
		if path, ok := strings.CutPrefix(kv, "PATH="); ok {
			os.Setenv("PATH", path)
		}
	}
	prog, err := lookPath(e.Argv[0])
	if err != nil {
		return err
	}
	return syscall.Exec(prog, e.Argv, e.Env)
}

func lookPath(prog string) (string, error) {
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if p := filepath.Join(dir, prog); filepath.IsAbs(p) {
			if info, err := os.Stat(p); err == nil && info.Mode()&0o111 != 0 && !info.IsDir() {
				return p, nil
			}
		}
	}
	return "", fmt.Errorf("no %s on the PATH", prog)
}

// rig is a Supervisor in this process, on a private tmux server, with a project directory.
type rig struct {
	testing.TB
	tmux   control.Server
	sup    *Supervisor
	state  string
	dir    string // of the project, and of the records
	binary string
	agents string        // profiles of the user's own, "" for none
	tune   func(*Config) // nil, or what this test wants otherwise
	end    func()
}

// person is who asks in tests unless they say otherwise.
func (g *rig) person() api.Caller { return api.Caller{How: "user", Dir: g.dir} }

// newRig starts a Supervisor on a tmux server of its own. All is gone when the test ends.
func newRig(t testing.TB) *rig {
	t.Helper()
	return newRigOn(t, controltest.Real(t))
}

func newRigOn(t testing.TB, tmux control.Server) *rig {
	t.Helper()
	return newRigTuned(t, tmux, nil)
}

func newRigTuned(t testing.TB, tmux control.Server, tune func(*Config)) *rig {
	t.Helper()
	base, err := os.MkdirTemp("", "isesh")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(base) })
	g := &rig{TB: t, tmux: tmux, tune: tune, state: filepath.Join(base, "state"), dir: filepath.Join(base, "project"), binary: filepath.Join(base, "bin", "isesh")}
	for _, d := range []string{g.dir, filepath.Dir(g.binary)} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, g.binary); err != nil {
		t.Fatal(err)
	}
	g.run()
	t.Cleanup(func() { g.end() })
	return g
}

// run starts the Supervisor; end stops it, and run may be called again.
func (g *rig) run() {
	g.Helper()
	level := slog.LevelInfo
	if testing.Verbose() {
		level = slog.LevelDebug
	} else if _, bench := g.TB.(*testing.B); bench {
		level = slog.LevelWarn
	}
	logger := slog.New(slog.NewTextHandler(testWriter{g.TB}, &slog.HandlerOptions{Level: level}))
	cfg := Config{
		Dir: g.state, Tmux: g.tmux, Binary: g.binary, Socket: filepath.Join(filepath.Dir(g.state), "sock.s"), Log: logger, Version: "test", Profiles: g.agents,
	}
	if g.tune != nil {
		g.tune(&cfg)
	}
	sup, err := New(cfg)
	if err != nil {
		g.Fatal(err)
	}
	g.sup = sup
	ctx, cancel := context.WithCancel(context.Background())
	var wg conc.WaitGroup
	wg.Go(func() {
		if err := sup.Run(ctx); err != nil {
			g.Error("supervisor:", err)
		}
	})
	g.end = func() {
		cancel()
		wg.Wait()
		g.end = func() {}
	}
	<-sup.ready
}

type testWriter struct{ testing.TB }

func (w testWriter) Write(p []byte) (int, error) {
	w.Log(strings.TrimRight(string(p), "\n"))
	return len(p), nil
}

// role is a scripted role; its record is DIR/NAME.jsonl.
func (g *rig) role(name string, flags ...string) layout.ResolvedRole {
	argv := append([]string{"isesh", "agent", "scripted", "--record", g.record(name)}, flags...)
	return layout.ResolvedRole{Name: name, Agent: "scripted", Argv: argv, Dir: g.dir, Restart: layout.RestartNever}
}

func (g *rig) record(name string) string { return filepath.Join(g.dir, name+".jsonl") }

// start starts a team and waits until its roles are ready.
func (g *rig) start(name string, rs ...layout.ResolvedRole) api.Team {
	g.Helper()
	res, err := g.tryStart(name, rs...)
	if err != nil {
		g.Fatalf("start %s: %v", name, err)
	}
	for _, n := range res.Notices {
		g.Logf("start %s: %s", name, n)
	}
	return res.Team
}

func (g *rig) tryStart(name string, rs ...layout.ResolvedRole) (api.StartResult, error) {
	return g.tryStartWithin(time.Minute, name, rs...)
}

func (g *rig) tryStartWithin(within time.Duration, name string, rs ...layout.ResolvedRole) (api.StartResult, error) {
	data, err := json.Marshal(layout.Team{Name: name, Dir: g.dir, Arrange: layout.ArrangeWindows, Roles: rs})
	if err != nil {
		g.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	env := map[string]string{"PATH": os.Getenv("PATH"), "HOME": g.dir, "LANG": "C.UTF-8"}
	return g.sup.Start(ctx, g.person(), api.StartRequest{Team: data, Env: env, Width: 100, Height: 30, Wait: true, Within: "20s"}, nil)
}

// send sends as a person.
func (g *rig) send(to, text string) api.Receipt {
	g.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	r, err := g.sup.Send(ctx, g.person(), api.SendRequest{To: to, Text: text, Within: "20s"})
	if err != nil {
		g.Fatalf("send to %s: %v", to, err)
	}
	return r
}

// until waits for a condition on the supervisor's state.
func (g *rig) until(what string, cond func() bool) {
	g.Helper()
	if !g.sup.until(context.Background(), 20*time.Second, cond) {
		for _, r := range g.sup.allRunners() {
			v := r.view().role
			g.Logf("%s: %s %s queue %d held %q rule %q last %+v", v.Address, v.State, v.Kind, v.Queue, v.Held, v.Rule, v.Last)
		}
		g.Fatalf("not reached: %s", what)
	}
}

// in waits until a role is in a state.
func (g *rig) in(name string, state agent.State) {
	g.Helper()
	g.until(name+" "+string(state), func() bool { return g.state1(name) == state })
}

func (g *rig) state1(name string) agent.State {
	a, err := roles.ParseAddress(name)
	if err != nil {
		g.Fatal(err)
	}
	r := g.sup.runner(a)
	if r == nil {
		return agent.Dead
	}
	return agent.State(r.view().role.State)
}

// status is the last status of a message.
func (g *rig) status(id string) roles.Status {
	r, _, err := g.sup.Receipt(context.Background(), g.person(), id)
	if err != nil {
		g.Fatal(err)
	}
	return r.Status
}

// settled waits until a message is past the composer, or failed.
func (g *rig) settled(id string) roles.Status {
	g.Helper()
	var st roles.Status
	g.until("message "+id+" settled", func() bool { st = g.status(id); return st.Final() })
	return st
}

// recorded is a line of a scripted agent's record.
type recorded struct {
	N       int    `json:"n"`
	Text    string `json:"text"`
	MenuKey string `json:"menu_key"`
	Menu    string `json:"menu"`
	Chose   string `json:"chose"`
}

// turns reads what a role has recorded: submitted messages, and keys that reached a menu.
func (g *rig) turns(name string) (texts []string, keys []recorded) {
	g.Helper()
	f, err := os.Open(g.record(name))
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		g.Fatal(err)
	}
	defer f.Close()
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 64<<20)
	for sc.Scan() {
		var tn recorded
		if err := json.Unmarshal(sc.Bytes(), &tn); err != nil {
			g.Fatalf("record of %s: %v", name, err)
		}
		if tn.MenuKey != "" {
			keys = append(keys, tn)
		} else {
			texts = append(texts, tn.Text)
		}
	}
	return texts, keys
}

// cli runs the tmux program on the private server.
func (g *rig) cli(args ...string) string {
	g.Helper()
	out, err := g.tmux.Output(context.Background(), args...)
	if err != nil {
		g.Fatalf("tmux %q: %v", args, err)
	}
	return out
}

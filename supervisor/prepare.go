package supervisor

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/google/shlex"
	"github.com/google/uuid"

	"isesh/layout"
	"isesh/roles"
	"isesh/roles/agent"
	"isesh/supervisor/api"
)

// Exec is the file that `isesh exec` reads: what becomes of a new pane. It carries what must not be seen in a command line.
type Exec struct {
	Argv []string `json:"argv"`
	Env  []string `json:"env"` // NAME=value; the terminal's own variables are added by isesh exec
	Dir  string   `json:"dir"`
}

// passed are the caller's variables that every role gets; names that end in * are prefixes.
var passed = []string{
	"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "LC_*", "TZ", "TMPDIR", "EDITOR", "VISUAL", "PAGER",
	"SSH_AUTH_SOCK", "XDG_*", "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY", "COLORTERM", "NO_COLOR",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy",
	"SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS",
}

// serverEnv is the environment for a tmux server that a start brings up: what a login shell would have, and nothing of isesh's.
func serverEnv(caller map[string]string) []string {
	return pick(caller, append([]string{"TERM"}, passed...))
}

func pick(caller map[string]string, names []string) []string {
	var out []string
	for k, v := range caller {
		for _, n := range names {
			if prefix, ok := strings.CutSuffix(n, "*"); k == n || ok && strings.HasPrefix(k, prefix) {
				out = append(out, k+"="+v)
				break
			}
		}
	}
	sort.Strings(out)
	return out
}

// prepare fills in what a role runs: its profile, its command line with what wires the agent in, its environment; and writes the file for
// isesh exec.
func (l *launching) prepare(role *layout.ResolvedRole) error {
	a := roles.Address{Team: l.team.Name, Role: role.Name}
	e := roles.Entry{
		Address: a, ID: roles.NewID(), Dir: role.Dir, Launched: true, Lead: role.Lead, LeadMay: role.LeadMay,
		AgentSession: uuid.NewString(), LayoutFile: l.team.File, Started: time.Now(),
	}
	if old, ok := l.s.reg.Get(a); ok {
		l.before = append(l.before, old)
		e.ID, e.Former = old.ID, old.Former // a role that comes back keeps its id, and so its mailbox and history
	}
	argv := role.Argv
	if e.Profile = role.Agent; e.Profile == "" {
		e.Profile = firstOf(agent.Recognise(argv), "shell")
	}
	prof, err := agent.LoadFrom(l.s.cfg.Profiles, e.Profile)
	if err != nil {
		return fmt.Errorf("role %s: %w", a, err)
	}
	if len(argv) == 0 {
		if argv, err = shlex.Split(firstOf(prof.Command(), firstOf(l.env["SHELL"], "/bin/sh"))); err != nil {
			return fmt.Errorf("command of profile %s: %w", e.Profile, err)
		}
	}
	e.Argv = argv
	argv, env, err := prof.Launch(argv, agent.Wiring{
		Role: role.Name, Team: l.team.Name, StateDir: l.s.cfg.Dir, Binary: l.s.cfg.Binary,
		SessionID: e.AgentSession, Prompt: role.Prompt,
		WriteFile: func(name string, data []byte) (string, error) { return l.write(e.ID+"-"+name, data) },
	})
	if err != nil {
		return fmt.Errorf("role %s: %w", a, err)
	}
	l.entries = append(l.entries, e)
	file := Exec{Argv: argv, Dir: role.Dir, Env: l.environ(role, prof, env)}
	if err := findProgram(file); err != nil {
		return &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("role %s: %v", a, err), Hint: "install it, or give the role another command"}
	}
	data, err := json.Marshal(file)
	if err != nil {
		return err
	}
	_, err = l.write(e.ID+".json", data)
	return err
}

// environ is the environment of a role: the caller's where it is needed, the profile's, the layout's, and what leads back to us.
func (l *launching) environ(role *layout.ResolvedRole, prof *agent.Profile, wired map[string]string) []string {
	names := append(slices.Clone(passed), prof.CredentialEnv()...)
	env := map[string]string{}
	for _, kv := range pick(l.env, names) {
		k, v, _ := strings.Cut(kv, "=")
		env[k] = v
	}
	for k, v := range wired {
		env[k] = v
	}
	for k, v := range role.Env {
		env[k] = v
	}
	a := roles.Address{Team: l.team.Name, Role: role.Name}
	env["ISESH_ROLE"], env["ISESH_DIR"], env["ISESH_SOCKET"] = a.String(), l.s.cfg.Dir, l.s.cfg.Socket
	env["PATH"] = filepath.Dir(l.s.cfg.Binary) + string(os.PathListSeparator) + env["PATH"]
	out := make([]string, 0, len(env))
	for k, v := range env {
		out = append(out, k+"="+v)
	}
	sort.Strings(out)
	return out
}

// findProgram says before any pane is made that a role's program is missing.
func findProgram(f Exec) error {
	prog := f.Argv[0]
	if strings.ContainsRune(prog, filepath.Separator) {
		path := prog
		if !filepath.IsAbs(path) {
			path = filepath.Join(f.Dir, path)
		}
		_, err := exec.LookPath(path)
		return err
	}
	for _, kv := range f.Env {
		if list, ok := strings.CutPrefix(kv, "PATH="); ok {
			for _, dir := range filepath.SplitList(list) {
				if _, err := exec.LookPath(filepath.Join(dir, prog)); err == nil {
					return nil
				}
			}
		}
	}
	return fmt.Errorf("there is no program %q on the PATH", prog)
}

// write writes a file for a role, readable by its owner alone, and remembers it for undo.
func (l *launching) write(name string, data []byte) (string, error) {
	dir := filepath.Join(l.s.cfg.Dir, "run")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	path := filepath.Join(dir, name)
	tmp, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return "", err
	}
	_, err = tmp.Write(data)
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		os.Remove(tmp.Name())
		return "", err
	}
	l.files = append(l.files, path)
	return path, nil
}

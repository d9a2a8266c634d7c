package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"isesh/layout"
	"isesh/layouts"
	"isesh/supervisor/api"
)

// defaultAgent is the profile of a single role for which none is named.
const defaultAgent = "claude"

// startFlags are the flags of `isesh start`.
type startFlags struct {
	name    string
	dir     string
	detach  bool
	role    bool
	noWait  bool
	agent   string
	prompt  string
	task    string
	timeout time.Duration
}

// startCmd is `isesh start`.
func (a *app) startCmd() *cobra.Command {
	var f startFlags
	c := &cobra.Command{
		Use:     "start [LAYOUT|FILE|NAME] [-- COMMAND...]",
		GroupID: groupPeople,
		Short:   "Start a team from a layout, or a single role",
		Long: `Without an argument, start reads ./isesh.yaml. A path (something with a slash, or
that ends in .yaml) is a layout file, the name of a layout (isesh layout list)
starts that one, and any other name starts a single role of that name, running
COMMAND or else Claude Code.

What already runs is left alone. A start that fails half-way undoes what it made.
On a terminal, start ends by attaching to the lead; --detach does not. Otherwise the
exit code is 1 when a role has ended at once, 8 when one was not ready in time.`,
		Example: `  isesh start                                   ./isesh.yaml
  isesh start trio --detach                     a shipped layout, for this directory
  isesh start trio --name shop2                 the same a second time
  isesh start worker-a -d ./frontend            one role running Claude Code
  isesh start sh --role --agent shell -- bash   one role running something else`,
		ValidArgsFunction: a.completeLayouts,
		Args: func(c *cobra.Command, args []string) error {
			if dash := c.ArgsLenAtDash(); dash >= 0 {
				args = args[:dash]
			}
			return cobra.MaximumNArgs(1)(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			var command []string
			if dash := c.ArgsLenAtDash(); dash >= 0 {
				args, command = args[:dash], args[dash:]
			}
			return a.start(c.Context(), strings.Join(args, ""), command, f)
		},
	}
	flags := c.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.name, "name", "", "the team's name (default: the file's, else the directory's)")
	flags.StringVarP(&f.dir, "dir", "d", "", "the directory to work in (default: the current one; for a file, the file's)")
	flags.StringVarP(&f.dir, "workdir", "w", "", "the same as --dir")
	flags.BoolVar(&f.detach, "detach", false, "do not attach when it has started")
	flags.BoolVar(&f.role, "role", false, "NAME is a role, whatever layouts there are")
	flags.BoolVar(&f.noWait, "no-wait", false, "do not wait until every role is ready")
	flags.DurationVar(&f.timeout, "timeout", time.Minute, "how long to wait until every role is ready")
	flags.StringVar(&f.agent, "agent", "", "single role: the kind of agent (default: recognised from COMMAND)")
	flags.StringVar(&f.prompt, "prompt", "", "single role: its briefing")
	flags.StringVar(&f.task, "task", "", "single role: its first message")
	_ = flags.MarkHidden("workdir")
	noFiles(c, "name", "agent", "prompt", "task", "timeout")
	return c
}

// start resolves what is to be started, has the supervisor start it, shows the board and attaches.
func (a *app) start(ctx context.Context, arg string, command []string, f startFlags) error {
	if err := a.needTmux(ctx); err != nil {
		return err
	}
	team, err := a.resolve(arg, command, f)
	if err != nil {
		return err
	}
	data, err := json.Marshal(team)
	if err != nil {
		return fmt.Errorf("encoding the team: %w", err)
	}
	client, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	width, height := a.terminalSize()
	progress := a.progress()
	result, err := client.Start(ctx, api.StartRequest{
		Team: data, Env: environment(os.Environ()), Width: width, Height: height, Wait: !f.noWait, Within: f.timeout.String(),
	}, progress.line)
	progress.stop()
	if err != nil {
		if ctx.Err() != nil {
			a.note("interrupted; what runs already goes on, isesh list shows it")
		}
		return err
	}
	code := exitOK
	if !result.Already && !f.noWait {
		code = startExit(result.Team.Roles)
	}
	if a.flags.json {
		if err := a.printJSON(a.out, result); err != nil {
			return err
		}
		return status(code)
	}
	if result.Already {
		a.note("%s runs already; nothing was changed", startedName(result.Team, team))
	}
	for _, n := range result.Notices {
		a.note("%s", n)
	}
	if err := a.board().team(result.Team); err != nil {
		return err
	}
	front := frontOf(result.Team.Roles)
	if f.detach || !isTerminal(a.in) || !isTerminal(a.out) || front.Pane == "" || front.State == "dead" {
		return status(code)
	}
	return a.attach(ctx, attachTarget(front))
}

// startExit is the exit code of a start that waited for its roles.
func startExit(roles []api.Role) int {
	code := exitOK
	for _, r := range roles {
		switch r.State {
		case "dead":
			return exitError
		case "starting", "unknown":
			code = exitTimeout
		}
	}
	return code
}

// startedName names what was started, for a note.
func startedName(started api.Team, asked *layout.Team) string {
	if started.Name != "" {
		return "team " + started.Name
	}
	return "role " + asked.Roles[0].Name
}

// resolve makes the team that an argument of start means.
func (a *app) resolve(arg string, command []string, f startFlags) (*layout.Team, error) {
	if arg == "" {
		if len(command) > 0 {
			return nil, usagef("isesh start NAME -- COMMAND...", "a command needs the name of a role")
		}
		if _, err := os.Stat("isesh.yaml"); errors.Is(err, os.ErrNotExist) {
			return nil, &api.Error{Code: api.CodeNotFound, Message: "there is no isesh.yaml in this directory",
				Hint: "isesh init writes one; isesh start trio starts a shipped layout"}
		}
		arg = "." + string(filepath.Separator) + "isesh.yaml"
	}
	if f.role || len(command) > 0 && !layout.IsPath(arg) {
		return a.resolveRole(arg, command, f)
	}
	if len(command) > 0 {
		return nil, usagef("isesh start NAME -- COMMAND...", "a command goes with a role's name, and %s is a layout file", arg)
	}
	file, path, err := a.findLayout(arg)
	var missing *layout.NotFoundError
	if errors.As(err, &missing) && !layout.IsPath(arg) {
		if missing.Near != "" {
			return nil, &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("no layout %q", arg),
				Hint: fmt.Sprintf("did you mean %q? --role starts a role of that name", missing.Near), Candidates: []string{missing.Near}}
		}
		return a.resolveRole(arg, nil, f)
	}
	if err != nil {
		return nil, layoutError(err)
	}
	if f.agent != "" || f.prompt != "" || f.task != "" {
		return nil, usagef("write them into the layout file", "--agent, --prompt and --task are for a single role, and %s is a layout", arg)
	}
	return a.resolveFile(file, path, arg, f.name, f.dir)
}

// findLayout finds and parses a layout.
func (a *app) findLayout(name string) (file *layout.File, path string, err error) {
	data, path, err := layout.Find(name, a.layoutDirs(), layouts.FS)
	if err != nil {
		return nil, "", err
	}
	file, err = layout.Parse(path, data)
	return file, path, err
}

// resolveFile resolves a layout for this directory and environment. A layout that was named by its path belongs to the directory it is
// in, the others to the current one.
func (a *app) resolveFile(file *layout.File, path, arg, name, dir string) (*layout.Team, error) {
	base, err := directory(dir)
	if err != nil {
		return nil, err
	}
	files := base
	if !layout.IsShipped(path) {
		abs, err := filepath.Abs(path)
		if err != nil {
			return nil, fmt.Errorf("finding %s: %w", path, err)
		}
		files = filepath.Dir(abs)
		if layout.IsPath(arg) && dir == "" {
			base = files
		}
	}
	profiles, err := a.agents()
	if err != nil {
		return nil, err
	}
	team, err := file.Resolve(layout.Env{
		Home: a.getenv("HOME"), Getenv: a.getenv, Base: base, Files: files, Profiles: profiles,
	}, layout.Override{Name: name, Shipped: layout.IsShipped(path)})
	if err != nil {
		return nil, layoutError(err)
	}
	return team, nil
}

// resolveRole makes the team of a single role, which has no name.
func (a *app) resolveRole(name string, command []string, f startFlags) (*layout.Team, error) {
	if f.name != "" {
		return nil, usagef("the argument is the role's name", "--name is the name of a team")
	}
	if err := layout.CheckName(name); err != nil {
		return nil, &api.Error{Code: api.CodeUsage, Message: err.Error()}
	}
	dir, err := directory(f.dir)
	if err != nil {
		return nil, err
	}
	profile := f.agent
	if profile == "" && len(command) == 0 {
		profile = defaultAgent
	}
	known, err := a.agents()
	if err != nil {
		return nil, err
	}
	if profile != "" && !slices.Contains(known, profile) {
		e := usagef("known agents: "+strings.Join(known, ", "), "no agent %q", profile)
		if near := layout.Suggest(profile, known); near != "" {
			e.Hint, e.Candidates = fmt.Sprintf("did you mean %q?", near), []string{near}
		}
		return nil, e
	}
	return &layout.Team{Dir: dir, Arrange: layout.ArrangeWindows, Roles: []layout.ResolvedRole{{
		Name: name, Agent: profile, Argv: command, Dir: dir, Prompt: f.prompt, Task: f.task, Restart: layout.RestartNever,
	}}}, nil
}

// directory is dir, or the current one, as an absolute path to a directory that exists.
func directory(dir string) (string, error) {
	if dir == "" {
		dir = "."
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("finding the directory %s: %w", dir, err)
	}
	info, err := os.Stat(abs)
	if err == nil && !info.IsDir() {
		err = errors.New("it is no directory")
	}
	if err != nil {
		var path *os.PathError
		if errors.As(err, &path) {
			err = path.Err
		}
		return "", &api.Error{Code: api.CodeError, Message: fmt.Sprintf("cannot work in %s: %v", abs, err)}
	}
	return abs, nil
}

// layoutError gives an error about a layout the class that fits: a mistake in the file is not one of the command line.
func layoutError(err error) error {
	var missing *layout.NotFoundError
	if errors.As(err, &missing) {
		e := &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("no layout %q", missing.Name), Candidates: missing.Names,
			Hint: "isesh layout list shows them"}
		if missing.Near != "" {
			e.Hint = fmt.Sprintf("did you mean %q?", missing.Near)
		}
		return e
	}
	return err
}

// environment is a list of NAME=value as a map.
func environment(list []string) map[string]string {
	env := make(map[string]string, len(list))
	for _, kv := range list {
		if name, value, ok := strings.Cut(kv, "="); ok && name != "" {
			env[name] = value
		}
	}
	return env
}

// leadOf is the lead of a team, else its first role.
func leadOf(t api.Team) api.Role {
	for _, r := range t.Roles {
		if r.Lead {
			return r
		}
	}
	if len(t.Roles) > 0 {
		return t.Roles[0]
	}
	return api.Role{}
}

// attachTarget is what tmux calls the place of a role, "" when it has none. A pane's id is exact, a session's name is the best there is
// without one.
func attachTarget(r api.Role) string {
	switch {
	case r.Pane != "":
		return r.Pane
	case r.Session != "":
		return "=" + r.Session
	}
	return ""
}

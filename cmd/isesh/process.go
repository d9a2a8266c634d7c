package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"isesh/roles"
	"isesh/supervisor/api"
)

// processStop bounds the wait for a process --watch that was told to end. It ends at once unless something is wrong with it.
const processStop = 5 * time.Second

// processCmd is `isesh process`.
func (a *app) processCmd() *cobra.Command {
	var watch, stop bool
	c := &cobra.Command{
		Use:     "process",
		GroupID: groupMail,
		Short:   "Deliver what waits, and say what still waits and why",
		Long: `process has every queue looked at and returns when each has moved as far as it can now.
The supervisor does this by itself whenever a role becomes free, so nothing depends on
it. --watch stays and prints a line for each delivery; there is one at a time for a state
directory. --stop ends that one.`,
		Example: `  isesh process
  isesh process --watch
  isesh process --stop`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case stop:
				return a.stopProcessing(c.Context())
			case watch:
				return a.watchProcessing(c.Context())
			}
			client, err := a.connect(c.Context())
			if err != nil {
				return err
			}
			defer client.Close()
			return a.process(c.Context(), client)
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.BoolVar(&watch, "watch", false, "go on, with a line for each delivery")
	f.BoolVar(&stop, "stop", false, "end the one that watches")
	c.MarkFlagsMutuallyExclusive("watch", "stop")
	return c
}

// process looks at every queue once.
func (a *app) process(ctx context.Context, client *api.Client) error {
	result, err := client.Process(ctx)
	if err != nil {
		return err
	}
	if a.flags.json {
		return a.printJSON(a.out, result)
	}
	if _, err := fmt.Fprintf(a.out, "%d delivered, %d waiting\n", result.Delivered, result.Queued); err != nil {
		return err
	}
	p := a.palette(a.out)
	var rows [][]cell
	for _, r := range result.Roles {
		about := strings.Join(nonEmpty(r.State, r.Kind), " ")
		if r.Held != "" {
			about = "held: " + r.Held
		}
		rows = append(rows, []cell{plain(" "), {r.Address, p.speaker}, plain(fmt.Sprint(r.Queue)), {printable(about, false), p.faint}})
	}
	columns, _ := a.terminalSize()
	return writeTable(a.out, rows, columns)
}

// watchProcessing prints a line for each delivery until ctx ends or process --stop ends it.
func (a *app) watchProcessing(ctx context.Context) error {
	path, err := a.processFile()
	if err != nil {
		return err
	}
	lock, err := lockPIDFile(path)
	var held *heldError
	if errors.As(err, &held) {
		return &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("process --watch runs already (pid %d)", held.pid), Hint: "isesh process --stop ends it"}
	}
	if err != nil {
		return err
	}
	defer lock.Close()
	client, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	began := a.now()
	if err := a.process(ctx, client); err != nil {
		return err
	}
	p := a.palette(a.out)
	q := api.LogQuery{Kinds: []string{string(roles.KindReceipt)}, Since: began, Follow: true}
	err = client.Log(ctx, q, func(e api.Entry) error {
		switch e.Status {
		case roles.StatusSubmitted, roles.StatusUnconfirmed, roles.StatusFailed, roles.StatusExpired:
		default:
			return nil
		}
		if a.flags.json {
			return a.printJSON(a.out, e)
		}
		_, err := fmt.Fprintf(a.out, "%s %s to %s%s\n", p.state(string(e.Status)), e.Ref, p.speaker(printable(e.To, false)), bracket(printable(e.Evidence, false)))
		return err
	})
	if ctx.Err() != nil {
		return nil // it was told to end
	}
	return err
}

// stopProcessing ends the process --watch of this state directory and waits for its end.
func (a *app) stopProcessing(ctx context.Context) error {
	path, err := a.processFile()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, processStop, fmt.Errorf("it has not ended after %s", processStop))
	defer cancel()
	pid, err := endHolder(ctx, path)
	switch {
	case errors.Is(err, errNobody):
		return &api.Error{Code: api.CodeError, Message: "no process --watch is running"}
	case err != nil:
		return fmt.Errorf("ending process --watch: %w", err)
	}
	if a.flags.json {
		return a.printJSON(a.out, struct {
			Stopped int `json:"stopped"`
		}{pid})
	}
	a.note("process --watch has ended (pid %d)", pid)
	return nil
}

// processFile is the file that process --watch holds. The state directory is made when it is missing.
func (a *app) processFile() (string, error) {
	dir, err := a.stateDir()
	if err != nil {
		return "", err
	}
	open, err := roles.OpenDir(dir)
	if err != nil {
		return "", err
	}
	return filepath.Join(open.Path(), "process.pid"), nil
}

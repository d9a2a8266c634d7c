package main

import (
	"bytes"
	"flag"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/matryer/is"
	"github.com/spf13/cobra"
)

var update = flag.Bool("update", false, "write golden files anew")

// golden compares got with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := "testdata/" + name
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is different (go test -update writes it anew); got:\n%s", path, got)
	}
}

// testApp is an app without a terminal, whose environment is env.
func testApp(env map[string]string) (a *app, out, errs *bytes.Buffer) {
	out, errs = new(bytes.Buffer), new(bytes.Buffer)
	a = newApp()
	a.out, a.err = out, errs
	a.getenv = func(name string) string { return env[name] }
	return a, out, errs
}

// walk calls f for c and every command below it.
func walk(c *cobra.Command, f func(*cobra.Command)) {
	f(c)
	for _, sub := range c.Commands() {
		walk(sub, f)
	}
}

func TestHelp(t *testing.T) {
	is := is.New(t)
	a, out, _ := testApp(nil)
	root := newRoot(a)
	root.SetArgs([]string{"--help"})
	is.NoErr(root.Execute())
	golden(t, "help.txt", out.String())
}

func TestEveryCommandIsExplained(t *testing.T) {
	a, _, _ := testApp(nil)
	root := newRoot(a)
	root.InitDefaultHelpCmd()
	walk(root, func(c *cobra.Command) {
		if c.Name() == "help" || c.Name() == "agent" {
			return
		}
		if c.Short == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: its short text is %q: one phrase without a full stop", c.CommandPath(), c.Short)
		}
		if !strings.Contains(c.Example, "isesh ") {
			t.Errorf("%s has no example", c.CommandPath())
		}
		if c.Parent() == root && !c.Hidden && c.GroupID == "" {
			t.Errorf("%s is in no group", c.CommandPath())
		}
		for _, line := range strings.Split(c.Long+"\n"+c.Example, "\n") {
			if len(line) > 90 {
				t.Errorf("%s: this line of help is longer than a terminal is wide: %s", c.CommandPath(), line)
			}
		}
	})
}

// An example that names a command or flag that does not exist is worse than none.
func TestExamplesParse(t *testing.T) {
	a, _, _ := testApp(nil)
	walk(newRoot(a), func(c *cobra.Command) {
		for line := range strings.Lines(c.Example) {
			line, _, _ = strings.Cut(strings.TrimSpace(line), "   ")
			_, line, found := strings.Cut(line, "isesh ")
			if !found {
				continue
			}
			words := strings.Fields(strings.NewReplacer(")", " ", "|", " | ", "$(", " | ").Replace(line))
			root := newRoot(a)
			cmd, args, err := root.Find(words)
			if err != nil || cmd == root && !strings.HasPrefix(words[0], "-") {
				t.Errorf("%s: example %q: no such command: %v", c.CommandPath(), line, err)
				continue
			}
			for i, w := range args {
				if w == "|" || w == "--" || w == ">" || cmd.DisableFlagParsing {
					args = args[:i]
					break
				}
			}
			cmd.SetOut(io.Discard)
			if err := cmd.ParseFlags(args); err != nil {
				t.Errorf("%s: example %q: %v", c.CommandPath(), line, err)
			}
		}
	})
}

package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/matryer/is"
)

// What the README names is there: files by their path, commands with their flags.
func TestReadme(t *testing.T) {
	is := is.New(t)
	data, err := os.ReadFile("../../README.md")
	is.NoErr(err)
	files := regexp.MustCompile("`([a-z/]+\\.go)`").FindAllStringSubmatch(string(data), -1)
	is.True(len(files) > 15)
	for _, m := range files {
		if _, err := os.Stat("../../" + m[1]); err != nil {
			t.Error(err)
		}
	}
	commands := regexp.MustCompile("(?m)(?:`|^\\$ |^)isesh ([a-z][^`#|\n]*)").FindAllStringSubmatch(string(data), -1)
	is.True(len(commands) > 25)
	for _, m := range commands {
		a, _, _ := testApp(nil)
		root := newRoot(a)
		c, args, err := root.Find(strings.Fields(m[1]))
		if err != nil || c == root {
			t.Errorf("isesh %s: no such command: %v", m[1], err)
			continue
		}
		if c.DisableFlagParsing {
			continue
		}
		if err := c.ParseFlags(args); err != nil {
			t.Errorf("isesh %s: %v", m[1], err)
		}
	}
}

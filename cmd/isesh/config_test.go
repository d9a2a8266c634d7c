package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"

	"isesh/supervisor"
)

func TestReadConfig(t *testing.T) {
	tests := []struct {
		name, text string
		want       func(c *supervisor.Config)
		err        string // contained in the error
	}{
		{"empty", "", nil, ""},
		{"comments", "# nothing\n", nil, ""},
		{"empty group", "limits:\n", nil, ""},
		{"all", "limits: {expire: 2d, message: 1MiB, file_above: 4KiB}\nlog: {keep: 2GiB, keep_for: 90d}\ninbox: {keep: 12h}\nprefix: team-\nidle_exit: 1h\n",
			func(c *supervisor.Config) {
				c.Longest = 1 << 20
				c.Expire, c.FileAbove, c.Keep, c.KeepFor, c.KeepLetters = 48*time.Hour, 4<<10, 2<<30, 90*day, 12*time.Hour
				c.Prefix, c.IdleExit = "team-", time.Hour
			}, ""},
		{"never", "limits: {expire: never, file_above: never}\nidle_exit: never\n",
			func(c *supervisor.Config) { c.Expire, c.FileAbove, c.IdleExit = -1, -1, 0 }, ""},
		{"plain number", "limits: {file_above: 4096}\n", func(c *supervisor.Config) { c.FileAbove = 4096 }, ""},
		{"unknown key", "limits:\n  expires: 2d\n", nil, `config.yaml:2:3: unknown key "limits.expires" (did you mean "expire"?)`},
		{"unknown group", "\nlimit: {}\n", nil, `config.yaml:2:1: unknown key "limit" (did you mean "limits"?)`},
		{"far off", "limits: {zzz: 1}\n", nil, `known keys: expire, message, file_above`},
		{"bad span", "limits: {expire: soon}\n", nil, `:1:18: limits.expire: "soon" is no span of time`},
		{"negative", "limits: {expire: -3h}\n", nil, `is no span of time`},
		{"zero size", "log: {keep: 0}\n", nil, `"0" is no size`},
		{"bad size", "log: {keep: 1GB}\n", nil, `"1GB" is no size: write`},
		{"too long", "limits: {message: 5MiB}\n", nil, `"5MiB" is not between 1B and 4MiB`},
		{"without end", "limits: {message: never}\n", nil, `"never" is not between 1B and 4MiB`},
		{"huge", "limits: {expire: 999999999999d}\n", nil, `is no span of time`},
		{"twice", "prefix: a-\nprefix: b-\n", nil, `:2:1: "prefix" comes twice, first on line 1`},
		{"no value", "prefix:\n", nil, `:1:1: prefix has no value (for example isesh-)`},
		{"group as text", "limits: 3\n", nil, `limits must be a mapping`},
		{"list", "- a\n", nil, `must be a mapping`},
		{"no yaml", "limits: {\n", nil, `this is no YAML`},
		{"prefix", "prefix: 'a b'\n", nil, `prefix: the name "a b"`},
		{"two mistakes", "a: 1\nb: 2\n", nil, `config.yaml:2:1: unknown key "b"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			is := is.New(t)
			path := filepath.Join(t.TempDir(), "config.yaml")
			is.NoErr(os.WriteFile(path, []byte(tt.text), 0o600))
			var got, want supervisor.Config
			_, err := readConfig(path, &got)
			if tt.err != "" {
				is.True(err != nil)
				if !strings.Contains(err.Error(), tt.err) {
					t.Errorf("%v\nwithout %s", err, tt.err)
				}
				return
			}
			is.NoErr(err)
			_, err = readConfig("", &want)
			is.NoErr(err)
			if tt.want != nil {
				tt.want(&want)
			}
			is.Equal(got, want)
		})
	}
}

// What init writes is what is in effect without it.
func TestConfigText(t *testing.T) {
	is := is.New(t)
	path := filepath.Join(t.TempDir(), "config.yaml")
	is.NoErr(os.WriteFile(path, []byte(configText()), 0o600))
	var got, want supervisor.Config
	values, err := readConfig(path, &got)
	is.NoErr(err)
	_, err = readConfig("", &want)
	is.NoErr(err)
	is.Equal(got, want)
	for _, v := range values {
		is.True(strings.HasPrefix(v.From, path+":"))
		is.Equal(v.Value, v.Default)
	}
}

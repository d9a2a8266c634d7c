package layout

import (
	"regexp"
	"strings"
	"testing"

	"github.com/matryer/is"
)

func TestSuggest(t *testing.T) {
	words := []string{"crew", "demo", "pair", "trio", "on-failure", "reviewer"}
	for word, want := range map[string]string{
		"tiro": "trio", "trip": "trio", "tri": "trio", "trioo": "trio", "Trio": "trio",
		"pear": "pair", "crow": "crew", "demos": "demo", "on-falure": "on-failure", "revewier": "reviewer",
		"dev": "", "a": "", "": "", "trio": "", "worker": "", "trio-of-mine": "", "xyz": "", "tr": "",
	} {
		t.Run(word, func(t *testing.T) {
			is := is.New(t)
			is.Equal(Suggest(word, words), want)
		})
	}
	is := is.New(t)
	is.Equal(Suggest("dve", []string{"due", "dev"}), "due") // of equals the first
	is.Equal(Suggest("dev", nil), "")
	is.Equal(Suggest("größer", []string{"grösser"}), "grösser") // letters, not bytes
}

func TestCheckName(t *testing.T) {
	grammar := regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}\z`)
	for _, name := range []string{"dev", "a", "0", "worker-1", "a-", "a--b", strings.Repeat("a", 40), // good
		"", "-a", "A", "a b", "a.b", "a:b", "a\n", "\x00", "é", "..", "/", "a/b", "a_b", "$1", "@1", "%1", "=a", strings.Repeat("a", 41), "user", "lead", "all"} {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			_, taken := reserved[name]
			is.Equal(CheckName(name) == nil, grammar.MatchString(name) && !taken)
		})
	}
}

func TestTeamName(t *testing.T) {
	tests := []struct {
		name, file, override string
		shipped              bool
		dir, want, err       string
	}{
		{name: "override wins", file: "shop", override: "two", dir: "/p/x", want: "two"},
		{name: "file's own", file: "shop", dir: "/p/x", want: "shop"},
		{name: "shipped", file: "trio", shipped: true, dir: "/p/x", want: "x"},
		{name: "no name", dir: "/p/My Shop.v2", want: "my-shop-v2"},
		{name: "dashes", dir: "/p/--a  __b--", want: "a-b"},
		{name: "long", dir: "/p/" + strings.Repeat("ab-", 20), want: strings.TrimSuffix(strings.Repeat("ab-", 14)[:40], "-")},
		{name: "reserved", dir: "/home/user", want: "user-team"},
		{name: "root", dir: "/", want: "team"},
		{name: "no letters", dir: "/p/日本", want: "team"},
		{name: "bad override", override: "Two", dir: "/p", err: `naming the team: bad name "Two" (lower-case letters, digits and dashes, not beginning with a dash: "two" would do)`},
		{name: "reserved override", override: "all", dir: "/p", err: `naming the team: "all" is reserved: it means every role of a team (choose another name)`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			is := is.New(t)
			got, err := TeamName(&File{Name: tt.file}, tt.override, tt.shipped, tt.dir)
			if tt.err != "" {
				is.True(err != nil)
				is.Equal(err.Error(), tt.err)
				return
			}
			is.NoErr(err)
			is.Equal(got, tt.want)
			is.NoErr(CheckName(got))
		})
	}
}

package roles

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/matryer/is"
)

func TestNames(t *testing.T) {
	for _, tc := range []struct {
		name     string
		ok, role bool
	}{
		{"dev", true, true},
		{"7", true, true},
		{"worker-10", true, true},
		{"a-", true, true},
		{strings.Repeat("a", 40), true, true},
		{strings.Repeat("a", 41), false, false},
		{"user", true, false},
		{"lead", true, false},
		{"all", true, false},
		{"", false, false},
		{"-dev", false, false},
		{"Dev", false, false},
		{"dev\n", false, false},
		{"dev\x00", false, false},
		{"..", false, false},
		{"a/b", false, false},
		{"a.b", false, false},
		{"é", false, false},
		{"a b", false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			is := is.New(t)
			is.Equal(ValidName(tc.name) == nil, tc.ok)
			is.Equal(ValidRoleName(tc.name) == nil, tc.role)
		})
	}
}

func TestParseAddress(t *testing.T) {
	is := is.New(t)
	for _, s := range []string{"dev", "shop/dev", "user"} {
		a, err := ParseAddress(s)
		is.NoErr(err)
		is.Equal(a.String(), s)
	}
	for _, s := range []string{"", "/", "/dev", "shop/", "a/b/c", "../x", "shop/../x", "shop/Dev"} {
		_, err := ParseAddress(s)
		is.True(err != nil) // not an address
	}
}

func TestResolve(t *testing.T) {
	addr := func(s string) Address { a, _ := ParseAddress(s); return a }
	known := []Address{addr("solo"), addr("shop/dev"), addr("shop/reviewer"), addr("blog/dev"), addr("blog/worker-10"), addr("dev")}
	for _, tc := range []struct {
		ref, team, want string
		suggestion      string
		candidates      []string
	}{
		{ref: "dev", team: "shop", want: "shop/dev"},
		{ref: "dev", team: "blog", want: "blog/dev"},
		{ref: "dev", team: "", want: "dev"},
		{ref: "dev", team: "other", candidates: []string{"shop/dev", "blog/dev", "dev"}},
		{ref: "/dev", team: "shop", want: "dev"},
		{ref: "reviewer", team: "blog", want: "shop/reviewer"},
		{ref: "solo", team: "shop", want: "solo"},
		{ref: "blog/dev", team: "shop", want: "blog/dev"},
		{ref: "worker-1", team: "blog", suggestion: "worker-10"},
		{ref: "worker", team: "blog"},
		{ref: "dve", team: "shop", suggestion: "dev"},
		{ref: "DEV", team: "shop", suggestion: "dev"},
		{ref: "shop/dve", team: "shop", suggestion: "shop/dev"},
		{ref: "shop/solo", team: "shop", suggestion: "solo"},
		{ref: "x", team: "shop"},
		{ref: "user", team: "shop", want: "user"},
		{ref: "shop/user", team: "shop"},
		{ref: "lead", team: "shop"},
		{ref: "", team: "shop"},
	} {
		t.Run(tc.team+" "+tc.ref, func(t *testing.T) {
			is := is.New(t)
			got, err := Resolve(tc.ref, tc.team, known)
			if tc.want != "" {
				is.NoErr(err)
				is.Equal(got.String(), tc.want)
				return
			}
			var several *AmbiguousError
			if tc.candidates != nil {
				is.True(errors.As(err, &several))
				is.Equal(len(several.Candidates), len(tc.candidates))
				for i, c := range several.Candidates {
					is.Equal(c.String(), tc.candidates[i])
				}
				is.True(strings.Contains(err.Error(), "/dev")) // the one without a team is named so that it can be addressed
				return
			}
			var unknown *UnknownError
			is.True(errors.As(err, &unknown))
			is.Equal(unknown.Suggestion, tc.suggestion)
		})
	}
}

func TestTag(t *testing.T) {
	for text, want := range map[string]string{
		"TASK: add login":     "TASK",
		"task:x":              "TASK",
		"Done: it works":      "DONE",
		" \n BLOCKED: no key": "BLOCKED",
		"question: why?":      "QUESTION",
		"ANSWER:":             "ANSWER",
		"status: half":        "STATUS",
		"[COMPLETE] it works": "DONE",
		"[progress] half":     "STATUS",
		"[QUESTION] why?":     "QUESTION",
		"[ERROR] no key":      "BLOCKED",
		"DONE":                "",
		"TASKS: two":          "",
		"the TASK: is":        "",
		"[from:dev] TASK: x":  "",
		"":                    "",
	} {
		t.Run(text, func(t *testing.T) { is.New(t).Equal(Tag(text), want) })
	}
}

func TestNewIDSortsAndIsUnique(t *testing.T) {
	is := is.New(t)
	const writers, each = 8, 2000
	ids := make([][]string, writers)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for range each {
				ids[w] = append(ids[w], NewID())
			}
		})
	}
	wg.Wait()
	for _, own := range ids {
		is.True(slices.IsSorted(own)) // in the order in which they were made
	}
	all := slices.Concat(ids...)
	slices.Sort(all)
	is.Equal(len(slices.Compact(all)), writers*each)
}

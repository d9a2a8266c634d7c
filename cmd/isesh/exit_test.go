package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"

	"github.com/matryer/is"

	"isesh/control"
	"isesh/roles"
	"isesh/supervisor/api"
)

func TestExitCodes(t *testing.T) {
	for code, want := range map[api.Code]int{
		api.CodeError: 1, api.CodeUsage: 2, api.CodeNotFound: 1, api.CodeAmbiguous: 1, api.CodeNothing: 3, api.CodeRejected: 5,
		api.CodeQueued: 6, api.CodeUnconfirmed: 7, api.CodeTimeout: 8, api.CodeDead: 1, api.CodeForbidden: 1, api.CodeConflict: 1,
		api.CodeProtocol: 1, codeInterrupted: 130, "from a newer supervisor": 1,
	} {
		a, _, _ := testApp(nil)
		if got := a.fail(&api.Error{Code: code, Message: "x"}, nil); got != want {
			t.Errorf("%s exits %d, want %d", code, got, want)
		}
	}
}

// A code that is added to the socket must be given an exit code, too.
func TestExitCodesAreComplete(t *testing.T) {
	is := is.New(t)
	file, err := parser.ParseFile(token.NewFileSet(), "../../supervisor/api/types.go", nil, 0)
	is.NoErr(err)
	found := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); !ok || name.Name != "Code" {
			return true
		}
		for _, v := range spec.Values {
			code := api.Code(strings.Trim(v.(*ast.BasicLit).Value, `"`))
			if _, ok := exitCodes[code]; !ok {
				t.Errorf("code %q has no exit code", code)
			}
			found++
		}
		return true
	})
	is.True(found > 10)
}

func TestReceiptExit(t *testing.T) {
	for step, want := range map[roles.Status]int{
		roles.StatusSubmitted: 0, roles.StatusAnswered: 0, roles.StatusPasted: 0, roles.StatusRejected: 5, roles.StatusAccepted: 6,
		roles.StatusQueued: 6, roles.StatusReturned: 6, roles.StatusUnconfirmed: 7, roles.StatusPasting: 7, roles.StatusEntered: 7,
		roles.StatusFailed: 1,
		roles.StatusTaken:  0, roles.StatusCleared: 1, roles.StatusExpired: 1,
	} {
		if got := receiptExit(step); got != want {
			t.Errorf("%s exits %d, want %d", step, got, want)
		}
	}
}

func TestFail(t *testing.T) {
	tests := []struct {
		name string
		err  error
		code int
		want string
	}{
		{"nothing", nil, 0, ""},
		{"said already", fmt.Errorf("sending: %w", exitStatus(6)), 6, ""},
		{"interrupted", interrupted(context.Canceled), 130, ""},
		{"plain", errors.New("no luck"), 1, "isesh: no luck\n"},
		{"hint", &api.Error{Code: api.CodeNotFound, Message: `no role "dve"`, Hint: `did you mean "dev"?`}, 1,
			"isesh: no role \"dve\" (did you mean \"dev\"?)\n"},
		{"wrapped", fmt.Errorf("asking: %w", &api.Error{Code: api.CodeDead, Message: "dev has ended"}), 1, "isesh: dev has ended\n"},
		{"candidates", &api.Error{Code: api.CodeAmbiguous, Message: "two devs", Candidates: []string{"a/dev", "b/dev"}}, 1,
			"isesh: two devs (candidates: a/dev, b/dev)\n"},
		{"time", fmt.Errorf("waiting: %w", context.DeadlineExceeded), 8, "isesh: waiting: context deadline exceeded\n"},
		{"escapes", errors.New("evil \x1b]0;title\a name"), 1, "isesh: evil ␛ name\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			is := is.New(t)
			a, out, errs := testApp(nil)
			is.Equal(a.fail(tt.err, nil), tt.code)
			is.Equal(errs.String(), tt.want)
			is.Equal(out.String(), "")
		})
	}
}

func TestFailJSON(t *testing.T) {
	is := is.New(t)
	a, out, errs := testApp(nil)
	is.Equal(a.fail(&api.Error{Code: api.CodeRejected, Message: "a <b>", Hint: "c", Candidates: []string{"d"}}, []string{"send", "--json"}), 5)
	is.Equal(out.String(), "")
	is.Equal(errs.String(), `{"error":{"code":"rejected","message":"a <b>","hint":"c","candidates":["d"]}}`+"\n")
	var back struct{ Error api.Error }
	is.NoErr(json.Unmarshal(errs.Bytes(), &back))
}

func TestTmuxError(t *testing.T) {
	is := is.New(t)
	missing := classify(fmt.Errorf("starting: %w", control.ErrNoTmux))
	is.Equal(missing.Message, "tmux is not installed")
	is.True(strings.HasPrefix(missing.Hint, "isesh needs tmux 3.2 or later: "))
	is.True(!strings.Contains(errorLine(missing), "\n"))
	old, err := control.ParseVersion("tmux 2.9a")
	is.NoErr(err)
	is.True(strings.Contains(errorLine(classify(&control.OldVersionError{Version: old})), "2.9a"))
}

func TestInstallTmux(t *testing.T) {
	tests := []struct {
		goos, release string
		root          bool
		want          string
	}{
		{"linux", "NAME=\"Debian GNU/Linux\"\nID=debian\n", true, "apt-get install tmux"},
		{"linux", "ID=ubuntu\nID_LIKE=debian\n", false, "sudo apt-get install tmux"},
		{"linux", "ID_LIKE=\"ubuntu debian\"\nID=pop\n", false, "sudo apt-get install tmux"},
		{"linux", "ID=fedora\n", true, "dnf install tmux"},
		{"linux", "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n", true, "dnf install tmux"},
		{"linux", "ID=alpine\n", true, "apk add tmux"},
		{"linux", "ID=manjaro\nID_LIKE=arch\n", true, "pacman -S tmux"},
		{"darwin", "", false, "brew install tmux"},
		{"linux", "ID=plan9\n", true, "Debian: apt-get install tmux; Fedora: dnf install tmux; Alpine: apk add tmux; Arch: pacman -S tmux; macOS: brew install tmux"},
	}
	for _, tt := range tests {
		if got := installTmux(tt.goos, tt.release, tt.root); got != tt.want {
			t.Errorf("installTmux(%q, %q, %v) = %q, want %q", tt.goos, tt.release, tt.root, got, tt.want)
		}
	}
}

package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/matryer/is"
)

// ours says which packages of the module each may import. Imports go downward only.
var ours = map[string][]string{
	"isesh/control":              {},
	"isesh/control/controltest":  {"isesh/control"},
	"isesh/layout":               {},
	"isesh/layouts":              {},
	"isesh/roles":                {},
	"isesh/roles/agent":          {},
	"isesh/roles/agent/scripted": {},
	"isesh/supervisor":           {"isesh/control", "isesh/layout", "isesh/roles", "isesh/roles/agent", "isesh/supervisor/api"},
	"isesh/supervisor/api":       {"isesh/roles"},
	"isesh/cmd/isesh": {"isesh/control", "isesh/layout", "isesh/layouts", "isesh/roles", "isesh/roles/agent", "isesh/roles/agent/scripted",
		"isesh/supervisor", "isesh/supervisor/api"},
}

// foreign says who may import a module of somebody else's: "*" is every package but control, which needs the standard library only.
var foreign = map[string][]string{
	"github.com/google/shlex":         {"isesh/layout", "isesh/supervisor", "isesh/supervisor/api"}, // api: the examples of its documentation
	"github.com/fatih/color":          {"isesh/cmd/isesh"},
	"github.com/rivo/uniseg":          {"isesh/cmd/isesh", "isesh/roles/agent/scripted"},
	"github.com/spf13/cobra":          {"isesh/cmd/isesh"},
	"github.com/spf13/pflag":          {"isesh/cmd/isesh"}, // the flags of cobra
	"gopkg.in/yaml.v3":                {"isesh/layout", "isesh/roles/agent", "isesh/cmd/isesh"},
	"github.com/sourcegraph/conc":     {"*"},
	"github.com/google/uuid":          {"*"},
	"golang.org/x/sys":                {"*"},
	"golang.org/x/term":               {"isesh/roles/agent/scripted", "isesh/cmd/isesh"},
	"github.com/matryer/is":           {"test"},
	"github.com/rogpeppe/go-internal": {"test"},
}

// TestBorders holds the house together: who may import whom.
func TestBorders(t *testing.T) {
	is := is.New(t)
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "isesh/...").Output()
	is.NoErr(err)
	type pkg struct {
		ImportPath                         string
		Imports, TestImports, XTestImports []string
	}
	seen := 0
	for d := json.NewDecoder(strings.NewReader(string(out))); ; seen++ {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		allowed, known := ours[p.ImportPath]
		if !known {
			t.Errorf("%s is not in the table of packages", p.ImportPath)
			continue
		}
		for _, i := range p.Imports {
			switch {
			case strings.HasPrefix(i, "isesh/"):
				if !slices.Contains(allowed, i) {
					t.Errorf("%s must not import %s", p.ImportPath, i)
				}
			case isForeign(i) && !mayImport(p.ImportPath, i, false):
				t.Errorf("%s must not import %s", p.ImportPath, i)
			}
		}
		for _, i := range append(p.TestImports, p.XTestImports...) {
			if isForeign(i) && !mayImport(p.ImportPath, i, true) {
				t.Errorf("the tests of %s must not import %s", p.ImportPath, i)
			}
		}
	}
	is.True(seen >= len(ours)-1) // go list has found the module
}

// isForeign tells a package of somebody else's from the standard library.
func isForeign(pkg string) bool {
	first, _, _ := strings.Cut(pkg, "/")
	return strings.Contains(first, ".")
}

// mayImport reports whether who may import a foreign package.
func mayImport(who, pkg string, test bool) bool {
	for mod := pkg; mod != "."; mod = path.Dir(mod) {
		allowed, ok := foreign[mod]
		if !ok {
			continue
		}
		return slices.Contains(allowed, who) || slices.Contains(allowed, "*") && !strings.HasPrefix(who, "isesh/control") ||
			test && (allowed[0] == "test" || allowed[0] == "*")
	}
	return false
}

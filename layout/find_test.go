package layout

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/matryer/is"
)

var shippedFS = fstest.MapFS{
	"trio.yaml":  {Data: []byte("# Three.\nversion: 1\nroles: {a: , b: , c: }\n")},
	"pair.yaml":  {Data: []byte("# yaml-language-server: x\n#\n# Two.\n# More.\nversion: 1\nroles: {a: , b: {replicas: 2}}\n")},
	"embed.go":   {Data: []byte("package x")},
	"sub/x.yaml": {Data: []byte("version: 1")},
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFind(t *testing.T) {
	is := is.New(t)
	first, second := t.TempDir(), t.TempDir()
	own := write(t, first, "own.yml", "own")
	hiding := write(t, second, "pair.yaml", "hides the shipped one")
	write(t, second, "own.yaml", "hidden")
	dirs := []string{filepath.Join(first, "missing"), first, second}

	data, path, err := Find("own", dirs, shippedFS)
	is.NoErr(err)
	is.Equal(path, own)
	is.Equal(string(data), "own")
	is.True(!IsShipped(path))

	_, path, err = Find("pair", dirs, shippedFS)
	is.NoErr(err)
	is.Equal(path, hiding)

	data, path, err = Find("trio", dirs, shippedFS)
	is.NoErr(err)
	is.Equal(path, "shipped:trio.yaml")
	is.Equal(data, shippedFS["trio.yaml"].Data)
	is.True(IsShipped(path))

	data, path, err = Find(own, nil, nil)
	is.NoErr(err)
	is.Equal(path, own)
	is.Equal(string(data), "own")
}

func TestFindMistakes(t *testing.T) {
	is := is.New(t)
	dir := t.TempDir()
	write(t, dir, "isesh.yaml", "x")

	_, _, err := Find("tiro", nil, shippedFS)
	var missing *NotFoundError
	is.True(errors.As(err, &missing))
	is.Equal(missing.Near, "trio")
	is.Equal(missing.Names, []string{"pair", "trio"})
	is.Equal(err.Error(), `no layout "tiro" (did you mean "trio"?)`)
	_, _, err = Find("worker-a", nil, shippedFS)
	is.Equal(err.Error(), `no layout "worker-a" (there are pair, trio)`)
	_, _, err = Find("worker-a", nil, nil)
	is.Equal(err.Error(), `no layout "worker-a" (isesh init writes ./isesh.yaml)`)
	_, _, err = Find("", nil, shippedFS)
	is.True(errors.As(err, &missing))
	_, _, err = Find("..", nil, shippedFS)
	is.True(errors.As(err, &missing))

	_, _, err = Find(dir+"/isseh.yaml", nil, nil)
	is.True(errors.Is(err, fs.ErrNotExist))
	is.Equal(err.Error(), `no layout file `+dir+`/isseh.yaml (did you mean "`+dir+`/isesh.yaml"?)`)
	_, _, err = Find("./nope.yaml", nil, nil)
	is.Equal(err.Error(), `no layout file ./nope.yaml (isesh init writes ./isesh.yaml; isesh layout list names the layouts there are)`)
	_, _, err = Find(dir+"/", nil, nil)
	is.True(err != nil) // a directory
	is.Equal(err.Error(), "reading the layout "+dir+"/: is a directory")
}

func TestFindDoesNotReadForEver(t *testing.T) {
	is := is.New(t)
	data, _, err := Find("/dev/zero", nil, nil)
	is.NoErr(err)
	_, err = Parse("/dev/zero", data)
	is.True(err != nil) // refused for its size
}

func TestList(t *testing.T) {
	is := is.New(t)
	dir := t.TempDir()
	bad := write(t, dir, "bad.yaml", "# Bad.\nversion: 1\nroles:\n  Dev: {}\n  x: {y: z}\n")
	got, err := List([]string{dir}, shippedFS)
	is.NoErr(err)
	is.Equal(got, []Entry{
		{Name: "bad", Path: bad, Description: "Bad.", Problem: bad + `:4:3: role: bad name "Dev" (lower-case letters, digits and dashes, not beginning with a dash: "dev" would do)`},
		{Name: "pair", Path: "shipped:pair.yaml", Shipped: true, Description: "Two.", Roles: []string{"a", "b"}},
		{Name: "trio", Path: "shipped:trio.yaml", Shipped: true, Description: "Three.", Roles: []string{"a", "b", "c"}},
	})
	got, err = List(nil, nil)
	is.NoErr(err)
	is.Equal(len(got), 0)
	_, err = List([]string{bad}, nil)
	is.True(err != nil) // not a directory
	is.Equal(err.Error(), "looking for layouts in "+bad+": not a directory")
}

func TestIsPath(t *testing.T) {
	is := is.New(t)
	for arg, want := range map[string]bool{"trio": false, "isesh.yaml": true, "x.yml": true, "./trio": true, "a/b": true, "yaml": false, "": false} {
		is.Equal(IsPath(arg), want) // arg
	}
}

package roles

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/matryer/is"
)

// testDir returns a fresh state directory.
func testDir(t testing.TB) Dir {
	t.Helper()
	d, err := OpenDir(filepath.Join(t.TempDir(), "state"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestOpenDirMakesItPrivate(t *testing.T) {
	is := is.New(t)
	path := filepath.Join(t.TempDir(), "a", "b", "state")
	d, err := OpenDir(path)
	is.NoErr(err)
	is.Equal(len(d.Notices()), 0)
	info, err := os.Lstat(path)
	is.NoErr(err)
	is.Equal(info.Mode().Perm(), fs.FileMode(0o700))

	is.NoErr(os.Chmod(path, 0o755))
	d, err = OpenDir(path)
	is.NoErr(err)
	is.Equal(len(d.Notices()), 1) // says that it was open to others
	info, err = os.Lstat(path)
	is.NoErr(err)
	is.Equal(info.Mode().Perm(), fs.FileMode(0o700))
}

func TestOpenDirRefuses(t *testing.T) {
	base := t.TempDir()
	file := filepath.Join(base, "file")
	link := filepath.Join(base, "link")
	if err := errors.Join(os.WriteFile(file, nil, 0o600), os.Symlink(base, link)); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		path string
		want error
	}{
		{link, ErrSymlink},
		{link + "/", ErrSymlink},
		{file, ErrNotDir},
		{filepath.Join(file, "below"), syscall.ENOTDIR},
	} {
		t.Run(tc.path, func(t *testing.T) {
			is := is.New(t)
			_, err := OpenDir(tc.path)
			is.True(errors.Is(err, tc.want))
			var dir *DirError
			is.True(errors.As(err, &dir))
			is.True(dir.Hint != "")
		})
	}
}

func TestOpenDirRefusesAnotherUsers(t *testing.T) {
	is := is.New(t)
	path := filepath.Join(t.TempDir(), "state")
	is.NoErr(os.Mkdir(path, 0o700))
	if os.Chown(path, 12345, 12345) != nil {
		t.Skip("only root can give a directory away")
	}
	_, err := OpenDir(path)
	is.True(errors.Is(err, ErrForeign))
}

func TestOpenDirLeavesOthersAlone(t *testing.T) {
	is := is.New(t)
	home := t.TempDir()
	is.NoErr(os.Chmod(home, 0o755))
	is.NoErr(os.WriteFile(filepath.Join(home, "letter"), nil, 0o600))
	_, err := OpenDir(home)
	is.True(errors.Is(err, ErrNotOurs))
	info, err := os.Lstat(home)
	is.NoErr(err)
	is.Equal(info.Mode().Perm(), fs.FileMode(0o755))

	is.NoErr(os.WriteFile(filepath.Join(home, "registry.json"), nil, 0o600))
	_, err = OpenDir(home)
	is.NoErr(err)
}

func TestOpenDirWhereNothingCanBeMade(t *testing.T) {
	is := is.New(t)
	_, err := OpenDir("/proc/isesh")
	var dir *DirError
	is.True(errors.As(err, &dir))
	is.Equal(dir.Path, "/proc/isesh")
}

func TestFilesAreChecked(t *testing.T) {
	is := is.New(t)
	d := testDir(t)
	elsewhere := filepath.Join(t.TempDir(), "elsewhere")
	is.NoErr(os.WriteFile(elsewhere, []byte("mine\n"), 0o600))
	is.NoErr(os.Symlink(elsewhere, d.join("conversation.jsonl")))
	_, _, err := OpenLog(d)
	is.True(errors.Is(err, ErrSymlink))
	is.NoErr(os.Remove(d.join("conversation.jsonl")))
	is.NoErr(os.Mkdir(d.join("conversation.jsonl"), 0o700))
	_, _, err = OpenLog(d)
	is.True(err != nil)
	is.NoErr(os.Remove(d.join("conversation.jsonl")))

	is.NoErr(os.WriteFile(d.join("conversation.jsonl"), nil, 0o644))
	l, _, err := OpenLog(d)
	is.NoErr(err)
	defer l.Close()
	info, err := os.Lstat(d.join("conversation.jsonl"))
	is.NoErr(err)
	is.Equal(info.Mode().Perm(), fs.FileMode(0o600))
}

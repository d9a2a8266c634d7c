package layout

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Entry describes a layout that can be started by name.
type Entry struct {
	Name        string   `json:"name"`
	Path        string   `json:"path"` // as Find returns it
	Shipped     bool     `json:"shipped,omitempty"`
	Description string   `json:"description,omitempty"` // the file's first comment line
	Roles       []string `json:"roles,omitempty"`       // replicas not expanded
	Problem     string   `json:"problem,omitempty"`     // why it cannot be started
}

// NotFoundError says that no layout goes by a name.
type NotFoundError struct {
	Name  string
	Near  string   // the nearest name, "" when none is near
	Names []string // every name there is
}

// Error says what was looked for and what there is.
func (e *NotFoundError) Error() string {
	if e.Near != "" {
		return fmt.Sprintf("no layout %q (did you mean %q?)", e.Name, e.Near)
	}
	if len(e.Names) == 0 {
		return fmt.Sprintf("no layout %q (isesh init writes ./isesh.yaml)", e.Name)
	}
	return fmt.Sprintf("no layout %q (there are %s)", e.Name, strings.Join(e.Names, ", "))
}

// shippedPrefix begins the path of a layout that came with the program: no file of a person's is called so.
const shippedPrefix = "shipped:"

// IsPath tells whether an argument names a file (it holds a slash or ends in .yaml or .yml), not a layout.
func IsPath(arg string) bool {
	return strings.ContainsRune(arg, '/') || isYAML(arg)
}

// IsShipped tells whether a path that Find or List returned is that of a layout that came with the program.
func IsShipped(path string) bool { return strings.HasPrefix(path, shippedPrefix) }

// ShippedName is the name by which a shipped layout is started.
func ShippedName(path string) string {
	return strings.TrimSuffix(strings.TrimPrefix(path, shippedPrefix), ".yaml")
}

func isYAML(name string) bool {
	return strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")
}

// Find reads the layout that name means: a file when IsPath(name), else NAME.yaml or NAME.yml in the first of dirs that has one, else
// NAME.yaml of shipped. path is where it was found, for Parse and its errors. When no layout has the name the error is a *NotFoundError;
// of a file that is missing it is an fs.ErrNotExist.
func Find(name string, dirs []string, shipped fs.FS) (data []byte, path string, err error) {
	if IsPath(name) {
		data, err = readFile(osFS{}, name)
		if errors.Is(err, fs.ErrNotExist) {
			err = missingFile(name)
		} else if err != nil {
			err = fmt.Errorf("reading the layout %s: %w", name, plain(err))
		}
		return data, name, err
	}
	found, err := all(dirs, shipped)
	if err != nil {
		return nil, "", err
	}
	var names []string
	for _, s := range found {
		if s.name == name {
			data, err = readFile(s.fsys, s.file)
			if err != nil {
				err = fmt.Errorf("reading the layout %s: %w", s.path, plain(err))
			}
			return data, s.path, err
		}
		names = append(names, s.name)
	}
	return nil, "", &NotFoundError{Name: name, Near: Suggest(name, names), Names: names}
}

// List returns the layouts that can be started by name, sorted by name; one in an earlier directory hides its namesakes. A file with
// mistakes is listed with its Problem.
func List(dirs []string, shipped fs.FS) ([]Entry, error) {
	found, err := all(dirs, shipped)
	if err != nil {
		return nil, err
	}
	entries := make([]Entry, 0, len(found))
	for _, s := range found {
		entries = append(entries, s.entry())
	}
	return entries, nil
}

// source is a layout file that was seen and not read yet.
type source struct {
	name, path, file string
	fsys             fs.FS
}

func (s source) entry() Entry {
	e := Entry{Name: s.name, Path: s.path, Shipped: IsShipped(s.path)}
	data, err := readFile(s.fsys, s.file)
	if err != nil {
		e.Problem = fmt.Sprintf("reading it: %v", plain(err))
		return e
	}
	e.Description = description(data)
	f, err := Parse(s.path, data)
	if err != nil {
		e.Problem, _, _ = strings.Cut(err.Error(), "\n")
		return e
	}
	for _, r := range f.Roles {
		e.Roles = append(e.Roles, r.Name)
	}
	return e
}

// all returns the layouts that have a name, sorted, without those hidden by a namesake. A directory that does not exist has none.
func all(dirs []string, shipped fs.FS) ([]source, error) {
	seen := map[string]bool{}
	var found []source
	take := func(fsys fs.FS, path func(file string) string) error {
		entries, err := fs.ReadDir(fsys, ".")
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		} else if err != nil {
			return plain(err)
		}
		for _, e := range entries { // sorted: NAME.yaml comes before NAME.yml
			name := strings.TrimSuffix(strings.TrimSuffix(e.Name(), ".yml"), ".yaml")
			if e.IsDir() || !isYAML(e.Name()) || name == "" || seen[name] {
				continue
			}
			seen[name] = true
			found = append(found, source{name: name, path: path(e.Name()), file: e.Name(), fsys: fsys})
		}
		return nil
	}
	for _, dir := range dirs {
		if err := take(os.DirFS(dir), func(file string) string { return filepath.Join(dir, file) }); err != nil {
			return nil, fmt.Errorf("looking for layouts in %s: %w", dir, err)
		}
	}
	if shipped != nil {
		if err := take(shipped, func(file string) string { return shippedPrefix + file }); err != nil {
			return nil, fmt.Errorf("looking for the shipped layouts: %w", err)
		}
	}
	slices.SortFunc(found, func(a, b source) int { return cmp.Compare(a.name, b.name) })
	return found, nil
}

// readFile reads a layout, and of a huge file not more than Parse needs to refuse it.
func readFile(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, MaxFile+1))
}

// osFS opens any path, as os.Open does; os.DirFS would refuse ".." in one.
type osFS struct{}

func (osFS) Open(name string) (fs.File, error) { return os.Open(name) }

// missingFile is the error for a path that leads to no file.
func missingFile(name string) error {
	dir, base := filepath.Split(name)
	var names []string
	entries, _ := os.ReadDir(filepath.Clean(dir + ".")) // only for a suggestion
	for _, e := range entries {
		if isYAML(e.Name()) {
			names = append(names, e.Name())
		}
	}
	hint := "isesh init writes ./isesh.yaml; isesh layout list names the layouts there are"
	if near := Suggest(base, names); near != "" {
		hint = fmt.Sprintf("did you mean %q?", dir+near)
	}
	return &missingError{name, hint}
}

// missingError is an fs.ErrNotExist with a hint.
type missingError struct{ file, hint string }

func (e *missingError) Error() string { return fmt.Sprintf("no layout file %s (%s)", e.file, e.hint) }
func (e *missingError) Unwrap() error { return fs.ErrNotExist }

// plain drops the operation and path that a message names already.
func plain(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// description returns the first line of the comment at the top of a layout that says something to people.
func description(data []byte) string {
	for line := range strings.Lines(string(data)) {
		text, ok := strings.CutPrefix(strings.TrimSpace(line), "#")
		if !ok && strings.TrimSpace(line) != "" {
			return ""
		}
		text = strings.TrimSpace(text)
		if text != "" && !strings.HasPrefix(text, "yaml-language-server:") && !strings.HasPrefix(text, "!") {
			return text
		}
	}
	return ""
}

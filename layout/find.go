package layout

import "io/fs"

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

func (e *NotFoundError) Error() string { return "" }

// IsPath tells whether an argument names a file (it holds a slash or ends in .yaml or .yml), not a layout.
func IsPath(arg string) bool { return false }

// IsShipped tells whether a path that Find or List returned is that of a layout that came with the program.
func IsShipped(path string) bool { return false }

// Find reads the layout that name means: a file when IsPath(name), else NAME.yaml or NAME.yml in the first of dirs that has one, else NAME.yaml
// of shipped. path is where it was found, for errors. When no layout has the name the error is a *NotFoundError.
func Find(name string, dirs []string, shipped fs.FS) (data []byte, path string, err error) {
	return nil, "", nil
}

// List returns the layouts that can be started by name, sorted by name; one in an earlier directory hides its namesakes. A file with
// mistakes is listed with its Problem.
func List(dirs []string, shipped fs.FS) ([]Entry, error) { return nil, nil }

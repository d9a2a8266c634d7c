package roles

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// replace puts data in the place of a file: whoever reads it, and whatever crashes, finds either the old or the new content. Durable when it
// returns.
func (d Dir) replace(name string, data []byte) error {
	return d.replaceFrom(name, bytes.NewReader(data))
}

// replaceFrom is replace with what r gives.
func (d Dir) replaceFrom(name string, r io.Reader) error {
	tmp := name + ".tmp" // one writer, so one name: what a killed one left is used up by the next
	if err := os.Remove(d.join(tmp)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fileError(d.join(tmp), err)
	}
	f, err := d.open(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	if err == nil {
		err = datasync(f)
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(d.join(tmp), d.join(name))
	}
	if err != nil {
		os.Remove(d.join(tmp))
		return fileError(d.join(name), err)
	}
	return d.sync()
}

// loadJSON reads a file of JSON into v, a pointer. A missing file leaves v as it is. A damaged one is set aside under a name of its own and
// reported; v may then be filled in part. A file of a newer format is refused and left alone.
func (d Dir) loadJSON(name string, v any) (damaged bool, n []Notice, err error) {
	path := d.join(name)
	f, err := d.open(name, os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil, nil
	}
	if err != nil {
		return false, nil, err
	}
	f.Close()
	data, err := os.ReadFile(path)
	if err != nil {
		return false, nil, fileError(path, err)
	}
	var head struct {
		V int `json:"v"`
	}
	err = json.Unmarshal(data, &head)
	if err == nil && head.V > Version {
		err := fmt.Errorf("%w (format %d, this one knows %d)", errNewer, head.V, Version)
		return false, nil, &DirError{path, err, "install the newer isesh, or choose another state directory with --state-dir"}
	}
	if err == nil && head.V < 1 {
		err = errors.New("v is missing")
	}
	if err == nil {
		err = json.Unmarshal(data, v)
	}
	if err == nil {
		return false, nil, nil
	}
	aside := asideName(path)
	if rerr := os.Rename(path, aside); rerr != nil {
		return false, nil, fileError(path, rerr)
	}
	return true, []Notice{{path, -1, fmt.Sprintf("was damaged (%v); it is kept as %s and a new one begun", err, aside)}}, nil
}

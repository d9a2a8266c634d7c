package layout

// Parse reads a layout file. name is the file's path as errors shall show it. Everything that can be judged from the file alone is
// checked; the mistakes come back together, as Errors.
func Parse(name string, data []byte) (*File, error) {
	return &File{path: name}, nil
}

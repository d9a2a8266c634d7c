package layout

// Schema returns the JSON Schema of layout files, for editors.
func Schema() []byte { return nil }

// Starter returns the commented layout that `isesh init` writes as ./isesh.yaml.
func Starter() []byte { return nil }

package layout

import (
	_ "embed"
	"slices"
)

//go:embed schema.json
var schema []byte

//go:embed starter.yaml
var starter []byte

// Schema returns the JSON Schema of layout files, for editors. The caller may change the copy it gets.
func Schema() []byte { return slices.Clone(schema) }

// Starter returns the commented layout that `isesh init` writes as ./isesh.yaml. The caller may change the copy it gets.
func Starter() []byte { return slices.Clone(starter) }

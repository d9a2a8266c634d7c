// Package layouts holds the layouts that come with the program.
package layouts

import "embed"

// FS holds one NAME.yaml for each shipped layout.
//
//go:embed *.yaml
var FS embed.FS

//go:build !linux

package roles

import "os"

// datasync waits until what was written to f, and its length, are on disk.
func datasync(f *os.File) error { return f.Sync() }

package roles

import (
	"os"

	"golang.org/x/sys/unix"
)

// datasync waits until what was written to f, and its length, are on disk.
func datasync(f *os.File) error {
	for {
		if err := unix.Fdatasync(int(f.Fd())); err != unix.EINTR {
			return err
		}
	}
}

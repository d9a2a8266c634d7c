package api

import (
	"os"

	"golang.org/x/sys/unix"
)

func peerOfFD(fd int) (peer, error) {
	c, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return peer{}, os.NewSyscallError("getsockopt SO_PEERCRED", err)
	}
	return peer{pid: int(c.Pid), uid: int(c.Uid)}, nil
}

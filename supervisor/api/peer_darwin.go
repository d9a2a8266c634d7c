package api

import (
	"os"

	"golang.org/x/sys/unix"
)

func peerOfFD(fd int) (peer, error) {
	c, err := unix.GetsockoptXucred(fd, unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
	if err != nil {
		return peer{}, os.NewSyscallError("getsockopt LOCAL_PEERCRED", err)
	}
	pid, err := unix.GetsockoptInt(fd, unix.SOL_LOCAL, unix.LOCAL_PEERPID)
	if err != nil {
		return peer{}, os.NewSyscallError("getsockopt LOCAL_PEERPID", err)
	}
	return peer{pid: pid, uid: int(c.Uid)}, nil
}

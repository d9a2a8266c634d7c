//go:build faults

package supervisor

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// faultAt is the environment variable POINT:N that says at which step, and the how many-th time it is reached, the process shall end.
const faultAt = "ISESH_FAULT"

var faults struct {
	sync.Mutex
	hits int
}

// fault ends the process as kill -9 does if it was told to at this step.
func fault(point string) {
	want, count, _ := strings.Cut(os.Getenv(faultAt), ":")
	if want != point {
		return
	}
	faults.Lock()
	defer faults.Unlock()
	faults.hits++
	if n, err := strconv.Atoi(count); err == nil && faults.hits == n {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // nothing more is done until the signal has come
	}
}

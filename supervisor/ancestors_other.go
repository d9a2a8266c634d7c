//go:build !linux

package supervisor

import (
	"os/exec"
	"strconv"
	"strings"
)

// ancestors returns pid and its parents, nearest first, up to init.
func ancestors(pid int) []int {
	listing, err := exec.Command("ps", "-axo", "pid=,ppid=").Output()
	if err != nil {
		return nil
	}
	parent := map[int]int{}
	for line := range strings.Lines(string(listing)) {
		f := strings.Fields(line)
		if len(f) != 2 {
			continue
		}
		p, err1 := strconv.Atoi(f[0])
		pp, err2 := strconv.Atoi(f[1])
		if err1 == nil && err2 == nil {
			parent[p] = pp
		}
	}
	var out []int
	for pid > 1 && len(out) < 64 {
		out = append(out, pid)
		pid = parent[pid]
	}
	return out
}

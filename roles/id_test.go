package roles

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/matryer/is"
)

// idsEnv tells a process of this test binary how many ids to print.
const idsEnv = "ISESH_TEST_IDS"

// printIDs prints so many ids.
func printIDs(n string) error {
	var count int
	if _, err := fmt.Sscan(n, &count); err != nil {
		return err
	}
	out := bufio.NewWriter(os.Stdout)
	for range count {
		fmt.Fprintln(out, NewID())
	}
	return out.Flush()
}

// Ids that many processes make at once are all different, and sorting them sorts them by their time.
func TestIDsOfManyProcesses(t *testing.T) {
	is := is.New(t)
	const processes, each = 8, 12_500
	outs := make([]string, processes)
	var wg sync.WaitGroup
	for i := range outs {
		wg.Go(func() {
			c := exec.Command(os.Args[0])
			c.Env = append(os.Environ(), idsEnv+"="+fmt.Sprint(each))
			out, err := c.Output()
			if err != nil {
				t.Error(err)
			}
			outs[i] = string(out)
		})
	}
	wg.Wait()
	var all []string
	for _, out := range outs {
		ids := strings.Fields(out)
		is.Equal(len(ids), each)
		is.True(slices.IsSorted(ids)) // in the order in which they were made
		all = append(all, ids...)
	}
	slices.Sort(all)
	before := int64(0)
	for _, id := range all {
		parsed, err := uuid.Parse(id)
		is.NoErr(err)
		sec, ns := parsed.Time().UnixTime()
		at := sec*1000 + ns/1_000_000
		is.True(at >= before)
		before = at
	}
	is.Equal(len(slices.Compact(all)), processes*each)
}

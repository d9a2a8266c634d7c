package scripted

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"
)

// TestMain is the program itself where a test started this binary as one.
func TestMain(m *testing.M) {
	if os.Getenv("ISESH_TEST_SCRIPTED") == "" {
		os.Exit(m.Run())
	}
	o, err := ParseArgs(os.Args[1:])
	if err == flag.ErrHelp {
		fmt.Print(Usage)
		os.Exit(0)
	}
	code := 2
	if err == nil {
		code, err = Run(context.Background(), o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "scripted:", err)
	}
	os.Exit(code)
}

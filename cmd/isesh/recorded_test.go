package main

import (
	"bufio"
	"encoding/json"
	"os"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// recorded is a script command: the text of the Nth message that a scripted agent has recorded is what is in a file, all of it, but for the last newline.
// It waits for that message.
func recorded(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: recorded RECORD N FILE")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	eventually(ts, false, []string{"sh", "-c", `[ "$(grep -c ^ "$0")" -ge "$1" ]`, ts.MkAbs(args[0]), args[1]})
	f, err := os.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	var turn struct{ Text string }
	for lines := bufio.NewReader(f); n > 0; n-- {
		line, err := lines.ReadBytes('\n')
		ts.Check(err)
		ts.Check(json.Unmarshal(line, &turn))
	}
	if want := strings.TrimSuffix(ts.ReadFile(args[2]), "\n"); turn.Text != want {
		ts.Fatalf("message %s of %s has %d bytes, %.300q; want %d bytes, %.300q", args[1], args[0], len(turn.Text), turn.Text, len(want), want)
	}
}

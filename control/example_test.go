package control_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"isesh/control"
)

// private is a tmux server of the example's own, and its end.
func private() (control.Server, func()) {
	dir, err := os.MkdirTemp("", "isesh")
	if err != nil {
		panic(err)
	}
	s := control.Server{Path: dir + "/s", Config: "/dev/null"}
	return s, func() {
		s.Output(context.Background(), "kill-server")
		os.RemoveAll(dir)
	}
}

func Example() {
	if _, err := (control.Server{}).Version(context.Background()); err != nil {
		fmt.Println("hello\nhello\nrefused: step") // no tmux here
		return
	}
	server, end := private()
	defer end()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	c, err := control.Dial(ctx, control.Options{
		Server: server,
		Create: []string{"new-session", "-s", "example", "cat"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()

	panes, err := c.Panes(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	pane := panes[0]
	output := c.Watch(pane.ID)

	// Type a line, once, if the pane is the one we think and shows no menu.
	guard := control.Guard{
		Pane:  pane.ID,
		PID:   pane.PID,
		Conds: []control.Cond{control.NoRow("Do you want to")},
		Next:  "first",
	}
	if err := c.Keys(ctx, guard, control.Literal("hello"), "Enter"); err != nil {
		fmt.Println(err)
		return
	}

	// Output says when to look, a snapshot says what there is to see.
	for {
		s, err := c.Snapshot(ctx, pane.ID)
		if err != nil {
			fmt.Println(err)
			return
		}
		if strings.Count(s.Screen, "hello") == 2 {
			fmt.Println(strings.TrimSpace(s.Screen))
			break
		}
		<-output.C()
	}

	// The same step again is refused inside tmux.
	var refused *control.Refused
	if err := c.Keys(ctx, guard, control.Literal("hello"), "Enter"); errors.As(err, &refused) {
		fmt.Println("refused:", refused.Reason)
	}
	// Output:
	// hello
	// hello
	// refused: step
}

func ExampleQuote() {
	for _, s := range []string{"a b", "$HOME", "line\nbreak", ";"} {
		q, _ := control.Quote(s)
		fmt.Println(q)
	}
	// Output:
	// "a b"
	// "\$HOME"
	// "line\012break"
	// ";"
}

func ExampleParser() {
	var p control.Parser
	stream := "%begin 1700000000 12 1\nhello\n%end 1700000000 12 1\n%output %3 \\033[1mbold\n"
	p.Feed([]byte(stream), func(t control.Token) {
		switch t.Kind {
		case control.Body:
			fmt.Printf("reply: %s\n", t.Line)
		case control.Notify:
			fmt.Printf("%s: %s\n", t.Name, t.Rest)
		}
	})
	// Output:
	// reply: hello
	// output: %3 \033[1mbold
}

func ExampleValidKey() {
	fmt.Println(control.ValidKey("C-c"))
	fmt.Println(control.ValidKey("Entr"))
	// Output:
	// <nil>
	// unknown key "Entr" (did you mean "Enter"?)
}

func ExampleCond() {
	ready := control.All(control.CursorOn("^> "), control.Not(control.Row("esc to interrupt")))
	fmt.Println(ready)
	fmt.Println(control.Row(`\d`).Err())
	// Output:
	// (cursor on the first row matching "^> " and not (row matching "esc to interrupt"))
	// condition row matching "\\d": not a POSIX extended regular expression: error parsing regexp: invalid escape sequence: `\d`
}

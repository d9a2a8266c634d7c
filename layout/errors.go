package layout

import (
	"fmt"
	"slices"
	"strings"
)

// Error is one mistake in a layout file.
type Error struct {
	File string `json:"file"`
	Line int    `json:"line,omitempty"` // from 1; 0 when the mistake has no place
	Col  int    `json:"col,omitempty"`  // from 1
	Msg  string `json:"message"`        // what is wrong, with what
	Hint string `json:"hint,omitempty"` // what to do
}

// Error returns "file:line:col: what is wrong (what to do)".
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
		if e.Col > 0 {
			fmt.Fprintf(&b, ":%d", e.Col)
		}
	}
	fmt.Fprintf(&b, ": %s", e.Msg)
	if e.Hint != "" {
		fmt.Fprintf(&b, " (%s)", e.Hint)
	}
	return b.String()
}

// Errors is every mistake found in a layout file, in the order of its lines. Parse and Resolve return it.
type Errors []*Error

// Error returns the mistakes, one a line.
func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As find an *Error.
func (es Errors) Unwrap() []error {
	errs := make([]error, len(es))
	for i, e := range es {
		errs[i] = e
	}
	return errs
}

// pos is a place in a file, both counted from 1.
type pos struct{ line, col int }

// problems collects mistakes of one file.
type problems struct {
	file string
	list Errors
}

func (p *problems) add(at pos, hint, format string, args ...any) {
	p.list = append(p.list, &Error{File: p.file, Line: at.line, Col: at.col, Msg: fmt.Sprintf(format, args...), Hint: hint})
}

// err returns the mistakes in the order of their lines, nil when there are none.
func (p *problems) err() error {
	if len(p.list) == 0 {
		return nil
	}
	slices.SortStableFunc(p.list, func(a, b *Error) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Col - b.Col
	})
	return slices.CompactFunc(p.list, func(a, b *Error) bool { return *a == *b }) // what defaults have wrong is wrong for every role
}

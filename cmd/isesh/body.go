package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"isesh/supervisor"
)

// bodyFlags are the flags of a command that sends a text.
type bodyFlags struct {
	file string
	id   string
	from string
}

// add gives a command the flags.
func (b *bodyFlags) add(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&b.file, "file", "", "send what is in this file")
	f.StringVar(&b.id, "id", "", "an id of your own: the same id twice is one message")
	noFiles(c, "id")
}

// addFrom gives a command the flag --from.
func (b *bodyFlags) addFrom(a *app, c *cobra.Command) {
	c.Flags().StringVar(&b.from, "from", "", "a label for the sender; marked unverified where it is not who asks")
	_ = c.RegisterFlagCompletionFunc("from", a.completeRoles(0, false))
}

// body is the text of a message: the words, a file, or standard input.
func (a *app) body(words []string, file string) (string, error) {
	switch {
	case file != "" && len(words) > 0:
		return "", usagef("give one of them", "the message is in --file %s and in the arguments", file)
	case file != "":
		f, err := os.Open(file)
		if err != nil {
			return "", fmt.Errorf("reading the message: %w", err)
		}
		defer f.Close()
		return a.readBody(f)
	case len(words) == 1 && words[0] == "-", len(words) == 0 && !isTerminal(a.in):
		return a.readBody(a.in)
	}
	return a.checkBody(strings.Join(words, " "))
}

// readBody reads the text of a message, and no more of what never ends than shows that it is too long.
func (a *app) readBody(f *os.File) (string, error) {
	data, err := io.ReadAll(io.LimitReader(f, supervisor.MaxText+1))
	if err != nil {
		return "", fmt.Errorf("reading the message: %w", err)
	}
	return a.checkBody(string(data))
}

// checkBody refuses a text that is none, or too long.
func (a *app) checkBody(text string) (string, error) {
	if strings.TrimSpace(text) == "" {
		return "", usagef(`give it as arguments, with --file, or through a pipe`, "the message is empty")
	}
	if len(text) > supervisor.MaxText {
		return "", usagef("put it into a file and send the file's path", "the message has more than %d bytes", supervisor.MaxText)
	}
	if !utf8.ValidString(text) {
		a.note("the text is not all UTF-8: what is not arrives as \ufffd")
	}
	return text, nil
}

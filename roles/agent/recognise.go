package agent

import (
	"path"
	"slices"
	"strings"
	"sync"
)

// runners start the program that their first argument without a dash names.
var runners = []string{"env", "npx", "bunx", "pnpx", "node", "bun", "exec", "command", "nohup", "nice", "isesh", "agent"}

// programs maps the last element of a program's path to its profile. It is read from the profiles without compiling them.
var programs = sync.OnceValue(func() map[string]string {
	m := map[string]string{}
	for _, name := range Names() {
		data, err := shipped.ReadFile("profiles/" + name + ".yaml")
		if err != nil {
			continue
		}
		for _, word := range matchLine(string(data)) {
			m[word] = name
		}
	}
	return m
})

// matchLine reads the list in a profile's line "match: [a, b]".
func matchLine(yaml string) []string {
	for line := range strings.Lines(yaml) {
		if list, ok := strings.CutPrefix(strings.TrimSpace(line), "match: ["); ok && strings.HasPrefix(line, "match:") {
			list, _, _ = strings.Cut(list, "]")
			return strings.FieldsFunc(list, func(r rune) bool { return strings.ContainsRune(", '\"", r) })
		}
	}
	return nil
}

// Recognise returns the name of the profile for a command line, "" when it starts no agent that is known. It looks through
// what starts other programs: env K=V claude, npx @anthropic-ai/claude-code, isesh agent scripted.
func Recognise(argv []string) string {
	_, name := programWord(argv, programs())
	return name
}

// programWord finds the word of a command line that names the agent, and the agent's name; -1 and "" when none does.
func programWord(argv []string, words map[string]string) (int, string) {
	for i, word := range argv {
		base := path.Base(strings.TrimSuffix(word, ".js"))
		base, _, _ = strings.Cut(base, "@")
		if name := words[base]; name != "" {
			return i, name
		}
		assignment := strings.Contains(word, "=") && !strings.HasPrefix(word, "-")
		if !assignment && !strings.HasPrefix(word, "-") && !slices.Contains(runners, base) {
			return -1, ""
		}
	}
	return -1, ""
}

package layout

import (
	"fmt"
	"path/filepath"
	"strings"
)

// maxName is how long a role's or a team's name may be.
const maxName = 40

// reserved words are addresses with a meaning of their own.
var reserved = map[string]string{
	"user": "the person at the terminal",
	"lead": "the role that leads a team",
	"all":  "every role of a team",
}

// TeamName decides a team's name: override when given, else the file's own name, else a valid name made from the base name of dir. A
// shipped layout's own name does not count, so that it can run in two projects at once. The error tells what is wrong with an override.
func TeamName(file *File, override string, shipped bool, dir string) (string, error) {
	if override != "" {
		if err := CheckName(override); err != nil {
			return "", fmt.Errorf("naming the team: %w", err)
		}
		return override, nil
	}
	if !shipped && file != nil && file.Name != "" {
		return file.Name, nil
	}
	return validName(filepath.Base(dir)), nil
}

// CheckName says what is wrong with the name of a role or team: it is lower-case letters, digits and dashes, at most 40, begins with a
// letter or digit, and is not one of the reserved words user, lead and all.
func CheckName(name string) error {
	msg, hint := nameProblem(name)
	if msg == "" {
		return nil
	}
	return fmt.Errorf("%s (%s)", msg, hint)
}

// nameProblem returns what is wrong with a name and what to do, both empty when nothing is.
func nameProblem(name string) (msg, hint string) {
	if meaning, ok := reserved[name]; ok {
		return fmt.Sprintf("%q is reserved: it means %s", name, meaning), "choose another name"
	}
	if name != "" && len(name) <= maxName && name[0] != '-' && strings.Trim(name, nameLetters) == "" {
		return "", ""
	}
	hint = "lower-case letters, digits and dashes, not beginning with a dash"
	if good := validName(name); name != "" && len(name) <= maxName {
		hint = fmt.Sprintf("%s: %q would do", hint, good)
	} else if name != "" {
		return fmt.Sprintf("the name %q has %d letters, at most %d will do", clip(name, maxName), len(name), maxName), "shorten it"
	}
	return fmt.Sprintf("bad name %q", name), hint
}

const nameLetters = "abcdefghijklmnopqrstuvwxyz0123456789-"

// validName makes a good name of any text.
func validName(s string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(s) {
		if !strings.ContainsRune(nameLetters, r) {
			r = '-'
		}
		if r == '-' && (b.Len() == 0 || strings.HasSuffix(b.String(), "-")) {
			continue
		}
		if b.Len() == maxName {
			break
		}
		b.WriteRune(r)
	}
	name := strings.TrimRight(b.String(), "-")
	if name == "" {
		return "team"
	}
	if _, taken := reserved[name]; taken {
		return name + "-team" // as in /home/user: better a longer name than a refusal
	}
	return name
}

// Suggest returns the candidate nearest to word: at most two edits away and no more than half of word's letters, "" when there is none. A
// swap of neighbours is one edit. Of equals the first wins.
func Suggest(word string, candidates []string) string {
	w := []rune(word)
	limit := min(2, len(w)/2) // of a short word two edits leave nothing: "dev" is no slip for "demo"
	best, found := limit+1, ""
	for _, c := range candidates {
		if n := edits(w, []rune(c), limit); n > 0 && n < best {
			best, found = n, c
		}
	}
	return found
}

// edits returns how many letters must be put in, taken out, changed or swapped with their neighbour to make a into b; limit+1 when it is
// more than limit.
func edits(a, b []rune, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	before, prev, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, prev, row = prev, row, before
	}
	return min(prev[len(b)], limit+1)
}

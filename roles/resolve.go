package roles

import (
	"fmt"
	"strings"
)

// AmbiguousError says that several roles go by a name, and none of them belongs to the caller's team.
type AmbiguousError struct {
	Name       string
	Candidates []Address // in the order of the known roles
}

// Error names the candidates in the form in which each can be addressed.
func (e *AmbiguousError) Error() string {
	var names []string
	for _, c := range e.Candidates {
		names = append(names, exact(c))
	}
	return fmt.Sprintf("several roles are called %q: say which, %s", e.Name, strings.Join(names, " or "))
}

// UnknownError says that no role goes by a name.
type UnknownError struct {
	Name       string
	Suggestion string // the nearest name, or "" when none is near
}

// Error names the suggestion, if there is one.
func (e *UnknownError) Error() string {
	if e.Suggestion == "" {
		return fmt.Sprintf("no role %q", e.Name)
	}
	return fmt.Sprintf("no role %q (did you mean %q?)", e.Name, e.Suggestion)
}

// exact writes a so that Resolve finds it wherever the caller stands: "/role" is the role that has no team.
func exact(a Address) string {
	if a.Team == "" {
		return "/" + a.Role
	}
	return a.String()
}

// Resolve finds the address that ref means to a caller of callerTeam ("" for a caller without one). "team/role" and "/role" (no team) are
// exact. A bare role is the one of the caller's own team, else the only one of that name anywhere; several give an *AmbiguousError, none an
// *UnknownError. A prefix never matches. "user" is always User; the other reserved names mean nothing here, their meaning is the caller's.
func Resolve(ref, callerTeam string, known []Address) (Address, error) {
	if ref == User.Role || ref == "/"+User.Role {
		return User, nil
	}
	if team, role, both := strings.Cut(ref, "/"); both {
		want := Address{Team: team, Role: role}
		for _, a := range known {
			if a == want {
				return a, nil
			}
		}
		return Address{}, &UnknownError{Name: ref, Suggestion: suggest(ref, known)}
	}
	var found []Address
	for _, a := range known {
		if a.Role != ref {
			continue
		}
		if a.Team == callerTeam {
			return a, nil
		}
		found = append(found, a)
	}
	switch len(found) {
	case 0:
		return Address{}, &UnknownError{Name: ref, Suggestion: suggest(ref, known)}
	case 1:
		return found[0], nil
	}
	return Address{}, &AmbiguousError{Name: ref, Candidates: found}
}

// suggest returns the known name nearest to ref, in the form ref has (bare or with a team), or "" when none is within two edits and less than
// half of it away. A name that is right but for the team is suggested with its team.
func suggest(ref string, known []Address) string {
	best, bestAt := "", 3
	ref = strings.ToLower(ref) // as all names are
	try := func(name, as string) {
		if d := edits(ref, name); d < bestAt && 2*d < max(len(ref), len(name)) {
			best, bestAt = as, d
		}
	}
	_, role, both := strings.Cut(ref, "/")
	for _, a := range known {
		if !both {
			try(a.Role, a.Role)
			continue
		}
		try(a.String(), a.String())
		if best == "" && a.Role == role {
			best = a.String()
		}
	}
	return best
}

// edits counts the insertions, deletions, replacements and swaps of neighbours that turn a into b.
func edits(a, b string) int {
	if d := len(a) - len(b); d > 2 || d < -2 || len(a) > 2*maxName+2 {
		return 3 // nobody asks about anything farther than two
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			replace := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			rows[i][j] = min(replace, rows[i-1][j]+1, rows[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}

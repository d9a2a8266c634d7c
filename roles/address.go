package roles

import (
	"fmt"
	"strings"
)

// Address names a role: "role", or "team/role".
type Address struct {
	Team string `json:"team,omitempty"`
	Role string `json:"role"`
}

// User is the person at the keyboard, who always has a mailbox.
var User = Address{Role: "user"}

// maxName is the longest name in bytes.
const maxName = 40

// String returns "team/role", or "role" when there is no team.
func (a Address) String() string {
	if a.Team == "" {
		return a.Role
	}
	return a.Team + "/" + a.Role
}

// IsZero reports whether a names nobody.
func (a Address) IsZero() bool { return a == Address{} }

// ParseAddress reads "role" or "team/role". It checks the grammar of both names but not whether the role exists, and lets reserved names pass:
// "user" is an address. To find what a person meant by a name, use Resolve.
func ParseAddress(s string) (Address, error) {
	team, role, both := strings.Cut(s, "/")
	if !both {
		team, role = "", s
	} else if err := ValidName(team); err != nil {
		return Address{}, fmt.Errorf("reading the address %q: the team: %w", s, err)
	}
	if err := ValidName(role); err != nil {
		return Address{}, fmt.Errorf("reading the address %q: %w", s, err)
	}
	return Address{Team: team, Role: role}, nil
}

// ValidName checks the grammar of role and team names: one to 40 of a-z, 0-9 and "-", not beginning with "-". A name that passes is safe as a
// file name.
func ValidName(s string) error {
	switch {
	case s == "":
		return fmt.Errorf("the name is empty: use a-z, 0-9 and -")
	case len(s) > maxName:
		return fmt.Errorf("the name %.50q is too long: at most %d characters", s, maxName)
	case s[0] == '-':
		return fmt.Errorf("the name %q begins with a dash: begin with a-z or 0-9", s)
	}
	for _, c := range s {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return fmt.Errorf("the name %q holds %q: use only a-z, 0-9 and -", s, c)
		}
	}
	return nil
}

// Reserved reports whether name is kept for isesh's own use as an address: user, lead and all.
func Reserved(name string) bool { return name == "user" || name == "lead" || name == "all" }

// ValidRoleName is ValidName for the name of a role: it refuses the reserved names, too.
func ValidRoleName(s string) error {
	if err := ValidName(s); err != nil {
		return err
	}
	if Reserved(s) {
		return fmt.Errorf("the name %q is reserved: choose another", s)
	}
	return nil
}

// validRole checks that a can be the address of a role.
func validRole(a Address) error {
	if a.Team != "" {
		if err := ValidName(a.Team); err != nil {
			return fmt.Errorf("the team of %q: %w", a, err)
		}
	}
	return ValidRoleName(a.Role)
}

package roles

// Address names a role: "role", or "team/role".
type Address struct {
	Team string `json:"team,omitempty"`
	Role string `json:"role"`
}

// String returns "team/role", or "role" when there is no team.
func (a Address) String() string {
	if a.Team == "" {
		return a.Role
	}
	return a.Team + "/" + a.Role
}

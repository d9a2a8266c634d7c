package layout

import (
	"fmt"
	"slices"
	"strings"
)

// members returns the names of the roles that r becomes: r itself, or r-1, r-2, ...
func (r *Role) members() []string {
	if r.Replicas <= 0 {
		return []string{r.Name}
	}
	names := make([]string, min(r.Replicas, MaxReplicas)) // more was refused, and must not cost memory before that is said
	for i := range names {
		names[i] = fmt.Sprintf("%s-%d", r.Name, i+1)
	}
	return names
}

// expand turns the names of roles as a layout may write them into names of members, each once: a role with replicas means all of them.
// Other words (lead, user, all) stay.
func (f *File) expand(names []string) []string {
	var out []string
	for _, n := range names {
		members := []string{n}
		if i := slices.IndexFunc(f.Roles, func(r Role) bool { return r.Name == n }); i >= 0 {
			members = f.Roles[i].members()
		}
		for _, m := range members {
			if !slices.Contains(out, m) {
				out = append(out, m)
			}
		}
	}
	return out
}

// checkRelations judges how the values fit together. The values themselves may still be bad.
func (f *File) checkRelations(p *problems) {
	c := &checker{p, f}
	if len(f.Roles) == 0 {
		c.bad("roles", `add one: "roles: {dev: {agent: claude}}"`, "the layout has no roles")
		return
	}
	if len(f.Roles) > MaxRoles {
		c.tooMany(len(f.Roles))
		return
	}
	owner := c.members()
	known := make([]string, 0, len(owner))
	for i := range f.Roles {
		known = append(known, f.Roles[i].Name)
	}
	for i := range f.Roles {
		if f.Roles[i].Replicas > 0 {
			known = append(known, f.Roles[i].members()...)
		}
	}
	lead := c.lead()
	for i := range f.Roles {
		at := "roles." + f.Roles[i].Name
		c.refs(at+".after", f.Roles[i].After, known)
		if len(f.Roles[i].LeadMay) > 0 && lead == "" {
			c.bad(at+".lead_may", "mark one role with lead: true", "role %q says what the lead may answer, and there is no lead", f.Roles[i].Name)
		}
	}
	c.cycle(owner)
	for i, a := range f.Approvals {
		c.refs(fmt.Sprintf("approvals.%d.roles", i), a.Roles, known)
	}
	for i, fl := range f.Flows {
		c.flow(fmt.Sprintf("flows.%d", i), fl, known, lead)
	}
}

// members finds names that come twice once replicas are expanded, and returns which entry of Roles each name belongs to.
func (c *checker) members() map[string]int {
	owner := map[string]int{}
	for i := range c.f.Roles {
		r := &c.f.Roles[i]
		for _, name := range r.members() {
			if first, twice := owner[name]; twice {
				c.add(c.f.where("roles."+r.Name+"."), "rename one of the two", "role %q makes a second %q: the role on line %d makes one, too",
					r.Name, name, c.f.Roles[first].Line)
				break
			}
			if len(name) > maxName && len(r.Name) <= maxName {
				c.add(c.f.where("roles."+r.Name+"."), "shorten it", "with its number the name %q has %d letters, at most %d will do", name, len(name), maxName)
				break
			}
			owner[name] = i
		}
	}
	if len(owner) > MaxRoles {
		c.tooMany(len(owner))
	}
	return owner
}

func (c *checker) tooMany(n int) {
	c.bad("roles", "make two teams of it", "the team has %d roles, at most %d will do", n, MaxRoles)
}

// lead returns the name of the role that leads, and refuses a second one.
func (c *checker) lead() string {
	lead, line := "", 0
	for i := range c.f.Roles {
		r := &c.f.Roles[i]
		if !r.Lead {
			continue
		}
		at := "roles." + r.Name + ".lead"
		switch {
		case lead != "":
			c.bad(at, "keep one", "a second lead: %q leads already (line %d)", lead, line)
		case r.Replicas > 1:
			c.bad(at, "leave out replicas", "role %q has %d replicas, and a team has one lead", r.Name, r.Replicas)
		}
		lead, line = r.Name, c.f.where(at).line
	}
	return lead
}

// refs refuses names that are neither roles of the layout nor among the other words allowed here.
func (c *checker) refs(path string, names, known []string, also ...string) {
	for i, n := range names {
		if slices.Contains(known, n) || slices.Contains(also, n) {
			continue
		}
		at := fmt.Sprintf("%s.%d", path, i)
		if meaning, ok := reserved[n]; ok {
			c.bad(at, "name a role: "+strings.Join(known, ", "), "%q (%s) cannot stand here", n, meaning)
			continue
		}
		c.bad(at, didYouMean(n, append(slices.Clone(known), also...)), "no role %q in this layout", n)
	}
}

// cycle refuses roles that wait for each other, and tells whether there are any.
func (c *checker) cycle(owner map[string]int) bool {
	const (
		unseen = iota
		open   // on the way from the role we started at
		done
	)
	mark := map[string]int{}
	var way []string
	var visit func(name string) bool
	visit = func(name string) bool {
		i, ok := owner[name]
		if !ok || mark[name] == done {
			return false
		}
		if mark[name] == open {
			loop := append(slices.Clone(way[slices.Index(way, name):]), name)
			at := "roles." + c.f.Roles[i].Name + ".after"
			if len(loop) == 2 {
				c.bad(at, "take it out of its own after", "role %q waits for itself", name)
			} else {
				c.bad(at, "take one of them out", "roles wait for each other: %s", strings.Join(loop, " after "))
			}
			return true
		}
		mark[name] = open
		way = append(way, name)
		if slices.ContainsFunc(c.f.expand(c.f.Roles[i].After), visit) {
			return true
		}
		way = way[:len(way)-1]
		mark[name] = done
		return false
	}
	for i := range c.f.Roles {
		if slices.ContainsFunc(c.f.Roles[i].members(), visit) {
			return true
		}
	}
	return false
}

func (c *checker) flow(at string, fl Flow, known []string, lead string) {
	w := fl.When
	said := len(w.From) > 0 || len(w.To) > 0 || w.Tag != ""
	seen := len(w.Role) > 0 || w.State != "" || w.For != 0
	switch {
	case !said && !seen:
		c.bad(at+".when", "as when: {from: dev, tag: DONE}, or when: {role: dev, state: waiting}", "a flow without a when")
	case said && seen:
		c.bad(at+".when", "make two flows of it", "a flow is set off by a message (from, to, tag) or by a state (role, state, for), not by both")
	case seen && w.State == "":
		c.bad(at+".when", "add state: "+strings.Join(states, " or "), "a flow that watches a role needs a state")
	}
	if fl.Send == nil && len(fl.Notify) == 0 {
		c.bad(at, "add send: {to: ..., text: ...} or notify: lead", "a flow that does nothing")
	}
	c.refs(at+".when.from", w.From, known, "lead", "user")
	c.refs(at+".when.to", w.To, known, "lead", "user")
	c.refs(at+".when.role", w.Role, known, "lead")
	c.refs(at+".notify", fl.Notify, known, "lead", "user")
	if fl.Send != nil {
		c.refs(at+".send.to", fl.Send.To, known, "lead", "user", "all")
		if len(fl.Send.To) == 0 {
			c.bad(at+".send", "add to: and the role", "a send to nobody")
		}
		if strings.TrimSpace(fl.Send.Text) == "" {
			c.bad(at+".send", "add text: and what to say", "a send without text")
		}
	}
	if lead != "" {
		return
	}
	for key, names := range map[string][]string{".when.from": w.From, ".when.to": w.To, ".when.role": w.Role, ".notify": fl.Notify} {
		c.needLead(at+key, names)
	}
	if fl.Send != nil {
		c.needLead(at+".send.to", fl.Send.To)
	}
}

func (c *checker) needLead(path string, names []string) {
	if i := slices.Index(names, "lead"); i >= 0 {
		c.bad(fmt.Sprintf("%s.%d", path, i), "mark one role with lead: true", "the flow names the lead, and there is none")
	}
}

package roles

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// ErrExists says that an address is taken.
var ErrExists = errors.New("it exists already")

// ServerID tells one tmux server from the next on the same socket. Pane ids mean something only together with it.
type ServerID struct {
	Socket string `json:"socket"`
	PID    int    `json:"pid"`
	Start  int64  `json:"start"` // when it started, in seconds since 1970, as #{start_time} has it
}

// Entry is what the registry remembers of a role. ID never changes, not even when the role is renamed.
type Entry struct {
	Address
	ID           string    `json:"id"` // UUIDv7
	Server       ServerID  `json:"server,omitzero"`
	Pane         string    `json:"pane,omitempty"`         // %id
	PanePID      int       `json:"pane_pid,omitempty"`     // the process tmux started in it
	Session      string    `json:"session,omitempty"`      // $id
	Window       string    `json:"window,omitempty"`       // @id
	SessionName  string    `json:"session_name,omitempty"` // as tmux has it, prefix included
	Profile      string    `json:"profile"`
	Dir          string    `json:"dir,omitempty"`
	Argv         []string  `json:"argv,omitempty"`
	Launched     bool      `json:"launched"`          // by isesh; else it was adopted
	Mailbox      bool      `json:"mailbox,omitempty"` // it has no pane, only a mailbox
	Lead         bool      `json:"lead,omitempty"`
	LeadMay      []string  `json:"lead_may,omitempty"`      // kinds of waiting that this lead may answer for its team
	AgentSession string    `json:"agent_session,omitempty"` // the agent's own session id, to resume it
	Transcript   string    `json:"transcript,omitempty"`    // the file that the agent writes that session to, as it says
	LayoutFile   string    `json:"layout_file,omitempty"`
	Started      time.Time `json:"started,omitzero"`
	Former       []Address `json:"former,omitempty"` // earlier addresses, oldest first
}

func (e Entry) clone() Entry {
	e.Argv = slices.Clone(e.Argv)
	e.Former = slices.Clone(e.Former)
	return e
}

// Team is what the registry remembers of a team.
type Team struct {
	Name        string          `json:"name"`
	Dir         string          `json:"dir,omitempty"`
	LayoutFile  string          `json:"layout_file,omitempty"`
	Layout      json.RawMessage `json:"layout,omitempty"`  // the resolved layout it was started from
	Session     string          `json:"session,omitempty"` // $id
	SessionName string          `json:"session_name,omitempty"`
	Started     time.Time       `json:"started,omitzero"`
}

func (t Team) clone() Team {
	t.Layout = slices.Clone(t.Layout)
	return t
}

// registryFile is the registry's file, registryCopy the same once more, for when that is damaged, and registryData their content.
const (
	registryFile = "registry.json"
	registryCopy = "registry.copy.json"
)

type registryData struct {
	V     int     `json:"v"`
	Roles []Entry `json:"roles"` // in the order in which they were first put
	Teams []Team  `json:"teams,omitempty"`
}

// Registry remembers which roles there are and where each lives. It is kept in memory and written whole, atomically and durably, by every call that
// changes it; when that fails the change has not happened. What it returns are copies. It is safe for concurrent use within its one process.
type Registry struct {
	dir Dir

	mu   sync.Mutex // guards data, and held while it is written
	data registryData
}

// OpenRegistry reads registry.json, or begins an empty one. A damaged file is kept aside under another name, with a notice, and its copy takes its
// place; which of the roles in it still run, tmux has to say then as ever. Nothing is held open, so there is nothing to close.
func OpenRegistry(dir Dir) (*Registry, []Notice, error) {
	r := &Registry{dir: dir}
	notices, err := r.load()
	if err != nil {
		return nil, nil, fmt.Errorf("opening the registry: %w", err)
	}
	r.data.Roles = slices.DeleteFunc(r.data.Roles, func(e Entry) bool {
		err := validRole(e.Address)
		if err == nil && e.ID == "" {
			err = errors.New("it has no id")
		}
		if err != nil { // one broken entry must not take the others with it
			notices = append(notices, Notice{dir.join(registryFile), -1, fmt.Sprintf("the role %q was left out: %v", e.Address, err)})
		}
		return err != nil
	})
	return r, notices, nil
}

// load reads the registry, or its copy where it is damaged or missing.
func (r *Registry) load() ([]Notice, error) {
	damaged, notices, err := r.dir.loadJSON(registryFile, &r.data)
	if err != nil || !damaged && r.data.V > 0 {
		return notices, err
	}
	r.data = registryData{}
	damaged, more, err := r.dir.loadJSON(registryCopy, &r.data)
	notices = append(notices, more...)
	if err != nil || damaged || r.data.V == 0 {
		r.data = registryData{}
		return notices, err
	}
	notices = append(notices, Notice{r.dir.join(registryFile), -1, "was filled from its copy, " + registryCopy})
	return notices, r.write(r.data)
}

// write makes d the content of the registry. The copy comes after it, so that it is never ahead, and is not worth an error.
func (r *Registry) write(d registryData) error {
	data, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return err
	}
	data = append(data, '\n')
	if err := r.dir.replace(registryFile, data); err != nil {
		return err
	}
	_ = r.dir.replace(registryCopy, data)
	return nil
}

// change applies fn to a copy of the data and keeps the result if it could be written.
func (r *Registry) change(doing string, fn func(*registryData) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	next := registryData{Version, slices.Clone(r.data.Roles), slices.Clone(r.data.Teams)}
	err := fn(&next)
	if err == nil {
		err = r.write(next)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	r.data = next
	return nil
}

func (d *registryData) find(a Address) int {
	return slices.IndexFunc(d.Roles, func(e Entry) bool { return e.Address == a })
}

func (d *registryData) team(name string) int {
	return slices.IndexFunc(d.Teams, func(t Team) bool { return t.Name == name })
}

// put adds or replaces entries.
func (d *registryData) put(es []Entry) error {
	for _, e := range es {
		if err := validRole(e.Address); err != nil {
			return err
		}
		e = e.clone()
		i := d.find(e.Address)
		switch {
		case e.ID == "" && i >= 0:
			e.ID = d.Roles[i].ID
		case e.ID == "":
			e.ID = NewID()
		}
		if i >= 0 {
			d.Roles[i] = e
		} else {
			d.Roles = append(d.Roles, e)
		}
	}
	return nil
}

// All returns every role, in the order in which they were first put.
func (r *Registry) All() []Entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]Entry, len(r.data.Roles))
	for i, e := range r.data.Roles {
		all[i] = e.clone()
	}
	return all
}

// Addresses returns the addresses of every role, in the order of All.
func (r *Registry) Addresses() []Address {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]Address, len(r.data.Roles))
	for i, e := range r.data.Roles {
		all[i] = e.Address
	}
	return all
}

// Get returns the role at an address.
func (r *Registry) Get(a Address) (Entry, bool) {
	return r.first(func(e *Entry) bool { return e.Address == a })
}

// ByID returns the role with this ID.
func (r *Registry) ByID(id string) (Entry, bool) {
	return r.first(func(e *Entry) bool { return e.ID == id })
}

// ByPane returns the role that lives in a pane: where several do, the one that was started last.
func (r *Registry) ByPane(server ServerID, pane string) (Entry, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found *Entry
	for i := range r.data.Roles {
		e := &r.data.Roles[i]
		if e.Server == server && e.Pane == pane && (found == nil || !e.Started.Before(found.Started)) {
			found = e
		}
	}
	if found == nil {
		return Entry{}, false
	}
	return found.clone(), true
}

func (r *Registry) first(ok func(*Entry) bool) (Entry, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.data.Roles {
		if ok(&r.data.Roles[i]) {
			return r.data.Roles[i].clone(), true
		}
	}
	return Entry{}, false
}

// Put adds roles, or replaces those at the same addresses, all or none. An entry without an ID gets that of the one it replaces, else a new one.
func (r *Registry) Put(es ...Entry) error {
	return r.change("registering", func(d *registryData) error {
		return d.put(es)
	})
}

// Remove forgets roles, all or none: ErrNotFound when one of them is not there. Their mailboxes and history stay.
func (r *Registry) Remove(as ...Address) error {
	return r.change("unregistering", func(d *registryData) error {
		for _, a := range as {
			i := d.find(a)
			if i < 0 {
				return fmt.Errorf("role %q: %w", a, ErrNotFound)
			}
			d.Roles = slices.Delete(d.Roles, i, i+1)
		}
		return nil
	})
}

// Rename gives a role another address: ErrNotFound when there is none, ErrExists when the new address is taken. The role keeps its ID and remembers
// its former address.
func (r *Registry) Rename(from, to Address) error {
	return r.change("renaming", func(d *registryData) error {
		if err := validRole(to); err != nil {
			return err
		}
		i := d.find(from)
		if i < 0 {
			return fmt.Errorf("role %q: %w", from, ErrNotFound)
		}
		if from == to {
			return nil
		}
		if d.find(to) >= 0 {
			return fmt.Errorf("role %q: %w: choose another name", to, ErrExists)
		}
		e := d.Roles[i].clone()
		e.Former = append(e.Former, from)
		e.Address = to
		d.Roles[i] = e
		return nil
	})
}

// Teams returns every team, in the order in which they were first put.
func (r *Registry) Teams() []Team {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]Team, len(r.data.Teams))
	for i, t := range r.data.Teams {
		all[i] = t.clone()
	}
	return all
}

// Team returns the team of this name.
func (r *Registry) Team(name string) (Team, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if i := r.data.team(name); i >= 0 {
		return r.data.Teams[i].clone(), true
	}
	return Team{}, false
}

// PutTeam adds a team or replaces the one of the same name, and puts its roles in the same write.
func (r *Registry) PutTeam(t Team, es ...Entry) error {
	return r.change("registering the team", func(d *registryData) error {
		if err := ValidName(t.Name); err != nil {
			return err
		}
		if i := d.team(t.Name); i >= 0 {
			d.Teams[i] = t.clone()
		} else {
			d.Teams = append(d.Teams, t.clone())
		}
		return d.put(es)
	})
}

// RemoveTeam forgets a team, but not its roles. ErrNotFound when there is none.
func (r *Registry) RemoveTeam(name string) error {
	return r.change("forgetting the team", func(d *registryData) error {
		i := d.team(name)
		if i < 0 {
			return fmt.Errorf("team %q: %w", name, ErrNotFound)
		}
		d.Teams = slices.Delete(d.Teams, i, i+1)
		return nil
	})
}

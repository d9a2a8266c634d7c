package roles

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// promptsFile is the briefings' file, and promptsData its content.
const promptsFile = "prompts.json"

type promptsData struct {
	V       int               `json:"v"`
	Prompts map[string]string `json:"prompts"` // by address
}

// Prompts remembers the briefings of roles. Like the registry it is written whole by every change. It is safe for concurrent use within its one
// process.
type Prompts struct {
	dir Dir

	mu   sync.Mutex // guards data, and held while it is written
	data map[string]string
}

// OpenPrompts reads prompts.json, or begins an empty one. A damaged file is kept aside under another name, with a notice. There is nothing to close.
func OpenPrompts(dir Dir) (*Prompts, []Notice, error) {
	var data promptsData
	damaged, notices, err := dir.loadJSON(promptsFile, &data)
	if err != nil {
		return nil, nil, fmt.Errorf("opening the briefings: %w", err)
	}
	if damaged || data.Prompts == nil {
		data.Prompts = map[string]string{}
	}
	return &Prompts{dir: dir, data: data.Prompts}, notices, nil
}

// Get returns the briefing of a role.
func (p *Prompts) Get(a Address) (text string, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	text, ok = p.data[a.String()]
	return text, ok
}

// Set gives a role a briefing.
func (p *Prompts) Set(a Address, text string) error {
	if err := validRole(a); err != nil {
		return fmt.Errorf("saving the briefing of %q: %w", a, err)
	}
	return p.change("saving", a, func(m map[string]string) error {
		m[a.String()] = text
		return nil
	})
}

// Delete forgets the briefing of a role. ErrNotFound when there is none.
func (p *Prompts) Delete(a Address) error {
	return p.change("deleting", a, func(m map[string]string) error {
		if _, ok := m[a.String()]; !ok {
			return ErrNotFound
		}
		delete(m, a.String())
		return nil
	})
}

// List returns the roles that have a briefing, sorted.
func (p *Prompts) List() []Address {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []Address
	for name := range p.data {
		if a, err := ParseAddress(name); err == nil {
			all = append(all, a)
		}
	}
	slices.SortFunc(all, func(a, b Address) int { return strings.Compare(a.String(), b.String()) })
	return all
}

func (p *Prompts) change(doing string, a Address, fn func(map[string]string) error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	next := maps.Clone(p.data)
	err := fn(next)
	var data []byte
	if err == nil {
		data, err = json.MarshalIndent(promptsData{Version, next}, "", "  ")
	}
	if err == nil {
		err = p.dir.replace(promptsFile, append(data, '\n'))
	}
	if err != nil {
		return fmt.Errorf("%s the briefing of %q: %w", doing, a, err)
	}
	p.data = next
	return nil
}

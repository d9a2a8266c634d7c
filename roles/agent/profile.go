package agent

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"gopkg.in/yaml.v3"
)

//go:embed profiles/*.yaml
var shipped embed.FS

// Profile is what isesh knows about one kind of agent. It never changes once made, so any goroutine may use it.
type Profile struct {
	name string
	spec Spec
}

// loaded holds one lazily parsed entry per shipped profile: starting the command line must not compile regexes.
var loaded = sync.OnceValue(func() map[string]func() (*Profile, error) {
	m := map[string]func() (*Profile, error){}
	for _, name := range Names() {
		m[name] = sync.OnceValues(func() (*Profile, error) {
			data, err := shipped.ReadFile("profiles/" + name + ".yaml")
			if err != nil {
				return nil, fmt.Errorf("reading profile %s: %w", name, err)
			}
			return Parse(name, data)
		})
	}
	return m
})

// Load returns the shipped profile of that name. It is parsed once.
func Load(name string) (*Profile, error) {
	f := loaded()[name]
	if f == nil {
		return nil, fmt.Errorf("no profile %q (there are %s)", name, strings.Join(Names(), ", "))
	}
	return f()
}

// LoadFrom returns the profile of that name: dir/NAME.yaml where a user has one, else the shipped one. A user's file
// that begins with "extends: claude" needs to say only what is different. An empty dir means there are no user profiles.
func LoadFrom(dir, name string) (*Profile, error) {
	if dir == "" || name == "" || strings.ContainsAny(name, `/\`) || strings.HasPrefix(name, ".") {
		return Load(name)
	}
	path := filepath.Join(dir, name+".yaml")
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		p, err := Load(name)
		if err != nil {
			return nil, fmt.Errorf("%w; none in %s either", err, dir)
		}
		return p, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading profile %s: %w", name, err)
	}
	p, err := Parse(name, data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// Names returns the names of the shipped profiles, sorted.
func Names() []string {
	names, err := NamesFrom("")
	if err != nil {
		panic(err) // the embedded folder cannot be unreadable
	}
	return names
}

// NamesFrom returns the names of the shipped profiles and of those in dir, sorted, each once.
func NamesFrom(dir string) ([]string, error) {
	entries, err := shipped.ReadDir("profiles")
	if err != nil {
		return nil, fmt.Errorf("listing profiles: %w", err)
	}
	if dir != "" {
		own, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("listing profiles: %w", err)
		}
		entries = append(entries, own...)
	}
	var names []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".yaml"); ok && !e.IsDir() {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// Parse reads a profile. Unknown keys, bad regexes and missing parts are refused, with the line where there is one.
func Parse(name string, data []byte) (*Profile, error) {
	p := &Profile{name: name}
	var head struct {
		Extends string `yaml:"extends"`
	}
	if err := yaml.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("parsing profile %s: %w", name, err)
	}
	if head.Extends != "" {
		base, err := shipped.ReadFile("profiles/" + head.Extends + ".yaml")
		if err != nil {
			return nil, fmt.Errorf("parsing profile %s: extends %q, which is not shipped (there are %s)", name, head.Extends, strings.Join(Names(), ", "))
		}
		if err := yaml.Unmarshal(base, &p.spec); err != nil {
			return nil, fmt.Errorf("parsing profile %s, which %s extends: %w", head.Extends, name, err)
		}
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&p.spec); errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("parsing profile %s: the file is empty", name)
	} else if err != nil {
		return nil, fmt.Errorf("parsing profile %s: %w", name, err)
	}
	if err := p.spec.check(); err != nil {
		return nil, fmt.Errorf("parsing profile %s: %w", name, err)
	}
	return p, nil
}

// Name returns the profile's name.
func (p *Profile) Name() string { return p.name }

// Queues tells whether text that is submitted while the agent works waits safely in the agent's own queue: nothing that runs
// is disturbed, and the text becomes a message as it is.
func (p *Profile) Queues() bool { return p.spec.Queue }

// Stashed tells whether the screen says that a draft was put aside with Keys.Stash. Where a screen says so only for a moment,
// false proves nothing.
func (p *Profile) Stashed(r Reading) bool { return r.Stashed }

// Keys returns the names of the agent's keys.
func (p *Profile) Keys() Keys { return p.spec.Keys }

// ComposerRow returns the regex, in tmux's dialect, whose first match on the visible screen is the first row of the
// composer, empty or not. "" means that no row tells.
func (p *Profile) ComposerRow() string { return p.spec.Guard.Composer }

// MenuRows returns regexes, in tmux's dialect. A visible row that matches one of them means that a menu is open and that
// nothing may be typed. They are made so that text quoted in a transcript does not match; not every menu has such a row.
func (p *Profile) MenuRows() []string { return p.spec.Guard.Menu }

// Triggers returns byte strings in a pane's output that ask for a look at once.
func (p *Profile) Triggers() []string { return p.spec.Triggers }

// QuietBusy returns for how long a screen that shows no busy marker must have been without output before it is believed
// (a few agents hide their marker while they stream). 0 means at once.
func (p *Profile) QuietBusy() time.Duration { return time.Duration(p.spec.QuietFor) }

// MenuSettle returns how long a menu must have been on the screen before a key is sure to reach it: programs draw a menu a
// moment before they listen, and a key sent at once is lost. (It is lost, not misunderstood: pressing it again is right as
// long as the same menu is still there.)
func (p *Profile) MenuSettle() time.Duration {
	if p.spec.Menu == nil {
		return 0
	}
	return time.Duration(p.spec.Menu.Settle)
}

// Command returns the command line for roles of this kind that name none; "" when there is none.
func (p *Profile) Command() string { return p.spec.Launch.Command }

// CredentialEnv returns names of environment variables that the agent needs from whoever starts it. A name that ends in *
// is a prefix.
func (p *Profile) CredentialEnv() []string { return p.spec.Launch.CredentialEnv }

package layout

import (
	"encoding"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// decoder fills the types of this package from YAML nodes. It does what yaml.v3's own decoding does not: every mistake has its line and
// column, all of them are reported, and a misspelt key gets a suggestion. It also remembers where each value stands.
type decoder struct {
	p      *problems
	at     map[string]pos
	broken bool // some value could not be taken
}

// aliens are keys that people bring along from elsewhere.
var aliens = map[string]string{
	"agents": "roles", "services": "roles", "windows": "arrange", "layout": "arrange", "cwd": "dir", "directory": "dir", "workdir": "dir",
	"root": "dir", "cmd": "command", "argv": "command", "run": "command", "environment": "env", "depends_on": "after", "needs": "after",
	"count": "replicas", "system_prompt": "prompt", "briefing": "prompt", "message": "task", "leader": "lead", "profile": "agent",
}

func (d *decoder) fail(n *yaml.Node, hint, format string, args ...any) {
	d.broken = true
	d.p.add(place(n), hint, format, args...)
}

func (d *decoder) file(root *yaml.Node, f *File) {
	d.structure(root, "", "the layout", reflect.ValueOf(f).Elem())
}

// structure fills v, a struct, from a mapping. what names it in errors.
func (d *decoder) structure(n *yaml.Node, path, what string, v reflect.Value) {
	fields := fieldsOf(v.Type())
	d.mapping(n, path, what, func(key string, kn, vn *yaml.Node) {
		i, known := fields[key]
		if !known {
			d.unknownKey(kn, key, what, fields)
			return
		}
		d.value(vn, join(path, key), key, v.Field(i))
	})
}

func (d *decoder) unknownKey(kn *yaml.Node, key, what string, fields map[string]int) {
	if key == "<<" {
		d.fail(kn, "write the keys out, or put what is common under defaults", "merge keys are not understood")
		return
	}
	keys := slices.Sorted(maps.Keys(fields))
	plain := strings.ReplaceAll(strings.ToLower(key), "-", "_")
	near := Suggest(plain, keys)
	for _, same := range []string{plain, aliens[plain]} {
		if slices.Contains(keys, same) {
			near = same
		}
	}
	hint := "known keys: " + strings.Join(keys, ", ")
	if near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	d.fail(kn, hint, "unknown key %q in %s", key, what)
}

// mapping calls each for every key of n once, and reports keys that are not plain text or come twice.
func (d *decoder) mapping(n *yaml.Node, path, what string, each func(key string, kn, vn *yaml.Node)) {
	n = resolveAlias(n)
	if isNull(n) {
		return
	}
	if n.Kind != yaml.MappingNode {
		d.fail(n, "", "%s must be a mapping of keys to values, not %s", what, kindName(n))
		return
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		kn, vn := resolveAlias(n.Content[i]), resolveAlias(n.Content[i+1])
		if kn.Kind != yaml.ScalarNode {
			d.fail(kn, "", "a key in %s must be plain text, not %s", what, kindName(kn))
			continue
		}
		if first, twice := seen[kn.Value]; twice {
			d.fail(kn, "keep one of the two", "%q comes twice in %s, first on line %d", kn.Value, what, first)
			continue
		}
		seen[kn.Value] = kn.Line
		d.at[join(path, kn.Value)] = place(vn)
		if isNull(vn) { // nothing was written after the colon: the key is the place to point at
			d.at[join(path, kn.Value)] = place(kn)
		}
		each(kn.Value, kn, vn)
	}
}

// value fills v from n; key names it in errors.
func (d *decoder) value(n *yaml.Node, path, key string, v reflect.Value) {
	n = resolveAlias(n)
	if isNull(n) {
		return
	}
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if n.Kind != yaml.ScalarNode {
			d.fail(n, "", "%q must be plain text, not %s", key, kindName(n))
		} else if err := u.UnmarshalText([]byte(n.Value)); err != nil {
			d.fail(n, "", "%s: %v", key, err)
		}
		return
	}
	switch v.Type() {
	case reflect.TypeFor[[]Role]():
		v.Set(reflect.ValueOf(d.roles(n, path)))
		return
	case reflect.TypeFor[[]string]():
		v.Set(reflect.ValueOf(d.words(n, path, key)))
		return
	case reflect.TypeFor[map[string]string]():
		v.Set(reflect.ValueOf(d.variables(n, path, key)))
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.structure(n, path, key, v.Elem())
	case reflect.Struct:
		d.structure(n, path, key, v)
	case reflect.Slice:
		d.list(n, path, key, v)
	case reflect.String:
		v.SetString(d.text(n, key))
	case reflect.Bool:
		var b bool
		if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" || n.Decode(&b) != nil {
			d.fail(n, "", "%q must be true or false, not %s", key, kindName(n))
		}
		v.SetBool(b)
	case reflect.Int:
		var i int
		if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || n.Decode(&i) != nil {
			d.fail(n, "", "%q must be a whole number, not %s", key, kindName(n))
		}
		v.SetInt(int64(i))
	default:
		panic("layout: no decoding for " + v.Type().String()) // a new field type without its case here
	}
}

// list fills v, a slice of structs.
func (d *decoder) list(n *yaml.Node, path, key string, v reflect.Value) {
	if n.Kind != yaml.SequenceNode {
		d.fail(n, "begin each entry with a dash", "%q must be a list, not %s", key, kindName(n))
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, c := range n.Content {
		p := fmt.Sprintf("%s.%d", path, i)
		d.at[p] = place(c)
		d.structure(c, p, fmt.Sprintf("%s, entry %d", key, i+1), v.Index(i))
	}
}

// roles reads the mapping of names to roles in the order of the file.
func (d *decoder) roles(n *yaml.Node, path string) []Role {
	if n.Kind == yaml.SequenceNode {
		d.fail(n, `write "dev:" and its keys below it, indented, without a dash`, `"roles" must be a mapping of names to roles, not a list`)
		return nil
	}
	var roles []Role
	d.mapping(n, path, "roles", func(name string, kn, vn *yaml.Node) {
		r := Role{Name: name, Line: kn.Line}
		p := join(path, name)
		d.at[p+"."] = place(kn) // the name's own place: of a role's keys none is empty
		d.structure(vn, p, fmt.Sprintf("role %q", name), reflect.ValueOf(&r).Elem())
		roles = append(roles, r)
	})
	return roles
}

// words reads a list of texts; a single text is a list of one.
func (d *decoder) words(n *yaml.Node, path, key string) []string {
	if n.Kind == yaml.ScalarNode {
		d.at[path+".0"] = place(n)
		return []string{d.text(n, key)}
	}
	if n.Kind != yaml.SequenceNode {
		d.fail(n, "", "%q must be a list of texts, not %s", key, kindName(n))
		return nil
	}
	words := make([]string, 0, len(n.Content))
	for i, c := range n.Content {
		d.at[fmt.Sprintf("%s.%d", path, i)] = place(resolveAlias(c))
		words = append(words, d.text(c, key))
	}
	return words
}

// variables reads a mapping of texts. Numbers and booleans are taken as they are written: they are so common in an environment.
func (d *decoder) variables(n *yaml.Node, path, key string) map[string]string {
	vars := map[string]string{}
	d.mapping(n, path, fmt.Sprintf("%q", key), func(name string, _, vn *yaml.Node) {
		switch {
		case isNull(vn):
			vars[name] = ""
		case vn.Kind == yaml.ScalarNode && strings.ContainsRune(vn.Value, 0):
			d.fail(vn, "no program can be given one", "%s %q holds a NUL byte", key, name)
		case vn.Kind == yaml.ScalarNode:
			vars[name] = vn.Value
		default:
			d.fail(vn, "", "%s %q must be text, not %s", key, name, kindName(vn))
		}
	})
	return vars
}

// text reads a text. A number or a boolean where text belongs is most often a slip, as the no that YAML once took for false.
func (d *decoder) text(n *yaml.Node, key string) string {
	n = resolveAlias(n)
	if n.Kind == yaml.ScalarNode && strings.ContainsRune(n.Value, 0) {
		d.fail(n, "no program can be given one", "%q holds a NUL byte", key)
		return ""
	}
	if n.Kind != yaml.ScalarNode || n.Tag != "!!str" {
		hint := ""
		if n.Kind == yaml.ScalarNode && !isNull(n) {
			hint = fmt.Sprintf("put it in quotes: %q", n.Value)
		}
		d.fail(n, hint, "%q must be text, not %s", key, kindName(n))
		return ""
	}
	return n.Value
}

// fieldsOf returns the YAML keys of a struct with the indexes of their fields.
func fieldsOf(t reflect.Type) map[string]int {
	fields := map[string]int{}
	for i := range t.NumField() {
		key, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		if key != "" && key != "-" {
			fields[key] = i
		}
	}
	return fields
}

// resolveAlias follows an alias to what it stands for.
func resolveAlias(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

func place(n *yaml.Node) pos { return pos{n.Line, n.Column} }

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// kindName says what a node is, for people.
func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.Tag {
	case "!!null":
		return "nothing"
	case "!!bool":
		return fmt.Sprintf("the boolean %s", n.Value)
	case "!!int", "!!float":
		return fmt.Sprintf("the number %s", n.Value)
	case "!!str":
		return fmt.Sprintf("the text %q", clip(n.Value, 40))
	}
	return fmt.Sprintf("%q", clip(n.Value, 40))
}

// clip shortens a text for an error message.
func clip(s string, max int) string {
	r := []rune(s)
	if len(r) <= max {
		return s
	}
	return string(r[:max]) + "..."
}

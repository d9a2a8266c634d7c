package layout_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/matryer/is"
	"gopkg.in/yaml.v3"

	"isesh/layout"
	"isesh/layouts"
)

// shipped returns every shipped layout and the starting point of isesh init, by name.
func shipped(t *testing.T) map[string][]byte {
	t.Helper()
	names, err := fs.Glob(layouts.FS, "*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{"starter": layout.Starter()}
	for _, n := range names {
		if files[n], err = layouts.FS.ReadFile(n); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func TestShippedLayouts(t *testing.T) {
	is := is.New(t)
	files := shipped(t)
	for name, data := range files {
		f, err := layout.Parse(name, data)
		is.NoErr(err)
		team, err := f.Resolve(layout.Env{Base: t.TempDir(), Profiles: []string{"claude", "scripted", "shell"}}, layout.Override{Name: "x", Shipped: true})
		is.NoErr(err)
		is.True(team.Lead() != "") // each has somebody to attach to
	}
	entries, err := layout.List(nil, layouts.FS)
	is.NoErr(err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name)
		is.True(e.Description != "") // says what it is
		is.Equal(e.Problem, "")
	}
	is.Equal(names, []string{"crew", "demo", "pair", "trio"})

	roles := func(name string) (names []string) {
		f, err := layout.Parse(name, files[name])
		is.NoErr(err)
		team, err := f.Resolve(layout.Env{Base: t.TempDir()}, layout.Override{})
		is.NoErr(err)
		for _, r := range team.Roles {
			names = append(names, r.Name)
		}
		return names
	}
	is.Equal(roles("trio.yaml"), []string{"gestor", "dev", "reviewer"})
	is.Equal(roles("demo.yaml"), []string{"gestor", "dev", "reviewer"})
	is.Equal(roles("crew.yaml"), []string{"gestor", "worker-1", "worker-2", "worker-3"})
}

func TestSchemaAcceptsWhatParses(t *testing.T) {
	s := newSchema(t)
	files := shipped(t)
	files["every key"] = []byte(`version: 1
name: shop
arrange: sessions
defaults: {agent: claude, dir: ., env: {A: 1}, restart: always}
roles:
  dev: {agent: a, command: b, dir: c, env: {D: e}, prompt: f, task: g, after: [x], lead: true, lead_may: [plan], replicas: 1, restart: never}
  x: {prompt_file: y, lead_may: question, after: []}
  y:
approvals: [{roles: dev, commands: [ls], answer: ask, shadow: true}]
flows:
  - {when: {from: dev, to: [x], tag: DONE}, send: {to: all, text: t}}
  - {when: {role: dev, state: idle, for: 1m30s}, notify: [lead, user]}
limits: {hops: 1, pair: 3/1h}
`)
	for name, data := range files {
		t.Run(name, func(t *testing.T) {
			is := is.New(t)
			is.Equal(s.problems(data), nil)
			if name != "every key" { // its role does not lead alone
				_, err := layout.Parse(name, data)
				is.NoErr(err)
			}
		})
	}
}

func TestSchemaRefusesWhatDoesNotParse(t *testing.T) {
	s := newSchema(t)
	const ok = "version: 1\nroles: {dev: {agent: claude}}\n"
	for _, text := range []string{
		"roles: {dev: }", "version: 1", "version: 2\nroles: {dev: }", "version: 1\nroles: {}", "version: 1\nroles: [a]",
		ok + "nam: x", ok + "name: X", ok + "name: user", ok + "arrange: window", ok + "limits: {hops: 0}", ok + "limits: {pair: 3 per 1h}",
		"version: 1\nroles: {Dev: }", "version: 1\nroles: {all: }", "version: 1\nroles: {dev: x}", "version: 1\nroles: {dev: {cwd: x}}",
		"version: 1\nroles: {dev: {replicas: 0}}", "version: 1\nroles: {dev: {lead: 1}}", "version: 1\nroles: {dev: {lead: true, lead_may: [x]}}",
		"version: 1\nroles: {dev: {lead: true, lead_may: x}}", "version: 1\nroles: {dev: {restart: x}}", "version: 1\nroles: {dev: {env: {a-b: x}}}",
		"version: 1\nroles: {dev: {env: {a: [x]}}}", "version: 1\nroles: {dev: {after: [1]}}", ok + "approvals: [{answer: allow}]", ok + "approvals: [{commands: [ls]}]",
		ok + "approvals: [{commands: [ls], answer: no}]", ok + "flows: [{when: {tag: DONE}}]", ok + "flows: [{notify: user}]",
		ok + "flows: [{when: {tag: done}, notify: user}]", ok + "flows: [{when: {state: idle, for: 30}, notify: user}]", ok + "flows: [{when: {}, notify: user}]",
		ok + "flows: [{when: {tag: DONE}, send: {to: dev}}]", ok + "flows: [{when: {tag: DONE}, send: {to: dev, text: ''}}]", ok + "defaults: {prompt: x}",
	} {
		t.Run(text, func(t *testing.T) {
			is := is.New(t)
			_, err := layout.Parse("f", []byte(text))
			is.True(err != nil)                        // the parser refuses it
			is.True(len(s.problems([]byte(text))) > 0) // and so does the schema
		})
	}
}

// The schema and the types name the same keys, each with a description.
func TestSchemaKeys(t *testing.T) {
	s := newSchema(t)
	def := func(name string) any { return s.root["definitions"].(map[string]any)[name] }
	flow := def("flow").(map[string]any)["properties"].(map[string]any)
	top := s.root["properties"].(map[string]any)
	for _, tt := range []struct {
		schema any
		value  any
	}{
		{s.root, layout.File{}}, {top["defaults"], layout.Defaults{}}, {def("role"), layout.Role{}}, {def("approval"), layout.Approval{}},
		{def("flow"), layout.Flow{}}, {flow["when"], layout.When{}}, {flow["send"], layout.Send{}}, {top["limits"], layout.Limits{}},
	} {
		typ := reflect.TypeOf(tt.value)
		t.Run(typ.Name(), func(t *testing.T) {
			is := is.New(t)
			schema := tt.schema.(map[string]any)
			var want []string
			for i := range typ.NumField() {
				if key, _, _ := strings.Cut(typ.Field(i).Tag.Get("yaml"), ","); key != "" && key != "-" {
					want = append(want, key)
				}
			}
			slices.Sort(want)
			props := schema["properties"].(map[string]any)
			is.Equal(slices.Sorted(maps.Keys(props)), want)
			is.Equal(schema["additionalProperties"] == false, true) // other keys are refused
			for key, p := range props {
				m := p.(map[string]any)
				if ref, ok := m["$ref"].(string); ok {
					m = s.ref(ref)
				}
				if m["description"] == nil && key != "name" {
					t.Errorf("%s has no description", key)
				}
			}
		})
	}
}

// schemaDoc checks values against the part of JSON Schema that the layouts' schema uses, and fails on any other part.
type schemaDoc struct {
	t    *testing.T
	root map[string]any
}

func newSchema(t *testing.T) *schemaDoc {
	t.Helper()
	s := &schemaDoc{t: t}
	if err := json.Unmarshal(layout.Schema(), &s.root); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *schemaDoc) ref(ref string) map[string]any {
	return s.root["definitions"].(map[string]any)[strings.TrimPrefix(ref, "#/definitions/")].(map[string]any)
}

func (s *schemaDoc) problems(data []byte) []string {
	var v any
	if err := yaml.Unmarshal(data, &v); err != nil {
		return []string{err.Error()}
	}
	return s.check("", s.root, v)
}

func (s *schemaDoc) check(at string, schema map[string]any, v any) (bad []string) {
	fail := func(format string, args ...any) { bad = append(bad, at+": "+fmt.Sprintf(format, args...)) }
	valid := func(sub any) bool { return len(s.check(at, sub.(map[string]any), v)) == 0 }
	object, _ := v.(map[string]any)
	list, isList := v.([]any)
	text, isText := v.(string)
	for key, arg := range schema {
		number, _ := arg.(float64)
		switch key {
		case "$schema", "$id", "title", "description", "default", "definitions":
		case "$ref":
			bad = append(bad, s.check(at, s.ref(arg.(string)), v)...)
		case "allOf":
			for _, sub := range arg.([]any) {
				bad = append(bad, s.check(at, sub.(map[string]any), v)...)
			}
		case "anyOf":
			if !slices.ContainsFunc(arg.([]any), valid) {
				fail("none of anyOf")
			}
		case "not":
			if valid(arg) {
				fail("is what it must not be")
			}
		case "const":
			if v != int(number) {
				fail("not %v", arg)
			}
		case "enum":
			if !slices.Contains(arg.([]any), v) {
				fail("%v is not one of %v", v, arg)
			}
		case "type":
			types, several := arg.([]any)
			if !several {
				types = []any{arg}
			}
			if !slices.ContainsFunc(types, func(want any) bool { return hasType(v, want.(string)) }) {
				fail("%v is not %v", v, arg)
			}
		case "required":
			for _, k := range arg.([]any) {
				if _, ok := object[k.(string)]; !ok {
					fail("%v is missing", k)
				}
			}
		case "properties":
			for k, sub := range arg.(map[string]any) {
				if member, ok := object[k]; ok {
					bad = append(bad, s.check(at+"."+k, sub.(map[string]any), member)...)
				}
			}
		case "additionalProperties":
			known, _ := schema["properties"].(map[string]any)
			for k, member := range object {
				if _, ok := known[k]; ok {
					continue
				}
				if sub, ok := arg.(map[string]any); ok {
					bad = append(bad, s.check(at+"."+k, sub, member)...)
				} else {
					fail("unknown key %s", k)
				}
			}
		case "propertyNames":
			for k := range object {
				bad = append(bad, s.check(at+"."+k, arg.(map[string]any), k)...)
			}
		case "items":
			for i, member := range list {
				bad = append(bad, s.check(fmt.Sprintf("%s.%d", at, i), arg.(map[string]any), member)...)
			}
		case "minProperties":
			if v != nil && len(object) < int(number) {
				fail("too few keys")
			}
		case "maxProperties":
			if len(object) > int(number) {
				fail("too many keys")
			}
		case "minItems":
			if isList && len(list) < int(number) {
				fail("too few items")
			}
		case "minLength":
			if isText && utf8.RuneCountInString(text) < int(number) {
				fail("too short")
			}
		case "maxLength":
			if isText && utf8.RuneCountInString(text) > int(number) {
				fail("too long")
			}
		case "minimum":
			if n, ok := v.(int); ok && n < int(number) {
				fail("too small")
			}
		case "maximum":
			if n, ok := v.(int); ok && n > int(number) {
				fail("too big")
			}
		case "pattern":
			if isText && !regexp.MustCompile(arg.(string)).MatchString(text) {
				fail("%q does not match %v", text, arg)
			}
		default:
			s.t.Fatalf("the schema uses %q, which this test does not know", key)
		}
	}
	return bad
}

func hasType(v any, want string) bool {
	switch v.(type) {
	case nil:
		return want == "null"
	case string:
		return want == "string"
	case bool:
		return want == "boolean"
	case int:
		return want == "integer" || want == "number"
	case float64:
		return want == "number"
	case []any:
		return want == "array"
	case map[string]any:
		return want == "object"
	}
	return false
}

package layout

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"
)

// Parse reads a layout file. name is the file's path as errors shall show it. Everything that can be judged from the file alone is
// checked; the mistakes come back together, as Errors.
func Parse(name string, data []byte) (*File, error) {
	p := &problems{file: name}
	f := &File{path: name, at: map[string]pos{}}
	if len(data) > MaxFile {
		p.add(pos{}, "put long prompts into files of their own (prompt_file)", "the file has %d bytes, at most %d are read", len(data), MaxFile)
		return nil, p.err()
	}
	root := document(p, data)
	if root == nil {
		return nil, p.err()
	}
	d := &decoder{p: p, at: f.at}
	d.file(root, f)
	f.checkValues(p)
	if !d.broken { // something is missing from f: what is said of how things fit together would mislead
		f.checkRelations(p)
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	return f, nil
}

// document returns the root of the one YAML document in data, or nil after adding what is wrong.
func document(p *problems, data []byte) *yaml.Node {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		p.add(pos{1, 1}, "isesh init writes one to start from", "the layout is empty")
		return nil
	} else if err != nil {
		addSyntax(p, err)
		return nil
	}
	var more yaml.Node
	if err := dec.Decode(&more); err == nil {
		p.add(pos{more.Line, more.Column}, "put it into a file of its own", "a second document; a layout is one")
		return nil
	} else if !errors.Is(err, io.EOF) {
		addSyntax(p, err)
		return nil
	}
	root := resolveAlias(doc.Content[0])
	if root.Kind != yaml.MappingNode {
		if root.Tag == "!!null" {
			p.add(pos{1, 1}, "isesh init writes one to start from", "the layout is empty")
		} else {
			p.add(place(root), "begin with version: 1", "a layout is a mapping, not %s", kindName(root))
		}
		return nil
	}
	return root
}

var syntaxLine = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`) })

// addSyntax takes over what the YAML library says, with its line in our form.
func addSyntax(p *problems, err error) {
	m := syntaxLine().FindStringSubmatch(strings.ReplaceAll(err.Error(), "\n", " "))
	if m == nil {
		p.add(pos{}, "", "not YAML: %v", err)
		return
	}
	line, _ := strconv.Atoi(m[1])
	hint := ""
	switch {
	case strings.Contains(m[2], "cannot start any token"):
		hint = "indent with spaces, not tabs, and put text with special characters in quotes"
	case strings.Contains(m[2], "mapping values are not allowed"):
		hint = "put text that holds a colon in quotes"
	}
	p.add(pos{line: line}, hint, "not YAML: %s", m[2])
}

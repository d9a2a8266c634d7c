package agent

import (
	"slices"
	"strings"
)

// Mixed tells whether the composer shows what was pasted and more: a person has typed beside it. What it hides is not known.
func (p *Profile) Mixed(r Reading, pasted string) bool {
	if !r.Composer || !r.Draft || p.Seen(r, pasted) {
		return false
	}
	return p.holds(r.DraftText, pasted)
}

// Strange tells whether the composer holds a text that is certainly no part of what was pasted, nor holds any.
func (p *Profile) Strange(r Reading, pasted string) bool {
	return r.Composer && r.Draft && !r.Collapsed && !r.Scrolled && strings.Count(r.DraftText, "\n")+1 < shownRows && p.Apart(r.DraftText, pasted)
}

// Apart tells whether a whole text, as a draft or a prompt, has nothing in common with what was pasted, nor a placeholder that could stand
// for it. What is as short as a word or two may well have.
func (p *Profile) Apart(text, pasted string) bool {
	return !p.placeholder(text, func(string) bool { return true }) && !common(squeeze(text), squeeze(pasted)) && !common(plain(squeeze(text)), plain(squeeze(pasted)))
}

// WithinPrompt tells whether a prompt, as a hook of the agent was told it, holds all that was pasted, and more.
func (p *Profile) WithinPrompt(prompt, pasted string) bool {
	if p.SamePrompt(prompt, pasted) {
		return false
	}
	if marks := p.spec.Text.Wrapped.re; marks != nil {
		prompt, pasted = marks.ReplaceAllString(prompt, ""), marks.ReplaceAllString(pasted, "")
	}
	return p.holds(prompt, pasted)
}

// Echoed tells whether the last message of the user that the transcript shows holds all that was pasted, and whether it holds more.
func (p *Profile) Echoed(r Reading, pasted string) (whole, more bool) {
	if sameText(r.Echo, pasted, false) {
		return true, false
	}
	more = p.holds(r.Echo, pasted)
	return more, more
}

// holds tells whether a text holds all that was pasted, or what stands for it.
func (p *Profile) holds(text, pasted string) bool {
	a, b := squeeze(text), squeeze(pasted)
	if b != "" && strings.Contains(a, b) {
		return true
	}
	if a, b = plain(a), plain(b); len(b) >= chunk && strings.Contains(a, b) {
		return true
	}
	return p.placeholder(text, func(found string) bool { return p.standsFor(found, pasted) })
}

// placeholder tells whether a text holds one of the agent's placeholders that is meant.
func (p *Profile) placeholder(text string, meant func(string) bool) bool {
	if p.spec.Composer == nil {
		return false
	}
	for _, re := range p.spec.Composer.Collapsed {
		if !re.set() {
			continue
		}
		if slices.ContainsFunc(re.re.FindAllString(text, -1), meant) {
			return true
		}
	}
	return false
}

// chunk is how many characters two texts must have in common for one to be a part of the other, perhaps.
const chunk = 6

// common tells whether two texts have as many characters in a row in common as tell anything.
func common(a, b string) bool {
	n := min(chunk, len(a), len(b))
	if n == 0 {
		return false
	}
	parts := make(map[string]bool, len(b))
	for i := 0; i+n <= len(b); i++ {
		parts[b[i:i+n]] = true
	}
	for i := 0; i+n <= len(a); i++ {
		if parts[a[i:i+n]] {
			return true
		}
	}
	return false
}

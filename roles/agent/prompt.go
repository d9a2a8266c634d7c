package agent

import "strings"

// SamePrompt tells whether a prompt, as a hook of the agent was told it, is the text that was pasted. What the agent wraps around
// a paste, blanks, invisible characters and normal forms do not count; a placeholder stands for a paste of its size.
func (p *Profile) SamePrompt(prompt, pasted string) bool {
	if sameText(prompt, pasted, false) {
		return true
	}
	if re := p.spec.Text.Wrapped.re; re != nil && re.MatchString(prompt) {
		if sameText(re.ReplaceAllString(prompt, "$1"), pasted, false) || sameText(re.ReplaceAllString(prompt, "$1"), re.ReplaceAllString(pasted, "$1"), false) {
			return true
		}
	}
	return p.spec.Composer != nil && p.standsFor(strings.TrimSpace(prompt), pasted)
}

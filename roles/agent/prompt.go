package agent

import "strings"

// SamePrompt tells whether a prompt, as a hook of the agent was told it, is the text that was pasted. The marks that the agent puts
// around a paste, blanks, invisible characters and normal forms do not count; a placeholder stands for a paste of its size.
func (p *Profile) SamePrompt(prompt, pasted string) bool {
	if marks := p.spec.Text.Wrapped.re; marks != nil {
		// Of the text as well, which may quote such marks.
		prompt, pasted = marks.ReplaceAllString(prompt, ""), marks.ReplaceAllString(pasted, "")
	}
	return sameText(prompt, pasted, false) || p.spec.Composer != nil && p.standsFor(strings.TrimSpace(prompt), pasted)
}

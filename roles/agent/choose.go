package agent

import (
	"fmt"
	"slices"
	"strings"
)

// Choice is what shall be answered to a menu: AllowOnce, Deny, Option or Label.
type Choice struct {
	what  string
	n     int
	label string
	widen bool
}

// AllowOnce grants what is asked for, once; Deny refuses it.
var (
	AllowOnce = Choice{what: "allow"}
	Deny      = Choice{what: "deny"}
)

// Option chooses the n-th of Reading.Options, counted from 1.
func Option(n int) Choice { return Choice{what: "option", n: n} }

// Label chooses the option with that label. Case does not count, and a beginning that only one option has will do.
func Label(s string) Choice { return Choice{what: "label", label: s} }

// Widening returns the choice with leave to grant more than is asked for now ("don't ask again").
func (c Choice) Widening() Choice {
	c.widen = true
	return c
}

// Choose returns the keys that give the wanted answer to the menu in r, and the label of the option they choose ("" when
// they close the menu without choosing one). Options are found by their labels: the number of "No" differs from menu to
// menu. A choice that would grant more than is asked for now is refused unless the choice is Widening.
//
// The keys are right for the menu in r and no other: whoever sends them must make sure that it still is the same.
func (p *Profile) Choose(r Reading, want Choice) (keys []string, option string, err error) {
	if r.State != Waiting {
		return nil, "", fmt.Errorf("the agent is %s, there is no menu to answer", r.State)
	}
	i := -1
	switch want.what {
	case "allow":
		i, err = p.meant(r, p.spec.Choices.AllowOnce[r.Kind], "grants this once")
	case "deny":
		if slices.Contains(p.spec.Choices.RejectBy, r.Kind) && len(p.spec.Keys.Reject) > 0 {
			if i, err := p.meant(r, p.spec.Choices.Deny[r.Kind], "refuses"); err == nil {
				option = r.Options[i]
			}
			return slices.Clone(p.spec.Keys.Reject), option, nil
		}
		i, err = p.meant(r, p.spec.Choices.Deny[r.Kind], "refuses")
	case "option":
		if i = want.n - 1; i < 0 || i >= len(r.Options) {
			err = fmt.Errorf("there is no option %d%s", want.n, among(r.Options))
		}
	case "label":
		i, err = byLabel(r.Options, want.label)
	default:
		err = fmt.Errorf("nothing was chosen")
	}
	if err != nil {
		return nil, "", err
	}
	option = r.Options[i]
	asked := want.what == "option" || want.what == "label" // the others name the options that do not
	if asked && !want.widen && p.spec.Choices.Widen.match(strings.ToLower(option)) {
		return nil, "", fmt.Errorf("%q grants more than what is asked for now; allow that expressly, or choose another%s", option, among(r.Options))
	}
	keys, err = keysTo(r, i, p.spec.Keys.Submit)
	return keys, option, err
}

// meant finds the one option whose label means what is wanted.
func (p *Profile) meant(r Reading, re Regex, means string) (int, error) {
	found := -1
	for i, o := range r.Options {
		if re.match(o) {
			if found >= 0 {
				return -1, fmt.Errorf("both %q and %q may be the option that %s; choose one by its label", r.Options[found], o, means)
			}
			found = i
		}
	}
	if found < 0 {
		return -1, fmt.Errorf("no option of this %s menu is known to be the one that %s; choose by label%s", r.Kind, means, among(r.Options))
	}
	return found, nil
}

func byLabel(options []string, label string) (int, error) {
	want := strings.ToLower(strings.TrimSpace(label))
	var found []int
	for i, o := range options {
		have := strings.ToLower(o)
		if have == want {
			return i, nil
		}
		if want != "" && strings.HasPrefix(have, want) {
			found = append(found, i)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return -1, fmt.Errorf("no option is called %q%s", label, among(options))
	}
	return -1, fmt.Errorf("%d options begin with %q%s", len(found), label, among(options))
}

// among lists the options for an error.
func among(options []string) string {
	if len(options) == 0 {
		return " (it shows no options)"
	}
	quoted := make([]string, len(options))
	for i, o := range options {
		quoted[i] = fmt.Sprintf("%d %q", i+1, o)
	}
	return " (there are " + strings.Join(quoted, ", ") + ")"
}

// keysTo returns the option's own key, or the way to it from the highlighted one.
func keysTo(r Reading, i int, enter string) ([]string, error) {
	if i < len(r.Keys) && r.Keys[i] != "" {
		return []string{r.Keys[i]}, nil
	}
	if r.Selected < 0 || enter == "" {
		return nil, fmt.Errorf("%q has no key of its own and none of the options is highlighted; answer at the terminal", r.Options[i])
	}
	step, n := "Down", i-r.Selected
	if n < 0 {
		step, n = "Up", -n
	}
	return append(slices.Repeat([]string{step}, n), enter), nil
}

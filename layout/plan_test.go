package layout

import (
	"strings"
	"testing"

	"github.com/matryer/is"
)

func TestPlan(t *testing.T) {
	team := &Team{Name: "shop", Dir: "/p", Arrange: ArrangeWindows, Roles: []ResolvedRole{
		{Name: "dev", Dir: "/p/#1", Argv: []string{"a", "b c"}},
		{Name: "rev", Dir: "/p", Argv: []string{"{session}"}},
	}}
	tests := []struct {
		name, arrange string
		o             PlanOptions
		want          string
	}{
		{"windows", ArrangeWindows, PlanOptions{Prefix: "isesh-", Width: 100, Height: 30}, `
isesh-shop dev
  new-session -d -P -F F -s isesh-shop -n dev -x 100 -y 30 -c /p/##1 -- a b_c
  set-option -t =isesh-shop: destroy-unattached off
  set-option -w -t =isesh-shop: remain-on-exit on
  set-option -w -t =isesh-shop: automatic-rename off
  set-option -w -t =isesh-shop: allow-rename off
  set-option -p -t =isesh-shop: @isesh_role shop/dev
rev
  new-window -d -P -F F -a -t $1:{end} -n rev -c /p -- env -- {session}
  set-option -w -t $1:{end} remain-on-exit on
  set-option -w -t $1:{end} automatic-rename off
  set-option -w -t $1:{end} allow-rename off
  set-option -p -t $1:{end} @isesh_role shop/rev
`},
		{"panes", ArrangePanes, PlanOptions{Prefix: "x.", Launch: func(role string) []string { return []string{"isesh", "exec", "/run/" + role} }}, `
x_shop dev
  new-session -d -P -F F -s x_shop -n dev -c /p/##1 -- isesh exec /run/dev
  set-option -t =x_shop: destroy-unattached off
  set-option -w -t =x_shop: remain-on-exit on
  set-option -w -t =x_shop: automatic-rename off
  set-option -w -t =x_shop: allow-rename off
  set-option -p -t =x_shop: @isesh_role shop/dev
  set-option -w -t =x_shop: pane-border-status top
  set-option -w -t =x_shop: pane-border-format _#{b:@isesh_role}_
rev
  split-window -d -P -F F -t @2.- -c /p -- isesh exec /run/rev
  set-option -p -t @2.- @isesh_role shop/rev
  select-layout -t @2 tiled
`},
		{"sessions", ArrangeSessions, PlanOptions{Prefix: "isesh-", Width: 9, Height: 8, Resize: true, Launch: func(string) []string { return nil }}, `
isesh-dev dev
  new-session -d -P -F F -s isesh-dev -n dev -x 9 -y 8 -c /p/##1
  set-option -t =isesh-dev: destroy-unattached off
  set-option -w -t =isesh-dev: remain-on-exit on
  set-option -w -t =isesh-dev: automatic-rename off
  set-option -w -t =isesh-dev: allow-rename off
  set-option -p -t =isesh-dev: @isesh_role shop/dev
  set-option -t =isesh-dev: default-size 9x8
  resize-window -t =isesh-dev: -x 9 -y 8
  set-option -w -u -t =isesh-dev: window-size
isesh-rev rev
  new-session -d -P -F F -s isesh-rev -n rev -x 9 -y 8 -c /p
  set-option -t =isesh-rev: destroy-unattached off
  set-option -w -t =isesh-rev: remain-on-exit on
  set-option -w -t =isesh-rev: automatic-rename off
  set-option -w -t =isesh-rev: allow-rename off
  set-option -p -t =isesh-rev: @isesh_role shop/rev
  set-option -t =isesh-rev: default-size 9x8
  resize-window -t =isesh-rev: -x 9 -y 8
  set-option -w -u -t =isesh-rev: window-size
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			is := is.New(t)
			team.Arrange = tt.arrange
			var b strings.Builder
			show := func(cmds [][]string) {
				for _, words := range cmds {
					b.WriteString("  " + strings.ReplaceAll(strings.ReplaceAll(strings.Join(quoteSpaces(words), " "), strings.ReplaceAll(PrintFormat, " ", "_"), "F"), "\n", "?") + "\n")
				}
			}
			for _, p := range team.Plan(tt.o) {
				b.WriteString("\n" + p.Session + " " + p.Role + "\n")
				show(p.Create)
				for _, w := range p.More {
					b.WriteString(w.Role + "\n")
					show(w.Fill("$1", "@2"))
				}
			}
			is.Equal(strings.ReplaceAll(b.String(), "\n\n", "\n"), tt.want)
		})
	}
	is := is.New(t)
	is.Equal(len((&Team{}).Plan(PlanOptions{})), 0)
	_, err := team.PlanWindow("dve", PlanOptions{})
	is.Equal(err.Error(), `planning a window: the team "shop" has no role "dve"`)
}

// quoteSpaces makes words that hold spaces visible as one.
func quoteSpaces(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = strings.ReplaceAll(w, " ", "_")
	}
	return out
}

func TestSessionName(t *testing.T) {
	is := is.New(t)
	team := &Team{Name: "shop"}
	is.Equal(team.SessionName("isesh-", "dev"), "isesh-shop")
	is.Equal(team.SessionName("", "dev"), "shop")
	is.Equal(team.SessionName("a.b:c#{x}é ", "dev"), "a_b_c__x___shop") // no letter that tmux gives a meaning
	is.Equal(team.SessionName("$", "dev"), "_shop")
	is.Equal(team.SessionName("-", "dev"), "_shop") // not an option
	is.Equal((&Team{}).SessionName("isesh-", "dev"), "isesh")
	is.Equal((&Team{}).SessionName("-", "dev"), "isesh")
	is.Equal((&Team{Name: "shop", Arrange: ArrangeSessions}).SessionName("isesh-", "dev"), "isesh-dev")
}

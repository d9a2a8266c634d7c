package control_test

import (
	"strings"
	"testing"

	"isesh/control"
	"isesh/control/controltest"

	"github.com/matryer/is"
)

// What the user's hooks print comes between the replies to our commands, and
// for the command line client into the same stream.
func TestHooksThatPrint(t *testing.T) {
	is := is.New(t)
	ctx := background(t)
	s := controltest.Real(t)
	create := []string{"new-session", "-s", "main", "-x", "80", "-y", "24", "cat"}
	for _, name := range strings.Fields(`new-session new-window list-panes list-windows list-sessions list-clients list-buffers set-option show-options set-buffer
		save-buffer load-buffer paste-buffer send-keys display-message capture-pane refresh-client kill-pane`) {
		create = append(create, ";", "set-hook", "-g", "after-"+name, `display-message -p "hook 1" ; display-message -p "r %1"`)
	}
	c := dial(t, control.Options{Server: s, Create: create})
	again := dial(t, control.Options{Server: s, Session: "=main"}) // now that the hooks are there
	is.Equal(again.Session(), c.Session())
	id, err := s.Identity(ctx)
	is.NoErr(err)
	is.Equal(id, c.Identity())
	p := only(t, c)
	panes, err := s.Panes(ctx)
	is.NoErr(err)
	is.Equal(len(panes), 1)
	is.Equal(panes[0].ID, p.ID)

	// A screen that imitates the end of a reply, and what a hook prints.
	const screen = "%end 1 2 1\n%begin 1 3 0\nhook 1\n%end 1 3 0\nlast"
	is.NoErr(c.Paste(ctx, guardOf(p), []byte(screen)))
	sees(t, c, p.ID, "last")
	is.NoErr(c.Keys(ctx, guardOf(p), control.Literal("more")))
	seen := until(t, c, p.ID, func(s control.Snapshot) bool { // the terminal's echo and cat's
		return strings.Count(s.Screen, "%end 1 3 0") == 2 && strings.Contains(s.Screen, "more")
	})
	is.Equal(seen.ID, p.ID)
	text, err := c.Capture(ctx, p.ID, control.CaptureOptions{})
	is.NoErr(err)
	is.Equal(strings.TrimRight(text, "\n"), strings.TrimRight(seen.Screen, "\n"))
	is.True(strings.HasPrefix(text, screen))

	is.Equal(reason(c.Keys(ctx, control.Guard{Pane: p.ID, PID: p.PID + 1}, "Enter")), string(control.OtherProcess))
	_, err = c.Snapshot(ctx, "%99")
	is.Equal(reason(err), string(control.Gone))
	is.NoErr(c.KillPane(ctx, only(t, c).ID, p.PID))
}

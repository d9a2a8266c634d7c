package supervisor

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/matryer/is"

	"isesh/roles"
	"isesh/roles/agent"
	"isesh/supervisor/api"
)

// asks has a role ask the supervisor over its socket, from inside its pane, and returns the answer.
func (g *rig) asks(name string, paths api.Paths, path, body string, answer any) (code string) {
	g.Helper()
	out := filepath.Join(g.dir, "answer.json")
	g.send(name, fmt.Sprintf("RUN curl -s -o %s -w '%%{http_code}' --unix-socket %s http://isesh%s -d '%s' > %s.code; mv %s.code %s.done",
		out, paths.Socket, path, body, out, out, out))
	done, err := os.ReadFile(out + ".done")
	for end := time.Now().Add(20 * time.Second); err != nil && time.Now().Before(end); done, err = os.ReadFile(out + ".done") {
		time.Sleep(time.Millisecond)
	}
	if err != nil {
		g.Fatal(err)
	}
	os.Remove(out + ".done")
	g.in(name, agent.Idle)
	data, err := os.ReadFile(out)
	if err == nil {
		err = json.Unmarshal(data, answer)
	}
	if err != nil {
		g.Fatalf("%s: %v", data, err)
	}
	return string(done)
}

// What an agent runs in its pane acts for its role: on its own mailbox freely, on others' by looking only, whatever it says it is.
func TestARoleAndMailboxes(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("there is no curl")
	}
	is := is.New(t)
	g := newRig(t)
	paths, stop := serveOn(t, filepath.Join(filepath.Dir(g.state), "run"), g.sup)
	defer stop()
	ctx := context.Background()
	g.start("t", g.role("dev"), g.role("other"))
	_, err := g.sup.Register(ctx, g.person(), api.RegisterRequest{Name: "box", Mailbox: true})
	is.NoErr(err)
	_, err = g.sup.Send(ctx, api.Caller{Role: address("t/other"), How: "ancestry"}, api.SendRequest{To: "user", Text: "for the person"})
	is.NoErr(err)
	g.send("/box", "in the box")

	// Two messages come while it is busy: it takes out the first by itself, the second is typed.
	g.send("t/dev", fmt.Sprintf("RUN while [ ! -e %s/go ]; do :; done; curl -s --unix-socket %s -X POST http://isesh/v1/inbox/pop > %s/popped", g.dir, paths.Socket, g.dir))
	for _, text := range []string{"first", "second"} {
		r, err := g.sup.Send(ctx, g.person(), api.SendRequest{To: "t/dev", Text: text, Within: "1ms"})
		is.NoErr(err)
		is.Equal(r.Status, roles.StatusQueued)
	}
	is.NoErr(os.WriteFile(filepath.Join(g.dir, "go"), nil, 0o600))
	g.until("the second is typed", func() bool { texts, _ := g.turns("dev"); return len(texts) == 2 })
	texts, _ := g.turns("dev")
	is.Equal(texts[1], "second")
	var popped api.Letter
	data, err := os.ReadFile(filepath.Join(g.dir, "popped"))
	is.NoErr(err)
	is.NoErr(json.Unmarshal(data, &popped))
	is.Equal(popped.Text, "first")
	is.Equal(g.status(popped.ID), roles.StatusTaken)

	var in api.Inbox
	is.Equal(g.asks("t/dev", paths, "/v1/inbox", `{"of": "user"}`, &in), "200")
	is.Equal(textsOf(in), []string{"for the person"})
	mine, err := g.sup.Inbox(ctx, g.person(), api.InboxRequest{})
	is.NoErr(err)
	is.Equal(mine.Unread, 1) // a look of another does not make it read
	for path, body := range map[string]string{
		"/v1/inbox/pop": `{"of": "user"}`, "/v1/inbox/clear": `{"of": "/box"}`, "/v1/redact": fmt.Sprintf(`{"id": %q}`, popped.ID),
		"/v1/unregister": `{"name": "/box"}`, "/v1/supervisor/stop": `{}`,
	} {
		var failed struct{ Error api.Error }
		is.Equal(g.asks("t/dev", paths, path, body, &failed), "403")
		is.Equal(failed.Error.Code, api.CodeForbidden)
	}
	var role api.Role
	is.Equal(g.asks("t/dev", paths, "/v1/register", `{"name": "t/notes", "mailbox": true}`, &role), "200")
	is.Equal(role.Address, "t/notes")
	var cast api.BroadcastResult
	is.Equal(g.asks("t/dev", paths, "/v1/broadcast", `{"text": "hello team"}`, &cast), "200")
	is.Equal(targets(cast), []string{"t/other", "t/notes"})
	g.until("other has it", func() bool { texts, _ := g.turns("other"); return len(texts) == 1 })
	texts, _ = g.turns("other")
	is.Equal(texts, []string{"[from:dev] hello team"})
	boards, err := g.sup.Teams(ctx, g.person(), "t")
	is.NoErr(err)
	var used []string
	for _, u := range boards[0].Limits.Use {
		used = append(used, fmt.Sprint(u.From, " ", u.To, " ", u.Count))
	}
	is.Equal(used, []string{"t/dev t/notes 1", "t/dev t/other 1"})
	notes, err := g.sup.Role(ctx, g.person(), "t/notes")
	is.NoErr(err)
	is.Equal(notes.Unread, 1)
}

// Process finds that a way is free again of which tmux tells nobody, and says what still waits, and why.
func TestProcess(t *testing.T) {
	is := is.New(t)
	g := newRig(t)
	ctx := context.Background()
	team := g.start("t", g.role("dev"), g.role("busy"))
	g.send("t/busy", "HANG 30s")
	g.cli("select-pane", "-d", "-t", team.Roles[0].Pane)
	var ids []string
	for _, to := range []string{"t/dev", "t/busy"} {
		r, err := g.sup.Send(ctx, g.person(), api.SendRequest{To: to, Text: "hello", Within: "10ms"})
		is.NoErr(err)
		is.Equal(r.Status, roles.StatusQueued)
		ids = append(ids, r.ID)
	}
	res, err := g.sup.Process(ctx, g.person())
	is.NoErr(err)
	is.Equal([]int{res.Delivered, res.Queued, len(res.Roles)}, []int{0, 2, 2})
	is.Equal(res.Roles[0].Address, "t/dev")
	is.True(res.Roles[0].Held != "" && res.Roles[1].Held != "")

	g.cli("select-pane", "-e", "-t", team.Roles[0].Pane)
	begin := time.Now()
	res, err = g.sup.Process(ctx, g.person())
	is.NoErr(err)
	t.Logf("processed in %v", time.Since(begin))
	is.Equal([]int{res.Delivered, res.Queued, len(res.Roles)}, []int{1, 1, 1})
	is.Equal(g.status(ids[0]), roles.StatusSubmitted)
	is.Equal(res.Roles[0].Address, "t/busy")
	is.Equal(res.Roles[0].Queue, 1)
}

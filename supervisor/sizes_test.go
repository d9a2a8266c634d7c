package supervisor

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/matryer/is"

	"isesh/supervisor/api"
)

// The limit of a text is in bytes, and exact; what is above it is told so, and the connection goes on.
func TestLongestText(t *testing.T) {
	is := is.New(t)
	d := newDesk(t)
	d.mailbox("me")
	person := d.client("")
	refused := func(text string) {
		t.Helper()
		_, err := person.Send(context.Background(), api.SendRequest{To: "me", Text: text})
		e := hasCode(is, err, api.CodeUsage)
		is.Equal(e.Message, fmt.Sprintf("the message has %d bytes, more than %d", len(text), MaxText))
		is.True(e.Hint != "")
	}
	longest := strings.Repeat("漢", MaxText/3) + "x" // 4 MiB are no multiple of three
	is.Equal(len(longest), MaxText)
	send(t, person, "me", longest)
	refused(longest + "x")
	refused(strings.Repeat("漢", 6<<20))
	send(t, person, "me", "afterwards")
	in := listed(t, d.client("me"), api.InboxRequest{})
	is.Equal(len(in.Letters), 2)
	is.True(in.Letters[0].Text == longest)
	is.Equal(in.Letters[1].Text, "afterwards")
}

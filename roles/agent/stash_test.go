package agent_test

import (
	"strings"
	"testing"

	"github.com/matryer/is"

	"isesh/roles/agent"
)

// A transcript may say what a footer says.
func TestStashedQuoted(t *testing.T) {
	is := is.New(t)
	p := load(t, "claude")
	rule := strings.Repeat("─", 60)
	for _, said := range []string{"● draft stashed", "● it says\n\n  draft stashed", "❯ › stashed"} {
		text := said + "\n\n✻ Baked for 0s · done 9:37 AM\n\n" + rule + "\n❯\u00a0\n" + rule + "\n  ⏸ manual mode on · ? for shortcuts"
		r := agent.Classify(p, agent.Screen{Text: text, Cols: 60, Rows: 24, CursorX: -1, CursorY: -1})
		is.Equal(r.State, agent.Idle)
		is.True(!p.Stashed(r))
	}
}

func TestQueues(t *testing.T) {
	is := is.New(t)
	is.True(load(t, "claude").Queues())
	is.True(load(t, "scripted").Queues())
	is.True(!load(t, "shell").Queues())
}

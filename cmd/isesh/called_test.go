package main

import (
	"strings"
	"testing"
)

func TestCalledArgs(t *testing.T) {
	tests := []struct{ name, args, want string }{
		{"isesh", "send dev hi --timeout 5", "send dev hi --timeout 5"},
		{"messenger", "send dev hi", "send dev hi"},
		{"messenger", "send dev hi --from gestor --no-submit", "send dev hi --from gestor --no-submit"},
		{"messenger", "inbox --watch --notify-interval 30", "inbox --watch --notify-interval 30s"},
		{"messenger", "inbox", "inbox"},
		{"messenger", "approve dev 2", "approve dev 2"},
		{"messenger", "event latest dev", "event latest dev"},
		{"messenger", "register me --mailbox", "register me --mailbox"},
		{"messenger", "register dev %3", "error: cannot be registered yet"},
		{"messenger", "discover", "error: are not found yet"},
		{"imessenger", "discover", "error: are not found yet"},
		{"imessenger", "send dev hi", "send --wait --timeout 30000ms dev hi"},
		{"imessenger", "send dev hi --timeout 200", "send --wait dev hi --timeout 200ms"},
		{"imessenger", "send dev hi --timeout=200", "send --wait dev hi --timeout=200ms"},
		{"imessenger", "send dev hi --timeout 2s", "send --wait dev hi --timeout 2s"},
		{"imessenger", "send dev hi --no-reply", "send dev hi --no-reply"},
		{"imessenger", "send dev --no-submit hi", "send dev --no-submit hi"},
		{"imessenger", "send dev -- --no-reply --timeout 5", "send --wait --timeout 30000ms dev -- --no-reply --timeout 5"},
		{"imessenger", "send dev -", "send --wait --timeout 30000ms dev -"},
		{"imessenger", "--state-dir send --json send dev hi", "--state-dir send --json send --wait --timeout 30000ms dev hi"},
		{"imessenger", "inbox", "inbox --unread"},
		{"imessenger", "inbox dev --json", "inbox --unread dev --json"},
		{"imessenger", "inbox pop", "inbox pop"},
		{"imessenger", "inbox --count", "inbox --count"},
		{"imessenger", "inbox --clear", "inbox --clear"},
		{"imessenger", "cancel dev stop", "cancel dev stop"},
		{"imessenger", "process --watch", "process --watch"},
		{"imessenger", "", ""},
		{"imessenger", "--help", "--help"},
	}
	for _, tt := range tests {
		args, err := calledArgs(tt.name, strings.Fields(tt.args))
		got := strings.Join(args, " ")
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != tt.want && (err == nil || !strings.HasPrefix(tt.want, "error: ") || !strings.Contains(got, strings.TrimPrefix(tt.want, "error: "))) {
			t.Errorf("%s %s:\n%s, want\n%s", tt.name, tt.args, got, tt.want)
		}
	}
}

package control

// Event is something tmux said without being asked. Ids identify, names are
// for people. Events carry no state: re-read with Panes what matters.
type Event interface{ event() }

type (
	// SessionsChanged: a session was created or closed, anywhere on the server.
	SessionsChanged struct{}
	// SessionRenamed: a session, any, has a new name.
	SessionRenamed struct{ Session, Name string }
	// SessionChanged: this client is attached to the session. Another id than
	// Client.Session ends the connection with ErrMoved.
	SessionChanged struct{ Session, Name string }
	// ClientSessionChanged: another client attached or switched.
	ClientSessionChanged struct{ Client, Session, Name string }
	// ClientDetached: another client left.
	ClientDetached struct{ Client string }
	// WindowAdded: a window appeared; Own when it is reported for the client's session.
	WindowAdded struct {
		Window string
		Own    bool
	}
	// WindowClosed: a window is gone. tmux often reports windows of the own
	// session as foreign ones here, so do not rely on Own.
	WindowClosed struct {
		Window string
		Own    bool
	}
	// WindowRenamed: a window has a new name ("" where tmux does not tell it).
	WindowRenamed struct {
		Window, Name string
		Own          bool
	}
	// WindowPaneChanged: the active pane of a window changed.
	WindowPaneChanged struct{ Window, Pane string }
	// SessionWindowChanged: the current window of a session changed.
	SessionWindowChanged struct{ Session, Window string }
	// PaneModeChanged: a pane entered or left copy mode.
	PaneModeChanged struct{ Pane string }
	// LayoutChanged: the layout of a window of the own session changed, also
	// the only sign of a pane's exit in a window with several.
	LayoutChanged struct{ Window, Layout, Visible, Flags string }
	// BufferChanged: a paste buffer was set or deleted (tmux 3.4 and later).
	BufferChanged struct {
		Name    string
		Deleted bool
	}
	// Structure is every pane of every session, sent by the subscription that
	// Dial sets up: once, then after changes, at most once a second.
	Structure struct{ Panes []PaneLife }
	// Subscription is a value of another refresh-client -B subscription. The
	// ids are "" where tmux gives none.
	Subscription struct{ Name, Session, Window, Pane, Value string }
	// Message is display-message to this client (3.4 and later).
	Message struct{ Text string }
	// ConfigError is a complaint of source-file or the configuration (3.4 and later).
	ConfigError struct{ Text string }
	// HookReply is a reply to a command that this client did not send, as by a hook.
	HookReply struct {
		Body   string
		Failed bool
	}
	// Stray is a line outside of any reply: late output of commands that answer
	// before they are done, output of hooks.
	Stray struct{ Line string }
	// Unknown is a notification this package does not know.
	Unknown struct{ Name, Rest string }
	// Overflow: events were dropped because nobody read them; re-read with Panes.
	Overflow struct{}
)

// PaneLife is one pane in a Structure.
type PaneLife struct {
	Session, Window, Pane string
	PID                   int
	Dead                  bool
	DeadStatus            int // -1 while unknown
	InMode                bool
}

// Runs is Pane.Runs.
func (p PaneLife) Runs(pid int) bool { return p.PID == pid || p.PID <= 0 }

func (SessionsChanged) event()      {}
func (SessionRenamed) event()       {}
func (SessionChanged) event()       {}
func (ClientSessionChanged) event() {}
func (ClientDetached) event()       {}
func (WindowAdded) event()          {}
func (WindowClosed) event()         {}
func (WindowRenamed) event()        {}
func (WindowPaneChanged) event()    {}
func (SessionWindowChanged) event() {}
func (PaneModeChanged) event()      {}
func (LayoutChanged) event()        {}
func (BufferChanged) event()        {}
func (Structure) event()            {}
func (Subscription) event()         {}
func (Message) event()              {}
func (ConfigError) event()          {}
func (HookReply) event()            {}
func (Stray) event()                {}
func (Unknown) event()              {}
func (Overflow) event()             {}

// Package agent knows what an agent program looks like on a terminal: profiles, the classifier, menus and text hygiene.
// It is pure: it reads no pane, keeps no state and starts nothing.
package agent

// State is what an agent is doing.
type State string

// The states of an agent.
const (
	Starting State = "starting"
	Idle     State = "idle"
	Busy     State = "busy"
	Waiting  State = "waiting" // a menu or dialog wants an answer; Reading.Kind says which
	Dead     State = "dead"
	Unknown  State = "unknown" // undecidable, never to be taken for idle
)

// Kind says what a waiting agent waits for. It is empty in every other state.
type Kind string

// The kinds of waiting.
const (
	Permission Kind = "permission"
	Plan       Kind = "plan"
	Question   Kind = "question"
	Trust      Kind = "trust"
	Login      Kind = "login"
	Other      Kind = "other"
)

// Screen is what one look at a pane showed.
type Screen struct {
	Text      string // rows joined by "\n", with SGR escapes where they are known (`capture-pane -e`); plain text is fine
	Title     string
	Command   string // name of the program in the foreground, as tmux tells it
	Cols      int
	Rows      int
	CursorX   int // 0-based; -1: not known
	CursorY   int // 0-based; -1: not known
	Alternate bool
	Dead      bool
}

// Reading is what Classify made of a Screen.
type Reading struct {
	State     State  `json:"state"`
	Kind      Kind   `json:"kind,omitempty"`
	Composer  bool   `json:"composer"` // a composer is on the screen
	ComposerY int    `json:"-"`        // its first row, 0-based; -1 without one
	Draft     bool   `json:"draft"`    // the composer holds unsent text
	DraftText string `json:"draft_text,omitempty"`
	Collapsed bool   `json:"collapsed,omitempty"` // the draft holds a placeholder of a collapsed paste
	Scrolled  bool   `json:"scrolled,omitempty"`  // the composer hides the beginning of the draft
	Stashed   bool   `json:"stashed,omitempty"`   // the screen says that a draft was put aside, to come back
	Queued    bool   `json:"queued,omitempty"`    // the agent shows a message in its own queue
	// Interrupted: the transcript ends with a turn that a person has ended. It says so until the next one begins.
	Interrupted bool `json:"interrupted,omitempty"`
	// BeforeEcho: the transcript says the same of the turn before Echo, right above it.
	BeforeEcho bool     `json:"before_echo,omitempty"`
	Echo       string   `json:"echo,omitempty"` // the last message of the user that the transcript shows
	Heading    string   `json:"heading,omitempty"`
	Options    []string `json:"options,omitempty"`
	Keys       []string `json:"keys,omitempty"`    // Keys[i] alone chooses Options[i] at once; "" where only moving and Enter does
	Selected   int      `json:"selected"`          // index into Options, -1 when none is highlighted
	Trouble    string   `json:"trouble,omitempty"` // rate limit, API error, ...
	Rule       string   `json:"rule"`              // name of the profile's rule that decided, "" when none did
	Lines      []int    `json:"lines,omitempty"`   // 0-based rows that decided

	above []string // the rows above the composer: the end of the transcript
	said  []string // what stands below the last echo, down to the composer or the options
}

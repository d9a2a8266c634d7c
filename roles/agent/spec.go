package agent

// Spec is the YAML form of a profile: everything isesh knows about one kind of agent. All regexes are Go's (RE2), tried on
// one row of the screen at a time, without its trailing blanks; only those of Guard are in tmux's dialect. A regex that
// should match a whole row says so with ^ and $. In Go's RE2 \s does not match U+00A0: write it into the regex as it is, or
// as \x{A0}.
//
// The screen is read from the bottom, in this order:
//
//  1. The composer (the box into which people type) is looked for; the cursor must be in it. It divides the screen into
//     "above", "box" and "footer".
//  2. The rules of States are tried in order, and the first one whose conditions all hold decides. A condition looks at one
//     region only, so that text which a transcript quotes decides nothing.
//  3. Where no rule holds, the state is unknown.
//
// A dead pane is dead before any rule.
type Spec struct {
	Version  int           `yaml:"version"` // 1
	Extends  string        `yaml:"extends"` // a shipped profile to start from: what is not written here is as there (lists are replaced whole)
	Match    []string      `yaml:"match"`   // last path elements of program words that start this agent: [claude, claude-code]
	Composer *ComposerSpec `yaml:"composer"`
	Echo     *EchoSpec     `yaml:"echo"`
	Answer   *AnswerSpec   `yaml:"answer"`
	Menu     *MenuSpec     `yaml:"menu"`
	States   []Rule        `yaml:"states"`
	Trouble  []TroubleSpec `yaml:"trouble"`
	Guard    GuardSpec     `yaml:"guard"`
	// Interrupted finds what the transcript ends with when a person has ended a turn.
	Interrupted InterruptedSpec `yaml:"interrupted"`
	Stashed     Regex           `yaml:"stashed"`    // a row below the composer, or a notice right above it, that says that a draft was put aside
	Queue       bool            `yaml:"queue"`      // see Profile.Queues
	Triggers    []string        `yaml:"triggers"`   // byte strings in the output that ask for a look at once
	QuietFor    Duration        `yaml:"quiet_busy"` // see Profile.QuietBusy; "1s", "0" = believe a screen without busy marker at once
	Text        TextSpec        `yaml:"text"`
	Keys        Keys            `yaml:"keys"`
	Choices     ChoiceSpec      `yaml:"choices"`
	Launch      LaunchSpec      `yaml:"launch"`
}

// ComposerSpec says where people type. The composer is the lowest run of rows that fits and that has the cursor in it:
//
//	top       a row that Top matches           (left out where Top is "")
//	first     a row that First matches; what First matches is the prompt, the rest of the row is text
//	more ...  rows that More matches; what More matches is indent, the rest is text; blank rows belong to it too
//	bottom    a row that Bottom matches        (the row itself is the first row of the region "footer")
//
// or, when the draft is too long for it, a row that Scrolled matches, more, and bottom.
//
// With AtCursor, the composer is the one row under the cursor and only First counts (a shell).
type ComposerSpec struct {
	Top          Regex   `yaml:"top"`
	First        Regex   `yaml:"first"`
	More         Regex   `yaml:"more"`
	Bottom       Regex   `yaml:"bottom"`
	Scrolled     Regex   `yaml:"scrolled"`     // stands in the place of Top and says that the first rows of the draft are hidden: there is no First then
	MaxFooter    int     `yaml:"max_footer"`   // non-blank rows that may stand below the composer; 0 = 12
	Placeholders []Regex `yaml:"placeholders"` // whole texts that are hints, not drafts; dim text (SGR 2) is always a hint
	Collapsed    []Regex `yaml:"collapsed"`    // what stands for a large paste, without anchors: it may stand beside other text; a group counts it, see CollapsedCount
	// CollapsedCount says what the group of Collapsed counts: newlines (lines less one), lines, chars; "" = nothing.
	CollapsedCount string  `yaml:"collapsed_count"`
	Notices        []Regex `yaml:"notices"` // rows between transcript and composer that say nothing about the state
	AtCursor       bool    `yaml:"at_cursor"`
}

// EchoSpec says how the transcript shows what the user sent: a row that First matches (the match is the prompt), continued
// by rows that More matches.
type EchoSpec struct {
	First Regex `yaml:"first"`
	More  Regex `yaml:"more"`
	End   Regex `yaml:"end"` // a row that More matches but that belongs to it no more
}

// AnswerSpec says how the transcript shows what the agent said: blocks of a row that First matches (the match is no text),
// continued by blank rows and rows that More matches (the match is indent). A block of which some row matches Skip is
// something else: a command with its output, a notice.
type AnswerSpec struct {
	First Regex   `yaml:"first"`
	More  Regex   `yaml:"more"`
	End   Regex   `yaml:"end"` // rows that stand below a text and look like a part of it: left out at its end, with the rows of Skip below them
	Skip  []Regex `yaml:"skip"`
}

// InterruptedSpec says how the transcript shows that a person has ended a turn, by a key or by a no to what it asked: a row that Row matches is its
// last one, notices and rows below it that More matches left out. A turn that ends by itself must leave something else below such a row.
type InterruptedSpec struct {
	Row  Regex `yaml:"row"`
	More Regex `yaml:"more"`
}

// MenuSpec says how menus are drawn. A menu is read from the bottom of the screen: hint rows, options (numbered "1. Yes",
// one of them after the cursor glyph), heading. The cursor must be on one of its rows unless AnyCursor is set.
type MenuSpec struct {
	Cursor    string `yaml:"cursor"`     // the glyph before the selected option: "❯"
	Scrolled  string `yaml:"scrolled"`   // glyphs that may stand in its place on others: "↑↓"
	Rule      Regex  `yaml:"rule"`       // rows that are drawn lines: neither option nor heading
	Digits    bool   `yaml:"digits"`     // the digit of an option chooses it at once
	AnyCursor bool   `yaml:"any_cursor"` // the terminal's cursor says nothing about the menu
	MaxHints  int    `yaml:"max_hints"`  // non-blank rows that may stand below the options; 0 = 6
	// Settle is how long a menu must have been on the screen before keys reach it for sure; see Profile.MenuSettle.
	Settle Duration `yaml:"settle"`
	Ignore Regex    `yaml:"ignore"` // rows among or below the options that are neither option nor hint ("↑ 4 more lines")
}

// Rule is one line of the decision table. Conditions left out are not asked; the others must all hold.
type Rule struct {
	Name  string `yaml:"name"`  // says in `isesh explain` what decided; unique in the profile
	State State  `yaml:"state"` // starting, idle, busy, waiting, unknown
	Kind  Kind   `yaml:"kind"`  // for waiting: permission, plan, question, trust, login, other

	Composer string `yaml:"composer"` // none | any | empty | draft; "" = not asked
	// Menu is how the options are read, and asks that there are some: numbered, or marked (rows without numbers around the one
	// that has the cursor glyph, with the same indent). "" = no menu is read.
	Menu    string `yaml:"menu"`
	Heading Regex  `yaml:"heading"` // looked for in the paragraphs above the options, nearest first, rows joined by a blank; the match (or its first group) is Reading.Heading
	Option  Regex  `yaml:"option"`  // some option's label matches
	Hint    Regex  `yaml:"hint"`    // what stands below the options, rows joined by a blank ("" when nothing does); without menu: the last paragraph of the screen

	Footer Regex   `yaml:"footer"` // some row below the composer
	Above  Regex   `yaml:"above"`  // some row between the last echo and the composer (or the end of the screen), at most 30, notices left out
	Last   Regex   `yaml:"last"`   // the last row above the composer (or of the screen), notices left out
	Box    Regex   `yaml:"box"`    // the composer's text, a placeholder included, rows joined by a blank
	Only   []Regex `yaml:"only"`   // every non-blank row of the screen matches one of these; holds for a blank screen
	Title  Regex   `yaml:"title"`  // the pane's title
	Not    *Not    `yaml:"not"`    // none of these holds

	Queued bool `yaml:"queued"` // the screen shows a message in the agent's own queue
}

// Not holds the conditions that must not hold. They mean what they mean in Rule.
type Not struct {
	Footer Regex `yaml:"footer"`
	Above  Regex `yaml:"above"`
	Last   Regex `yaml:"last"`
	Box    Regex `yaml:"box"`
	Title  Regex `yaml:"title"`
}

// TroubleSpec names a trouble (rate limit, API error) shown in the rows between the last echo and the composer.
type TroubleSpec struct {
	Row  Regex  `yaml:"row"`  // the match, or its first group, is what Reading.Trouble says
	Name string `yaml:"name"` // said instead of the match
}

// GuardSpec holds the conditions that tmux itself checks before it types, as regexes in its dialect (POSIX extended) over
// one row of the visible screen. See Profile.ComposerRow and Profile.MenuRows.
type GuardSpec struct {
	Composer string   `yaml:"composer"`
	Menu     []string `yaml:"menu"`
}

// TextSpec says what must be done to a message before it is pasted.
type TextSpec struct {
	Tag    *bool   `yaml:"tag"`    // false: no [from:x] (a shell would run it); default true
	Shield []Regex `yaml:"shield"` // a message that begins so gets a blank in front (^/ and ^! are commands)
	Pad    []Regex `yaml:"pad"`    // a message whose last line ends so gets a blank behind (\\$, and @word$ opens a completion)
	// Wrapped finds the marks that the agent puts around a paste in the prompt that it tells its hooks.
	Wrapped Regex `yaml:"wrapped"`
	MaxLen  int   `yaml:"max_len"` // bytes; longer messages are refused; 0 = 1 MB
	// OneLine says that a newline, also in a paste, submits what stands before it: messages of several lines are refused.
	OneLine bool `yaml:"one_line"`
}

// Keys are the names of the keys, as tmux knows them, that do things in an agent. A nil list means that the agent has no safe
// key for it.
type Keys struct {
	Submit     string   `yaml:"submit"`      // sends what is in the composer
	Interrupt  []string `yaml:"interrupt"`   // ends a turn
	Reject     []string `yaml:"reject"`      // answers a menu with no
	ClearDraft []string `yaml:"clear_draft"` // empties the composer
	Stash      []string `yaml:"stash"`       // puts a draft aside, to come back after the next message
}

// ChoiceSpec says by their labels what the options of menus mean.
type ChoiceSpec struct {
	AllowOnce map[Kind]Regex `yaml:"allow_once"` // by kind: the option that grants this one thing and no more
	Deny      map[Kind]Regex `yaml:"deny"`       // by kind: the option that refuses
	RejectBy  []Kind         `yaml:"reject_key"` // kinds in which Keys.Reject refuses: used instead of moving to the option
	Widen     Regex          `yaml:"widen"`      // options that grant more than what is asked for now
}

// LaunchSpec says how the agent is started so that it knows isesh. In Files, Args and Env these are replaced: {file:NAME}
// (path of that file of Files), {prompt}, {session}, {role}, {team}, {state_dir}, {binary}; {sh:binary} is the same as one word for
// a shell. In Files values are written as they stand inside a JSON string.
type LaunchSpec struct {
	Command       string            `yaml:"command"`        // for roles that name no command
	Files         map[string]string `yaml:"files"`          // name -> content
	Args          []ArgSpec         `yaml:"args"`           // put right after the program's name, in this order
	Env           map[string]string `yaml:"env"`            // unless the caller's argv sets them with env(1)
	CredentialEnv []string          `yaml:"credential_env"` // names, or prefixes ending in *
}

// ArgSpec is one addition to the command line.
type ArgSpec struct {
	Add    []string `yaml:"add"`
	Unless []string `yaml:"unless"` // flags that make it superfluous when the user gave one of them (also as --flag=value)
	If     string   `yaml:"if"`     // prompt or session: only when there is one; named: only when the command names the agent and not a wrapper of the user's own
	When   []string `yaml:"when"`   // only when the user gave one of these flags
	Hooks  bool     `yaml:"hooks"`  // with it the agent calls isesh's hooks
}

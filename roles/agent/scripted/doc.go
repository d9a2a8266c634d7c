// Package scripted is a small terminal program that behaves like a coding agent, for the demo and for tests. It needs
// no account and no network: what it does in a turn is written in the message, or in standing rules given at its start.
//
// # The screen
//
// It draws on the alternate screen with bracketed paste on. Column 0 belongs to the program: whatever came from
// elsewhere (messages, drafts, output of commands) starts at column 2 or further right, so that quoted text can never
// pass for a composer, a spinner or a menu. From top to bottom:
//
//	scripted agent · /home/me/shop          banner, first row of a fresh session
//	> add a login page                      message that was submitted; further rows are indented by two
//	• looking at it                         what the agent says
//	• Run(touch login.go)                   something it does, and what came of it
//	  └ ran: touch login.go
//	■ Interrupted                           a turn that ended early (or: ■ Declined)
//
// Starting: the one row "  starting…" and nothing else, on the main screen; input is not read yet.
//
// Idle: a box at the bottom: a rule of ─ over the whole width, the draft behind "▸" and U+00A0 with further rows
// indented by two, a rule of ─, and a footer. The cursor is at the insertion point; column 2 of the first row when the
// draft is empty, which then shows a dim placeholder (none without colours).
//
//	────────────────────────────────────
//	▸ Ask for something                     (dim)
//	────────────────────────────────────
//	  ? for help
//
// With a draft the footer is "  enter to send · esc esc to clear". A paste of more than 12 lines or 2,000 characters shows
// as "[Pasted #1 +40 lines]", or "[Pasted #1]" when it is one line. A draft taller than half the screen scrolls
// inside the box: the rules then count what they hide, "── ↑ 3 more ────" and "── ↓ 5 more ────", and the glyph is hidden with the
// first row.
//
// Busy: a row above the box, a glyph out of "✢✳✶✻", which tells how long the turn has been running. It is not there while
// text streams. The footer begins "  esc to stop", or "  enter to queue · esc to stop" when there is a draft. Messages
// submitted meanwhile wait in rows of their own ("» +3 more" counts those there is no room for), and become turns of their
// own, in order:
//
//	✳ Working… 3s
//	» and then tell me
//	────────────────────────────────────
//	▸ Messages wait for the turn to end     (dim)
//	────────────────────────────────────
//	  esc to stop
//
// Waiting: a menu instead of the box; no row begins with "▸". "◆" marks a permission and "◇" a question. A digit
// chooses at once, the arrows and Enter choose too, Esc declines, a paste is dropped and everything else is ignored. The
// highlighted row begins with "›"; the cursor is on it, in column 0. "  ↑ 2 more" and "  ↓ 3 more" count options that there is no
// room for. A draft is back when the menu is gone.
//
//	────────────────────────────────────    ────────────────────────────────────
//	◆ Allow this command?                   ◇ Which colour?
//	    touch login.go                      › 1. red
//	› 1. Yes                                  2. green
//	  2. Yes, and don't ask again             enter to choose · esc to decline
//	  3. No
//	  enter to choose · esc to decline
//
// A footer may end in a hint for two seconds, after " · ": "esc again to clear", "ctrl-c again to exit"; and in "draft stashed" as long as
// a draft is put aside.
//
// # Keys
//
// Enter submits; not when the draft is blank, and not when it ends in a backslash, which becomes a newline. CR and LF inside
// a paste are newlines, each of them; every other byte of a paste is kept as it came, though control characters are
// not shown. Typed LF and Alt-Enter are newlines. Esc while busy interrupts: when the turn has produced nothing its message
// comes back into the composer. Esc twice clears a draft, Ctrl-U its line, Ctrl-C all of it; Ctrl-C twice ends the program,
// Ctrl-D does with nothing in the composer. Ctrl-S puts a draft aside until the next message was submitted. Up
// in an empty composer takes the last waiting message back. A ? typed alone into an empty composer shows help.
//
// A message that begins with / and holds no second slash in its first word is a command: /clear, /help, /exit; others are
// refused. One that begins with ! is refused too (a real agent would run it). Neither is a turn.
//
// # Hooks
//
// With hooks, a program is told of each message that was submitted, of each turn that ended by itself and of each session that began, in
// the order in which it happened and while the agent goes on; see Usage. As with Claude Code, nothing is told of a turn that was
// interrupted or declined, nor of a command. What is written by the hook of a session's start goes to the record.
//
// # What a turn does
//
// See Usage for the directives, the rules, and the flags that make the program nasty. A message without any directive that
// meets no rule is answered with its first line.
package scripted

package scripted

import (
	"strings"
	"testing"
	"time"

	"github.com/matryer/is"
)

// menuKeys are the keys that reached a menu, with what they chose.
func (p *pane) menuKeys() (keys []string) {
	for _, e := range p.records() {
		if e.MenuKey != "" {
			keys = append(keys, e.MenuKey+"="+e.Chose+" in "+e.Menu)
		}
	}
	return keys
}

func TestSwallowsAnEnterWithThePaste(t *testing.T) {
	is := is.New(t)
	p := start(t, 80, 24, "--swallow-enter")
	p.paste("hello", ";", "send-keys", "-t", "=t:", "Enter") // one write of the server, one read here
	p.shows("▸\u00a0hello")
	p.keys("Enter")
	is.Equal(p.turns(1), []string{"hello"})
	p.submit("seen first, then Enter")
	is.Equal(p.turns(2)[1], "seen first, then Enter")
}

func TestSwallowsAnEnterSoonAfterThePaste(t *testing.T) {
	is := is.New(t)
	p := start(t, 80, 24, "--swallow-enter=1h")
	p.submit("hello")
	for {
		rec := p.records()
		if len(rec) == 1 && rec[0].Swallowed == "Enter" {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	p.shows("▸\u00a0hello")
	is.Equal(len(p.turns(0)), 0)
}

func TestMenuBetweenPasteAndEnter(t *testing.T) {
	is := is.New(t)
	p := start(t, 80, 24, "--menu-after-paste", "0:1")
	p.paste("a message")
	p.shows("› 1. Yes")
	p.keys("Enter") // the mistake that a careful sender does not make
	p.shows("  └ ran: make test")
	p.shows("▸\u00a0a message") // the draft was not lost
	p.keys("Enter")
	p.shows("• a message")
	p.submit("again")
	p.shows("• again")
	is.Equal(p.turns(2), []string{"a message", "again"})
	is.Equal(p.menuKeys(), []string{"Enter=Yes in Allow this command? make test"})
}

func TestMenuSoonAfterThePaste(t *testing.T) {
	p := start(t, 80, 24, "--menu-after-paste", "1s") // time enough for Enter on a busy machine
	p.submit("SLOW 1300ms THEN ASKPERM touch x THEN ECHO done")
	p.shows("make test")
	p.keys("3")
	p.shows("■ Declined: make test")
	p.shows("    touch x") // its own menu waited behind the other
	p.keys("1")
	p.shows("• done")
}

func TestMenuChangesBeforeTheKey(t *testing.T) {
	is := is.New(t)
	p := start(t, 80, 24, "--menu-before-key")
	p.submit("ASKPERM touch x")
	p.shows("    touch x")
	p.keys("1")
	p.shows("■ Declined: rm -rf build")
	is.Equal(p.menuKeys(), []string{"1=No in Allow this command? rm -rf build"})
}

func TestMenuChangesAfterItWasDrawn(t *testing.T) {
	p := start(t, 80, 24, "--menu-before-key=20ms")
	p.submit("ASKPERM touch x")
	p.shows("› 1. No")
	p.keys("2")
	p.shows("ran: rm -rf build")
}

func TestStopsReading(t *testing.T) {
	is := is.New(t)
	p := start(t, 80, 24, "--stop-reading", "8") // the six bytes before a paste, and two of it
	p.keys("abc")
	p.shows("▸\u00a0abc")
	p.paste("hello")
	p.keys("Enter", "C-c", "C-c")
	time.Sleep(50 * time.Millisecond) // nothing happens, so there is nothing to wait for
	is.True(strings.Contains(p.screen(), "▸\u00a0abc"))
	is.Equal(len(p.records()), 0)
}

func TestDrawsLate(t *testing.T) {
	is := is.New(t)
	p := start(t, 80, 24, "--draw-delay", "1s")
	p.keys("ECHO hi", "Enter")
	is.Equal(p.turns(1), []string{"ECHO hi"}) // it has happened...
	is.True(!strings.Contains(p.screen(), "• hi"))
	p.shows("• hi") // ...and is seen later
}

func TestComesUpLate(t *testing.T) {
	is := is.New(t)
	p := start(t, 80, 24, "--start-delay", "1s")
	p.shows("  starting…")
	is.Equal(p.ask("#{alternate_on}"), "0")
	p.shows("  ? for help")
}

func TestHang(t *testing.T) {
	is := is.New(t)
	p := start(t, 80, 24)
	p.submit("HANG 1s THEN ECHO awake")
	p.shows("Working…")
	p.keys("typed meanwhile")
	time.Sleep(20 * time.Millisecond) // nothing happens, so there is nothing to wait for
	is.True(!strings.Contains(p.screen(), "typed"))
	p.shows("• awake")
	p.shows("▸\u00a0typed meanwhile")
}

func TestBusyForEver(t *testing.T) {
	p := start(t, 80, 24, "--busy", "--redraw", "50")
	p.shows("  esc to stop")
	first := p.shows("Working…")
	p.until("turning spinner", func(s string) bool { return s != first })
	p.keys("Escape")
	p.shows("  ? for help")
	p.submit("ECHO hi")
	p.shows("• hi")
}

func TestStream(t *testing.T) {
	p := start(t, 80, 24)
	p.submit("STREAM 75 THEN ECHO end")
	p.until("stream without a spinner", func(s string) bool {
		return strings.Contains(s, "• word0") && strings.Contains(s, "  esc to stop") && !strings.Contains(s, "Working…")
	})
	p.shows("  word70 word71 word72 word73 word74\n• end")
}

package roles

import (
	"errors"
)

var errStub = errors.New("not written yet")

// Mailboxes are the roles' own copies of what was sent to them.
type Mailboxes struct{}

func OpenMailboxes(dir Dir, l *Log) (*Mailboxes, []Notice, error) { return nil, nil, errStub }
func (m *Mailboxes) Put(recs ...Record) error                     { return errStub }
func (m *Mailboxes) List(a Address, f Filter) ([]Record, error)   { return nil, errStub }
func (m *Mailboxes) Count(a Address) (int, error)                 { return 0, errStub }
func (m *Mailboxes) Rename(from, to Address) error                { return errStub }
func (m *Mailboxes) Close() error                                 { return errStub }


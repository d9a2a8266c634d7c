package supervisor

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"isesh/roles"
	"isesh/supervisor/api"
)

const (
	// readBeside is how many letters that were read are listed beside those that were not.
	readBeside = 20
	// listedAtOnce is how many unread letters are listed at once unless somebody asks for more.
	listedAtOnce = 200
	// listedBytes bounds their texts together: a single one may have MaxText.
	listedBytes = 8 << 20
)

// Inbox lists a mailbox: of very many unread letters the oldest, and how many more there are. What it returns counts as read from then on, unless it is
// to peek, or a role looks into another's. A message that is read this way is still typed for its role when its time comes.
func (s *Supervisor) Inbox(_ context.Context, c api.Caller, req api.InboxRequest) (api.Inbox, error) {
	a, err := s.boxOf(c, req.Of)
	if err != nil {
		return api.Inbox{}, err
	}
	if req.Limit < 0 {
		return api.Inbox{}, &api.Error{Code: api.CodeUsage, Message: fmt.Sprintf("the limit %d is less than none", req.Limit)}
	}
	in := api.Inbox{Address: a.String(), Letters: []api.Letter{}}
	if in.Unread, err = s.mail.Unread(a); err != nil {
		return api.Inbox{}, err
	}
	if r := s.runner(a); r != nil {
		in.Menu = r.view().role.Menu
	}
	if req.Count {
		return in, nil
	}
	letters, err := s.letters(a, req)
	if err != nil {
		return api.Inbox{}, err
	}
	var fresh []string
	for _, l := range letters {
		in.Letters = append(in.Letters, api.Letter{Record: l.Record, Read: l.Read, Now: l.Now})
		if !l.Read {
			fresh = append(fresh, l.ID)
		}
	}
	if req.Limit == 0 || len(letters) < req.Limit {
		in.More = max(0, in.Unread-len(fresh))
	}
	if req.Peek || !mayChange(c, a) || len(fresh) == 0 {
		return in, nil
	}
	if err := s.mail.MarkRead(a, fresh); err != nil {
		return api.Inbox{}, err
	}
	s.records.broadcast()
	return in, nil
}

// letters are those that a request asks for, oldest first: what was taken out is no longer in the box.
func (s *Supervisor) letters(a roles.Address, req api.InboxRequest) ([]roles.Letter, error) {
	unread, err := s.mail.Letters(a, roles.LetterOptions{Unread: true, Limit: req.Limit, First: listedAtOnce, Bytes: listedBytes})
	if err != nil || req.Unread {
		return unread, err
	}
	if req.Limit == 0 && len(unread) > 0 {
		if n, err := s.mail.Unread(a); err != nil || n > len(unread) { // the read ones may lie far behind those that are still to come
			return unread, err
		}
	}
	n := readBeside
	if req.Limit > 0 {
		n = req.Limit
	}
	newest, err := s.mail.Letters(a, roles.LetterOptions{Limit: len(unread) + n, Bytes: listedBytes}) // so many hold n read ones
	if err != nil {
		return nil, err
	}
	read := 0
	var out []roles.Letter // newest first
	here := map[string]bool{}
	for _, l := range slices.Backward(newest) {
		here[l.ID] = true
		if l.Read && (removed(l.Now) || read == n) {
			continue
		}
		if l.Read {
			read++
		}
		out = append(out, l)
	}
	for _, l := range slices.Backward(unread) {
		if !here[l.ID] { // older than all those
			out = append(out, l)
		}
	}
	if req.Limit > 0 {
		out = out[:min(len(out), req.Limit)]
	}
	slices.Reverse(out)
	return out, nil
}

// removed reports that a letter was taken out of its mailbox.
func removed(st roles.Status) bool { return st == roles.StatusTaken || st == roles.StatusCleared }

// InboxPop takes the oldest letter out of a mailbox that was not given to its role yet, whether somebody has read it or not. Each letter is given out
// once, and one that was given out is not typed.
func (s *Supervisor) InboxPop(ctx context.Context, c api.Caller, req api.InboxRequest) (api.Letter, error) {
	a, err := s.boxToChange(c, req.Of)
	if err != nil {
		return api.Letter{}, err
	}
	var got roles.Letter
	err = s.outOf(ctx, a, roles.StatusTaken, "inbox pop", func(may func(string) bool) ([]string, error) {
		var err error
		got, err = s.mail.Pop(a, may)
		return []string{got.ID}, err
	})
	if errors.Is(err, roles.ErrEmpty) {
		return api.Letter{}, &api.Error{Code: api.CodeNothing, Message: fmt.Sprintf("nothing is left in the mailbox of %s", a)}
	}
	if err != nil {
		return api.Letter{}, err
	}
	s.records.broadcast()
	return api.Letter{Record: got.Record, Read: true, Now: roles.StatusTaken}, nil
}

// InboxClear takes all letters out of a mailbox that were not given to its role yet; one that is being typed stays.
func (s *Supervisor) InboxClear(ctx context.Context, c api.Caller, req api.InboxRequest) (api.InboxCleared, error) {
	a, err := s.boxToChange(c, req.Of)
	if err != nil {
		return api.InboxCleared{}, err
	}
	out := api.InboxCleared{Address: a.String()}
	var cleared []string
	err = s.outOf(ctx, a, roles.StatusCleared, "inbox clear", func(may func(string) bool) ([]string, error) {
		var err error
		cleared, err = s.mail.Clear(a, may)
		out.Cleared = len(cleared)
		return cleared, err
	})
	for _, id := range cleared {
		s.over(id)
	}
	if err != nil {
		return api.InboxCleared{}, err
	}
	s.records.broadcast()
	return out, nil
}

// outOf takes letters out of a box, and out of the queue of its role where it has one.
func (s *Supervisor) outOf(
	ctx context.Context, a roles.Address, status roles.Status, why string, take func(may func(string) bool) ([]string, error),
) error {
	if s.mailboxOnly(a) {
		_, err := take(func(string) bool { return true })
		return err
	}
	return s.takeOut(ctx, a, status, why, take)
}

// boxOf is the mailbox that a caller means: its own without a name. That of a name which is no longer known can still be read.
func (s *Supervisor) boxOf(c api.Caller, of string) (roles.Address, error) {
	if of == "" {
		if c.Role.IsZero() {
			return roles.User, nil
		}
		return c.Role, nil
	}
	a, err := s.resolve(c, of)
	if err == nil {
		return a, nil
	}
	former, parseErr := roles.ParseAddress(of)
	if parseErr != nil || roles.Reserved(former.Role) {
		return a, err
	}
	if letters, listErr := s.mail.Letters(former, roles.LetterOptions{Limit: 1}); listErr != nil || len(letters) == 0 {
		return a, err
	}
	return former, nil
}

// boxToChange is boxOf for those who take something out.
func (s *Supervisor) boxToChange(c api.Caller, of string) (roles.Address, error) {
	a, err := s.boxOf(c, of)
	if err == nil && !mayChange(c, a) {
		err = &api.Error{
			Code: api.CodeForbidden, Message: fmt.Sprintf("%s may not take messages out of the mailbox of %s", c.Name(), a),
			Hint: "isesh inbox " + a.String() + " lists them",
		}
	}
	return a, err
}

// mayChange reports whether a caller may mark letters of a mailbox as read, and take them out.
func mayChange(c api.Caller, a roles.Address) bool { return c.Role.IsZero() || c.Role == a }

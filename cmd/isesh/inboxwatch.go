package main

import (
	"context"
	"fmt"
	"time"

	"github.com/sourcegraph/conc"

	"isesh/roles"
	"isesh/supervisor/api"
)

// carriers are the kinds of record that carry words from one to another.
var carriers = []string{string(roles.KindMessage), string(roles.KindBroadcast), string(roles.KindReply)}

// mailNotice is a line of inbox --watch.
type mailNotice struct {
	Address string        `json:"address"`
	Unread  int           `json:"unread"`
	New     *roles.Record `json:"new,omitempty"` // what has come; without it, it is said again that something is unread
}

// watchInbox prints a line when a message comes, at once, and again after the interval as long as something is unread. It ends with ctx.
func (a *app) watchInbox(ctx context.Context, client *api.Client, f inboxFlags) error {
	began := a.now() // whatever comes from here on is followed
	count := api.InboxRequest{Of: f.req.Of, Count: true, Peek: true}
	box, err := client.Inbox(ctx, count)
	if err != nil {
		return err
	}
	if box.Unread > 0 {
		if err := a.mailNotice(mailNotice{Address: box.Address, Unread: box.Unread}); err != nil {
			return err
		}
	}

	ctx, cancel := context.WithCancel(ctx)
	come := make(chan roles.Record)
	var wg conc.WaitGroup
	var followErr error
	wg.Go(func() {
		defer cancel()
		q := api.LogQuery{To: box.Address, Kinds: carriers, Since: began, Follow: true}
		followErr = client.Log(ctx, q, func(e api.Entry) error {
			select {
			case come <- e.Record:
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		})
	})
	err = a.notify(ctx, client, count, f.interval, come)
	cancel()
	wg.Wait()
	if err == nil {
		err = followErr
	}
	return err
}

// notify prints the notices of a watch until ctx ends.
func (a *app) notify(ctx context.Context, client *api.Client, count api.InboxRequest, interval time.Duration, come <-chan roles.Record) error {
	again := time.NewTicker(interval)
	defer again.Stop()
	for {
		var n mailNotice
		select {
		case <-ctx.Done():
			return nil
		case rec := <-come:
			n.New = &rec
			again.Reset(interval)
		case <-again.C:
		}
		box, err := client.Inbox(ctx, count)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		n.Address, n.Unread = box.Address, box.Unread
		if n.New == nil && n.Unread == 0 {
			continue
		}
		if err := a.mailNotice(n); err != nil {
			return err
		}
	}
}

// mailNotice prints a notice. Long texts are in the mailbox.
func (a *app) mailNotice(n mailNotice) error {
	if a.flags.json {
		return a.printJSON(a.out, n)
	}
	p := a.palette(a.out)
	line := fmt.Sprintf("%s has %d unread", p.speaker(n.Address), n.Unread)
	if n.New != nil {
		line += fmt.Sprintf("; new from %s: %s", p.speaker(printable(n.New.From, false)), cut(printable(n.New.Text, false), pipedWidth))
	}
	_, err := fmt.Fprintln(a.out, line)
	return err
}

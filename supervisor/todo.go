package supervisor

import (
	"context"
	"errors"

	"isesh/supervisor/api"
)

var errNotYet = errors.New("not built yet")

func (s *Supervisor) Reply(context.Context, api.Caller, api.ReplyRequest) (api.Receipt, error) {
	return api.Receipt{}, errNotYet
}
func (s *Supervisor) Broadcast(context.Context, api.Caller, api.BroadcastRequest) (api.BroadcastResult, error) {
	return api.BroadcastResult{}, errNotYet
}
func (s *Supervisor) Inbox(context.Context, api.Caller, api.InboxRequest) (api.Inbox, error) {
	return api.Inbox{}, errNotYet
}
func (s *Supervisor) InboxPop(context.Context, api.Caller, api.InboxRequest) (api.Letter, error) {
	return api.Letter{}, errNotYet
}
func (s *Supervisor) InboxClear(context.Context, api.Caller, api.InboxRequest) (api.InboxCleared, error) {
	return api.InboxCleared{}, errNotYet
}
func (s *Supervisor) Process(context.Context, api.Caller) (api.ProcessResult, error) {
	return api.ProcessResult{}, errNotYet
}
func (s *Supervisor) Register(context.Context, api.Caller, api.RegisterRequest) (api.Role, error) {
	return api.Role{}, errNotYet
}
func (s *Supervisor) Unregister(context.Context, api.Caller, api.RegisterRequest) error {
	return errNotYet
}
func (s *Supervisor) Hook(context.Context, api.Caller, api.HookRequest) (api.HookResult, error) {
	return api.HookResult{}, errNotYet
}
func (s *Supervisor) Redact(context.Context, api.Caller, api.RedactRequest) error { return errNotYet }

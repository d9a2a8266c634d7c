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
func (s *Supervisor) Hook(context.Context, api.Caller, api.HookRequest) (api.HookResult, error) {
	return api.HookResult{}, errNotYet
}

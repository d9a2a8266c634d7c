package main

import (
	"errors"
	"testing"

	"github.com/matryer/is"

	"isesh/supervisor/api"
)

func TestOnlyOne(t *testing.T) {
	lead := api.Role{Address: "shop/gestor", Team: "shop", Lead: true, Pane: "%1"}
	dev := api.Role{Address: "shop/dev", Team: "shop", Pane: "%2"}
	ended := api.Role{Address: "blog/dev", Team: "blog"}
	single := api.Role{Address: "solo", Pane: "%3"}
	leadless := lead
	leadless.Pane = ""
	for _, tt := range []struct {
		name  string
		roles []api.Role
		own   string
		want  string
		code  api.Code
	}{
		{"the lead of the only team that runs", []api.Role{ended, dev, lead}, "", "shop/gestor", ""},
		{"the caller's own", []api.Role{single, dev, lead}, "shop", "shop/gestor", ""},
		{"another one while the lead has ended", []api.Role{leadless, dev}, "shop", "shop/dev", ""},
		{"a single role", []api.Role{single}, "", "solo", ""},
		{"its own team has ended", []api.Role{ended, single}, "blog", "solo", ""},
		{"several", []api.Role{single, dev}, "", "", api.CodeAmbiguous},
		{"none", []api.Role{ended}, "", "", api.CodeNothing},
	} {
		t.Run(tt.name, func(t *testing.T) {
			is := is.New(t)
			got, err := onlyOne(tt.roles, tt.own)
			var e *api.Error
			is.Equal(errors.As(err, &e), tt.code != "")
			is.True(e == nil || e.Code == tt.code)
			is.Equal(got.Address, tt.want)
		})
	}
}

package admin

import (
	"context"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/web"
)

func (h *Pages) passwordRoutes() []web.Route {
	return []web.Route{
		public("GET", "/forgotten", func(r *web.Request) error { return r.Render("admin/forgotten", nil) }),
		public("POST", "/forgotten", h.forgotten),
		public("GET", "/forgotten/reset", func(r *web.Request) error { return r.Redirect("/forgotten") }),
		public("POST", "/forgotten/reset", h.reset),
		public("GET", "/auth/password/{token}", h.choosePage),
		public("POST", "/auth/password/{token}", h.choose),
	}
}

// forgottenView names whose password is to be replaced.
type forgottenView struct{ Login, Phone string }

// forgotten sends a code, or does not: the answer is the same.
func (h *Pages) forgotten(r *web.Request) error {
	var in struct {
		Login string `json:"login"`
		Phone string `json:"phone"`
	}
	err := r.Decode(&in)
	if err == nil {
		err = h.Auth.RequestReset(r.Context(), in.Login, in.Phone, r.Addr, r.Lang)
	}
	if err != nil {
		return r.Refill("admin/forgotten", nil, err)
	}
	return r.Render("admin/forgotten_reset", forgottenView{in.Login, in.Phone})
}

func (h *Pages) reset(r *web.Request) error {
	var in struct {
		twice
		Login string `json:"login"`
		Phone string `json:"phone"`
		Code  string `json:"code"`
	}
	err := r.Decode(&in)
	if err == nil {
		err = in.check()
	}
	if err == nil {
		err = h.Auth.Reset(r.Context(), auth.Forgotten{Login: in.Login, Phone: in.Phone, Code: in.Code, Password: in.Password}, r.Addr)
	}
	if err != nil {
		return r.Refill("admin/forgotten_reset", forgottenView{r.Sent().Get("login"), r.Sent().Get("phone")}, err)
	}
	r.Flash("admin.flash.password_reset")
	return r.Redirect("/sign-in")
}

// holder is the account that the password link of a request is for.
func (h *Pages) holder(r *web.Request) (*auth.Account, error) {
	return read(r, h, func(ctx context.Context, q db.Q) (*auth.Account, error) {
		return h.Auth.PasswordLinkAccount(ctx, q, r.PathValue("token"))
	})
}

// choosePage greets whoever holds a password link.
func (h *Pages) choosePage(r *web.Request) error {
	a, err := h.holder(r)
	if err != nil {
		return err
	}
	return r.Render("admin/choose_password", a)
}

func (h *Pages) choose(r *web.Request) error {
	var in twice
	err := r.Decode(&in)
	if err == nil {
		err = in.check()
	}
	if err == nil {
		err = h.Auth.SetPassword(r.Context(), r.PathValue("token"), in.Password, r.Addr)
	}
	if err != nil {
		a, lerr := h.holder(r)
		if lerr != nil {
			return lerr
		}
		return r.Refill("admin/choose_password", a, err)
	}
	r.Flash("admin.flash.password_set")
	return r.Redirect("/sign-in")
}

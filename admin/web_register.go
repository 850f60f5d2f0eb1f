package admin

import (
	"time"

	"anlan/internal/auth"
	"anlan/internal/kernel"
	"anlan/internal/web"
)

func (h *Pages) registerRoutes() []web.Route {
	details := public("POST", "/register/{kind}/details", h.register)
	details.Upload, details.MaxBody, details.Limit = true, letterBody, web.Limit{N: 20, Per: time.Hour}
	return []web.Route{
		public("GET", "/register", func(r *web.Request) error { return r.Render("admin/register_choose", nil) }),
		public("GET", "/register/{kind}", h.registerPage),
		public("POST", "/register/{kind}", h.registerCode),
		public("GET", "/register/{kind}/details", h.registerAgain),
		details,
	}
}

// registerView is the form of somebody who opens an account.
type registerView struct {
	Enterprise bool
	Phone      string
}

// kindOf is the kind of account that the address names.
func kindOf(r *web.Request) (auth.AccountKind, error) {
	switch kind := auth.AccountKind(r.PathValue("kind")); kind {
	case auth.Person, auth.Enterprise:
		return kind, nil
	}
	return "", kernel.Missing("page", "")
}

func (h *Pages) registerPage(r *web.Request) error {
	kind, err := kindOf(r)
	if err != nil {
		return err
	}
	return r.Render("admin/register_phone", registerView{Enterprise: kind == auth.Enterprise})
}

// registerAgain is where a change of language on the second page leads: the
// code is asked for anew.
func (h *Pages) registerAgain(r *web.Request) error {
	kind, err := kindOf(r)
	if err != nil {
		return err
	}
	return r.Redirect("/register/" + string(kind))
}

// registerCode sends a code to the phone and asks for the rest.
func (h *Pages) registerCode(r *web.Request) error {
	kind, err := kindOf(r)
	if err != nil {
		return err
	}
	var in struct {
		Phone string `json:"phone"`
	}
	if err = r.Decode(&in); err == nil {
		err = h.Auth.RequestRegistration(r.Context(), in.Phone, r.Addr, r.Lang)
	}
	view := registerView{Enterprise: kind == auth.Enterprise, Phone: in.Phone}
	if err != nil {
		return r.Refill("admin/register_phone", view, err)
	}
	return r.Render("admin/register", view)
}

func (h *Pages) register(r *web.Request) error {
	kind, err := kindOf(r)
	if err != nil {
		return err
	}
	document, err := h.letter(r)
	var in struct {
		twice
		Phone          string `json:"phone"`
		Code           string `json:"code"`
		Name           string `json:"name"`
		Login          string `json:"login"`
		USCC           string `json:"uscc"`
		EnterpriseName string `json:"enterprise_name"`
	}
	if err == nil {
		err = r.Decode(&in)
	}
	if err == nil {
		err = in.check()
	}
	view := registerView{Enterprise: kind == auth.Enterprise, Phone: r.Sent().Get("phone")}
	if err != nil {
		return r.Refill("admin/register", view, err)
	}
	entry, err := h.Auth.Register(r.Context(), auth.Registration{Kind: kind, Phone: in.Phone, Code: in.Code, Name: in.Name, Password: in.Password,
		Login: in.Login, USCC: in.USCC, EnterpriseName: in.EnterpriseName, Document: document}, client(r))
	if err != nil {
		return r.Refill("admin/register", view, err)
	}
	if kind == auth.Enterprise {
		r.Flash("admin.flash.claimed")
		return h.enter(r, entry, "/account")
	}
	r.Flash("admin.flash.registered")
	return h.enter(r, entry, "/")
}

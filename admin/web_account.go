package admin

import (
	"context"
	"errors"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/web"
	"anlan/registry"
)

func (h *Pages) accountRoutes() []web.Route {
	return []web.Route{
		own("GET", "/account", h.account),
		own("GET", "/account/password", h.passwordPage),
		entering(own("POST", "/account/password", h.changePassword)),
		own("GET", "/account/phone", h.phonePage),
		own("POST", "/account/phone", h.phoneCode),
		own("GET", "/account/phone/code", func(r *web.Request) error { return r.Redirect("/account/phone") }),
		own("POST", "/account/phone/code", h.changePhone),
		own("GET", "/account/security", h.security),
		own("POST", "/account/identities/unlink", h.unlink),
		own("GET", "/account/sessions", h.sessions),
		own("POST", "/account/sessions/others", h.endOthers),
		own("POST", "/account/sessions/{id}/end", h.endSession),
		own("GET", "/account/close", h.closePage),
		entering(own("POST", "/account/close", h.closeOwn)),
	}
}

// accountView is one's own account.
type accountView struct {
	*auth.Account
	Clear      auth.Profile
	RoleTitles string
	Unit, Area kernel.Text
	Firm       string // name of the own enterprise
	Claim      *auth.Claim
	StandInFor *auth.Account
}

func (h *Pages) account(r *web.Request) error {
	a, err := myself(r)
	if err != nil {
		return err
	}
	view, err := read(r, h, func(ctx context.Context, q db.Q) (v accountView, err error) {
		v = accountView{Account: a, RoleTitles: words(r, h.titles(a.Roles)), StandInFor: r.Principal.StandInFor}
		if v.Clear, err = h.Auth.Profile(ctx, q, r.Principal); err != nil {
			return v, err
		}
		if v.Unit, v.Area, v.Firm, err = where(ctx, q, a); err != nil {
			return v, err
		}
		claim, err := h.Auth.ClaimOf(ctx, q, a.ID)
		if err == nil {
			v.Claim = &claim
		} else if kernel.KindOf(err) != kernel.NotFound {
			return v, err
		}
		return v, nil
	})
	if err != nil {
		return err
	}
	return r.Render("admin/account", view)
}

// titles are the names of roles.
func (h *Pages) titles(ids []string) []kernel.Text {
	out := make([]kernel.Text, 0, len(ids))
	for _, id := range ids {
		role, ok := h.Auth.Roles().Get(id)
		if !ok {
			role.Title = kernel.Text{ZH: id}
		}
		out = append(out, role.Title)
	}
	return out
}

// where names the unit, the area and the enterprise of an account.
func where(ctx context.Context, q db.Q, a *auth.Account) (unit, area kernel.Text, firm string, err error) {
	if a.Unit != "" {
		u, err := registry.GetUnit(ctx, q, a.Unit)
		if err != nil {
			return unit, area, firm, err
		}
		unit = u.Name
	}
	if a.Area != "" {
		at, err := registry.GetArea(ctx, q, a.Area)
		if err != nil {
			return unit, area, firm, err
		}
		area = at.Name
	}
	if a.Enterprise != "" {
		names, err := registry.EnterpriseNames(ctx, q, []string{a.Enterprise})
		if err != nil {
			return unit, area, firm, err
		}
		firm = names[a.Enterprise]
	}
	return unit, area, firm, nil
}

func (h *Pages) passwordPage(r *web.Request) error {
	a, err := myself(r)
	if err != nil {
		return err
	}
	return r.Render("admin/account_password", a)
}

func (h *Pages) changePassword(r *web.Request) error {
	a, err := myself(r)
	if err != nil {
		return err
	}
	var in struct {
		Old   string `json:"old"`
		New   string `json:"new"`
		Again string `json:"again"`
	}
	if err = r.Decode(&in); err == nil {
		err = twice{in.New, in.Again}.check()
	}
	var entry auth.Entry
	if err == nil {
		entry, err = h.Auth.ChangePassword(r.Context(), r.Principal, in.Old, in.New)
	}
	if err != nil {
		return r.Refill("admin/account_password", a, err)
	}
	r.SetSession(entry.Token)
	r.Flash("admin.flash.password_changed")
	return r.Redirect("/account/security")
}

// phonePage asks for the new phone; whoever changes it has proved who they
// are, so that a browser left open does not give the account away.
func (h *Pages) phonePage(r *web.Request) error {
	if err := r.Principal.NeedConfirmed(r.Now()); err != nil {
		return err
	}
	return r.Render("admin/account_phone", nil)
}

func (h *Pages) phoneCode(r *web.Request) error {
	var in struct {
		Phone string `json:"phone"`
	}
	err := r.Decode(&in)
	if err == nil {
		err = h.Auth.RequestPhone(r.Context(), r.Principal, in.Phone, r.Lang)
	}
	if err != nil {
		return r.Refill("admin/account_phone", nil, err)
	}
	return r.Render("admin/account_phone_code", in.Phone)
}

func (h *Pages) changePhone(r *web.Request) error {
	var in struct {
		Phone string `json:"phone"`
		Code  string `json:"code"`
	}
	err := r.Decode(&in)
	if err == nil {
		err = h.Auth.ChangePhone(r.Context(), r.Principal, in.Phone, in.Code)
	}
	if err != nil {
		return r.Refill("admin/account_phone_code", r.Sent().Get("phone"), err)
	}
	r.Flash("admin.flash.phone_changed")
	return r.Redirect("/account")
}

// securityView is how one signs in.
type securityView struct {
	*auth.Account
	Recovery   int // recovery codes left
	Identities []auth.Identity
	OIDC       bool
	Sessions   int
}

func (h *Pages) security(r *web.Request) error {
	a, err := myself(r)
	if err != nil {
		return err
	}
	view, err := read(r, h, func(ctx context.Context, q db.Q) (v securityView, err error) {
		v = securityView{Account: a, OIDC: h.OIDC != nil}
		if v.Identities, err = h.Auth.Identities(ctx, q, a.ID); err != nil {
			return v, err
		}
		sessions, err := h.Auth.Sessions(ctx, q, r.Principal)
		if err != nil {
			return v, err
		}
		v.Sessions = len(sessions)
		v.Recovery, err = h.Auth.RecoveryLeft(ctx, q, a.ID)
		return v, err
	})
	if err != nil {
		return err
	}
	return r.Render("admin/account_security", view)
}

func (h *Pages) unlink(r *web.Request) error {
	var in struct {
		Issuer  string `json:"issuer"`
		Subject string `json:"subject"`
	}
	if err := r.Decode(&in); err != nil {
		return err
	}
	if err := h.Auth.Unlink(r.Context(), r.Principal, in.Issuer, in.Subject); err != nil {
		return err
	}
	r.Flash("admin.flash.unlinked")
	return r.Redirect("/account/security")
}

// sessionsView is where an account is signed in.
type sessionsView struct {
	Sessions []auth.Session
	Current  string
}

func (h *Pages) sessions(r *web.Request) error {
	view, err := read(r, h, func(ctx context.Context, q db.Q) (v sessionsView, err error) {
		if s := r.Principal.Session; s != nil {
			v.Current = s.ID
		}
		v.Sessions, err = h.Auth.Sessions(ctx, q, r.Principal)
		return v, err
	})
	if err != nil {
		return err
	}
	return r.Render("admin/account_sessions", view)
}

func (h *Pages) endOthers(r *web.Request) error {
	if err := h.Auth.EndOtherSessions(r.Context(), r.Principal); err != nil {
		return err
	}
	r.Flash("admin.flash.others_ended")
	return r.Redirect("/account/sessions")
}

// endSession ends one of one's own sessions; those of others are ended from
// their account's page.
func (h *Pages) endSession(r *web.Request) error {
	id := r.PathValue("id")
	mine, err := read(r, h, func(ctx context.Context, q db.Q) ([]auth.Session, error) { return h.Auth.Sessions(ctx, q, r.Principal) })
	if err != nil {
		return err
	}
	if err := endListed(r, h, mine, id); err != nil {
		return err
	}
	return r.Redirect("/account/sessions")
}

// endListed ends a session that is one of those listed.
func endListed(r *web.Request, h *Pages, listed []auth.Session, id string) error {
	for _, s := range listed {
		if s.ID == id {
			r.Flash("admin.flash.session_ended")
			return h.Auth.EndSession(r.Context(), r.Principal, id)
		}
	}
	return kernel.Missing("session", id)
}

func (h *Pages) closePage(r *web.Request) error {
	if _, err := personOnly(r); err != nil {
		return err
	}
	if err := r.Principal.NeedConfirmed(r.Now()); err != nil {
		return err
	}
	return r.Render("admin/account_close", nil)
}

// personOnly lets in people who have an account for themselves: an officer's
// or an enterprise's is closed by an administrator.
func personOnly(r *web.Request) (*auth.Account, error) {
	a, err := myself(r)
	if err == nil && a.Kind != auth.Person {
		err = kernel.Missing("page", "")
	}
	return a, err
}

func (h *Pages) closeOwn(r *web.Request) error {
	a, err := personOnly(r)
	if err != nil {
		return err
	}
	word := r.T("admin.close.word")
	if r.Sent().Get("word") != word {
		err = kernel.Bad("word", "admin_word", "")
		return r.Refill("admin/account_close", nil, err)
	}
	err = h.Auth.Erase(r.Context(), r.Principal, a.ID, "")
	var refused *kernel.Error
	if errors.As(err, &refused) && refused.Kind == kernel.Conflict {
		return r.Refill("admin/account_close", nil, err)
	}
	if err != nil {
		return err
	}
	r.ClearSession()
	r.Flash("admin.flash.closed")
	return r.Redirect("/")
}

package admin

import (
	"context"
	"slices"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/web"
	"anlan/registry"
	"anlan/ui"
)

// accountDetail is an account as administrators see it.
type accountDetail struct {
	*auth.Account
	RoleTitles string
	Unit, Area kernel.Text
	Firm       string
	Sessions   []auth.Session
	Overseen   []string // names
	Self       bool
}

// load returns the account of the address.
func (h *Pages) load(r *web.Request) (*auth.Account, error) {
	return read(r, h, func(ctx context.Context, q db.Q) (*auth.Account, error) {
		return h.Auth.Account(ctx, q, r.PathValue("id"))
	})
}

func (h *Pages) showAccount(r *web.Request) error {
	view, err := read(r, h, func(ctx context.Context, q db.Q) (v accountDetail, err error) {
		if v.Account, err = h.Auth.Account(ctx, q, r.PathValue("id")); err != nil {
			return v, err
		}
		v.Self = r.Principal.Account != nil && r.Principal.Account.ID == v.ID
		v.RoleTitles = words(r, h.titles(v.Roles))
		if v.Unit, v.Area, v.Firm, err = where(ctx, q, v.Account); err != nil {
			return v, err
		}
		if r.Can(auth.EndSessions) || r.Can(auth.ReadAudit) {
			if v.Sessions, err = h.Auth.SessionsOf(ctx, q, v.ID); err != nil {
				return v, err
			}
		}
		v.Overseen, err = overseenNames(ctx, q, h, v.ID)
		return v, err
	})
	if err != nil {
		return err
	}
	return r.Render("admin/account_detail", view)
}

func overseenNames(ctx context.Context, q db.Q, h *Pages, account string) ([]string, error) {
	ids, err := h.Auth.Overseen(ctx, q, account)
	if err != nil {
		return nil, err
	}
	names, err := registry.EnterpriseNames(ctx, q, ids)
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = names[id]
	}
	return out, err
}

// done says what was done and goes back to the account.
func done(r *web.Request, key string) error {
	r.Flash(key)
	return r.Redirect("/admin/accounts/" + r.PathValue("id"))
}

// ask shows the page on which a dangerous thing is confirmed; who asks for it
// has proved who they are.
func (h *Pages) ask(r *web.Request, view string) error {
	a, err := h.load(r)
	if err != nil {
		return err
	}
	if err := r.Principal.NeedConfirmed(r.Now()); err != nil {
		return err
	}
	return r.Render(view, a)
}

// again shows the page of an act once more, with what was wrong.
func (h *Pages) again(r *web.Request, view string, err error) error {
	if !invalid(err) {
		return err
	}
	a, lerr := h.load(r)
	if lerr != nil {
		return lerr
	}
	return r.Refill(view, a, err)
}

// editForm is what an administrator may correct.
type editForm struct {
	*auth.Account
	Areas, Units []ui.Option
}

func (h *Pages) editForm(r *web.Request) (editForm, error) {
	return read(r, h, func(ctx context.Context, q db.Q) (f editForm, err error) {
		if f.Account, err = h.Auth.Account(ctx, q, r.PathValue("id")); err != nil {
			return f, err
		}
		if f.Areas, err = areaOptions(ctx, q, r); err != nil {
			return f, err
		}
		f.Units, err = unitOptions(ctx, q, r)
		return f, err
	})
}

func (h *Pages) editPage(r *web.Request) error {
	form, err := h.editForm(r)
	if err != nil {
		return err
	}
	return r.Render("admin/account_edit", form)
}

func (h *Pages) edit(r *web.Request) error {
	var in struct {
		Name  string `json:"name"`
		Phone string `json:"phone"`
		Email string `json:"email"`
		Area  string `json:"area"`
		Unit  string `json:"unit"`
	}
	err := r.Decode(&in)
	if err == nil {
		err = h.Auth.Update(r.Context(), r.Principal, r.PathValue("id"), auth.Change{Name: in.Name, Phone: in.Phone, Email: in.Email, Area: in.Area, Unit: in.Unit})
	}
	if err != nil {
		form, ferr := h.editForm(r)
		if ferr != nil {
			return ferr
		}
		return r.Refill("admin/account_edit", form, err)
	}
	return done(r, "admin.flash.account_changed")
}

func (h *Pages) linkPage(r *web.Request) error { return h.ask(r, "admin/account_link") }

func (h *Pages) newLink(r *web.Request) error {
	token, err := h.Auth.PasswordLink(r.Context(), r.Principal, r.PathValue("id"))
	if err != nil {
		return err
	}
	r.Flash("admin.flash.password_link", "link", r.Absolute("/auth/password/"+token))
	return r.Redirect("/admin/accounts/" + r.PathValue("id"))
}

func (h *Pages) statePage(r *web.Request) error { return h.ask(r, "admin/account_state") }

func (h *Pages) setState(r *web.Request) error {
	var in struct {
		State  auth.State `json:"state"`
		Reason string     `json:"reason"`
	}
	err := r.Decode(&in)
	if err == nil {
		err = h.Auth.SetState(r.Context(), r.Principal, r.PathValue("id"), in.State, in.Reason)
	}
	if err != nil {
		return h.again(r, "admin/account_state", err)
	}
	if in.State == auth.Active {
		return done(r, "admin.flash.account_opened")
	}
	return done(r, "admin.flash.account_disabled")
}

// assignForm is roles and reach of an account.
type assignForm struct {
	*auth.Account
	RoleOptions  []ui.Option
	Areas, Units []ui.Option
}

func (h *Pages) assignForm(r *web.Request) (assignForm, error) {
	return read(r, h, func(ctx context.Context, q db.Q) (f assignForm, err error) {
		if f.Account, err = h.Auth.Account(ctx, q, r.PathValue("id")); err != nil {
			return f, err
		}
		f.RoleOptions = h.roleOptions(r, func(role auth.Role) bool { return role.Officer == (f.Kind == auth.Officer) })
		if f.Areas, err = areaOptions(ctx, q, r); err != nil {
			return f, err
		}
		f.Units, err = unitOptions(ctx, q, r)
		return f, err
	})
}

func (h *Pages) assignPage(r *web.Request) error {
	form, err := h.assignForm(r)
	if err != nil {
		return err
	}
	if err := r.Principal.NeedConfirmed(r.Now()); err != nil {
		return err
	}
	return r.Render("admin/account_roles", form)
}

func (h *Pages) assign(r *web.Request) error {
	var in struct {
		Roles []string   `json:"roles"`
		Reach auth.Reach `json:"reach"`
		Area  string     `json:"area"`
		Unit  string     `json:"unit"`
	}
	err := r.Decode(&in)
	if err == nil {
		err = h.Auth.Assign(r.Context(), r.Principal, r.PathValue("id"), auth.Assignment{Roles: in.Roles, Reach: in.Reach, Area: in.Area, Unit: in.Unit})
	}
	if err != nil {
		form, ferr := h.assignForm(r)
		if ferr != nil {
			return ferr
		}
		return r.Refill("admin/account_roles", form, err)
	}
	return done(r, "admin.flash.roles_assigned")
}

func (h *Pages) unlock(r *web.Request) error {
	if err := h.Auth.Unlock(r.Context(), r.Principal, r.PathValue("id")); err != nil {
		return err
	}
	return done(r, "admin.flash.unlocked")
}

func (h *Pages) resetFactorPage(r *web.Request) error { return h.ask(r, "admin/account_factor") }

func (h *Pages) resetFactor(r *web.Request) error {
	if err := h.Auth.ResetTOTP(r.Context(), r.Principal, r.PathValue("id")); err != nil {
		return err
	}
	return done(r, "admin.flash.factor_reset")
}

func (h *Pages) endTheirs(r *web.Request) error {
	id := r.PathValue("id")
	theirs, err := read(r, h, func(ctx context.Context, q db.Q) ([]auth.Session, error) { return h.Auth.SessionsOf(ctx, q, id) })
	if err != nil {
		return err
	}
	if err := endListed(r, h, theirs, r.PathValue("session")); err != nil {
		return err
	}
	return r.Redirect("/admin/accounts/" + id)
}

func (h *Pages) erasePage(r *web.Request) error { return h.ask(r, "admin/account_erase") }

func (h *Pages) erase(r *web.Request) error {
	var in struct {
		Reason string `json:"reason"`
		Word   string `json:"word"`
	}
	err := r.Decode(&in)
	if err == nil && in.Word != r.T("admin.close.word") {
		err = kernel.Bad("word", "admin_word", "")
	}
	if err == nil {
		err = h.Auth.Erase(r.Context(), r.Principal, r.PathValue("id"), in.Reason)
	}
	if err != nil {
		return h.again(r, "admin/account_erase", err)
	}
	return done(r, "admin.flash.account_erased")
}

// overseenForm is the enterprises of a regulator, and those found by a search.
type overseenForm struct {
	*auth.Account
	Now, Found []ui.Option
	Text       string
}

func (h *Pages) overseenPage(r *web.Request) error {
	form, err := read(r, h, func(ctx context.Context, q db.Q) (f overseenForm, err error) {
		if f.Account, err = h.Auth.Account(ctx, q, r.PathValue("id")); err != nil {
			return f, err
		}
		if f.Kind != auth.Officer {
			return f, kernel.Missing("account", f.ID)
		}
		ids, err := h.Auth.Overseen(ctx, q, f.ID)
		if err != nil {
			return f, err
		}
		names, err := registry.EnterpriseNames(ctx, q, ids)
		if err != nil {
			return f, err
		}
		for _, id := range ids {
			f.Now = append(f.Now, ui.Option{Value: id, Text: names[id]})
		}
		if f.Text = r.URL.Query().Get("text"); f.Text == "" {
			return f, nil
		}
		found, err := registry.ListEnterprises(ctx, q, r.Scope(), registry.EnterpriseFilter{Text: f.Text, State: registry.Active, Limit: web.PageSize})
		for _, e := range found.Rows {
			if !slices.Contains(ids, e.ID) {
				f.Found = append(f.Found, ui.Option{Value: e.ID, Text: e.Name, Hint: e.USCC})
			}
		}
		return f, err
	})
	if err != nil {
		return err
	}
	return r.Render("admin/account_enterprises", form)
}

// oversee assigns enterprises that the officer who does it can see, or takes
// them away.
func (h *Pages) oversee(r *web.Request) error {
	var in struct {
		Add    []string `json:"add"`
		Remove []string `json:"remove"`
	}
	if err := r.Decode(&in); err != nil {
		return err
	}
	_, err := read(r, h, func(ctx context.Context, q db.Q) (_ struct{}, err error) {
		for _, id := range in.Add {
			if _, err := registry.GetEnterprise(ctx, q, r.Scope(), id); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	})
	if err == nil {
		err = h.Auth.Oversee(r.Context(), r.Principal, r.PathValue("id"), in.Add, in.Remove)
	}
	if err != nil {
		return err
	}
	r.Flash("admin.flash.overseen")
	return r.Redirect("/admin/accounts/" + r.PathValue("id") + "/enterprises")
}

package admin

import (
	"context"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/web"
	"anlan/ui"
)

func (h *Pages) tokenRoutes() []web.Route {
	list := console("GET", "/admin/tokens", auth.ManageTokens, h.tokens)
	list.Nav = &web.Nav{Group: "admin.identity", Label: "admin.tokens.title", Icon: "key", Order: 83}
	return []web.Route{
		list,
		console("GET", "/admin/tokens/new", auth.ManageTokens, h.newTokenPage),
		console("POST", "/admin/tokens/new", auth.ManageTokens, h.newToken),
		console("GET", "/admin/tokens/{id}/revoke", auth.ManageTokens, h.revokePage),
		console("POST", "/admin/tokens/{id}/revoke", auth.ManageTokens, h.revoke),
	}
}

// tokenRow is a token in words.
type tokenRow struct {
	auth.Token
	Can   []string
	State string // "live", "revoked" or "expired"
}

func (h *Pages) tokenRows(r *web.Request) ([]tokenRow, error) {
	return read(r, h, func(ctx context.Context, q db.Q) ([]tokenRow, error) {
		all, err := h.Auth.Tokens(ctx, q, r.Principal)
		rows := make([]tokenRow, len(all))
		for i, t := range all {
			rows[i] = tokenRow{Token: t, State: "live"}
			switch {
			case !t.RevokedAt.IsZero():
				rows[i].State = "revoked"
			case !t.ExpiresAt.After(r.Now()):
				rows[i].State = "expired"
			}
			for _, p := range t.Permissions {
				rows[i].Can = append(rows[i].Can, permissionText(r, p))
			}
		}
		return rows, err
	})
}

func (h *Pages) tokens(r *web.Request) error {
	rows, err := h.tokenRows(r)
	if err != nil {
		return err
	}
	return r.Render("admin/tokens", rows)
}

// tokenForm is what can be chosen for a token. No system administers this one,
// so the administrators' permissions are not among them.
type tokenForm struct {
	Permissions, Areas, Units []ui.Option
	Today                     kernel.Date
}

func (h *Pages) tokenForm(r *web.Request) (tokenForm, error) {
	return read(r, h, func(ctx context.Context, q db.Q) (f tokenForm, err error) {
		f.Today = r.Today()
		reserved := auth.NewSet()
		for _, role := range h.Auth.Roles().List() {
			if role.Admin {
				for _, p := range role.Permissions {
					reserved[p] = struct{}{}
				}
			}
		}
		for _, p := range h.Auth.Roles().Known().Sorted() {
			if !reserved.Has(p) {
				f.Permissions = append(f.Permissions, ui.Option{Value: string(p), Text: permissionText(r, p), Hint: string(p)})
			}
		}
		if f.Areas, err = areaOptions(ctx, q, r); err != nil {
			return f, err
		}
		f.Units, err = unitOptions(ctx, q, r)
		return f, err
	})
}

func (h *Pages) newTokenPage(r *web.Request) error {
	if err := r.Principal.NeedConfirmed(r.Now()); err != nil {
		return err
	}
	form, err := h.tokenForm(r)
	if err != nil {
		return err
	}
	return r.Render("admin/token_new", form)
}

// newToken issues a token; its text is shown once, on top of the list.
func (h *Pages) newToken(r *web.Request) error {
	var in struct {
		Name        string            `json:"name"`
		Permissions []auth.Permission `json:"permissions"`
		Reach       auth.Reach        `json:"reach"`
		Area        string            `json:"area"`
		Unit        string            `json:"unit"`
		USCC        string            `json:"uscc"`
		Expires     kernel.Date       `json:"expires"`
	}
	err := r.Decode(&in)
	t := auth.Token{Name: in.Name, Permissions: in.Permissions, Reach: in.Reach, Area: in.Area, Unit: in.Unit}
	if !in.Expires.IsZero() {
		t.ExpiresAt = in.Expires.End()
	}
	if err == nil && in.Reach == auth.ReachEnterprise {
		t.Enterprise, err = h.enterpriseOf(r, in.USCC)
	}
	var text string
	if err == nil {
		_, text, err = h.Auth.IssueToken(r.Context(), r.Principal, t)
	}
	if err != nil {
		form, ferr := h.tokenForm(r)
		if ferr != nil {
			return ferr
		}
		return r.Refill("admin/token_new", form, err)
	}
	r.Flash("admin.flash.token_issued", "token", text)
	return r.Redirect("/admin/tokens")
}

func (h *Pages) revokePage(r *web.Request) error {
	rows, err := h.tokenRows(r)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if row.ID == r.PathValue("id") && row.State == "live" {
			return r.Render("admin/token_revoke", row)
		}
	}
	return kernel.Missing("token", r.PathValue("id"))
}

func (h *Pages) revoke(r *web.Request) error {
	if err := h.Auth.RevokeToken(r.Context(), r.Principal, r.PathValue("id")); err != nil {
		return err
	}
	r.Flash("admin.flash.token_revoked")
	return r.Redirect("/admin/tokens")
}

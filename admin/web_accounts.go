package admin

import (
	"context"
	"errors"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/web"
	"anlan/registry"
	"anlan/ui"
)

func (h *Pages) accountsRoutes() []web.Route {
	list := console("GET", "/admin/accounts", auth.ReadAccounts, h.accounts)
	list.Nav = &web.Nav{Group: "admin.identity", Label: "admin.accounts.title", Icon: "users", Order: 80}
	roles := console("GET", "/admin/roles", auth.ReadAccounts, h.roles)
	roles.Nav = &web.Nav{Group: "admin.identity", Label: "admin.roles.title", Icon: "shield", Order: 81}
	return []web.Route{
		list, roles,
		console("GET", "/admin/accounts/new", auth.ManageAccounts, h.newAccountPage),
		console("POST", "/admin/accounts/new", auth.ManageAccounts, h.newAccount),
		console("GET", "/admin/accounts/{id}", auth.ReadAccounts, h.showAccount),
		console("GET", "/admin/accounts/{id}/edit", auth.ManageAccounts, h.editPage),
		console("POST", "/admin/accounts/{id}/edit", auth.ManageAccounts, h.edit),
		console("GET", "/admin/accounts/{id}/link", auth.ManageAccounts, h.linkPage),
		console("POST", "/admin/accounts/{id}/link", auth.ManageAccounts, h.newLink),
		console("GET", "/admin/accounts/{id}/state", auth.ManageAccounts, h.statePage),
		console("POST", "/admin/accounts/{id}/state", auth.ManageAccounts, h.setState),
		console("GET", "/admin/accounts/{id}/roles", auth.AssignRoles, h.assignPage),
		console("POST", "/admin/accounts/{id}/roles", auth.AssignRoles, h.assign),
		console("POST", "/admin/accounts/{id}/unlock", auth.ReleaseLocks, h.unlock),
		console("GET", "/admin/accounts/{id}/second-factor", auth.ReleaseLocks, h.resetFactorPage),
		console("POST", "/admin/accounts/{id}/second-factor", auth.ReleaseLocks, h.resetFactor),
		console("POST", "/admin/accounts/{id}/sessions/{session}/end", auth.EndSessions, h.endTheirs),
		console("GET", "/admin/accounts/{id}/erase", auth.EraseAccounts, h.erasePage),
		console("POST", "/admin/accounts/{id}/erase", auth.EraseAccounts, h.erase),
		console("GET", "/admin/accounts/{id}/enterprises", auth.OverseeEnterprise, h.overseenPage),
		console("POST", "/admin/accounts/{id}/enterprises", auth.OverseeEnterprise, h.oversee),
	}
}

// accountRow is a line of the list.
type accountRow struct {
	*auth.Account
	RoleTitles string
	Place      string
}

// accountsView is a page of accounts with what they can be filtered by.
type accountsView struct {
	web.List[accountRow]
	Roles, Areas []ui.Option
}

func (h *Pages) accounts(r *web.Request) error {
	var f struct {
		Kind  auth.AccountKind `json:"kind"`
		State auth.State       `json:"state"`
		Role  string           `json:"role"`
		Area  string           `json:"area"`
		Text  string           `json:"text"`
		After string           `json:"after"`
	}
	if err := r.DecodeQuery(&f); err != nil {
		return err
	}
	cursor, err := web.ParseCursor(f.After, 1)
	if err != nil {
		return err
	}
	filter := auth.AccountFilter{Kind: f.Kind, State: f.State, Role: f.Role, Area: f.Area, Text: f.Text, Limit: web.PageSize + 1}
	view, err := read(r, h, func(ctx context.Context, q db.Q) (v accountsView, err error) {
		total, err := h.Auth.Count(ctx, q, filter, web.CountCap+1)
		if err != nil {
			return v, err
		}
		if cursor != nil {
			filter.After = cursor[0]
		}
		found, err := h.Auth.List(ctx, q, filter)
		if err != nil {
			return v, err
		}
		rows, err := h.accountRows(ctx, q, r, found)
		if err != nil {
			return v, err
		}
		v.List = web.NewList(rows, web.PageSize, total, func(a accountRow) web.Cursor { return web.CursorOf(a.ID) })
		v.Roles = h.roleOptions(r, func(auth.Role) bool { return true })
		v.Areas, err = areaOptions(ctx, q, r)
		return v, err
	})
	if err != nil {
		return err
	}
	return r.Render("admin/accounts", view)
}

func (h *Pages) accountRows(ctx context.Context, q db.Q, r *web.Request, found []*auth.Account) ([]accountRow, error) {
	var firms []string
	for _, a := range found {
		if a.Enterprise != "" {
			firms = append(firms, a.Enterprise)
		}
	}
	names, err := registry.EnterpriseNames(ctx, q, firms)
	if err != nil {
		return nil, err
	}
	units, err := registry.Units(ctx, q, registry.UnitFilter{Closed: true})
	if err != nil {
		return nil, err
	}
	places := map[string]string{}
	for _, u := range units {
		places[u.ID] = r.Text(u.Name)
	}
	rows := make([]accountRow, len(found))
	for i, a := range found {
		rows[i] = accountRow{Account: a, RoleTitles: words(r, h.titles(a.Roles)), Place: places[a.Unit]}
		if a.Enterprise != "" {
			rows[i].Place = names[a.Enterprise]
		}
	}
	return rows, nil
}

// roleOptions are the roles that fit.
func (h *Pages) roleOptions(r *web.Request, fits func(auth.Role) bool) []ui.Option {
	var out []ui.Option
	for _, role := range h.Auth.Roles().List() {
		if fits(role) {
			out = append(out, ui.Option{Value: role.ID, Text: r.Text(role.Title)})
		}
	}
	return out
}

func areaOptions(ctx context.Context, q db.Q, r *web.Request) ([]ui.Option, error) {
	areas, err := registry.Areas(ctx, q)
	out := make([]ui.Option, len(areas))
	for i, a := range areas {
		out[i] = ui.Option{Value: a.Code, Text: r.Text(a.Name)}
	}
	return out, err
}

func unitOptions(ctx context.Context, q db.Q, r *web.Request) ([]ui.Option, error) {
	units, err := registry.Units(ctx, q, registry.UnitFilter{})
	out := make([]ui.Option, len(units))
	for i, u := range units {
		out[i] = ui.Option{Value: u.ID, Text: r.Text(u.Name)}
	}
	return out, err
}

// newAccountForm is the form of an account that an administrator sets up.
type newAccountForm struct {
	Kind         auth.AccountKind
	Areas, Units []ui.Option
}

func (h *Pages) newAccountForm(r *web.Request, kind auth.AccountKind) (newAccountForm, error) {
	switch kind {
	case auth.Enterprise, auth.Person:
	default:
		kind = auth.Officer
	}
	return read(r, h, func(ctx context.Context, q db.Q) (f newAccountForm, err error) {
		f.Kind = kind
		if f.Areas, err = areaOptions(ctx, q, r); err != nil {
			return f, err
		}
		f.Units, err = unitOptions(ctx, q, r)
		return f, err
	})
}

func (h *Pages) newAccountPage(r *web.Request) error {
	form, err := h.newAccountForm(r, auth.AccountKind(r.URL.Query().Get("kind")))
	if err != nil {
		return err
	}
	return r.Render("admin/account_new", form)
}

// newAccount sets up an account. The link with which its holder chooses a
// password is shown once, on top of the account's page.
func (h *Pages) newAccount(r *web.Request) error {
	var in struct {
		Kind  auth.AccountKind `json:"kind"`
		Login string           `json:"login"`
		Name  string           `json:"name"`
		Phone string           `json:"phone"`
		Email string           `json:"email"`
		Area  string           `json:"area"`
		Unit  string           `json:"unit"`
		USCC  string           `json:"uscc"`
	}
	err := r.Decode(&in)
	n := auth.NewAccount{Kind: in.Kind, Login: in.Login, Name: in.Name, Phone: in.Phone, Email: in.Email, Area: in.Area, Unit: in.Unit}
	if err == nil && in.Kind == auth.Enterprise {
		n.Enterprise, err = h.enterpriseOf(r, in.USCC)
	}
	var account *auth.Account
	var link string
	if err == nil {
		account, link, err = h.Auth.Create(r.Context(), r.Principal, n)
	}
	if err != nil {
		form, ferr := h.newAccountForm(r, auth.AccountKind(r.Sent().Get("kind")))
		if ferr != nil {
			return ferr
		}
		return r.Refill("admin/account_new", form, err)
	}
	r.Flash("admin.flash.account_created", "link", r.Absolute("/auth/password/"+link))
	return r.Redirect("/admin/accounts/" + account.ID)
}

// enterpriseOf finds the enterprise with a code for an administrator, who sees
// no business rows but must be able to name one.
func (h *Pages) enterpriseOf(r *web.Request, uscc string) (string, error) {
	if err := kernel.CheckUSCC("uscc", uscc); err != nil {
		return "", err
	}
	e, err := read(r, h, func(ctx context.Context, q db.Q) (registry.Enterprise, error) {
		return registry.FindEnterprise(ctx, q, auth.CityScope(), uscc)
	})
	if err != nil && kernel.KindOf(err) == kernel.NotFound {
		return "", kernel.Bad("uscc", "not_found", uscc)
	}
	return e.ID, err
}

// roleView is a role with what it may do and how many hold it.
type roleView struct {
	auth.Role
	Can     []string
	Holders int
}

func (h *Pages) roles(r *web.Request) error {
	view, err := read(r, h, func(ctx context.Context, q db.Q) (out []roleView, err error) {
		for _, role := range h.Auth.Roles().List() {
			v := roleView{Role: role}
			for _, p := range role.Permissions {
				v.Can = append(v.Can, permissionText(r, p))
			}
			if v.Holders, err = h.Auth.Count(ctx, q, auth.AccountFilter{Role: role.ID, State: auth.Active}, web.CountCap); err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		return out, nil
	})
	if err != nil {
		return err
	}
	return r.Render("admin/roles", view)
}

// permissionText is a permission in words; those of the rooms have their words
// here, because only this page says them.
func permissionText(r *web.Request, p auth.Permission) string {
	for _, start := range []string{"auth.permission.", "admin.permission."} {
		if key := start + string(p); r.Texts().Has(key) {
			return r.T(key)
		}
	}
	return string(p)
}

// invalid reports whether err can be told at a form.
func invalid(err error) bool {
	var e *kernel.Error
	return errors.As(err, &e) && (e.Kind == kernel.Invalid || e.Kind == kernel.Conflict)
}

package admin

import (
	"context"
	"net/url"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/web"
)

func (h *Pages) setupRoutes() []web.Route {
	return []web.Route{
		public("GET", "/auth/setup/{token}", h.setupPage),
		public("POST", "/auth/setup/{token}", h.setup),
		public("GET", "/auth/setup-done", h.setupDone),
	}
}

// adminSeat is one of the three administrators who must be three people.
type adminSeat struct {
	Field string
	Title kernel.Text
	Can   string // key of what this one does
}

// seats are the three, in the order in which auth names them.
func (h *Pages) seats() []adminSeat {
	var out []adminSeat
	for _, s := range []struct{ field, role, can string }{
		{"system", auth.SystemAdmin, "admin.setup.system"},
		{"security", auth.SecurityAdmin, "admin.setup.security"},
		{"audit", auth.AuditAdmin, "admin.setup.audit"},
	} {
		role, _ := h.Auth.Roles().Get(s.role)
		out = append(out, adminSeat{s.field, role.Title, s.can})
	}
	return out
}

func (h *Pages) setupPage(r *web.Request) error {
	_, err := read(r, h, func(ctx context.Context, q db.Q) (struct{}, error) {
		return struct{}{}, h.Auth.CheckSetup(ctx, q, r.PathValue("token"))
	})
	if err != nil {
		return err
	}
	return r.Render("admin/setup", h.seats())
}

// setup names the three administrators. The links with which they choose their
// passwords travel in the address of the next page, so that a second click or
// a lost answer does not lock everybody out.
func (h *Pages) setup(r *web.Request) error {
	type person struct {
		Login string `json:"login"`
		Name  string `json:"name"`
		Phone string `json:"phone"`
	}
	var in struct {
		System   person `json:"system"`
		Security person `json:"security"`
		Audit    person `json:"audit"`
	}
	var links [3]string
	err := r.Decode(&in)
	if err == nil {
		first := func(p person) auth.FirstAdmin {
			return auth.FirstAdmin{Login: p.Login, Name: p.Name, Phone: p.Phone}
		}
		links, err = h.Auth.CompleteSetup(r.Context(), r.PathValue("token"), auth.Setup{System: first(in.System), Security: first(in.Security), Audit: first(in.Audit)}, r.Addr)
	}
	if err != nil {
		return r.Refill("admin/setup", h.seats(), err)
	}
	tokens := url.Values{}
	for i, seat := range h.seats() {
		tokens.Set(seat.Field, links[i])
	}
	return r.Redirect("/auth/setup-done?" + tokens.Encode())
}

// setupLink is the password link of one administrator.
type setupLink struct {
	adminSeat
	Account *auth.Account
	Link    string // "" once it was used
}

func (h *Pages) setupDone(r *web.Request) error {
	links, err := read(r, h, func(ctx context.Context, q db.Q) (links []setupLink, err error) {
		for _, seat := range h.seats() {
			l := setupLink{adminSeat: seat}
			token := r.URL.Query().Get(seat.Field)
			l.Account, err = h.Auth.PasswordLinkAccount(ctx, q, token)
			switch {
			case err == nil:
				l.Link = r.Absolute("/auth/password/" + token)
			case kernel.KindOf(err) != kernel.NotFound:
				return nil, err
			}
			links = append(links, l)
		}
		return links, nil
	})
	if err != nil {
		return err
	}
	return r.Render("admin/setup_done", links)
}

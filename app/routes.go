package app

import (
	"context"

	"anlan/admin"
	"anlan/internal/db"
	"anlan/internal/web"
	"anlan/licensing"
	"anlan/licensing/rule"
)

// routes are every page and operation of the platform, each with its
// permission.
func routes(b *Base, s *services) []web.Route {
	var all []web.Route
	all = append(all, admin.New(admin.Parts{DB: b.DB, Clock: b.Clock, Auth: s.auth, OIDC: s.oidc, Registry: s.registry, Sheets: s.sheets, Jobs: s.jobs, Bus: s.bus,
		Files: b.Files, Notify: s.notify, Exchange: s.exchange, Settings: s.settings, Texts: s.texts, AuditHead: b.Config.AuditHead,
		Statements: s.report, Figures: figures(s.licensing), Tours: s.tours, Items: items(), Entries: entries(b, s)}).Routes()...)
	all = append(all, licensing.NewPages(s.licensing).Routes()...)
	if s.phone != nil {
		all = append(all, s.phone.routes()...)
	}
	return all
}

// items are the licence items that an agent may be limited to.
func items() []admin.Item {
	var out []admin.Item
	for _, it := range rule.Shipped().Items() {
		out = append(out, admin.Item{ID: it.ID, Title: it.Title})
	}
	return out
}

// entries lists whom a visitor of the demo may enter as; nil outside the demo.
func entries(b *Base, s *services) func(context.Context) ([]admin.Entry, error) {
	if s.city == nil {
		return nil
	}
	return func(ctx context.Context) (out []admin.Entry, err error) {
		err = b.DB.View(ctx, func(ctx context.Context, q db.Q) error {
			found, err := s.city.Entries(ctx, q)
			for _, e := range found {
				role, _ := s.auth.Roles().Get(e.Role)
				out = append(out, admin.Entry{Account: e.Account, Role: role.Title, Name: e.Name, Where: e.Where, Group: e.Group})
			}
			return err
		})
		return out, err
	}
}

package app

import (
	"context"

	"anlan/admin"
	"anlan/internal/db"
	"anlan/internal/i18n"
	"anlan/internal/web"
	"anlan/licensing"
	"anlan/licensing/rule"
	"anlan/registry"
)

// routes are every page and operation of the platform, each with its
// permission.
func routes(b *Base, s *services, machinery *admin.Pages) []web.Route {
	all := machinery.Routes()
	all = append(all, registry.NewPages(registry.PageParts{Service: s.registry, Sheets: s.sheets, Jobs: s.jobs, Files: b.Files}).Routes()...)
	all = append(all, licensing.NewPages(s.licensing).Routes()...)
	all = append(all, receiptRoutes(s.exchange)...)
	if s.phone != nil {
		all = append(all, s.phone.routes()...)
	}
	return all
}

// machinery are the pages that stand on every part of the platform.
func machinery(b *Base, s *services) *admin.Pages {
	return admin.New(admin.Parts{DB: b.DB, Clock: b.Clock, Auth: s.auth, OIDC: s.oidc, Registry: s.registry, Sheets: s.sheets, Jobs: s.jobs, Bus: s.bus,
		Files: b.Files, Notify: s.notify, Exchange: s.exchange, Settings: s.settings, Texts: s.texts, AuditHead: b.Config.AuditHead,
		Finds: finds(s.licensing), Status: status(b),
		Statements: s.report, Figures: figures(s.licensing), Tours: s.tours, Licences: licences(), Entries: entries(b, s)})
}

// status lets the status page ask the doctor.
func status(b *Base) func(ctx context.Context, lang string) []admin.Finding {
	texts := i18n.MustLoad(Texts())
	return func(ctx context.Context, lang string) []admin.Finding {
		var out []admin.Finding
		for _, f := range Doctor(ctx, b.Config, b.Clock.Now(), b.Log) {
			out = append(out, admin.Finding{Level: string(f.Level), Topic: f.Topic, Text: texts.T(lang, "app.doctor."+f.Key, f.Args...)})
		}
		return out
	}
}

// licences are what an agent may be limited to: a licence with every item that
// is about it, because who may renew must see what is renewed.
func licences() []admin.Licence {
	rules := rule.Shipped()
	var out []admin.Licence
	for _, first := range rules.Items() {
		if first.Kind != rule.First {
			continue
		}
		l := admin.Licence{ID: first.ID, Title: first.Issues()}
		for _, it := range rules.Items() {
			if it.Group == first.Group {
				l.Items = append(l.Items, it.ID)
			}
		}
		out = append(out, l)
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

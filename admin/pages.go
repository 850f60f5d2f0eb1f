package admin

import (
	"context"
	"embed"
	"slices"

	"anlan/internal/auth"
	"anlan/internal/blob"
	"anlan/internal/db"
	"anlan/internal/event"
	"anlan/internal/exchange"
	"anlan/internal/i18n"
	"anlan/internal/job"
	"anlan/internal/kernel"
	"anlan/internal/notify"
	"anlan/internal/settings"
	"anlan/internal/web"
	"anlan/registry"
)

//go:embed views/*.html locale/*.json
var files embed.FS

// Views are the pages of this package.
func Views() web.Views { return web.Views{Room: "admin", FS: files} }

// Parts are what the pages stand on. Fields marked optional may be nil.
type Parts struct {
	DB         *db.DB
	Clock      kernel.Clock
	Auth       *auth.Service
	OIDC       *auth.OIDC // optional: the city's unified identity is not configured
	Registry   *registry.Service
	Sheets     *registry.Sheets
	Jobs       *job.Runner
	Bus        *event.Bus
	Files      *blob.Store
	Notify     *notify.Notifier
	Exchange   *exchange.Exchange
	Settings   []settings.Editable // every setting that an administrator may change
	Texts      *i18n.Catalogues
	AuditHead  string                                           // file with the sealed head, for verifying
	Finds      []Findable                                       // what the search over all rooms finds
	Status     func(ctx context.Context, lang string) []Finding // what is configured and what is missing
	Statements []Statement
	Figures    func(ctx context.Context) (map[string]int64, error) // of the statements, by id
	Tours      []Tour
	Licences   []Licence                                  // what an agent may be limited to
	Entries    func(ctx context.Context) ([]Entry, error) // optional: whom a visitor of the demo may enter as
}

// Pages are the handlers of this package.
type Pages struct{ Parts }

// Entry is an account that a visitor of the demo may enter as.
type Entry struct {
	Account string
	Role    kernel.Text
	Name    string
	Where   kernel.Text
	Group   string // "hall", "licensing", "bureau", "district" or "admin"
}

// New returns the pages.
func New(p Parts) *Pages {
	if p.Files != nil {
		p.Files.Refer("auth", auth.Documents)
	}
	return &Pages{p}
}

// Routes are the pages of this package.
func (h *Pages) Routes() []web.Route {
	routes := []web.Route{
		{Method: "GET", Path: "/{$}", Permission: web.Public, Handler: h.front, Frame: web.Hall},
		{Method: "GET", Path: "/report", Permission: web.Public, Handler: h.report, Frame: web.Hall},
		{Method: "GET", Path: "/tours/{role}", Permission: web.Public, Handler: h.tour, Frame: web.Hall},
	}
	return slices.Concat(routes, h.identityRoutes(), h.machineryRoutes())
}

func (h *Pages) front(r *web.Request) error {
	report, err := h.reportPage(r)
	if err != nil {
		return err
	}
	page := frontPage{reportPage: report, Tours: h.Tours}
	switch {
	case r.Principal.Account != nil:
		page.Home = homeOf(r.Principal.Account)
	case h.Entries != nil:
		entries, err := h.Entries(r.Context())
		if err != nil {
			return err
		}
		page.Groups = grouped(entries)
	}
	return r.Render("admin/front", page)
}

// frontPage is the public report and, in the demo, who one may be.
type frontPage struct {
	reportPage
	Tours  []Tour
	Groups []entryGroup
	Home   string // of whoever is signed in, "" for visitors
}

// entryGroup is a headed part of the people whom a visitor may enter as.
type entryGroup struct {
	ID      string
	Entries []Entry
}

// grouped puts the people into their groups, those whom a visitor looks for
// first in front.
func grouped(entries []Entry) []entryGroup {
	var groups []entryGroup
	for _, id := range []string{"hall", "licensing", "bureau", "district", "admin"} {
		of := slices.DeleteFunc(slices.Clone(entries), func(e Entry) bool { return e.Group != id })
		if len(of) > 0 {
			groups = append(groups, entryGroup{id, of})
		}
	}
	return groups
}

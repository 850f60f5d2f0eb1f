package admin

import (
	"context"
	"embed"

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
	AuditHead  string // file with the sealed head, for verifying
	Statements []Statement
	Figures    func(ctx context.Context) (map[string]int64, error) // of the statements, by id
	Tours      []Tour
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
}

// New returns the pages.
func New(p Parts) *Pages { return &Pages{p} }

// Routes are the pages of this package.
func (h *Pages) Routes() []web.Route {
	return []web.Route{
		{Method: "GET", Path: "/{$}", Permission: web.Public, Handler: h.front, Frame: web.Hall},
		{Method: "GET", Path: "/report", Permission: web.Public, Handler: h.report, Frame: web.Hall},
		{Method: "GET", Path: "/tours/{role}", Permission: web.Public, Handler: h.tour, Frame: web.Hall},
		{Method: "GET", Path: "/sign-in", Permission: web.Public, Handler: h.signInPage, Frame: web.Hall},
		{Method: "POST", Path: "/sign-in", Permission: web.Public, Handler: h.signIn, Frame: web.Hall, NoReplay: true},
		{Method: "POST", Path: "/enter-as", Permission: web.Public, Handler: h.enterAs, Frame: web.Hall, NoReplay: true},
		{Method: "POST", Path: "/sign-out", Permission: web.Public, Handler: h.signOut, Frame: web.Hall, NoReplay: true},
	}
}

func (h *Pages) front(r *web.Request) error {
	report, err := h.reportPage(r)
	if err != nil {
		return err
	}
	page := frontPage{reportPage: report, Tours: h.Tours}
	if h.Entries != nil && !r.Principal.SignedIn() {
		if page.Entries, err = h.Entries(r.Context()); err != nil {
			return err
		}
	}
	return r.Render("admin/front", page)
}

// frontPage is the public report and, in the demo, who one may be.
type frontPage struct {
	reportPage
	Tours   []Tour
	Entries []Entry
}

// enterAs signs a visitor of the demo in; auth refuses it anywhere else and
// from anywhere but this machine.
func (h *Pages) enterAs(r *web.Request) error {
	entry, err := h.Auth.EnterAs(r.Context(), r.Sent().Get("account"), auth.Client{Addr: r.Addr, Agent: r.UserAgent(), Cookie: r.SessionToken()})
	if err != nil {
		return err
	}
	r.SetSession(entry.Token)
	return r.Redirect("/")
}

func (h *Pages) signInPage(r *web.Request) error {
	return r.Render("admin/signin", r.ReturnTo("/"))
}

func (h *Pages) signIn(r *web.Request) error {
	var in struct {
		Login    string `json:"login"`
		Password string `json:"password"`
		Return   string `json:"return"`
	}
	if err := r.Decode(&in); err != nil {
		return r.Refill("admin/signin", r.ReturnTo("/"), err)
	}
	entry, err := h.Auth.Login(r.Context(), in.Login, in.Password, auth.Client{Addr: r.Addr, Agent: r.UserAgent(), Cookie: r.SessionToken()})
	if err != nil {
		return r.Refill("admin/signin", r.ReturnTo("/"), err)
	}
	r.SetSession(entry.Token)
	return r.Redirect(r.ReturnTo("/"))
}

func (h *Pages) signOut(r *web.Request) error {
	if token := r.SessionToken(); token != "" {
		if err := h.Auth.Logout(r.Context(), r.Principal, token); err != nil {
			return err
		}
	}
	r.ClearSession()
	return r.Redirect("/")
}

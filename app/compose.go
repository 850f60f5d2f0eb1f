package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"anlan/admin"
	"anlan/internal/audit"
	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/deadline"
	"anlan/internal/document"
	"anlan/internal/event"
	"anlan/internal/exchange"
	"anlan/internal/form"
	"anlan/internal/i18n"
	"anlan/internal/job"
	"anlan/internal/kernel"
	"anlan/internal/notify"
	"anlan/internal/number"
	"anlan/internal/personal"
	"anlan/internal/settings"
	"anlan/internal/sheet"
	"anlan/internal/web"
	"anlan/internal/worklist"
	"anlan/licensing"
	"anlan/licensing/rule"
	"anlan/registry"
	"anlan/sample"
)

// composition is how compose is asked to build.
type composition struct {
	demo bool                             // fill an empty database with the sample city
	say  func(format string, args ...any) // progress of the start
}

// services are what the platform is built from, one of each.
type services struct {
	bus       *event.Bus
	jobs      *job.Runner
	vault     *personal.Vault
	texts     *i18n.Catalogues
	notify    *notify.Notifier
	post      *notify.Post
	exchange  *exchange.Exchange
	settings  []settings.Editable // what administrators may change
	auth      *auth.Service
	oidc      *auth.OIDC // nil: no unified identity is configured
	registry  *registry.Service
	sheets    *registry.Sheets
	licensing *licensing.Service
	city      *sample.City // nil outside the demo
	phone     *demoPhone   // nil outside the demo
	report    []admin.Statement
	tours     []admin.Tour
}

// compose makes the site on b. It starts nothing: what runs is in Site.Parts.
func compose(ctx context.Context, b *Base, c composition) (*Site, error) {
	s, server, err := assemble(ctx, b, c)
	if err != nil {
		return nil, err
	}
	notes, err := setupNotes(ctx, b, s)
	if err != nil {
		return nil, err
	}
	return &Site{Handler: server.Handler(), Close: server.Close, Notes: notes, Parts: []Part{
		Running("events", s.bus), Running("jobs", s.jobs), Running("messages", s.post), Running("exchange", s.exchange)}}, nil
}

// assemble builds the services on b, ties events to those who react and routes
// to handlers.
func assemble(ctx context.Context, b *Base, c composition) (*services, *web.Server, error) {
	var phone *demoPhone
	if c.demo {
		phone = newDemoPhone()
		if url := phone.gateway(b.Config); url != "" {
			b.Config.SMS, b.Config.SMSSecret = url, string(phone.secret)
		}
	}
	s, err := build(ctx, b, c.demo, false)
	if err != nil {
		return nil, nil, err
	}
	s.phone = phone
	if c.demo {
		if err := settleCity(ctx, b, s, c.say); err != nil {
			return nil, nil, err
		}
	}
	keepHouse(b, s)
	pages := machinery(b, s)
	server, err := web.New(web.Config{
		DB: b.DB, Identity: identity{s.auth}, Secret: b.Key, Routes: routes(b, s, pages), Topics: append(pages.Topics(), licensing.NewPages(s.licensing).Topics()...), Counts: pages.Counts, Hub: b.Hub, Clock: b.Clock, Log: b.Log,
		Views: views(), Texts: texts(), Proxies: b.Config.Proxies(), Secure: b.Config.Secure(), Site: siteFacts(b.Config, c.demo),
		Observe: b.Metrics.Observe,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("pages: %w", err)
	}
	s.jobs.Every("web.sweep", time.Hour, server.Sweep)
	return s, server, nil
}

// views are the pages of every package that has some.
func views() []web.Views { return []web.Views{admin.Views(), registry.Views(), licensing.Views()} }

// texts are the catalogues of the packages without views.
func texts() []i18n.Source {
	return []i18n.Source{personal.Texts(), auth.Texts(), job.Texts(), number.Texts(), worklist.Texts(), form.Source(), sheet.Source(), document.Source(),
		notify.Texts(), exchange.Texts(), deadline.Texts(), {Owner: "rule", FS: rule.Locale()}}
}

// catalogues are all texts, for what is written outside of a page.
func catalogues() (*i18n.Catalogues, error) {
	all := append(texts(), web.Source())
	for _, v := range views() {
		all = append(all, i18n.Source{Owner: v.Room, FS: v.FS})
	}
	return i18n.Load(all...)
}

// build makes one of each service. The past of the sample city has services of
// its own, on a clock that walks; they hand nothing to the world outside.
func build(ctx context.Context, b *Base, demo, past bool) (*services, error) {
	if err := registry.Prepare(ctx, b.DB); err != nil {
		return nil, fmt.Errorf("areas and units: %w", err)
	}
	roles, err := auth.Compose(auth.BaseRoles(), grants()...)
	if err != nil {
		return nil, err
	}
	s := &services{bus: event.NewBus(b.DB, b.Clock, b.Log), jobs: job.NewRunner(b.DB, b.Files, b.Hub, b.Clock, b.Log), vault: personal.NewVault(b.Key)}
	if s.texts, err = catalogues(); err != nil {
		return nil, fmt.Errorf("texts: %w", err)
	}
	if err := s.buildOutward(b, past); err != nil {
		return nil, err
	}
	s.registry = registry.New(registry.Parts{DB: b.DB, Clock: b.Clock, Bus: s.bus, Vault: s.vault})
	s.sheets = registry.NewSheets(s.registry, s.jobs, b.Files, s.texts)
	options := auth.Options{Demo: demo, Directory: s.registry, Enterprises: s.registry}
	if b.Config.SMS != "" {
		options.Sender = codeSender{s.notify}
	}
	s.auth = auth.NewService(b.DB, s.vault, auth.NewLinks(b.Key, b.Clock), roles, b.Clock, options)
	s.oidc = identityProvider(b.Config, s.auth, b.Config.PublicURL)
	if err := s.auth.Adopt(ctx); err != nil {
		return nil, fmt.Errorf("roles: %w", err)
	}
	sealer, err := document.NewLocalSealer(filepath.Join(b.Config.Data, "seal"), "天津市应急管理局", sealFrom(b, demo))
	if err != nil {
		return nil, fmt.Errorf("local seal: %w", err)
	}
	printer, err := b.Config.printer()
	if err != nil {
		return nil, err
	}
	s.licensing = licensing.New(licensing.Parts{DB: b.DB, Clock: b.Clock, Log: b.Log, Bus: s.bus, Jobs: s.jobs, Blobs: b.Files,
		Numbers: number.NewIssuer(b.DB, b.Clock), Vault: s.vault, Notify: s.notify, Codes: s.auth.Codes(), Registry: s.registry, Officers: s.auth, Live: b.Hub,
		Printer: printer, Sealer: sealer, Rules: rule.Shipped(), PublicURL: b.Config.PublicURL, Sample: past})
	subscribe(s.bus, s.exchange, b.Clock)
	if s.report, err = statements(); err != nil {
		return nil, fmt.Errorf("public report: %w", err)
	}
	if s.tours, err = tours(); err != nil {
		return nil, fmt.Errorf("tours: %w", err)
	}
	return s, nil
}

// buildOutward makes what speaks to the world outside.
func (s *services) buildOutward(b *Base, past bool) (err error) {
	s.notify = notify.NewNotifier(s.vault)
	var peers exchange.Options
	if past {
		s.notify = s.notify.Withholding()
	} else if peers, err = exchangeOptions(b.Config, os.Getenv); err != nil {
		return err
	}
	if s.post, err = notify.NewPost(b.DB, s.notify, s.texts, b.Clock, b.Log, senders(b.Config)); err != nil {
		return fmt.Errorf("messages: %w", err)
	}
	names, err := exchange.MapSetting(exchange.KindPublication)
	if err != nil {
		return err
	}
	s.settings = []settings.Editable{notify.OutwardPaused().Editable(), licensing.AcknowledgeWithin.Editable(), names.Editable()}
	if s.exchange, err = exchange.New(b.DB, b.Clock, b.Log, peers); err != nil {
		return fmt.Errorf("exchange: %w", err)
	}
	return nil
}

// sealAudit chains the audit rows and keeps the head in a second place.
func sealAudit(b *Base) func(context.Context) error {
	sealer := audit.NewSealer(b.DB, b.Clock, b.Config.AuditHead)
	return func(ctx context.Context) error {
		_, err := sealer.Seal(ctx)
		return err
	}
}

// setupNotes is the one-time link that names the first administrators, printed
// while there are none.
func setupNotes(ctx context.Context, b *Base, s *services) (func(base string) []string, error) {
	var needed bool
	err := b.DB.View(ctx, func(ctx context.Context, q db.Q) (err error) {
		needed, err = s.auth.SetupNeeded(ctx, q)
		return err
	})
	if err != nil || !needed {
		return nil, err
	}
	token, err := s.auth.SetupLink(ctx)
	if err != nil {
		return nil, err
	}
	return func(base string) []string {
		return []string{"no administrators yet: name them within a day, with this link, which works once:", base + "/auth/setup/" + token}
	}, nil
}

// siteFacts is what the frames say about the installation.
func siteFacts(c Config, demo bool) web.Site {
	return web.Site{
		Name:     kernel.Text{ZH: "安澜", EN: "Anlan"},
		Operator: kernel.Text{ZH: "天津市应急管理局", EN: "Tianjin Emergency Management Bureau"},
		Hotlines: []web.Hotline{{Label: kernel.Text{ZH: "安全生产举报投诉", EN: "Work safety reports"}, Number: "12350"},
			{Label: kernel.Text{ZH: "政务服务便民热线", EN: "Government services"}, Number: "12345"}},
		ICP: c.ICP, Police: c.Police, Demo: demo,
	}
}

// identity lets web ask auth who makes a request.
type identity struct{ auth *auth.Service }

func (i identity) Session(ctx context.Context, token, addr string) (*auth.Principal, error) {
	return i.auth.Authenticate(ctx, auth.Credential{Cookie: token, Addr: addr})
}

func (i identity) Token(ctx context.Context, token, addr string) (*auth.Principal, error) {
	return i.auth.Authenticate(ctx, auth.Credential{Bearer: token, Addr: addr})
}

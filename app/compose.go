package app

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"anlan/admin"
	"anlan/internal/audit"
	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/deadline"
	"anlan/internal/document"
	"anlan/internal/event"
	"anlan/internal/form"
	"anlan/internal/i18n"
	"anlan/internal/job"
	"anlan/internal/kernel"
	"anlan/internal/notify"
	"anlan/internal/number"
	"anlan/internal/personal"
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
	auth      *auth.Service
	registry  *registry.Service
	licensing *licensing.Service
	city      *sample.City // nil outside the demo
}

// compose builds the services on b, ties events to those who react and routes
// to handlers. It starts nothing: what runs is in Site.Parts.
func compose(ctx context.Context, b *Base, c composition) (*Site, error) {
	s, err := build(ctx, b, c.demo)
	if err != nil {
		return nil, err
	}
	if c.demo {
		if err := settleCity(ctx, b, s, c.say); err != nil {
			return nil, err
		}
	}
	server, err := web.New(web.Config{
		DB: b.DB, Identity: identity{s.auth}, Secret: b.Key, Routes: routes(b, s), Hub: b.Hub, Clock: b.Clock, Log: b.Log,
		Views: []web.Views{admin.Views(), licensing.Views()},
		Texts: []i18n.Source{personal.Texts(), auth.Texts(), job.Texts(), number.Texts(), worklist.Texts(), form.Source(), sheet.Source(), document.Source(), {Owner: "registry", FS: registry.Locale()},
			deadline.Texts(), {Owner: "rule", FS: rule.Locale()}},
		Proxies: b.Config.Proxies(), Secure: b.Config.Secure(), Site: siteFacts(c.demo),
	})
	if err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	notes, err := setupNotes(ctx, b, s)
	if err != nil {
		return nil, err
	}
	return &Site{Handler: server.Handler(), Parts: []Part{Running("events", s.bus), Running("jobs", s.jobs)}, Notes: notes}, nil
}

func build(ctx context.Context, b *Base, demo bool) (*services, error) {
	if err := registry.Prepare(ctx, b.DB); err != nil {
		return nil, fmt.Errorf("areas and units: %w", err)
	}
	roles, err := auth.Compose(auth.BaseRoles(), grants()...)
	if err != nil {
		return nil, err
	}
	s := &services{bus: event.NewBus(b.DB, b.Clock, b.Log), jobs: job.NewRunner(b.DB, b.Files, b.Hub, b.Clock, b.Log), vault: personal.NewVault(b.Key)}
	s.registry = registry.New(registry.Parts{DB: b.DB, Clock: b.Clock, Bus: s.bus, Vault: s.vault})
	s.auth = auth.NewService(b.DB, s.vault, auth.NewLinks(b.Key, b.Clock), roles, b.Clock,
		auth.Options{Demo: demo, Directory: s.registry, Enterprises: s.registry})
	if err := s.auth.Adopt(ctx); err != nil {
		return nil, fmt.Errorf("roles: %w", err)
	}
	sealer, err := document.NewLocalSealer(filepath.Join(b.Config.Data, "seal"), "天津市应急管理局", sealFrom(b, demo))
	if err != nil {
		return nil, fmt.Errorf("local seal: %w", err)
	}
	s.licensing = licensing.New(licensing.Parts{DB: b.DB, Clock: b.Clock, Log: b.Log, Bus: s.bus, Jobs: s.jobs, Blobs: b.Files,
		Numbers: number.NewIssuer(b.DB, b.Clock), Vault: s.vault, Notify: notify.NewNotifier(s.vault), Registry: s.registry,
		Sealer: sealer, Rules: rule.Shipped(), PublicURL: publicURL(b.Config, demo)})
	s.jobs.Every("audit.seal", time.Second, sealAudit(b))
	return s, nil
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
func setupNotes(ctx context.Context, b *Base, s *services) ([]string, error) {
	var needed bool
	err := b.DB.View(ctx, func(ctx context.Context, q db.Q) (err error) {
		needed, err = s.auth.SetupNeeded(ctx, q)
		return err
	})
	if err != nil || !needed {
		return nil, err
	}
	return []string{"no administrators yet: the set-up page is not built"}, nil
}

// siteFacts is what the frames say about the installation.
func siteFacts(demo bool) web.Site {
	return web.Site{
		Name:     kernel.Text{ZH: "安澜", EN: "Anlan"},
		Operator: kernel.Text{ZH: "天津市应急管理局", EN: "Tianjin Emergency Management Bureau"},
		Hotlines: []web.Hotline{{Label: kernel.Text{ZH: "安全生产举报投诉", EN: "Work safety reports"}, Number: "12350"},
			{Label: kernel.Text{ZH: "政务服务便民热线", EN: "Government services"}, Number: "12345"}},
		Demo: demo,
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

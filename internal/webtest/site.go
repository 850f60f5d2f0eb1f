package webtest

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/dbtest"
	"anlan/internal/kernel"
	"anlan/internal/web"
)

// People is a web.Identity whose tokens the test hands out itself.
type People struct {
	mu     sync.Mutex
	tokens map[string]*auth.Principal
}

// Add lets whoever sends token be p.
func (p *People) Add(token string, who *auth.Principal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tokens == nil {
		p.tokens = map[string]*auth.Principal{}
	}
	p.tokens[token] = who
}

// End ends the session of token.
func (p *People) End(token string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.tokens, token)
}

func (p *People) find(token, addr string) *auth.Principal {
	p.mu.Lock()
	defer p.mu.Unlock()
	if who := p.tokens[token]; who != nil {
		return who
	}
	gone := auth.Public(addr)
	gone.Expired = true
	return gone
}

// Session implements web.Identity.
func (p *People) Session(_ context.Context, token, addr string) (*auth.Principal, error) {
	return p.find(token, addr), nil
}

// Token implements web.Identity.
func (p *People) Token(_ context.Context, token, addr string) (*auth.Principal, error) {
	return p.find(token, addr), nil
}

// Officer is a signed-in officer who sees the whole city and holds perms.
func Officer(name string, perms ...auth.Permission) *auth.Principal {
	acc := &auth.Account{ID: "account-" + name, Login: name, Name: name, Kind: auth.Officer, State: auth.Active, Reach: auth.ReachCity}
	return &auth.Principal{Actor: acc.Actor("127.0.0.1"), Account: acc, Permissions: auth.NewSet(perms...), Scope: auth.CityScope(),
		Session: &auth.Session{ID: "session-" + name, AccountID: acc.ID}}
}

// Applicant is a signed-in person who sees their own rows and holds perms.
func Applicant(name string, perms ...auth.Permission) *auth.Principal {
	acc := &auth.Account{ID: "account-" + name, Login: name, Name: name, Kind: auth.Person, State: auth.Active}
	return &auth.Principal{Actor: acc.Actor("127.0.0.1"), Account: acc, Permissions: auth.NewSet(perms...), Scope: auth.Scope{Account: acc.ID},
		Session: &auth.Session{ID: "session-" + name, AccountID: acc.ID}}
}

// Site is a running server.
type Site struct {
	URL    string
	Server *web.Server
	People *People
	DB     *db.DB
	Clock  *kernel.ManualClock
}

// Now is where the clock of a Site stands at first.
var Now = time.Date(2026, 5, 6, 6, 30, 0, 0, time.UTC)

// Start runs a server for the test on a fresh SQLite database. What cfg
// leaves open is filled in; sources are the migrations the routes need.
func Start(t testing.TB, cfg web.Config, sources ...db.Migrations) *Site {
	t.Helper()
	s := &Site{People: &People{}, Clock: kernel.NewManualClock(Now)}
	if cfg.DB == nil {
		cfg.DB = dbtest.SQLite(t, append(sources, web.Migrations())...)
	}
	s.DB = cfg.DB
	if cfg.Identity == nil {
		cfg.Identity = s.People
	}
	if cfg.Secret == nil {
		cfg.Secret = []byte("a secret of the tests, 32 bytes or more")
	}
	if cfg.Clock == nil {
		cfg.Clock = s.Clock
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Site.Name.ZH == "" {
		cfg.Site = SampleSite()
	}
	server, err := web.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.Server = server
	ts := httptest.NewServer(server.Handler())
	t.Cleanup(func() { server.Close(); ts.Close() })
	s.URL = ts.URL
	return s
}

// SampleSite is what the frames show in tests.
func SampleSite() web.Site {
	return web.Site{
		Name: kernel.Text{ZH: "天津市应急管理局", EN: "Tianjin Emergency Management Bureau"},
		Hotlines: []web.Hotline{
			{Label: kernel.Text{ZH: "安全生产举报投诉", EN: "Safety reports"}, Number: "12350"},
			{Label: kernel.Text{ZH: "政务服务便民热线", EN: "City services"}, Number: "12345"},
		},
		Demo: true,
	}
}

package admin

import (
	"bytes"
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"anlan/internal/audit"
	"anlan/internal/auth"
	"anlan/internal/blob"
	"anlan/internal/db"
	"anlan/internal/dbtest"
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
	"anlan/internal/search"
	"anlan/internal/settings"
	"anlan/internal/sheet"
	"anlan/internal/web"
	"anlan/internal/webtest"
	"anlan/internal/worklist"
	"anlan/registry"
)

const goodPassword = "海河边的 13 只灰鸭子"

// uscc is a unified social credit code with a right check character.
var uscc = "91120101MA05T3JW0" + string(kernel.USCCCheck("91120101MA05T3JW0"))

// phones keeps text messages instead of sending them.
type phones struct {
	mu   sync.Mutex
	code map[string]string // by phone, the last one
}

func (p *phones) SendSMS(_ context.Context, _ *db.Tx, _ time.Time, phone, _, _ string, args map[string]any) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.code[phone], _ = args["code"].(string)
	return nil
}

func (p *phones) last(phone string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.code[phone]
}

// bureau is a running platform with the pages of this package.
type bureau struct {
	*webtest.Site
	t      *testing.T
	auth   *auth.Service
	firms  *registry.Service
	clock  *kernel.ManualClock
	sms    *phones
	bus    *event.Bus
	jobs   *job.Runner
	notify *notify.Notifier
	boss   *auth.Principal // may do everything an administrator may
}

type people struct{ *auth.Service }

func (p people) Session(ctx context.Context, token, addr string) (*auth.Principal, error) {
	return p.Authenticate(ctx, auth.Credential{Cookie: token, Addr: addr})
}

func (p people) Token(ctx context.Context, token, addr string) (*auth.Principal, error) {
	return p.Authenticate(ctx, auth.Credential{Bearer: token, Addr: addr})
}

func schema() []db.Migrations {
	return []db.Migrations{audit.Migrations(), event.Migrations(), personal.Migrations(), search.Migrations(), settings.Migrations(), auth.Migrations(),
		job.Migrations(), deadline.Migrations(), notify.Migrations(), worklist.Migrations(), exchange.Migrations(), web.Migrations(), registry.Migrations()}
}

func sources() []i18n.Source {
	return []i18n.Source{personal.Texts(), auth.Texts(), job.Texts(), number.Texts(), worklist.Texts(), form.Source(), sheet.Source(), document.Source(),
		notify.Texts(), exchange.Texts(), deadline.Texts(), {Owner: "registry", FS: registry.Locale()}}
}

// open starts a platform; change may set options of auth, and of the pages.
func open(t *testing.T, change ...func(*auth.Options, *Parts)) *bureau {
	t.Helper()
	d := dbtest.SQLite(t, schema()...)
	clock := kernel.NewManualClock(webtest.Now)
	master := bytes.Repeat([]byte("k"), 32)
	vault := personal.NewVault(master)
	must(t, registry.Prepare(t.Context(), d))
	w := &bureau{t: t, clock: clock, sms: &phones{code: map[string]string{}}}
	quiet := slog.New(slog.DiscardHandler)
	w.bus = event.NewBus(d, clock, quiet)
	w.firms = registry.New(registry.Parts{DB: d, Clock: clock, Bus: w.bus, Vault: vault})
	roles, err := auth.Compose(auth.BaseRoles(), machineryGrants()...)
	must(t, err)
	files, err := blob.Open(t.TempDir(), blob.Options{})
	must(t, err)
	t.Cleanup(func() { files.Close() })
	opts := auth.Options{Hashing: auth.Hashing{Memory: 64, Passes: 1, Lanes: 1, Parallel: 2, Queue: 64}, Sender: w.sms, Directory: w.firms, Enterprises: w.firms}
	w.jobs, w.notify = job.NewRunner(d, files, nil, clock, quiet), notify.NewNotifier(vault)
	lines, err := exchange.New(d, clock, quiet, exchange.Options{})
	must(t, err)
	parts := Parts{DB: d, Clock: clock, Registry: w.firms, Files: files, Jobs: w.jobs, Bus: w.bus, Notify: w.notify, Exchange: lines,
		Settings: []settings.Editable{notify.OutwardPaused().Editable()}, AuditHead: filepath.Join(t.TempDir(), "head"),
		Finds: append(Registered(), byNumber()), Status: func(context.Context, string) []Finding { return []Finding{{"note", "clamav", "没有查毒"}} }, Licences: []Licence{{"hazchem.first", kernel.Text{ZH: "危险化学品经营许可证"}, []string{"hazchem.first", "hazchem.renew"}}},
		Figures: func(context.Context) (map[string]int64, error) { return nil, nil }}
	for _, c := range change {
		c(&opts, &parts)
	}
	w.auth = auth.NewService(d, vault, auth.NewLinks(master, clock), roles, clock, opts)
	must(t, w.auth.Adopt(t.Context()))
	parts.Auth = w.auth
	if parts.OIDC != nil { // a change asked for one: it stands on this service
		parts.OIDC = auth.NewOIDC(w.auth, oidcConfig(t))
	}
	home := func(r *web.Request) error { return r.NoContent() }
	pages := New(parts)
	routes := append(pages.Routes(), web.Route{Method: "GET", Path: "/my", Permission: web.SignedIn, Handler: home})
	w.Site = webtest.Start(t, web.Config{DB: d, Identity: people{w.auth}, Clock: clock, Routes: routes, Views: []web.Views{Views()}, Texts: sources(),
		Counts: pages.Counts, Topics: pages.Topics()})
	w.boss = auth.Platform("test", auth.ManageAccounts, auth.AssignRoles, auth.ReleaseLocks, auth.ManageTokens, auth.EndSessions, auth.EraseAccounts,
		auth.OverseeEnterprise, auth.ConfirmEnterprise)
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
}

// officer opens an officer's account with a password and roles.
func (w *bureau) officer(login string, roles ...string) *auth.Account {
	w.t.Helper()
	a, link, err := w.auth.Create(w.t.Context(), w.boss, auth.NewAccount{Kind: auth.Officer, Login: login, Name: "王" + login, Area: registry.CityCode})
	must(w.t, err)
	must(w.t, w.auth.SetPassword(w.t.Context(), link, goodPassword, "192.0.2.1"))
	if len(roles) > 0 {
		must(w.t, w.auth.Assign(w.t.Context(), w.boss, a.ID, auth.Assignment{Roles: roles, Reach: auth.ReachCity}))
	}
	return a
}

// firm records an enterprise.
func (w *bureau) firm() registry.Enterprise {
	w.t.Helper()
	p := auth.Platform("test", registry.PermWrite, registry.PermRead)
	e, err := w.firms.SaveEnterprise(w.t.Context(), p, registry.Enterprise{USCC: uscc, Name: "天津测试加油站", Area: "120101", Address: "和平区测试路 1 号", Trade: registry.Trades()[0].Code, LegalPerson: "李四"})
	must(w.t, err)
	return e
}

// manager opens the account of an enterprise's safety manager.
func (w *bureau) manager(login string, e registry.Enterprise) *auth.Account {
	w.t.Helper()
	a, link, err := w.auth.Create(w.t.Context(), w.boss, auth.NewAccount{Kind: auth.Enterprise, Login: login, Name: "赵安全", Phone: "13900000077", Enterprise: e.ID})
	must(w.t, err)
	must(w.t, w.auth.SetPassword(w.t.Context(), link, goodPassword, "192.0.2.1"))
	must(w.t, w.auth.Assign(w.t.Context(), w.boss, a.ID, auth.Assignment{Roles: []string{auth.Handler, auth.SafetyManager}}))
	return a
}

// enter signs in through the form; administrators enrol their second factor on
// the way.
func (w *bureau) enter(login string) *webtest.Client {
	w.t.Helper()
	c := w.Client(w.t, "")
	p := c.Get("/sign-in").Form("/sign-in").Set("login", login, "password", goodPassword).Submit()
	if strings.HasPrefix(p.Path, "/sign-in/enrol") {
		w.enrol(p)
	}
	return c
}

// enrol turns the second factor on and returns its secret and the recovery
// codes.
func (w *bureau) enrol(p *webtest.Page) (secret string, codes []string) {
	w.t.Helper()
	secret = between(p.Body, `<code class="secret">`, "</code>")
	done := p.Form("").Set("code", w.totp(secret)).Submit().Want(200, "恢复码只显示这一次")
	for _, part := range strings.Split(done.Body, "<li><code>")[1:] {
		codes = append(codes, part[:strings.Index(part, "<")])
	}
	if len(codes) != 10 {
		w.t.Fatalf("%d recovery codes", len(codes))
	}
	return secret, codes
}

func (w *bureau) totp(secret string) string {
	w.t.Helper()
	code, err := totp.GenerateCode(secret, w.clock.Now())
	must(w.t, err)
	return code
}

func between(s, from, to string) string {
	_, rest, _ := strings.Cut(s, from)
	out, _, _ := strings.Cut(rest, to)
	return out
}

// register opens a person's account through the forms.
func (w *bureau) register(phone, name string) *webtest.Client {
	w.t.Helper()
	c := w.Client(w.t, "")
	p := c.Get("/register/person").Form("/register").Set("phone", phone).Submit().Want(200, "验证码已发送到 "+phone)
	p.Form("/details").Set("code", w.sms.last(phone), "name", name, "password", goodPassword, "again", goodPassword).Submit().Want(204)
	return c
}

// scan is a letter of authority.
var scan = []byte("%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n")

func status(t *testing.T, p *webtest.Page, want int) {
	t.Helper()
	if p.Status != want {
		t.Errorf("%s: status %d, want %d: %s", p.Path, p.Status, want, p.Text())
	}
}

// noForm sends a form's request without the token against forgery.
func noForm(c *webtest.Client, f *webtest.Form) *webtest.Page {
	f.Values.Del("_csrf")
	req := f.Request()
	req.Header.Del("Sec-Fetch-Site")
	return c.Do(req)
}

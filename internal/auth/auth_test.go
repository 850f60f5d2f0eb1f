package auth

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"anlan/internal/audit"
	"anlan/internal/db"
	"anlan/internal/dbtest"
	"anlan/internal/i18n"
	"anlan/internal/kernel"
	"anlan/internal/personal"
)

var master = []byte("0123456789abcdef0123456789abcdef")

// uscc is a unified social credit code with a right check character.
var uscc = "91120101MA05T3JW0" + string(kernel.USCCCheck("91120101MA05T3JW0"))

var morning = time.Date(2026, 5, 6, 1, 0, 0, 0, time.UTC)

const goodPassword = "海河边的 13 只灰鸭子"

// desk is an installation in a test.
type desk struct {
	*Service
	t     *testing.T
	db    *db.DB
	clock *kernel.ManualClock
	sms   *outbox
	boss  *Principal // may do everything an administrator may
}

// outbox remembers text messages instead of sending them.
type outbox struct {
	mu   sync.Mutex
	sent []message
}

type message struct {
	phone, template string
	args            map[string]any
}

func (o *outbox) SendSMS(_ context.Context, _ *db.Tx, _ time.Time, phone, template, _ string, args map[string]any) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sent = append(o.sent, message{phone, template, args})
	return nil
}

func (o *outbox) last(t *testing.T) message {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.sent) == 0 {
		t.Fatal("no text message was sent")
	}
	return o.sent[len(o.sent)-1]
}

func (o *outbox) code(t *testing.T) string { t.Helper(); return o.last(t).args["code"].(string) }

// tree is a small city: district 120101 with the street 120101001.
type tree struct{}

func (tree) AreasUnder(_ context.Context, _ db.Q, area string) ([]string, error) {
	if area == "120101" {
		return []string{"120101", "120101001"}, nil
	}
	return []string{area}, nil
}

func (tree) UnitsUnder(_ context.Context, _ db.Q, unit string) ([]string, error) {
	return []string{unit, unit + "/post"}, nil
}

// books finds any enterprise by its code.
type books struct{}

func (books) ClaimEnterprise(_ context.Context, _ *db.Tx, _ time.Time, _ kernel.Actor, uscc, _ string) (string, error) {
	return "E-" + uscc, nil
}

const (
	licencePermission = Permission("licensing.case.review")
	approvePermission = Permission("licensing.case.approve")
)

func testRoles(t testing.TB) *Roles {
	t.Helper()
	roles, err := Compose(BaseRoles(), Grant{Reviewer, []Permission{licencePermission}}, Grant{Approver, []Permission{approvePermission}})
	if err != nil {
		t.Fatal(err)
	}
	return roles
}

var schema = []db.Migrations{audit.Migrations(), personal.Migrations(), Migrations()}

func cheap() Hashing { return Hashing{Memory: 64, Passes: 1, Lanes: 1, Parallel: 2, Queue: 64} }

func open(t *testing.T, d *db.DB, change ...func(*Options)) *desk {
	t.Helper()
	clock, sms := kernel.NewManualClock(morning), &outbox{}
	opts := Options{Hashing: cheap(), Sender: sms, Directory: tree{}, Enterprises: books{}}
	for _, c := range change {
		c(&opts)
	}
	links := NewLinks(master, clock)
	w := &desk{Service: NewService(d, personal.NewVault(master), links, testRoles(t), clock, opts), t: t, db: d, clock: clock, sms: sms}
	w.boss = Platform("test", ManageAccounts, AssignRoles, ReleaseLocks, ManageTokens, EndSessions, EraseAccounts, OverseeEnterprise, ConfirmEnterprise)
	if err := w.Adopt(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w
}

// each runs a test on both engines.
func each(t *testing.T, test func(t *testing.T, w *desk), change ...func(*Options)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { test(t, open(t, d, change...)) }, schema...)
}

// one runs a test on SQLite only, where the engine does not matter.
func one(t *testing.T, change ...func(*Options)) *desk {
	t.Helper()
	return open(t, dbtest.SQLite(t, schema...), change...)
}

func (w *desk) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatalf("unexpected error: %v", err)
	}
}

// officer creates an officer with a password, roles and reach.
func (w *desk) officer(login string, n Assignment) *Account {
	w.t.Helper()
	a, link, err := w.Create(w.t.Context(), w.boss, NewAccount{Kind: Officer, Login: login, Name: "王" + login})
	w.must(err)
	w.must(w.SetPassword(w.t.Context(), link, goodPassword, "192.0.2.1"))
	if n.Roles != nil || n.Reach != "" {
		w.must(w.Assign(w.t.Context(), w.boss, a.ID, n))
	}
	return a
}

func (w *desk) login(login string) Entry {
	w.t.Helper()
	e, err := w.Login(w.t.Context(), login, goodPassword, Client{Addr: "192.0.2.1", Agent: "test"})
	w.must(err)
	return e
}

func (w *desk) who(token string) *Principal {
	w.t.Helper()
	p, err := w.Authenticate(w.t.Context(), Credential{Cookie: token, Addr: "192.0.2.1"})
	w.must(err)
	return p
}

// enter signs an officer in and returns the principal.
func (w *desk) enter(login string) *Principal { w.t.Helper(); return w.who(w.login(login).Token) }

// person registers somebody with this phone and signs them in.
func (w *desk) person(phone, name string) Entry {
	w.t.Helper()
	w.must(w.RequestRegistration(w.t.Context(), phone, "192.0.2.1", i18n.Chinese))
	e, err := w.Register(w.t.Context(), Registration{Kind: Person, Phone: phone, Code: w.sms.code(w.t), Name: name, Password: goodPassword},
		Client{Addr: "192.0.2.1"})
	w.must(err)
	return e
}

// enterprise registers somebody for an enterprise and accepts the claim.
func (w *desk) enterprise(login, phone string, manager bool) Entry {
	w.t.Helper()
	ctx := w.t.Context()
	w.must(w.RequestRegistration(ctx, phone, "192.0.2.1", i18n.Chinese))
	_, err := w.Register(ctx, Registration{Kind: Enterprise, Login: login, Phone: phone, Code: w.sms.code(w.t), Name: "李经办",
		USCC: uscc, EnterpriseName: "天津样例加油站", Password: goodPassword}, Client{Addr: "192.0.2.1"})
	w.must(err)
	var claims []Claim
	w.view(func(ctx context.Context, q db.Q) (err error) {
		claims, err = w.OpenClaims(ctx, q, w.boss)
		return err
	})
	if len(claims) != 1 {
		w.t.Fatalf("%d open claims, want 1", len(claims))
	}
	w.must(w.DecideClaim(ctx, w.boss, Verdict{Claim: claims[0].ID, Accept: true, Manager: manager}))
	return w.login(login)
}

func (w *desk) view(fn func(ctx context.Context, q db.Q) error) {
	w.t.Helper()
	w.must(w.db.View(w.t.Context(), fn))
}

// app answers the codes of an authenticator app.
func (w *desk) app(secret string) string {
	w.t.Helper()
	code, err := totp.GenerateCodeCustom(secret, w.clock.Now(), totp.ValidateOpts{Period: 30, Digits: otp.DigitsSix})
	w.must(err)
	return code
}

// is fails unless err is of the kind and, when key is not empty, of the key.
func is(t *testing.T, err error, kind kernel.Kind, key string) {
	t.Helper()
	var e *kernel.Error
	if !errors.As(err, &e) || e.Kind != kind || key != "" && e.Key != key {
		t.Fatalf("error %v (%+v), want kind %v key %q", err, e, kind, key)
	}
}

// breaks fails unless err is Invalid with this rule at this field.
func breaks(t *testing.T, err error, field, rule string) {
	t.Helper()
	var e *kernel.Error
	if errors.As(err, &e) {
		for _, f := range e.Fields {
			if f.Field == field && f.Rule == rule {
				return
			}
		}
	}
	t.Fatalf("error %v, want %s at %s", err, rule, field)
}

func inTx(t testing.TB, d *db.DB, fn func(tx *db.Tx) error) {
	t.Helper()
	if err := d.InTx(t.Context(), func(_ context.Context, tx *db.Tx) error { return fn(tx) }); err != nil {
		t.Fatal(err)
	}
}

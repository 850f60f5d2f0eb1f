package registry

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"anlan/internal/audit"
	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/dbtest"
	"anlan/internal/event"
	"anlan/internal/kernel"
	"anlan/internal/personal"
	"anlan/internal/search"
)

// town is a prepared database with a service on it.
type town struct {
	*Service
	t     *testing.T
	clock *kernel.ManualClock
}

func each(t *testing.T, test func(t *testing.T, w *town)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { test(t, newTown(t, d)) },
		audit.Migrations(), event.Migrations(), personal.Migrations(), search.Migrations(), Migrations())
}

func newTown(t *testing.T, d *db.DB) *town {
	t.Helper()
	clock := kernel.NewManualClock(time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC))
	bus := event.NewBus(d, clock, slog.New(slog.DiscardHandler))
	vault := personal.NewVault(bytes.Repeat([]byte("k"), 32))
	if err := Prepare(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	return &town{New(Parts{DB: d, Clock: clock, Bus: bus, Vault: vault}), t, clock}
}

func (w *town) view(fn func(ctx context.Context, q db.Q) error) {
	w.t.Helper()
	if err := w.DB.View(w.t.Context(), fn); err != nil {
		w.t.Fatal(err)
	}
}

func (w *town) count(query string, args ...any) (n int) {
	w.t.Helper()
	w.view(func(ctx context.Context, q db.Q) (err error) {
		n, err = db.Value[int](ctx, q, query, args...)
		return err
	})
	return n
}

var clerk = auth.Platform("test", PermWrite, PermUnmask, PermOrganisation, PermErase)

// officerOf may do everything in some areas.
func officerOf(areas ...string) *auth.Principal {
	p := *clerk
	p.Scope = auth.Scope{Officer: true, Areas: areas}
	return &p
}

// uscc makes the n-th code that passes the check.
func uscc(n int) string {
	body := fmt.Sprintf("91120000TEST%05d", n)
	body = strings.NewReplacer("S", "X").Replace(body)
	return body + string(kernel.USCCCheck(body))
}

func plant(n int, area string) Enterprise {
	return Enterprise{USCC: uscc(n), Name: fmt.Sprintf("样例化工厂%03d", n), Area: area, Address: "样例路1号", Trade: "chemical_production",
		LegalPerson: "样例甲", Contacts: []Contact{{Role: SafetyManager, Name: "样例乙", Phone: "16000001234", Email: "yi@example.com"}}}
}

func (w *town) save(p *auth.Principal, e Enterprise) Enterprise {
	w.t.Helper()
	saved, err := w.SaveEnterprise(w.t.Context(), p, e)
	if err != nil {
		w.t.Fatal(err)
	}
	return saved
}

func fields(err error) string {
	var c kernel.Check
	if !c.Merge("", err) {
		return fmt.Sprint(err)
	}
	var out []string
	for _, f := range c.Fields {
		out = append(out, f.Field+":"+f.Rule)
	}
	return strings.Join(out, " ")
}

func wantFields(t *testing.T, err error, want string) {
	t.Helper()
	if got := fields(err); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func wantKind(t *testing.T, err error, want kernel.Kind) {
	t.Helper()
	if got := kernel.KindOf(err); err == nil || got != want {
		t.Errorf("got %v (%v), want %v", got, err, want)
	}
}

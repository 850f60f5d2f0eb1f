package sample

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strconv"
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
	"anlan/registry"
)

func newCity(t *testing.T, d *db.DB) *City {
	t.Helper()
	if err := registry.Prepare(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	clock := kernel.NewManualClock(time.Time{})
	log := slog.New(slog.DiscardHandler)
	bus := event.NewBus(d, clock, log)
	vault := personal.NewVault(bytes.Repeat([]byte("k"), 32))
	roles, err := auth.Compose(auth.BaseRoles())
	if err != nil {
		t.Fatal(err)
	}
	reg := registry.New(registry.Parts{DB: d, Clock: clock, Bus: bus, Vault: vault})
	links := auth.NewLinks(bytes.Repeat([]byte("l"), 32), clock)
	people := auth.NewService(d, vault, links, roles, clock, auth.Options{Directory: reg, Enterprises: reg,
		Hashing: auth.Hashing{Memory: 64, Passes: 1, Lanes: 1}})
	c, err := New(t.Context(), Parts{DB: d, Clock: clock, Log: log, Settle: bus.Drain, Registry: reg, Auth: people,
		Keep: func(Secret) error { return nil }}, today.Start().Add(10*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func sources() []db.Migrations {
	return []db.Migrations{audit.Migrations(), event.Migrations(), personal.Migrations(), search.Migrations(), auth.Migrations(), registry.Migrations()}
}

func count(t *testing.T, d *db.DB, query string) (n int) {
	t.Helper()
	err := d.View(t.Context(), func(ctx context.Context, q db.Q) (err error) {
		n, err = db.Value[int](ctx, q, query)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestCityIsBuiltAndCanBeStoppedAnywhere(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newCity(t, d)
		if err := c.Core(t.Context()); err != nil {
			t.Fatal(err)
		}
		core := count(t, d, `SELECT COUNT(*) FROM registry_enterprises`)
		if core < 30 || core > 50 {
			t.Errorf("the core has %d enterprises", core)
		}
		stop := errors.New("stop")
		for limit := 200; ; limit += 200 {
			err := c.Rest(t.Context(), max(0, limit-205), func(done, total int) error { // five steps come again
				if done == limit {
					return stop
				}
				return nil
			})
			if err == nil {
				break
			}
			if !errors.Is(err, stop) {
				t.Fatal(err)
			}
		}
		if n := count(t, d, `SELECT COUNT(*) FROM registry_enterprises WHERE sample = TRUE`); n != 308 {
			t.Errorf("%d enterprises", n)
		}
		if n := count(t, d, `SELECT COUNT(*) FROM registry_people WHERE sample = TRUE`); n != HolderCount {
			t.Errorf("%d people", n)
		}
		if n := count(t, d, `SELECT COUNT(*) FROM (SELECT enterprise_id FROM registry_sites GROUP BY enterprise_id HAVING COUNT(*) > 1) twice`); n != 0 {
			t.Errorf("%d enterprises have two places", n)
		}
		if n := count(t, d, `SELECT COUNT(*) FROM auth_accounts WHERE kind = 'officer' AND login <> ''`); n != len(c.plan.officers) {
			t.Errorf("%d officers", n)
		}
		if !c.Clock.Now().Equal(c.until) {
			t.Errorf("the clock stands at %s", c.Clock.Now())
		}
		late := count(t, d, `SELECT COUNT(*) FROM registry_enterprises WHERE updated_at > `+strconv.FormatInt(c.until.UnixMicro(), 10))
		if late > 0 {
			t.Errorf("%d enterprises come from the future", late)
		}
	}, sources()...)
}

func TestBuiltTellsAnEmptyDatabaseFromACity(t *testing.T) {
	d := dbtest.SQLite(t, sources()...)
	c := newCity(t, d)
	built := func() (is bool) {
		err := d.View(t.Context(), func(ctx context.Context, q db.Q) (err error) {
			is, err = Built(ctx, q)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return is
	}
	if built() {
		t.Error("an empty database counts as built")
	}
	start := time.Now()
	if err := c.Core(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Logf("core in %s", time.Since(start))
	if !built() {
		t.Error("the city counts as not built")
	}
}

func TestFrontDoorOffersEveryRole(t *testing.T) {
	d := dbtest.SQLite(t, sources()...)
	c := newCity(t, d)
	kept := map[string]string{}
	c.Keep = func(s Secret) error { kept[s.Login] = s.Password; return nil }
	if err := c.Core(t.Context()); err != nil {
		t.Fatal(err)
	}
	var entries []Entry
	view := func() {
		err := d.View(t.Context(), func(ctx context.Context, q db.Q) (err error) {
			entries, err = c.Entries(ctx, q)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	view()
	roles := map[string]bool{}
	for _, e := range entries {
		roles[e.Role] = true
		if e.Where.ZH == "" || e.Name == "" {
			t.Errorf("%+v", e)
		}
	}
	for _, r := range auth.BaseRoles() {
		if !roles[r.ID] && r.ID != auth.Archivist { // sits at the mail desk
			t.Errorf("nobody enters as %s", r.ID)
		}
	}
	for _, s := range c.secrets() {
		if err := s.do(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(kept) != len(entries) {
		t.Errorf("%d passwords for %d entries", len(kept), len(entries))
	}
	for login, password := range kept {
		if _, err := c.Auth.Login(t.Context(), login, password, auth.Client{Addr: "127.0.0.1"}); err != nil {
			t.Errorf("%s cannot sign in: %v", login, err)
		}
	}
}

package sample

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"testing"
	"time"

	"anlan/internal/audit"
	"anlan/internal/auth"
	"anlan/internal/blob"
	"anlan/internal/db"
	"anlan/internal/dbtest"
	"anlan/internal/deadline"
	"anlan/internal/document"
	"anlan/internal/event"
	"anlan/internal/job"
	"anlan/internal/kernel"
	"anlan/internal/notify"
	"anlan/internal/number"
	"anlan/internal/personal"
	"anlan/internal/search"
	"anlan/internal/settings"
	"anlan/internal/worklist"
	"anlan/licensing"
	"anlan/licensing/rule"
	"anlan/registry"
)

func newCity(t *testing.T, d *db.DB) *City {
	t.Helper()
	if err := registry.Prepare(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	clock := kernel.NewManualClock(time.Time{})
	log := slog.New(slog.DiscardHandler)
	c, err := New(t.Context(), newParts(t, d, clock, log), today.Start().Add(10*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// grants is the part of app's table that the city needs.
func grants() []auth.Grant {
	role := func(id string, perms ...auth.Permission) auth.Grant {
		return auth.Grant{Role: id, Permissions: append(perms, licensing.PermRead)}
	}
	return []auth.Grant{
		role(auth.IntakeClerk, licensing.PermIntake, licensing.PermRenewal, licensing.PermImport), role(auth.Reviewer, licensing.PermReview),
		role(auth.Checker, licensing.PermExamine), role(auth.DepartmentHead, licensing.PermLegal), role(auth.Regulator, licensing.PermSupervise),
		role(auth.Approver, licensing.PermApprove, licensing.PermPanel, licensing.PermRegister), role(auth.CertificateClerk, licensing.PermMake),
		role(auth.MailClerk, licensing.PermMail), role(auth.Archivist, licensing.PermArchive),
		{Role: auth.Handler, Permissions: []auth.Permission{licensing.PermApply}}, {Role: auth.SafetyManager, Permissions: []auth.Permission{licensing.PermApply}},
		{Role: auth.Applicant, Permissions: []auth.Permission{licensing.PermApply}},
	}
}

func newParts(t *testing.T, d *db.DB, clock *kernel.ManualClock, log *slog.Logger) Parts {
	t.Helper()
	roles, err := auth.Compose(auth.BaseRoles(), grants()...)
	if err != nil {
		t.Fatal(err)
	}
	blobs, err := blob.Open(t.TempDir(), blob.Options{Log: log})
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := document.NewLocalSealer(t.TempDir(), "天津市应急管理局", today.AddYears(-7).Start())
	if err != nil {
		t.Fatal(err)
	}
	bus, vault := event.NewBus(d, clock, log), personal.NewVault(bytes.Repeat([]byte("k"), 32))
	jobs := job.NewRunner(d, blobs, nil, clock, log)
	reg := registry.New(registry.Parts{DB: d, Clock: clock, Bus: bus, Vault: vault})
	people := auth.NewService(d, vault, auth.NewLinks(bytes.Repeat([]byte("l"), 32), clock), roles, clock,
		auth.Options{Directory: reg, Enterprises: reg, Hashing: auth.Hashing{Memory: 64, Passes: 1, Lanes: 1}})
	room := licensing.New(licensing.Parts{DB: d, Clock: clock, Log: log, Bus: bus, Jobs: jobs, Blobs: blobs, Numbers: number.NewIssuer(d, clock),
		Vault: vault, Notify: notify.NewNotifier(vault), Registry: reg, Sealer: sealer, Rules: rule.Shipped(), PublicURL: "https://example.test", Sample: true})
	settle := func(ctx context.Context) error { return errors.Join(bus.Drain(ctx), jobs.Drain(ctx)) }
	return Parts{DB: d, Clock: clock, Log: log, Settle: settle, Jobs: jobs, Registry: reg, Auth: people, Licensing: room, Rules: rule.Shipped(),
		Keep: func(Secret) error { return nil }}
}

func sources() []db.Migrations {
	return []db.Migrations{audit.Migrations(), event.Migrations(), job.Migrations(), number.Migrations(), personal.Migrations(), notify.Migrations(), worklist.Migrations(),
		search.Migrations(), settings.Migrations(), deadline.Migrations(), auth.Migrations(), registry.Migrations(), licensing.Migrations()}
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
		for limit := 700; ; limit += 700 {
			err := c.Rest(t.Context(), max(0, limit-705), func(done, total int) error { // five steps come again
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
		for state, n := range map[string]string{"cases": `SELECT state || '/' || step, COUNT(*) FROM licensing_cases GROUP BY state, step ORDER BY 1`,
			"licences":   `SELECT state, COUNT(*) FROM licensing_licences GROUP BY state ORDER BY 1`,
			"deliveries": `SELECT state, COUNT(*) FROM licensing_deliveries GROUP BY state ORDER BY 1`} {
			d.View(t.Context(), func(ctx context.Context, q db.Q) error {
				rows, err := db.All(ctx, q, func(s db.Scanner) (v string, err error) {
					var n int
					err = s.Scan(&v, &n)
					return v + "=" + strconv.Itoa(n), err
				}, n)
				t.Log(state, rows)
				return err
			})
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
	for place, what := range map[string]string{"": "the bureau", "." + entryDistrict: "the district of the first station"} {
		for _, k := range desks() {
			for n := range k.count {
				login := numbered(k.login, n, k.count) + place
				if !slices.ContainsFunc(entries, func(e Entry) bool { return e.Login == login }) {
					t.Errorf("nobody enters as %s, so a case of %s cannot be followed to its end", login, what)
				}
			}
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

package licensing

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
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
	"anlan/internal/settings"
	"anlan/internal/worklist"
	"anlan/licensing/rule"
	"anlan/registry"
)

// office is the part of the room that begins with the decision, on a database
// of its own.
type office struct {
	*Service
	t     *testing.T
	clock *kernel.ManualClock
	cases int
}

func officeSchema() []db.Migrations {
	return []db.Migrations{audit.Migrations(), event.Migrations(), deadline.Migrations(), job.Migrations(), settings.Migrations(), number.Migrations(), personal.Migrations(),
		notify.Migrations(), worklist.Migrations(), registry.Migrations(), Migrations()}
}

// eachOffice runs a story on both engines, beginning on Wednesday, 2026-05-06.
func eachOffice(t *testing.T, story func(t *testing.T, o *office)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { story(t, newOffice(t, d)) }, officeSchema()...)
}

func newOffice(t *testing.T, d *db.DB) *office {
	t.Helper()
	return openOffice(t, d, t.TempDir())
}

// openOffice is newOffice with the files in a directory that outlives it.
func openOffice(t *testing.T, d *db.DB, dir string) *office {
	t.Helper()
	now := time.Date(2026, 5, 6, 2, 0, 0, 0, time.UTC)
	clock, log := kernel.NewManualClock(now), slog.New(slog.DiscardHandler)
	blobs, err := blob.Open(filepath.Join(dir, "files"), blob.Options{Log: log})
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := document.NewLocalSealer(filepath.Join(dir, "seal"), "天津市应急管理局", now)
	if err != nil {
		t.Fatal(err)
	}
	if err := registry.Prepare(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	vault, bus := personal.NewVault(bytes.Repeat([]byte{7}, 32)), event.NewBus(d, clock, log)
	return &office{t: t, clock: clock, Service: New(Parts{DB: d, Clock: clock, Log: log, Bus: bus, Jobs: job.NewRunner(d, blobs, nil, clock, log), Blobs: blobs,
		Numbers: number.NewIssuer(d, clock), Vault: vault, Notify: notify.NewNotifier(vault), Registry: registry.New(registry.Parts{DB: d, Clock: clock, Bus: bus, Vault: vault}),
		Sealer: sealer, Rules: rule.Shipped(), PublicURL: "https://example.test"})}
}

// as is an officer who sees the whole city.
func as(id string, perms ...auth.Permission) *auth.Principal {
	p := auth.Platform(id, append(perms, PermRead)...)
	p.Actor = kernel.Actor{Kind: kernel.ActorAccount, ID: id, Name: "办件员" + id}
	return p
}

// holder is the applicant of every case that granted makes.
func holder() *auth.Principal {
	return &auth.Principal{Actor: kernel.Actor{Kind: kernel.ActorAccount, ID: "holder", Name: "申请人"}, Permissions: auth.NewSet(PermApply), Scope: auth.Scope{Account: "holder"}}
}

func (o *office) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

// fails checks that err is of a kind and has a key.
func (o *office) fails(err error, kind kernel.Kind, key string) {
	o.t.Helper()
	if kernel.KindOf(err) != kind || !strings.Contains(fmt.Sprint(err), key) {
		o.t.Fatalf("want %v %q, got %v", kind, key, err)
	}
}

func (o *office) in(fn func(ctx context.Context, tx *db.Tx) error) {
	o.t.Helper()
	o.must(o.DB.InTx(o.t.Context(), fn))
}

func (o *office) count(query string, args ...any) int64 {
	o.t.Helper()
	n, err := view(o.t.Context(), o.DB, func(ctx context.Context, q db.Q) (int64, error) { return db.Value[int64](ctx, q, query, args...) })
	o.must(err)
	return n
}

// ask is what a case is made of.
type ask struct {
	item      string
	licenceID string
	person    bool
	mode      DeliveryMode
	state     State // default Accepted
}

// filed puts a case straight onto the approver's desk.
func (o *office) filed(a ask) *Case {
	o.t.Helper()
	o.cases++
	now := o.clock.Now()
	c := &Case{ID: kernel.NewID(now), Number: fmt.Sprintf("120116-20260506-%05d", o.cases), Item: a.item, State: Accepted, Step: Approve, Area: "120116", Authority: registry.BureauID,
		Supervisor: registry.ApprovalDepartmentID, Account: "holder", Applicant: fmt.Sprintf("样例加油站%d", o.cases), ApplicantKind: holderEnterprise, DeliveryMode: a.mode, LicenceID: a.licenceID,
		ReceiptOn: kernel.DateOf(now), AcceptedOn: kernel.DateOf(now), SubmittedAt: now, CreatedAt: now, UpdatedAt: now, Version: 1}
	if c.DeliveryMode == "" {
		c.DeliveryMode = ByMail
	}
	if a.person {
		c.Applicant, c.ApplicantKind = "样例丁", holderPerson
	}
	if a.state != "" {
		c.State, c.Step = a.state, Archive
	}
	v, ok := o.Rules.VersionAt(a.item, kernel.DateOf(now))
	if !ok {
		o.t.Fatalf("no rules for %s", a.item)
	}
	c.RuleVersion = v.ID
	o.in(func(ctx context.Context, tx *db.Tx) (err error) {
		if c.KeyID, err = o.Vault.NewPerson(ctx, tx, now); err != nil {
			return err
		}
		to, _ := json.Marshal(Address{Recipient: "样例丙", Phone: "13800138000", Address: "滨海新区样例路1号"})
		if c.Delivery, err = o.Vault.Seal(ctx, tx, c.KeyID, "delivery", string(to)); err != nil {
			return err
		}
		if err := insertCase(ctx, tx, c); err != nil {
			return err
		}
		if err := addClock(ctx, tx, c.ID, deadline.Event{Kind: deadline.Start, On: kernel.DateOf(now)}, renewalActor, now); err != nil {
			return err
		}
		return o.linkRenewal(ctx, tx, c, now)
	})
	return c
}

// decide lets an approver decide a case.
func (o *office) decided(c *Case, in Verdict) (*Case, error) {
	if in.Grounds == "" {
		in.Grounds = "符合法定条件、标准。"
	}
	return o.Decide(o.t.Context(), as("approver", PermApprove), c.ID, 0, in)
}

// granted files a case and grants it.
func (o *office) granted(a ask, data LicenceData) (*Case, *Licence) {
	o.t.Helper()
	c, err := o.decided(o.filed(a), Verdict{Outcome: Granted, Licence: data})
	o.must(err)
	if c.LicenceID == "" {
		return c, nil
	}
	return c, o.licence(c.LicenceID)
}

func (o *office) licence(id string) *Licence {
	o.t.Helper()
	l, err := view(o.t.Context(), o.DB, func(ctx context.Context, q db.Q) (*Licence, error) { return getLicence(ctx, q, auth.CityScope(), id) })
	o.must(err)
	return l
}

func (o *office) delivery(caseID string) *Delivery {
	o.t.Helper()
	d, err := view(o.t.Context(), o.DB, func(ctx context.Context, q db.Q) (*Delivery, error) { return deliveryOf(ctx, q, caseID) })
	o.must(err)
	return d
}

func (o *office) theCase(id string) *Case {
	o.t.Helper()
	c, err := view(o.t.Context(), o.DB, func(ctx context.Context, q db.Q) (*Case, error) { return getCase(ctx, q, auth.CityScope(), id) })
	o.must(err)
	return c
}

// render makes every paper that is due.
func (o *office) render() {
	o.t.Helper()
	o.must(o.RenderPapers(o.t.Context()))
}

func (o *office) papers(caseID string) []Paper {
	o.t.Helper()
	papers, err := o.Papers(o.t.Context(), as("reader"), caseID)
	o.must(err)
	return papers
}

func (o *office) paper(caseID string, kind PaperKind) *Paper {
	o.t.Helper()
	for _, p := range o.papers(caseID) {
		if p.Kind == kind {
			return &p
		}
	}
	return nil
}

// todos counts the open to-dos of a kind.
func (o *office) todos(kind string) int64 {
	o.t.Helper()
	return o.count(`SELECT COUNT(*) FROM worklist_items WHERE kind = $1 AND closed_at = 0`, kind)
}

func (o *office) day(date string) { o.clock.Set(kernel.MustDate(date).Start().Add(10 * time.Hour)) }

var station = LicenceData{Address: "滨海新区样例路1号", PersonInCharge: "样例甲", Mode: "零售", Scope: "汽油、柴油", ContactPhone: "13900139000"}

package bench

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"log/slog"
	"path/filepath"

	"anlan/internal/audit"
	"anlan/internal/auth"
	"anlan/internal/blob"
	"anlan/internal/db"
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
	"anlan/internal/stream"
	"anlan/internal/worklist"
	"anlan/licensing"
	"anlan/licensing/rule"
	"anlan/registry"
)

// office is the licensing room as the platform builds it, on a database of the
// benchmark's own. Its machinery does not run: what is measured is what an
// applicant waits for.
type office struct {
	*licensing.Service
	db         *db.DB
	registry   *registry.Service
	applicants []applicant
}

// applicant is an enterprise and who files for it.
type applicant struct {
	registry.Enterprise
	by *auth.Principal
}

// filing is the item that the benchmark applies for: it asks for three
// documents.
const filing = "precursor-filing.first"

func officeSchema() []db.Migrations {
	return []db.Migrations{audit.Migrations(), event.Migrations(), deadline.Migrations(), job.Migrations(), number.Migrations(), personal.Migrations(),
		search.Migrations(), settings.Migrations(), notify.Migrations(), worklist.Migrations(), registry.Migrations(), licensing.Migrations()}
}

// openOffice opens the room on a database that is migrated if it is empty.
// files is a directory for uploads and the seal.
func openOffice(ctx context.Context, dsn, files string, opts db.Options) (*office, error) {
	log := quiet()
	opts.Log = log
	d, err := db.Open(ctx, dsn, opts)
	if err != nil {
		return nil, err
	}
	o := &office{db: d}
	if err := o.settle(ctx, files, log); err != nil {
		d.Close()
		return nil, err
	}
	return o, nil
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func (o *office) settle(ctx context.Context, files string, log *slog.Logger) error {
	if _, err := o.db.Migrate(ctx, officeSchema()); err != nil {
		return err
	}
	if err := registry.Prepare(ctx, o.db); err != nil {
		return err
	}
	if err := o.build(personal.NewVault(bytes.Repeat([]byte{1}, 32)), files, log); err != nil {
		return err
	}
	return o.people(ctx)
}

// build makes the room on a migrated database.
func (o *office) build(vault *personal.Vault, files string, log *slog.Logger) error {
	clock := kernel.SystemClock{}
	blobs, err := blob.Open(filepath.Join(files, "files"), blob.Options{Log: log})
	if err != nil {
		return err
	}
	sealer, err := document.NewLocalSealer(filepath.Join(files, "seal"), "样例", clock.Now())
	if err != nil {
		return err
	}
	bus := event.NewBus(o.db, clock, log)
	jobs := job.NewRunner(o.db, blobs, stream.NewHub(stream.Options{Log: log}), clock, log)
	o.registry = registry.New(registry.Parts{DB: o.db, Clock: clock, Bus: bus, Vault: vault})
	o.Service = licensing.New(licensing.Parts{DB: o.db, Clock: clock, Log: log, Bus: bus, Jobs: jobs, Blobs: blobs, Numbers: number.NewIssuer(o.db, clock),
		Vault: vault, Notify: notify.NewNotifier(vault), Registry: o.registry, Sealer: sealer, Rules: rule.Shipped(), PublicURL: "https://example.test"})
	return nil
}

// people finds or makes one applicant in every area.
func (o *office) people(ctx context.Context) error {
	var areas []registry.Area
	err := o.db.View(ctx, func(ctx context.Context, q db.Q) (err error) {
		areas, err = registry.Areas(ctx, q, registry.District, registry.Zone)
		return err
	})
	if err != nil {
		return err
	}
	clerk := auth.Platform("bench", registry.PermWrite)
	for i, area := range areas {
		body := fmt.Sprintf("91120116MA%07d", i)
		code := body + string(kernel.USCCCheck(body))
		e, err := o.enterprise(ctx, code)
		if kernel.KindOf(err) == kernel.NotFound {
			e, err = o.registry.SaveEnterprise(ctx, clerk, registry.Enterprise{USCC: code, Name: fmt.Sprintf("样例化工%02d有限公司", i), Area: area.Code,
				Address: area.Full + "样例路 1 号", LegalPerson: "王示例", Trade: registry.Trades()[0].Code, Sample: true})
		}
		if err != nil {
			return err
		}
		account := fmt.Sprintf("bench-%02d", i)
		o.applicants = append(o.applicants, applicant{e, &auth.Principal{Actor: kernel.Actor{Kind: kernel.ActorAccount, ID: account, Name: "样例申请人"},
			Permissions: auth.NewSet(licensing.PermApply), Scope: auth.Scope{Account: account, Enterprises: []string{e.ID}, Own: e.ID}}})
	}
	return nil
}

func (o *office) enterprise(ctx context.Context, code string) (e registry.Enterprise, err error) {
	err = o.db.View(ctx, func(ctx context.Context, q db.Q) error {
		e, err = registry.FindEnterprise(ctx, q, auth.CityScope(), code)
		return err
	})
	return e, err
}

// applicantOf spreads the cases over the areas.
func (o *office) applicantOf(i int) applicant { return o.applicants[i%len(o.applicants)] }

// draft makes a case that lacks nothing but being handed in.
func (o *office) draft(ctx context.Context, i int) (id string, err error) {
	a := o.applicantOf(i)
	if id, err = o.StartDraft(ctx, a.by, licensing.Start{Item: filing, EnterpriseID: a.ID}); err != nil {
		return "", err
	}
	if _, err = o.SaveForm(ctx, a.by, id, 0, map[string]any{
		"applicant":      map[string]any{"name": a.Name, "uscc": a.USCC, "address": a.Address, "legal_person": a.LegalPerson, "contact": "李样例", "phone": "13800138000"},
		"class_activity": "class3_business", "chemicals": []any{map[string]any{"name": "盐酸", "quantity": 20.0}, map[string]any{"name": "硫酸", "quantity": 30.0}},
		"destinations": "本市", "declaration": true}); err != nil {
		return "", err
	}
	c, err := o.Case(ctx, a.by, id)
	if err != nil {
		return "", err
	}
	for _, m := range c.Rule.Materials {
		if !m.Needed(c.Data) {
			continue
		}
		if _, err := o.AddFile(ctx, a.by, id, m.ID, m.Title.ZH+".png", bytes.NewReader(picture())); err != nil {
			return "", err
		}
	}
	return id, o.SetDelivery(ctx, a.by, id, licensing.ByMail, licensing.Address{Recipient: "李样例", Phone: "13800138000", Address: a.Address})
}

// picture is a scan without anything on it.
func picture() []byte {
	var b bytes.Buffer
	png.Encode(&b, image.NewGray(image.Rect(0, 0, 40, 30)))
	return b.Bytes()
}

package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"anlan/internal/audit"
	"anlan/internal/auth"
	"anlan/internal/blob"
	"anlan/internal/db"
	"anlan/internal/dbtest"
	"anlan/internal/event"
	"anlan/internal/i18n"
	"anlan/internal/job"
	"anlan/internal/kernel"
	"anlan/internal/personal"
	"anlan/internal/search"
	"anlan/internal/sheet"
)

// office is a town whose enterprises come from workbooks.
type office struct {
	*town
	sheets *Sheets
	jobs   *job.Runner
	blobs  *blob.Store
}

func newOffice(t *testing.T, d *db.DB) *office {
	w := newTown(t, d)
	blobs, err := blob.Open(t.TempDir(), blob.Options{})
	if err != nil {
		t.Fatal(err)
	}
	jobs := job.NewRunner(d, blobs, nil, w.clock, slog.New(slog.DiscardHandler))
	texts := i18n.MustLoad(sheet.Source(), i18n.Source{Owner: "registry", FS: Locale()})
	return &office{w, NewSheets(w.Service, jobs, blobs, texts), jobs, blobs}
}

var importer = auth.Platform("test", PermImport, PermRead)

// workbook fills the template with rows.
func (o *office) workbook(rows ...[]any) io.Reader {
	o.t.Helper()
	var b bytes.Buffer
	if err := o.sheets.Template(o.t.Context(), &b, i18n.Chinese); err != nil {
		o.t.Fatal(err)
	}
	f, err := excelize.OpenReader(&b)
	if err != nil {
		o.t.Fatal(err)
	}
	defer f.Close()
	for i, row := range rows {
		if err := f.SetSheetRow(f.GetSheetName(0), fmt.Sprintf("A%d", i+2), &row); err != nil {
			o.t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := f.Write(&out); err != nil {
		o.t.Fatal(err)
	}
	return &out
}

func rowOf(n int, name string) []any {
	return []any{uscc(n), name, "经开区", "样例路1号", "样例甲", "加油站", 2, nil, nil, 12, "是", 117.7, 39.03, "样例乙", "16000001234"}
}

// runImport imports a workbook and returns what the job remembered and its row
// errors as "line field:rule".
func (o *office) runImport(p *auth.Principal, file io.Reader, dry bool) (n progress, faults []string) {
	o.t.Helper()
	id, err := o.sheets.Import(o.t.Context(), p, file, dry)
	if err != nil {
		o.t.Fatal(err)
	}
	if err := o.jobs.Drain(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
	o.view(func(ctx context.Context, q db.Q) error {
		saved, err := db.Value[string](ctx, q, `SELECT saved FROM job_jobs WHERE id = $1`, id)
		if err != nil {
			return err
		}
		rows, err := job.RowErrors(ctx, q, id, 0, 100)
		for _, r := range rows {
			for _, f := range r.Problem.Fields {
				faults = append(faults, fmt.Sprintf("%d %s:%s", r.Row, f.Field, f.Rule))
			}
		}
		if err != nil {
			return err
		}
		return json.Unmarshal([]byte(saved), &n)
	})
	return n, faults
}

func eachOffice(t *testing.T, test func(t *testing.T, o *office)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) { test(t, newOffice(t, d)) },
		audit.Migrations(), event.Migrations(), personal.Migrations(), search.Migrations(), job.Migrations(), Migrations())
}

func TestImportAddsChangesAndNamesEveryBadCell(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		bad := rowOf(3, "")
		bad[0], bad[6] = "91120000X", 7
		rows := [][]any{rowOf(1, "样例一站"), rowOf(2, "样例二站"), bad, rowOf(1, "样例一站")}
		n, faults := o.runImport(importer, o.workbook(rows...), true)
		wantFaults := []string{"4 uscc:id_length", "4 name:required", "4 standardisation:too_large", "5 uscc:duplicate"}
		if diff := cmp.Diff(wantFaults, faults); diff != "" {
			t.Error(diff)
		}
		if n.Added != 2 || n.Bad != 2 || o.count(`SELECT COUNT(*) FROM registry_enterprises`) != 0 {
			t.Errorf("a dry run did %+v", n)
		}
		if n, _ = o.runImport(importer, o.workbook(rows...), false); n.Added != 2 || n.Bad != 2 {
			t.Errorf("%+v", n)
		}
		second := rowOf(2, "样例二号加油站")
		n, faults = o.runImport(importer, o.workbook(rowOf(1, "样例一站"), second), false)
		if n.Same != 1 || n.Changed != 1 || faults != nil {
			t.Errorf("%+v %v", n, faults)
		}
		o.view(func(ctx context.Context, q db.Q) error {
			e, err := FindEnterprise(ctx, q, clerk.Scope, uscc(2))
			if e.Name != "样例二号加油站" || len(e.FormerNames) != 1 || e.Version != 2 || !e.Attributes.KeySupply || e.Pos.Lon != 117.7 {
				t.Errorf("%+v", e)
			}
			return err
		})
	})
}

func TestImportStaysInTheImportersScope(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		o.save(clerk, plant(1, "120101"))
		p := *importer
		p.Scope = auth.Scope{Officer: true, Areas: []string{"120116-TEDA"}}
		elsewhere := rowOf(2, "样例二站")
		elsewhere[2] = "和平区"
		_, faults := o.runImport(&p, o.workbook(rowOf(1, "抢注"), elsewhere), false)
		if diff := cmp.Diff([]string{"2 uscc:taken", "3 area:choice"}, faults); diff != "" {
			t.Error(diff)
		}
		_, err := o.sheets.Import(t.Context(), clerk, strings.NewReader(""), false)
		wantKind(t, err, kernel.Denied)
		_, err = o.sheets.Import(t.Context(), importer, strings.NewReader("not a workbook"), false)
		wantFields(t, err, "file:file_type")
	})
}

func TestExportComesBackUnchanged(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		var rows [][]any
		for i := range 45 {
			rows = append(rows, rowOf(i, fmt.Sprintf("样例%02d站", i)))
		}
		if n, faults := o.runImport(importer, o.workbook(rows...), false); n.Added != 45 {
			t.Fatalf("%+v %v", n, faults)
		}
		id, err := o.sheets.Export(t.Context(), importer, EnterpriseFilter{Area: "120116"}, i18n.English)
		if err != nil {
			t.Fatal(err)
		}
		if err := o.jobs.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		var hash string
		o.view(func(ctx context.Context, q db.Q) (err error) {
			hash, err = db.Value[string](ctx, q, `SELECT result_hash FROM job_jobs WHERE id = $1`, id)
			return err
		})
		f, err := o.blobs.Get(t.Context(), hash)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		n, faults := o.runImport(importer, f, false)
		if n.Same != 45 {
			t.Errorf("%+v %v", n, faults)
		}
	})
}

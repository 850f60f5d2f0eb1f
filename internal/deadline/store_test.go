package deadline

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anlan/internal/audit"
	"anlan/internal/db"
	"anlan/internal/dbtest"
	"anlan/internal/kernel"
)

var (
	noon  = time.Date(2026, 11, 20, 4, 0, 0, 0, time.UTC)
	admin = kernel.Actor{Kind: kernel.ActorAccount, ID: "a1", Name: "管理员"}
)

func inTx(t *testing.T, d *db.DB, fn func(ctx context.Context, tx *db.Tx) error) {
	t.Helper()
	if err := d.InTx(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}

const notice2027 = "date,type,name\n2027-01-01,off,元旦\n2027-02-06,off,春节\n2027-10-01,off,国庆节\n2027-10-09,work,国庆节\n"

func TestNextYearIsLoadedByAnAdministrator(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		rows, faults := ParseCSV(strings.NewReader(notice2027), "国办发明电〔2026〕示例号")
		if len(faults) > 0 {
			t.Fatal(faults)
		}
		var dry, done, again ImportReport
		inTx(t, d, func(ctx context.Context, tx *db.Tx) (err error) { dry, err = Preview(ctx, tx, rows); return err })
		if left, err := Rows(ctx, d.Reader(), 0); err != nil || len(left) != 0 {
			t.Fatalf("a dry run wrote %v (%v)", left, err)
		}
		inTx(t, d, func(ctx context.Context, tx *db.Tx) (err error) {
			done, err = Import(ctx, tx, noon, admin, rows)
			return err
		})
		if diff := cmp.Diff(dry, done, sameDate); diff != "" || len(done.Added) != 4 || !cmp.Equal(done.Known, []int{2027}) {
			t.Errorf("the import did not do what its dry run said: %s %+v", diff, done)
		}
		inTx(t, d, func(ctx context.Context, tx *db.Tx) (err error) {
			again, err = Import(ctx, tx, noon, admin, rows)
			return err
		})
		if again.Same != 4 || len(again.Added)+len(again.Changed) != 0 {
			t.Errorf("a second import changed something: %+v", again)
		}
		cal, err := Load(ctx, d.Reader())
		if err != nil || !cal.Known(2027) || Embedded().Known(2027) {
			t.Fatalf("2027 known: %v %v", cal.Known(2027), err)
		}
		if ok, why := cal.IsWorking(day("2027-10-09")); !ok || why != WhyMakeUp {
			t.Errorf("2027-10-09: %v %s", ok, why)
		}
		trail, err := audit.List(ctx, d.Reader(), audit.Filter{Action: "deadline.day.put"})
		if err != nil || len(trail) != 4 || trail[0].Actor.ID != "a1" {
			t.Errorf("%d audit rows, want one for each row written (%v)", len(trail), err)
		}
	}, audit.Migrations(), Migrations())
}

func TestAnImportWithoutNationalDayStaysProvisional(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		rows, _ := ParseCSV(strings.NewReader("date,type,name\n2028-01-01,off,元旦\n"), "通知")
		inTx(t, d, func(ctx context.Context, tx *db.Tx) error {
			rep, err := Preview(ctx, tx, rows)
			if !cmp.Equal(rep.Unknown, []int{2028}) || len(rep.Known) != 0 {
				t.Errorf("%+v", rep)
			}
			return err
		})
	}, audit.Migrations(), Migrations())
}

func TestARowIsCorrectedAndTakenBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		row := Row{Date: day("2026-05-07"), Type: Off, Name: "更正", Source: "通知一"}
		put := func(r Row) {
			inTx(t, d, func(ctx context.Context, tx *db.Tx) error { return Put(ctx, tx, noon, admin, r) })
		}
		put(row)
		put(row) // the same again writes nothing
		row.Source = "通知二"
		put(row)
		got, err := Rows(ctx, d.Reader(), 2026)
		if diff := cmp.Diff([]Row{row}, got, sameDate); err != nil || diff != "" {
			t.Fatal(diff, err)
		}
		if other, err := Rows(ctx, d.Reader(), 2025); err != nil || len(other) != 0 {
			t.Errorf("rows of another year: %v (%v)", other, err)
		}
		remove := func() error {
			return d.InTx(ctx, func(ctx context.Context, tx *db.Tx) error { return Remove(ctx, tx, noon, admin, row.Date) })
		}
		if err := remove(); err != nil {
			t.Fatal(err)
		}
		if err := remove(); kernel.KindOf(err) != kernel.NotFound {
			t.Errorf("taken back twice: %v", err)
		}
		trail, err := audit.List(ctx, d.Reader(), audit.Filter{Subject: "day:2026-05-07"})
		if err != nil || len(trail) != 3 {
			t.Errorf("%d audit rows, want put, put, remove (%v)", len(trail), err)
		}
	}, audit.Migrations(), Migrations())
}

func TestAWrongRowOrNobodyWritesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		good := Row{Date: day("2027-01-01"), Type: Off, Name: "元旦", Source: "通知"}
		err := d.InTx(ctx, func(ctx context.Context, tx *db.Tx) error { return Put(ctx, tx, noon, admin, Row{Type: "maybe"}) })
		if err == nil || err.Error() != "date: required: ; type: choice: maybe; name: required: ; source: required: " {
			t.Errorf("a wrong row: %v", err)
		}
		if err := d.InTx(ctx, func(ctx context.Context, tx *db.Tx) error { return Put(ctx, tx, noon, kernel.Actor{}, good) }); err == nil {
			t.Error("nobody wrote a row")
		}
		if rows, err := Rows(ctx, d.Reader(), 0); err != nil || len(rows) != 0 {
			t.Errorf("%v %v", rows, err)
		}
	}, audit.Migrations(), Migrations())
}

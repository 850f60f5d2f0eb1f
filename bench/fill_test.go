package bench

import (
	"bytes"
	"context"
	"testing"
	"time"

	"anlan/internal/db"
	"anlan/internal/dbtest"
	"anlan/internal/kernel"
	"anlan/internal/personal"
)

func fillOn(t *testing.T, d *db.DB, f Filling) error {
	vault := personal.NewVault(bytes.Repeat([]byte{1}, 32))
	return Fill(t.Context(), d, f, kernel.MustDate("2026-05-06"), vault.Hash("phone", FilledPhone), func(int) {})
}

func TestFilledCasesAreFoundByThePublic(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := &office{db: d}
		if err := o.settle(t.Context(), t.TempDir(), quiet()); err != nil {
			t.Fatal(err)
		}
		id, err := o.draft(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := o.Submit(t.Context(), o.applicantOf(0).by, id, 0); err != nil {
			t.Fatal(err)
		}
		if err := fillOn(t, d, Filling{Cases: 600, Open: 200}); err != nil {
			t.Fatal(err)
		}
		for query, want := range map[string]int64{`SELECT COUNT(*) FROM licensing_cases`: 601, `SELECT COUNT(*) FROM licensing_cases WHERE closed_at = 0`: 201,
			`SELECT COUNT(DISTINCT area) FROM licensing_cases`: int64(len(o.applicants)), `SELECT COUNT(*) FROM licensing_case_log`: 1801} {
			if got, err := db.Value[int64](t.Context(), d.Reader(), query); err != nil || got != want {
				t.Errorf("%s: %d, %v", query, got, err)
			}
		}
		vault := personal.NewVault(bytes.Repeat([]byte{1}, 32))
		got, err := Progress(t.Context(), d, vault, Asking{Cases: 600, Rate: 100, For: 200 * time.Millisecond, Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		if got.Requests != 20 || got.Statuses[kernel.NotFound.String()] != 0 {
			t.Errorf("answers %+v", got)
		}
	}, officeSchema()...)
}

func TestFillLeavesRealCasesAlone(t *testing.T) {
	d := dbtest.SQLite(t, officeSchema()...)
	o := &office{db: d}
	if err := o.settle(t.Context(), t.TempDir(), quiet()); err != nil {
		t.Fatal(err)
	}
	if _, err := o.draft(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE licensing_cases SET sample = FALSE`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := fillOn(t, d, Filling{Cases: 10, Open: 5}); kernel.KindOf(err) != kernel.Invalid {
		t.Errorf("got %v", err)
	}
}

func TestFillRefusesWhatCannotBe(t *testing.T) {
	d := dbtest.SQLite(t, officeSchema()...)
	for _, f := range []Filling{{Cases: 0}, {Cases: 10, Open: 11}, {Cases: 10_000_000}} {
		if err := fillOn(t, d, f); kernel.KindOf(err) != kernel.Invalid {
			t.Errorf("%+v: %v", f, err)
		}
	}
}

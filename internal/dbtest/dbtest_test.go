package dbtest

import (
	"context"
	"errors"
	"testing"
	"testing/fstest"

	"anlan/internal/db"
)

func notes() db.Migrations {
	return db.Migrations{Owner: "notes", Rank: 1, FS: fstest.MapFS{
		"0001_init.sql": {Data: []byte("CREATE TABLE notes_notes (id TEXT PRIMARY KEY, body BLOB NOT NULL);\n")},
	}}
}

func TestEachGivesEveryTestAFreshMigratedDatabase(t *testing.T) {
	for range 2 {
		Each(t, func(t *testing.T, d *db.DB) {
			ctx := context.Background()
			err := d.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
				_, err := tx.ExecContext(ctx, `INSERT INTO notes_notes (id, body) VALUES ($1, $2)`, "a", []byte{1})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			pending, err := d.Pending(ctx, []db.Migrations{notes()})
			if err != nil || len(pending) != 0 {
				t.Fatalf("pending %v, %v", pending, err)
			}
		}, notes())
	}
}

func TestFailingDatabaseFailsEveryStatement(t *testing.T) {
	d := Failing(t)
	err := d.View(context.Background(), func(ctx context.Context, q db.Q) error {
		var n int
		return q.QueryRowContext(ctx, `SELECT 1`).Scan(&n)
	})
	if !errors.Is(err, ErrBroken) {
		t.Errorf("View: %v", err)
	}
	err = d.InTx(context.Background(), func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `SELECT 1`)
		return err
	})
	if !errors.Is(err, ErrBroken) {
		t.Errorf("InTx: %v", err)
	}
}

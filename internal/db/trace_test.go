package db_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"anlan/internal/db"
	"anlan/internal/dbtest"
)

func TestTraceTellsWhatWasCommittedAndViewed(t *testing.T) {
	type key struct{}
	var got []db.Traced
	d := dbtest.SQLiteWith(t, db.Options{Trace: func(ctx context.Context, tr db.Traced) {
		if ctx.Value(key{}) == "mine" {
			got = append(got, tr)
		}
	}}, source("items", `CREATE TABLE items (id TEXT PRIMARY KEY);
`))
	ctx := context.WithValue(t.Context(), key{}, "mine")
	insert := func(id string, end error) error {
		return d.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
			if _, err := tx.ExecContext(ctx, `INSERT INTO items (id) VALUES ($1)`, id); err != nil {
				return err
			}
			return end
		})
	}
	gone := errors.New("gone")
	if err := errors.Join(insert("a", nil), insert("a", nil)); err == nil {
		t.Fatal("a twin got in")
	}
	if err := insert("b", gone); !errors.Is(err, gone) {
		t.Fatal(err)
	}
	err := d.View(ctx, func(ctx context.Context, q db.Q) error {
		_, err := db.Column[string](ctx, q, `SELECT id FROM items`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || len(got[0].Statements) != 1 || len(got[1].Statements) != 1 {
		t.Fatalf("told of %+v", got)
	}
	if s := got[0].Statements[0]; s.Query != `INSERT INTO items (id) VALUES ($1)` || s.Args[0] != "a" || s.Rows || got[0].Options.Isolation != sql.LevelSerializable {
		t.Errorf("told of %+v", got[0])
	}
	if s := got[1].Statements[0]; !s.Rows || !got[1].Options.ReadOnly {
		t.Errorf("told of %+v", got[1])
	}
}

package db_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"anlan/internal/db"
	"anlan/internal/dbtest"
)

func TestPostgresDumpLoadsAsItWas(t *testing.T) {
	src := source("trip", `
CREATE TABLE trip_a_children (id TEXT PRIMARY KEY, parent TEXT NOT NULL, above TEXT REFERENCES trip_a_children (id), body BLOB, n DOUBLE PRECISION, open BOOLEAN NOT NULL);
CREATE TABLE trip_parents (id TEXT PRIMARY KEY, note TEXT NOT NULL);
INSERT INTO trip_parents (id, note) VALUES ('seed', 'made by the migration');
`)
	src2 := source("uses", `
CREATE TABLE uses_all (id TEXT PRIMARY KEY REFERENCES trip_parents (id));
`)
	from, to := dbtest.Postgres(t, src, src2), dbtest.Postgres(t, src, src2)
	err := from.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		for _, stmt := range []string{
			`UPDATE trip_parents SET note = 'changed since'`,
			`INSERT INTO trip_parents (id, note) VALUES ('p', 'tab	 newline
 back\slash 安澜')`,
			`INSERT INTO uses_all (id) VALUES ('p')`,
			`INSERT INTO trip_a_children (id, parent, above, body, n, open) VALUES ('a', 'p', NULL, '\x00ff', 1.5, TRUE), ('b', 'p', 'a', NULL, NULL, FALSE)`,
		} {
			if _, err := tx.ExecContext(ctx, stmt); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := from.Dump(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	if err := to.Load(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	again := t.TempDir()
	if err := to.Dump(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(names) != 4 {
		t.Fatalf("files %q, %v", names, err)
	}
	for _, name := range names {
		before, _ := os.ReadFile(name)
		after, _ := os.ReadFile(filepath.Join(again, filepath.Base(name)))
		if diff := cmp.Diff(string(before), string(after)); diff != "" {
			t.Errorf("%s: %s", filepath.Base(name), diff)
		}
	}
}

func TestSQLiteCopyIsWholeWhileOthersWrite(t *testing.T) {
	d := dbtest.SQLite(t, marks)
	stop := make(chan struct{})
	done := call(t.Context(), d, func(context.Context, *db.Tx) error { return nil })
	go func() {
		defer close(stop)
		for i := range 200 {
			d.InTx(context.Background(), func(ctx context.Context, tx *db.Tx) error {
				// always two rows at once
				_, err := tx.ExecContext(ctx, `INSERT INTO mark_marks (id) VALUES ($1 || 'a'), ($1 || 'b')`, i)
				return err
			})
		}
	}()
	<-done
	path := filepath.Join(t.TempDir(), "copy.db")
	if err := d.CopyTo(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	<-stop
	copied, err := db.Open(t.Context(), "sqlite:"+path, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Close()
	n, err := db.Value[int](t.Context(), copied.Reader(), `SELECT count(*) FROM mark_marks`)
	if err != nil || n%2 != 0 {
		t.Errorf("%d rows, %v", n, err)
	}
	if err := d.CopyTo(t.Context(), path); err == nil {
		t.Error("a copy was written over another")
	}
}

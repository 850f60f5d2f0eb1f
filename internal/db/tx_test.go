package db_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"anlan/internal/db"
	"anlan/internal/dbtest"
	"anlan/internal/kernel"
)

func TestTransactionInsideAnotherIsRefused(t *testing.T) {
	type opener = func(context.Context, *db.DB, func(context.Context) error) error
	inTx := func(ctx context.Context, d *db.DB, fn func(context.Context) error) error {
		return d.InTx(ctx, func(ctx context.Context, _ *db.Tx) error { return fn(ctx) })
	}
	view := func(ctx context.Context, d *db.DB, fn func(context.Context) error) error {
		return d.View(ctx, func(ctx context.Context, _ db.Q) error { return fn(ctx) })
	}
	reader := func(ctx context.Context, d *db.DB, _ func(context.Context) error) error {
		_, err := db.Value[int](ctx, d.Reader(), `SELECT 1`)
		return err
	}
	nothing := func(context.Context) error { return nil }
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for outer, open := range map[string]opener{"InTx": inTx, "View": view} {
			for inner, again := range map[string]opener{"InTx": inTx, "View": view, "Reader": reader} {
				err := open(t.Context(), d, func(ctx context.Context) error { return again(ctx, d, nothing) })
				if !errors.Is(err, db.ErrNested) {
					t.Errorf("%s inside %s: %v", inner, outer, err)
				}
			}
		}
	})
}

func TestTheLastOneIsTakenOnce(t *testing.T) {
	stock := source("stock", `CREATE TABLE stock_taken (id TEXT PRIMARY KEY, item TEXT NOT NULL);
`)
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		taken := errors.New("taken")
		const rivals = 8
		var outs []<-chan error
		start := make(chan struct{})
		for i := range rivals {
			outs = append(outs, call(t.Context(), d, func(ctx context.Context, tx *db.Tx) error {
				<-start
				n, err := db.Value[int](ctx, tx, `SELECT count(*) FROM stock_taken WHERE item = $1`, "the last")
				if err != nil {
					return err
				}
				if n > 0 {
					return taken
				}
				_, err = tx.ExecContext(ctx, `INSERT INTO stock_taken (id, item) VALUES ($1, $2)`, fmt.Sprint(i), "the last")
				return err
			}))
		}
		close(start)
		won := 0
		for _, out := range outs {
			switch err := <-out; {
			case err == nil:
				won++
			case !errors.Is(err, taken):
				t.Error(err)
			}
		}
		if won != 1 {
			t.Errorf("%d rivals took the last one", won)
		}
	}, stock)
}

func TestViewIsASnapshot(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		count := func(ctx context.Context, q db.Q) int {
			n, err := db.Value[int](ctx, q, `SELECT count(*) FROM mark_marks`)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		err := d.View(t.Context(), func(ctx context.Context, q db.Q) error {
			if n := count(ctx, q); n != 0 {
				t.Errorf("%d rows at the start", n)
			}
			err := <-call(context.Background(), d, func(ctx context.Context, tx *db.Tx) error { return mark(ctx, tx, "meanwhile") })
			if err != nil {
				t.Error(err)
			}
			if n := count(ctx, q); n != 0 {
				t.Error("the snapshot moved")
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		if n := count(t.Context(), d.Reader()); n != 1 {
			t.Errorf("%d rows afterwards", n)
		}
	}, marks)
}

func TestViewCannotWrite(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		err := d.View(t.Context(), func(ctx context.Context, q db.Q) error { return mark(ctx, q, "no") })
		if err == nil {
			t.Error("a view wrote")
		}
		if ids := marked(t, d); len(ids) != 0 {
			t.Errorf("found %q", ids)
		}
	}, marks)
}

func TestPlaceholdersBindByNumber(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		got, err := db.Value[string](t.Context(), d.Reader(), `SELECT CAST($2 AS TEXT) || CAST($1 AS TEXT) || CAST($2 AS TEXT)`, "one", "two")
		if err != nil || got != "twoonetwo" {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

func TestBrokenConstraintsReadTheSameOnBothEngines(t *testing.T) {
	src := source("rule", `
CREATE TABLE rule_parents (id TEXT PRIMARY KEY);
CREATE TABLE rule_children (id TEXT PRIMARY KEY, parent TEXT NOT NULL REFERENCES rule_parents (id), n BIGINT CHECK (n >= 0));
`)
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		run := func(stmt string) error {
			return d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				_, err := tx.ExecContext(ctx, stmt)
				return err
			})
		}
		if err := run(`INSERT INTO rule_parents (id) VALUES ('p')`); err != nil {
			t.Fatal(err)
		}
		for stmt, want := range map[string]db.ConstraintKind{
			`INSERT INTO rule_parents (id) VALUES ('p')`:                      db.Unique,
			`INSERT INTO rule_children (id, parent) VALUES ('a', 'nobody')`:   db.ForeignKey,
			`INSERT INTO rule_children (id, parent) VALUES ('a', NULL)`:       db.NotNull,
			`INSERT INTO rule_children (id, parent, n) VALUES ('a', 'p', -1)`: db.CheckRule,
		} {
			var broken *db.ConstraintError
			if err := run(stmt); !errors.As(err, &broken) || broken.Kind != want {
				t.Errorf("%s: %v, want %s", stmt, err, want)
			}
		}
	}, src)
}

func TestReturningErrorsEndTheTransaction(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			const insert = `INSERT INTO mark_marks (id) VALUES ($1) RETURNING id`
			if _, err := db.Value[string](ctx, tx, insert, "a"); err != nil {
				return err
			}
			db.Value[string](ctx, tx, insert, "a") // fails, and nobody looks
			return nil
		})
		if !db.IsUnique(err) {
			t.Errorf("got %v", err)
		}
		if ids := marked(t, d); len(ids) != 0 {
			t.Errorf("found %q", ids)
		}
	}, marks)
}

func TestSameQueryNestsInItself(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			for _, id := range []string{"a", "b", "c"} {
				if err := mark(ctx, tx, id); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if d.Engine() == db.Postgres {
			return // its connections read one result at a time
		}
		const query = `SELECT id FROM mark_marks ORDER BY id`
		err = d.View(t.Context(), func(ctx context.Context, q db.Q) error {
			rows, err := q.QueryContext(ctx, query)
			if err != nil {
				return err
			}
			defer rows.Close()
			n := 0
			for ; rows.Next(); n++ {
				if inner, err := db.Column[string](ctx, q, query); err != nil || len(inner) != 3 {
					t.Errorf("inner %v, %v", inner, err)
				}
			}
			if n != 3 {
				t.Errorf("outer gave %d rows", n)
			}
			return rows.Err()
		})
		if err != nil {
			t.Error(err)
		}
	}, marks)
}

func TestClosedDatabaseRefuses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		d.Close()
		if err := d.InTx(t.Context(), func(context.Context, *db.Tx) error { return nil }); err == nil {
			t.Error("InTx on a closed database")
		}
	})
}

func TestOpenNamesNoPassword(t *testing.T) {
	for _, dsn := range []string{"postgres://u:hunter2@127.0.0.1:1/x", "postgres://u:hunter2@127.0.0.1:bad/x", "mysql://u:hunter2@x/y"} {
		_, err := db.Open(t.Context(), dsn, db.Options{})
		if err == nil {
			t.Fatalf("%s opened", dsn)
		}
		if s := fmt.Sprint(err); len(s) == 0 || containsSecret(s) {
			t.Errorf("the error tells the password: %s", s)
		}
	}
	_, err := db.Open(t.Context(), "postgres://u@127.0.0.1:1/x", db.Options{})
	if kernel.KindOf(err) != kernel.Unavailable {
		t.Errorf("no server: %v", err)
	}
}

package audit_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"anlan/internal/audit"
	"anlan/internal/db"
	"anlan/internal/dbtest"
	"anlan/internal/kernel"
)

var start = time.Date(2026, 5, 6, 8, 0, 0, 0, time.UTC)

func write(t *testing.T, d *db.DB, n int) {
	t.Helper()
	for i := range n {
		at := start.Add(time.Duration(i) * time.Second)
		err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			return audit.Write(ctx, tx, audit.Entry{At: at, Actor: kernel.System("test"), Action: "test.act", Subject: fmt.Sprint("thing:", i), After: map[string]int{"i": i}})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func verify(t *testing.T, d *db.DB, head string) audit.Report {
	t.Helper()
	var rep audit.Report
	err := d.View(t.Context(), func(ctx context.Context, q db.Q) (err error) {
		rep, err = audit.Verify(ctx, q, head)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func change(t *testing.T, d *db.DB, stmt string, args ...any) {
	t.Helper()
	err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, stmt, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func seal(t *testing.T, d *db.DB, head string) {
	t.Helper()
	if _, err := audit.NewSealer(d, kernel.SystemClock{}, head).Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestWriteRefusesNobody(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			return audit.Write(ctx, tx, audit.Entry{At: start, Action: "test.act", Subject: "thing:1"})
		})
		if !errors.Is(err, audit.ErrNobody) {
			t.Fatalf("want ErrNobody, got %v", err)
		}
	}, audit.Migrations())
}

func TestUntouchedChainVerifies(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		head := filepath.Join(t.TempDir(), "head")
		write(t, d, 450)
		seal(t, d, head)
		write(t, d, 3)
		rep := verify(t, d, head)
		if !rep.OK() || rep.Sealed != 450 || rep.Unsealed != 3 || rep.Head.Seq != 450 {
			t.Fatalf("report %+v", rep)
		}
	}, audit.Migrations())
}

func TestVerifyFindsEveryKindOfTampering(t *testing.T) {
	cases := []struct {
		name, stmt string
		args       []any
		rule       string
		seq        int64
	}{
		{"a changed field", `UPDATE audit_rows SET after = $1 WHERE seq = 4`, []any{`{"i":99}`}, "changed", 4},
		{"a changed actor", `UPDATE audit_rows SET actor_id = $1 WHERE seq = 7`, []any{"somebody"}, "changed", 7},
		{"a removed row", `DELETE FROM audit_rows WHERE seq = $1`, []any{5}, "missing", 5},
		{"a removed tail", `DELETE FROM audit_rows WHERE seq >= $1`, []any{9}, "missing", 10},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				head := filepath.Join(t.TempDir(), "head")
				write(t, d, 10)
				seal(t, d, head)
				change(t, d, c.stmt, c.args...)
				rep := verify(t, d, head)
				for _, f := range rep.Faults {
					if f.Rule == c.rule && f.Seq == c.seq {
						return
					}
				}
				t.Fatalf("no fault %s at %d in %+v", c.rule, c.seq, rep.Faults)
			}, audit.Migrations())
		})
	}
}

// Somebody who can write to the database can compute a whole new chain; the
// heads in the second place still tell.
func TestRewrittenChainDiffersFromItsWitness(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		head := filepath.Join(t.TempDir(), "head")
		write(t, d, 10)
		seal(t, d, head)
		change(t, d, `UPDATE audit_rows SET seq = NULL, hash = NULL, actor_id = $1`, "somebody")
		seal(t, d, "")
		rep := verify(t, d, head)
		if rep.OK() || rep.Faults[0].Rule != "head_differs" {
			t.Fatalf("report %+v", rep)
		}
		if rep := verify(t, d, ""); !rep.OK() {
			t.Fatalf("the rewritten chain should be consistent in itself: %+v", rep)
		}
	}, audit.Migrations())
}

func TestTornHeadLineIsPassedOver(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		head := filepath.Join(t.TempDir(), "head")
		write(t, d, 2)
		seal(t, d, head)
		f, err := os.OpenFile(head, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		f.WriteString(`{"seq":99,"ha`)
		f.Close()
		if rep := verify(t, d, head); !rep.OK() {
			t.Fatalf("report %+v", rep)
		}
	}, audit.Migrations())
}

func TestListFiltersByPrefixAndPages(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		write(t, d, 5)
		err := d.View(t.Context(), func(ctx context.Context, q db.Q) error {
			first, err := audit.List(ctx, q, audit.Filter{Action: "test.", Limit: 3})
			if err != nil || len(first) != 3 {
				t.Fatalf("%d rows, %v", len(first), err)
			}
			rest, err := audit.List(ctx, q, audit.Filter{Action: "test.", Before: first[2].ID})
			if err != nil || len(rest) != 2 || rest[1].Subject != "thing:0" {
				t.Fatalf("%+v, %v", rest, err)
			}
			none, err := audit.List(ctx, q, audit.Filter{Action: "tes_"})
			if err != nil || len(none) != 0 {
				t.Fatalf("an underscore is not a wildcard: %d rows, %v", len(none), err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}, audit.Migrations())
}

func TestListFindsATimeByItsBounds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		noon := time.Date(2026, 5, 6, 4, 0, 0, 0, time.UTC)
		err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			for h := range 5 {
				e := audit.Entry{At: noon.Add(time.Duration(h) * time.Hour), Actor: kernel.System("test"), Action: "test.hour", Subject: fmt.Sprint("hour:", h)}
				if err := audit.Write(ctx, tx, e); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		rows, err := audit.List(t.Context(), d.Reader(), audit.Filter{Since: noon.Add(time.Hour), Until: noon.Add(3 * time.Hour)})
		if err != nil || len(rows) != 2 || rows[0].Subject != "hour:2" || rows[1].Subject != "hour:1" {
			t.Errorf("%+v, %v", rows, err)
		}
	}, audit.Migrations())
}

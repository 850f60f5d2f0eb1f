package job

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"anlan/internal/audit"
	"anlan/internal/db"
	"anlan/internal/dbtest"
	"anlan/internal/kernel"
)

// childDSN names the variable that makes this test binary a process that
// does jobs until it is killed.
const childDSN = "ANLAN_TEST_JOB_CHILD"

const (
	importRows = 200
	sliceRows  = 10
)

func TestMain(m *testing.M) {
	if dsn := os.Getenv(childDSN); dsn != "" {
		child(dsn)
		return
	}
	os.Exit(m.Run())
}

// child imports rows slice by slice and says so after each commit.
func child(dsn string) {
	d, err := db.Open(context.Background(), dsn, db.Options{Log: quiet()})
	if err != nil {
		fmt.Println("error", err)
		return
	}
	r := NewRunner(d, nil, nil, kernel.SystemClock{}, quiet())
	r.lease = 500 * time.Millisecond
	r.Handle("import", func(ctx context.Context, run *Run) error { return importSlices(ctx, d, run) })
	r.Start(context.Background())
	for ; ; time.Sleep(10 * time.Millisecond) {
		if c, err := Count(context.Background(), d.Reader()); err == nil && c == (Counts{}) {
			fmt.Println("ended")
			select {}
		}
	}
}

func importSlices(ctx context.Context, d *db.DB, run *Run) error {
	next := 0
	if _, err := run.Saved(&next); err != nil {
		return err
	}
	for next < importRows {
		err := d.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
			for row := next; row < next+sliceRows; row++ {
				if _, err := tx.ExecContext(ctx, `INSERT INTO imported (id, n) VALUES ($1, $2)`, kernel.NewID(time.Now()), row); err != nil {
					return err
				}
			}
			if err := run.RowError(ctx, next, kernel.Bad("name", "required", "")); err != nil {
				return err
			}
			if err := run.Progress(ctx, int64(next+sliceRows), importRows); err != nil {
				return err
			}
			return run.Save(ctx, tx, next+sliceRows)
		})
		if err != nil {
			return err
		}
		next += sliceRows
		fmt.Println("slice", next)
	}
	return nil
}

// A process that imports is killed again and again: another takes the job up
// where the last slice ended, and every row is there exactly once.
func TestKilledImportContinuesWithoutLossOrRepetition(t *testing.T) {
	run := func(t *testing.T, d *db.DB, dsn string, hand func()) {
		execute(t, d, `CREATE TABLE imported (id TEXT PRIMARY KEY, n BIGINT NOT NULL)`)
		r := NewRunner(d, nil, nil, kernel.SystemClock{}, quiet())
		r.Handle("import", func(context.Context, *Run) error { return nil })
		id := enqueue(t, r, Job{Kind: "import"})
		hand() // the database is the children's now
		for kill := range 3 {
			killAfter(t, dsn, 1+kill*2)
		}
		killAfter(t, dsn, importRows) // the last one gets to the end
		d = reopen(t, dsn)
		j := status(t, d, id)
		if j.State != Done || j.Done != importRows || j.RowErrors != importRows/sliceRows || j.Tries != 4 {
			t.Errorf("%+v", j)
		}
		rows, err := db.Column[int](t.Context(), d.Reader(), `SELECT n FROM imported ORDER BY n`)
		if err != nil || len(rows) != importRows {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
		for i, n := range rows {
			if i != n {
				t.Fatalf("row %d stands at %d", n, i)
			}
		}
	}
	t.Run("sqlite", func(t *testing.T) {
		d := dbtest.SQLite(t, Migrations(), audit.Migrations())
		run(t, d, "sqlite:"+d.Path(), func() { d.Close() })
	})
	t.Run("postgres", func(t *testing.T) {
		dsn := dbtest.PostgresURL(t, Migrations(), audit.Migrations())
		d := reopen(t, dsn)
		run(t, d, dsn, func() {})
	})
}

func reopen(t *testing.T, dsn string) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), dsn, db.Options{Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// killAfter runs a child and kills it after some slices, or once it is done.
func killAfter(t *testing.T, dsn string, slices int) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDSN+"="+dsn)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	watch := time.AfterFunc(30*time.Second, func() { cmd.Process.Kill() })
	defer watch.Stop()
	lines := bufio.NewScanner(out)
	for n := 0; n < slices && lines.Scan(); {
		switch {
		case strings.HasPrefix(lines.Text(), "slice"):
			n++
		case lines.Text() == "ended":
			return
		default:
			t.Fatal(lines.Text())
		}
	}
}

package db_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"anlan/internal/db"
	"anlan/internal/dbtest"
	"anlan/internal/kernel"
)

// childEnv names the database that a child process of this test binary writes
// to; the child is then no test but a program.
const childEnv = "ANLAN_DB_TEST_CHILD"

// child returns a command that runs the named test of this binary as a child.
func child(t *testing.T, test, path string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+test+"$")
	cmd.Env = append(os.Environ(), childEnv+"="+path)
	cmd.Stderr = os.Stderr
	return cmd
}

// writeForEver commits rows from 8 goroutines and says each id once InTx has
// returned.
func writeForEver(d *db.DB) {
	var out sync.Mutex
	for w := range 8 {
		go func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("%s-%d-%d", kernel.NewSecret(6), w, i)
				err := d.InTx(context.Background(), func(ctx context.Context, tx *db.Tx) error { return mark(ctx, tx, id) })
				if err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				out.Lock()
				os.Stdout.WriteString("ack " + id + "\n") // one write, straight to the pipe
				out.Unlock()
			}
		}()
	}
	select {}
}

func TestAcknowledgedTransactionsSurviveKill(t *testing.T) {
	if dsn := os.Getenv(childEnv); dsn != "" {
		d, err := db.Open(t.Context(), dsn, db.Options{})
		if err != nil {
			t.Fatal(err)
		}
		writeForEver(d)
	}
	rounds := 4
	if testing.Short() {
		rounds = 1
	}
	for engine, dsn := range map[string]func() string{
		"sqlite":   func() string { return "sqlite:" + dbtest.SQLite(t, marks).Path() },
		"postgres": func() string { return dbtest.PostgresURL(t, marks) },
	} {
		t.Run(engine, func(t *testing.T) {
			dsn := dsn()
			var acknowledged []string
			for range rounds {
				acknowledged = append(acknowledged, killAfter(t, dsn, 200)...)
				checkThere(t, dsn, acknowledged)
			}
		})
	}
}

// killAfter lets a child write until it has acknowledged n rows, kills it, and
// returns every row it acknowledged.
func killAfter(t *testing.T, dsn string, n int) (acknowledged []string) {
	t.Helper()
	cmd := child(t, "TestAcknowledgedTransactionsSurviveKill", dsn)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if id, ok := strings.CutPrefix(lines.Text(), "ack "); ok {
			acknowledged = append(acknowledged, id)
		}
		if len(acknowledged) == n {
			cmd.Process.Kill() // and read on: what is in the pipe was said before
		}
	}
	cmd.Wait()
	if len(acknowledged) < n {
		t.Fatalf("the child ended after %d rows", len(acknowledged))
	}
	return acknowledged
}

func checkThere(t *testing.T, dsn string, acknowledged []string) {
	t.Helper()
	d, err := db.Open(t.Context(), dsn, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	there := marked(t, d)
	for _, id := range acknowledged {
		if _, found := slices.BinarySearch(there, id); !found {
			t.Errorf("%s was acknowledged and is lost", id)
		}
	}
	if d.Engine() == db.SQLite {
		if s, err := db.Value[string](t.Context(), d.Reader(), `SELECT integrity_check FROM pragma_integrity_check`); err != nil || s != "ok" {
			t.Errorf("integrity: %s, %v", s, err)
		}
	}
}

// TestDiskThatFillsUpLosesNobody limits the size of files in a child, so that
// writing the log fails in the middle of commits, and lifts the limit again.
func TestDiskThatFillsUpLosesNobody(t *testing.T) {
	if dsn := os.Getenv(childEnv); dsn != "" {
		fillUp(t, dsn)
		return
	}
	path := filepath.Join(t.TempDir(), "anlan.db")
	d, err := db.Open(t.Context(), "sqlite:"+path, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Migrate(t.Context(), []db.Migrations{marks}); err != nil {
		t.Fatal(err)
	}
	d.Close()
	out, err := child(t, "TestDiskThatFillsUpLosesNobody", "sqlite:"+path).Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !strings.Contains(string(out), "refused") {
		t.Fatalf("the disk never filled up:\n%s", out)
	}
	var acknowledged []string
	for line := range strings.Lines(string(out)) {
		if id, ok := strings.CutPrefix(strings.TrimSpace(line), "ack "); ok {
			acknowledged = append(acknowledged, id)
		}
	}
	checkThere(t, "sqlite:"+path, acknowledged)
	d, err = db.Open(t.Context(), "sqlite:"+path, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if n := len(marked(t, d)); n != len(acknowledged) {
		t.Errorf("%d rows are there, %d were acknowledged", n, len(acknowledged))
	}
}

// fillUp is the child: it writes with room, without, and with room again.
func fillUp(t *testing.T, dsn string) {
	signal.Ignore(syscall.SIGXFSZ)
	d, err := db.Open(t.Context(), dsn, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if n := burst(d, "before"); n > 0 {
		t.Fatalf("%d failed with room", n)
	}
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(strings.TrimPrefix(dsn, "sqlite:") + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	limit := old
	limit.Cur = uint64(info.Size()) + 100_000
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	if n := burst(d, "full"); n > 0 {
		fmt.Println("refused", n)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	if n := burst(d, "after"); n > 0 {
		t.Errorf("%d failed with room again", n)
	}
}

// burst writes from 8 goroutines, says what was acknowledged, and returns how
// many failed. Every failure must say that it may be tried again.
func burst(d *db.DB, name string) (failed int) {
	var mu sync.Mutex
	var workers sync.WaitGroup
	for w := range 8 {
		workers.Go(func() {
			for i := range 20 {
				id := fmt.Sprintf("%s-%d-%d", name, w, i)
				err := d.InTx(context.Background(), func(ctx context.Context, tx *db.Tx) error {
					_, err := tx.ExecContext(ctx, `INSERT INTO mark_marks (id, body) VALUES ($1, $2)`, id, strings.Repeat("x", 2000))
					return err
				})
				mu.Lock()
				if err == nil {
					fmt.Println("ack", id)
				} else {
					failed++
				}
				if err != nil && kernel.KindOf(err) != kernel.Unavailable {
					fmt.Println("wrong kind of error:", err)
					os.Exit(1)
				}
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	return failed
}

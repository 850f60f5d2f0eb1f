package dbtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"anlan/internal/db"
)

// Each runs test once per engine, as a subtest named after it, on a fresh
// database to which the migrations of sources have been applied.
func Each(t *testing.T, test func(t *testing.T, d *db.DB), sources ...db.Migrations) {
	t.Helper()
	t.Run(string(db.SQLite), func(t *testing.T) { test(t, SQLite(t, sources...)) })
	t.Run(string(db.Postgres), func(t *testing.T) { test(t, Postgres(t, sources...)) })
}

// EachB is Each for benchmarks.
func EachB(b *testing.B, bench func(b *testing.B, d *db.DB), sources ...db.Migrations) {
	b.Helper()
	b.Run(string(db.SQLite), func(b *testing.B) { bench(b, SQLite(b, sources...)) })
	b.Run(string(db.Postgres), func(b *testing.B) { bench(b, Postgres(b, sources...)) })
}

// SQLite returns a migrated database in the test's own directory, closed when
// the test ends. Its file survives until then: d.Path().
func SQLite(t testing.TB, sources ...db.Migrations) *db.DB {
	t.Helper()
	return SQLiteWith(t, db.Options{}, sources...)
}

// SQLiteWith is SQLite with options of the test's own.
func SQLiteWith(t testing.TB, opts db.Options, sources ...db.Migrations) *db.DB {
	t.Helper()
	if opts.Log == nil {
		opts.Log = quiet()
	}
	path := filepath.Join(t.TempDir(), "anlan.db")
	if len(sources) > 0 {
		image, err := sqliteImage(sources)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, image, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return open(t, "sqlite:"+path, opts)
}

// Postgres returns a migrated database on a PostgreSQL server, dropped when
// the test ends. Without a server the test is skipped, see Lacking.
func Postgres(t testing.TB, sources ...db.Migrations) *db.DB {
	t.Helper()
	return open(t, PostgresURL(t, sources...), db.Options{Log: quiet()})
}

func open(t testing.TB, dsn string, opts db.Options) *db.DB {
	t.Helper()
	d, err := db.Open(context.Background(), dsn, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// images caches the migrated SQLite file per set of migrations, and whether a
// PostgreSQL template exists: applying the same schema hundreds of times is
// most of what a suite would do otherwise.
var images sync.Map // fingerprint → func() ([]byte, error)

// sqliteImage returns the bytes of a database with sources applied.
func sqliteImage(sources []db.Migrations) ([]byte, error) {
	key, err := fingerprint(sources)
	if err != nil {
		return nil, err
	}
	image, _ := images.LoadOrStore(key, sync.OnceValues(func() ([]byte, error) { return makeImage(sources) }))
	return image.(func() ([]byte, error))()
}

func makeImage(sources []db.Migrations) ([]byte, error) {
	dir, err := os.MkdirTemp("", "anlan-image-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "image.db")
	d, err := db.Open(context.Background(), "sqlite:"+path, db.Options{Log: quiet()})
	if err != nil {
		return nil, err
	}
	_, err = d.Migrate(context.Background(), sources)
	if closeErr := d.Close(); err == nil { // the last handle to close moves the WAL into the file
		err = closeErr
	}
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

// fingerprint tells sets of migrations apart by their texts.
func fingerprint(sources []db.Migrations) (string, error) {
	h := sha256.New()
	for _, src := range sources {
		fmt.Fprintf(h, "%s %d\n", src.Owner, src.Rank)
		files, err := fs.Glob(src.FS, "*.sql")
		if err != nil {
			return "", err
		}
		for _, file := range files {
			text, err := fs.ReadFile(src.FS, file)
			if err != nil {
				return "", err
			}
			fmt.Fprintf(h, "%s %d\n%s", file, len(text), text)
		}
	}
	return hex.EncodeToString(h.Sum(nil))[:20], nil
}

package app

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"anlan/internal/db"
	"anlan/internal/dbtest"
	"anlan/internal/kernel"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// onEach runs a test with a fresh configuration for each engine.
func onEach(t *testing.T, test func(t *testing.T, cfg Config)) {
	t.Run("sqlite", func(t *testing.T) { test(t, Config{Data: filepath.Join(t.TempDir(), "data")}) })
	t.Run("postgres", func(t *testing.T) {
		test(t, Config{Data: filepath.Join(t.TempDir(), "data"), Database: dbtest.PostgresURL(t)})
	})
}

// opened returns a migrated base.
func opened(t *testing.T, cfg Config) *Base {
	t.Helper()
	b, err := Open(t.Context(), cfg, kernel.SystemClock{}, quiet())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	if _, err := b.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSecondProcessOnOneDirectoryIsRefused(t *testing.T) {
	cfg := Config{Data: t.TempDir()}
	first := opened(t, cfg)
	_, err := Open(t.Context(), cfg, kernel.SystemClock{}, quiet())
	if kernel.KindOf(err) != kernel.Conflict {
		t.Fatalf("the second got %v", err)
	}
	first.Close()
	opened(t, cfg)
}

func TestKeyIsMadeOnceAndNeverReplaced(t *testing.T) {
	cfg := Config{Data: t.TempDir()}
	first := opened(t, cfg)
	key := string(first.Key)
	first.Close()
	path := filepath.Join(cfg.Data, keyFile)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	again := opened(t, cfg)
	if string(again.Key) != key {
		t.Error("the key changed")
	}
	again.Close()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), cfg, kernel.SystemClock{}, quiet()); kernel.KindOf(err) != kernel.Invalid {
		t.Errorf("without its key the installation opened: %v", err)
	}
}

func TestMigrationCopiesADatabaseThatHoldsData(t *testing.T) {
	cfg := Config{Data: t.TempDir()}
	b, err := Open(t.Context(), cfg, kernel.SystemClock{}, quiet())
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	before := db.Migrations{Owner: Migrations()[0].Owner, Rank: Migrations()[0].Rank, FS: Migrations()[0].FS}
	if _, err := b.DB.Migrate(t.Context(), []db.Migrations{before}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	copies, err := filepath.Glob(filepath.Join(cfg.Data, copiesDir, "anlan-*.db"))
	if err != nil || len(copies) != 1 {
		t.Fatalf("copies %q, %v", copies, err)
	}
	old, err := db.Open(t.Context(), "sqlite:"+copies[0], db.Options{Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	if ran, err := old.Applied(t.Context()); err != nil || len(ran) == 0 {
		t.Errorf("the copy has %q, %v", ran, err)
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	onEach(t, func(t *testing.T, cfg Config) {
		b := opened(t, cfg)
		newer := db.Migrations{Owner: "zz_future", Rank: 9, FS: fstest.MapFS{"0001_init.sql": {Data: []byte("CREATE TABLE zz_future_rows (id TEXT PRIMARY KEY);\n")}}}
		if _, err := b.DB.Migrate(t.Context(), append(Migrations(), newer)); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Migrate(t.Context()); err == nil {
			t.Error("a newer schema was accepted")
		}
	})
}

package db_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"anlan/internal/db"
	"anlan/internal/dbtest"
)

// files makes migrations from pairs of name and text.
func files(owner string, rank int, pairs ...string) db.Migrations {
	m := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return db.Migrations{Owner: owner, Rank: rank, FS: m}
}

func names(ran []db.Migration) (out []string) {
	for _, m := range ran {
		out = append(out, m.String())
	}
	return out
}

func TestMigrationsRunByRankThenOwnerThenNumberOnce(t *testing.T) {
	sources := []db.Migrations{
		files("room", 7, "0002_more.sql", "ALTER TABLE room_a ADD COLUMN note TEXT NOT NULL DEFAULT '';\n",
			"0001_init.sql", "CREATE TABLE room_a (id TEXT PRIMARY KEY REFERENCES base_a (id));\n"),
		files("base", 2, "0001_init.sql", "CREATE TABLE base_a (id TEXT PRIMARY KEY);\n"),
		files("also", 7, "0001_init.sql", "CREATE TABLE also_a (id TEXT PRIMARY KEY);\n"),
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ran, err := d.Migrate(t.Context(), sources)
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"base/0001_init", "also/0001_init", "room/0001_init", "room/0002_more"}
		if diff := cmp.Diff(want, names(ran)); diff != "" {
			t.Error(diff)
		}
		if ran, err := d.Migrate(t.Context(), sources); err != nil || len(ran) != 0 {
			t.Errorf("again: %v, %v", ran, err)
		}
		if applied, err := d.Applied(t.Context()); err != nil || len(applied) != 4 {
			t.Errorf("applied %q, %v", applied, err)
		}
	})
}

func TestMigrationForOneEngineRunsThereOnly(t *testing.T) {
	src := files("pair", 1, "0001_init.sqlite.sql", "CREATE TABLE pair_sqlite (id TEXT PRIMARY KEY);\n",
		"0001_init.postgres.sql", "CREATE TABLE pair_postgres (id TEXT PRIMARY KEY);\n")
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		tables, err := d.Schema(t.Context())
		if err != nil || len(tables) != 2 || tables[0].Name != "pair_"+string(d.Engine()) {
			t.Errorf("tables %v, %v", tables, err)
		}
	}, src)
}

func TestNewerAndChangedSchemasAreRefused(t *testing.T) {
	one := files("one", 1, "0001_init.sql", "CREATE TABLE one_a (id TEXT PRIMARY KEY);\n")
	two := files("two", 2, "0001_init.sql", "CREATE TABLE two_a (id TEXT PRIMARY KEY);\n")
	changed := files("one", 1, "0001_init.sql", "CREATE TABLE one_a (id TEXT PRIMARY KEY, more TEXT);\n")
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if _, err := d.Migrate(t.Context(), []db.Migrations{one}); !errors.Is(err, db.ErrNewerSchema) {
			t.Errorf("a newer schema: %v", err)
		}
		if _, err := d.Migrate(t.Context(), []db.Migrations{changed, two}); err == nil || !strings.Contains(err.Error(), "one/0001_init has changed") {
			t.Errorf("a changed migration: %v", err)
		}
		if _, err := d.MigrateTo(t.Context(), []db.Migrations{one, two}, []string{"three/0001_init"}); !errors.Is(err, db.ErrNewerSchema) {
			t.Errorf("an unknown step: %v", err)
		}
	}, one, two)
}

func TestFailingMigrationLeavesNothing(t *testing.T) {
	bad := files("bad", 1, "0001_init.sql", "CREATE TABLE bad_a (id TEXT PRIMARY KEY);\nINSERT INTO bad_a (id) VALUES ('x');\nINSERT INTO bad_a (id) VALUES ('x');\n")
	good := files("bad", 1, "0001_init.sql", "CREATE TABLE bad_a (id TEXT PRIMARY KEY);\n")
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if _, err := d.Migrate(t.Context(), []db.Migrations{bad}); err == nil {
			t.Fatal("it ran")
		}
		if ran, err := d.Migrate(t.Context(), []db.Migrations{good}); err != nil || len(ran) != 1 {
			t.Errorf("the repaired one: %v, %v", ran, err)
		}
	})
}

func TestMigrateToStopsWhereTheBackupWas(t *testing.T) {
	src := files("step", 1, "0001_init.sql", "CREATE TABLE step_a (id TEXT PRIMARY KEY);\n", "0002_more.sql", "CREATE TABLE step_b (id TEXT PRIMARY KEY);\n")
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if empty, err := d.Empty(t.Context()); err != nil || !empty {
			t.Errorf("empty %v, %v", empty, err)
		}
		ran, err := d.MigrateTo(t.Context(), []db.Migrations{src}, []string{"step/0001_init"})
		if diff := cmp.Diff([]string{"step/0001_init"}, names(ran)); diff != "" || err != nil {
			t.Error(diff, err)
		}
		waiting, err := d.Waiting(t.Context(), []db.Migrations{src})
		if diff := cmp.Diff([]string{"step/0002_more"}, names(waiting)); diff != "" || err != nil {
			t.Error(diff, err)
		}
	})
}

func TestFaultyMigrationFilesAreNamed(t *testing.T) {
	d := dbtest.SQLite(t)
	for name, src := range map[string]db.Migrations{
		"file name":       files("x", 1, "init.sql", ""),
		"have one number": files("x", 1, "0001_a.sql", "", "0001_b.sql", ""),
	} {
		if _, err := d.Migrate(t.Context(), []db.Migrations{src}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestStatementsEndAtSemicolonsThatEndALine(t *testing.T) {
	got := db.Statements("-- a comment;\nCREATE TABLE a (x TEXT DEFAULT ';', -- not here ; really\n y TEXT);  \r\n\nINSERT INTO a (x) VALUES (';\n;')\n;\nSELECT 1")
	want := []string{"CREATE TABLE a (x TEXT DEFAULT ';', -- not here ; really\n y TEXT);", "INSERT INTO a (x) VALUES (';", ";')\n;", "SELECT 1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

package app

import (
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"anlan/internal/db"
	"anlan/internal/dbtest"
)

func TestBothEnginesHaveOneSchema(t *testing.T) {
	read := func(d *db.DB) []db.Table {
		tables, err := d.Schema(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return slices.DeleteFunc(tables, func(table db.Table) bool {
			return slices.ContainsFunc(Migrations(), func(m db.Migrations) bool {
				return strings.HasPrefix(table.Name, m.Owner+"_") && differs(t, m)
			})
		})
	}
	sqlite := read(dbtest.SQLite(t, Migrations()...))
	if diff := cmp.Diff(sqlite, read(dbtest.Postgres(t, Migrations()...))); diff != "" {
		t.Errorf("sqlite (-) and postgres (+) differ:\n%s", diff)
	}
}

// differs reports whether a package says itself, by files of their own, that
// its tables differ between the engines.
func differs(t *testing.T, m db.Migrations) bool {
	t.Helper()
	own, err := fs.Glob(m.FS, "*.sqlite.sql")
	if err != nil {
		t.Fatal(err)
	}
	return len(own) > 0
}

func TestTablesCarryTheirOwnersName(t *testing.T) {
	tables, err := dbtest.SQLite(t, Migrations()...).Schema(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		owned := table.Name == "schema_migrations"
		for _, m := range Migrations() {
			owned = owned || strings.HasPrefix(table.Name, m.Owner+"_")
		}
		if !owned {
			t.Errorf("table %s carries no package's name", table.Name)
		}
	}
}

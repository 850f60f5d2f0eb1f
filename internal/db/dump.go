package db

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// A dump of PostgreSQL is one file a table in the text form of COPY, and
// dump.json with the tables in an order in which foreign keys hold. The schema
// is not in it: migrations make it.

const dumpIndex = "dump.json"

// dumped is a table of a dump.
type dumped struct {
	Table   string   `json:"table"`
	Columns []string `json:"columns"`
}

// Dump writes a consistent copy of the database into the empty directory dir
// while others read and write, and flushes it: the file database.db of SQLite,
// or the files of a PostgreSQL dump.
func (d *DB) Dump(ctx context.Context, dir string) error {
	if d.engine == SQLite {
		return d.CopyTo(ctx, filepath.Join(dir, "database.db"))
	}
	return d.onPostgres(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
		if err != nil {
			return err
		}
		defer tx.Rollback(ctx)
		tables, err := dumpOrder(ctx, tx)
		if err != nil {
			return err
		}
		for _, t := range tables {
			if err := t.write(ctx, conn, dir); err != nil {
				return fmt.Errorf("dump %s: %w", t.Table, err)
			}
		}
		index, err := json.MarshalIndent(tables, "", "\t")
		if err != nil {
			return err
		}
		path := filepath.Join(dir, dumpIndex)
		if err := os.WriteFile(path, index, 0o600); err != nil {
			return err
		}
		return flush(path)
	})
}

// Load fills the migrated tables of a PostgreSQL database from a dump, all or
// nothing. Rows that migrations made are replaced by those of the dump.
func (d *DB) Load(ctx context.Context, dir string) error {
	if d.engine != Postgres {
		return errors.New("db: a dump of PostgreSQL can be loaded into PostgreSQL only")
	}
	text, err := os.ReadFile(filepath.Join(dir, dumpIndex))
	if err != nil {
		return err
	}
	var tables []dumped
	if err := json.Unmarshal(text, &tables); err != nil {
		return fmt.Errorf("%s: %w", dumpIndex, err)
	}
	return d.onPostgres(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		tx, err := conn.Begin(ctx)
		if err != nil {
			return err
		}
		defer tx.Rollback(ctx)
		var names []string
		for _, t := range tables {
			names = append(names, pgx.Identifier{t.Table}.Sanitize())
		}
		if len(names) > 0 {
			if _, err := tx.Exec(ctx, "TRUNCATE "+strings.Join(names, ", ")); err != nil {
				return err
			}
		}
		for _, t := range tables {
			if err := t.read(ctx, conn, dir); err != nil {
				return fmt.Errorf("load %s: %w", t.Table, err)
			}
		}
		return tx.Commit(ctx)
	})
}

// onPostgres runs fn on a connection of the pool below database/sql.
func (d *DB) onPostgres(ctx context.Context, fn func(context.Context, *pgx.Conn) error) error {
	c, err := d.read.Conn(ctx)
	if err != nil {
		return mapError(err)
	}
	defer c.Close()
	return mapError(c.Raw(func(raw any) error { return fn(ctx, raw.(*stdlib.Conn).Conn()) }))
}

// dumpOrder lists the tables, those that others refer to first.
func dumpOrder(ctx context.Context, tx pgx.Tx) ([]dumped, error) {
	columns, err := pairs(ctx, tx, `SELECT c.table_name, c.column_name FROM information_schema.columns c
		JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name AND t.table_type = 'BASE TABLE'
		WHERE c.table_schema = current_schema() AND c.table_name <> 'schema_migrations' AND c.is_generated = 'NEVER'
		ORDER BY c.table_name COLLATE "C", c.ordinal_position`)
	if err != nil {
		return nil, err
	}
	references, err := pairs(ctx, tx, `SELECT DISTINCT t.relname, o.relname FROM pg_constraint c
		JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class o ON o.oid = c.confrelid JOIN pg_namespace n ON n.oid = t.relnamespace
		WHERE n.nspname = current_schema() AND c.contype = 'f' AND t.oid <> o.oid`)
	if err != nil {
		return nil, err
	}
	var waiting []dumped
	for _, c := range columns {
		if n := len(waiting); n == 0 || waiting[n-1].Table != c[0] {
			waiting = append(waiting, dumped{Table: c[0]})
		}
		t := &waiting[len(waiting)-1]
		t.Columns = append(t.Columns, c[1])
	}
	return ordered(waiting, references)
}

// ordered sorts tables so that each comes after those it refers to.
func ordered(waiting []dumped, references [][2]string) ([]dumped, error) {
	var out []dumped
	for len(waiting) > 0 {
		ready := slices.IndexFunc(waiting, func(t dumped) bool {
			return !slices.ContainsFunc(references, func(r [2]string) bool {
				return r[0] == t.Table && slices.ContainsFunc(waiting, func(o dumped) bool { return o.Table == r[1] })
			})
		})
		if ready < 0 {
			return nil, fmt.Errorf("tables refer to each other in a circle: %s and others", waiting[0].Table)
		}
		out = append(out, waiting[ready])
		waiting = slices.Delete(waiting, ready, ready+1)
	}
	return out, nil
}

func pairs(ctx context.Context, tx pgx.Tx, query string) ([][2]string, error) {
	rows, err := tx.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (p [2]string, err error) { return p, row.Scan(&p[0], &p[1]) })
}

// sql is the table with its columns, as COPY names them.
func (t dumped) sql() string {
	var columns []string
	for _, c := range t.Columns {
		columns = append(columns, pgx.Identifier{c}.Sanitize())
	}
	return pgx.Identifier{t.Table}.Sanitize() + " (" + strings.Join(columns, ", ") + ")"
}

func (t dumped) path(dir string) string { return filepath.Join(dir, t.Table+".copy") }

func (t dumped) write(ctx context.Context, conn *pgx.Conn, dir string) error {
	f, err := os.OpenFile(t.path(dir), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<16)
	if _, err := conn.PgConn().CopyTo(ctx, w, "COPY "+t.sql()+" TO STDOUT"); err != nil {
		return err
	}
	return errors.Join(w.Flush(), f.Sync())
}

func (t dumped) read(ctx context.Context, conn *pgx.Conn, dir string) error {
	f, err := os.Open(t.path(dir))
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = conn.PgConn().CopyFrom(ctx, bufio.NewReaderSize(f, 1<<16), "COPY "+t.sql()+" FROM STDIN")
	return err
}

package db

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Migrations are the schema of one package: files NNNN_name.sql in FS, or the
// pair NNNN_name.sqlite.sql and NNNN_name.postgres.sql where one text cannot
// serve both. They run by rank, then owner, then number.
type Migrations struct {
	Owner string // the package, "licensing"
	Rank  int    // its rank in the house; foreign keys point to lower ranks only
	FS    fs.FS  // the directory that holds the files
}

// Migration is one step of the schema.
type Migration struct {
	Owner  string
	Number int
	Name   string
	SHA256 string
	sql    string
	rank   int
}

func (m Migration) String() string { return fmt.Sprintf("%s/%04d_%s", m.Owner, m.Number, m.Name) }

// ErrNewerSchema is returned when the database was written by a newer program.
var ErrNewerSchema = errors.New("the database has migrations that this program does not know")

// Pending lists the migrations of sources that the database has not run, in
// the order in which they will run. It fails with ErrNewerSchema when the
// database has others, and when a migration that ran has changed since.
func (d *DB) Pending(ctx context.Context, sources []Migrations) ([]Migration, error) {
	if err := d.InTx(ctx, createLedger); err != nil {
		return nil, err
	}
	return d.Waiting(ctx, sources)
}

// Waiting is Pending for those who must not write: the tools beside a running
// platform. The database must have a schema.
func (d *DB) Waiting(ctx context.Context, sources []Migrations) ([]Migration, error) {
	all, err := d.collect(sources)
	if err != nil {
		return nil, err
	}
	done, err := d.applied(ctx)
	if err != nil {
		return nil, err
	}
	var pending []Migration
	for _, m := range all {
		sum, ran := done[m.String()]
		switch {
		case !ran:
			pending = append(pending, m)
		case sum != m.SHA256:
			return nil, fmt.Errorf("migration %s has changed since it ran", m)
		}
		delete(done, m.String())
	}
	for name := range done {
		return nil, fmt.Errorf("%w: %s", ErrNewerSchema, name)
	}
	return pending, nil
}

// Migrate runs every pending migration, each in a transaction of its own, and
// returns those it ran.
func (d *DB) Migrate(ctx context.Context, sources []Migrations) ([]Migration, error) {
	return d.migrate(ctx, sources, func(Migration) bool { return true })
}

// MigrateTo is Migrate for the named migrations only, to make the schema that
// a backup was taken from. A name that this program does not know is
// ErrNewerSchema.
func (d *DB) MigrateTo(ctx context.Context, sources []Migrations, names []string) ([]Migration, error) {
	all, err := d.collect(sources)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if !slices.ContainsFunc(all, func(m Migration) bool { return m.String() == name }) {
			return nil, fmt.Errorf("%w: %s", ErrNewerSchema, name)
		}
	}
	return d.migrate(ctx, sources, func(m Migration) bool { return slices.Contains(names, m.String()) })
}

func (d *DB) migrate(ctx context.Context, sources []Migrations, wanted func(Migration) bool) ([]Migration, error) {
	pending, err := d.Pending(ctx, sources)
	if err != nil {
		return nil, err
	}
	pending = slices.DeleteFunc(pending, func(m Migration) bool { return !wanted(m) })
	for _, m := range pending {
		if err := d.apply(ctx, m); err != nil {
			return nil, fmt.Errorf("migration %s: %w", m, err)
		}
	}
	return pending, nil
}

func createLedger(ctx context.Context, tx *Tx) error {
	_, err := tx.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS schema_migrations (
		name TEXT PRIMARY KEY, sha256 TEXT NOT NULL, applied_at BIGINT NOT NULL)`)
	return err
}

// Applied lists the names of the migrations that ran, "licensing/0001_init",
// in the order in which they did; none in an empty database.
func (d *DB) Applied(ctx context.Context) ([]string, error) {
	empty, err := d.Empty(ctx)
	if err != nil || empty {
		return nil, err
	}
	return Column[string](ctx, d.Reader(), `SELECT name FROM schema_migrations ORDER BY applied_at, name`)
}

func (d *DB) applied(ctx context.Context) (map[string]string, error) {
	done := map[string]string{}
	err := d.View(ctx, func(ctx context.Context, q Q) error {
		rows, err := q.QueryContext(ctx, `SELECT name, sha256 FROM schema_migrations`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var name, sum string
			if err := rows.Scan(&name, &sum); err != nil {
				return err
			}
			done[name] = sum
		}
		return rows.Err()
	})
	return done, err
}

func (d *DB) apply(ctx context.Context, m Migration) error {
	return d.InTx(ctx, func(ctx context.Context, tx *Tx) error {
		tx.holdFor(time.Hour) // nobody else writes while a schema changes
		for _, stmt := range Statements(m.sql) {
			if _, err := tx.ExecContext(ctx, stmt); err != nil {
				return fmt.Errorf("%w in: %s", err, stmt)
			}
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO schema_migrations (name, sha256, applied_at) VALUES ($1, $2, $3)`,
			m.String(), m.SHA256, time.Now().UnixMicro())
		return err
	})
}

var fileName = regexp.MustCompile(`^(\d{4})_([a-z0-9_]+)(\.sqlite|\.postgres)?\.sql$`)

// collect reads the sources for this engine, in running order.
func (d *DB) collect(sources []Migrations) ([]Migration, error) {
	var all []Migration
	for _, src := range sources {
		files, err := fs.Glob(src.FS, "*.sql")
		if err != nil {
			return nil, err
		}
		seen := map[int]string{}
		for _, file := range files {
			parts := fileName.FindStringSubmatch(path.Base(file))
			if parts == nil {
				return nil, fmt.Errorf("migrations of %s: file name %q", src.Owner, file)
			}
			if parts[3] != "" && parts[3] != "."+string(d.engine) {
				continue
			}
			number, _ := strconv.Atoi(parts[1])
			if other, taken := seen[number]; taken {
				return nil, fmt.Errorf("migrations of %s: %q and %q have one number", src.Owner, other, file)
			}
			seen[number] = file
			text, err := fs.ReadFile(src.FS, file)
			if err != nil {
				return nil, err
			}
			sum := sha256.Sum256(text)
			all = append(all, Migration{src.Owner, number, parts[2], hex.EncodeToString(sum[:]), string(text), src.Rank})
		}
	}
	slices.SortStableFunc(all, func(a, b Migration) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), strings.Compare(a.Owner, b.Owner), cmp.Compare(a.Number, b.Number))
	})
	return all, nil
}

// Statements splits a migration at semicolons that end a line. Comments that
// start a line are dropped.
func Statements(text string) []string {
	var out []string
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "--") {
			continue
		}
		b.WriteString(line)
		if strings.HasSuffix(strings.TrimRight(line, " \t\r\n"), ";") {
			out = append(out, strings.TrimSpace(b.String()))
			b.Reset()
		}
	}
	if rest := strings.TrimSpace(b.String()); rest != "" {
		out = append(out, rest)
	}
	return out
}

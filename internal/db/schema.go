package db

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Table is a table as the engine sees it, in words that are the same on both
// engines, so that their schemas can be compared.
type Table struct {
	Name  string
	Lines []string // columns in their order, then keys, indexes and checks, sorted
}

// Schema describes every table of the database, by name.
func (d *DB) Schema(ctx context.Context) ([]Table, error) {
	var out []Table
	err := d.View(ctx, func(ctx context.Context, q Q) error {
		names, err := d.tables(ctx, q)
		if err != nil {
			return err
		}
		describe := describePostgres
		if d.engine == SQLite {
			describe = describeSQLite
		}
		for _, name := range names {
			t, err := describe(ctx, q, name)
			if err != nil {
				return fmt.Errorf("table %s: %w", name, err)
			}
			out = append(out, t)
		}
		return nil
	})
	return out, err
}

// column is a column of either engine.
type column struct {
	name, kind, standard string
	required             bool
}

func (c column) String() string {
	line := "column " + c.name + " " + strings.ToLower(c.kind)
	if c.required {
		line += " not null"
	}
	if c.standard != "" {
		line += " default " + normalDefault(c.standard)
	}
	return line
}

var (
	castInDefault  = regexp.MustCompile(`::[a-z ]+(\[\])?`)
	quotedInteger  = regexp.MustCompile(`^'(-?\d+)'$`)
	checkWord      = regexp.MustCompile(`(?i)\bCHECK\s*\(`)
	quotedText     = regexp.MustCompile(`'(?:[^']|'')*'`)
	commentToEnd   = regexp.MustCompile(`--[^\n]*`)
	withinBrackets = regexp.MustCompile(`^\((.*)\)$`)
)

// normalDefault writes a default as both engines would.
func normalDefault(s string) string {
	s = castInDefault.ReplaceAllString(s, "")
	s = withinBrackets.ReplaceAllString(s, "$1")
	s = quotedInteger.ReplaceAllString(s, "$1")
	if !strings.HasPrefix(s, "'") {
		s = strings.ToLower(s)
	}
	return s
}

// index is an index of either engine that is no primary key.
type index struct {
	name    string // "" for those that stand for a UNIQUE in the table
	unique  bool
	partial bool
	columns []string // "name", "name desc" or "(expression)"
}

func (i index) String() string {
	line := "index " + i.name
	if i.unique {
		line = "unique " + i.name
	}
	line = strings.TrimSpace(line) + " (" + strings.Join(i.columns, ", ") + ")"
	if i.partial {
		line += " partial"
	}
	return line
}

// foreignKey is a foreign key of either engine.
type foreignKey struct {
	columns, others []string
	table, onDelete string
}

func (f foreignKey) String() string {
	line := fmt.Sprintf("foreign key (%s) references %s (%s)", strings.Join(f.columns, ", "), f.table, strings.Join(f.others, ", "))
	if f.onDelete != "NO ACTION" {
		line += " on delete " + strings.ToLower(f.onDelete)
	}
	return line
}

func table(name string, columns []column, key []string, indexes []index, foreign []foreignKey, checks int) Table {
	t := Table{Name: name}
	for _, c := range columns {
		c.required = c.required || slices.Contains(key, c.name)
		t.Lines = append(t.Lines, c.String())
	}
	rest := []string{fmt.Sprintf("checks %d", checks)}
	if len(key) > 0 {
		rest = append(rest, "primary key ("+strings.Join(key, ", ")+")")
	}
	for _, i := range indexes {
		rest = append(rest, i.String())
	}
	for _, f := range foreign {
		rest = append(rest, f.String())
	}
	slices.Sort(rest)
	t.Lines = append(t.Lines, rest...)
	return t
}

func describeSQLite(ctx context.Context, q Q, name string) (Table, error) {
	type keyed struct {
		column
		key int
	}
	columns, err := All(ctx, q, func(s Scanner) (k keyed, err error) {
		return k, s.Scan(&k.name, &k.kind, &k.required, &k.standard, &k.key)
	}, `SELECT name, type, "notnull" <> 0, COALESCE(dflt_value, ''), pk FROM pragma_table_info($1) ORDER BY cid`, name)
	if err != nil {
		return Table{}, err
	}
	var plain []column
	for _, c := range columns {
		plain = append(plain, c.column)
	}
	slices.SortStableFunc(columns, func(a, b keyed) int { return cmp.Compare(a.key, b.key) })
	var key []string
	for _, c := range columns {
		if c.key > 0 {
			key = append(key, c.name)
		}
	}
	indexes, err := indexesSQLite(ctx, q, name)
	if err != nil {
		return Table{}, err
	}
	foreign, err := foreignSQLite(ctx, q, name)
	if err != nil {
		return Table{}, err
	}
	text, err := Value[string](ctx, q, `SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = $1`, name)
	text = quotedText.ReplaceAllString(commentToEnd.ReplaceAllString(text, ""), "''")
	return table(name, plain, key, indexes, foreign, len(checkWord.FindAllString(text, -1))), err
}

func indexesSQLite(ctx context.Context, q Q, name string) ([]index, error) {
	indexes, err := All(ctx, q, func(s Scanner) (i index, err error) {
		return i, s.Scan(&i.name, &i.unique, &i.partial)
	}, `SELECT name, "unique" <> 0, partial <> 0 FROM pragma_index_list($1) WHERE origin <> 'pk' ORDER BY name`, name)
	for n := range indexes {
		i := &indexes[n]
		i.columns, err = Column[string](ctx, q, `SELECT CASE WHEN name IS NULL THEN '(expression)' WHEN "desc" <> 0 THEN name || ' desc' ELSE name END
			FROM pragma_index_xinfo($1) WHERE key <> 0 ORDER BY seqno`, i.name)
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(i.name, "sqlite_autoindex_") {
			i.name = ""
		}
	}
	return indexes, err
}

func foreignSQLite(ctx context.Context, q Q, name string) ([]foreignKey, error) {
	type part struct {
		id                        int
		table, from, to, onDelete string
	}
	parts, err := All(ctx, q, func(s Scanner) (p part, err error) {
		return p, s.Scan(&p.id, &p.table, &p.from, &p.to, &p.onDelete)
	}, `SELECT id, "table", "from", COALESCE("to", ''), on_delete FROM pragma_foreign_key_list($1) ORDER BY id, seq`, name)
	var out []foreignKey
	last := -1
	for _, p := range parts {
		if p.id != last {
			out = append(out, foreignKey{table: p.table, onDelete: p.onDelete})
			last = p.id
		}
		f := &out[len(out)-1]
		f.columns = append(f.columns, p.from)
		if p.to == "" { // the other table's primary key, unnamed
			p.to, err = Value[string](ctx, q, `SELECT name FROM pragma_table_info($1) WHERE pk = $2`, p.table, len(f.columns))
			if err != nil {
				return nil, err
			}
		}
		f.others = append(f.others, p.to)
	}
	return out, err
}

func describePostgres(ctx context.Context, q Q, name string) (Table, error) {
	columns, err := All(ctx, q, func(s Scanner) (c column, err error) {
		return c, s.Scan(&c.name, &c.kind, &c.required, &c.standard)
	}, `SELECT column_name, COALESCE(domain_name, data_type), is_nullable = 'NO', COALESCE(column_default, '')
		FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position`, name)
	if err != nil {
		return Table{}, err
	}
	key, err := keyPostgres(ctx, q, name)
	if err != nil {
		return Table{}, err
	}
	indexes, err := indexesPostgres(ctx, q, name)
	if err != nil {
		return Table{}, err
	}
	foreign, err := foreignPostgres(ctx, q, name)
	if err != nil {
		return Table{}, err
	}
	checks, err := Value[int](ctx, q, `SELECT count(*) FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
		JOIN pg_namespace n ON n.oid = t.relnamespace WHERE n.nspname = current_schema() AND t.relname = $1 AND c.contype = 'c'`, name)
	return table(name, columns, key, indexes, foreign, checks), err
}

func keyPostgres(ctx context.Context, q Q, name string) ([]string, error) {
	return Column[string](ctx, q, `SELECT a.attname FROM pg_index i
		JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace
		CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (attnum, nth)
		JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum
		WHERE n.nspname = current_schema() AND t.relname = $1 AND i.indisprimary ORDER BY k.nth`, name)
}

func indexesPostgres(ctx context.Context, q Q, name string) ([]index, error) {
	return All(ctx, q, func(s Scanner) (i index, err error) {
		var columns string
		err = s.Scan(&i.name, &i.unique, &i.partial, &columns)
		i.columns = strings.Split(columns, ", ")
		return i, err
	}, `SELECT CASE WHEN EXISTS (SELECT 1 FROM pg_constraint u WHERE u.conindid = x.oid AND u.contype = 'u') THEN '' ELSE x.relname END,
			i.indisunique, i.indpred IS NOT NULL,
			(SELECT string_agg(CASE WHEN k.attnum = 0 THEN '(expression)'
				ELSE a.attname || CASE WHEN i.indoption[k.nth - 1] & 1 = 1 THEN ' desc' ELSE '' END END, ', ' ORDER BY k.nth)
			 FROM unnest(i.indkey) WITH ORDINALITY AS k (attnum, nth) LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum)
		FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
		JOIN pg_namespace n ON n.oid = t.relnamespace
		WHERE n.nspname = current_schema() AND t.relname = $1 AND NOT i.indisprimary ORDER BY x.relname`, name)
}

func foreignPostgres(ctx context.Context, q Q, name string) ([]foreignKey, error) {
	return All(ctx, q, func(s Scanner) (f foreignKey, err error) {
		var columns, others string
		err = s.Scan(&f.table, &f.onDelete, &columns, &others)
		f.columns, f.others = strings.Split(columns, ", "), strings.Split(others, ", ")
		return f, err
	}, `SELECT o.relname,
			CASE c.confdeltype WHEN 'a' THEN 'NO ACTION' WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' ELSE 'SET DEFAULT' END,
			(SELECT string_agg(a.attname, ', ' ORDER BY k.nth) FROM unnest(c.conkey) WITH ORDINALITY AS k (attnum, nth)
				JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.attnum),
			(SELECT string_agg(a.attname, ', ' ORDER BY k.nth) FROM unnest(c.confkey) WITH ORDINALITY AS k (attnum, nth)
				JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.attnum)
		FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class o ON o.oid = c.confrelid
		JOIN pg_namespace n ON n.oid = t.relnamespace
		WHERE n.nspname = current_schema() AND t.relname = $1 AND c.contype = 'f' ORDER BY c.conname`, name)
}

package deadline

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"io/fs"
	"slices"
	"time"

	"anlan/internal/audit"
	"anlan/internal/db"
	"anlan/internal/i18n"
	"anlan/internal/kernel"
)

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed locale/*.json
var locale embed.FS

// Texts is the source of the texts of this package: the reasons of days and
// the rules of calendar files and clocks.
func Texts() i18n.Source { return i18n.Source{Owner: "deadline", FS: locale} }

// Migrations is the schema of this package.
func Migrations() db.Migrations {
	sub, _ := fs.Sub(migrations, "migrations")
	return db.Migrations{Owner: "deadline", Rank: 3, FS: sub}
}

// Load returns the embedded calendar with the administrators' rows over it.
func Load(ctx context.Context, q db.Q) (*Calendar, error) {
	rows, err := Rows(ctx, q, 0)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return Embedded(), nil
	}
	return Embedded().With(rows), nil
}

// Rows lists the administrators' rows of a year by date, all of them for
// year 0.
func Rows(ctx context.Context, q db.Q, year int) ([]Row, error) {
	var w db.Where
	if year != 0 {
		from := kernel.NewDate(year, time.January, 1)
		w.And("date >= ? AND date < ?", from, from.AddYears(1))
	}
	return db.All(ctx, q, scanRow, `SELECT date, type, name, source FROM deadline_days `+w.SQL()+` ORDER BY date`, w.Args...)
}

func scanRow(s db.Scanner) (r Row, err error) {
	err = s.Scan(&r.Date, &r.Type, &r.Name, &r.Source)
	return r, err
}

func getRow(ctx context.Context, q db.Q, d kernel.Date) (Row, bool, error) {
	r, err := db.One(ctx, q, scanRow, `SELECT date, type, name, source FROM deadline_days WHERE date = $1`, d)
	if errors.Is(err, sql.ErrNoRows) {
		return Row{}, false, nil
	}
	return r, err == nil, err
}

// Put adds or replaces an administrator's row.
func Put(ctx context.Context, tx *db.Tx, now time.Time, actor kernel.Actor, row Row) error {
	if err := row.Check(); err != nil {
		return err
	}
	before, had, err := getRow(ctx, tx, row.Date)
	if err != nil || had && before == row {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO deadline_days (date, type, name, source) VALUES ($1, $2, $3, $4)
		ON CONFLICT (date) DO UPDATE SET type = excluded.type, name = excluded.name, source = excluded.source`,
		row.Date, string(row.Type), row.Name, row.Source)
	if err != nil {
		return err
	}
	e := audit.Entry{At: now, Actor: actor, Action: "deadline.day.put", Subject: "day:" + row.Date.String(), After: row}
	if had {
		e.Before = before
	}
	return audit.Write(ctx, tx, e)
}

// Remove takes an administrator's row away, so that the embedded row or the
// weekday decides again. The row stays in the audit.
func Remove(ctx context.Context, tx *db.Tx, now time.Time, actor kernel.Actor, date kernel.Date) error {
	before, had, err := getRow(ctx, tx, date)
	if err != nil {
		return err
	}
	if !had {
		return kernel.Missing("day", date.String())
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM deadline_days WHERE date = $1`, date); err != nil {
		return err
	}
	return audit.Write(ctx, tx, audit.Entry{At: now, Actor: actor, Action: "deadline.day.remove", Subject: "day:" + date.String(), Before: before})
}

// ImportReport says what an import does, or did.
type ImportReport struct {
	Added   []Row      `json:"added"`
	Changed []Row      `json:"changed"`
	Same    int        `json:"same"`
	Known   []int      `json:"known"`   // years of the file that are known with it
	Unknown []int      `json:"unknown"` // years of the file that stay provisional: New Year's Day or National Day is missing
	Faults  []RowFault `json:"faults"`  // with any of these nothing is imported
}

// Preview is the dry run of an import: it changes nothing.
func Preview(ctx context.Context, q db.Q, rows []Row) (ImportReport, error) {
	cal, err := Load(ctx, q)
	if err != nil {
		return ImportReport{}, err
	}
	var rep ImportReport
	for _, r := range rows {
		old, had := cal.Row(r.Date)
		switch {
		case !had:
			rep.Added = append(rep.Added, r)
		case old == r:
			rep.Same++
		default:
			rep.Changed = append(rep.Changed, r)
		}
	}
	rep.judgeYears(cal.With(rows), rows)
	return rep, nil
}

func (rep *ImportReport) judgeYears(cal *Calendar, rows []Row) {
	for _, r := range rows {
		y := r.Date.Year()
		list := &rep.Unknown
		if cal.Known(y) {
			list = &rep.Known
		}
		if !slices.Contains(*list, y) {
			*list = append(*list, y)
		}
	}
	slices.Sort(rep.Known)
	slices.Sort(rep.Unknown)
}

// Import writes the rows of a file, each audited, and reports what it did.
func Import(ctx context.Context, tx *db.Tx, now time.Time, actor kernel.Actor, rows []Row) (ImportReport, error) {
	rep, err := Preview(ctx, tx, rows)
	if err != nil {
		return rep, err
	}
	for _, r := range slices.Concat(rep.Added, rep.Changed) {
		if err := Put(ctx, tx, now, actor, r); err != nil {
			return rep, err
		}
	}
	return rep, nil
}

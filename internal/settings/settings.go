package settings

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"anlan/internal/audit"
	"anlan/internal/db"
	"anlan/internal/kernel"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations is the schema of this package.
func Migrations() db.Migrations {
	sub, _ := fs.Sub(migrations, "migrations")
	return db.Migrations{Owner: "settings", Rank: 3, FS: sub}
}

// Key is one setting. Names are permanent: they stand in the rows.
type Key[T any] struct {
	Name    string        // "notify.outward_paused"
	Default T             // holds until the first row
	Check   func(T) error // nil: any value; an Invalid error says what is wrong
	Title   kernel.Text   // what it does, for the admin page
}

// At returns the value that holds at now: of the rows whose date has come in
// Shanghai, that of the latest date, and of these the one set last.
func (k Key[T]) At(ctx context.Context, q db.Q, now time.Time) (T, error) {
	r, err := current(ctx, q, k.Name, kernel.DateOf(now))
	if errors.Is(err, sql.ErrNoRows) {
		return k.Default, nil
	}
	if err != nil {
		return k.Default, err
	}
	v, err := k.decode(r.Value)
	if err != nil {
		return k.Default, fmt.Errorf("setting %s: %w", k.Name, err)
	}
	return v, nil
}

// Set lets v hold from a date on, today or later; the zero date is today. The
// caller checks the permission.
func (k Key[T]) Set(ctx context.Context, tx *db.Tx, now time.Time, actor kernel.Actor, from kernel.Date, v T) error {
	today := kernel.DateOf(now)
	if from.IsZero() {
		from = today
	}
	if err := k.check(from, today, v); err != nil {
		return err
	}
	before, err := k.At(ctx, tx, from.Start())
	if err != nil {
		return err
	}
	value, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("setting %s: %w", k.Name, err)
	}
	who, err := json.Marshal(actor)
	if err != nil {
		return err
	}
	version, err := db.Value[int64](ctx, tx, `SELECT COALESCE(MAX(version), 0) + 1 FROM settings_rows WHERE name = $1`, k.Name)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO settings_rows (name, version, from_date, value, set_at, set_by) VALUES ($1, $2, $3, $4, $5, $6)`,
		k.Name, version, from, string(value), kernel.Micros(now), string(who))
	if err != nil {
		return err
	}
	return audit.Write(ctx, tx, audit.Entry{At: now, Actor: actor, Action: "settings.set", Subject: "setting:" + k.Name,
		Before: change{Value: before}, After: change{From: from, Value: v}})
}

// change is how a setting stands in the audit.
type change struct {
	From  kernel.Date `json:"from"`
	Value any         `json:"value"`
}

func (k Key[T]) check(from, today kernel.Date, v T) error {
	var c kernel.Check
	if from.Before(today) {
		c.Add("from", "date_min", from.String(), "min", today.String())
	}
	if k.Check != nil {
		if err := k.Check(v); err != nil && !c.Merge("", err) {
			return err
		}
	}
	return c.Err()
}

func (k Key[T]) decode(text string) (v T, err error) {
	err = json.Unmarshal([]byte(text), &v)
	return v, err
}

// Row is a value with the date from which it holds.
type Row struct {
	Name    string
	Version int64 // rows of one name in the order they were set, from 1
	From    kernel.Date
	Value   string // JSON
	SetAt   time.Time
	SetBy   kernel.Actor
}

const columns = `name, version, from_date, value, set_at, set_by`

func scanRow(s db.Scanner) (Row, error) {
	var r Row
	var at int64
	var who string
	if err := s.Scan(&r.Name, &r.Version, &r.From, &r.Value, &at, &who); err != nil {
		return r, err
	}
	r.SetAt = kernel.FromMicros(at)
	return r, json.Unmarshal([]byte(who), &r.SetBy)
}

func current(ctx context.Context, q db.Q, name string, on kernel.Date) (Row, error) {
	return db.One(ctx, q, scanRow, `SELECT `+columns+` FROM settings_rows WHERE name = $1 AND from_date <= $2
		ORDER BY from_date DESC, version DESC LIMIT 1`, name, on)
}

// History returns every row of a setting, the one that holds longest in the
// future first.
func History(ctx context.Context, q db.Q, name string) ([]Row, error) {
	return db.All(ctx, q, scanRow, `SELECT `+columns+` FROM settings_rows WHERE name = $1 ORDER BY from_date DESC, version DESC`, name)
}

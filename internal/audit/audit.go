package audit

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations is the schema of this package.
func Migrations() db.Migrations {
	sub, _ := fs.Sub(migrations, "migrations")
	return db.Migrations{Owner: "audit", Rank: 2, FS: sub}
}

// Entry is one write to be recorded. Before and After are marshalled to JSON,
// nil is absent; personal data stand in them only encrypted or masked.
type Entry struct {
	At      time.Time
	Actor   kernel.Actor
	Action  string // "licensing.case.submit"
	Subject string // "case:ID"
	Before  any
	After   any
}

// ErrNobody is returned for a write without an actor.
var ErrNobody = errors.New("audit: a write needs an actor")

// Write records e in the transaction of the write itself.
func Write(ctx context.Context, tx *db.Tx, e Entry) error {
	if e.Actor.IsZero() {
		return fmt.Errorf("%w: %s %s", ErrNobody, e.Action, e.Subject)
	}
	before, err := marshal(e.Before)
	if err != nil {
		return fmt.Errorf("audit %s before: %w", e.Action, err)
	}
	after, err := marshal(e.After)
	if err != nil {
		return fmt.Errorf("audit %s after: %w", e.Action, err)
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO audit_rows (id, at, actor_kind, actor_id, actor_name, actor_for, addr, action, subject, before, after)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		kernel.NewID(e.At), kernel.Micros(e.At), string(e.Actor.Kind), e.Actor.ID, e.Actor.Name, e.Actor.For, e.Actor.Addr,
		e.Action, e.Subject, before, after)
	return err
}

func marshal(v any) (string, error) {
	if v == nil {
		return "", nil
	}
	b, err := json.Marshal(v)
	return string(b), err
}

// Row is a recorded write as shown to the auditor.
type Row struct {
	ID      string
	At      time.Time
	Actor   kernel.Actor
	Action  string
	Subject string
	Before  string // JSON, "" absent
	After   string // JSON, "" absent
	Seq     int64  // place in the chain, 0: not sealed yet
	Hash    string // of this row and all before it, hex
}

const columns = `id, at, actor_kind, actor_id, actor_name, actor_for, addr, action, subject, before, after, COALESCE(seq, 0), COALESCE(hash, '')`

func scanRow(s db.Scanner) (Row, error) {
	var r Row
	var at int64
	err := s.Scan(&r.ID, &at, &r.Actor.Kind, &r.Actor.ID, &r.Actor.Name, &r.Actor.For, &r.Actor.Addr,
		&r.Action, &r.Subject, &r.Before, &r.After, &r.Seq, &r.Hash)
	r.At = kernel.FromMicros(at)
	return r, err
}

// Filter chooses rows for List; empty fields do not filter.
type Filter struct {
	Subject string    // exact
	Actor   string    // account or token id
	Action  string    // prefix, "licensing."
	Since   time.Time // zero: from the first row on
	Until   time.Time // up to but not including; zero: to the last
	Before  string    // id of the last row of the page before
	Limit   int       // 0: 50
}

// List returns the newest rows first.
func List(ctx context.Context, q db.Q, f Filter) ([]Row, error) {
	var w db.Where
	if f.Subject != "" {
		w.And("subject = ?", f.Subject)
	}
	if f.Actor != "" {
		w.And("actor_id = ?", f.Actor)
	}
	if f.Action != "" {
		w.And("substr(action, 1, ?) = ?", len(f.Action), f.Action)
	}
	if !f.Since.IsZero() {
		w.And("id >= ?", kernel.FirstID(f.Since))
	}
	if !f.Until.IsZero() {
		w.And("id < ?", kernel.FirstID(f.Until))
	}
	if f.Before != "" {
		w.And("id < ?", f.Before)
	}
	if f.Limit == 0 {
		f.Limit = 50
	}
	query := `SELECT ` + columns + ` FROM audit_rows ` + w.SQL() + w.Bind(` ORDER BY id DESC LIMIT ?`, f.Limit)
	return db.All(ctx, q, scanRow, query, w.Args...)
}

// Get returns one row.
func Get(ctx context.Context, q db.Q, id string) (Row, error) {
	r, err := db.One(ctx, q, scanRow, `SELECT `+columns+` FROM audit_rows WHERE id = $1`, id)
	return r, db.Found(err, "audit row", id)
}

// Tail returns the end of the chain as the database has it, zero before the
// first row was sealed, and how many rows are not sealed yet.
func Tail(ctx context.Context, q db.Q) (head Row, unsealed int64, err error) {
	last, err := db.All(ctx, q, scanRow, `SELECT `+columns+` FROM audit_rows WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT 1`)
	if err != nil {
		return head, 0, err
	}
	if len(last) == 1 {
		head = last[0]
	}
	unsealed, err = db.Value[int64](ctx, q, `SELECT COUNT(*) FROM audit_rows WHERE seq IS NULL`)
	return head, unsealed, err
}

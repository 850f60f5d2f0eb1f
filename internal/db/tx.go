package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"time"

	"anlan/internal/kernel"
)

// Tx is a running transaction. It is a Q.
type Tx struct {
	q      Q
	engine Engine
	failed error     // the first statement that failed; nothing runs after it
	until  time.Time // SQLite writer: when this member must be done
	after  []func()
	fault  func(query string) error // Options.Fault
}

// errHeld is returned to a transaction that held the SQLite writer too long.
var errHeld = kernel.Down("error.busy", errors.New("db: transaction held the writer too long"))

// errAborted mirrors PostgreSQL on SQLite: after a failed statement a
// transaction can only end.
var errAborted = errors.New("db: an earlier statement of this transaction failed")

// Engine tells which engine runs, for the few places whose SQL differs.
func (t *Tx) Engine() Engine { return t.engine }

// AfterCommit registers f to run once, after the transaction is on disk.
func (t *Tx) AfterCommit(f func()) { t.after = append(t.after, f) }

// before checks whether a statement may run, and on SQLite's shared
// connection takes the caller's cancellation off it: a cancelled statement
// would roll back the neighbours as well.
func (t *Tx) before(ctx context.Context, query string) (context.Context, error) {
	if t.failed != nil {
		return ctx, errors.Join(errAborted, t.failed)
	}
	if t.fault != nil {
		if err := t.fault(query); err != nil {
			t.failed = err
			return ctx, err
		}
	}
	if t.until.IsZero() {
		return ctx, nil
	}
	if time.Now().After(t.until) {
		t.failed = errHeld
		return ctx, errHeld
	}
	return context.WithoutCancel(ctx), nil
}

func (t *Tx) note(err error) error {
	if err == nil {
		return nil
	}
	err = mapError(err)
	t.failed = err
	return err
}

// ExecContext implements Q.
func (t *Tx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	ctx, err := t.before(ctx, query)
	if err != nil {
		return nil, err
	}
	res, err := t.q.ExecContext(ctx, query, args...)
	return res, t.note(err)
}

// QueryContext implements Q.
func (t *Tx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	ctx, err := t.before(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := t.q.QueryContext(ctx, query, args...)
	return rows, t.note(err)
}

// QueryRowContext implements Q. Errors show in Scan; see One for a form that
// maps them.
func (t *Tx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	ctx, err := t.before(ctx, query)
	if err != nil {
		return failedRow(err)
	}
	return t.q.QueryRowContext(ctx, query, args...)
}

// failedRow returns a row of which Scan returns err. Only a sql.DB can make
// one, so one is made that cannot connect.
func failedRow(err error) *sql.Row {
	d := sql.OpenDB(unconnectable{err})
	defer d.Close()
	return d.QueryRowContext(context.Background(), "")
}

type unconnectable struct{ err error }

func (u unconnectable) Connect(context.Context) (driver.Conn, error) { return nil, u.err }
func (u unconnectable) Driver() driver.Driver                        { return nil }

// Scanner is a row being read.
type Scanner interface {
	Scan(dest ...any) error
}

// All runs a query and scans every row.
func All[T any](ctx context.Context, q Q, scan func(Scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, mapError(err)
		}
		out = append(out, v)
	}
	return out, mapError(rows.Err())
}

// One runs a query that yields one row; no row is sql.ErrNoRows.
func One[T any](ctx context.Context, q Q, scan func(Scanner) (T, error), query string, args ...any) (T, error) {
	var zero T
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return zero, err
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return zero, mapError(err)
		}
		return zero, sql.ErrNoRows
	}
	v, err := scan(rows)
	if err != nil {
		return zero, mapError(err)
	}
	return v, nil
}

// Value is One for a single column.
func Value[T any](ctx context.Context, q Q, query string, args ...any) (T, error) {
	return One(ctx, q, func(s Scanner) (v T, err error) { return v, s.Scan(&v) }, query, args...)
}

// Column is All for a single column.
func Column[T any](ctx context.Context, q Q, query string, args ...any) ([]T, error) {
	return All(ctx, q, func(s Scanner) (v T, err error) { return v, s.Scan(&v) }, query, args...)
}

// Found turns sql.ErrNoRows into kernel.Missing(what, id) and passes every
// other error through.
func Found(err error, what, id string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return kernel.Missing(what, id)
	}
	return err
}

// Changed reports an error of a statement that must change exactly one row:
// its own error, or kernel.Conflict when it changed none (somebody else was
// first).
func Changed(res sql.Result, err error) error {
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err != nil {
		return mapError(err)
	}
	if n != 1 {
		return kernel.Clash("error.changed_meanwhile", nil)
	}
	return nil
}

// holdFor lets this member hold the SQLite writer longer than others may.
func (t *Tx) holdFor(d time.Duration) {
	if !t.until.IsZero() {
		t.until = t.until.Add(d)
	}
}

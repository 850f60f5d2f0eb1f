package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"runtime"
	"strings"
	"sync"
	"time"

	"anlan/internal/kernel"
)

// Tx is a running transaction, used by one goroutine. It is a Q.
type Tx struct {
	q      Q
	engine Engine
	fault  func(query string) error // Options.Fault
	trace  *Traced                  // nil: nobody asks

	mu     sync.Mutex // held by each statement: the writer may end the transaction meanwhile
	failed error      // the first statement that failed; nothing runs after it
	after  []func()
	shared *writer   // SQLite's writer, nil elsewhere
	until  time.Time // with shared: when this member must be done
}

// errHeld is returned to a transaction that held the SQLite writer too long.
var errHeld = kernel.Down("error.busy", errors.New("db: transaction held the writer too long"))

// errAborted mirrors PostgreSQL on SQLite: after a failed statement a
// transaction can only end.
var errAborted = errors.New("db: an earlier statement of this transaction failed")

// errOver is returned to those who use a transaction after its function.
var errOver = errors.New("db: the transaction is over")

// Engine tells which engine runs, for the few places whose SQL differs.
func (t *Tx) Engine() Engine { return t.engine }

// AfterCommit registers f to run once, after the transaction is on disk.
func (t *Tx) AfterCommit(f func()) { t.after = append(t.after, f) }

// before checks whether a statement may run, and on SQLite's shared
// connection takes the caller's cancellation off it: a cancelled statement
// would roll back the neighbours as well. t.mu is held.
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
	if t.shared == nil {
		return ctx, nil
	}
	switch {
	case t.shared.ended.Load():
		t.failed = errEnded
	case time.Now().After(t.until):
		t.failed = errHeld
	}
	return context.WithoutCancel(ctx), t.failed
}

// note keeps the first failure. t.mu is held.
func (t *Tx) note(err error) error {
	if err == nil {
		return nil
	}
	err = mapError(err)
	t.failed = err
	return err
}

// end closes the transaction to its function, which returned err, and tells
// what came of it.
func (t *Tx) end(err error) ([]func(), error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		err = t.failed
	}
	t.failed = errOver
	return t.after, err
}

// expire closes the transaction when its time is over and says so; otherwise
// it returns the time that is left.
func (t *Tx) expire() (left time.Duration, over bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if left := time.Until(t.until); left > 0 {
		return left, false
	}
	t.failed = errHeld
	return 0, true
}

// slow counts and logs that the function held the writer for long, naming the
// function that opened the transaction.
func (t *Tx) slow(held time.Duration) {
	t.shared.db.stats.Slow.Add(1)
	t.shared.db.log.Warn("transaction held the database writer", "held", held.Round(time.Millisecond), "opened_by", opener())
}

// opener names the function outside this package that called InTx.
func opener() string {
	pcs := make([]uintptr, 16)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	for {
		frame, more := frames.Next()
		if !strings.Contains(frame.Function, "anlan/internal/db.") || !more {
			return frame.Function
		}
	}
}

// ExecContext implements Q.
func (t *Tx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	ctx, err := t.before(ctx, query)
	if err != nil {
		return nil, err
	}
	t.remember(query, args, false)
	res, err := t.q.ExecContext(ctx, query, args...)
	return res, t.note(err)
}

// QueryContext implements Q.
func (t *Tx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	ctx, err := t.before(ctx, query)
	if err != nil {
		return nil, err
	}
	t.remember(query, args, true)
	rows, err := t.q.QueryContext(ctx, query, args...)
	return rows, t.note(err)
}

// QueryRowContext implements Q; errors show in Scan.
func (t *Tx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	t.mu.Lock()
	defer t.mu.Unlock()
	ctx, err := t.before(ctx, query)
	if err != nil {
		return failedRow(err)
	}
	t.remember(query, args, true)
	row := t.q.QueryRowContext(ctx, query, args...)
	if err := row.Err(); err != nil {
		return failedRow(t.note(err))
	}
	return row
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
	return out, noted(q, rows.Err())
}

// noted maps an error that came while rows were read, and keeps the
// transaction from going on after it.
func noted(q Q, err error) error {
	if t, ok := q.(*Tx); ok {
		t.mu.Lock()
		defer t.mu.Unlock()
		return t.note(err)
	}
	return mapError(err)
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
		if err := noted(q, rows.Err()); err != nil {
			return zero, err
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
	t.mu.Lock()
	defer t.mu.Unlock()
	t.until = t.until.Add(d)
}

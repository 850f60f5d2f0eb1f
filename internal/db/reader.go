package db

import (
	"context"
	"database/sql"
)

// reader runs single statements on the pool that reads. Unlike a Tx it has no
// memory and is safe for use by many goroutines.
type reader struct{ db *DB }

func (r reader) before(ctx context.Context, query string) error {
	if ctx.Value(insideKey{}) != nil {
		return ErrNested
	}
	if r.db.fault != nil {
		return r.db.fault(query)
	}
	return nil
}

// ExecContext implements Q. SQLite refuses statements that write.
func (r reader) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if err := r.before(ctx, query); err != nil {
		return nil, err
	}
	res, err := r.db.read.ExecContext(ctx, query, args...)
	return res, mapError(err)
}

// QueryContext implements Q.
func (r reader) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := r.before(ctx, query); err != nil {
		return nil, err
	}
	rows, err := r.db.read.QueryContext(ctx, query, args...)
	return rows, mapError(err)
}

// QueryRowContext implements Q; errors show in Scan.
func (r reader) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if err := r.before(ctx, query); err != nil {
		return failedRow(err)
	}
	row := r.db.read.QueryRowContext(ctx, query, args...)
	if err := row.Err(); err != nil {
		return failedRow(mapError(err))
	}
	return row
}

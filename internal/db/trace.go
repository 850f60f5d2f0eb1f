package db

import (
	"context"
	"database/sql"
	"slices"
)

// Traced is what Options.Trace is told of: a transaction that committed, in
// the attempt that did, or a view that ended.
type Traced struct {
	Options    sql.TxOptions // as on PostgreSQL; SQLite knows one isolation
	Statements []Statement
}

// Statement is a statement as it went to the engine.
type Statement struct {
	Query string
	Args  []any
	Rows  bool // it was asked for rows
}

// remember keeps a statement of a transaction that is traced. t.mu is held.
func (t *Tx) remember(query string, args []any, rows bool) {
	if t.trace != nil {
		t.trace.Statements = append(t.trace.Statements, Statement{query, slices.Clone(args), rows})
	}
}

// tracing makes each attempt of fn remember its statements, and tells of the
// one that is committed.
func (d *DB) tracing(isolation sql.IsolationLevel, fn func(ctx context.Context, tx *Tx) error) func(ctx context.Context, tx *Tx) error {
	return func(ctx context.Context, tx *Tx) error {
		tx.trace = &Traced{Options: sql.TxOptions{Isolation: isolation}}
		tx.AfterCommit(func() { d.trace(ctx, *tx.trace) })
		return fn(ctx, tx)
	}
}

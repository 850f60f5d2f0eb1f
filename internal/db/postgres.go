package db

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// maxTries bounds how often a transaction is run again after losing against a
// rival; with growing random waits it is reached only when something is wrong.
const maxTries = 30

func openPostgres(ctx context.Context, dsn string, opts Options) (*DB, error) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("database: %w", withoutSecret(err))
	}
	pool := stdlib.OpenDB(*cfg)
	pool.SetMaxOpenConns(opts.MaxConns)
	pool.SetMaxIdleConns(opts.MaxConns)
	if err := pool.PingContext(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("database: %w", mapError(err))
	}
	d := &DB{engine: Postgres, read: pool, log: opts.Log, fault: opts.Fault, trace: opts.Trace, losers: make(chan struct{}, 1)}
	if err := definePostgresTypes(ctx, pool); err != nil {
		pool.Close()
		return nil, fmt.Errorf("database: %w", mapError(err))
	}
	return d, nil
}

// definePostgresTypes makes BLOB a name PostgreSQL knows, so that a migration
// has one text for both engines.
func definePostgresTypes(ctx context.Context, pool *sql.DB) error {
	_, err := pool.ExecContext(ctx, `DO $$ BEGIN CREATE DOMAIN blob AS bytea; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$`)
	return err
}

// runPostgres runs fn until it commits. Whoever has lost goes on one at a
// time: rivals that all try again at once lose again, and the unlucky one
// many times over.
func (d *DB) runPostgres(ctx context.Context, isolation sql.IsolationLevel, fn func(context.Context, *Tx) error) ([]func(), error) {
	after, err := d.tryPostgres(ctx, isolation, fn)
	if err == nil || !retryable(err) {
		return after, err
	}
	select {
	case d.losers <- struct{}{}:
		defer func() { <-d.losers }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for try := 2; ; try++ {
		d.stats.Retries.Add(1)
		after, err := d.tryPostgres(ctx, isolation, fn)
		if err == nil || !retryable(err) || try == maxTries {
			return after, err
		}
		select {
		case <-time.After(time.Duration(rand.Int64N(int64(time.Millisecond) << min(try-2, 6)))):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (d *DB) tryPostgres(ctx context.Context, isolation sql.IsolationLevel, fn func(context.Context, *Tx) error) ([]func(), error) {
	stx, err := d.read.BeginTx(ctx, &sql.TxOptions{Isolation: isolation})
	if err != nil {
		return nil, mapError(err)
	}
	defer stx.Rollback()
	tx := &Tx{q: stx, engine: Postgres, fault: d.fault}
	after, err := tx.end(fn(ctx, tx))
	if err != nil {
		return nil, err
	}
	if err := stx.Commit(); err != nil {
		return nil, mapError(err)
	}
	return after, nil
}

// CreateSchema makes a PostgreSQL schema unless it is there. name is an
// identifier of the program, never input.
func (d *DB) CreateSchema(ctx context.Context, name string) error {
	_, err := d.read.ExecContext(ctx, "CREATE SCHEMA IF NOT EXISTS "+pgx.Identifier{name}.Sanitize())
	return mapError(err)
}

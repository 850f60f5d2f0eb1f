package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"
)

// Engine names a database engine.
type Engine string

// The engines.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// Q is what store functions run statements on: a transaction or a snapshot.
type Q interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Options are the settings of a database handle; the zero value works.
type Options struct {
	Log       *slog.Logger  // nil: slog.Default()
	HoldLimit time.Duration // longest time one InTx may hold the SQLite writer; 0: 2 s
	MaxConns  int           // PostgreSQL connections, SQLite readers; 0: 16

	// Fault, for tests, is asked before each statement of a transaction or
	// view; its error is what the statement returns.
	Fault func(query string) error

	// Trace, for measurements, is told of every transaction that committed
	// and every view that ended, on the goroutine and with the context of its
	// caller. nil costs nothing.
	Trace func(ctx context.Context, t Traced)
}

// DB is one database. It is safe for use by many goroutines.
type DB struct {
	engine Engine
	read   *sql.DB // SQLite: the readers; PostgreSQL: the one pool
	writer *writer // SQLite only
	log    *slog.Logger
	path   string // SQLite only
	stats  Stats
	fault  func(query string) error
	trace  func(ctx context.Context, t Traced)
	losers chan struct{} // PostgreSQL: held by the one transaction that tries again
}

// Stats are counters since the handle was opened.
type Stats struct {
	Transactions atomic.Int64 // committed InTx calls
	Retries      atomic.Int64 // PostgreSQL: serialization failures run again
	Groups       atomic.Int64 // SQLite: commits that reached the disk
	Reruns       atomic.Int64 // SQLite: members run again because the engine ended their group
	Slow         atomic.Int64 // SQLite: members that held the writer longer than slowHold
}

// Open opens a database. dsn is "sqlite:PATH" (the directory must exist) or
// "postgres://…". Close releases it.
func Open(ctx context.Context, dsn string, opts Options) (*DB, error) {
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
	if opts.HoldLimit == 0 {
		opts.HoldLimit = 2 * time.Second
	}
	if opts.MaxConns == 0 {
		opts.MaxConns = 16
	}
	switch {
	case strings.HasPrefix(dsn, "sqlite:"):
		return openSQLite(ctx, strings.TrimPrefix(dsn, "sqlite:"), opts)
	case strings.HasPrefix(dsn, "postgres://"), strings.HasPrefix(dsn, "postgresql://"):
		return openPostgres(ctx, dsn, opts)
	}
	return nil, fmt.Errorf("database: want sqlite:PATH or postgres://…, not %q", redact(dsn))
}

// redact cuts a DSN before anything that may be a password.
func redact(dsn string) string {
	scheme, _, _ := strings.Cut(dsn, ":")
	return scheme + ":…"
}

// Engine tells which engine runs.
func (d *DB) Engine() Engine { return d.engine }

// Path is the file of an SQLite database, "" on PostgreSQL.
func (d *DB) Path() string { return d.path }

// Stats returns the live counters.
func (d *DB) Stats() *Stats { return &d.stats }

// Ping reports whether the database answers.
func (d *DB) Ping(ctx context.Context) error { return d.read.PingContext(ctx) }

// Close waits for running transactions and closes the handle.
func (d *DB) Close() error {
	var werr error
	if d.writer != nil {
		werr = d.writer.close()
	}
	return errors.Join(werr, d.read.Close())
}

// insideKey marks the context inside a transaction.
type insideKey struct{}

// ErrNested is returned when a transaction is opened inside another: a
// function that takes a *Tx joins it, one that takes a *DB must not be called
// from inside.
var ErrNested = errors.New("db: transaction opened inside another")

// InTx runs fn in a read-write transaction and commits it when fn returns
// nil. On PostgreSQL the isolation is SERIALIZABLE and fn runs again after a
// serialization failure; on SQLite fn may share a commit with its neighbours
// and runs again if the engine ended their transaction. So fn must be
// repeatable: no side effects besides its statements; what must happen only
// after the commit goes through Tx.AfterCommit. When InTx returns nil the
// commit is on disk.
func (d *DB) InTx(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	return d.inTx(ctx, sql.LevelSerializable, fn)
}

// Housekeeping is InTx at READ COMMITTED on PostgreSQL, for machinery that
// scans rows which business transactions are writing (the audit sealer, lease
// queues): at SERIALIZABLE those scans would make the writers retry. fn must
// guard each change by a condition in the statement itself.
func (d *DB) Housekeeping(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	return d.inTx(ctx, sql.LevelReadCommitted, fn)
}

func (d *DB) inTx(ctx context.Context, isolation sql.IsolationLevel, fn func(ctx context.Context, tx *Tx) error) error {
	if ctx.Value(insideKey{}) != nil {
		return ErrNested
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	inside := context.WithValue(ctx, insideKey{}, true)
	if d.trace != nil {
		fn = d.tracing(isolation, fn)
	}
	var after []func()
	var err error
	if d.engine == SQLite {
		after, err = d.writer.run(inside, fn)
	} else {
		after, err = d.runPostgres(inside, isolation, fn)
	}
	if err != nil {
		return err
	}
	d.stats.Transactions.Add(1)
	for _, f := range after {
		f()
	}
	return nil
}

// View runs fn on a read-only snapshot of the database.
func (d *DB) View(ctx context.Context, fn func(ctx context.Context, q Q) error) error {
	if ctx.Value(insideKey{}) != nil {
		return ErrNested
	}
	opts := sql.TxOptions{ReadOnly: true}
	if d.engine == Postgres {
		opts.Isolation = sql.LevelRepeatableRead
	}
	snapshot, err := d.read.BeginTx(ctx, &opts)
	if err != nil {
		return mapError(err)
	}
	defer snapshot.Rollback()
	inside := context.WithValue(ctx, insideKey{}, true)
	tx := &Tx{q: snapshot, engine: d.engine, fault: d.fault}
	if d.trace != nil {
		tx.trace = &Traced{Options: opts}
		defer func() { d.trace(ctx, *tx.trace) }()
	}
	_, err = tx.end(fn(inside, tx))
	return err
}

// Reader returns the pool for a single statement outside any transaction,
// for streaming exports and backups.
func (d *DB) Reader() Q { return reader{d} }

// Pool returns the counters of the connection pool that reads.
func (d *DB) Pool() sql.DBStats { return d.read.Stats() }

// Version names the engine and its version, "SQLite 3.53.1".
func (d *DB) Version(ctx context.Context) (string, error) {
	if d.engine == SQLite {
		v, err := Value[string](ctx, d.Reader(), `SELECT sqlite_version()`)
		return "SQLite " + v, err
	}
	v, err := Value[string](ctx, d.Reader(), `SELECT current_setting('server_version')`)
	return "PostgreSQL " + v, err
}

// Collation names the order of texts; SQLite's is that of PostgreSQL's "C".
func (d *DB) Collation(ctx context.Context) (string, error) {
	if d.engine == SQLite {
		return "C", nil
	}
	return Value[string](ctx, d.Reader(), `SELECT datcollate FROM pg_database WHERE datname = current_database()`)
}

// Empty reports whether the database has no table.
func (d *DB) Empty(ctx context.Context) (bool, error) {
	tables, err := d.tables(ctx, d.Reader())
	return len(tables) == 0, err
}

// tables lists the tables of the database by name.
func (d *DB) tables(ctx context.Context, q Q) ([]string, error) {
	if d.engine == SQLite {
		return Column[string](ctx, q, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name`)
	}
	return Column[string](ctx, q, `SELECT table_name FROM information_schema.tables
		WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' ORDER BY table_name COLLATE "C"`)
}

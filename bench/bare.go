package bench

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver named pgx
	_ "modernc.org/sqlite"             // the driver named sqlite

	"anlan/internal/db"
)

// bare runs transactions on a plain driver, written by hand as well as it can
// be: each statement is compiled once, rows are read to their end, and on
// SQLite those who wait share a commit.
type bare interface {
	run(ctx context.Context, t db.Traced) error
	count(ctx context.Context, query string) (int64, error)
	retriesPerTx() float64
	txPerCommit() float64
	close() error
}

func openBare(ctx context.Context, engine db.Engine, dsn string, writers int) (bare, error) {
	if engine == db.SQLite {
		return openBareSQLite(ctx, dsn[len("sqlite:"):], writers)
	}
	pool, err := sql.Open("pgx", dsn)
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(2 * writers)
	pool.SetMaxIdleConns(2 * writers)
	return &barePostgres{pool: pool}, nil
}

// drain runs a statement and reads what it returns.
func drain(ctx context.Context, s db.Statement, exec func(context.Context, ...any) (sql.Result, error), query func(context.Context, ...any) (*sql.Rows, error)) error {
	if !s.Rows {
		_, err := exec(ctx, s.Args...)
		return err
	}
	rows, err := query(ctx, s.Args...)
	if err != nil {
		return err
	}
	for rows.Next() {
	}
	return errors.Join(rows.Err(), rows.Close())
}

// barePostgres leaves compiling to the driver, which keeps what it compiled.
type barePostgres struct {
	pool         *sql.DB
	ran, retries atomic.Int64
}

// run runs a transaction, again when it lost against a rival.
func (b *barePostgres) run(ctx context.Context, t db.Traced) error {
	for {
		err := b.try(ctx, t)
		var lost *pgconn.PgError
		if !errors.As(err, &lost) || lost.Code != "40001" && lost.Code != "40P01" {
			b.ran.Add(1)
			return err
		}
		b.retries.Add(1)
	}
}

func (b *barePostgres) try(ctx context.Context, t db.Traced) error {
	tx, err := b.pool.BeginTx(ctx, &t.Options)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, s := range t.Statements {
		err := drain(ctx, s,
			func(ctx context.Context, args ...any) (sql.Result, error) {
				return tx.ExecContext(ctx, s.Query, args...)
			},
			func(ctx context.Context, args ...any) (*sql.Rows, error) {
				return tx.QueryContext(ctx, s.Query, args...)
			})
		if err != nil {
			return err
		}
	}
	if t.Options.ReadOnly {
		return tx.Rollback()
	}
	return tx.Commit()
}

func (b *barePostgres) count(ctx context.Context, query string) (n int64, err error) {
	return n, b.pool.QueryRowContext(ctx, query).Scan(&n)
}

func (b *barePostgres) retriesPerTx() float64 {
	return float64(b.retries.Load()) / float64(b.ran.Load())
}
func (b *barePostgres) txPerCommit() float64 { return 1 }
func (b *barePostgres) close() error         { return b.pool.Close() }

// compiled is a connection that compiles each statement once.
type compiled struct {
	conn *sql.Conn
	kept map[string]*sql.Stmt
}

func newCompiled(conn *sql.Conn) *compiled { return &compiled{conn, map[string]*sql.Stmt{}} }

func (c *compiled) run(ctx context.Context, s db.Statement) error {
	stmt, ok := c.kept[s.Query]
	if !ok {
		var err error
		if stmt, err = c.conn.PrepareContext(ctx, s.Query); err != nil {
			return err
		}
		c.kept[s.Query] = stmt
	}
	return drain(ctx, s, stmt.ExecContext, stmt.QueryContext)
}

func (c *compiled) runAll(ctx context.Context, statements []db.Statement) error {
	for _, s := range statements {
		if err := c.run(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

var (
	beginWrite = db.Statement{Query: "BEGIN IMMEDIATE"}
	beginRead  = db.Statement{Query: "BEGIN"}
	savepoint  = db.Statement{Query: "SAVEPOINT m"}
	release    = db.Statement{Query: "RELEASE m"}
	commit     = db.Statement{Query: "COMMIT"}
	rollback   = db.Statement{Query: "ROLLBACK"}
)

// work is a transaction that waits for its turn.
type work struct {
	statements []db.Statement
	done       chan error
}

// bareSQLite has one goroutine that writes, taking whoever waits into one
// commit, and as many readers as there are workers.
type bareSQLite struct {
	pool         *sql.DB
	conns        []*sql.Conn
	queue        chan work
	ended        chan struct{}
	readers      chan *compiled
	ran, commits atomic.Int64
}

func openBareSQLite(ctx context.Context, path string, writers int) (*bareSQLite, error) {
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + "?_dqs=0&_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)" +
		"&_pragma=temp_store(MEMORY)&_pragma=cache_size(-16000)&_pragma=wal_autocheckpoint(4000)"
	pool, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	b := &bareSQLite{pool: pool, queue: make(chan work, writers), ended: make(chan struct{}), readers: make(chan *compiled, writers)}
	for range 1 + writers {
		conn, err := pool.Conn(ctx)
		if err != nil {
			return nil, errors.Join(err, b.disconnect())
		}
		b.conns = append(b.conns, conn)
	}
	write := newCompiled(b.conns[0])
	for _, conn := range b.conns[1:] {
		b.readers <- newCompiled(conn)
	}
	go func() {
		defer close(b.ended)
		for first := range b.queue {
			b.together(write, first)
		}
	}()
	return b, nil
}

func (b *bareSQLite) run(ctx context.Context, t db.Traced) error {
	if t.Options.ReadOnly {
		read := <-b.readers
		defer func() { b.readers <- read }()
		return errors.Join(read.run(ctx, beginRead), read.runAll(ctx, t.Statements), read.run(ctx, rollback))
	}
	w := work{t.Statements, make(chan error, 1)}
	b.queue <- w
	b.ran.Add(1)
	return <-w.done
}

// together commits first and those who wait at once; any failure fails all,
// which is enough where none is expected.
func (b *bareSQLite) together(conn *compiled, first work) {
	ctx := context.Background()
	group := []work{first}
	err := conn.run(ctx, beginWrite)
	for i := 0; err == nil && i < len(group); i++ {
		err = errors.Join(conn.run(ctx, savepoint), conn.runAll(ctx, group[i].statements), conn.run(ctx, release))
		select {
		case w, open := <-b.queue:
			if open {
				group = append(group, w)
			}
		default:
		}
	}
	if err == nil {
		err = conn.run(ctx, commit)
	}
	if err != nil {
		conn.run(ctx, rollback)
	}
	b.commits.Add(1)
	for _, w := range group {
		w.done <- err
	}
}

func (b *bareSQLite) count(ctx context.Context, query string) (n int64, err error) {
	return n, b.pool.QueryRowContext(ctx, query).Scan(&n)
}

func (b *bareSQLite) retriesPerTx() float64 { return 0 }
func (b *bareSQLite) txPerCommit() float64  { return float64(b.ran.Load()) / float64(b.commits.Load()) }

func (b *bareSQLite) close() error {
	close(b.queue)
	<-b.ended
	return b.disconnect()
}

func (b *bareSQLite) disconnect() error {
	var errs []error
	for _, conn := range b.conns {
		errs = append(errs, conn.Close())
	}
	return errors.Join(append(errs, b.pool.Close())...)
}

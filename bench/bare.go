package bench

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver named pgx
	_ "modernc.org/sqlite"             // the driver named sqlite
)

// work is a transaction that waits for its turn.
type work struct {
	id   string
	done chan error
}

// bareSQLite runs the statements on a plain connection; one goroutine takes
// whoever waits into one commit.
func bareSQLite(ctx context.Context, path string, writers int, length time.Duration) (Rate, error) {
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_pragma=wal_autocheckpoint(4000)"
	pool, err := sql.Open("sqlite", dsn)
	if err != nil {
		return Rate{}, err
	}
	defer pool.Close()
	conn, err := pool.Conn(ctx)
	if err != nil {
		return Rate{}, err
	}
	defer conn.Close()
	queue := make(chan work, writers)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for first := range queue {
			together(conn, first, queue)
		}
	}()
	defer func() {
		close(queue)
		<-ended
	}()
	return measure(ctx, writers, length, func(_ context.Context, id string) error {
		w := work{id, make(chan error, 1)}
		queue <- w
		return <-w.done
	})
}

// together commits first and those who wait at once; any failure fails all,
// which is enough where none is expected.
func together(conn *sql.Conn, first work, queue <-chan work) {
	ctx := context.Background()
	group := []work{first}
	err := func() error {
		if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
			return err
		}
		for i := 0; i < len(group); i++ {
			_, begun := conn.ExecContext(ctx, "SAVEPOINT m")
			ran := submit(ctx, conn, group[i].id)
			_, released := conn.ExecContext(ctx, "RELEASE m")
			if err := errors.Join(begun, ran, released); err != nil {
				return err
			}
			select {
			case w, open := <-queue:
				if open {
					group = append(group, w)
				}
			default:
			}
		}
		_, err := conn.ExecContext(ctx, "COMMIT")
		return err
	}()
	if err != nil {
		conn.ExecContext(ctx, "ROLLBACK")
	}
	for _, w := range group {
		w.done <- err
	}
}

// barePostgres runs the statements in a transaction of the driver, again when
// it lost against a rival.
func barePostgres(ctx context.Context, pool *sql.DB, id string) error {
	for {
		err := func() error {
			tx, err := pool.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable})
			if err != nil {
				return err
			}
			defer tx.Rollback()
			if err := submit(ctx, tx, id); err != nil {
				return err
			}
			return tx.Commit()
		}()
		var lost *pgconn.PgError
		if !errors.As(err, &lost) || lost.Code != "40001" && lost.Code != "40P01" {
			return err
		}
	}
}

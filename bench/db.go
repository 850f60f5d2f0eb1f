package bench

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

//go:embed migrations/*.sql
var migrations embed.FS

func tables() db.Migrations {
	sub, _ := fs.Sub(migrations, "migrations")
	return db.Migrations{Owner: "bench", Rank: 9, FS: sub}
}

// Writes is a measurement of the database layer.
type Writes struct {
	Engine       string  `json:"engine"`
	Writers      int     `json:"writers"`
	Layer        Rate    `json:"layer"` // through db.InTx
	Bare         Rate    `json:"bare"`  // the same statements and isolation, commits shared the same way, by hand
	Ratio        float64 `json:"ratio"` // layer over bare
	RetriesPerTx float64 `json:"retries_per_tx"`
	TxPerCommit  float64 `json:"tx_per_commit"` // SQLite
}

// Rate is how many transactions a second, and how long each took.
type Rate struct {
	TxPerSecond float64 `json:"tx_per_second"`
	Latency     Latency `json:"latency"`
}

// DB measures an empty database that the caller made for it, for the given
// time, half of it through the layer and half without. Each transaction looks
// a number up and writes a case, three files, an audit row and an outbox row.
func DB(ctx context.Context, dsn string, writers int, length time.Duration) (Writes, error) {
	d, err := db.Open(ctx, dsn, db.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return Writes{}, err
	}
	defer d.Close()
	if _, err := d.Migrate(ctx, []db.Migrations{tables()}); err != nil {
		return Writes{}, err
	}
	w := Writes{Engine: string(d.Engine()), Writers: writers}
	before := d.Stats().Transactions.Load()
	groups, retries := d.Stats().Groups.Load(), d.Stats().Retries.Load()
	w.Layer, err = measure(ctx, writers, length/2, func(ctx context.Context, id string) error {
		return throughLayer(ctx, d, id)
	})
	if err != nil {
		return w, err
	}
	ran := float64(d.Stats().Transactions.Load() - before)
	w.RetriesPerTx = float64(d.Stats().Retries.Load()-retries) / ran
	if n := d.Stats().Groups.Load() - groups; n > 0 {
		w.TxPerCommit = ran / float64(n)
	}
	if w.Bare, err = withoutLayer(ctx, d, dsn, writers, length/2); err != nil {
		return w, err
	}
	w.Ratio = w.Layer.TxPerSecond / w.Bare.TxPerSecond
	return w, nil
}

// measure runs op from many goroutines for a time.
func measure(ctx context.Context, writers int, length time.Duration, op func(ctx context.Context, id string) error) (Rate, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	t := tally{statuses: map[string]int{}}
	var n atomic.Int64
	var group sync.WaitGroup
	begun := time.Now()
	for range writers {
		group.Go(func() {
			for time.Since(begun) < length && ctx.Err() == nil {
				at := time.Now()
				if err := op(ctx, kernel.NewID(at)); err != nil {
					cancel(err)
					return
				}
				n.Add(1)
				t.add("", 0, time.Since(at))
			}
		})
	}
	group.Wait()
	if err := context.Cause(ctx); err != nil {
		return Rate{}, err
	}
	return Rate{TxPerSecond: float64(n.Load()) / time.Since(begun).Seconds(), Latency: summarise(t.took)}, nil
}

const sampleData = `{"enterprise":"0197","items":["1630","1674"],"address":"天津市滨海新区","contact":"sealed"}`

// sample is one transaction of the measurement.
func sample(id string) []db.Statement {
	one := func(query string, args ...any) db.Statement { return db.Statement{Query: query, Args: args} }
	all := []db.Statement{{Query: `SELECT id FROM bench_cases WHERE number = $1`, Args: []any{id}, Rows: true},
		one(`INSERT INTO bench_cases (id, number, state, data, due) VALUES ($1, $2, $3, $4, $5)`, id, id, "submitted", sampleData, 1)}
	for i := range 3 {
		all = append(all, one(`INSERT INTO bench_files (id, case_id, name) VALUES ($1, $2, $3)`, fmt.Sprint(id, i), id, "营业执照.pdf"))
	}
	return append(all, one(`INSERT INTO bench_audit (id, at, actor, after) VALUES ($1, $2, $3, $4)`, id, 1, "someone", sampleData),
		one(`INSERT INTO bench_outbox (id, at, payload) VALUES ($1, $2, $3)`, id, 1, sampleData))
}

// throughLayer runs the transaction as store functions do.
func throughLayer(ctx context.Context, d *db.DB, id string) error {
	return d.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		for _, s := range sample(id) {
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
		return nil
	})
}

// withoutLayer does by hand what db.InTx does.
func withoutLayer(ctx context.Context, d *db.DB, dsn string, writers int, length time.Duration) (Rate, error) {
	b, err := openBare(ctx, d.Engine(), dsn, writers)
	if err != nil {
		return Rate{}, err
	}
	defer b.close()
	return measure(ctx, writers, length, func(ctx context.Context, id string) error {
		return b.run(ctx, db.Traced{Options: sql.TxOptions{Isolation: sql.LevelSerializable}, Statements: sample(id)})
	})
}

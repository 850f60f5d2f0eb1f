package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

// Submissions asks how fast applications are handed in.
type Submissions struct {
	Database string // URL of a PostgreSQL database beside which others may be made; "" measures SQLite
	Dir      string // for the SQLite files and the uploads, on the disk to be measured
	Writers  int
	Cases    int
}

func (s Submissions) check() error {
	var check kernel.Check
	if s.Writers < 1 || s.Writers > 256 {
		check.Add("writers", "range", fmt.Sprint(s.Writers), "min", 1, "max", 256)
	}
	if s.Cases < 1 || s.Cases > 1_000_000 {
		check.Add("cases", "range", fmt.Sprint(s.Cases), "min", 1, "max", 1_000_000)
	}
	if s.Database != "" && !strings.HasPrefix(s.Database, "postgres") {
		check.Add("database", "url", "")
	}
	return check.Err()
}

// Submits is a measurement of licensing.Service.Submit. The same statements
// were recorded and then run again without the service, by as many writers,
// at the same isolation, with commits shared the same way and every statement
// compiled once. Both sides took turns, so that a neighbour's noise met both.
type Submits struct {
	Engine        string  `json:"engine"`
	Writers       int     `json:"writers"`
	Cases         int     `json:"cases"`
	Service       Rate    `json:"service"`
	Bare          Rate    `json:"bare"`
	Ratio         float64 `json:"ratio"` // service over bare
	StatementsPer float64 `json:"statements_per_submit"`
	ReadsPer      float64 `json:"reads_per_submit"` // those of them that ask for rows
	TxPer         float64 `json:"transactions_per_submit"`
	RetriesPerTx  float64 `json:"retries_per_tx"`          // PostgreSQL, of the service
	BareRetries   float64 `json:"bare_retries_per_tx"`     // the same of the bare statements
	TxPerCommit   float64 `json:"tx_per_commit,omitempty"` // SQLite, of the service
	BareTxPer     float64 `json:"bare_tx_per_commit,omitempty"`
}

// turns is how often service and bare statements take turns.
const turns = 4

// Submit makes drafts, copies the database, and hands the drafts in: on one
// copy to record the statements, on the second as it is done every day, on
// the third without the service.
func Submit(ctx context.Context, s Submissions) (out Submits, err error) {
	if err := s.check(); err != nil {
		return out, err
	}
	c, err := newCopies(ctx, s)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, c.drop()) }()
	ids, err := s.prepare(ctx, c.original)
	if err != nil {
		return out, fmt.Errorf("prepare: %w", err)
	}
	var urls [3]string
	for i := range urls {
		if urls[i], err = c.copy(ctx, i); err != nil {
			return out, fmt.Errorf("copy the database: %w", err)
		}
	}
	recorded, err := s.record(ctx, urls[0], ids)
	if err != nil {
		return out, fmt.Errorf("record: %w", err)
	}
	return s.compare(ctx, urls[1], urls[2], ids, recorded)
}

// prepare makes the drafts in another order than that in which they will be
// handed in: those that meet were begun on different days.
func (s Submissions) prepare(ctx context.Context, dsn string) ([]string, error) {
	o, err := openOffice(ctx, dsn, s.Dir, db.Options{})
	if err != nil {
		return nil, err
	}
	defer o.db.Close()
	ids, order := make([]string, s.Cases), rand.New(rand.NewPCG(1, 1)).Perm(s.Cases)
	return ids, parallel(ctx, s.Writers, 0, s.Cases, func(ctx context.Context, k int) (err error) {
		i := order[k]
		ids[i], err = o.draft(ctx, i)
		return err
	})
}

// record hands every case in and keeps what was sent to the database.
func (s Submissions) record(ctx context.Context, dsn string, ids []string) (*recording, error) {
	r := newRecording(len(ids))
	o, err := openOffice(ctx, dsn, s.Dir, db.Options{Trace: r.add})
	if err != nil {
		return nil, err
	}
	defer o.db.Close()
	err = parallel(ctx, s.Writers, 0, len(ids), func(ctx context.Context, i int) error {
		_, err := o.Submit(r.of(ctx, i), o.applicantOf(i).by, ids[i], 0)
		return err
	})
	r.link()
	return r, err
}

// compare lets the service and the bare statements take turns.
func (s Submissions) compare(ctx context.Context, served, replayed string, ids []string, r *recording) (Submits, error) {
	o, err := openOffice(ctx, served, s.Dir, db.Options{MaxConns: max(16, 2*s.Writers)})
	if err != nil {
		return Submits{}, err
	}
	defer o.db.Close()
	b, err := openBare(ctx, o.db.Engine(), replayed, s.Writers)
	if err != nil {
		return Submits{}, err
	}
	defer b.close()
	begun, groups, retries := o.db.Stats().Transactions.Load(), o.db.Stats().Groups.Load(), o.db.Stats().Retries.Load()
	var service, bare stopwatch
	for turn := range turns {
		from, to := len(ids)*turn/turns, len(ids)*(turn+1)/turns
		err := service.time(ctx, s.Writers, from, to, func(ctx context.Context, i int) error {
			_, err := o.Submit(ctx, o.applicantOf(i).by, ids[i], 0)
			return err
		})
		if err != nil {
			return Submits{}, fmt.Errorf("service: %w", err)
		}
		if err := bare.time(ctx, s.Writers, from, to, func(ctx context.Context, i int) error { return r.replay(ctx, i, b) }); err != nil {
			return Submits{}, fmt.Errorf("bare statements: %w", err)
		}
	}
	if err := sameState(ctx, o, b); err != nil {
		return Submits{}, err
	}
	statements, reads, txs := r.count()
	n := float64(len(ids))
	out := Submits{Engine: string(o.db.Engine()), Writers: s.Writers, Cases: len(ids), Service: service.rate(), Bare: bare.rate(),
		StatementsPer: float64(statements) / n, ReadsPer: float64(reads) / n, TxPer: float64(txs) / n}
	out.Ratio = out.Service.TxPerSecond / out.Bare.TxPerSecond
	ran := float64(o.db.Stats().Transactions.Load() - begun)
	out.RetriesPerTx, out.BareRetries = float64(o.db.Stats().Retries.Load()-retries)/ran, b.retriesPerTx()
	if committed := o.db.Stats().Groups.Load() - groups; committed > 0 {
		out.TxPerCommit, out.BareTxPer = ran/float64(committed), b.txPerCommit()
	}
	return out, nil
}

// sameState refuses a measurement of which the two sides did not do the same.
func sameState(ctx context.Context, o *office, b bare) error {
	for _, query := range []string{`SELECT COUNT(*) FROM licensing_cases WHERE state = 'submitted'`, `SELECT COUNT(*) FROM number_numbers WHERE state = 'used'`,
		`SELECT COUNT(*) FROM audit_rows`, `SELECT COUNT(*) FROM event_events`, `SELECT COUNT(*) FROM worklist_items`} {
		want, err := db.Value[int64](ctx, o.db.Reader(), query)
		if err != nil {
			return err
		}
		got, err := b.count(ctx, query)
		if err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("bench: %s: %d by the service, %d without it", query, want, got)
		}
	}
	return nil
}

// stopwatch adds up turns.
type stopwatch struct {
	mu    sync.Mutex
	took  []time.Duration
	whole time.Duration
}

// time runs op for every index from from up to to, and times each.
func (w *stopwatch) time(ctx context.Context, workers, from, to int, op func(ctx context.Context, i int) error) error {
	begun := time.Now()
	err := parallel(ctx, workers, from, to, func(ctx context.Context, i int) error {
		at := time.Now()
		err := op(ctx, i)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.took = append(w.took, time.Since(at))
		return err
	})
	w.whole += time.Since(begun)
	return err
}

func (w *stopwatch) rate() Rate {
	return Rate{TxPerSecond: float64(len(w.took)) / w.whole.Seconds(), Latency: summarise(w.took)}
}

// parallel runs op for every index from from up to to, each once, until one
// fails.
func parallel(ctx context.Context, workers, from, to int, op func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := atomic.Int64{}
	next.Store(int64(from))
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1) - 1)
				if i >= to {
					return
				}
				if err := op(ctx, i); err != nil {
					cancel(err)
				}
			}
		})
	}
	group.Wait()
	return context.Cause(ctx)
}

package db_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"anlan/internal/db"
	"anlan/internal/dbtest"
)

// The transaction of the benchmarks: what a submitted application costs in
// statements, with a little reading, nothing about licensing.
var ledger = source("bench", `
CREATE TABLE bench_cases (id TEXT PRIMARY KEY, number TEXT NOT NULL UNIQUE, state TEXT NOT NULL, data TEXT NOT NULL, due BIGINT NOT NULL);
CREATE INDEX bench_cases_state ON bench_cases (state, due);
CREATE TABLE bench_files (id TEXT PRIMARY KEY, case_id TEXT NOT NULL REFERENCES bench_cases (id), hash TEXT NOT NULL);
CREATE INDEX bench_files_case ON bench_files (case_id);
CREATE TABLE bench_audit (id TEXT PRIMARY KEY, at BIGINT NOT NULL, actor TEXT NOT NULL, after TEXT NOT NULL);
CREATE TABLE bench_outbox (id TEXT PRIMARY KEY, at BIGINT NOT NULL, payload TEXT NOT NULL);
`)

const hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

const payload = `{"enterprise":"0197","items":["1630","1674"],"address":"天津市滨海新区","contact":"sealed"}`

func submit(ctx context.Context, q db.Q, id string) error {
	if _, err := db.Column[string](ctx, q, `SELECT id FROM bench_cases WHERE number = $1`, id); err != nil {
		return err
	}
	if _, err := q.ExecContext(ctx, `INSERT INTO bench_cases (id, number, state, data, due) VALUES ($1, $2, $3, $4, $5)`, id, id, "submitted", payload, 1); err != nil {
		return err
	}
	for i := range 3 {
		if _, err := q.ExecContext(ctx, `INSERT INTO bench_files (id, case_id, hash) VALUES ($1, $2, $3)`, fmt.Sprint(id, i), id, hash); err != nil {
			return err
		}
	}
	if _, err := q.ExecContext(ctx, `INSERT INTO bench_audit (id, at, actor, after) VALUES ($1, $2, $3, $4)`, id, 1, "someone", payload); err != nil {
		return err
	}
	_, err := q.ExecContext(ctx, `INSERT INTO bench_outbox (id, at, payload) VALUES ($1, $2, $3)`, id, 1, payload)
	return err
}

// writers runs op from 8 goroutines and reports the rate and the slowest
// hundredth.
func writers(b *testing.B, op func(id string) error) {
	const n = 8
	var next atomic.Int64
	took := make([][]time.Duration, n)
	var group sync.WaitGroup
	b.ResetTimer()
	for w := range n {
		group.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				begun := time.Now()
				if err := op(fmt.Sprintf("%d-%08d", b.N, i)); err != nil {
					b.Error(err)
					return
				}
				took[w] = append(took[w], time.Since(begun))
			}
		})
	}
	group.Wait()
	b.StopTimer()
	all := slices.Concat(took...)
	slices.Sort(all)
	if len(all) > 0 {
		b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "p99-ms")
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tx/s")
}

func BenchmarkInTx(b *testing.B) {
	dbtest.EachB(b, func(b *testing.B, d *db.DB) {
		writers(b, func(id string) error {
			return d.InTx(context.Background(), func(ctx context.Context, tx *db.Tx) error { return submit(ctx, tx, id) })
		})
		b.ReportMetric(float64(d.Stats().Retries.Load())/float64(b.N), "retries/tx")
		if g := d.Stats().Groups.Load(); g > 0 {
			b.ReportMetric(float64(b.N)/float64(g), "tx/commit")
		}
	}, ledger)
}

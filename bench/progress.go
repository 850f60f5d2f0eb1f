package bench

import (
	"context"
	"time"

	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/personal"
)

// Asking is a steady stream of public progress queries, by number and
// telephone, on a database that Fill has filled. They go to the service: the
// pages hold each visitor to a few a minute.
type Asking struct {
	Cases int // that Fill has made; each question is about another
	Rate  int // a second, 1 to 10,000
	For   time.Duration
	Dir   string // for files that are not needed
}

// Progress asks.
func Progress(ctx context.Context, d *db.DB, vault *personal.Vault, a Asking) (Answers, error) {
	if err := checkRate(a.Rate, a.For); err != nil {
		return Answers{}, err
	}
	o := &office{db: d}
	if err := o.build(vault, a.Dir, quiet()); err != nil {
		return Answers{}, err
	}
	return steady(ctx, a.Rate, a.For, func(ctx context.Context, i int) (string, int64) {
		n := 1 + i*7919%a.Cases // far from the last one
		p, err := o.Service.Progress(ctx, FilledNumber(n), FilledPhone)
		if err != nil {
			return kernel.KindOf(err).String(), 0
		}
		return string(p.State), 0
	})
}

package app

import (
	"context"
	"time"

	"anlan/internal/db"
	"anlan/internal/worklist"
)

const (
	keepDone  = 2 * 365 * 24 * time.Hour // closed to-dos
	keepLoose = 48 * time.Hour           // files that no row refers to
)

// keepHouse names what runs beside the rooms: sealing the audit chain and
// forgetting what has had its time. Tasks are leased, so one process at a time
// runs each, and safe to repeat.
func keepHouse(b *Base, s *services) {
	s.jobs.Every("audit.seal", time.Second, sealAudit(b))
	s.jobs.Every("auth.sweep", time.Hour, s.auth.Sweep)
	s.jobs.Every("event.purge", 6*time.Hour, func(ctx context.Context) error { _, err := s.bus.Purge(ctx); return err })
	s.jobs.Every("notify.forget", 6*time.Hour, s.post.Forget)
	s.jobs.Every("exchange.purge", 6*time.Hour, s.exchange.Purge)
	s.jobs.Every("blob.collect", 24*time.Hour, func(ctx context.Context) error { _, err := b.Files.Collect(ctx, b.DB, keepLoose); return err })
	s.jobs.Every("worklist.purge", 24*time.Hour, func(ctx context.Context) error {
		return b.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
			_, err := worklist.Purge(ctx, tx, b.Clock.Now().Add(-keepDone))
			return err
		})
	})
}

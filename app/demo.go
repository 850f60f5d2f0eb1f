package app

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/licensing/rule"
	"anlan/sample"
)

// settleCity fills an empty database with the sample city: the core at once,
// the rest by a job in the background. The city has services of its own, whose
// clock walks from the past to the present.
func settleCity(ctx context.Context, b *Base, s *services, say func(string, ...any)) error {
	until := b.Clock.Now()
	past := *b
	clock := kernel.NewManualClock(until)
	past.Clock = clock
	own, err := build(ctx, &past, true, true)
	if err != nil {
		return fmt.Errorf("sample city: %w", err)
	}
	s.city, err = sample.New(ctx, sample.Parts{DB: b.DB, Clock: clock, Log: b.Log, Registry: own.registry, Auth: own.auth, Licensing: own.licensing, Rules: rule.Shipped(),
		Keep: keepSecret(filepath.Join(b.Config.Data, "demo-passwords.jsonl")), Settle: own.bus.Drain, Jobs: own.jobs}, until)
	if err != nil {
		return fmt.Errorf("sample city: %w", err)
	}
	s.city.Handle(s.jobs)
	var built bool
	err = b.DB.View(ctx, func(ctx context.Context, q db.Q) (err error) {
		built, err = sample.Built(ctx, q)
		return err
	})
	if err != nil || built {
		return err
	}
	say("building the sample city")
	if err := s.city.Core(ctx); err != nil {
		return err
	}
	return b.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := s.jobs.Enqueue(ctx, tx, s.city.Job())
		return err
	})
}

// keepSecret writes the random passwords of the demo's accounts into a file
// beside its data, readable by its owner only.
func keepSecret(path string) func(sample.Secret) error {
	return func(secret sample.Secret) error {
		line, err := json.Marshal(secret)
		if err != nil {
			return err
		}
		f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = f.Write(append(line, '\n'))
		return err
	}
}

// sealFrom is the day from which the local seal is good: today, and in the
// demo before the first paper of the sample city.
func sealFrom(b *Base, demo bool) time.Time {
	if demo {
		return b.Clock.Now().AddDate(-7, 0, 0)
	}
	return b.Clock.Now()
}

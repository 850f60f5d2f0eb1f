package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"anlan/internal/blob"
	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/stream"
)

// Base is what every room stands on. Open makes it, Close ends it.
type Base struct {
	Config    Config // with its defaults
	Clock     kernel.Clock
	Log       *slog.Logger
	DB        *db.DB // business
	Telemetry *db.DB // readings; no transaction spans both
	Files     *blob.Store
	Hub       *stream.Hub
	Key       []byte // the master key
	Metrics   *Metrics

	lock *os.File // nil on PostgreSQL
}

// Open opens the databases, the files and the key. The schema is as it is
// found; see Migrate.
func Open(ctx context.Context, cfg Config, clock kernel.Clock, log *slog.Logger) (*Base, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	b := &Base{Config: cfg.WithDefaults(), Clock: clock, Log: log, Metrics: NewMetrics()}
	if err := b.open(ctx, cfg); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

func (b *Base) open(ctx context.Context, given Config) (err error) {
	if err := os.MkdirAll(b.Config.Data, 0o700); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	if strings.HasPrefix(b.Config.Database, "sqlite:") {
		if b.lock, err = lock(b.Config.Data); err != nil {
			return err
		}
	}
	if err := b.openDatabases(ctx, given); err != nil {
		return err
	}
	if b.Files, err = openFiles(b.Config, b.Log); err != nil {
		return err
	}
	b.Hub, err = openHub(ctx, b.Config, b.Log)
	return err
}

func (b *Base) openDatabases(ctx context.Context, given Config) (err error) {
	if b.DB, err = db.Open(ctx, b.Config.Database, db.Options{Log: b.Log}); err != nil {
		return err
	}
	isNew, err := b.DB.Empty(ctx)
	if err != nil {
		return fmt.Errorf("look at the database: %w", err)
	}
	if b.Key, err = masterKey(b.Config, isNew); err != nil {
		return err
	}
	if given.TelemetryDatabase == "" && b.DB.Engine() == db.Postgres {
		if err := b.DB.CreateSchema(ctx, telemetrySchema); err != nil {
			return fmt.Errorf("telemetry schema: %w", err)
		}
	}
	if b.Telemetry, err = db.Open(ctx, b.Config.TelemetryDatabase, db.Options{Log: b.Log}); err != nil {
		return fmt.Errorf("telemetry: %w", err)
	}
	b.Metrics.watch("business", b.DB)
	b.Metrics.watch("telemetry", b.Telemetry)
	return nil
}

func openHub(ctx context.Context, cfg Config, log *slog.Logger) (*stream.Hub, error) {
	if cfg.NATS == "" {
		return stream.NewHub(stream.Options{Log: log}), nil
	}
	return stream.Connect(ctx, cfg.NATS, stream.Options{Log: log})
}

// Migrate brings the schema up to this program and returns what ran. A
// database that holds data is copied first where that is a file. It fails
// with db.ErrNewerSchema when a newer program wrote the database.
func (b *Base) Migrate(ctx context.Context) ([]db.Migration, error) {
	pending, err := b.DB.Pending(ctx, Migrations())
	if err != nil || len(pending) == 0 {
		return nil, err
	}
	ran, err := b.DB.Applied(ctx)
	if err != nil {
		return nil, err
	}
	if len(ran) > 0 && b.DB.Engine() == db.SQLite {
		copied, err := b.copyBefore(ctx)
		if err != nil {
			return nil, fmt.Errorf("backup before the migration: %w", err)
		}
		b.Log.Info("copied the database before changing its schema", "file", copied)
	}
	return b.DB.Migrate(ctx, Migrations())
}

// copiesDir holds copies of the database from before migrations.
const copiesDir = "before-migration"

// copyBefore keeps the database as it was before a migration.
func (b *Base) copyBefore(ctx context.Context) (string, error) {
	dir := filepath.Join(b.Config.Data, copiesDir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	path := filepath.Join(dir, b.Clock.Now().Format("anlan-20060102T150405.000000Z.db"))
	return path, b.DB.CopyTo(ctx, path)
}

// Close ends what Open made, in the opposite order.
func (b *Base) Close() error {
	var errs []error
	if b.Telemetry != nil {
		errs = append(errs, b.Telemetry.Close())
	}
	if b.DB != nil {
		errs = append(errs, b.DB.Close())
	}
	if b.lock != nil {
		errs = append(errs, b.lock.Close())
	}
	return errors.Join(errs...)
}

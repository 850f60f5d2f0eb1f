package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"anlan/internal/audit"
	"anlan/internal/db"
	"anlan/internal/kernel"
)

// Restored says what a restore found when it looked at its own work.
type Restored struct {
	Manifest Manifest
	Audit    audit.Report
}

// Restore makes an installation out of a backup. The data directory and, on
// PostgreSQL, the databases must be empty; the backup's files must be as they
// were written. Then it verifies the audit chain of what it restored.
func Restore(ctx context.Context, cfg Config, dir string, log *slog.Logger) (Restored, error) {
	var res Restored
	if err := cfg.Check(); err != nil {
		return res, err
	}
	m, err := ReadManifest(dir)
	if err != nil {
		return res, err
	}
	res.Manifest = m
	r := restore{cfg: cfg.WithDefaults(), given: cfg, dir: dir, manifest: m, log: log}
	if err := r.check(); err != nil {
		return res, err
	}
	held, err := lock(r.cfg.Data)
	if err != nil {
		return res, err
	}
	defer held.Close()
	steps := []func(context.Context) error{r.data, r.databases, r.files}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return res, fmt.Errorf("restore: %w", err)
		}
	}
	res.Audit, err = r.verify(ctx)
	return res, err
}

// restore is one run of Restore.
type restore struct {
	cfg, given Config // with and without defaults
	dir        string
	manifest   Manifest
	log        *slog.Logger
}

// check refuses what cannot be restored before anything is written.
func (r restore) check() error {
	var check kernel.Check
	for _, c := range []struct{ field, dsn string }{{"database", r.cfg.Database}, {"telemetry-database", r.cfg.TelemetryDatabase}} {
		if strings.HasPrefix(c.dsn, "sqlite:") != (r.manifest.Engine == string(db.SQLite)) {
			check.Add(c.field, "engine", r.manifest.Engine)
		}
		if path, ok := strings.CutPrefix(c.dsn, "sqlite:"); ok {
			if _, err := os.Stat(path); err == nil {
				check.Add(path, "not_empty", "")
			}
		}
	}
	if r.manifest.Key == "environment" && r.cfg.SecretKey == "" {
		check.Add("ANLAN_SECRET_KEY", "required", "")
	}
	if err := check.Err(); err != nil {
		return err
	}
	return emptyDir(r.cfg.Data)
}

// data puts the small files back in their places.
func (r restore) data(context.Context) error {
	for _, c := range r.manifest.below(backupData) {
		name := strings.TrimPrefix(c.Path, backupData+"/")
		if err := copyFile(filepath.Join(r.dir, filepath.FromSlash(c.Path)), filepath.Join(r.cfg.Data, filepath.FromSlash(name))); err != nil {
			return err
		}
	}
	err := copyFile(filepath.Join(r.dir, backupHead), r.cfg.AuditHead)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (r restore) databases(ctx context.Context) error {
	for part, dsn := range map[string]string{backupBusiness: r.cfg.Database, backupTelemetry: r.cfg.TelemetryDatabase} {
		if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
			if err := copyFile(filepath.Join(r.dir, part, "database.db"), path); err != nil {
				return err
			}
			if err := syncDir(filepath.Dir(path)); err != nil {
				return err
			}
		}
	}
	if r.manifest.Engine != string(db.Postgres) {
		return nil
	}
	business, err := r.load(ctx, r.cfg.Database, backupBusiness, Migrations(), r.manifest.Migrations)
	if err != nil {
		return err
	}
	defer business.Close()
	if r.given.TelemetryDatabase == "" {
		if err := business.CreateSchema(ctx, telemetrySchema); err != nil {
			return err
		}
	}
	telemetry, err := r.load(ctx, r.cfg.TelemetryDatabase, backupTelemetry, nil, r.manifest.Telemetry)
	if err != nil {
		return err
	}
	return telemetry.Close()
}

// load makes the schema of the backup in an empty database and fills it.
func (r restore) load(ctx context.Context, dsn, part string, sources []db.Migrations, names []string) (*db.DB, error) {
	d, err := db.Open(ctx, dsn, db.Options{Log: r.log})
	if err != nil {
		return nil, err
	}
	empty, err := d.Empty(ctx)
	if err == nil && !empty {
		err = kernel.Bad(part+" database", "not_empty", "")
	}
	if err == nil {
		_, err = d.MigrateTo(ctx, sources, names)
	}
	if err == nil {
		err = d.Load(ctx, filepath.Join(r.dir, part))
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// files puts uploads and produced files back into the store.
func (r restore) files(ctx context.Context) error {
	cfg := r.cfg
	cfg.ClamAV = "" // they were looked at when they came
	store, err := openFiles(cfg, r.log)
	if err != nil {
		return err
	}
	defer store.Close()
	for _, c := range r.manifest.below(backupFiles) {
		if err := putBack(ctx, store, filepath.Join(r.dir, filepath.FromSlash(c.Path)), c.SHA256); err != nil {
			return fmt.Errorf("%s: %w", c.Path, err)
		}
	}
	return nil
}

// verify looks at what was restored as the platform would.
func (r restore) verify(ctx context.Context) (rep audit.Report, err error) {
	b, err := Attach(ctx, r.given, r.log)
	if err != nil {
		return rep, err
	}
	defer b.Close()
	return b.VerifyAudit(ctx)
}

// VerifyAudit walks the audit chain and compares it with its head.
func (b *Base) VerifyAudit(ctx context.Context) (rep audit.Report, err error) {
	err = b.DB.View(ctx, func(ctx context.Context, q db.Q) error {
		rep, err = audit.Verify(ctx, q, b.Config.AuditHead)
		return err
	})
	return rep, err
}

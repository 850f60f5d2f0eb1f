package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"anlan/internal/blob"
	"anlan/internal/db"
	"anlan/internal/kernel"
)

// The parts of a backup, in the order in which they are taken. The head of
// the audit chain comes before the rows it speaks of, and files after the
// rows that refer to them, so that a restored system has nothing missing,
// whatever was written meanwhile.
const (
	backupHead      = "audit-head.jsonl"
	backupData      = "data"      // small files of the data directory
	backupBusiness  = "business"  // the business database
	backupTelemetry = "telemetry" // the database of readings
	backupFiles     = "files"     // uploads and produced files, by hash
)

// Attach opens the databases and files of an installation beside the process
// that serves it, to read. It makes nothing: a database that is not there is
// an error.
func Attach(ctx context.Context, cfg Config, log *slog.Logger) (*Base, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	b := &Base{Config: cfg.WithDefaults(), Clock: kernel.SystemClock{}, Log: log, Metrics: NewMetrics()}
	for _, dsn := range []string{b.Config.Database, b.Config.TelemetryDatabase} {
		if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
			if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
				return nil, kernel.Bad(path, "missing", "")
			}
		}
	}
	err := b.attach(ctx, cfg)
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

func (b *Base) attach(ctx context.Context, given Config) (err error) {
	if err := os.MkdirAll(b.Config.Data, 0o700); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	if err := b.openDatabases(ctx, given); err != nil {
		return err
	}
	b.Files, err = openFiles(b.Config, b.Log)
	return err
}

// Backup copies a running installation into dir, which must be empty or
// missing, and returns what it wrote.
func (b *Base) Backup(ctx context.Context, dir string) (Manifest, error) {
	if err := emptyDir(dir); err != nil {
		return Manifest{}, err
	}
	m := Manifest{Format: 1, MadeAt: b.Clock.Now(), Engine: string(b.DB.Engine()), Key: "included"}
	if b.Config.SecretKey != "" {
		m.Key = "environment"
	}
	steps := []func(context.Context, string) error{b.backupHead, b.backupData, b.backupDatabases, b.backupFiles}
	for _, step := range steps {
		if err := step(ctx, dir); err != nil {
			return m, fmt.Errorf("backup: %w", err)
		}
	}
	var err error
	if m.Migrations, err = b.DB.Applied(ctx); err != nil {
		return m, err
	}
	if m.Telemetry, err = b.Telemetry.Applied(ctx); err != nil {
		return m, err
	}
	if m.Files, err = list(dir); err != nil {
		return m, err
	}
	return m, m.seal(dir)
}

// emptyDir makes dir, or refuses one that holds something.
func emptyDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return kernel.Bad(dir, "not_empty", entries[0].Name())
	}
	return nil
}

func (b *Base) backupHead(_ context.Context, dir string) error {
	err := copyFile(b.Config.AuditHead, filepath.Join(dir, backupHead))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // nothing was sealed yet
	}
	return err
}

// backupData copies what lies in the data directory besides databases and
// uploads: the key, local seals and the like.
func (b *Base) backupData(_ context.Context, dir string) error {
	root := b.Config.Data
	return filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if b.elsewhere(name, path, dir) {
			if e.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if !e.Type().IsRegular() {
			return nil
		}
		return copyFile(path, filepath.Join(dir, backupData, name))
	})
}

// elsewhere reports whether a file or directory of the data directory is
// saved by another step, or not at all.
func (b *Base) elsewhere(name, path, dir string) bool {
	switch {
	case slices.Contains([]string{filesDir, lockFile, copiesDir}, name), samePath(path, b.Config.AuditHead), samePath(path, dir):
		return true
	}
	for _, dsn := range []string{b.Config.Database, b.Config.TelemetryDatabase} {
		file, isFile := strings.CutPrefix(dsn, "sqlite:")
		if isFile && slices.ContainsFunc([]string{"", "-wal", "-shm", "-journal"}, func(end string) bool { return samePath(path, file+end) }) {
			return true
		}
	}
	return false
}

func samePath(a, b string) bool {
	a, errA := filepath.Abs(a)
	b, errB := filepath.Abs(b)
	return errA == nil && errB == nil && a == b
}

func (b *Base) backupDatabases(ctx context.Context, dir string) error {
	for _, part := range []struct {
		name string
		db   *db.DB
	}{{backupBusiness, b.DB}, {backupTelemetry, b.Telemetry}} {
		sub := filepath.Join(dir, part.name)
		if err := os.Mkdir(sub, 0o700); err != nil {
			return err
		}
		if err := part.db.Dump(ctx, sub); err != nil {
			return fmt.Errorf("%s database: %w", part.name, err)
		}
	}
	return nil
}

// backupFiles copies every stored file and checks it against its name, which
// is its hash.
func (b *Base) backupFiles(ctx context.Context, dir string) error {
	target := filepath.Join(dir, backupFiles)
	if err := os.Mkdir(target, 0o700); err != nil {
		return err
	}
	return b.Files.Walk(ctx, func(f blob.Stored) error {
		r, err := b.Files.Get(ctx, f.Hash)
		if kernel.KindOf(err) == kernel.NotFound {
			return nil // nobody needed it any more
		}
		if err != nil {
			return err
		}
		defer r.Close()
		if err := write(filepath.Join(target, f.Hash), r); err != nil {
			return err
		}
		c, err := component(target, f.Hash)
		if err == nil && c.SHA256 != f.Hash {
			err = kernel.Bad(backupFiles+"/"+f.Hash, "changed", c.SHA256)
		}
		return err
	})
}

// copyFile copies a file, making directories for it.
func copyFile(from, to string) error {
	r, err := os.Open(from)
	if err != nil {
		return err
	}
	defer r.Close()
	return write(to, r)
}

// write makes a file of mode 0600 from r and flushes it.
func write(path string, r io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	w, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, r)
	if err == nil {
		err = w.Sync()
	}
	return errors.Join(err, w.Close())
}

package app

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"anlan/internal/audit"
	"anlan/internal/blob"
	"anlan/internal/db"
	"anlan/internal/dbtest"
	"anlan/internal/kernel"
)

// writer fills an installation the way a room does: the file first, then the
// row that refers to it, acknowledged when both are on disk.
type writer struct {
	base *Base
	mu   sync.Mutex
	acks map[string]time.Time // file → when it was acknowledged
}

func (w *writer) run(ctx context.Context, n int) error {
	sealer := audit.NewSealer(w.base.DB, w.base.Clock, w.base.Config.AuditHead)
	for i := 0; i < n && ctx.Err() == nil; i++ {
		file, err := w.base.Files.Put(ctx, strings.NewReader("upload "+kernel.NewSecret(8)), blob.Limit{})
		if err != nil {
			return err
		}
		err = w.base.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
			return audit.Write(ctx, tx, audit.Entry{At: w.base.Clock.Now(), Actor: kernel.System("test"), Action: "test.upload", Subject: "file:" + file.Hash})
		})
		if err != nil {
			return err
		}
		w.mu.Lock()
		w.acks[file.Hash] = time.Now()
		w.mu.Unlock()
		if _, err := sealer.Seal(ctx); err != nil {
			return err
		}
	}
	return nil
}

func TestBackupUnderLoadRestoresEverythingAcknowledgedBefore(t *testing.T) {
	onEach(t, func(t *testing.T, cfg Config) {
		cfg.AuditHead = filepath.Join(t.TempDir(), "head", "audit-head.jsonl")
		if err := os.MkdirAll(filepath.Dir(cfg.AuditHead), 0o700); err != nil {
			t.Fatal(err)
		}
		w := &writer{base: opened(t, cfg), acks: map[string]time.Time{}}
		if err := w.run(t.Context(), 20); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		var load sync.WaitGroup
		load.Go(func() {
			if err := w.run(ctx, 5000); err != nil && ctx.Err() == nil {
				t.Error(err)
			}
		})
		begun := time.Now()
		dir := filepath.Join(t.TempDir(), "backup")
		backUp(t, cfg, dir)
		stop()
		load.Wait()
		checkRestored(t, restored(t, cfg, dir), w.acks, begun)
	})
}

// backUp takes a backup as a second process does.
func backUp(t *testing.T, cfg Config, dir string) {
	t.Helper()
	beside, err := Attach(t.Context(), cfg, quiet())
	if err != nil {
		t.Fatal(err)
	}
	defer beside.Close()
	if _, err := beside.Backup(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
}

// restored restores a backup into an installation of its own and opens it.
func restored(t *testing.T, from Config, dir string) *Base {
	t.Helper()
	cfg := Config{Data: filepath.Join(t.TempDir(), "restored")}
	if strings.HasPrefix(from.Database, "postgres") {
		cfg.Database = dbtest.PostgresURL(t)
	}
	res, err := Restore(t.Context(), cfg, dir, quiet())
	if err != nil {
		t.Fatal(err)
	}
	if !res.Audit.OK() || res.Audit.Sealed == 0 {
		t.Errorf("the audit chain after the restore: %+v", res.Audit)
	}
	return opened(t, cfg)
}

func checkRestored(t *testing.T, b *Base, acks map[string]time.Time, begun time.Time) {
	t.Helper()
	subjects, err := db.Column[string](t.Context(), b.DB.Reader(), `SELECT subject FROM audit_rows`)
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, s := range subjects {
		hash := strings.TrimPrefix(s, "file:")
		there[hash] = true
		f, err := b.Files.Get(t.Context(), hash)
		if err != nil {
			t.Fatalf("a row refers to a file that is not there: %v", err)
		}
		f.Close()
	}
	old := 0
	for hash, at := range acks {
		if at.Before(begun) {
			old++
			if !there[hash] {
				t.Errorf("%s was acknowledged before the backup and is lost", hash)
			}
		}
	}
	if old < 20 {
		t.Errorf("only %d rows are older than the backup", old)
	}
}

func TestRestoreNamesEveryDifferenceOfABackup(t *testing.T) {
	cfg := Config{Data: filepath.Join(t.TempDir(), "data")}
	w := &writer{base: opened(t, cfg), acks: map[string]time.Time{}}
	if err := w.run(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "backup")
	backUp(t, cfg, dir)
	for hash := range w.acks {
		os.Remove(filepath.Join(dir, backupFiles, hash))
		break
	}
	os.WriteFile(filepath.Join(dir, "stray"), nil, 0o600)
	os.WriteFile(filepath.Join(dir, backupData, keyFile), []byte("another"), 0o600)
	_, err := Restore(t.Context(), Config{Data: filepath.Join(t.TempDir(), "new")}, dir, quiet())
	for _, rule := range []string{"missing", "changed", "unexpected"} {
		if err == nil || !strings.Contains(err.Error(), rule) {
			t.Errorf("%q is not named: %v", rule, err)
		}
	}
}

func TestRestoreOverwritesNothing(t *testing.T) {
	cfg := Config{Data: filepath.Join(t.TempDir(), "data")}
	opened(t, cfg).Close()
	dir := filepath.Join(t.TempDir(), "backup")
	backUp(t, cfg, dir)
	if _, err := Restore(t.Context(), cfg, dir, quiet()); kernel.KindOf(err) != kernel.Invalid {
		t.Errorf("restored over an installation: %v", err)
	}
	beside, err := Attach(t.Context(), cfg, quiet())
	if err != nil {
		t.Fatal(err)
	}
	defer beside.Close()
	if _, err := beside.Backup(t.Context(), dir); kernel.KindOf(err) != kernel.Invalid {
		t.Errorf("backed up over a backup: %v", err)
	}
}

package app

import (
	"context"
	"crypto/tls"
	"embed"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"anlan/internal/db"
	"anlan/internal/deadline"
	"anlan/internal/i18n"
	"anlan/internal/kernel"
	"anlan/licensing"
)

//go:embed locale/*.json
var locale embed.FS

// Texts is the catalogue of this package.
func Texts() i18n.Source { return i18n.Source{Owner: "app", FS: locale} }

// Level says how much a finding of the doctor matters.
type Level string

// The levels.
const (
	Fine  Level = "ok"
	Note  Level = "note"  // works, but something is not offered or not safe everywhere
	Fault Level = "fault" // does not work, or endangers data
)

// Finding is one thing the doctor looked at. Its text stands in the catalogue
// under "app.doctor." and Key.
type Finding struct {
	Level Level  `json:"level"`
	Topic string `json:"topic"` // the setting or part: "database", "public-url"
	Key   string `json:"key"`
	Args  []any  `json:"-"` // pairs for the text
}

// Doctor looks at an installation, running or not, and tells what is
// configured, what is missing and what that means. It changes nothing.
func Doctor(ctx context.Context, cfg Config, now time.Time, log *slog.Logger) []Finding {
	d := &doctor{cfg: cfg.WithDefaults(), now: now}
	if err := cfg.Check(); err != nil {
		var bad *kernel.Error
		if errors.As(err, &bad) {
			for _, f := range bad.Fields {
				d.add(Fault, f.Field, "bad_setting", "rule", f.Rule, "value", f.Value)
			}
		}
		return d.found
	}
	d.data()
	d.key()
	d.web()
	d.uploads()
	b, err := Attach(ctx, cfg, log)
	if err != nil {
		d.add(faultUnlessNew(err), "database", keyUnlessNew(err), "error", err.Error())
		return d.found
	}
	defer b.Close()
	d.databases(ctx, b)
	d.records(ctx, b)
	d.papers(ctx, b)
	return d.found
}

// A database that is not there yet is what an operator sees before the first
// start.
func faultUnlessNew(err error) Level {
	if kernel.KindOf(err) == kernel.Invalid {
		return Note
	}
	return Fault
}

func keyUnlessNew(err error) string {
	if kernel.KindOf(err) == kernel.Invalid {
		return "not_started"
	}
	return "unreachable"
}

type doctor struct {
	cfg   Config
	now   time.Time
	found []Finding
}

func (d *doctor) add(level Level, topic, key string, args ...any) {
	d.found = append(d.found, Finding{level, topic, key, args})
}

// lowSpace is where a disk is called nearly full.
const lowSpace = 2 << 30

func (d *doctor) data() {
	info, err := os.Stat(d.cfg.Data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.add(Note, "data", "data_missing", "path", d.cfg.Data)
		return
	case err != nil || !info.IsDir():
		d.add(Fault, "data", "data_unusable", "path", d.cfg.Data)
		return
	case info.Mode().Perm()&0o077 != 0:
		d.add(Note, "data", "data_open", "path", d.cfg.Data)
	default:
		d.add(Fine, "data", "data", "path", d.cfg.Data)
	}
	var disk syscall.Statfs_t
	if syscall.Statfs(d.cfg.Data, &disk) != nil {
		return
	}
	free := int64(disk.Bavail) * disk.Bsize
	if free < lowSpace {
		d.add(Fault, "data", "disk_low", "free", i18n.Bytes(free))
	} else {
		d.add(Fine, "data", "disk", "free", i18n.Bytes(free))
	}
}

func (d *doctor) key() {
	if d.cfg.SecretKey != "" {
		d.add(Fine, "key", "key_environment")
		return
	}
	path := filepath.Join(d.cfg.Data, keyFile)
	info, err := os.Stat(path)
	switch {
	case err != nil:
		d.add(Note, "key", "key_missing", "path", path)
	case info.Mode().Perm()&0o077 != 0:
		d.add(Fault, "key", "key_open", "path", path)
	default:
		d.add(Fine, "key", "key", "path", path)
	}
}

func (d *doctor) web() {
	if d.cfg.PublicURL == "" {
		d.add(Note, "public-url", "no_public_url")
	} else {
		d.add(Fine, "public-url", "public_url", "url", d.cfg.PublicURL)
	}
	switch {
	case d.cfg.TLSCert != "":
		d.certificate()
	case d.cfg.OnLoopback() && len(d.cfg.TrustedProxies) == 0 && d.cfg.PublicURL != "" && d.cfg.PublicURL != "http://"+d.cfg.Addr:
		d.add(Note, "trusted-proxy", "no_proxy")
	case d.cfg.OnLoopback() || len(d.cfg.TrustedProxies) > 0:
		d.add(Fine, "tls-cert", "plain_inside")
	default:
		d.add(Fault, "tls-cert", "plain_outside", "addr", d.cfg.Addr)
	}
}

func (d *doctor) certificate() {
	pair, err := tls.LoadX509KeyPair(d.cfg.TLSCert, d.cfg.TLSKey)
	if err != nil {
		return // Check has told
	}
	ends := kernel.DateOf(pair.Leaf.NotAfter)
	switch left := pair.Leaf.NotAfter.Sub(d.now); {
	case left <= 0:
		d.add(Fault, "tls-cert", "certificate_expired", "date", ends.String())
	case left < 30*24*time.Hour:
		d.add(Note, "tls-cert", "certificate_ends", "date", ends.String())
	default:
		d.add(Fine, "tls-cert", "certificate", "date", ends.String())
	}
}

func (d *doctor) uploads() {
	if d.cfg.ClamAV == "" {
		d.add(Note, "clamav", "no_scanner")
	} else {
		d.add(Fine, "clamav", "scanner", "socket", d.cfg.ClamAV)
	}
	if d.cfg.S3 != "" {
		d.add(Fine, "s3", "bucket", "url", d.cfg.S3)
	}
}

func (d *doctor) databases(ctx context.Context, b *Base) {
	version, err := b.DB.Version(ctx)
	if err != nil {
		d.add(Fault, "database", "unreachable", "error", err.Error())
		return
	}
	d.add(Fine, "database", "database", "engine", version)
	if collation, err := b.DB.Collation(ctx); err == nil && collation != "C" && !strings.HasPrefix(collation, "C.") {
		d.add(Note, "database", "collation", "collation", collation)
	}
	if samePath(filepath.Dir(b.DB.Path()), filepath.Dir(d.cfg.AuditHead)) && b.DB.Path() != "" {
		d.add(Note, "audit-head", "head_beside")
	}
	pending, err := b.DB.Waiting(ctx, Migrations())
	switch {
	case errors.Is(err, db.ErrNewerSchema):
		d.add(Fault, "database", "newer_schema", "error", err.Error())
	case err != nil:
		d.add(Fault, "database", "schema_fault", "error", err.Error())
	case len(pending) > 0:
		d.add(Note, "database", "pending", "n", len(pending))
	default:
		d.add(Fine, "database", "schema")
	}
}

// papers looks for those that cannot be made and so hold up their cases.
func (d *doctor) papers(ctx context.Context, b *Base) {
	stuck := 0
	err := b.DB.View(ctx, func(ctx context.Context, q db.Q) (err error) {
		stuck, err = licensing.StuckPapers(ctx, q)
		return err
	})
	switch {
	case err != nil:
		d.add(Fault, "papers", "papers_unreadable", "error", err.Error())
	case stuck > 0:
		d.add(Fault, "papers", "papers_stuck", "n", stuck)
	default:
		d.add(Fine, "papers", "papers")
	}
}

// records looks at the audit chain and at the calendar that limits need.
func (d *doctor) records(ctx context.Context, b *Base) {
	rep, err := b.VerifyAudit(ctx)
	switch {
	case err != nil:
		d.add(Fault, "audit", "audit_unreadable", "error", err.Error())
	case !rep.OK():
		d.add(Fault, "audit", "audit_changed", "n", len(rep.Faults))
	default:
		d.add(Fine, "audit", "audit", "sealed", rep.Sealed, "unsealed", rep.Unsealed)
	}
	var calendar *deadline.Calendar
	err = b.DB.View(ctx, func(ctx context.Context, q db.Q) (err error) {
		calendar, err = deadline.Load(ctx, q)
		return err
	})
	if err != nil {
		d.add(Fault, "calendar", "calendar_unreadable", "error", err.Error())
		return
	}
	today := kernel.DateOf(d.now)
	for _, year := range []int{today.Year(), today.AddDays(60).Year()} {
		if !calendar.Known(year) {
			d.add(Note, "calendar", "calendar_unknown", "year", strconv.Itoa(year))
			return
		}
	}
	d.add(Fine, "calendar", "calendar", "year", strconv.Itoa(today.AddDays(60).Year()))
}

package licensing

import (
	"context"
	"embed"
	"io/fs"
	"log/slog"

	"anlan/internal/auth"
	"anlan/internal/blob"
	"anlan/internal/db"
	"anlan/internal/document"
	"anlan/internal/event"
	"anlan/internal/form"
	"anlan/internal/job"
	"anlan/internal/kernel"
	"anlan/internal/notify"
	"anlan/internal/number"
	"anlan/internal/personal"
	"anlan/licensing/rule"
	"anlan/registry"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations is the schema of this room.
func Migrations() db.Migrations {
	sub, _ := fs.Sub(migrations, "migrations")
	return db.Migrations{Owner: "licensing", Rank: 7, FS: sub}
}

// Parts are what the room is built from; every field but Live and Sample is needed.
type Parts struct {
	DB        *db.DB
	Clock     kernel.Clock
	Log       *slog.Logger
	Bus       *event.Bus
	Jobs      *job.Runner
	Blobs     *blob.Store
	Numbers   *number.Issuer
	Vault     *personal.Vault
	Notify    *notify.Notifier
	Codes     *auth.Codes // by text message, for the public query of a case
	Registry  *registry.Service
	Officers  Officers
	Live      Publisher         // tells open lists that a case has moved; nil: nobody listens
	Printer   *document.Printer // nil: with the embedded font alone
	Sealer    document.Sealer
	Rules     *rule.Catalogue // as shipped; administrators' versions come from the database
	PublicURL string          // stands in every QR; "" forbids issuing certificates
	Sample    bool            // marks everything filed here as sample: the sample city's own copy of the room
}

// Service is the room's use cases: each method checks permission, loads,
// applies the rule, saves, audits and emits in one transaction.
type Service struct {
	Parts
	forms form.Cache
}

// New returns the room and registers its jobs and subscriptions. It starts
// nothing.
func New(p Parts) *Service {
	s := &Service{Parts: p}
	s.registerJobs()
	return s
}

// view runs fn on a snapshot and returns its value.
func view[T any](ctx context.Context, d *db.DB, fn func(ctx context.Context, q db.Q) (T, error)) (T, error) {
	var out T
	err := d.View(ctx, func(ctx context.Context, q db.Q) (err error) {
		out, err = fn(ctx, q)
		return err
	})
	return out, err
}

package event

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations is the schema of this package.
func Migrations() db.Migrations {
	sub, _ := fs.Sub(migrations, "migrations")
	return db.Migrations{Owner: "event", Rank: 2, FS: sub}
}

// Type names a kind of event and fixes its payload: past tense, small, ids
// rather than copies, personal data never.
type Type[T any] struct {
	Name string // "licensing.case.decided"
}

// Event is what a subscriber receives.
type Event[T any] struct {
	ID      string
	Type    string
	Subject string // "case:ID"; order holds per subject
	At      time.Time
	Actor   kernel.Actor
	Payload T
}

// Bus knows the subscriptions and runs the receipts.
type Bus struct {
	db    *db.DB
	clock kernel.Clock
	log   *slog.Logger
	subs  map[string][]subscription // by event type; complete before Start
	names map[string]bool

	mu     sync.Mutex
	lastID time.Time // ids rise in the order of emission

	wake chan struct{} // capacity 1: "look again"
	stop context.CancelFunc
	done sync.WaitGroup
}

type subscription struct {
	name string
	run  func(ctx context.Context, tx *db.Tx, r raw) error
}

type raw struct {
	id, typ, subject string
	at               time.Time
	actor            kernel.Actor
	payload          string
}

// NewBus returns a bus without subscriptions that does not run yet.
func NewBus(d *db.DB, clock kernel.Clock, log *slog.Logger) *Bus {
	return &Bus{db: d, clock: clock, log: log, subs: map[string][]subscription{}, names: map[string]bool{}, wake: make(chan struct{}, 1)}
}

// On subscribes fn to events of type t under a permanent name such as
// "outreach.announce_licence". fn runs inside the transaction that marks its
// receipt done. It panics on a name that is taken: that is a mistake in the
// program, seen at start.
func On[T any](b *Bus, name string, t Type[T], fn func(ctx context.Context, tx *db.Tx, e Event[T]) error) {
	if b.names[name] {
		panic("event: two subscriptions named " + name)
	}
	b.names[name] = true
	run := func(ctx context.Context, tx *db.Tx, r raw) error {
		e := Event[T]{ID: r.id, Type: r.typ, Subject: r.subject, At: r.at, Actor: r.actor}
		if err := json.Unmarshal([]byte(r.payload), &e.Payload); err != nil {
			return fmt.Errorf("payload of %s: %w", r.typ, err)
		}
		return fn(ctx, tx, e)
	}
	b.subs[t.Name] = append(b.subs[t.Name], subscription{name, run})
}

// Emit writes the event and a due receipt for each subscription in tx.
func (t Type[T]) Emit(ctx context.Context, tx *db.Tx, b *Bus, at time.Time, actor kernel.Actor, subject string, payload T) error {
	subs := b.subs[t.Name]
	body, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("emit %s: %w", t.Name, err)
	}
	who, err := json.Marshal(actor)
	if err != nil {
		return fmt.Errorf("emit %s: %w", t.Name, err)
	}
	id := b.nextID()
	_, err = tx.ExecContext(ctx, `INSERT INTO event_events (id, type, subject, at, actor, payload) VALUES ($1, $2, $3, $4, $5, $6)`,
		id, t.Name, subject, kernel.Micros(at), string(who), string(body))
	if err != nil {
		return fmt.Errorf("emit %s: %w", t.Name, err)
	}
	for _, sub := range subs {
		_, err := tx.ExecContext(ctx, `INSERT INTO event_receipts (event_id, subscription, subject, state, tries, next_at, error) VALUES ($1, $2, $3, 'due', 0, 0, '')`,
			id, sub.name, subject)
		if err != nil {
			return fmt.Errorf("emit %s: %w", t.Name, err)
		}
	}
	if len(subs) > 0 {
		tx.AfterCommit(b.Wake)
	}
	return nil
}

// nextID returns ids that rise in the order of emission, also when several
// events of one transaction carry the same instant or a sample's clock stands
// in the past.
func (b *Bus) nextID() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := kernel.SystemClock{}.Now()
	if !now.After(b.lastID) {
		now = b.lastID.Add(time.Microsecond)
	}
	b.lastID = now
	return kernel.NewID(now)
}

// Wake makes a running bus look for due receipts at once.
func (b *Bus) Wake() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

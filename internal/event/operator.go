package event

import (
	"context"
	"time"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

// Receipt is an undone receipt as the operator sees it.
type Receipt struct {
	EventID      string
	Type         string
	Subject      string
	At           time.Time
	Subscription string
	State        string // "due" or "parked"
	Tries        int
	NextAt       time.Time
	Error        string
}

// Open lists receipts that are parked or have failed at least once, and those
// held back behind them, oldest first.
func Open(ctx context.Context, q db.Q, limit int) ([]Receipt, error) {
	return db.All(ctx, q, func(s db.Scanner) (r Receipt, err error) {
		var at, next int64
		err = s.Scan(&r.EventID, &r.Type, &r.Subject, &at, &r.Subscription, &r.State, &r.Tries, &next, &r.Error)
		r.At, r.NextAt = kernel.FromMicros(at), kernel.FromMicros(next)
		return r, err
	}, `SELECT e.id, e.type, e.subject, e.at, r.subscription, r.state, r.tries, r.next_at, r.error
		FROM event_receipts r JOIN event_events e ON e.id = r.event_id
		WHERE r.state <> 'done' ORDER BY r.event_id LIMIT $1`, limit)
}

// Counts are the numbers of undone receipts.
type Counts struct {
	Due, Parked int64
}

// Count returns how many receipts wait and how many are parked.
func Count(ctx context.Context, q db.Q) (Counts, error) {
	return db.One(ctx, q, func(s db.Scanner) (c Counts, err error) { return c, s.Scan(&c.Due, &c.Parked) },
		`SELECT COUNT(*) FILTER (WHERE state = 'due'), COUNT(*) FILTER (WHERE state = 'parked') FROM event_receipts WHERE state <> 'done'`)
}

// Retry lets a parked or waiting receipt run at once. The caller audits it.
func (b *Bus) Retry(ctx context.Context, tx *db.Tx, eventID, subscription string) error {
	tx.AfterCommit(b.Wake)
	return db.Changed(tx.ExecContext(ctx,
		`UPDATE event_receipts SET state = 'due', tries = 0, next_at = 0 WHERE event_id = $1 AND subscription = $2 AND state <> 'done'`, eventID, subscription))
}

// Drop gives a receipt up for good. The caller audits it with a reason.
func (b *Bus) Drop(ctx context.Context, tx *db.Tx, eventID, subscription string) error {
	tx.AfterCommit(b.Wake)
	return db.Changed(tx.ExecContext(ctx,
		`UPDATE event_receipts SET state = 'done' WHERE event_id = $1 AND subscription = $2 AND state <> 'done'`, eventID, subscription))
}

// Purge removes done events that are older than 90 days and returns how many.
func (b *Bus) Purge(ctx context.Context) (int64, error) {
	var n int64
	limit := b.clock.Now().Add(-keepFor).UnixMicro()
	err := b.db.Housekeeping(ctx, func(ctx context.Context, tx *db.Tx) error {
		const old = `SELECT e.id FROM event_events e WHERE e.at < $1 AND NOT EXISTS (
			SELECT 1 FROM event_receipts r WHERE r.event_id = e.id AND r.state <> 'done') ORDER BY e.id LIMIT 500`
		ids, err := db.Column[string](ctx, tx, old, limit)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if _, err := tx.ExecContext(ctx, `DELETE FROM event_receipts WHERE event_id = $1`, id); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `DELETE FROM event_events WHERE id = $1`, id); err != nil {
				return err
			}
		}
		n = int64(len(ids))
		return nil
	})
	return n, err
}

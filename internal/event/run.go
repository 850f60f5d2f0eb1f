package event

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

const (
	maxTries  = 8               // then the receipt is parked for the operator
	batchSize = 256             // receipts looked at in one round
	lanes     = 8               // subjects served side by side; they share commits
	pollEvery = 2 * time.Second // for retries and for receipts of other processes
	keepFor   = 90 * 24 * time.Hour
)

// backoff is the wait before try n+1.
func backoff(tries int) time.Duration {
	return min(time.Second<<(2*(tries-1)), time.Hour)
}

// Start runs due receipts until Stop.
func (b *Bus) Start(ctx context.Context) {
	ctx, b.stop = context.WithCancel(ctx)
	b.done.Go(func() {
		tick := time.NewTicker(pollEvery)
		defer tick.Stop()
		for {
			if err := b.Drain(ctx); err != nil && ctx.Err() == nil {
				b.log.Error("event receipts", "error", err)
			}
			select {
			case <-b.wake:
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	})
}

// Stop waits until running receipts are finished.
func (b *Bus) Stop() {
	if b.stop != nil {
		b.stop()
		b.done.Wait()
	}
}

type receipt struct {
	raw
	subscription string
	tries        int
}

// Drain runs receipts until none is due now.
func (b *Bus) Drain(ctx context.Context) error {
	for ctx.Err() == nil {
		due, err := b.due(ctx)
		if err != nil || len(due) == 0 {
			return err
		}
		if b.serve(ctx, due) == 0 {
			return nil
		}
	}
	return ctx.Err()
}

// due lists receipts whose time has come and which no earlier one of the same
// subscription and subject holds back.
func (b *Bus) due(ctx context.Context) (due []receipt, err error) {
	err = b.db.View(ctx, func(ctx context.Context, q db.Q) error {
		due, err = db.All(ctx, q, scanReceipt, `
			SELECT e.id, e.type, e.subject, e.at, e.actor, e.payload, r.subscription, r.tries
			FROM event_receipts r JOIN event_events e ON e.id = r.event_id
			WHERE r.state = 'due' AND r.next_at <= $1 AND NOT EXISTS (
				SELECT 1 FROM event_receipts p
				WHERE p.subscription = r.subscription AND p.subject = r.subject AND p.state <> 'done' AND p.event_id < r.event_id)
			ORDER BY r.event_id LIMIT $2`, time.Now().UnixMicro(), batchSize)
		return err
	})
	return due, err
}

func scanReceipt(s db.Scanner) (receipt, error) {
	var r receipt
	var at int64
	var actor string
	if err := s.Scan(&r.id, &r.typ, &r.subject, &at, &actor, &r.payload, &r.subscription, &r.tries); err != nil {
		return r, err
	}
	r.at = kernel.FromMicros(at)
	return r, json.Unmarshal([]byte(actor), &r.actor)
}

// serve runs the receipts side by side (no two of them share a subscription
// and subject) and returns how many are done or put off.
func (b *Bus) serve(ctx context.Context, due []receipt) int {
	var wg sync.WaitGroup
	slots := make(chan struct{}, lanes)
	moved := make([]bool, len(due))
	for i, r := range due {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			moved[i] = b.one(ctx, r)
		})
	}
	wg.Wait()
	n := 0
	for _, m := range moved {
		if m {
			n++
		}
	}
	return n
}

func (b *Bus) one(ctx context.Context, r receipt) bool {
	err := b.act(ctx, r)
	if err == nil {
		return true
	}
	if ctx.Err() != nil || kernel.KindOf(err) == kernel.Conflict && errors.Is(err, errTaken) {
		return false
	}
	b.log.Warn("event subscriber failed", "subscription", r.subscription, "event", r.id, "type", r.typ, "try", r.tries+1, "error", err)
	if err := b.putOff(ctx, r, err); err != nil {
		b.log.Error("event receipt not put off", "event", r.id, "error", err)
		return false
	}
	return true
}

// errTaken says that another process served the receipt meanwhile.
var errTaken = kernel.Clash("error.changed_meanwhile", nil)

func (b *Bus) act(ctx context.Context, r receipt) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("subscriber panicked: %v", p)
		}
	}()
	run := b.find(r.typ, r.subscription)
	if run == nil {
		return fmt.Errorf("no subscription %q for %q in this program", r.subscription, r.typ)
	}
	return b.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE event_receipts SET state = 'done', error = '' WHERE event_id = $1 AND subscription = $2 AND state = 'due'`, r.id, r.subscription)
		if err != nil {
			return err
		}
		if n, _ := res.RowsAffected(); n == 0 {
			return errTaken
		}
		return run(ctx, tx, r.raw)
	})
}

func (b *Bus) find(typ, name string) func(context.Context, *db.Tx, raw) error {
	for _, s := range b.subs[typ] {
		if s.name == name {
			return s.run
		}
	}
	return nil
}

func (b *Bus) putOff(ctx context.Context, r receipt, cause error) error {
	tries := r.tries + 1
	state := "due"
	if tries >= maxTries {
		state = "parked"
	}
	next := time.Now().Add(backoff(tries)).UnixMicro()
	return b.db.Housekeeping(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE event_receipts SET state = $1, tries = $2, next_at = $3, error = $4 WHERE event_id = $5 AND subscription = $6 AND state = 'due'`,
			state, tries, next, cause.Error(), r.id, r.subscription)
		return err
	})
}

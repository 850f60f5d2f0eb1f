package event_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anlan/internal/db"
	"anlan/internal/dbtest"
	"anlan/internal/event"
	"anlan/internal/kernel"
)

type payload struct {
	N int `json:"n"`
}

var happened = event.Type[payload]{Name: "test.happened"}

func newBus(d *db.DB) *event.Bus {
	return event.NewBus(d, kernel.SystemClock{}, slog.New(slog.DiscardHandler))
}

func emit(t *testing.T, d *db.DB, b *event.Bus, subject string, ns ...int) {
	t.Helper()
	at := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		for _, n := range ns {
			if err := happened.Emit(ctx, tx, b, at, kernel.System("test"), subject, payload{n}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func counts(t *testing.T, d *db.DB) (c event.Counts) {
	t.Helper()
	err := d.View(t.Context(), func(ctx context.Context, q db.Q) (err error) {
		c, err = event.Count(ctx, q)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// record keeps what a subscriber saw.
type record struct {
	mu   sync.Mutex
	seen map[string][]int
}

func (r *record) add(subject string, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen == nil {
		r.seen = map[string][]int{}
	}
	r.seen[subject] = append(r.seen[subject], n)
}

func TestSubscribersSeeEventsOfOneSubjectInOrder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBus(d)
		var got record
		event.On(b, "test.watch", happened, func(_ context.Context, _ *db.Tx, e event.Event[payload]) error {
			got.add(e.Subject, e.Payload.N)
			return nil
		})
		want := map[string][]int{}
		for s := range 5 {
			subject := fmt.Sprint("thing:", s)
			emit(t, d, b, subject, 1, 2, 3)
			emit(t, d, b, subject, 4)
			want[subject] = []int{1, 2, 3, 4}
		}
		if err := b.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got.seen); diff != "" {
			t.Fatal(diff)
		}
	}, event.Migrations())
}

func TestEventOfARolledBackTransactionNeverHappened(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBus(d)
		event.On(b, "test.watch", happened, func(context.Context, *db.Tx, event.Event[payload]) error { return nil })
		boom := errors.New("boom")
		err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			if err := happened.Emit(ctx, tx, b, time.Now(), kernel.System("test"), "thing:1", payload{1}); err != nil {
				return err
			}
			return boom
		})
		if !errors.Is(err, boom) {
			t.Fatal(err)
		}
		if c := counts(t, d); c != (event.Counts{}) {
			t.Fatalf("receipts left: %+v", c)
		}
	}, event.Migrations())
}

// A subscriber that fails leaves nothing behind of what it wrote, holds back
// its own subject, and nobody else's.
func TestFailureHoldsBackOnlyItsSubject(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.ExecContext(ctx, `CREATE TABLE test_effects (n BIGINT NOT NULL)`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		b := newBus(d)
		event.On(b, "test.effect", happened, func(ctx context.Context, tx *db.Tx, e event.Event[payload]) error {
			if _, err := tx.ExecContext(ctx, `INSERT INTO test_effects (n) VALUES ($1)`, e.Payload.N); err != nil {
				return err
			}
			if e.Payload.N == 1 {
				panic("cannot serve 1")
			}
			return nil
		})
		emit(t, d, b, "thing:bad", 1, 2)
		emit(t, d, b, "thing:good", 3)
		if err := b.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		var effects []int64
		err := d.View(t.Context(), func(ctx context.Context, q db.Q) (err error) {
			effects, err = db.Column[int64](ctx, q, `SELECT n FROM test_effects ORDER BY n`)
			return err
		})
		if err != nil || !cmp.Equal(effects, []int64{3}) {
			t.Fatalf("effects %v, %v", effects, err)
		}
		if c := counts(t, d); c.Due != 2 {
			t.Fatalf("%+v", c)
		}
	}, event.Migrations())
}

func TestOperatorRetriesAndDrops(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBus(d)
		broken := true
		event.On(b, "test.watch", happened, func(_ context.Context, _ *db.Tx, e event.Event[payload]) error {
			if broken || e.Payload.N == 1 {
				return errors.New("not now")
			}
			return nil
		})
		emit(t, d, b, "thing:1", 1)
		emit(t, d, b, "thing:2", 2)
		if err := b.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		broken = false
		var open []event.Receipt
		err := d.View(t.Context(), func(ctx context.Context, q db.Q) (err error) {
			open, err = event.Open(ctx, q, 10)
			return err
		})
		if err != nil || len(open) != 2 || open[0].Error != "not now" || open[0].Tries != 1 {
			t.Fatalf("%+v, %v", open, err)
		}
		err = d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			if err := b.Drop(ctx, tx, open[0].EventID, open[0].Subscription); err != nil {
				return err
			}
			return b.Retry(ctx, tx, open[1].EventID, open[1].Subscription)
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if c := counts(t, d); c != (event.Counts{}) {
			t.Fatalf("%+v", c)
		}
	}, event.Migrations())
}

func TestRunningBusServesSoonAfterTheCommit(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBus(d)
		served := make(chan int, 1)
		event.On(b, "test.watch", happened, func(_ context.Context, _ *db.Tx, e event.Event[payload]) error {
			served <- e.Payload.N
			return nil
		})
		b.Start(t.Context())
		defer b.Stop()
		emit(t, d, b, "thing:1", 7)
		select {
		case n := <-served:
			if n != 7 {
				t.Fatal(n)
			}
		case <-time.After(30 * time.Second):
			t.Fatal("not served")
		}
	}, event.Migrations())
}

func TestPurgeKeepsUndoneAndRecentEvents(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := newBus(d)
		event.On(b, "test.watch", happened, func(_ context.Context, _ *db.Tx, e event.Event[payload]) error {
			if e.Payload.N == 2 {
				return errors.New("parked later")
			}
			return nil
		})
		emit(t, d, b, "thing:1", 1) // emitted with an instant of 2020
		emit(t, d, b, "thing:2", 2)
		if err := b.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		n, err := b.Purge(t.Context())
		if err != nil || n != 1 {
			t.Fatalf("purged %d, %v", n, err)
		}
		if c := counts(t, d); c.Due != 1 {
			t.Fatalf("%+v", c)
		}
	}, event.Migrations())
}

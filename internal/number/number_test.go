package number

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anlan/internal/db"
	"anlan/internal/dbtest"
	"anlan/internal/i18n"
	"anlan/internal/kernel"
)

var clerk = kernel.Actor{Kind: kernel.ActorAccount, ID: "a1", Name: "王芳"}

func TestTextsAreComplete(t *testing.T) {
	if _, err := i18n.Load(Texts()); err != nil {
		t.Fatal(err)
	}
}

// Many takers, two issuers (as two processes have), single numbers and
// batches: every value has one holder and none is missing.
func TestNoNumberIsEverGivenToTwoHolders(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		const takers, rounds = 16, 12
		issuers := []*Issuer{NewIssuer(d, kernel.SystemClock{}), NewIssuer(d, kernel.SystemClock{})}
		var mu sync.Mutex
		holders := map[int64]string{}
		var wg sync.WaitGroup
		for k := range takers {
			wg.Go(func() {
				for r := range rounds {
					holder := fmt.Sprintf("case:%d-%d", k, r)
					got, err := issuers[k%2].TakeN(t.Context(), "licensing.case/2026", 1+r%3, clerk)
					if err != nil {
						t.Error(err)
						return
					}
					if err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return Use(ctx, tx, got[0], holder) }); err != nil {
						t.Error(err)
					}
					mu.Lock()
					for i, n := range got {
						if other, taken := holders[n.Value]; taken {
							t.Errorf("%d given to %s and %s", n.Value, other, holder)
						}
						holders[n.Value] = holder
						if n.Value != got[0].Value+int64(i) {
							t.Errorf("numbers of one batch do not follow each other: %v", got)
						}
					}
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		want := takers * rounds / 3 * (1 + 2 + 3)
		if len(holders) != want {
			t.Errorf("%d numbers given, want %d", len(holders), want)
		}
		for v := int64(1); v <= int64(want); v++ {
			if holders[v] == "" {
				t.Errorf("value %d was skipped", v)
			}
		}
		series, err := AllSeries(t.Context(), d.Reader())
		if err != nil || !cmp.Equal(series, []Series{{"licensing.case/2026", int64(want)}}) {
			t.Errorf("series %v, %v", series, err)
		}
	}, Migrations())
}

func TestNumberIsUsedOnceOrVoided(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		is := NewIssuer(d, kernel.SystemClock{})
		a, b := take(t, is), take(t, is)
		use := func(n Number, subject string) error {
			return d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return Use(ctx, tx, n, subject) })
		}
		void := func(n Number) error {
			return d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return Void(ctx, tx, n, "refused", clerk) })
		}
		if err := use(a, "case:1"); err != nil {
			t.Fatal(err)
		}
		for name, err := range map[string]error{"used again": use(a, "case:2"), "voided after use": void(a)} {
			if kernel.KindOf(err) != kernel.Conflict {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := void(b); err != nil {
			t.Fatal(err)
		}
		if err := use(b, "case:3"); kernel.KindOf(err) != kernel.Conflict {
			t.Errorf("used after void: %v", err)
		}
		forged := a
		forged.Value = 99
		if err := use(forged, "case:4"); kernel.KindOf(err) != kernel.Conflict {
			t.Errorf("a value that is not its own: %v", err)
		}
		rows, err := List(t.Context(), d.Reader(), Filter{Series: "s"})
		if err != nil || len(rows) != 2 || rows[0].State != Voided || rows[0].Reason != "refused" || rows[0].VoidedBy != clerk ||
			rows[1].State != Used || rows[1].Subject != "case:1" || rows[1].TakenBy != clerk {
			t.Errorf("ledger %+v, %v", rows, err)
		}
	}, Migrations())
}

func TestUseThatRollsBackLeavesTheNumberTaken(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		is := NewIssuer(d, kernel.SystemClock{})
		n := take(t, is)
		failed := errors.New("use case failed")
		err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			return errors.Join(Use(ctx, tx, n, "case:1"), failed)
		})
		if !errors.Is(err, failed) {
			t.Fatal(err)
		}
		rows, err := List(t.Context(), d.Reader(), Filter{Series: "s", State: Taken})
		if err != nil || len(rows) != 1 {
			t.Errorf("%v %v", rows, err)
		}
	}, Migrations())
}

func TestLeftoversAreVoidedAfterAnHourAndNotBefore(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		now := kernel.NewManualClock(time.Date(2026, 5, 6, 2, 0, 0, 0, time.UTC))
		is := NewIssuer(d, kernel.NewManualClock(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC))) // a sample walks in the past
		is.real = now
		old := take(t, is)
		now.Advance(30 * time.Minute)
		young := take(t, is)
		now.Advance(31 * time.Minute)
		if err := is.VoidLeftovers(t.Context()); err != nil {
			t.Fatal(err)
		}
		rows, err := List(t.Context(), d.Reader(), Filter{Series: "s"})
		if err != nil || len(rows) != 2 {
			t.Fatal(rows, err)
		}
		if rows[0].Value != young.Value || rows[0].State != Taken {
			t.Errorf("young number: %+v", rows[0])
		}
		if rows[1].Value != old.Value || rows[1].State != Voided || rows[1].Reason != "leftover" {
			t.Errorf("leftover: %+v", rows[1])
		}
	}, Migrations())
}

func TestTakeRefusesWhatCannotWork(t *testing.T) {
	d := dbtest.SQLite(t, Migrations())
	is := NewIssuer(d, kernel.SystemClock{})
	err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, err := is.Take(ctx, "s", clerk)
		return err
	})
	if !errors.Is(err, db.ErrNested) {
		t.Errorf("inside a transaction: %v", err)
	}
	if _, err := is.Take(t.Context(), "s", kernel.Actor{}); err == nil {
		t.Error("nobody got a number")
	}
	for _, n := range []int{0, -1, maxTake + 1} {
		if _, err := is.TakeN(t.Context(), "s", n, clerk); kernel.KindOf(err) != kernel.Invalid {
			t.Errorf("%d numbers: %v", n, err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := is.Take(ended, "s", clerk); !errors.Is(err, context.Canceled) {
		t.Errorf("ended request: %v", err)
	}
}

func TestBatchesSplitAtTheLimit(t *testing.T) {
	q := &queue{}
	for _, n := range []int{600, 500, 400, 1000} {
		q.waiting = append(q.waiting, &taker{n: n})
	}
	var sizes []int
	for len(q.waiting) > 0 {
		sizes = append(sizes, len(q.next()))
	}
	if !cmp.Equal(sizes, []int{1, 2, 1}) {
		t.Errorf("batches of %v takers", sizes)
	}
}

func TestFailureReachesEveryTaker(t *testing.T) {
	is := NewIssuer(dbtest.Failing(t), kernel.SystemClock{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if n, err := is.Take(t.Context(), "s", clerk); err == nil {
				t.Errorf("got %v from a database that fails", n)
			}
		})
	}
	wg.Wait()
	if len(is.queues) != 0 {
		t.Error("a queue stays behind")
	}
}

func take(t *testing.T, is *Issuer) Number {
	t.Helper()
	n, err := is.Take(t.Context(), "s", clerk)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func BenchmarkTake(b *testing.B) {
	dbtest.EachB(b, func(b *testing.B, d *db.DB) {
		is := NewIssuer(d, kernel.SystemClock{})
		b.SetParallelism(4)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := is.Take(context.Background(), "s", clerk); err != nil {
					b.Error(err)
				}
			}
		})
	}, Migrations())
}

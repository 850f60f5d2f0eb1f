package db_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anlan/internal/db"
	"anlan/internal/dbtest"
	"anlan/internal/kernel"
)

var marks = source("mark", `CREATE TABLE mark_marks (id TEXT PRIMARY KEY, body TEXT NOT NULL DEFAULT '');
`)

func mark(ctx context.Context, q db.Q, id string) error {
	_, err := q.ExecContext(ctx, `INSERT INTO mark_marks (id) VALUES ($1)`, id)
	return err
}

func marked(t *testing.T, d *db.DB) []string {
	t.Helper()
	ids, err := db.Column[string](context.Background(), d.Reader(), `SELECT id FROM mark_marks ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// errOut is what InTx is said to have done when it did not return.
var errOut = errors.New("InTx did not return")

// call runs fn in InTx on a goroutine of its own, because fn may panic or end
// it, and delivers what came out.
func call(ctx context.Context, d *db.DB, fn func(context.Context, *db.Tx) error) <-chan error {
	out := make(chan error, 1)
	go func() {
		err := errOut
		defer func() {
			recover()
			out <- err
		}()
		err = d.InTx(ctx, fn)
	}()
	return out
}

// waitFor waits until n members are in the queue.
func waitFor(t *testing.T, d *db.DB, n int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); d.Queued() < n; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d members are waiting", d.Queued(), n)
		}
	}
}

// group runs three good members around bad in one group commit and returns
// what bad's InTx returned. The good ones must all succeed.
func group(t *testing.T, d *db.DB, ctx context.Context, bad func(context.Context, *db.Tx) error) error {
	t.Helper()
	d.GrowFor(10 * time.Second)
	good := func(id string) func(context.Context, *db.Tx) error {
		return func(ctx context.Context, tx *db.Tx) error { return mark(ctx, tx, id) }
	}
	begun, ready := make(chan struct{}), make(chan struct{})
	first := call(context.Background(), d, func(ctx context.Context, tx *db.Tx) error {
		select {
		case <-begun: // it runs again, alone
		default:
			close(begun)
		}
		<-ready
		return mark(ctx, tx, "first")
	})
	<-begun
	before := call(context.Background(), d, good("before"))
	waitFor(t, d, 1)
	outcome := call(ctx, d, bad)
	waitFor(t, d, 2)
	after := call(context.Background(), d, good("after"))
	waitFor(t, d, 3)
	close(ready)
	for name, out := range map[string]<-chan error{"first": first, "before": before, "after": after} {
		if err := <-out; err != nil {
			t.Errorf("the neighbour %s: %v", name, err)
		}
	}
	return <-outcome
}

func TestGroupSurvivesABadMember(t *testing.T) {
	refused := errors.New("refused by a rule")
	cases := map[string]struct {
		bad    func(context.Context, *db.Tx) error
		check  func(error) bool
		groups int64 // commits: 1 when the group stayed together
	}{
		"returns an error": {
			func(ctx context.Context, tx *db.Tx) error { return errors.Join(mark(ctx, tx, "bad"), refused) },
			func(err error) bool { return errors.Is(err, refused) }, 1,
		},
		"breaks a constraint": {
			func(ctx context.Context, tx *db.Tx) error {
				return errors.Join(mark(ctx, tx, "bad"), mark(ctx, tx, "first"))
			},
			db.IsUnique, 1,
		},
		"hides a failed statement": {
			func(ctx context.Context, tx *db.Tx) error {
				mark(ctx, tx, "bad")
				mark(ctx, tx, "first")
				return nil
			},
			db.IsUnique, 1,
		},
		"panics": {
			func(ctx context.Context, tx *db.Tx) error { mark(ctx, tx, "bad"); panic("bad") },
			func(err error) bool { return err == errOut }, 1,
		},
		"ends its goroutine": {
			func(ctx context.Context, tx *db.Tx) error { mark(ctx, tx, "bad"); runtime.Goexit(); return nil },
			func(err error) bool { return err == errOut }, 1,
		},
		"rolls back by hand": {
			func(ctx context.Context, tx *db.Tx) error {
				mark(ctx, tx, "bad")
				tx.ExecContext(ctx, `ROLLBACK`)
				return mark(ctx, tx, "bad") // must not commit alone
			},
			func(err error) bool { return err != nil }, 3,
		},
		"commits by hand": {
			func(ctx context.Context, tx *db.Tx) error {
				mark(ctx, tx, "bad")
				tx.ExecContext(ctx, `COMMIT`)
				return nil
			},
			func(err error) bool { return err != nil }, 3,
		},
		"fills the disk": {
			func(ctx context.Context, tx *db.Tx) error {
				if _, err := tx.ExecContext(ctx, `PRAGMA max_page_count = 40`); err != nil {
					return err
				}
				_, err := tx.ExecContext(ctx, `INSERT INTO mark_marks (id, body) VALUES ($1, $2)`, "bad", strings.Repeat("x", 1<<20))
				return err
			},
			func(err error) bool { return kernel.KindOf(err) == kernel.Unavailable }, 3,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d := dbtest.SQLite(t, marks)
			commits := d.Stats().Groups.Load()
			if err := group(t, d, t.Context(), c.bad); !c.check(err) {
				t.Errorf("the bad member got %v", err)
			}
			if diff := cmp.Diff([]string{"after", "before", "first"}, marked(t, d)); diff != "" {
				t.Error(diff)
			}
			if n := d.Stats().Groups.Load() - commits; n != c.groups {
				t.Errorf("%d commits, want %d", n, c.groups)
			}
			if err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return mark(ctx, tx, "later") }); err != nil {
				t.Errorf("the next transaction: %v", err)
			}
		})
	}
}

func TestGroupSurvivesACancelledMember(t *testing.T) {
	d := dbtest.SQLite(t, marks)
	ctx, cancel := context.WithCancel(t.Context())
	err := group(t, d, ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := mark(ctx, tx, "bad"); err != nil {
			return err
		}
		cancel() // its neighbours must not notice, so it may as well commit
		return mark(ctx, tx, "bad, too")
	})
	if err != nil {
		t.Errorf("cancelled during its turn: %v", err)
	}
	if diff := cmp.Diff([]string{"after", "bad", "bad, too", "before", "first"}, marked(t, d)); diff != "" {
		t.Error(diff)
	}
}

func TestMemberCancelledWhileWaitingDoesNothing(t *testing.T) {
	d := dbtest.SQLite(t, marks)
	ctx, cancel := context.WithCancel(t.Context())
	ran := false
	begun, ready := make(chan struct{}), make(chan struct{})
	first := call(t.Context(), d, func(ctx context.Context, tx *db.Tx) error {
		close(begun)
		<-ready
		return mark(ctx, tx, "first")
	})
	<-begun
	waiting := call(ctx, d, func(ctx context.Context, tx *db.Tx) error { ran = true; return nil })
	waitFor(t, d, 1)
	cancel()
	close(ready)
	if err := <-first; err != nil {
		t.Error(err)
	}
	if err := <-waiting; !errors.Is(err, context.Canceled) {
		t.Errorf("the waiting member got %v", err)
	}
	if ran {
		t.Error("a cancelled member ran")
	}
}

func TestMemberThatStaysTooLongIsShutOut(t *testing.T) {
	d := dbtest.SQLiteWith(t, db.Options{HoldLimit: 50 * time.Millisecond}, marks)
	release := make(chan struct{})
	late := make(chan error, 1)
	begun := make(chan struct{})
	stuck := call(t.Context(), d, func(ctx context.Context, tx *db.Tx) error {
		close(begun)
		if err := mark(ctx, tx, "stuck"); err != nil {
			return err
		}
		<-release
		err := mark(ctx, tx, "too late")
		late <- err
		return nil
	})
	<-begun
	for i := range 3 { // neighbours go on while it is stuck
		if err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return mark(ctx, tx, fmt.Sprint(i)) }); err != nil {
			t.Fatal(err)
		}
	}
	close(release)
	if err := <-late; err == nil {
		t.Error("a statement ran after the transaction was shut out")
	}
	if err := <-stuck; kernel.KindOf(err) != kernel.Unavailable {
		t.Errorf("the stuck member got %v", err)
	}
	if diff := cmp.Diff([]string{"0", "1", "2"}, marked(t, d)); diff != "" {
		t.Error(diff)
	}
}

func TestTransactionIsOverAfterItsFunction(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var leaked *db.Tx
		err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { leaked = tx; return nil })
		if err != nil {
			t.Fatal(err)
		}
		if err := mark(t.Context(), leaked, "leaked"); err == nil {
			t.Error("a leaked transaction ran a statement")
		}
		if ids := marked(t, d); len(ids) != 0 {
			t.Errorf("found %q", ids)
		}
	}, marks)
}

func TestAfterCommitRunsOnceAndOnlyAfterACommit(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ran := 0
		for _, fail := range []error{nil, errors.New("no")} {
			d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				tx.AfterCommit(func() { ran++ })
				return fail
			})
		}
		if ran != 1 {
			t.Errorf("ran %d times", ran)
		}
	})
}

// TestMixedMembersKeepExactlyWhatWasAcknowledged lets many goroutines succeed
// and fail in every way at once.
func TestMixedMembersKeepExactlyWhatWasAcknowledged(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var mu sync.Mutex
		acknowledged := []string{}
		var workers sync.WaitGroup
		for w := range 8 {
			workers.Go(func() {
				for i := range 40 {
					id := fmt.Sprintf("%d-%02d", w, i)
					ctx, cancel := context.WithCancel(context.Background())
					err := <-call(ctx, d, misbehaving(id, rand.IntN(6), cancel))
					cancel()
					if err == nil {
						mu.Lock()
						acknowledged = append(acknowledged, id)
						mu.Unlock()
					}
				}
			})
		}
		workers.Wait()
		slices.Sort(acknowledged)
		if diff := cmp.Diff(acknowledged, marked(t, d)); diff != "" {
			t.Error(diff)
		}
	}, marks)
}

func misbehaving(id string, how int, cancel func()) func(context.Context, *db.Tx) error {
	return func(ctx context.Context, tx *db.Tx) error {
		if err := mark(ctx, tx, id); err != nil {
			return err
		}
		switch how {
		case 1:
			return errors.New("refused")
		case 2:
			panic("bad")
		case 3:
			runtime.Goexit()
		case 4:
			return mark(ctx, tx, id) // breaks the key
		case 5:
			cancel()
			_, err := db.Value[int](ctx, tx, `SELECT count(*) FROM mark_marks WHERE id = $1`, id)
			return err
		}
		return nil
	}
}

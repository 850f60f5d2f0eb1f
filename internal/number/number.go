package number

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"anlan/internal/db"
	"anlan/internal/i18n"
	"anlan/internal/kernel"
)

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed locale/*.json
var locale embed.FS

// Migrations is the schema of this package.
func Migrations() db.Migrations {
	sub, _ := fs.Sub(migrations, "migrations")
	return db.Migrations{Owner: "number", Rank: 3, FS: sub}
}

// Texts are the words of this package.
func Texts() i18n.Source { return i18n.Source{Owner: "number", FS: locale} }

// Number is a number that was taken. The case of use turns it into the text
// that people see ("津应急危化经字〔2026〕000012号").
type Number struct {
	Series string // "licensing.case/2026"
	Value  int64  // from 1
	ID     string // of its row
}

// The states of a number.
const (
	Taken  = "taken"  // given out, not used yet
	Used   = "used"   // held by its subject for ever
	Voided = "voided" // will never be used; the reason is kept
)

// maxTake bounds the numbers of one TakeN; an import takes them slice by slice.
const maxTake = 1000

// leftover is how old a number that is taken and not used must be before
// VoidLeftovers voids it.
const leftover = time.Hour

// Issuer gives out numbers. It is safe for use by many goroutines.
type Issuer struct {
	db    *db.DB
	clock kernel.Clock // what the rows say
	real  kernel.Clock // how old a leftover really is: a sample's clock may stand in the past

	mu     sync.Mutex
	queues map[string]*queue
}

// queue lets takers of one series share transactions: while one runs, those
// who come wait together for the next.
type queue struct {
	users   int // takers in here; the last one removes the queue
	running sync.Mutex
	mu      sync.Mutex
	waiting []*taker
}

type taker struct {
	n     int
	actor kernel.Actor
	got   []Number
	err   error
	done  bool
}

// NewIssuer returns an issuer of numbers kept in d.
func NewIssuer(d *db.DB, clock kernel.Clock) *Issuer {
	return &Issuer{db: d, clock: clock, real: kernel.SystemClock{}, queues: map[string]*queue{}}
}

// Take gives out the next number of a series, which begins at 1 with its
// first number. It must not be called inside a transaction.
func (i *Issuer) Take(ctx context.Context, series string, actor kernel.Actor) (Number, error) {
	got, err := i.TakeN(ctx, series, 1, actor)
	if err != nil {
		return Number{}, err
	}
	return got[0], nil
}

// TakeN gives out n consecutive numbers, at most 1000 at once.
func (i *Issuer) TakeN(ctx context.Context, series string, n int, actor kernel.Actor) ([]Number, error) {
	if err := checkTake(series, n, actor); err != nil {
		return nil, err
	}
	if db.Inside(ctx) { // would wait for itself
		return nil, db.ErrNested
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t := &taker{n: n, actor: actor}
	q := i.enter(series, t)
	defer i.leave(series, q)
	q.running.Lock()
	defer q.running.Unlock()
	for !t.done {
		i.serve(context.WithoutCancel(ctx), series, q.next())
	}
	return t.got, t.err
}

func checkTake(series string, n int, actor kernel.Actor) error {
	if series == "" || actor.IsZero() {
		return errors.New("number: a number needs a series and an actor")
	}
	if n < 1 || n > maxTake {
		var c kernel.Check
		c.Add("count", "range", fmt.Sprint(n), "min", 1, "max", maxTake)
		return c.Err()
	}
	return nil
}

func (i *Issuer) enter(series string, t *taker) *queue {
	i.mu.Lock()
	defer i.mu.Unlock()
	q := i.queues[series]
	if q == nil {
		q = &queue{}
		i.queues[series] = q
	}
	q.users++
	q.mu.Lock()
	q.waiting = append(q.waiting, t)
	q.mu.Unlock()
	return q
}

func (i *Issuer) leave(series string, q *queue) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if q.users--; q.users == 0 {
		delete(i.queues, series)
	}
}

// next cuts off the takers of one transaction: at least one of them.
func (q *queue) next() []*taker {
	q.mu.Lock()
	defer q.mu.Unlock()
	n, total := 0, 0
	for n < len(q.waiting) && (n == 0 || total+q.waiting[n].n <= maxTake) {
		total += q.waiting[n].n
		n++
	}
	batch := q.waiting[:n:n]
	q.waiting = q.waiting[n:]
	return batch
}

// serve gives every taker of the batch its numbers in one transaction.
func (i *Issuer) serve(ctx context.Context, series string, batch []*taker) {
	err := i.db.Housekeeping(ctx, func(ctx context.Context, tx *db.Tx) error {
		total := 0
		for _, t := range batch {
			total += t.n
		}
		last, err := db.Value[int64](ctx, tx, `
			INSERT INTO number_series (series, last) VALUES ($1, $2)
			ON CONFLICT (series) DO UPDATE SET last = number_series.last + excluded.last RETURNING last`, series, total)
		if err != nil {
			return err
		}
		next := last - int64(total) + 1
		for _, t := range batch {
			t.got = i.numbers(series, next, t.n)
			next += int64(t.n)
			if err := insert(ctx, tx, t, i.clock.Now()); err != nil {
				return err
			}
		}
		return nil
	})
	for _, t := range batch {
		t.done, t.err = true, err
		if err != nil {
			t.got, t.err = nil, fmt.Errorf("take number of %s: %w", series, err)
		}
	}
}

func (i *Issuer) numbers(series string, first int64, n int) []Number {
	got := make([]Number, n)
	for k := range got {
		got[k] = Number{Series: series, Value: first + int64(k), ID: kernel.NewID(i.real.Now())}
	}
	return got
}

func insert(ctx context.Context, tx *db.Tx, t *taker, now time.Time) error {
	who, err := json.Marshal(t.actor)
	if err != nil {
		return err
	}
	for _, n := range t.got {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO number_numbers (id, series, value, state, subject, taken_at, taken_by, voided_by, reason)
			VALUES ($1, $2, $3, 'taken', '', $4, $5, '', '')`, n.ID, n.Series, n.Value, kernel.Micros(now), string(who))
		if err != nil {
			return err
		}
	}
	return nil
}

// Use gives n to subject ("case:ID") in the transaction of the use case. It
// is a Conflict when n was used or voided meanwhile: take a new one.
func Use(ctx context.Context, tx *db.Tx, n Number, subject string) error {
	if subject == "" {
		return errors.New("number: a number is used for a subject")
	}
	res, err := tx.ExecContext(ctx, `UPDATE number_numbers SET state = 'used', subject = $1 WHERE id = $2 AND series = $3 AND value = $4 AND state = 'taken'`,
		subject, n.ID, n.Series, n.Value)
	return free(n, db.Changed(res, err))
}

// Void records that n was taken and will not be used, and why.
func Void(ctx context.Context, tx *db.Tx, n Number, reason string, actor kernel.Actor) error {
	if reason == "" || actor.IsZero() {
		return errors.New("number: a number is voided by an actor with a reason")
	}
	who, err := json.Marshal(actor)
	if err != nil {
		return err
	}
	res, err := tx.ExecContext(ctx, `UPDATE number_numbers SET state = 'voided', reason = $1, voided_by = $2 WHERE id = $3 AND state = 'taken'`,
		reason, string(who), n.ID)
	return free(n, db.Changed(res, err))
}

// free names the number in a Conflict.
func free(n Number, err error) error {
	if kernel.KindOf(err) == kernel.Conflict {
		return kernel.Clash("number.error.not_free", map[string]any{"series": n.Series, "value": n.Value})
	}
	return err
}

// VoidLeftovers voids what was taken an hour ago or earlier and never used:
// the use case failed or its process was killed. It is a periodic task.
func (i *Issuer) VoidLeftovers(ctx context.Context) error {
	who, err := json.Marshal(kernel.System("number.leftovers"))
	if err != nil {
		return err
	}
	// Ids begin with the real time of taking, and ids made at one instant
	// differ only behind it.
	before := kernel.NewID(i.real.Now().Add(-leftover))
	return i.db.Housekeeping(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE number_numbers SET state = 'voided', reason = 'leftover', voided_by = $1
			WHERE state = 'taken' AND id < $2`, string(who), before)
		return err
	})
}

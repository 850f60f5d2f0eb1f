package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"modernc.org/sqlite"
)

// SQLite has one writer and the price of a commit is a disk flush, so commits
// are shared: transactions that wait while one flushes run next, each inside
// its own savepoint, and all of them become durable with one flush. A member
// that fails rolls back its savepoint only. If the engine ends the whole
// transaction (disk full, I/O error), every member of the group is run again
// alone, so that none reports a success that is not on disk. A member that
// does not come back in time is left behind, its transaction closed to it.

const (
	maxGroup   = 64                    // members of one commit
	groupTime  = 10 * time.Millisecond // a group takes no new member after this
	slowHold   = 50 * time.Millisecond // a member that holds the writer longer is counted and logged
	queueLimit = 1024                  // waiting members; further callers wait to get in
)

var (
	errClosed = errors.New("db: closed")
	errEnded  = errors.New("db: the engine ended the transaction")
)

// member is one InTx call. The caller's own goroutine runs its fn when the
// writer gives it the turn, so panics and stack traces stay with the caller.
type member struct {
	ctx    context.Context
	turn   chan *Tx      // the writer's "run now"
	ran    chan error    // the caller's "fn is done"; capacity 1, the writer may have gone on
	result chan error    // the writer's "durable" or the failure; capacity 1
	after  chan []func() // capacity 1, filled before a nil result
}

type writer struct {
	db    *DB
	pool  *sql.DB
	conn  *sql.Conn
	hold  time.Duration
	grow  time.Duration // groupTime, longer in tests
	queue chan *member
	stop  chan struct{} // closed: take no new member
	gone  chan struct{} // closed: the loop has ended, nobody gets a turn
	once  sync.Once

	// ended is set when the engine rolls the transaction back, by us or by
	// itself. No statement may follow: it would commit alone.
	ended atomic.Bool
	// committing lets a commit pass; every other one is turned into a
	// rollback.
	committing atomic.Bool
}

func startWriter(d *DB, pool *sql.DB, conn *sql.Conn, hold time.Duration) (*writer, error) {
	w := &writer{db: d, pool: pool, conn: conn, hold: hold, grow: groupTime, queue: make(chan *member, queueLimit), stop: make(chan struct{}), gone: make(chan struct{})}
	if err := conn.Raw(w.watch); err != nil {
		return nil, err
	}
	go w.loop() // close waits for it
	return w, nil
}

// watch has the engine tell when a transaction ends.
func (w *writer) watch(c any) error {
	hooks, ok := c.(*keepingConn).Unwrap().(sqlite.HookRegisterer)
	if !ok {
		return errors.New("db: the SQLite driver has changed")
	}
	hooks.RegisterRollbackHook(func() { w.ended.Store(true) })
	hooks.RegisterCommitHook(func() int32 {
		if w.committing.Load() {
			return 0
		}
		return 1
	})
	return nil
}

func (w *writer) begin() error {
	w.ended.Store(false)
	return w.exec("BEGIN IMMEDIATE")
}

func (w *writer) commit() error {
	w.committing.Store(true)
	defer w.committing.Store(false)
	return w.exec("COMMIT")
}

// rollback ends a transaction that the engine may have ended already.
func (w *writer) rollback() { w.exec("ROLLBACK") }

func (w *writer) close() error {
	w.once.Do(func() { close(w.stop) })
	<-w.gone
	return errors.Join(w.conn.Close(), w.pool.Close())
}

// run hands fn to the writer and waits until it is durable or has failed.
func (w *writer) run(ctx context.Context, fn func(context.Context, *Tx) error) ([]func(), error) {
	m := &member{ctx: ctx, turn: make(chan *Tx), ran: make(chan error, 1), result: make(chan error, 1), after: make(chan []func(), 1)}
	select {
	case w.queue <- m:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-w.stop:
		return nil, errClosed
	}
	for {
		select {
		case tx := <-m.turn:
			m.runFn(fn, tx)
		case err := <-m.result:
			if err != nil {
				return nil, err
			}
			return <-m.after, nil
		case <-w.gone:
			select {
			case m.result <- errClosed: // it came too late for a turn
			default:
			}
		}
	}
}

// runFn runs fn and reports to the writer even when fn panics or ends the
// goroutine.
func (m *member) runFn(fn func(context.Context, *Tx) error, tx *Tx) {
	err := errors.New("db: transaction function did not return")
	defer func() { m.ran <- err }()
	begun := time.Now()
	err = fn(context.WithoutCancel(m.ctx), tx)
	if held := time.Since(begun); held > slowHold {
		tx.slow(held)
	}
}

func (w *writer) loop() {
	defer close(w.gone)
	for {
		select {
		case m := <-w.queue:
			w.group(m)
		case <-w.stop:
			return
		}
	}
}

// group runs first and whoever is waiting in one engine transaction.
func (w *writer) group(first *member) {
	begun := time.Now()
	if err := w.begin(); err != nil {
		first.result <- mapError(err)
		return
	}
	var joined []*member
	var effects [][]func()
	for m, n := first, 0; m != nil; m, n = w.next(begun, n), n+1 {
		after, err, ended := w.member(m)
		switch {
		case ended:
			w.rollback()
			w.alone(append(joined, m))
			return
		case err != nil:
			m.result <- err
		default:
			joined, effects = append(joined, m), append(effects, after)
		}
	}
	if len(joined) == 0 {
		w.rollback()
		return
	}
	if err := w.commit(); err != nil {
		w.rollback()
		w.alone(joined)
		return
	}
	w.db.stats.Groups.Add(1)
	for i, m := range joined {
		m.after <- effects[i]
		m.result <- nil
	}
}

// next returns a waiting member while the group may still grow.
func (w *writer) next(begun time.Time, n int) *member {
	if n+1 >= maxGroup || time.Since(begun) > w.grow {
		return nil
	}
	select {
	case m := <-w.queue:
		return m
	default:
		return nil
	}
}

// member gives m its turn inside a savepoint. ended reports that the engine
// has ended the whole transaction.
func (w *writer) member(m *member) (after []func(), err error, ended bool) {
	if err := m.ctx.Err(); err != nil {
		return nil, err, false
	}
	if err := w.exec("SAVEPOINT m"); err != nil {
		return nil, mapError(err), true
	}
	after, err = w.turn(m)
	if w.ended.Load() || endsGroup(err) {
		return nil, err, true
	}
	if err != nil {
		ended = w.exec("ROLLBACK TO m") != nil || w.exec("RELEASE m") != nil
		return nil, err, ended
	}
	return after, nil, w.exec("RELEASE m") != nil
}

// turn lets m run its function and waits for it. A member that holds the
// writer too long is shut out of the transaction and gets errHeld.
func (w *writer) turn(m *member) ([]func(), error) {
	tx := &Tx{q: w.conn, engine: SQLite, fault: w.db.fault, shared: w, until: time.Now().Add(w.hold)}
	m.turn <- tx
	timer := time.NewTimer(w.hold)
	defer timer.Stop()
	for {
		select {
		case err := <-m.ran:
			return tx.end(err)
		case <-timer.C:
			left, over := tx.expire()
			if over {
				w.db.log.Error("transaction held the database writer too long and was shut out", "limit", w.hold)
				return nil, errHeld
			}
			timer.Reset(left)
		}
	}
}

// alone runs each member in an engine transaction of its own.
func (w *writer) alone(members []*member) {
	for _, m := range members {
		w.db.stats.Reruns.Add(1)
		after, err := w.single(m)
		if err == nil {
			m.after <- after
		}
		m.result <- err
	}
}

func (w *writer) single(m *member) ([]func(), error) {
	if err := m.ctx.Err(); err != nil {
		return nil, err
	}
	if err := w.begin(); err != nil {
		return nil, mapError(err)
	}
	after, err := w.turn(m)
	if err == nil && w.ended.Load() {
		err = errEnded
	}
	if err == nil {
		err = mapError(w.commit())
	}
	if err != nil {
		w.rollback()
		return nil, fmt.Errorf("transaction failed alone: %w", err)
	}
	w.db.stats.Groups.Add(1)
	return after, nil
}

func (w *writer) exec(stmt string) error {
	_, err := w.conn.ExecContext(context.Background(), stmt)
	return err
}

package job

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

// task is something that is done again and again by one process at a time.
type task struct {
	interval time.Duration
	fn       func(ctx context.Context) error
}

// Every lets fn run once per interval, in one process at a time; the first
// time at once. A failure is logged and shown, and tried again after a tenth
// of the interval, a minute at most. It panics on a kind that is taken.
func (r *Runner) Every(kind string, interval time.Duration, fn func(ctx context.Context) error) {
	if _, taken := r.periodic[kind]; taken {
		panic("job: two periodic tasks named " + kind)
	}
	r.periodic[kind] = task{interval, fn}
}

// runPeriodic runs the tasks that are due, in the order of their names.
func (r *Runner) runPeriodic(ctx context.Context) error {
	due, err := r.dueTasks(ctx)
	if err != nil {
		return err
	}
	for _, kind := range due {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		mine, err := r.leaseTask(ctx, kind)
		if err != nil {
			return err
		}
		if mine {
			if err := r.runTask(ctx, kind); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *Runner) dueTasks(ctx context.Context) (due []string, err error) {
	waiting := map[string]bool{}
	err = r.db.View(ctx, func(ctx context.Context, q db.Q) error {
		kinds, err := db.Column[string](ctx, q, `SELECT kind FROM job_periodic WHERE next_at > $1 OR lease_until > $2`,
			kernel.Micros(r.clock.Now()), time.Now().UnixMicro())
		for _, k := range kinds {
			waiting[k] = true
		}
		return err
	})
	for kind := range r.periodic {
		if !waiting[kind] {
			due = append(due, kind)
		}
	}
	slices.Sort(due)
	return due, err
}

// leaseTask takes a task when it is due and nobody has it.
func (r *Runner) leaseTask(ctx context.Context, kind string) (mine bool, err error) {
	now := kernel.Micros(r.clock.Now())
	err = r.db.Housekeeping(ctx, func(ctx context.Context, tx *db.Tx) error {
		res, err := tx.ExecContext(ctx, `
			INSERT INTO job_periodic (kind, next_at, owner, lease_until, started_at, ended_at, tries, detail) VALUES ($1, $2, $3, $4, $2, 0, 0, '')
			ON CONFLICT (kind) DO UPDATE SET owner = excluded.owner, lease_until = excluded.lease_until, started_at = excluded.started_at
			WHERE job_periodic.next_at <= excluded.next_at AND job_periodic.lease_until <= $5`,
			kind, now, r.owner, r.leaseEnd(), time.Now().UnixMicro())
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		mine = n == 1
		return err
	})
	return mine, err
}

func (r *Runner) runTask(ctx context.Context, kind string) error {
	t := r.periodic[kind]
	run, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	quit, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		r.keepTask(run, kind, cancel, quit)
	}()
	err := callTask(run, t)
	close(quit)
	<-stopped
	if errors.Is(context.Cause(run), errLostLease) {
		r.log.Warn("periodic task lost its lease", "task", kind)
		return nil
	}
	return r.endTask(ctx, kind, t, err)
}

func callTask(ctx context.Context, t task) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("task panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return t.fn(ctx)
}

func (r *Runner) keepTask(ctx context.Context, kind string, cancel context.CancelCauseFunc, quit chan struct{}) {
	tick := time.NewTicker(r.lease / 5)
	defer tick.Stop()
	for {
		select {
		case <-quit:
			return
		case <-tick.C:
		}
		err := r.db.Housekeeping(context.WithoutCancel(ctx), func(ctx context.Context, tx *db.Tx) error {
			return db.Changed(tx.ExecContext(ctx, `UPDATE job_periodic SET lease_until = $1 WHERE kind = $2 AND owner = $3`, r.leaseEnd(), kind, r.owner))
		})
		if kernel.KindOf(err) == kernel.Conflict {
			cancel(errLostLease)
			return
		}
	}
}

func (r *Runner) endTask(ctx context.Context, kind string, t task, failure error) error {
	now := r.clock.Now()
	next, detail := now.Add(t.interval), ""
	if failure != nil {
		next, detail = now.Add(min(t.interval/10, time.Minute)), failure.Error()
		if ctx.Err() == nil {
			r.log.Error("periodic task failed", "task", kind, "error", failure)
		}
	}
	return r.db.Housekeeping(context.WithoutCancel(ctx), func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE job_periodic SET owner = '', lease_until = 0, next_at = $1, ended_at = $2, detail = $3,
			tries = CASE WHEN $3 = '' THEN 0 ELSE tries + 1 END WHERE kind = $4 AND owner = $5`,
			kernel.Micros(next), kernel.Micros(now), detail, kind, r.owner)
		return err
	})
}

package job

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

// Leases are measured by the machine's clock, whatever the runner's clock
// says: they are about processes, not about legal time.
func (r *Runner) leaseEnd() int64 { return time.Now().Add(r.lease).UnixMicro() }

var (
	errCancelled = errors.New("job: cancelled")
	errLostLease = errors.New("job: another process has taken it")
)

// take leases the first due job, nil when there is none.
func (r *Runner) take(ctx context.Context) (*Run, error) {
	for {
		var id string
		err := r.db.View(ctx, func(ctx context.Context, q db.Q) (err error) {
			id, err = db.Value[string](ctx, q, `SELECT id FROM job_jobs WHERE state = 'due' AND run_at <= $1 ORDER BY run_at, id LIMIT 1`,
				kernel.Micros(r.clock.Now()))
			return err
		})
		if errors.Is(err, sql.ErrNoRows) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		run, err := r.leaseJob(ctx, id)
		if !errors.Is(err, sql.ErrNoRows) { // no row: another process was first
			return run, err
		}
	}
}

func (r *Runner) leaseJob(ctx context.Context, id string) (*Run, error) {
	run := &Run{ID: id, runner: r}
	err := r.db.Housekeeping(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := db.One(ctx, tx, func(s db.Scanner) (struct{}, error) {
			var actor string
			err := s.Scan(&run.kind, &run.args, &actor, &run.Try, &run.saved, &run.done, &run.total)
			return struct{}{}, errors.Join(err, json.Unmarshal([]byte(actor), &run.Actor))
		}, `UPDATE job_jobs SET state = 'running', owner = $1, lease_until = $2, tries = tries + 1, started_at = $3
			WHERE id = $4 AND state = 'due' RETURNING kind, args, actor, tries, saved, done, total`,
			r.owner, r.leaseEnd(), kernel.Micros(r.clock.Now()), id)
		if err != nil || run.saved != "" {
			return err
		}
		// It starts from the beginning, so do its reports.
		run.done, run.total = 0, 0
		if _, err := tx.ExecContext(ctx, `DELETE FROM job_row_errors WHERE job_id = $1`, id); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE job_jobs SET done = 0, total = 0, row_errors = 0 WHERE id = $1 AND owner = $2`, id, r.owner)
		return err
	})
	return run, err
}

// lapse frees jobs whose process has gone silent.
func (r *Runner) lapse(ctx context.Context) error {
	return r.free(ctx, `lease_until < ?`, time.Now().UnixMicro())
}

// reclaim frees, on SQLite, the jobs of every earlier process at once: one
// process at a time has such a database.
func (r *Runner) reclaim(ctx context.Context) error {
	if r.db.Engine() != db.SQLite {
		return nil
	}
	if err := r.free(ctx, `substr(owner, 1, ?) <> ?`, len(r.process), r.process); err != nil {
		return err
	}
	return r.db.Housekeeping(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE job_periodic SET owner = '', lease_until = 0 WHERE owner <> '' AND substr(owner, 1, $1) <> $2`, len(r.process), r.process)
		return err
	})
}

// free lets jobs whose run has ended without a word run again, or fail when
// that happened too often, or end when they were to be cancelled.
func (r *Runner) free(ctx context.Context, condition string, args ...any) error {
	crashed, err := json.Marshal(Problem{Kind: kernel.Internal, Key: "job.error.crashed"})
	if err != nil {
		return err
	}
	now := kernel.Micros(r.clock.Now())
	var w db.Where
	w.And("state = 'running'")
	w.And(condition, args...)
	query := `UPDATE job_jobs SET owner = '', lease_until = 0, ` + w.Bind(`
		state = CASE WHEN cancel = TRUE THEN 'cancelled' WHEN tries >= ? THEN 'failed' ELSE 'due' END,
		ended_at = CASE WHEN cancel = TRUE OR tries >= ? THEN CAST(? AS BIGINT) ELSE 0 END,
		problem = CASE WHEN cancel = FALSE AND tries >= ? THEN ? ELSE problem END `, maxTries, maxTries, now, maxTries, string(crashed)) +
		w.SQL() + ` RETURNING id`
	var ids []string
	err = r.db.Housekeeping(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		ids, err = db.Column[string](ctx, tx, query, w.Args...)
		return err
	})
	for _, id := range ids {
		r.log.Warn("job of a process that went silent is taken back", "job", id)
	}
	return err
}

// work runs a leased job to its end and writes what came of it.
func (r *Runner) work(ctx context.Context, run *Run) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r.mu.Lock()
	r.working[run.ID] = cancel
	r.mu.Unlock()
	stopBeat := r.heartbeat(ctx, run, cancel)
	err := r.call(ctx, run)
	stopBeat()
	r.mu.Lock()
	delete(r.working, run.ID)
	r.mu.Unlock()
	if cause := context.Cause(ctx); cause != nil && err != nil {
		err = cause
	}
	if errors.Is(err, errLostLease) {
		r.log.Warn("job lost its lease", "job", run.ID, "kind", run.kind)
		return
	}
	if ferr := r.finish(context.WithoutCancel(ctx), run, err); ferr != nil {
		r.log.Error("end of job not written; it will run again", "job", run.ID, "kind", run.kind, "error", ferr)
	}
}

func (r *Runner) call(ctx context.Context, run *Run) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("job panicked: %v\n%s", p, debug.Stack())
		}
	}()
	fn := r.handlers[run.kind]
	if fn == nil {
		return kernel.Down("job.error.no_handler", fmt.Errorf("no handler for %q", run.kind))
	}
	return fn(ctx, run)
}

// heartbeat renews the lease until the returned function is called, and ends
// the run when the lease is gone or the job is to be cancelled.
func (r *Runner) heartbeat(ctx context.Context, run *Run, cancel context.CancelCauseFunc) func() {
	quit, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		last := time.Now()
		tick := time.NewTicker(r.lease / 10)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
			}
			switch err := run.beat(context.WithoutCancel(ctx)); {
			case err == nil:
				last = time.Now()
			case errors.Is(err, errCancelled), errors.Is(err, errLostLease):
				cancel(err)
			case time.Since(last) > r.lease*9/10:
				cancel(errLostLease) // the database has been away for too long
			}
		}
	}()
	return func() { close(quit); <-stopped }
}

// backoff is the wait before the run after try.
func backoff(try int) time.Duration { return min(2*time.Second<<(2*(try-1)), time.Hour) }

// outcome is what a run comes to.
type outcome struct {
	state   State
	tries   int
	runAt   time.Time
	problem string
	detail  string
}

// judge decides what becomes of a run that ended with err.
func judge(run *Run, err error, now time.Time) (outcome, error) {
	o := outcome{state: Done, tries: run.Try, runAt: now}
	kind := kernel.KindOf(err)
	switch {
	case err == nil:
		return o, nil
	case errors.Is(err, errCancelled):
		o.state = Cancelled
		return o, nil
	case errors.Is(err, context.Canceled): // the process stops; that was no try
		o.state, o.tries = Due, run.Try-1
		return o, nil
	case run.Try >= maxTries, kind != kernel.Internal && kind != kernel.Unavailable:
		o.state = Failed
	default:
		o.state, o.runAt = Due, now.Add(backoff(run.Try))
	}
	text, merr := json.Marshal(ProblemOf(err))
	o.problem, o.detail = string(text), err.Error()
	return o, merr
}

// finish writes the end of a run: done, failed, cancelled, or due again.
func (r *Runner) finish(ctx context.Context, run *Run, failure error) error {
	now := r.clock.Now()
	o, err := judge(run, failure, now)
	if err != nil {
		return err
	}
	if o.problem != "" {
		r.log.Warn("job failed", "job", run.ID, "kind", run.kind, "try", run.Try, "state", o.state, "error", failure)
	}
	ended := int64(0)
	if !o.state.Open() {
		ended = kernel.Micros(now)
	}
	err = r.db.Housekeeping(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := run.flush(ctx, tx); err != nil {
			return err
		}
		return db.Changed(tx.ExecContext(ctx, `UPDATE job_jobs SET state = $1, problem = $2, detail = $3, run_at = $4, tries = $5,
			ended_at = $6, owner = '', lease_until = 0 WHERE id = $7 AND owner = $8 AND state = 'running'`,
			string(o.state), o.problem, o.detail, kernel.Micros(o.runAt), o.tries, ended, run.ID, r.owner))
	})
	if err == nil {
		run.publish(o.state)
	}
	return err
}

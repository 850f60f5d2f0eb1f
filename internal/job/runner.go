package job

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"anlan/internal/blob"
	"anlan/internal/db"
	"anlan/internal/kernel"
	"anlan/internal/stream"
)

const (
	maxTries  = 5                // runs of one job before it stands as failed
	workers   = 4                // jobs that one process runs side by side
	leaseTime = 30 * time.Second // a process that is silent for so long has lost its jobs
	pollEvery = 2 * time.Second  // for jobs of other processes and those with a later time
	keepFor   = 90 * 24 * time.Hour
)

// processStart tells this process from an earlier one with the same number.
var processStart = time.Now().UnixNano()

// Runner keeps the handlers and runs the jobs.
type Runner struct {
	db       *db.DB
	blobs    *blob.Store
	hub      *stream.Hub
	clock    kernel.Clock // when jobs are due
	log      *slog.Logger
	handlers map[string]func(ctx context.Context, run *Run) error // complete before Start
	periodic map[string]task                                      // the same
	process  string                                               // host, process number and its start
	owner    string                                               // of this runner's leases
	lease    time.Duration

	wake chan struct{} // capacity 1: "look again"
	stop context.CancelFunc
	done sync.WaitGroup

	mu      sync.Mutex
	working map[string]context.CancelCauseFunc // running jobs of this process
}

// NewRunner returns a runner without handlers that does not run yet. hub may
// be nil: then progress is not published.
func NewRunner(d *db.DB, blobs *blob.Store, hub *stream.Hub, clock kernel.Clock, log *slog.Logger) *Runner {
	host, _ := os.Hostname() // a name is only for telling processes apart
	process := fmt.Sprintf("%s/%d/%d", host, os.Getpid(), processStart)
	r := &Runner{
		db: d, blobs: blobs, hub: hub, clock: clock, log: log,
		handlers: map[string]func(context.Context, *Run) error{}, periodic: map[string]task{},
		process: process, owner: process + "/" + kernel.NewSecret(6), lease: leaseTime,
		wake: make(chan struct{}, 1), working: map[string]context.CancelCauseFunc{},
	}
	if blobs != nil {
		blobs.Refer("job", `SELECT result_hash FROM job_jobs WHERE result_hash <> ''`)
	}
	r.Every("job.purge", 24*time.Hour, r.purge)
	return r
}

// Handle lets fn do the jobs of a kind. It panics on a kind that is taken:
// that is a mistake in the program, seen at start. The context of fn ends when
// the job is cancelled, its lease is lost or the process stops.
func (r *Runner) Handle(kind string, fn func(ctx context.Context, run *Run) error) {
	if r.handlers[kind] != nil {
		panic("job: two handlers for " + kind)
	}
	r.handlers[kind] = fn
}

// Wake makes a running runner look for due jobs at once.
func (r *Runner) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Start runs due jobs and periodic tasks until Stop.
func (r *Runner) Start(ctx context.Context) {
	ctx, r.stop = context.WithCancel(ctx)
	if err := r.reclaim(ctx); err != nil {
		r.log.Error("jobs of an earlier process not taken over", "error", err)
	}
	slots := make(chan struct{}, workers)
	r.done.Go(func() { r.loop(ctx, func(ctx context.Context) error { return r.round(ctx, slots) }) })
	r.done.Go(func() { r.loop(ctx, r.runPeriodic) })
}

func (r *Runner) loop(ctx context.Context, round func(context.Context) error) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		if err := round(ctx); err != nil && ctx.Err() == nil {
			r.log.Error("jobs", "error", err)
		}
		select {
		case <-r.wake:
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// Stop ends the contexts of running jobs and waits for them; they run again
// after the next Start without having lost a try.
func (r *Runner) Stop() {
	if r.stop != nil {
		r.stop()
		r.done.Wait()
	}
}

// round starts what is due as far as there are free slots.
func (r *Runner) round(ctx context.Context, slots chan struct{}) error {
	if err := r.lapse(ctx); err != nil {
		return err
	}
	for ctx.Err() == nil {
		select {
		case slots <- struct{}{}:
		default:
			return nil // whoever becomes free wakes us
		}
		run, err := r.take(ctx)
		if err != nil || run == nil {
			<-slots
			return err
		}
		r.done.Go(func() {
			defer r.Wake()
			defer func() { <-slots }()
			r.work(ctx, run)
		})
	}
	return ctx.Err()
}

// Drain runs every job and periodic task that is due now, one after the
// other, until none is: for tests, the sample and commands. A job that fails
// and waits for its next try is not waited for.
func (r *Runner) Drain(ctx context.Context) error {
	if err := r.runPeriodic(ctx); err != nil {
		return err
	}
	for ctx.Err() == nil {
		if err := r.lapse(ctx); err != nil {
			return err
		}
		run, err := r.take(ctx)
		if err != nil || run == nil {
			return err
		}
		r.work(ctx, run)
	}
	return ctx.Err()
}

// purge removes jobs that ended long ago.
func (r *Runner) purge(ctx context.Context) error {
	before := kernel.Micros(r.clock.Now().Add(-keepFor))
	for {
		var n int
		err := r.db.Housekeeping(ctx, func(ctx context.Context, tx *db.Tx) error {
			ids, err := db.Column[string](ctx, tx, `SELECT id FROM job_jobs WHERE ended_at > 0 AND ended_at < $1 ORDER BY ended_at LIMIT 100`, before)
			if err != nil {
				return err
			}
			for _, id := range ids {
				if _, err := tx.ExecContext(ctx, `DELETE FROM job_row_errors WHERE job_id = $1`, id); err != nil {
					return err
				}
				if _, err := tx.ExecContext(ctx, `DELETE FROM job_jobs WHERE id = $1 AND ended_at > 0`, id); err != nil {
					return err
				}
			}
			n = len(ids)
			return nil
		})
		if err != nil || n == 0 {
			return err
		}
	}
}

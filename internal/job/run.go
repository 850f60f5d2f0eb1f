package job

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"anlan/internal/blob"
	"anlan/internal/db"
	"anlan/internal/kernel"
)

const (
	publishEvery = 200 * time.Millisecond // live progress
	writeEvery   = time.Second            // progress in the row
	flushRows    = 200                    // row errors kept in memory
)

// Run is one run of a job, given to its handler. Its methods may be called by
// several goroutines.
type Run struct {
	ID    string
	Actor kernel.Actor // who asked for the job
	Try   int          // 1 in the first run

	runner *Runner
	kind   string
	args   string

	mu          sync.Mutex
	saved       string
	saves       bool // Save was called
	done, total int64
	published   time.Time
	written     time.Time
	rows        map[int]string // row errors not written yet, as JSON
}

// Progress is what the stream topic "job:ID" carries.
type Progress struct {
	ID    string `json:"id"`
	State State  `json:"state"`
	Done  int64  `json:"done"`
	Total int64  `json:"total"`
}

// Args reads the arguments of the job into v.
func (run *Run) Args(v any) error {
	if err := json.Unmarshal([]byte(run.args), v); err != nil {
		return fmt.Errorf("arguments of job %s: %w", run.ID, err)
	}
	return nil
}

// Progress tells how far the work is; total 0 means unknown. It returns an
// error when the run must end: the job was cancelled, its lease was lost or
// the process stops. It is cheap enough to be called per row.
func (run *Run) Progress(ctx context.Context, done, total int64) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	run.mu.Lock()
	run.done, run.total = done, total
	now := time.Now()
	show := now.Sub(run.published) >= publishEvery
	write := now.Sub(run.written) >= writeEvery && !db.Inside(ctx)
	if show {
		run.published = now
	}
	if write {
		run.written = now
	}
	run.mu.Unlock()
	if show {
		run.publish(Running)
	}
	if write {
		return run.beat(ctx)
	}
	return nil
}

func (run *Run) publish(state State) {
	if run.runner.hub == nil {
		return
	}
	run.mu.Lock()
	p := Progress{ID: run.ID, State: state, Done: run.done, Total: run.total}
	run.mu.Unlock()
	run.runner.hub.Publish("job:"+run.ID, p)
}

// beat renews the lease and writes the progress. It returns errLostLease or
// errCancelled when the run must end.
func (run *Run) beat(ctx context.Context) error {
	run.mu.Lock()
	done, total := run.done, run.total
	run.mu.Unlock()
	var cancel bool
	err := run.runner.db.Housekeeping(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		cancel, err = db.Value[bool](ctx, tx, `UPDATE job_jobs SET lease_until = $1, done = $2, total = $3
			WHERE id = $4 AND owner = $5 AND state = 'running' RETURNING cancel`,
			run.runner.leaseEnd(), done, total, run.ID, run.runner.owner)
		return err
	})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return errLostLease
	case err == nil && cancel:
		return errCancelled
	}
	return err
}

// RowError records that a row of the input could not be used and why; the job
// goes on. A row has one error, the last.
func (run *Run) RowError(ctx context.Context, row int, err error) error {
	text, merr := json.Marshal(ProblemOf(err))
	if merr != nil {
		return merr
	}
	if kernel.KindOf(err) == kernel.Internal {
		run.runner.log.Warn("row of a job failed", "job", run.ID, "row", row, "error", err)
	}
	run.mu.Lock()
	if run.rows == nil {
		run.rows = map[int]string{}
	}
	run.rows[row] = string(text)
	full := len(run.rows) >= flushRows && !run.saves && run.saved == ""
	run.mu.Unlock()
	if !full || db.Inside(ctx) {
		return context.Cause(ctx)
	}
	return run.runner.db.Housekeeping(ctx, run.flush)
}

// flush writes the row errors in tx and forgets them once they are on disk.
func (run *Run) flush(ctx context.Context, tx *db.Tx) error {
	run.mu.Lock()
	defer run.mu.Unlock()
	rows := slices.Sorted(maps.Keys(run.rows))
	for _, row := range rows {
		_, err := tx.ExecContext(ctx, `INSERT INTO job_row_errors (job_id, row_no, problem) VALUES ($1, $2, $3)
			ON CONFLICT (job_id, row_no) DO UPDATE SET problem = excluded.problem`, run.ID, row, run.rows[row])
		if err != nil {
			return err
		}
	}
	// The row of the job is changed in any case: that is what proves the lease.
	err := db.Changed(tx.ExecContext(ctx, `UPDATE job_jobs SET done = $1, total = $2,
		row_errors = (SELECT COUNT(*) FROM job_row_errors WHERE job_id = $3)
		WHERE id = $3 AND owner = $4 AND state = 'running'`, run.done, run.total, run.ID, run.runner.owner))
	if kernel.KindOf(err) == kernel.Conflict {
		return errLostLease
	}
	tx.AfterCommit(func() { run.forget(rows) })
	return err
}

func (run *Run) forget(rows []int) {
	run.mu.Lock()
	defer run.mu.Unlock()
	for _, row := range rows {
		delete(run.rows, row)
	}
}

// Save remembers v, progress and row errors in the transaction of a slice of
// the work, so that a later run finds with Saved exactly what is in the
// database. A run that has lost its lease cannot commit such a transaction.
func (run *Run) Save(ctx context.Context, tx *db.Tx, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("state of job %s: %w", run.ID, err)
	}
	if err := run.flush(ctx, tx); err != nil {
		return err
	}
	run.mu.Lock()
	run.saves = true
	run.mu.Unlock()
	return db.Changed(tx.ExecContext(ctx, `UPDATE job_jobs SET saved = $1 WHERE id = $2 AND owner = $3 AND state = 'running'`,
		string(text), run.ID, run.runner.owner))
}

// Saved reads what an earlier run saved into v and reports whether one did.
// Without it, a run starts from the beginning, also its progress and its row
// errors.
func (run *Run) Saved(v any) (bool, error) {
	run.mu.Lock()
	text := run.saved
	run.mu.Unlock()
	if text == "" {
		return false, nil
	}
	return true, json.Unmarshal([]byte(text), v)
}

// Done is how far an earlier run had come when it saved.
func (run *Run) Done() (done, total int64) {
	run.mu.Lock()
	defer run.mu.Unlock()
	return run.done, run.total
}

// Result keeps the file that the job has made: what the page offers for
// download, checked again for who may see the job. A second one replaces the
// first.
func (run *Run) Result(ctx context.Context, name, mime string, r io.Reader) error {
	if run.runner.blobs == nil {
		return errors.New("job: the runner has no file store")
	}
	file, err := run.runner.blobs.Put(ctx, r, blob.Limit{})
	if err != nil {
		return fmt.Errorf("result of job %s: %w", run.ID, err)
	}
	return run.runner.db.Housekeeping(ctx, func(ctx context.Context, tx *db.Tx) error {
		err := db.Changed(tx.ExecContext(ctx, `UPDATE job_jobs SET result_hash = $1, result_name = $2, result_type = $3, result_size = $4
			WHERE id = $5 AND owner = $6 AND state = 'running'`, file.Hash, name, mime, file.Size, run.ID, run.runner.owner))
		if kernel.KindOf(err) == kernel.Conflict {
			return errLostLease
		}
		return err
	})
}

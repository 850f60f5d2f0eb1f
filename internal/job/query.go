package job

import (
	"context"
	"encoding/json"
	"time"

	"anlan/internal/audit"
	"anlan/internal/db"
	"anlan/internal/kernel"
)

// Status is a job as its page shows it.
type Status struct {
	ID          string
	Kind        string
	Group       string
	Title       kernel.Text
	Actor       kernel.Actor
	State       State
	Cancel      bool // it is to end and has not yet
	RunAt       time.Time
	CreatedAt   time.Time
	StartedAt   time.Time // of the last run
	EndedAt     time.Time
	Tries       int
	Done, Total int64    // Total 0: unknown
	RowErrors   int64    // rows that could not be used
	Problem     *Problem // why it failed or waits to run again, nil otherwise
	Detail      string   // the same for the operator, never for others
	Result      Result   // zero: none
}

// Result is the file that a job has made.
type Result struct {
	Hash, Name, Type string
	Size             int64
}

// Percent is the progress from 0 to 100, -1 when it is not known.
func (s Status) Percent() int {
	switch {
	case s.State == Done:
		return 100
	case s.Total <= 0:
		return -1
	}
	return int(min(100, max(0, s.Done*100/s.Total)))
}

// Stuck reports whether the operator should look: it failed for good or keeps
// failing.
func (s Status) Stuck() bool { return s.State == Failed || s.State == Due && s.Problem != nil }

const columns = `id, kind, grp, title_zh, title_en, actor, state, cancel, run_at, created_at, started_at, ended_at, tries, done, total,
	row_errors, problem, detail, result_hash, result_name, result_type, result_size`

func scanStatus(s db.Scanner) (Status, error) {
	var j Status
	var actor, problem string
	var run, created, started, ended int64
	err := s.Scan(&j.ID, &j.Kind, &j.Group, &j.Title.ZH, &j.Title.EN, &actor, &j.State, &j.Cancel, &run, &created, &started, &ended,
		&j.Tries, &j.Done, &j.Total, &j.RowErrors, &problem, &j.Detail, &j.Result.Hash, &j.Result.Name, &j.Result.Type, &j.Result.Size)
	if err != nil {
		return j, err
	}
	j.RunAt, j.CreatedAt = kernel.FromMicros(run), kernel.FromMicros(created)
	j.StartedAt, j.EndedAt = kernel.FromMicros(started), kernel.FromMicros(ended)
	if problem != "" {
		if err := json.Unmarshal([]byte(problem), &j.Problem); err != nil {
			return j, err
		}
	}
	return j, json.Unmarshal([]byte(actor), &j.Actor)
}

// Get returns a job; the caller checks who may see it.
func Get(ctx context.Context, q db.Q, id string) (Status, error) {
	j, err := db.One(ctx, q, scanStatus, `SELECT `+columns+` FROM job_jobs WHERE id = $1`, id)
	return j, db.Found(err, "job", id)
}

// Filter chooses jobs for List; empty fields do not filter.
type Filter struct {
	Group  string
	State  State
	Actor  string // account id
	Stuck  bool   // failed for good, or waiting to run again after a failure
	Before string // id of the last job of the page before
	Limit  int    // 0: 50
}

// List returns the newest jobs first.
func List(ctx context.Context, q db.Q, f Filter) ([]Status, error) {
	var w db.Where
	if f.Group != "" {
		w.And("grp = ?", f.Group)
	}
	if f.State != "" {
		w.And("state = ?", string(f.State))
	}
	if f.Actor != "" {
		w.And("actor_id = ?", f.Actor)
	}
	if f.Stuck {
		w.And("state = 'failed' OR state = 'due' AND problem <> ''")
	}
	if f.Before != "" {
		w.And("id < ?", f.Before)
	}
	if f.Limit == 0 {
		f.Limit = 50
	}
	return db.All(ctx, q, scanStatus, `SELECT `+columns+` FROM job_jobs `+w.SQL()+w.Bind(` ORDER BY id DESC LIMIT ?`, f.Limit), w.Args...)
}

// Counts are the numbers for the operator's front page.
type Counts struct {
	Due, Running, Stuck int64
}

// Count returns how many jobs wait, run, and need the operator.
func Count(ctx context.Context, q db.Q) (Counts, error) {
	return db.One(ctx, q, func(s db.Scanner) (c Counts, err error) { return c, s.Scan(&c.Due, &c.Running, &c.Stuck) },
		`SELECT COUNT(*) FILTER (WHERE state = 'due'), COUNT(*) FILTER (WHERE state = 'running'),
			COUNT(*) FILTER (WHERE state = 'failed' OR state = 'due' AND problem <> '') FROM job_jobs WHERE state IN ('due', 'running', 'failed')`)
}

// RowProblem is a row of the input that could not be used.
type RowProblem struct {
	Row     int
	Problem Problem
}

// RowErrors lists the rows of a job that could not be used, from the row
// after on.
func RowErrors(ctx context.Context, q db.Q, id string, after, limit int) ([]RowProblem, error) {
	return db.All(ctx, q, func(s db.Scanner) (r RowProblem, err error) {
		var text string
		if err := s.Scan(&r.Row, &text); err != nil {
			return r, err
		}
		return r, json.Unmarshal([]byte(text), &r.Problem)
	}, `SELECT row_no, problem FROM job_row_errors WHERE job_id = $1 AND row_no > $2 ORDER BY row_no LIMIT $3`, id, after, limit)
}

// Cancel ends a job: at once when it waits, as soon as its handler notices
// when it runs. It is a Conflict when the job has ended.
func (r *Runner) Cancel(ctx context.Context, tx *db.Tx, now time.Time, actor kernel.Actor, id string) error {
	before, err := Get(ctx, tx, id)
	if err != nil {
		return err
	}
	if !before.State.Open() {
		return kernel.Clash("job.error.ended", nil)
	}
	err = db.Changed(tx.ExecContext(ctx, `UPDATE job_jobs SET cancel = TRUE,
		state = CASE WHEN state = 'due' THEN 'cancelled' ELSE state END, ended_at = CASE WHEN state = 'due' THEN CAST($1 AS BIGINT) ELSE 0 END
		WHERE id = $2 AND ended_at = 0`, kernel.Micros(now), id))
	if err != nil {
		return err
	}
	tx.AfterCommit(func() { r.interrupt(id) })
	return audit.Write(ctx, tx, audit.Entry{At: now, Actor: actor, Action: "job.cancel", Subject: "job:" + id, Before: before.State})
}

// interrupt ends a run of this process without waiting for its heartbeat.
func (r *Runner) interrupt(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if cancel := r.working[id]; cancel != nil {
		cancel(errCancelled)
	}
}

// Retry lets a job that failed, or that waits after a failure, run at once
// with all its tries.
func (r *Runner) Retry(ctx context.Context, tx *db.Tx, now time.Time, actor kernel.Actor, id string) error {
	before, err := Get(ctx, tx, id)
	if err != nil {
		return err
	}
	if !before.Stuck() {
		return kernel.Clash("job.error.not_failed", nil)
	}
	err = db.Changed(tx.ExecContext(ctx, `UPDATE job_jobs SET state = 'due', tries = 0, run_at = $1, ended_at = 0, cancel = FALSE
		WHERE id = $2 AND state IN ('failed', 'due')`, kernel.Micros(now), id))
	if db.IsUnique(err) { // another with its key has been enqueued since
		return kernel.Clash("job.error.key_taken", nil)
	}
	if err != nil {
		return err
	}
	tx.AfterCommit(r.Wake)
	return audit.Write(ctx, tx, audit.Entry{At: now, Actor: actor, Action: "job.retry", Subject: "job:" + id, Before: before.State})
}

// TaskStatus is a periodic task as the operator sees it.
type TaskStatus struct {
	Kind      string
	NextAt    time.Time
	StartedAt time.Time
	EndedAt   time.Time // zero: never yet
	Running   bool
	Tries     int    // failures in a row
	Detail    string // of the last failure
}

// Tasks lists the periodic tasks that have run at least once.
func Tasks(ctx context.Context, q db.Q) ([]TaskStatus, error) {
	now := time.Now().UnixMicro()
	return db.All(ctx, q, func(s db.Scanner) (t TaskStatus, err error) {
		var next, started, ended, lease int64
		err = s.Scan(&t.Kind, &next, &started, &ended, &lease, &t.Tries, &t.Detail)
		t.NextAt, t.StartedAt, t.EndedAt = kernel.FromMicros(next), kernel.FromMicros(started), kernel.FromMicros(ended)
		t.Running = lease > now
		return t, err
	}, `SELECT kind, next_at, started_at, ended_at, lease_until, tries, detail FROM job_periodic ORDER BY kind`)
}

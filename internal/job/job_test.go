package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"anlan/internal/audit"
	"anlan/internal/blob"
	"anlan/internal/db"
	"anlan/internal/dbtest"
	"anlan/internal/i18n"
	"anlan/internal/kernel"
	"anlan/internal/stream"
)

var (
	clerk = kernel.Actor{Kind: kernel.ActorAccount, ID: "a1", Name: "王芳"}
	noon  = time.Date(2026, 5, 6, 4, 0, 0, 0, time.UTC)
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func each(t *testing.T, test func(t *testing.T, d *db.DB)) {
	t.Helper()
	dbtest.Each(t, test, Migrations(), audit.Migrations())
}

// newRunner returns a runner whose clock stands at noon.
func newRunner(t *testing.T, d *db.DB) (*Runner, *kernel.ManualClock) {
	t.Helper()
	store, err := blob.Open(t.TempDir(), blob.Options{Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	clock := kernel.NewManualClock(noon)
	return NewRunner(d, store, stream.NewHub(stream.Options{}), clock, quiet()), clock
}

func enqueue(t *testing.T, r *Runner, j Job) string {
	t.Helper()
	if j.Kind == "" {
		j.Kind = "test"
	}
	if j.Actor.IsZero() {
		j.Actor = clerk
	}
	var id string
	err := r.db.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
		id, err = r.Enqueue(ctx, tx, j)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func status(t *testing.T, d *db.DB, id string) Status {
	t.Helper()
	j, err := Get(t.Context(), d.Reader(), id)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func drain(t *testing.T, r *Runner) {
	t.Helper()
	if err := r.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// until waits for a condition of a running runner.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

func TestTextsAreComplete(t *testing.T) {
	if _, err := i18n.Load(Texts()); err != nil {
		t.Fatal(err)
	}
}

func TestJobRunsWithItsArgumentsAndLeavesItsResult(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		r, clock := newRunner(t, d)
		r.Handle("test", func(ctx context.Context, run *Run) error {
			var args struct{ File string }
			if err := run.Args(&args); err != nil {
				return err
			}
			if args.File != "x.xlsx" || run.Actor != clerk || run.Try != 1 {
				return fmt.Errorf("got %+v of %+v", args, run)
			}
			for i := range int64(3) {
				if err := run.Progress(ctx, i+1, 3); err != nil {
					return err
				}
			}
			if err := run.RowError(ctx, 7, kernel.Bad("uscc", "id_length", "123")); err != nil {
				return err
			}
			return run.Result(ctx, "结果.csv", "text/csv", strings.NewReader("a,b\n"))
		})
		id := enqueue(t, r, Job{Args: map[string]string{"File": "x.xlsx"}, Title: kernel.Text{ZH: "导入"}, Group: "licensing.import"})
		clock.Advance(time.Second)
		drain(t, r)
		j := status(t, d, id)
		want := Status{ID: id, Kind: "test", Group: "licensing.import", Title: kernel.Text{ZH: "导入"}, Actor: clerk, State: Done,
			RunAt: noon.Add(time.Second), CreatedAt: noon, StartedAt: noon.Add(time.Second), EndedAt: noon.Add(time.Second), Tries: 1, Done: 3, Total: 3, RowErrors: 1,
			Result: Result{Hash: j.Result.Hash, Name: "结果.csv", Type: "text/csv", Size: 4}}
		if diff := cmp.Diff(want, j); diff != "" || j.Percent() != 100 {
			t.Error(diff)
		}
		f, err := r.blobs.Get(t.Context(), j.Result.Hash)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if b, _ := io.ReadAll(f); string(b) != "a,b\n" {
			t.Errorf("result %q", b)
		}
		rows, err := RowErrors(t.Context(), d.Reader(), id, 0, 10)
		if err != nil || len(rows) != 1 || rows[0].Row != 7 || rows[0].Problem.Err().Fields[0].Rule != "id_length" {
			t.Errorf("%+v, %v", rows, err)
		}
		if n, err := r.blobs.Collect(t.Context(), d, -time.Hour); err != nil || n != 0 {
			t.Errorf("the result of a job was collected: %d, %v", n, err)
		}
	})
}

func TestFailuresDecideWhetherAJobRunsAgain(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		r, clock := newRunner(t, d)
		fail := map[string]error{
			"invalid": kernel.Bad("file", "sheet_header", ""), "conflict": kernel.Clash("error.conflict", nil),
			"down": kernel.Down("error.unavailable", errors.New("peer")), "internal": errors.New("boom"),
		}
		runs := map[string]int{}
		r.Handle("test", func(ctx context.Context, run *Run) error {
			var how string
			if err := run.Args(&how); err != nil {
				return err
			}
			runs[how]++
			if how == "panic" {
				panic("oops")
			}
			if how == "later" && run.Try == 3 {
				return nil
			}
			if how == "later" {
				return fail["down"]
			}
			return fail[how]
		})
		ids := map[string]string{}
		for _, how := range []string{"invalid", "conflict", "down", "internal", "panic", "later"} {
			ids[how] = enqueue(t, r, Job{Args: how})
		}
		for range 10 {
			drain(t, r)
			clock.Advance(2 * time.Hour)
		}
		for how, want := range map[string]struct {
			runs  int
			state State
			key   string
		}{
			"invalid": {1, Failed, "error.invalid"}, "conflict": {1, Failed, "error.conflict"}, "down": {maxTries, Failed, "error.unavailable"},
			"internal": {maxTries, Failed, "error.internal"}, "panic": {maxTries, Failed, "error.internal"}, "later": {3, Done, ""},
		} {
			j := status(t, d, ids[how])
			key := ""
			if j.Problem != nil {
				key = j.Problem.Key
			}
			if runs[how] != want.runs || j.State != want.state || key != want.key || j.Stuck() != (want.state == Failed) {
				t.Errorf("%s: %d runs, %s, %q; want %+v", how, runs[how], j.State, key, want)
			}
		}
		stuck, err := List(t.Context(), d.Reader(), Filter{Stuck: true})
		if err != nil || len(stuck) != 5 {
			t.Errorf("%d stuck, %v", len(stuck), err)
		}
		if j := status(t, d, ids["internal"]); j.Detail != "boom" {
			t.Errorf("the operator reads %q", j.Detail)
		}
		err = d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			return r.Retry(ctx, tx, clock.Now(), clerk, ids["down"])
		})
		if err != nil {
			t.Fatal(err)
		}
		delete(fail, "down")
		drain(t, r)
		if j := status(t, d, ids["down"]); j.State != Done || j.Problem != nil {
			t.Errorf("after the operator's retry: %+v", j)
		}
	})
}

func TestJobWaitsForItsTimeAndBetweenTries(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		r, clock := newRunner(t, d)
		runs := 0
		r.Handle("test", func(context.Context, *Run) error { runs++; return errors.New("again") })
		enqueue(t, r, Job{RunAt: noon.Add(time.Hour)})
		for _, step := range []struct {
			wait time.Duration
			runs int
		}{{0, 0}, {59 * time.Minute, 0}, {time.Minute, 1}, {time.Second, 1}, {time.Second, 2}, {7 * time.Second, 2}, {time.Second, 3}} {
			clock.Advance(step.wait)
			drain(t, r)
			if runs != step.runs {
				t.Errorf("at %s: %d runs, want %d", clock.Now(), runs, step.runs)
			}
		}
	})
}

func TestOneOpenJobPerKey(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		r, _ := newRunner(t, d)
		r.Handle("test", func(context.Context, *Run) error { return nil })
		r.Handle("other", func(context.Context, *Run) error { return nil })
		first := enqueue(t, r, Job{Key: "e1"})
		if again := enqueue(t, r, Job{Key: "e1"}); again != first {
			t.Error("two open jobs of one key")
		}
		for name, j := range map[string]Job{"another key": {Key: "e2"}, "another kind": {Kind: "other", Key: "e1"}, "no key": {}} {
			if id := enqueue(t, r, j); id == first {
				t.Errorf("%s: taken for the same", name)
			}
		}
		drain(t, r)
		if next := enqueue(t, r, Job{Key: "e1"}); next == first {
			t.Error("an ended job blocks its key")
		}
	})
}

func TestCancelEndsWaitingAndRunningJobs(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		r, _ := newRunner(t, d)
		started := make(chan string, 1)
		r.Handle("test", func(ctx context.Context, run *Run) error {
			started <- run.ID
			<-ctx.Done()
			return run.Progress(ctx, 1, 2)
		})
		cancel := func(id string) error {
			return d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return r.Cancel(ctx, tx, noon, clerk, id) })
		}
		waiting := enqueue(t, r, Job{RunAt: noon.Add(time.Hour)})
		if err := cancel(waiting); err != nil {
			t.Fatal(err)
		}
		if j := status(t, d, waiting); j.State != Cancelled {
			t.Errorf("waiting: %s", j.State)
		}
		if err := cancel(waiting); kernel.KindOf(err) != kernel.Conflict {
			t.Errorf("cancelled twice: %v", err)
		}
		running := enqueue(t, r, Job{})
		r.Start(t.Context())
		defer r.Stop()
		<-started
		if err := cancel(running); err != nil {
			t.Fatal(err)
		}
		until(t, "the job ends", func() bool { return status(t, d, running).State == Cancelled })
	})
}

func TestStopGivesTheJobBackWithoutATry(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		r, _ := newRunner(t, d)
		started := make(chan bool, 1)
		r.Handle("test", func(ctx context.Context, run *Run) error {
			started <- true
			<-ctx.Done()
			return ctx.Err()
		})
		id := enqueue(t, r, Job{})
		r.Start(t.Context())
		<-started
		r.Stop()
		if j := status(t, d, id); j.State != Due || j.Tries != 0 || j.Stuck() {
			t.Errorf("%+v", j)
		}
	})
}

// Two processes share the work: each job runs once.
func TestRunnersShareJobs(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		var mu sync.Mutex
		runs := map[string]int{}
		var runners []*Runner
		for range 2 {
			r, _ := newRunner(t, d)
			r.Handle("test", func(ctx context.Context, run *Run) error {
				mu.Lock()
				defer mu.Unlock()
				runs[run.ID]++
				return nil
			})
			runners = append(runners, r)
		}
		const jobs = 40
		for range jobs {
			enqueue(t, runners[0], Job{})
		}
		for _, r := range runners {
			r.Start(t.Context())
			defer r.Stop()
		}
		until(t, "all are done", func() bool {
			c, err := Count(t.Context(), d.Reader())
			return err == nil && c == Counts{}
		})
		mu.Lock()
		defer mu.Unlock()
		if len(runs) != jobs {
			t.Errorf("%d jobs ran", len(runs))
		}
		for id, n := range runs {
			if n != 1 {
				t.Errorf("job %s ran %d times", id, n)
			}
		}
	})
}

func TestRunThatLostItsLeaseCannotCommit(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		r, _ := newRunner(t, d)
		var late error
		r.Handle("test", func(ctx context.Context, run *Run) error {
			if run.Try > 1 {
				return nil
			}
			execute(t, d, `UPDATE job_jobs SET lease_until = 1`) // the machine slept
			if err := r.lapse(ctx); err != nil {
				return err
			}
			late = d.InTx(ctx, func(ctx context.Context, tx *db.Tx) error { return run.Save(ctx, tx, 1) })
			return late
		})
		id := enqueue(t, r, Job{})
		drain(t, r)
		if !errors.Is(late, errLostLease) {
			t.Errorf("a slice was committed without the lease: %v", late)
		}
		if j := status(t, d, id); j.State != Done || j.Tries != 2 {
			t.Errorf("%+v", j)
		}
	})
}

func execute(t *testing.T, d *db.DB, query string, args ...any) {
	t.Helper()
	err := d.InTx(context.Background(), func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestJobThatKillsItsProcessStandsAsFailed(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		r, _ := newRunner(t, d)
		r.Handle("test", func(context.Context, *Run) error { return nil })
		id := enqueue(t, r, Job{})
		for range maxTries {
			if run, err := r.take(t.Context()); err != nil || run == nil {
				t.Fatal(run, err)
			}
			execute(t, d, `UPDATE job_jobs SET lease_until = 1`)
			if err := r.lapse(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if j := status(t, d, id); j.State != Failed || j.Problem == nil || j.Problem.Key != "job.error.crashed" {
			t.Errorf("%+v", j)
		}
	})
}

func TestRowErrorsOfAnEarlierRunStayOnlyWithWhatItSaved(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		r, clock := newRunner(t, d)
		bad := kernel.Bad("name", "required", "")
		r.Handle("anew", func(ctx context.Context, run *Run) error {
			if err := run.RowError(ctx, run.Try, bad); err != nil || run.Try > 1 {
				return err
			}
			return errors.New("again")
		})
		r.Handle("resumes", func(ctx context.Context, run *Run) error {
			next := 1
			if _, err := run.Saved(&next); err != nil {
				return err
			}
			if next != run.Try {
				t.Errorf("run %d begins at %d", run.Try, next)
			}
			err := d.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
				return errors.Join(run.RowError(ctx, next, bad), run.Progress(ctx, int64(next), 2), run.Save(ctx, tx, next+1))
			})
			if err != nil || next == 2 {
				return err
			}
			return errors.New("again")
		})
		anew, resumes := enqueue(t, r, Job{Kind: "anew"}), enqueue(t, r, Job{Kind: "resumes"})
		drain(t, r)
		clock.Advance(time.Hour)
		drain(t, r)
		for id, want := range map[string]int64{anew: 1, resumes: 2} {
			if j := status(t, d, id); j.State != Done || j.RowErrors != want {
				t.Errorf("%s: %s, %d row errors, want %d", j.Kind, j.State, j.RowErrors, want)
			}
		}
	})
}

func TestProgressIsPublished(t *testing.T) {
	d := dbtest.SQLite(t, Migrations(), audit.Migrations())
	r, _ := newRunner(t, d)
	r.Handle("test", func(ctx context.Context, run *Run) error { return run.Progress(ctx, 1, 4) })
	id := enqueue(t, r, Job{})
	s := r.hub.Subscribe(t.Context(), []string{"job:" + id}, "")
	drain(t, r)
	for _, want := range []Progress{{id, Running, 1, 4}, {id, Done, 1, 4}} {
		e, err := s.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var got Progress
		if err := json.Unmarshal(e.Data, &got); err != nil || got != want {
			t.Errorf("%s, want %+v", e.Data, want)
		}
	}
}

func TestPeriodicTaskRunsOncePerIntervalInOneProcess(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		a, clock := newRunner(t, d)
		b, _ := newRunner(t, d)
		b.clock = clock
		var runs, failures atomic.Int64
		fail := true
		for _, r := range []*Runner{a, b} {
			r.Every("fine", time.Hour, func(context.Context) error { runs.Add(1); return nil })
			r.Every("fails", time.Hour, func(context.Context) error {
				failures.Add(1)
				if fail {
					panic("oops")
				}
				return nil
			})
		}
		both := func() {
			drain(t, a)
			drain(t, b)
		}
		both()
		if runs.Load() != 1 || failures.Load() != 1 {
			t.Errorf("%d and %d runs at first", runs.Load(), failures.Load())
		}
		clock.Advance(time.Minute)
		both()
		if runs.Load() != 1 || failures.Load() != 2 {
			t.Errorf("%d and %d runs after a minute", runs.Load(), failures.Load())
		}
		tasks, err := Tasks(t.Context(), d.Reader())
		if err != nil || len(tasks) != 3 || tasks[0].Kind != "fails" || tasks[0].Tries != 2 || !strings.Contains(tasks[0].Detail, "oops") {
			t.Errorf("%+v, %v", tasks, err)
		}
		fail = false
		clock.Advance(time.Hour)
		both()
		if runs.Load() != 2 || failures.Load() != 3 {
			t.Errorf("%d and %d runs after an hour", runs.Load(), failures.Load())
		}
	})
}

func TestPeriodicTaskOfADeadProcessIsTakenOver(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		dead, _ := newRunner(t, d)
		dead.Every("task", time.Hour, func(context.Context) error { return nil })
		if mine, err := dead.leaseTask(t.Context(), "task"); err != nil || !mine {
			t.Fatal(mine, err)
		}
		runs := 0
		r, _ := newRunner(t, d)
		r.Every("task", time.Hour, func(context.Context) error { runs++; return nil })
		drain(t, r)
		if runs != 0 {
			t.Error("ran while another process had it")
		}
		execute(t, d, `UPDATE job_periodic SET lease_until = 1 WHERE kind = 'task'`)
		drain(t, r)
		if runs != 1 {
			t.Errorf("%d runs after the lease lapsed", runs)
		}
	})
}

func TestEndedJobsGoAfterNinetyDays(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		r, clock := newRunner(t, d)
		r.Handle("test", func(ctx context.Context, run *Run) error {
			return run.RowError(ctx, 1, kernel.Bad("a", "required", ""))
		})
		old := enqueue(t, r, Job{})
		drain(t, r)
		clock.Advance(keepFor)
		young := enqueue(t, r, Job{})
		drain(t, r)
		clock.Advance(time.Hour)
		if err := r.purge(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := Get(t.Context(), d.Reader(), old); kernel.KindOf(err) != kernel.NotFound {
			t.Errorf("old: %v", err)
		}
		status(t, d, young)
	})
}

func TestListFilters(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		r, clock := newRunner(t, d)
		r.Handle("test", func(context.Context, *Run) error { return nil })
		other := kernel.Actor{Kind: kernel.ActorAccount, ID: "a2", Name: "李强"}
		var ids []string
		for i, j := range []Job{{Group: "g"}, {Group: "g", Actor: other}, {}} {
			clock.Set(noon.Add(time.Duration(i) * time.Second))
			ids = append(ids, enqueue(t, r, j))
		}
		for name, c := range map[string]struct {
			f    Filter
			want []string
		}{
			"all": {Filter{}, []string{ids[2], ids[1], ids[0]}}, "group": {Filter{Group: "g"}, []string{ids[1], ids[0]}},
			"actor": {Filter{Actor: "a2"}, []string{ids[1]}}, "page": {Filter{Before: ids[2], Limit: 1}, []string{ids[1]}},
			"state": {Filter{State: Done}, nil},
		} {
			list, err := List(t.Context(), d.Reader(), c.f)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, j := range list {
				got = append(got, j.ID)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
	})
}

func TestEnqueueRefusesWhatCannotRun(t *testing.T) {
	d := dbtest.SQLite(t, Migrations(), audit.Migrations())
	r, _ := newRunner(t, d)
	r.Handle("test", func(context.Context, *Run) error { return nil })
	for name, j := range map[string]Job{
		"no handler": {Kind: "none", Actor: clerk}, "nobody": {Kind: "test"}, "arguments": {Kind: "test", Actor: clerk, Args: func() {}},
	} {
		err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { _, err := r.Enqueue(ctx, tx, j); return err })
		if err == nil {
			t.Errorf("%s: enqueued", name)
		}
	}
}

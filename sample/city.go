package sample

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"time"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/deadline"
	"anlan/internal/job"
	"anlan/internal/kernel"
	"anlan/licensing"
	"anlan/licensing/rule"
	"anlan/registry"
)

// Parts are what the city is built with. Every service runs on Clock, sends
// nothing outside, and belongs to the city alone.
type Parts struct {
	DB        *db.DB
	Clock     *kernel.ManualClock
	Log       *slog.Logger
	Registry  *registry.Service
	Auth      *auth.Service
	Licensing *licensing.Service              // with its Sample mark set
	Rules     *rule.Catalogue                 // as shipped
	Keep      func(Secret) error              // where passwords of the front door are written down
	Settle    func(ctx context.Context) error // runs the events that are due on Clock
	Jobs      *job.Runner                     // on Clock; only Core lets it work, the rest leaves its jobs to the platform's runner
	Seed      uint64                          // 0: the usual city
}

// City is the sample city of one database.
type City struct {
	Parts
	until     time.Time // where the clock arrives
	plan      plan
	builder   *auth.Principal // records enterprises and people
	personnel *auth.Principal // opens accounts
	calendar  *deadline.Calendar
	papers    papers
	signedIn  map[string]*auth.Principal // by login or telephone
}

// plan is everything that will be there, before any of it is.
type plan struct {
	officers []officer
	firms    []firm
	holders  []holder
	stories  []story
	stock    []held
}

// step is one act in the life of the city.
type step struct {
	at   time.Time
	what string // for the log
	do   func(ctx context.Context) error
}

// New plans the city as it will stand at until. It writes nothing. The areas
// must be there (registry.Prepare).
func New(ctx context.Context, p Parts, until time.Time) (*City, error) {
	var areas []registry.Area
	err := p.DB.View(ctx, func(ctx context.Context, q db.Q) (err error) {
		areas, err = registry.Areas(ctx, q)
		return err
	})
	if err != nil {
		return nil, err
	}
	today := kernel.DateOf(until)
	c := &City{Parts: p, until: until, builder: auth.Platform("sample", registry.PermWrite),
		personnel: auth.Platform("sample", auth.ManageAccounts, auth.AssignRoles),
		calendar:  deadline.Embedded(), signedIn: map[string]*auth.Principal{}}
	c.plan.officers = officers(areas)
	c.plan.firms = firms(p.Seed, areas, today)
	c.plan.holders = holders(p.Seed, c.plan.firms, today)
	c.plan.stories = stories(p.Seed, p.Rules, c.plan, today)
	c.plan.stock = stock(p.Seed, c.plan, today)
	return c, nil
}

// Core builds what a visitor needs at once: the officers of the city, two
// districts and a zone, and a few dozen enterprises. What is there already is
// left as it is.
func (c *City) Core(ctx context.Context) error {
	return c.walk(ctx, c.steps(true), 0, func(int, int) error { return nil })
}

// Rest builds everything else and reports after every step; an error of
// report stops it. It begins at step from, and passes over what is there.
func (c *City) Rest(ctx context.Context, from int, report func(done, total int) error) error {
	return c.walk(ctx, c.steps(false), from, report)
}

// Built reports whether the core stands in a database.
func Built(ctx context.Context, q db.Q) (bool, error) {
	_, err := registry.FindEnterprise(ctx, q, auth.CityScope(), creditCode(1))
	if kernel.KindOf(err) == kernel.NotFound {
		return false, nil
	}
	return err == nil, err
}

// steps are the acts of the core or of the rest. Each phase goes through the
// years from the past to the present: first who is there, then the work.
func (c *City) steps(core bool) []step {
	out := inTime(c.settlement(core))
	out = append(out, c.taking(core))
	today := step{c.until, "what falls due today", c.Licensing.Daily}
	if core {
		return append(out, step{c.until.Add(-time.Hour), "jobs", c.Jobs.Drain}, today)
	}
	var work []step
	for _, s := range c.plan.stories {
		work = append(work, c.tell(s)...)
	}
	work = append(work, c.contacts()...)
	work = append(work, c.registerActs()...)
	out = append(out, inTime(work)...)
	var people []step
	for _, h := range c.plan.holders {
		people = append(people, c.enrolment(h))
	}
	return append(append(append(out, inTime(people)...), c.secrets()...), today)
}

// settlement is who comes to the city: officers, enterprises, applicants.
func (c *City) settlement(core bool) []step {
	var out []step
	for _, o := range c.plan.officers {
		if o.Core == core {
			out = append(out, c.appointment(o))
		}
	}
	for _, f := range c.plan.firms {
		if f.Core == core {
			out = append(out, c.registration(f))
		}
	}
	for i, a := range c.applicants() {
		if (i < coreApplicants) == core {
			out = append(out, c.admission(a))
		}
	}
	return out
}

func inTime(steps []step) []step {
	slices.SortStableFunc(steps, func(a, b step) int { return a.at.Compare(b.at) })
	return steps
}

// coreApplicants are the people who can sign in from the first second on.
const coreApplicants = 3

// settleEvery is how many steps are taken before what follows from them is
// run, so that nothing reacts years after its cause.
const settleEvery = 16

func (c *City) walk(ctx context.Context, steps []step, from int, report func(done, total int) error) error {
	for i := min(from, len(steps)); i < len(steps); i++ {
		s := steps[i]
		c.Clock.Set(s.at)
		if err := s.do(ctx); err != nil {
			return fmt.Errorf("sample city, %s: %w", s.what, err)
		}
		if (i+1)%settleEvery == 0 {
			if err := c.Settle(ctx); err != nil {
				return err
			}
		}
		if err := report(i+1, len(steps)); err != nil {
			return err
		}
	}
	c.Clock.Set(c.until)
	return c.Settle(ctx)
}

// JobKind is the kind of the job that builds the rest.
const JobKind = "sample.rest"

// jobArgs are the arguments of the job: a walk that is taken up again another
// day still arrives where it was to arrive.
type jobArgs struct {
	Until time.Time `json:"until"`
}

// Handle lets the platform's runner build the rest in the background.
func (c *City) Handle(r *job.Runner) {
	r.Handle(JobKind, func(ctx context.Context, run *job.Run) error {
		var args jobArgs
		if err := run.Args(&args); err != nil {
			return err
		}
		var from int
		if _, err := run.Saved(&from); err != nil {
			return err
		}
		city, err := New(ctx, c.Parts, args.Until)
		if err != nil {
			return err
		}
		defer debug.FreeOSMemory() // hundreds of papers were set; an idle platform should not keep their room
		return city.Rest(ctx, from, func(done, total int) error {
			if err := run.Progress(ctx, int64(done), int64(total)); err != nil || done%settleEvery != 0 {
				return err
			}
			return c.DB.InTx(ctx, func(ctx context.Context, tx *db.Tx) error { return run.Save(ctx, tx, done) })
		})
	})
}

// Job is the work that builds the rest; at most one of it is open.
func (c *City) Job() job.Job {
	return job.Job{Kind: JobKind, Key: JobKind, Actor: kernel.System("sample"), Args: jobArgs{c.until},
		Title: kernel.Text{ZH: "建立样例城市", EN: "Building the sample city"}}
}

package job

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
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
	return db.Migrations{Owner: "job", Rank: 3, FS: sub}
}

// Texts are the words of this package.
func Texts() i18n.Source { return i18n.Source{Owner: "job", FS: locale} }

// Job is work to be done.
type Job struct {
	Kind  string // "licensing.import"; a handler of this name must exist
	Args  any    // marshalled to JSON; no personal data in clear
	Actor kernel.Actor
	Title kernel.Text
	RunAt time.Time // not before; zero: now
	Key   string    // of one kind and key at most one job is open; "" none
	Group string    // for listing, "licensing.import"; "" takes Kind
}

// State is where a job stands.
type State string

// The states.
const (
	Due       State = "due"
	Running   State = "running"
	Done      State = "done"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

// Open reports whether the job may still do something.
func (s State) Open() bool { return s == Due || s == Running }

// Enqueue writes the job in tx and returns its id. When a job of the same
// kind and key is open, that one's id is returned and nothing is written.
func (r *Runner) Enqueue(ctx context.Context, tx *db.Tx, j Job) (string, error) {
	if r.handlers[j.Kind] == nil {
		return "", fmt.Errorf("job: no handler for %q", j.Kind)
	}
	if j.Actor.IsZero() {
		return "", fmt.Errorf("job %s: nobody asks for it", j.Kind)
	}
	args, err := json.Marshal(j.Args)
	if err != nil {
		return "", fmt.Errorf("job %s: %w", j.Kind, err)
	}
	who, err := json.Marshal(j.Actor)
	if err != nil {
		return "", fmt.Errorf("job %s: %w", j.Kind, err)
	}
	if j.Group == "" {
		j.Group = j.Kind
	}
	now := r.clock.Now()
	if j.RunAt.IsZero() {
		j.RunAt = now
	}
	tx.AfterCommit(r.Wake)
	ids, err := db.Column[string](ctx, tx, `
		INSERT INTO job_jobs (id, kind, grp, unique_key, title_zh, title_en, args, actor, actor_id, state, cancel, run_at, created_at, started_at,
			ended_at, tries, owner, lease_until, done, total, row_errors, saved, problem, detail, result_hash, result_name, result_type, result_size)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $11, 'due', FALSE, $9, $10, 0, 0, 0, '', 0, 0, 0, 0, '', '', '', '', '', '', 0)
		ON CONFLICT (kind, unique_key) WHERE unique_key <> '' AND ended_at = 0 DO NOTHING RETURNING id`,
		kernel.NewID(now), j.Kind, j.Group, j.Key, j.Title.ZH, j.Title.EN, string(args), string(who), kernel.Micros(j.RunAt), kernel.Micros(now), j.Actor.ID)
	if err != nil || len(ids) == 1 {
		return first(ids), err
	}
	return db.Value[string](ctx, tx, `SELECT id FROM job_jobs WHERE kind = $1 AND unique_key = $2 AND ended_at = 0`, j.Kind, j.Key)
}

func first(ids []string) string {
	if len(ids) == 0 {
		return ""
	}
	return ids[0]
}

// Problem is a failure as it is kept and shown: the page finds its text in
// the catalogues, in the language of whoever looks.
type Problem struct {
	Kind   kernel.Kind    `json:"kind"`
	Key    string         `json:"key"`
	Args   map[string]any `json:"args,omitempty"`
	Fields []FieldProblem `json:"fields,omitempty"`
}

// FieldProblem is a kernel.FieldError that keeps its arguments.
type FieldProblem struct {
	Field string         `json:"field"`
	Rule  string         `json:"rule"`
	Value string         `json:"value"`
	Args  map[string]any `json:"args,omitempty"`
}

// ProblemOf keeps what a caller may be told about err; of an internal error
// that is only that it was one.
func ProblemOf(err error) Problem {
	var e *kernel.Error
	if !errors.As(err, &e) {
		return Problem{Kind: kernel.Internal, Key: "error.internal"}
	}
	p := Problem{Kind: e.Kind, Key: e.Key, Args: e.Args}
	for _, f := range e.Fields {
		p.Fields = append(p.Fields, FieldProblem{f.Field, f.Rule, f.Value, f.Args})
	}
	return p
}

// Err gives the failure back as an error, for the presenters of errors.
func (p Problem) Err() *kernel.Error {
	e := &kernel.Error{Kind: p.Kind, Key: p.Key, Args: p.Args}
	for _, f := range p.Fields {
		e.Fields = append(e.Fields, kernel.FieldError{Field: f.Field, Rule: f.Rule, Value: f.Value, Args: f.Args})
	}
	return e
}

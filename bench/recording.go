package bench

import (
	"context"
	"slices"
	"strings"
	"sync"

	"anlan/internal/db"
)

// recording is what handing cases in sent to the database, case by case.
type recording struct {
	mu    sync.Mutex
	cases [][]*recorded
	added int
}

// recorded is a transaction or view that is run again once, after those that
// wrote what it names: takers of numbers share a transaction, and it stands
// with one of them.
type recorded struct {
	db.Traced
	place int // in the order of commits
	after []*recorded
	once  sync.Once
	err   error
}

func newRecording(cases int) *recording { return &recording{cases: make([][]*recorded, cases)} }

type caseKey struct{}

// of marks what is done for a case.
func (r *recording) of(ctx context.Context, i int) context.Context {
	return context.WithValue(ctx, caseKey{}, i)
}

// add is the database's Options.Trace; what belongs to no case is preparation.
func (r *recording) add(ctx context.Context, t db.Traced) {
	i, ok := ctx.Value(caseKey{}).(int)
	if !ok {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.added++
	r.cases[i] = append(r.cases[i], &recorded{Traced: t, place: r.added})
}

// link finds for each transaction the earlier ones that inserted a row which
// it names by its id.
func (r *recording) link() {
	inserted := map[string]*recorded{}
	for _, txs := range r.cases {
		for _, t := range txs {
			for _, s := range t.Statements {
				if id, ok := insertedID(s); ok {
					inserted[id] = t
				}
			}
		}
	}
	for _, txs := range r.cases {
		for _, t := range txs {
			t.link(inserted)
		}
	}
}

func (t *recorded) link(inserted map[string]*recorded) {
	for _, s := range t.Statements {
		for _, arg := range s.Args {
			id, _ := arg.(string)
			if maker := inserted[id]; maker != nil && maker.place < t.place && !slices.Contains(t.after, maker) {
				t.after = append(t.after, maker)
			}
		}
	}
}

// insertedID is the id of the row that a statement inserts: by the custom of
// the house the first value.
func insertedID(s db.Statement) (string, bool) {
	if !strings.HasPrefix(strings.TrimSpace(s.Query), "INSERT") || len(s.Args) == 0 {
		return "", false
	}
	id, ok := s.Args[0].(string)
	return id, ok && len(id) == 36
}

// replay runs what was recorded for a case.
func (r *recording) replay(ctx context.Context, i int, b bare) error {
	for _, t := range r.cases[i] {
		if err := t.replay(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

func (t *recorded) replay(ctx context.Context, b bare) error {
	for _, maker := range t.after {
		if err := maker.replay(ctx, b); err != nil {
			return err
		}
	}
	t.once.Do(func() { t.err = b.run(ctx, t.Traced) })
	return t.err
}

// count tells what was recorded.
func (r *recording) count() (statements, reads, transactions int) {
	for _, txs := range r.cases {
		transactions += len(txs)
		for _, t := range txs {
			statements += len(t.Statements)
			for _, s := range t.Statements {
				if s.Rows {
					reads++
				}
			}
		}
	}
	return statements, reads, transactions
}

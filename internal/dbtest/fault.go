package dbtest

import (
	"errors"
	"sync"
	"testing"

	"anlan/internal/db"
)

// ErrBroken is what statements on a failing database return.
var ErrBroken = errors.New("dbtest: this database always fails")

// Failing returns a database of which every statement fails, for the paths
// that only a broken database reaches.
func Failing(t testing.TB) *db.DB {
	t.Helper()
	d, faults := Faulty(t)
	faults.Fail(func(string) error { return ErrBroken })
	return d
}

// Faults decides which statements of a database fail.
type Faults struct {
	mu   sync.Mutex
	rule func(query string) error
}

// Fail makes every later statement fail for which rule returns an error; nil
// ends it.
func (f *Faults) Fail(rule func(query string) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rule = rule
}

func (f *Faults) check(query string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.rule == nil {
		return nil
	}
	return f.rule(query)
}

// Faulty returns a migrated SQLite database that works until the Faults say
// otherwise: set up, sign in, then let the statement under test fail.
func Faulty(t testing.TB, sources ...db.Migrations) (*db.DB, *Faults) {
	t.Helper()
	faults := &Faults{}
	return SQLiteWith(t, db.Options{Fault: faults.check}, sources...), faults
}

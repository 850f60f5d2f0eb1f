package number

import (
	"context"
	"encoding/json"
	"time"

	"anlan/internal/db"
	"anlan/internal/kernel"
)

// Row is a number in the ledger.
type Row struct {
	Number
	State    string
	Subject  string // its holder, "" unless used
	TakenAt  time.Time
	TakenBy  kernel.Actor
	VoidedBy kernel.Actor // nobody unless voided
	Reason   string       // why it was voided; "leftover": nobody used it in time
}

// Filter chooses rows for List.
type Filter struct {
	Series string // exact
	State  string // "" all
	Before int64  // value of the last row of the page before, 0: from the newest
	Limit  int    // 0: 50
}

// List returns the ledger of a series, the highest value first.
func List(ctx context.Context, q db.Q, f Filter) ([]Row, error) {
	var w db.Where
	w.And("series = ?", f.Series)
	if f.State != "" {
		w.And("state = ?", f.State)
	}
	if f.Before > 0 {
		w.And("value < ?", f.Before)
	}
	if f.Limit == 0 {
		f.Limit = 50
	}
	return db.All(ctx, q, scanRow, `SELECT id, series, value, state, subject, taken_at, taken_by, voided_by, reason
		FROM number_numbers `+w.SQL()+w.Bind(` ORDER BY value DESC LIMIT ?`, f.Limit), w.Args...)
}

// Series is a series with its last value.
type Series struct {
	Name string
	Last int64
}

// AllSeries lists every series by name.
func AllSeries(ctx context.Context, q db.Q) ([]Series, error) {
	return db.All(ctx, q, func(s db.Scanner) (r Series, err error) { return r, s.Scan(&r.Name, &r.Last) },
		`SELECT series, last FROM number_series ORDER BY series`)
}

func scanRow(s db.Scanner) (Row, error) {
	var r Row
	var at int64
	var taken, voided string
	if err := s.Scan(&r.ID, &r.Series, &r.Value, &r.State, &r.Subject, &at, &taken, &voided, &r.Reason); err != nil {
		return r, err
	}
	r.TakenAt = kernel.FromMicros(at)
	if voided != "" {
		if err := json.Unmarshal([]byte(voided), &r.VoidedBy); err != nil {
			return r, err
		}
	}
	return r, json.Unmarshal([]byte(taken), &r.TakenBy)
}

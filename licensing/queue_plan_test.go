package licensing

import (
	"context"
	"strings"
	"testing"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/dbtest"
	"anlan/internal/kernel"
)

// TestQueueReadsItsIndexes looks at SQLite's plans: with a million cases a
// list that sorts, or a total that reads rows, is too slow.
func TestQueueReadsItsIndexes(t *testing.T) {
	var asked []db.Statement
	d := dbtest.SQLiteWith(t, db.Options{Trace: func(_ context.Context, tr db.Traced) { asked = tr.Statements }}, officeSchema()...)
	city, district, today := auth.CityScope(), auth.Scope{Officer: true, Areas: []string{"120103"}}, kernel.MustDate("2026-05-06")
	for name, tt := range map[string]struct {
		scope       auth.Scope
		filter      CaseFilter
		list, count string
	}{
		"state and district":     {city, CaseFilter{Open: true, State: Accepted, Area: "120103"}, "open_area (area=?)", "COVERING INDEX licensing_cases_open_area (area=?)"},
		"state in one's own":     {district, CaseFilter{Open: true, State: Accepted}, "open_area (area=?)", "COVERING INDEX licensing_cases_open_area (area=?)"},
		"due days of a district": {district, CaseFilter{Open: true, DueFrom: today, Undecided: true}, "open_area (area=? AND due>?)", "COVERING INDEX licensing_cases_open_area (area=? AND due>?)"},
		"the whole city":         {city, CaseFilter{Open: true}, "SCAN c USING INDEX licensing_cases_open", "COVERING INDEX licensing_cases_open"},
		"a desk and an item":     {city, CaseFilter{Open: true, Step: Review, Item: "petrol-station.renew"}, "SCAN c USING INDEX licensing_cases_open", "COVERING INDEX licensing_cases_open"},
		"overdue":                {city, CaseFilter{Open: true, DueBefore: today, Undecided: true}, "licensing_cases_open (due<?)", "COVERING INDEX licensing_cases_open (due<?)"},
		"one's own cases":        {city, CaseFilter{Open: true, Handler: "somebody"}, "licensing_cases_handler (handler=?)", "licensing_cases_handler (handler=?)"},
		"those at rest too":      {city, CaseFilter{State: Denied, Area: "120103"}, "SCAN c USING INDEX licensing_cases_due", "COVERING INDEX licensing_cases_due"},
	} {
		err := d.View(t.Context(), func(ctx context.Context, q db.Q) error {
			if _, err := listCases(ctx, q, tt.scope, tt.filter); err != nil {
				return err
			}
			_, err := countCases(ctx, q, tt.scope, tt.filter)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []string{tt.list, tt.count} {
			plan := planOf(t, d, asked[i])
			if !strings.Contains(plan, want) || strings.Contains(plan, "TEMP B-TREE") {
				t.Errorf("%s: want %q, got %s", name, want, plan)
			}
		}
	}
}

func planOf(t *testing.T, d *db.DB, s db.Statement) string {
	t.Helper()
	lines, err := db.All(t.Context(), d.Reader(), func(s db.Scanner) (line string, err error) {
		var id, parent, unused int
		return line, s.Scan(&id, &parent, &unused, &line)
	}, "EXPLAIN QUERY PLAN "+s.Query, s.Args...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "; ")
}

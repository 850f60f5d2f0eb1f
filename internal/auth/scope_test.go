package auth

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"anlan/internal/db"
	"anlan/internal/dbtest"
)

func TestWhereSaysExactlyWhatTheScopeReaches(t *testing.T) {
	all := Columns{Area: "area", Enterprise: "enterprise", Account: "account", Unit: "unit", Item: "item"}
	for name, c := range map[string]struct {
		scope Scope
		cols  Columns
		sql   string
		args  []any
	}{
		"nobody":           {Scope{}, all, "WHERE (1 = 0)", nil},
		"city":             {CityScope(), all, "", nil},
		"district":         {Scope{Officer: true, Areas: []string{"a", "b"}}, all, "WHERE (area IN ($1, $2))", []any{"a", "b"}},
		"no such column":   {Scope{Officer: true, Areas: []string{"a"}}, Columns{Account: "account"}, "WHERE (1 = 0)", nil},
		"unit":             {Scope{Officer: true, Units: []string{"u"}}, all, "WHERE (unit IN ($1))", []any{"u"}},
		"person":           {Scope{Account: "me"}, all, "WHERE (account IN ($1))", []any{"me"}},
		"enterprise":       {Scope{Account: "me", Enterprises: []string{"e"}}, all, "WHERE (enterprise IN ($1) OR account IN ($2))", []any{"e", "me"}},
		"agent of items":   {Scope{Account: "me", Delegated: []Delegated{{"e", []string{"i", "j"}}}}, all, "WHERE (account IN ($1) OR (enterprise = $2 AND item IN ($3, $4)))", []any{"me", "e", "i", "j"}},
		"agent, no items":  {Scope{Delegated: []Delegated{{"e", []string{"i"}}}}, Columns{Enterprise: "enterprise"}, "WHERE (1 = 0)", nil},
		"agent and facts":  {Scope{Delegated: []Delegated{{"e", []string{"i"}}}}, Columns{Enterprise: "id", Facts: true}, "WHERE (id IN ($1))", []any{"e"}},
		"agent of nothing": {Scope{Delegated: []Delegated{{"e", nil}}}, all, "WHERE (1 = 0)", nil},
	} {
		var w db.Where
		c.scope.Where(&w, c.cols)
		if diff := cmp.Diff(c.sql, w.SQL()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if diff := cmp.Diff(c.args, w.Args); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// row is a business row of the model.
type row struct{ id, area, enterprise, account, unit, item string }

func draw(t *rapid.T, label string, of []string) string { return rapid.SampledFrom(of).Draw(t, label) }

func someOf(t *rapid.T, label string, of []string) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(of), 0, len(of), rapid.ID[string]).Draw(t, label)
}

// TestWhereAndSeesAgree runs random scopes over a table of every combination
// on a real engine and compares with Sees, row by row.
func TestWhereAndSeesAgree(t *testing.T) {
	d := dbtest.SQLite(t)
	ids := []string{"", "1", "2", "3"}
	var rows []row
	for _, area := range ids[:3] {
		for _, enterprise := range ids {
			for _, account := range ids[:3] {
				for _, item := range ids[:3] {
					rows = append(rows, row{fmt.Sprint(len(rows)), area, enterprise, account, "", item})
				}
			}
		}
	}
	fill(t, d, rows)
	rapid.Check(t, func(t *rapid.T) {
		s := Scope{City: rapid.IntRange(0, 9).Draw(t, "city") == 0, Areas: someOf(t, "areas", ids[1:]),
			Enterprises: someOf(t, "enterprises", ids[1:]), Account: draw(t, "account", ids)}
		for _, e := range someOf(t, "delegated", ids[1:]) {
			s.Delegated = append(s.Delegated, Delegated{e, someOf(t, "items", ids[1:])})
		}
		var w db.Where
		s.Where(&w, Columns{Area: "area", Enterprise: "enterprise", Account: "account", Item: "item"})
		got, err := db.Column[string](t.Context(), d.Reader(), `SELECT id FROM rows `+w.SQL(), w.Args...)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			want := s.SeesItem(r.area, r.enterprise, r.account, r.item)
			if slices.Contains(got, r.id) != want {
				t.Fatalf("scope %+v, row %+v: Where says %v, Sees %v", s, r, !want, want)
			}
		}
	})
}

func fill(t *testing.T, d *db.DB, rows []row) {
	t.Helper()
	inTx(t, d, func(tx *db.Tx) error {
		var values []string
		for _, r := range rows {
			values = append(values, fmt.Sprintf("('%s','%s','%s','%s','%s')", r.id, r.area, r.enterprise, r.account, r.item))
		}
		if _, err := tx.ExecContext(t.Context(), `CREATE TABLE rows (id TEXT, area TEXT, enterprise TEXT, account TEXT, item TEXT)`); err != nil {
			return err
		}
		_, err := tx.ExecContext(t.Context(), `INSERT INTO rows (id, area, enterprise, account, item) VALUES `+strings.Join(values, ","))
		return err
	})
}

func TestOfficersSeeEnterprisesButNeverActForThem(t *testing.T) {
	for name, c := range map[string]struct {
		scope      Scope
		enterprise string
		item       string
		want       bool
	}{
		"own":                  {Scope{Enterprises: []string{"e"}}, "e", "i", true},
		"other":                {Scope{Enterprises: []string{"e"}}, "f", "i", false},
		"regulator":            {Scope{Officer: true, Enterprises: []string{"e"}}, "e", "i", false},
		"city officer":         {CityScope(), "e", "i", false},
		"agent in item":        {Scope{Delegated: []Delegated{{"e", []string{"i"}}}}, "e", "i", true},
		"agent in other item":  {Scope{Delegated: []Delegated{{"e", []string{"i"}}}}, "e", "j", false},
		"no enterprise at all": {Scope{Account: "me"}, "", "i", false},
	} {
		if got := c.scope.ActsFor(c.enterprise, c.item); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	s := Scope{Enterprises: []string{"e"}, Delegated: []Delegated{{"f", []string{"i"}}, {"e", []string{"i"}}}}
	if diff := cmp.Diff([]string{"e", "f"}, s.Represents()); diff != "" {
		t.Error(diff)
	}
	if CityScope().Represents() != nil {
		t.Error("an officer represents an enterprise")
	}
}

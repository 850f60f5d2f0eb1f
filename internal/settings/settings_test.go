package settings

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"anlan/internal/audit"
	"anlan/internal/db"
	"anlan/internal/dbtest"
	"anlan/internal/kernel"
)

var (
	admin = kernel.Actor{Kind: kernel.ActorAccount, ID: "admin", Name: "系统管理员"}
	noon  = time.Date(2026, 5, 6, 4, 0, 0, 0, time.UTC) // 12:00 in Shanghai
	limit = Key[int]{Name: "test.limit", Default: 20, Title: kernel.Text{ZH: "期限", EN: "Limit"}, Check: func(n int) error {
		var c kernel.Check
		if n < 1 || n > 90 {
			c.Add("value", "range", "", "min", 1, "max", 90)
		}
		return c.Err()
	}}
)

func set[T any](t *testing.T, d *db.DB, now time.Time, k Key[T], from kernel.Date, v T) error {
	t.Helper()
	return d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return k.Set(ctx, tx, now, admin, from, v) })
}

func at[T any](t *testing.T, d *db.DB, now time.Time, k Key[T]) T {
	t.Helper()
	v, err := k.At(t.Context(), d.Reader(), now)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestSettingHoldsFromItsDateInShanghai(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if v := at(t, d, noon, limit); v != 20 {
			t.Errorf("default: %d", v)
		}
		if err := set(t, d, noon, limit, kernel.MustDate("2026-05-08"), 15); err != nil {
			t.Fatal(err)
		}
		if err := set(t, d, noon, limit, kernel.Date{}, 18); err != nil {
			t.Fatal(err)
		}
		for when, want := range map[string]int{
			"2026-05-05T23:59:59+08:00": 20, "2026-05-06T00:00:00+08:00": 18, "2026-05-07T23:59:59+08:00": 18, "2026-05-08T00:00:00+08:00": 15,
		} {
			now, err := time.Parse(time.RFC3339, when)
			if err != nil {
				t.Fatal(err)
			}
			if v := at(t, d, now, limit); v != want {
				t.Errorf("at %s: %d, want %d", when, v, want)
			}
		}
		// The row set last for a date counts, also within one instant.
		if err := set(t, d, noon, limit, kernel.MustDate("2026-05-08"), 16); err != nil {
			t.Fatal(err)
		}
		if v := at(t, d, noon.AddDate(0, 0, 3), limit); v != 16 {
			t.Errorf("corrected: %d", v)
		}
		rows, err := audit.List(t.Context(), d.Reader(), audit.Filter{Subject: "setting:test.limit"})
		if err != nil || len(rows) != 3 {
			t.Errorf("audit rows %v, %v", rows, err)
		}
	}, Migrations(), audit.Migrations())
}

func TestSetReportsEveryFault(t *testing.T) {
	d := dbtest.SQLite(t, Migrations(), audit.Migrations())
	err := set(t, d, noon, limit, kernel.MustDate("2026-05-05"), 0)
	var c kernel.Check
	if !c.Merge("", err) || len(c.Fields) != 2 || c.Fields[0].Rule != "date_min" || c.Fields[1].Rule != "range" {
		t.Errorf("%v", err)
	}
	if rows, _ := History(t.Context(), d.Reader(), limit.Name); len(rows) != 0 {
		t.Errorf("refused and written: %v", rows)
	}
}

func TestListShowsWhatHoldsAndWhatComes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		wait := Key[time.Duration]{Name: "test.wait", Default: time.Minute}
		for day, v := range map[string]int{"2026-05-10": 30, "2026-06-01": 40} {
			if err := set(t, d, noon, limit, kernel.MustDate(day), v); err != nil {
				t.Fatal(err)
			}
		}
		if err := set(t, d, noon, limit, kernel.MustDate("2026-05-10"), 31); err != nil {
			t.Fatal(err)
		}
		list, err := List(t.Context(), d.Reader(), noon, []Editable{limit.Editable(), wait.Editable()})
		if err != nil {
			t.Fatal(err)
		}
		if l := list[0]; l.Value != "20" || !l.From.IsZero() || len(l.Coming) != 2 ||
			l.Coming[0].Value != "31" || l.Coming[1].Value != "40" {
			t.Errorf("before: %+v", l)
		}
		list, err = List(t.Context(), d.Reader(), noon.AddDate(0, 0, 5), []Editable{limit.Editable(), wait.Editable()})
		if err != nil {
			t.Fatal(err)
		}
		if l := list[0]; l.Value != "31" || l.From != kernel.MustDate("2026-05-10") || l.SetBy != admin || len(l.Coming) != 1 {
			t.Errorf("after: %+v", l)
		}
		if list[1].Value != "1m0s" || list[1].Form != Duration {
			t.Errorf("duration: %+v", list[1])
		}
	}, Migrations(), audit.Migrations())
}

func TestEditableReadsTextStrictly(t *testing.T) {
	type hours struct{ From, To int }
	d := dbtest.SQLite(t, Migrations(), audit.Migrations())
	edits := []struct {
		key  Editable
		text string
		rule string
	}{
		{Key[bool]{Name: "b"}.Editable(), "true", ""},
		{Key[bool]{Name: "b"}.Editable(), "maybe", "boolean"},
		{limit.Editable(), "12", ""},
		{limit.Editable(), "12x", "number"},
		{limit.Editable(), "12 13", "number"},
		{limit.Editable(), "1.5", "number"},
		{limit.Editable(), "null", "number"},
		{limit.Editable(), "", "number"},
		{limit.Editable(), "91", "range"},
		{Key[time.Duration]{Name: "d"}.Editable(), "48h", ""},
		{Key[time.Duration]{Name: "d"}.Editable(), "48", "duration"},
		{Key[string]{Name: "s"}.Editable(), "", ""},
		{Key[hours]{Name: "h"}.Editable(), `{"From":9,"To":17}`, ""},
		{Key[hours]{Name: "h"}.Editable(), `{"From":9,"Until":17}`, "json"},
	}
	for _, e := range edits {
		err := d.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			return e.key.Set(ctx, tx, noon, admin, kernel.Date{}, e.text)
		})
		var c kernel.Check
		if e.rule == "" && err != nil || e.rule != "" && (!c.Merge("", err) || c.Fields[0].Rule != e.rule) {
			t.Errorf("%s = %q: %v, want %q", e.key.Name, e.text, err, e.rule)
		}
	}
}

// Whatever is set in whatever order, At agrees with a list of (date, value)
// searched from its end.
func TestAtAgreesWithAPlainList(t *testing.T) {
	d := dbtest.SQLite(t, Migrations(), audit.Migrations())
	rapid.Check(t, func(rt *rapid.T) {
		key := Key[int]{Name: kernel.NewID(noon), Default: -1}
		type row struct {
			from kernel.Date
			v    int
		}
		var rows []row
		for range rapid.IntRange(0, 8).Draw(rt, "rows") {
			r := row{kernel.DateOf(noon).AddDays(rapid.IntRange(0, 5).Draw(rt, "day")), rapid.Int().Draw(rt, "value")}
			rows = append(rows, r)
			if err := set(t, d, noon, key, r.from, r.v); err != nil {
				rt.Fatal(err)
			}
		}
		for day := range 7 {
			want, from := -1, kernel.Date{}
			for _, r := range rows {
				if !r.from.After(kernel.DateOf(noon).AddDays(day)) && !r.from.Before(from) {
					want, from = r.v, r.from
				}
			}
			if got := at(t, d, noon.AddDate(0, 0, day), key); got != want {
				rt.Fatalf("day %d: %d, want %d of %v", day, got, want, rows)
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add(`{"a":["1"]}`)
	f.Add(`null`)
	f.Add(`1e400 x`)
	f.Fuzz(func(t *testing.T, text string) {
		var days int
		var table map[string][]string
		for form, v := range map[Form]any{Number: &days, "table": &table} {
			if err := parse(form, text, v); err == nil && !json.Valid([]byte(text)) {
				t.Errorf("%q was taken as %s", text, form)
			}
		}
	})
}

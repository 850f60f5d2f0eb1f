package db_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"anlan/internal/db"
)

func TestWhereNumbersArgumentsInTheOrderOfTheText(t *testing.T) {
	var w db.Where
	if w.SQL() != "" {
		t.Errorf("nothing gives %q", w.SQL())
	}
	w.And("a = ? OR b > ?", "x", 2)
	w.In("c", []string{"p", "q"})
	w.In("d", nil)
	tail := w.Bind("ORDER BY a LIMIT ?", 50)
	if got, want := w.SQL()+" "+tail, "WHERE (a = $1 OR b > $2) AND (c IN ($3, $4)) AND (1 = 0) ORDER BY a LIMIT $5"; got != want {
		t.Errorf("got %s", got)
	}
	if diff := cmp.Diff([]any{"x", 2, "p", "q", 50}, w.Args); diff != "" {
		t.Error(diff)
	}
}

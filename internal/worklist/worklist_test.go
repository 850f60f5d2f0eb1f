package worklist

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"anlan/internal/audit"
	"anlan/internal/db"
	"anlan/internal/dbtest"
	"anlan/internal/i18n"
	"anlan/internal/kernel"
)

var now = time.Date(2026, 5, 6, 4, 0, 0, 0, time.UTC)

func item(kind, subject string) Item {
	return Item{Kind: kind, Subject: subject, Role: "clerk", Title: kernel.Text{ZH: "受理 " + subject, EN: "Accept " + subject}, Link: "/cases/" + subject, Room: "licensing"}
}

func each(t *testing.T, test func(t *testing.T, d *db.DB)) {
	t.Helper()
	dbtest.Each(t, test, Migrations(), audit.Migrations())
}

func in(t *testing.T, d *db.DB, fn func(ctx context.Context, tx *db.Tx) error) error {
	t.Helper()
	return d.InTx(t.Context(), fn)
}

func open(t *testing.T, d *db.DB, items ...Item) {
	t.Helper()
	err := in(t, d, func(ctx context.Context, tx *db.Tx) error {
		for _, it := range items {
			if err := Open(ctx, tx, now, it); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func seen(t *testing.T, d *db.DB, f For, p Filter) []string {
	t.Helper()
	list, err := List(t.Context(), d.Reader(), f, p)
	if err != nil {
		t.Fatal(err)
	}
	var subjects []string
	for _, e := range list {
		subjects = append(subjects, e.Subject)
	}
	return subjects
}

func TestTextsAreComplete(t *testing.T) {
	if _, err := i18n.Load(Texts()); err != nil {
		t.Fatal(err)
	}
}

func TestEveryoneSeesTheirOwnAndTheirScope(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		to := func(subject string, change func(*Item)) Item {
			it := item("k", subject)
			change(&it)
			return it
		}
		open(t, d,
			to("role", func(*Item) {}),
			to("role-unit", func(it *Item) { it.Unit = "u1" }),
			to("role-area", func(it *Item) { it.Area = "120116" }),
			to("role-enterprise", func(it *Item) { it.Enterprise = "e1" }),
			to("unit", func(it *Item) { it.Role, it.Unit = "", "u1" }),
			to("account", func(it *Item) { it.Role, it.Account = "", "a1" }),
			to("account-area", func(it *Item) { it.Account, it.Area = "a1", "120116" }),
			to("enterprise", func(it *Item) { it.Role, it.Enterprise = "", "e1" }),
		)
		for name, c := range map[string]struct {
			who  For
			want []string
		}{
			"nobody":            {For{}, nil},
			"another role":      {For{Account: "x", Roles: []string{"approver"}}, nil},
			"role, all areas":   {For{Account: "x", Roles: []string{"clerk"}}, []string{"role", "role-area", "role-enterprise"}},
			"role, no area":     {For{Account: "x", Roles: []string{"clerk"}, Areas: []string{}}, []string{"role", "role-enterprise"}},
			"role, other area":  {For{Account: "x", Roles: []string{"clerk"}, Areas: []string{"120101"}}, []string{"role", "role-enterprise"}},
			"role and unit":     {For{Account: "x", Roles: []string{"clerk"}, Units: []string{"u1", "u2"}, Areas: []string{"120116"}}, []string{"role", "role-area", "role-enterprise", "role-unit", "unit"}},
			"assigned":          {For{Account: "x", Roles: []string{"clerk"}, Enterprises: []string{"e2"}}, []string{"role", "role-area"}},
			"own items":         {For{Account: "a1"}, []string{"account", "account-area"}},
			"stand-in":          {For{Account: "a2", StandInFor: []string{"a1"}}, []string{"account", "account-area"}},
			"enterprise":        {For{Account: "m", Enterprises: []string{"e1"}}, []string{"enterprise"}},
			"other enterprise":  {For{Account: "m", Enterprises: []string{"e2"}}, nil},
			"enterprise's unit": {For{Account: "m", Units: []string{"u1"}}, []string{"unit"}},
		} {
			got := seen(t, d, c.who, Filter{})
			slices.Sort(got)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
			n, err := Count(t.Context(), d.Reader(), c.who, now)
			if err != nil || n.Open != int64(len(c.want)) {
				t.Errorf("%s: counted %+v, %v", name, n, err)
			}
		}
	})
}

func TestOpenAgainChangesTheItemAndKeepsTheClaim(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		clerk := For{Account: "a1", Roles: []string{"clerk"}}
		open(t, d, item("k", "s"))
		first := get(t, d, clerk)
		actor := kernel.Actor{Kind: kernel.ActorAccount, ID: "a1"}
		if err := in(t, d, func(ctx context.Context, tx *db.Tx) error { return Claim(ctx, tx, now, actor, clerk, first.ID) }); err != nil {
			t.Fatal(err)
		}
		changed := item("k", "s")
		changed.Due = now.Add(time.Hour)
		open(t, d, changed)
		second := get(t, d, clerk)
		if second.ID != first.ID || !second.Due.Equal(changed.Due) || second.ClaimedBy != "a1" {
			t.Errorf("changed in place: %+v", second)
		}
		changed.Unit = "u9"
		open(t, d, changed)
		if moved := get(t, d, For{Roles: []string{"clerk"}, Units: []string{"u9"}}); moved.ClaimedBy != "" || !moved.ClaimedAt.IsZero() {
			t.Errorf("another addressee keeps the claim: %+v", moved)
		}
	})
}

func get(t *testing.T, d *db.DB, f For) Entry {
	t.Helper()
	list, err := List(t.Context(), d.Reader(), f, Filter{})
	if err != nil || len(list) != 1 {
		t.Fatalf("%v, %v", list, err)
	}
	return list[0]
}

func TestItemHasOneClaimer(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		open(t, d, item("k", "s"))
		id := get(t, d, For{Roles: []string{"clerk"}}).ID
		act := func(fn func(context.Context, *db.Tx, time.Time, kernel.Actor, For, string) error, account string, roles ...string) kernel.Kind {
			err := in(t, d, func(ctx context.Context, tx *db.Tx) error {
				return fn(ctx, tx, now, kernel.Actor{Kind: kernel.ActorAccount, ID: account}, For{Account: account, Roles: roles}, id)
			})
			if err == nil {
				return -1
			}
			return kernel.KindOf(err)
		}
		const fine = kernel.Kind(-1)
		for _, step := range []struct {
			name      string
			got, want kernel.Kind
		}{
			{"outside the scope it does not exist", act(Claim, "b", "approver"), kernel.NotFound},
			{"first", act(Claim, "a", "clerk"), fine},
			{"twice", act(Claim, "a", "clerk"), fine},
			{"another", act(Claim, "b", "clerk"), kernel.Conflict},
			{"release by another", act(Release, "b", "clerk"), kernel.Conflict},
			{"release", act(Release, "a", "clerk"), fine},
			{"then another", act(Claim, "b", "clerk"), fine},
		} {
			if step.got != step.want {
				t.Errorf("%s: %v, want %v", step.name, step.got, step.want)
			}
		}
		err := in(t, d, func(ctx context.Context, tx *db.Tx) error {
			return Assign(ctx, tx, now, kernel.System("test"), For{Roles: []string{"clerk"}}, id, "outsider")
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := seen(t, d, For{Account: "outsider"}, Filter{Mine: true}); !cmp.Equal(got, []string{"s"}) {
			t.Errorf("who was given an item sees %v", got)
		}
	})
}

func TestClosedItemsAreGoneAndMayComeBack(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		all := For{Roles: []string{"clerk"}}
		open(t, d, item("a", "s"), item("b", "s"), item("a", "other"))
		do := func(fn func(ctx context.Context, tx *db.Tx) error) {
			if err := in(t, d, fn); err != nil {
				t.Fatal(err)
			}
		}
		do(func(ctx context.Context, tx *db.Tx) error { return Close(ctx, tx, now, "a", "s") })
		do(func(ctx context.Context, tx *db.Tx) error { return Close(ctx, tx, now, "a", "s") })
		if got := seen(t, d, all, Filter{}); len(got) != 2 {
			t.Errorf("after one: %v", got)
		}
		open(t, d, item("a", "s"))
		do(func(ctx context.Context, tx *db.Tx) error { return CloseAll(ctx, tx, now, "s") })
		if got := seen(t, d, all, Filter{}); !cmp.Equal(got, []string{"other"}) {
			t.Errorf("after all: %v", got)
		}
		var n int64
		do(func(ctx context.Context, tx *db.Tx) (err error) {
			n, err = Purge(ctx, tx, now.Add(time.Second))
			return err
		})
		if n != 3 {
			t.Errorf("%d purged, want 3", n)
		}
	})
}

func TestCountsTellOverdueAndSoon(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		for i, due := range []time.Duration{-time.Hour, 0, time.Hour, 24 * time.Hour, 25 * time.Hour} {
			it := item("k", fmt.Sprint(i))
			it.Due = now.Add(due)
			if i == 4 {
				it.Room = "relief"
			}
			open(t, d, it)
		}
		open(t, d, item("k", "no due"))
		rooms, err := CountByRoom(t.Context(), d.Reader(), For{Roles: []string{"clerk"}}, now)
		want := map[string]Counts{"licensing": {Open: 5, Overdue: 2, Soon: 2}, "relief": {Open: 1}}
		if err != nil || !cmp.Equal(rooms, want) {
			t.Errorf("%+v, %v", rooms, err)
		}
		if n, err := Waiting(t.Context(), d.Reader(), For{Roles: []string{"clerk"}}); n != 6 || err != nil {
			t.Errorf("%d wait, %v", n, err)
		}
		late, err := Overdue(t.Context(), d.Reader(), now, 10)
		if err != nil || len(late) != 2 || !late[0].Overdue(now) {
			t.Errorf("%v %v", late, err)
		}
	})
}

// Paging through the list shows every item once, by due time, those without
// one last.
func TestPagesShowEveryItemOnceByDue(t *testing.T) {
	d := dbtest.SQLite(t, Migrations(), audit.Migrations())
	rapid.Check(t, func(rt *rapid.T) {
		role := kernel.NewID(now)
		n := rapid.IntRange(0, 30).Draw(rt, "items")
		for i := range n {
			it := item("k", fmt.Sprintf("%s/%d", role, i))
			it.Role = role
			if h := rapid.IntRange(0, 5).Draw(rt, "hours"); h > 0 {
				it.Due = now.Add(time.Duration(h) * time.Hour)
			}
			open(t, d, it)
		}
		var all []Entry
		p := Filter{Limit: rapid.IntRange(1, 7).Draw(rt, "page")}
		for {
			page, err := List(t.Context(), d.Reader(), For{Roles: []string{role}}, p)
			if err != nil {
				rt.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			all = append(all, page...)
			p.After = page[len(page)-1].Cursor()
		}
		once := map[string]bool{}
		for i, e := range all {
			once[e.Subject] = true
			if i > 0 && all[i-1].due() > e.due() {
				rt.Fatalf("%s stands before %s", all[i-1].Due, e.Due)
			}
		}
		if len(all) != n || len(once) != n {
			rt.Fatalf("%d shown, %d different, want %d", len(all), len(once), n)
		}
	})
}

func TestFiltersNarrowTheList(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		a, b := item("review", "50%_off"), item("make", "plain")
		a.Due, b.Room = now.Add(time.Hour), "relief"
		open(t, d, a, b)
		f := For{Account: "a1", Roles: []string{"clerk"}}
		for name, c := range map[string]struct {
			p    Filter
			want []string
		}{
			"room":         {Filter{Room: "relief"}, []string{"plain"}},
			"kind":         {Filter{Kind: "review"}, []string{"50%_off"}},
			"due":          {Filter{DueBefore: now.Add(2 * time.Hour)}, []string{"50%_off"}},
			"mine":         {Filter{Mine: true}, nil},
			"unclaimed":    {Filter{Unclaimed: true}, []string{"50%_off", "plain"}},
			"search":       {Filter{Search: "ACCEPT P"}, []string{"plain"}},
			"search signs": {Filter{Search: "%_"}, []string{"50%_off"}},
		} {
			if diff := cmp.Diff(c.want, seen(t, d, f, c.p)); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
		if _, err := List(t.Context(), d.Reader(), f, Filter{After: "nonsense"}); kernel.KindOf(err) != kernel.Invalid {
			t.Errorf("broken cursor: %v", err)
		}
	})
}

func TestOpenNamesEverythingThatIsMissing(t *testing.T) {
	err := Item{}.Check()
	var c kernel.Check
	if !c.Merge("", err) || len(c.Fields) != 6 || !strings.Contains(err.Error(), "role: required") {
		t.Errorf("%v", err)
	}
}

package registry

import (
	"context"
	"fmt"
	"testing"

	"anlan/internal/audit"
	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/dbtest"
	"anlan/internal/event"
	"anlan/internal/kernel"
	"anlan/internal/personal"
	"anlan/internal/search"
)

func sqlite(t *testing.T) *db.DB {
	return dbtest.SQLite(t, audit.Migrations(), event.Migrations(), personal.Migrations(), search.Migrations(), Migrations())
}

// identity makes the n-th identity number that passes the check.
func identity(n int) string {
	body := fmt.Sprintf("12000019900101%03d", n)
	return body + string(kernel.IDNumberCheck(body))
}

func welder(n int) Person {
	return Person{Name: "样例焊工", IDKind: ResidentID, IDNumber: identity(n), Phone: "16000004321", Address: "天津市和平区样例路1号", Area: "120101"}
}

func TestPersonIsFoundByNumberAndShownMasked(t *testing.T) {
	each(t, func(t *testing.T, w *town) {
		ctx := t.Context()
		m, err := w.SavePerson(ctx, clerk, welder(1))
		if err != nil {
			t.Fatal(err)
		}
		if m.IDNumber != personal.MaskIDNumber(identity(1)) || m.Phone != "160****4321" || m.Address != "天津市和平区****" {
			t.Errorf("shown as %+v", m)
		}
		w.view(func(ctx context.Context, q db.Q) error {
			found, err := w.FindPerson(ctx, q, clerk.Scope, ResidentID, identity(1))
			if found.ID != m.ID {
				t.Errorf("found %+v", found)
			}
			_, missing := w.FindPerson(ctx, q, officerOf("120102").Scope, ResidentID, identity(1))
			wantKind(t, missing, kernel.NotFound)
			return err
		})
		m.Name = "样例电工"
		if m, err = w.SavePerson(ctx, clerk, m); err != nil {
			t.Fatal(err)
		}
		clear, err := w.UnmaskPerson(ctx, clerk, m.ID, "制证")
		if err != nil || clear.IDNumber != identity(1) || clear.Phone != "16000004321" || clear.Name != "样例电工" {
			t.Errorf("in clear %+v, %v", clear, err)
		}
		if n := w.count(`SELECT COUNT(*) FROM audit_rows WHERE before || after LIKE $1`, "%"+identity(1)+"%"); n != 0 {
			t.Error("the audit rows hold the number in clear")
		}
		_, err = w.SavePerson(ctx, clerk, welder(1))
		wantFields(t, err, "id_number:taken")
	})
}

func TestEnsurePersonRecordsOnce(t *testing.T) {
	each(t, func(t *testing.T, w *town) {
		ensure := func(m Person) (out Person, err error) {
			err = w.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
				out, err = w.EnsurePerson(ctx, tx, clerk.Actor, m)
				return err
			})
			return out, err
		}
		first, err := ensure(welder(1))
		if err != nil {
			t.Fatal(err)
		}
		if again, err := ensure(welder(1)); err != nil || again.ID != first.ID {
			t.Errorf("%+v, %v", again, err)
		}
		other := welder(1)
		other.Name = "冒名者"
		_, err = ensure(other)
		wantFields(t, err, "name:mismatch")
		bad := welder(2)
		bad.IDNumber = bad.IDNumber[:17] + "Y"
		_, err = ensure(bad)
		wantFields(t, err, "id_number:id_char")
	})
}

func TestErasedPersonCannotBeRead(t *testing.T) {
	each(t, func(t *testing.T, w *town) {
		ctx := t.Context()
		m, err := w.SavePerson(ctx, clerk, welder(1))
		if err != nil {
			t.Fatal(err)
		}
		if err := w.ErasePerson(ctx, clerk, m.ID, "本人申请"); err != nil {
			t.Fatal(err)
		}
		_, err = w.UnmaskPerson(ctx, clerk, m.ID, "x")
		if !personal.IsErased(err) {
			t.Errorf("unmask: %v", err)
		}
		w.view(func(ctx context.Context, q db.Q) error {
			got, err := GetPerson(ctx, q, clerk.Scope, m.ID)
			if got.IDNumber != "" || got.Phone != "" || got.Name != "样***" {
				t.Errorf("left: %+v", got)
			}
			return err
		})
		if _, err := w.SavePerson(ctx, clerk, welder(1)); err != nil {
			t.Errorf("the number cannot come back: %v", err)
		}
	})
}

func TestPersonConflictShowsTheDifference(t *testing.T) {
	each(t, func(t *testing.T, w *town) {
		m, err := w.SavePerson(t.Context(), clerk, welder(1))
		if err != nil {
			t.Fatal(err)
		}
		theirs, mine := m, m
		theirs.Area = "120102"
		if _, err := w.SavePerson(t.Context(), clerk, theirs); err != nil {
			t.Fatal(err)
		}
		mine.Phone = "16000000001"
		_, err = w.SavePerson(t.Context(), clerk, mine)
		wantKind(t, err, kernel.Conflict)
		if got := Changes(err); len(got) != 2 || got[0].Field != "phone" || got[1].Field != "area" {
			t.Errorf("%+v", got)
		}
	})
}

func TestSitesBelongToEnterprisesInScope(t *testing.T) {
	each(t, func(t *testing.T, w *town) {
		ctx := t.Context()
		e := w.save(clerk, plant(1, "120101"))
		site := Site{Name: "样例罐区", Kind: TankFarm, Area: "120101", Address: "样例路1号", Enterprise: e.ID}
		_, err := w.SaveSite(ctx, officerOf("120102"), site)
		wantFields(t, err, "enterprise:not_found")
		site, err = w.SaveSite(ctx, officerOf("120101"), site)
		if err != nil {
			t.Fatal(err)
		}
		w.view(func(ctx context.Context, q db.Q) error {
			_, err := GetSite(ctx, q, officerOf("120102").Scope, site.ID)
			wantKind(t, err, kernel.NotFound)
			page, err := Sites(ctx, q, auth.Scope{Enterprises: []string{e.ID}}, SiteFilter{Enterprise: e.ID, Area: "120101", Kind: TankFarm})
			if page.Total != 1 {
				t.Errorf("its own people see %d sites", page.Total)
			}
			return err
		})
		theirs, mine := site, site
		theirs.State = Closed
		if _, err := w.SaveSite(ctx, clerk, theirs); err != nil {
			t.Fatal(err)
		}
		mine.Name = "样例一号罐区"
		_, err = w.SaveSite(ctx, clerk, mine)
		wantKind(t, err, kernel.Conflict)
	})
}

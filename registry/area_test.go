package registry

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"anlan/internal/auth"
	"anlan/internal/db"
	"anlan/internal/i18n"
	"anlan/internal/kernel"
)

var _ auth.Directory = (*Service)(nil)
var _ auth.Enterprises = (*Service)(nil)

func TestShippedAreasAndUnitsAreWellFormed(t *testing.T) {
	areas, err := shippedAreas()
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[AreaKind]int{}
	var population int64
	for _, a := range areas {
		if err := a.Check(); err != nil {
			t.Errorf("%s: %v", a.Code, err)
		}
		kinds[a.Kind]++
		if a.Kind == District {
			population += a.Population
		}
	}
	if want := (map[AreaKind]int{CityArea: 1, District: 16, Zone: 5}); !cmp.Equal(kinds, want) {
		t.Errorf("areas: %v, want %v", kinds, want)
	}
	if population != 13_866_009 {
		t.Errorf("the districts add up to %d people", population)
	}
	units, err := shippedUnits()
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range units {
		if err := u.Check(); err != nil {
			t.Errorf("%s: %v", u.ID, err)
		}
	}
}

func TestPrepareAddsOnlyWhatIsMissing(t *testing.T) {
	each(t, func(t *testing.T, w *town) {
		renamed := "天津市和平区应急管理局（试点）"
		var u Unit
		w.view(func(ctx context.Context, q db.Q) (err error) {
			u, err = GetUnit(ctx, q, "unit-120101-emergency")
			return err
		})
		u.Name.ZH = renamed
		if _, err := w.SaveUnit(t.Context(), clerk, u); err != nil {
			t.Fatal(err)
		}
		if err := Prepare(t.Context(), w.DB); err != nil {
			t.Fatal(err)
		}
		w.view(func(ctx context.Context, q db.Q) error {
			got, err := GetUnit(ctx, q, u.ID)
			if got.Name.ZH != renamed {
				t.Errorf("name is %q again", got.Name.ZH)
			}
			return err
		})
	})
}

func TestDirectoryExpandsDistrictsAndUnits(t *testing.T) {
	each(t, func(t *testing.T, w *town) {
		streets, err := ParseStreets(strings.NewReader("code,name,parent\n120116001,塘沽街,120116\n"))
		if err != nil {
			t.Fatal(err)
		}
		if err := w.LoadStreets(t.Context(), clerk, streets); err != nil {
			t.Fatal(err)
		}
		w.view(func(ctx context.Context, q db.Q) error {
			areas, err := w.AreasUnder(ctx, q, "120116")
			if err != nil {
				return err
			}
			want := []string{"120116", "120116-DJ", "120116-ECO", "120116-FTZ", "120116-TEDA", "120116-THT"}
			if diff := cmp.Diff(want, areas); diff != "" {
				t.Error(diff)
			}
			for at, want := range map[string]int{"120116-TEDA": 1, "120101": 1, CityCode: 22, "nowhere": 0} {
				if got, err := w.AreasUnder(ctx, q, at); err != nil || len(got) != want {
					t.Errorf("under %s: %d areas, want %d (%v)", at, len(got), want, err)
				}
			}
			units, err := w.UnitsUnder(ctx, q, ApprovalDepartmentID)
			if len(units) != 7 {
				t.Errorf("the approval department has %v", units)
			}
			return err
		})
	})
}

func TestUnitOfLooksUpwards(t *testing.T) {
	each(t, func(t *testing.T, w *town) {
		var own Unit
		find := func(area string, kind UnitKind) (u Unit) {
			w.view(func(ctx context.Context, q db.Q) (err error) {
				u, err = UnitOf(ctx, q, area, kind)
				return err
			})
			return u
		}
		if own = find("120116-DJ", ApprovalBureau); own.Area != "120116-DJ" {
			t.Errorf("东疆 is answered for by %s", own.ID)
		}
		own.Closed = true
		if _, err := w.SaveUnit(t.Context(), clerk, own); err != nil {
			t.Fatal(err)
		}
		if got := find("120116-DJ", ApprovalBureau); got.ID != "unit-120116-approval" {
			t.Errorf("after its end 东疆 is answered for by %s", got.ID)
		}
		if got := find("120101", Bureau); got.ID != BureauID {
			t.Errorf("和平区 has the bureau %s", got.ID)
		}
	})
}

func TestStreetsReportEveryBadRow(t *testing.T) {
	_, err := ParseStreets(strings.NewReader("code,name,parent\n120116001,塘沽街,120116\n12011600,塘沽街,120116\n120101001,,120116\nx\n"))
	wantFields(t, err, "rows.3.code:format rows.4.name:required rows.4.parent:choice rows.5.row:format")
	_, err = ParseStreets(strings.NewReader("a,b\n"))
	wantFields(t, err, "file:format")
}

func TestStreetsNeedADistrict(t *testing.T) {
	each(t, func(t *testing.T, w *town) {
		err := w.LoadStreets(t.Context(), clerk, []Area{{Code: "120116001", Name: kernel.Text{ZH: "街"}, Kind: Street, Parent: "120116-NO"}})
		wantFields(t, err, "rows.2.parent:choice")
		if n := w.count(`SELECT COUNT(*) FROM registry_areas WHERE kind = 'street'`); n != 0 {
			t.Errorf("%d streets were loaded", n)
		}
	})
}

func FuzzParseStreets(f *testing.F) {
	f.Add("code,name,parent\n120116001,塘沽街,120116\n")
	f.Add("\ufeffcode,name,parent\n\"")
	f.Fuzz(func(t *testing.T, text string) {
		streets, err := ParseStreets(strings.NewReader(text))
		if err != nil {
			return
		}
		for _, s := range streets {
			if err := s.Check(); err != nil || !kernel.IsText(s.Name.ZH+s.Parent) {
				t.Errorf("%+v: %v", s, err)
			}
		}
	})
}

func TestUnitsRefuseLoopsAndStaleChanges(t *testing.T) {
	each(t, func(t *testing.T, w *town) {
		get := func(id string) (u Unit) {
			w.view(func(ctx context.Context, q db.Q) (err error) {
				u, err = GetUnit(ctx, q, id)
				return err
			})
			return u
		}
		dept := get(ApprovalDepartmentID)
		dept.Parent = "unit-120000-approval-make"
		_, err := w.SaveUnit(t.Context(), clerk, dept)
		wantFields(t, err, "parent:choice")

		mine, theirs := get(ReserveID), get(ReserveID)
		theirs.Phone = "022-12345678"
		if _, err := w.SaveUnit(t.Context(), clerk, theirs); err != nil {
			t.Fatal(err)
		}
		mine.Short = "市储备局"
		_, err = w.SaveUnit(t.Context(), clerk, mine)
		wantKind(t, err, kernel.Conflict)
		want := []Change{{Field: "short", Theirs: "储备局", Yours: "市储备局"}, {Field: "phone", Theirs: "022-12345678"}}
		if diff := cmp.Diff(want, Changes(err)); diff != "" {
			t.Error(diff)
		}
		_, err = w.SaveUnit(t.Context(), &auth.Principal{}, mine)
		wantKind(t, err, kernel.SignedOut)
	})
}

func TestTextsAreCompleteInBothLanguages(t *testing.T) {
	texts, err := i18n.Load(i18n.Source{Owner: "registry", FS: Locale()})
	if err != nil {
		t.Fatal(err)
	}
	keys := func(prefix string, values ...string) {
		for _, v := range values {
			if !texts.Has("registry." + prefix + "." + v) {
				t.Errorf("registry.%s.%s has no text", prefix, v)
			}
		}
	}
	keys("unit_kind", asStrings(unitKinds)...)
	keys("site_kind", asStrings(siteKinds)...)
	keys("contact_role", asStrings(contactRoles)...)
	keys("state", string(Active), string(Unconfirmed), string(Closed))
	keys("area_kind", string(CityArea), string(District), string(Zone), string(Street))
	for _, f := range flatten(record{}) {
		keys("field", f.field)
	}
}

package sample

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"anlan/internal/kernel"
	"anlan/registry"
)

var today = kernel.MustDate("2026-11-24")

func plannedAreas() []registry.Area {
	out := []registry.Area{{Code: "120000", Kind: registry.CityArea}}
	for _, d := range kernel.TianjinDistricts() {
		out = append(out, registry.Area{Code: d.Code, Full: "天津市" + d.Name.ZH, Name: d.Name, Kind: registry.District, Pos: kernel.LatLon{Lat: 39, Lon: 117}})
	}
	for _, z := range []string{"TEDA", "FTZ", "THT", "DJ", "ECO"} {
		out = append(out, registry.Area{Code: "120116-" + z, Full: "样例" + z, Name: kernel.Text{ZH: z}, Kind: registry.Zone, Pos: kernel.LatLon{Lat: 39, Lon: 117}})
	}
	return out
}

func TestThePlanIsTheSameForTheSameSeed(t *testing.T) {
	areas := plannedAreas()
	opt := cmp.Comparer(func(a, b kernel.Date) bool { return a == b })
	a, b := firms(7, areas, today), firms(7, areas, today)
	if diff := cmp.Diff(a, b, opt); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(holders(7, a, today), holders(7, b, today), opt); diff != "" {
		t.Error(diff)
	}
	if cmp.Equal(a, firms(8, areas, today), opt) {
		t.Error("another seed makes the same city")
	}
}

func TestEveryPlannedEnterpriseIsValidAndMarked(t *testing.T) {
	names, codes, used, due := map[string]bool{}, map[string]bool{}, map[string]bool{}, 0
	all := firms(1, plannedAreas(), today)
	for _, f := range all {
		if err := f.Check(registry.Enterprise{}); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
		if !strings.HasPrefix(f.Name, "样例") || !strings.HasPrefix(f.USCC, "91120000YL") || !f.Sample {
			t.Errorf("%s (%s) does not look like a sample", f.Name, f.USCC)
		}
		if names[f.Name] || codes[f.USCC] {
			t.Errorf("%s (%s) stands twice", f.Name, f.USCC)
		}
		names[f.Name], codes[f.USCC], used[f.Area] = true, true, true
		if f.DueSoon {
			due++
		}
	}
	if len(all) != 308 || due != DueStations || len(used) != 21 {
		t.Errorf("%d enterprises in %d areas, %d stations due", len(all), len(used), due)
	}
}

func TestEveryPlannedPersonIsValidAndMarked(t *testing.T) {
	numbers := map[string]bool{}
	for _, h := range holders(1, firms(1, plannedAreas(), today), today) {
		if err := h.Check(registry.Person{}); err != nil {
			t.Errorf("%s: %v", h.Name, err)
		}
		if !strings.HasPrefix(h.Name, "样例") || !strings.HasPrefix(h.IDNumber, "120000") || !strings.HasPrefix(h.Phone, "160") || numbers[h.IDNumber] {
			t.Errorf("%+v", h)
		}
		numbers[h.IDNumber] = true
	}
}

func TestEveryOfficeHasItsChainOfDifferentHands(t *testing.T) {
	logins, perArea := map[string]bool{}, map[string]map[string]int{}
	for _, o := range officers(plannedAreas()) {
		if logins[o.Login] || !strings.HasPrefix(o.Name, "样例") || o.Unit == "" {
			t.Errorf("%+v", o)
		}
		logins[o.Login] = true
		if perArea[o.Area] == nil {
			perArea[o.Area] = map[string]int{}
		}
		for _, r := range o.Roles {
			perArea[o.Area][r]++
		}
	}
	if len(perArea) != 22 {
		t.Errorf("%d areas have officers", len(perArea))
	}
	for area, roles := range perArea {
		for _, k := range desks() {
			if roles[k.roles[0]] != k.count {
				t.Errorf("%s has %d of %s", area, roles[k.roles[0]], k.roles[0])
			}
		}
	}
}

package plan

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"anlan/internal/kernel"
)

// validator gathers the broken rules of a problem.
type validator struct {
	kernel.Check
	p     *Problem
	items map[string]int
	sites map[string]int
	types map[string]bool
	ids   map[string]bool // warehouses, sites, areas and trucks share one space
	total []int64         // units needed by item
	cells map[[2]int]int64
}

// Validate reports every broken rule of the problem.
func (p *Problem) Validate() error {
	if p.Schema != ProblemSchema {
		return kernel.Bad("schema", "unknown", short(p.Schema))
	}
	v := &validator{p: p, items: map[string]int{}, sites: map[string]int{}, types: map[string]bool{}, ids: map[string]bool{},
		total: make([]int64, len(p.Items)), cells: map[[2]int]int64{}}
	v.checkItems()
	if slices.ContainsFunc(v.Fields, aboutIDs) {
		return v.Err() // references to a wrong id would only repeat it
	}
	v.checkWarehouses()
	for i, s := range p.Sites {
		v.sites[s.ID] = i
		v.checkSite(fmt.Sprintf("sites.%d", i), &s)
	}
	for i, s := range p.Areas {
		v.checkSite(fmt.Sprintf("areas.%d", i), &s)
	}
	v.checkTrucks()
	if slices.ContainsFunc(v.Fields, aboutIDs) {
		return v.Err()
	}
	v.checkNeeds()
	v.checkTravel()
	if len(v.Fields) == 0 {
		v.checkVolume()
	}
	return v.Err()
}

func aboutIDs(f kernel.FieldError) bool {
	return strings.HasSuffix(f.Field, ".id") && (f.Rule == "repeated" || f.Rule == "required")
}

func (v *validator) add(path, rule, value string, args ...any) {
	if len(v.Fields) < maxErrors {
		v.Add(path, rule, short(value), args...)
	}
}

// number checks low ≤ n ≤ 2⁵³.
func (v *validator) number(path string, n, low int64) {
	switch {
	case n < 0 || n > MaxInt:
		v.add(path, "range", strconv.FormatInt(n, 10), "min", low, "max", MaxInt)
	case n < low:
		v.add(path, "positive", strconv.FormatInt(n, 10))
	}
}

// id checks an identifier of its space.
func (v *validator) id(path, id string, taken bool) {
	switch {
	case id == "":
		v.add(path, "required", "")
	case taken:
		v.add(path, "repeated", id)
	}
}

func (v *validator) place(path, id string, lat, lon float64) {
	v.id(path+".id", id, v.ids[id])
	v.ids[id] = true
	if !(lat >= -90 && lat <= 90) {
		v.add(path+".lat", "range", strconv.FormatFloat(lat, 'g', -1, 64), "min", -90, "max", 90)
	}
	if !(lon >= -180 && lon <= 180) {
		v.add(path+".lon", "range", strconv.FormatFloat(lon, 'g', -1, 64), "min", -180, "max", 180)
	}
}

func (v *validator) checkItems() {
	for i, it := range v.p.Items {
		path := fmt.Sprintf("items.%d", i)
		_, taken := v.items[it.ID]
		v.id(path+".id", it.ID, taken)
		v.items[it.ID] = i
		v.number(path+".volume_ml", it.VolumeML, 1)
		v.number(path+".mass_g", it.MassG, 0)
		v.number(path+".per_person_milli", it.PerPersonMilli, 0)
	}
}

func (v *validator) checkWarehouses() {
	for i, w := range v.p.Warehouses {
		path := fmt.Sprintf("warehouses.%d", i)
		v.place(path, w.ID, w.Lat, w.Lon)
		v.number(path+".docks", w.Docks, 0)
		v.number(path+".dock_ml_per_s", w.DockMLPS, 1)
		v.number(path+".setup_s", w.SetupS, 0)
		v.number(path+".opens_s", w.OpensS, 0)
		for _, item := range sortedKeys(w.Stock) {
			at := path + ".stock." + short(item)
			if _, known := v.items[item]; !known {
				v.add(at, "unknown", item)
			}
			v.number(at, w.Stock[item], 0)
		}
	}
}

func (v *validator) checkSite(path string, s *Site) {
	v.place(path, s.ID, s.Lat, s.Lon)
	v.number(path+".unload_setup_s", s.UnloadSetupS, 0)
	v.number(path+".unload_ml_per_s", s.UnloadMLPS, 1)
}

func (v *validator) checkTrucks() {
	for i, t := range v.p.TruckTypes {
		path := fmt.Sprintf("truck_types.%d", i)
		v.id(path+".id", t.ID, v.types[t.ID])
		v.types[t.ID] = true
		v.number(path+".volume_ml", t.VolumeML, 1)
		v.number(path+".mass_g", t.MassG, 0)
	}
	for i, t := range v.p.Trucks {
		path := fmt.Sprintf("trucks.%d", i)
		v.place(path, t.ID, t.Lat, t.Lon)
		if !v.types[t.Type] {
			v.add(path+".type", "unknown", t.Type)
		}
		v.number(path+".ready_s", t.ReadyS, 0)
	}
}

func (v *validator) checkNeeds() {
	for i, n := range v.p.Needs {
		path := fmt.Sprintf("needs.%d", i)
		site, knownSite := v.sites[n.Site]
		item, knownItem := v.items[n.Item]
		if !knownSite {
			v.add(path+".site", "unknown", n.Site)
		}
		if !knownItem {
			v.add(path+".item", "unknown", n.Item)
		}
		v.number(path+".quantity", n.Quantity, 0)
		if n.DueS != nil {
			v.number(path+".due_s", *n.DueS, 0)
		}
		v.number(path+".class", n.Class, 0)
		if !knownSite || !knownItem || n.Quantity < 0 || n.Quantity > MaxInt {
			continue
		}
		cell := [2]int{site, item}
		v.cells[cell] += n.Quantity // ≤ 2⁵⁴, since it was ≤ 2⁵³
		if v.cells[cell] > MaxInt {
			v.add(path+".quantity", "overflow", strconv.FormatInt(n.Quantity, 10))
			v.cells[cell] = 0
		}
		v.total[item] = min(v.total[item]+n.Quantity, 1<<62)
	}
}

func (v *validator) checkTravel() {
	t := &v.p.Travel
	if !t.Matrix() {
		v.number("travel.speed_kmh", t.SpeedKmh, 1)
		v.number("travel.detour_milli", t.DetourMilli, 1)
		return
	}
	if t.Nodes == nil && t.Seconds == nil {
		v.add("travel", "required", "")
		return
	}
	if len(t.Nodes) > MaxNodes {
		v.add("travel.nodes", "too_long", strconv.Itoa(len(t.Nodes)), "max", MaxNodes)
		return
	}
	named := map[string]bool{}
	for i, id := range t.Nodes {
		switch {
		case named[id]:
			v.add(fmt.Sprintf("travel.nodes.%d", i), "repeated", id)
		case !v.ids[id]:
			v.add(fmt.Sprintf("travel.nodes.%d", i), "unknown", id)
		}
		named[id] = true
	}
	for _, id := range v.places() {
		if !named[id] && id != "" {
			v.add("travel.nodes", "missing", id)
		}
	}
	v.checkSeconds(t)
}

// places are the ids a matrix must name, in the order of the file.
func (v *validator) places() []string {
	var ids []string
	for _, w := range v.p.Warehouses {
		ids = append(ids, w.ID)
	}
	for _, s := range v.p.Sites {
		ids = append(ids, s.ID)
	}
	for _, s := range v.p.Areas {
		ids = append(ids, s.ID)
	}
	for _, t := range v.p.Trucks {
		ids = append(ids, t.ID)
	}
	return ids
}

func (v *validator) checkSeconds(t *Travel) {
	if len(t.Seconds) != len(t.Nodes) {
		v.add("travel.seconds", "length", strconv.Itoa(len(t.Seconds)), "want", len(t.Nodes))
		return
	}
	for i, row := range t.Seconds {
		if len(row) != len(t.Nodes) {
			v.add(fmt.Sprintf("travel.seconds.%d", i), "length", strconv.Itoa(len(row)), "want", len(t.Nodes))
			continue
		}
		for j, s := range row {
			switch {
			case i == j && s != 0:
				v.add(fmt.Sprintf("travel.seconds.%d.%d", i, j), "diagonal", strconv.FormatInt(s, 10))
			case s < -1 || s > MaxInt:
				v.add(fmt.Sprintf("travel.seconds.%d.%d", i, j), "range", strconv.FormatInt(s, 10), "min", -1, "max", MaxInt)
			}
		}
	}
}

// checkVolume keeps every sum of what can be moved within 2⁵³ units and 2⁶²
// millilitres or grams, so that no later arithmetic overflows.
func (v *validator) checkVolume() {
	var units, volume, mass int64
	for i, it := range v.p.Items {
		var stock int64
		for _, w := range v.p.Warehouses {
			stock = min(stock+w.Stock[it.ID], 1<<62)
		}
		n := min(stock, v.total[i])
		units = min(units+n, 1<<62)
		volume = addProduct(volume, n, it.VolumeML)
		mass = addProduct(mass, n, it.MassG)
		if units > MaxInt || volume >= 1<<62 || mass >= 1<<62 {
			v.add(fmt.Sprintf("items.%d", i), "overflow", fmt.Sprintf("%d units to move", n))
			return
		}
	}
}

// addProduct returns sum + a·b, at most 2⁶².
func addProduct(sum, a, b int64) int64 {
	high, low := bits.Mul64(uint64(a), uint64(b))
	if high != 0 || low >= 1<<62 {
		return 1 << 62
	}
	return min(sum+int64(low), 1<<62)
}

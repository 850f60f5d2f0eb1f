package plan

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"anlan/internal/kernel"
)

// This file and check_bound.go share no code with Solve: their own indexes,
// their own travel times, their own arithmetic.

// Check replays a plan against its problem and returns one entry for each
// rule it breaks, none when it is valid. digest is that of the problem's
// bytes.
func Check(p *Problem, digest string, plan *Plan) []kernel.FieldError {
	c := newChecker(p, plan)
	if plan.Schema != PlanSchema {
		c.bad("schema", "unknown", plan.Schema)
	}
	if plan.ProblemSHA256 != digest {
		c.bad("problem_sha256", "other_problem", plan.ProblemSHA256)
	}
	for i := range plan.Trips {
		c.trip(i, &plan.Trips[i])
	}
	c.docksOneAtATime()
	c.trucksInOnePlace()
	c.stockSuffices()
	c.unmetExact()
	c.totals()
	c.curve()
	if len(c.violations) == 0 {
		c.bound()
	}
	return c.violations
}

type checker struct {
	problem    *Problem
	plan       *Plan
	violations []kernel.FieldError

	items      map[string]*Item
	warehouses map[string]*Warehouse
	sites      map[string]*Site
	types      map[string]*TruckType
	trucks     map[string]*Truck
	row        map[string]int // of the matrix
	known      []bool         // trips whose truck, warehouse and stops all exist
	dropped    map[[2]string]int64
	truckS     int64
}

func newChecker(p *Problem, plan *Plan) *checker {
	c := &checker{problem: p, plan: plan, items: map[string]*Item{}, warehouses: map[string]*Warehouse{}, sites: map[string]*Site{},
		types: map[string]*TruckType{}, trucks: map[string]*Truck{}, row: map[string]int{},
		known: make([]bool, len(plan.Trips)), dropped: map[[2]string]int64{}}
	for i := range p.Items {
		c.items[p.Items[i].ID] = &p.Items[i]
	}
	for i := range p.Warehouses {
		c.warehouses[p.Warehouses[i].ID] = &p.Warehouses[i]
	}
	for i := range p.Sites {
		c.sites[p.Sites[i].ID] = &p.Sites[i]
	}
	for i := range p.TruckTypes {
		c.types[p.TruckTypes[i].ID] = &p.TruckTypes[i]
	}
	for i := range p.Trucks {
		c.trucks[p.Trucks[i].ID] = &p.Trucks[i]
	}
	for i, id := range p.Travel.Nodes {
		c.row[id] = i
	}
	return c
}

func (c *checker) bad(path, rule, value string) {
	c.violations = append(c.violations, kernel.FieldError{Field: path, Rule: rule, Value: value})
}

func (c *checker) badNumber(path, rule string, n int64) { c.bad(path, rule, strconv.FormatInt(n, 10)) }

// plus adds what is not negative; a sum too large stays the largest integer.
func plus(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// times multiplies what is not negative, with the same ceiling.
func times(a, b int64) int64 {
	if a != 0 && b > math.MaxInt64/a {
		return math.MaxInt64
	}
	return a * b
}

// timeFor is the seconds for an amount at a rate, rounded up.
func timeFor(ml, rate int64) int64 {
	s := ml / rate
	if ml%rate != 0 {
		s++
	}
	return s
}

// place is where something stands.
type place struct {
	id       string
	lat, lon float64
}

// seconds returns the travel time between two places, −1 where no road leads.
func (c *checker) seconds(from, to place) int64 {
	t := &c.problem.Travel
	if t.Matrix() {
		return t.Seconds[c.row[from.id]][c.row[to.id]]
	}
	return estimate(from, to, t.SpeedKmh, t.DetourMilli)
}

// estimate is the great circle by the angle between two vectors.
func estimate(from, to place, speedKmh, detourMilli int64) int64 {
	ax, ay, az := unitVector(from)
	bx, by, bz := unitVector(to)
	cx, cy, cz := ay*bz-az*by, az*bx-ax*bz, ax*by-ay*bx
	angle := math.Atan2(math.Sqrt(cx*cx+cy*cy+cz*cz), ax*bx+ay*by+az*bz)
	metres := 6371008.8 * angle * float64(detourMilli) / 1000
	s := math.Ceil(metres / (float64(speedKmh) / 3.6))
	return int64(min(s, float64(MaxInt)))
}

func unitVector(p place) (x, y, z float64) {
	lat, lon := p.lat*math.Pi/180, p.lon*math.Pi/180
	return math.Cos(lat) * math.Cos(lon), math.Cos(lat) * math.Sin(lon), math.Sin(lat)
}

func warehousePlace(w *Warehouse) place { return place{w.ID, w.Lat, w.Lon} }
func sitePlace(s *Site) place           { return place{s.ID, s.Lat, s.Lon} }
func truckPlace(t *Truck) place         { return place{t.ID, t.Lat, t.Lon} }

// trip checks what concerns one trip alone: its load, its times, its stops.
func (c *checker) trip(i int, t *Trip) {
	path := fmt.Sprintf("trips.%d", i)
	truck, w := c.trucks[t.Truck], c.warehouses[t.Warehouse]
	if truck == nil {
		c.bad(path+".truck", "unknown", t.Truck)
	}
	if w == nil {
		c.bad(path+".warehouse", "unknown", t.Warehouse)
	}
	ml, g, ok := c.drops(path, t)
	if truck == nil || w == nil || !ok {
		return
	}
	c.known[i] = true
	if t.Dock < 0 || t.Dock >= w.Docks {
		c.badNumber(path+".dock", "unknown", t.Dock)
	}
	if t.LoadStartS < w.OpensS {
		c.badNumber(path+".load_start_s", "before_opening", t.LoadStartS)
	}
	if least := plus(t.LoadStartS, plus(w.SetupS, timeFor(ml, w.DockMLPS))); t.DepartS < least || t.DepartS > MaxInt {
		c.badNumber(path+".depart_s", "load_time", t.DepartS)
	}
	kind := c.types[truck.Type]
	if ml > kind.VolumeML {
		c.badNumber(path+".stops", "volume", ml)
	}
	if g > kind.MassG {
		c.badNumber(path+".stops", "mass", g)
	}
	c.stopTimes(path, t, w)
}

// drops checks the stops of a trip and returns its load.
func (c *checker) drops(path string, t *Trip) (ml, g int64, ok bool) {
	ok = true
	if len(t.Stops) == 0 {
		c.bad(path+".stops", "required", "")
		return 0, 0, false
	}
	for j, s := range t.Stops {
		at := fmt.Sprintf("%s.stops.%d", path, j)
		if c.sites[s.Site] == nil {
			c.bad(at+".site", "unknown", s.Site)
			ok = false
		}
		if len(s.Drops) == 0 {
			c.bad(at+".drops", "required", "")
		}
		for id, n := range s.Drops {
			it := c.items[id]
			if it == nil {
				c.bad(at+".drops."+id, "unknown", id)
				ok = false
				continue
			}
			if n < 1 || n > MaxInt {
				c.badNumber(at+".drops."+id, "positive", n)
				ok = false
				continue
			}
			ml, g = plus(ml, times(n, it.VolumeML)), plus(g, times(n, it.MassG))
			cell := [2]string{s.Site, id}
			c.dropped[cell] = plus(c.dropped[cell], n)
		}
	}
	return ml, g, ok
}

func (c *checker) stopTimes(path string, t *Trip, w *Warehouse) {
	at, now := warehousePlace(w), t.DepartS
	for j, s := range t.Stops {
		field := fmt.Sprintf("%s.stops.%d", path, j)
		site := c.sites[s.Site]
		drive := c.seconds(at, sitePlace(site))
		if drive < 0 {
			c.bad(field+".site", "no_road", at.id+" → "+s.Site)
		} else if s.ArriveS != plus(max(now, 0), drive) {
			c.badNumber(field+".arrive_s", "travel_time", s.ArriveS)
		}
		var ml int64
		for id, n := range s.Drops {
			ml = plus(ml, times(n, c.items[id].VolumeML))
		}
		if s.DoneS < plus(max(s.ArriveS, 0), plus(site.UnloadSetupS, timeFor(ml, site.UnloadMLPS))) || s.DoneS > MaxInt {
			c.badNumber(field+".done_s", "unload_time", s.DoneS)
		}
		at, now = sitePlace(site), s.DoneS
	}
}

func (t *Trip) lastDone() int64 { return t.Stops[len(t.Stops)-1].DoneS }

// chains groups the known trips by key and orders each group by load start.
func (c *checker) chains(key func(*Trip) string) map[string][]int {
	groups := map[string][]int{}
	for i := range c.plan.Trips {
		if c.known[i] {
			k := key(&c.plan.Trips[i])
			groups[k] = append(groups[k], i)
		}
	}
	for _, g := range groups {
		slices.SortStableFunc(g, func(a, b int) int {
			x, y := &c.plan.Trips[a], &c.plan.Trips[b]
			if x.LoadStartS != y.LoadStartS {
				if x.LoadStartS < y.LoadStartS {
					return -1
				}
				return 1
			}
			if x.DepartS < y.DepartS {
				return -1
			}
			if x.DepartS > y.DepartS {
				return 1
			}
			return 0
		})
	}
	return groups
}

func (c *checker) docksOneAtATime() {
	for _, group := range ordered(c.chains(func(t *Trip) string { return fmt.Sprintf("%q %d", t.Warehouse, t.Dock) })) {
		for k := 1; k < len(group); k++ {
			before, trip := &c.plan.Trips[group[k-1]], &c.plan.Trips[group[k]]
			if trip.LoadStartS < before.DepartS {
				c.badNumber(fmt.Sprintf("trips.%d.load_start_s", group[k]), "dock_taken", trip.LoadStartS)
			}
		}
	}
}

func (c *checker) trucksInOnePlace() {
	for _, group := range ordered(c.chains(func(t *Trip) string { return t.Truck })) {
		for k, i := range group {
			trip := &c.plan.Trips[i]
			truck := c.trucks[trip.Truck]
			at, free := truckPlace(truck), truck.ReadyS
			if k > 0 {
				before := &c.plan.Trips[group[k-1]]
				at, free = sitePlace(c.sites[before.Stops[len(before.Stops)-1].Site]), before.lastDone()
			}
			drive := c.seconds(at, warehousePlace(c.warehouses[trip.Warehouse]))
			field := fmt.Sprintf("trips.%d.load_start_s", i)
			if drive < 0 {
				c.bad(field, "no_road", at.id+" → "+trip.Warehouse)
				continue
			}
			if trip.LoadStartS < plus(max(free, 0), drive) {
				c.badNumber(field, "truck_not_there", trip.LoadStartS)
			}
			c.truckS = plus(c.truckS, plus(drive, max(0, trip.lastDone()-max(trip.LoadStartS, 0))))
		}
	}
}

// ordered returns the groups in the order of their keys.
func ordered(groups map[string][]int) [][]int {
	keys := make([]string, 0, len(groups))
	for k := range groups {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	out := make([][]int, 0, len(keys))
	for _, k := range keys {
		out = append(out, groups[k])
	}
	return out
}

func (c *checker) stockSuffices() {
	taken := map[[2]string]int64{}
	for i := range c.plan.Trips {
		t := &c.plan.Trips[i]
		if !c.known[i] {
			continue
		}
		for _, s := range t.Stops {
			for id, n := range s.Drops {
				lot := [2]string{t.Warehouse, id}
				had := taken[lot] <= c.warehouses[t.Warehouse].Stock[id]
				taken[lot] = plus(taken[lot], n)
				if had && taken[lot] > c.warehouses[t.Warehouse].Stock[id] {
					c.bad(fmt.Sprintf("trips.%d", i), "stock", t.Warehouse+" "+id)
				}
			}
		}
	}
}

// open returns the sum of the needs of each (site, item).
func (c *checker) needed() map[[2]string]int64 {
	sums := map[[2]string]int64{}
	for _, n := range c.problem.Needs {
		cell := [2]string{n.Site, n.Item}
		sums[cell] = plus(sums[cell], n.Quantity)
	}
	return sums
}

func (c *checker) unmetExact() {
	open := c.needed()
	for cell, n := range c.dropped {
		if n > open[cell] {
			c.bad("trips", "beyond_need", fmt.Sprintf("%s %s %d", cell[0], cell[1], n))
		}
		open[cell] -= n
	}
	seen := map[[2]string]bool{}
	for i, u := range c.plan.Unmet {
		path := fmt.Sprintf("unmet.%d", i)
		cell := [2]string{u.Site, u.Item}
		switch {
		case seen[cell]:
			c.bad(path, "repeated", u.Site+" "+u.Item)
		case u.Quantity < 1:
			c.badNumber(path+".quantity", "positive", u.Quantity)
		case u.Quantity != open[cell]:
			c.badNumber(path+".quantity", "inexact", u.Quantity)
		}
		seen[cell] = true
	}
	for i, n := range c.problem.Needs { // in the order of the file
		cell := [2]string{n.Site, n.Item}
		if open[cell] > 0 && !seen[cell] {
			c.bad("unmet", "missing", fmt.Sprintf("%s %s %d (needs.%d)", n.Site, n.Item, open[cell], i))
			seen[cell] = true
		}
	}
}

func (c *checker) totals() {
	var latest int64
	for i := range c.plan.Trips {
		for _, s := range c.plan.Trips[i].Stops {
			latest = max(latest, s.DoneS)
		}
	}
	if c.plan.LatestS != latest {
		c.badNumber("latest_s", "inexact", c.plan.LatestS)
	}
	if c.plan.TruckS != c.truckS {
		c.badNumber("truck_s", "inexact", c.plan.TruckS)
	}
}

// curve checks that every point is true and the last is the whole.
func (c *checker) curve() {
	type drop struct{ at, units int64 }
	var drops []drop
	var total int64
	for i := range c.plan.Trips {
		for _, s := range c.plan.Trips[i].Stops {
			for _, n := range s.Drops {
				drops = append(drops, drop{s.DoneS, n})
				total = plus(total, max(n, 0))
			}
		}
	}
	slices.SortFunc(drops, func(a, b drop) int {
		if a.at < b.at {
			return -1
		}
		if a.at > b.at {
			return 1
		}
		return 0
	})
	var next int
	var sum int64
	for i, point := range c.plan.Curve {
		if i > 0 && point[0] <= c.plan.Curve[i-1][0] {
			c.badNumber(fmt.Sprintf("curve.%d", i), "order", point[0])
		}
		for ; next < len(drops) && drops[next].at <= point[0]; next++ {
			sum = plus(sum, max(drops[next].units, 0))
		}
		if point[1] != sum {
			c.badNumber(fmt.Sprintf("curve.%d", i), "inexact", point[1])
		}
	}
	if n := len(c.plan.Curve); n == 0 && total > 0 || n > 0 && c.plan.Curve[n-1][1] != total {
		c.badNumber("curve", "incomplete", total)
	}
}

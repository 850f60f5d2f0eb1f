package plan

import (
	"maps"
	"slices"
	"strconv"

	"anlan/internal/kernel"
)

// Event is what happened while a plan was being carried out.
type Event struct {
	NowS        int64
	TrucksLost  []string     // from now on; what they carry and have not unloaded is lost
	RoadsClosed [][2]string  // from, to: ids of warehouses, sites or trucks
	StockLeft   []StockCount // what is really there for trips that do not load yet
	NeedsAdded  []Need
}

// StockCount is a quantity found at a warehouse.
type StockCount struct {
	Warehouse, Item string
	Units           int64
}

// Replanned is the answer to an event. Check verifies Plan, with the trips
// already begun, against Problem, where closed roads stay, since trucks may be
// on them; no new trip uses one.
type Replanned struct {
	Problem    *Problem
	Plan       *Plan
	Difference Difference
}

// Difference is what changed from one plan to the next.
type Difference struct {
	Kept, Removed, Added      []Trip
	LatestBefore, LatestAfter int64
	UnmetBefore, UnmetAfter   int64        // units of all items
	Sites                     []SiteChange // whose last unloading moved
}

// SiteChange is when a site has everything it gets; 0 when it gets nothing.
type SiteChange struct {
	Site          string
	Before, After int64
}

// Replan keeps the trips that load, drive or are done at the event's moment
// and plans the rest anew.
func Replan(p *Problem, old *Plan, e Event, o Options) (*Replanned, error) {
	r := &replanner{event: e, changed: *p, rest: *p, at: map[string]string{}, free: map[string]int64{}}
	if err := r.check(p, old); err != nil {
		return nil, err
	}
	r.changed.Needs = slices.Concat(p.Needs, e.NeedsAdded)
	r.freeze(old)
	r.stock()
	r.needs()
	if err := r.roads(); err != nil {
		return nil, err
	}
	r.trucks()
	if err := r.changed.Validate(); err != nil {
		return nil, err
	}
	s, err := newSolver(&r.rest, o)
	if err != nil {
		return nil, err
	}
	r.docks(s)
	found := s.run()
	all := r.whole(found, o.Digest)
	return &Replanned{Problem: &r.changed, Plan: all, Difference: Compare(old, all)}, nil
}

// replanner divides a problem into what is fixed and the rest.
type replanner struct {
	event   Event
	changed Problem // what the whole plan answers
	rest    Problem // what is planned anew
	frozen  []Trip
	at      map[string]string // truck → site where it is free
	free    map[string]int64
}

func (r *replanner) check(p *Problem, old *Plan) error {
	var c kernel.Check
	known := map[string]bool{}
	for _, w := range p.Warehouses {
		known[w.ID] = true
	}
	for _, s := range p.Sites {
		known[s.ID] = true
	}
	trucks := map[string]bool{}
	for _, t := range p.Trucks {
		known[t.ID], trucks[t.ID] = true, true
	}
	if r.event.NowS < 0 || r.event.NowS > MaxInt {
		c.Add("now_s", "range", strconv.FormatInt(r.event.NowS, 10))
	}
	for i, id := range r.event.TrucksLost {
		if !trucks[id] {
			c.Add("trucks_lost."+strconv.Itoa(i), "unknown", id)
		}
	}
	for i, road := range r.event.RoadsClosed {
		for _, id := range road {
			if !known[id] {
				c.Add("roads_closed."+strconv.Itoa(i), "unknown", id)
			}
		}
	}
	for i, n := range r.event.StockLeft {
		house := slices.ContainsFunc(p.Warehouses, func(w Warehouse) bool { return w.ID == n.Warehouse })
		item := slices.ContainsFunc(p.Items, func(it Item) bool { return it.ID == n.Item })
		if !house || !item || n.Units < 0 || n.Units > MaxInt {
			c.Add("stock_left."+strconv.Itoa(i), "unknown", n.Warehouse+" "+n.Item)
		}
	}
	if err := c.Err(); err != nil {
		return err
	}
	if v := Check(p, old.ProblemSHA256, old); len(v) > 0 {
		return &kernel.Error{Kind: kernel.Invalid, Key: "error.invalid", Fields: v}
	}
	return nil
}

// freeze keeps what has begun. A lost truck keeps what it has unloaded; one
// that still loads leaves its goods at the warehouse.
func (r *replanner) freeze(old *Plan) {
	for _, t := range old.Trips {
		if t.LoadStartS > r.event.NowS {
			continue
		}
		if slices.Contains(r.event.TrucksLost, t.Truck) {
			if t.DepartS > r.event.NowS {
				continue
			}
			t.Stops = slices.DeleteFunc(slices.Clone(t.Stops), func(s Stop) bool { return s.DoneS > r.event.NowS })
			if len(t.Stops) == 0 {
				continue
			}
		}
		r.frozen = append(r.frozen, t)
		last := t.Stops[len(t.Stops)-1]
		if last.DoneS >= r.free[t.Truck] {
			r.at[t.Truck], r.free[t.Truck] = last.Site, last.DoneS
		}
	}
	r.rest.Warehouses, r.changed.Warehouses = slices.Clone(r.rest.Warehouses), slices.Clone(r.changed.Warehouses)
	for w := range r.rest.Warehouses {
		house := &r.rest.Warehouses[w]
		house.Stock = maps.Clone(house.Stock)
		for _, t := range old.Trips {
			if t.Warehouse == house.ID && t.LoadStartS <= r.event.NowS && !(slices.Contains(r.event.TrucksLost, t.Truck) && t.DepartS > r.event.NowS) {
				for _, s := range t.Stops {
					for item, n := range s.Drops {
						house.Stock[item] -= n // on the road, whether it arrives or not
					}
				}
			}
		}
		house.OpensS = max(house.OpensS, r.event.NowS)
	}
}

// stock sets what was found, in the rest and in the whole.
func (r *replanner) stock() {
	for _, n := range r.event.StockLeft {
		for w := range r.rest.Warehouses {
			if r.rest.Warehouses[w].ID == n.Warehouse {
				r.rest.Warehouses[w].Stock[n.Item] = n.Units
			}
		}
	}
	for w := range r.changed.Warehouses {
		house := &r.changed.Warehouses[w]
		house.Stock = maps.Clone(r.rest.Warehouses[w].Stock)
		for _, t := range r.frozen {
			for _, s := range t.Stops {
				for item, n := range s.Drops {
					if t.Warehouse == house.ID {
						house.Stock[item] += n
					}
				}
			}
		}
	}
}

// needs takes off what frozen trips bring, by class, then due.
func (r *replanner) needs() {
	brought := map[[2]string]int64{}
	for _, t := range r.frozen {
		for _, s := range t.Stops {
			for item, n := range s.Drops {
				brought[[2]string{s.Site, item}] += n
			}
		}
	}
	r.rest.Needs = slices.Clone(r.changed.Needs)
	order := make([]int, len(r.rest.Needs))
	for i := range order {
		order[i] = i
	}
	due := func(n *Need) int64 {
		if n.DueS == nil {
			return never
		}
		return *n.DueS
	}
	slices.SortStableFunc(order, func(a, b int) int {
		x, y := &r.rest.Needs[a], &r.rest.Needs[b]
		if x.Class != y.Class {
			return compare(x.Class, y.Class)
		}
		return compare(due(x), due(y))
	})
	for _, i := range order {
		n := &r.rest.Needs[i]
		cell := [2]string{n.Site, n.Item}
		served := min(n.Quantity, brought[cell])
		n.Quantity -= served
		brought[cell] -= served
	}
}

// roads closes roads in the rest. An estimate becomes a matrix for it.
func (r *replanner) roads() error {
	if len(r.event.RoadsClosed) == 0 && !r.rest.Travel.Matrix() {
		return nil
	}
	if !r.rest.Travel.Matrix() {
		if n := len(r.rest.Warehouses) + len(r.rest.Sites) + len(r.rest.Trucks); n > MaxNodes {
			return kernel.Bad("roads_closed", "too_many_places", strconv.Itoa(n))
		}
		r.rest.Areas = nil
		r.rest.Travel = estimated(&r.rest)
	}
	t := Travel{Nodes: r.rest.Travel.Nodes}
	for _, row := range r.rest.Travel.Seconds {
		t.Seconds = append(t.Seconds, slices.Clone(row))
	}
	for _, road := range r.event.RoadsClosed {
		from, to := slices.Index(t.Nodes, road[0]), slices.Index(t.Nodes, road[1])
		if from != to {
			t.Seconds[from][to] = -1
		}
	}
	r.rest.Travel = t
	return nil
}

// estimated writes an estimate as a matrix.
func estimated(p *Problem) Travel {
	roads := newRoads(p)
	var t Travel
	var points []point
	for i, w := range p.Warehouses {
		t.Nodes, points = append(t.Nodes, w.ID), append(points, roads.housePoint[i])
	}
	for i, s := range p.Sites {
		t.Nodes, points = append(t.Nodes, s.ID), append(points, roads.sitePoint[i])
	}
	for i, k := range p.Trucks {
		t.Nodes, points = append(t.Nodes, k.ID), append(points, roads.truckPoint[i])
	}
	for i := range points {
		row := make([]int64, len(points))
		for j := range points {
			if i != j {
				row[j] = roads.estimate(points[i], points[j])
			}
		}
		t.Seconds = append(t.Seconds, row)
	}
	return t
}

// trucks puts every truck where it will be free; lost ones are gone.
func (r *replanner) trucks() {
	sites := map[string]*Site{}
	for i := range r.rest.Sites {
		sites[r.rest.Sites[i].ID] = &r.rest.Sites[i]
	}
	var trucks []Truck
	for _, t := range r.rest.Trucks {
		from, to := slices.Index(r.rest.Travel.Nodes, t.ID), -1
		if site, begun := r.at[t.ID]; begun {
			t.Lat, t.Lon, t.ReadyS = sites[site].Lat, sites[site].Lon, r.free[t.ID]
			to = slices.Index(r.rest.Travel.Nodes, site)
		}
		t.ReadyS = max(t.ReadyS, r.event.NowS)
		if from >= 0 && to >= 0 {
			r.rest.Travel.Seconds[from] = slices.Clone(r.rest.Travel.Seconds[to])
			r.rest.Travel.Seconds[from][from] = 0
		}
		if !slices.Contains(r.event.TrucksLost, t.ID) {
			trucks = append(trucks, t)
		}
	}
	r.rest.Trucks = trucks
}

// docks tells the search until when frozen trips hold docks.
func (r *replanner) docks(s *solver) {
	for w := range r.rest.Warehouses {
		held := make([]int64, len(s.docks[w]))
		for _, t := range r.frozen {
			if t.Warehouse == r.rest.Warehouses[w].ID && t.Dock < int64(len(held)) {
				held[t.Dock] = max(held[t.Dock], t.DepartS)
			}
		}
		s.m.held = append(s.m.held, held)
	}
}

// whole joins what has begun and what is new.
func (r *replanner) whole(found *Plan, digest string) *Plan {
	all := *found
	all.ProblemSHA256 = digest
	all.Trips = slices.Concat(r.frozen, found.Trips)
	all.BoundS, all.Certificate = 0, Certificate{Kind: "none"}
	all.LatestS, all.Curve = 0, [][2]int64{}
	units := map[int64]int64{}
	for _, t := range all.Trips {
		for _, stop := range t.Stops {
			all.LatestS = max(all.LatestS, stop.DoneS)
			for _, n := range stop.Drops {
				units[stop.DoneS] += n
			}
		}
	}
	var sum int64
	for _, t := range slices.Sorted(maps.Keys(units)) {
		sum += units[t]
		all.Curve = append(all.Curve, [2]int64{t, sum})
	}
	all.TruckS += r.frozenSeconds()
	return &all
}

// frozenSeconds is the truck_s of what has begun.
func (r *replanner) frozenSeconds() int64 {
	roads := newRoads(&r.changed)
	index := func(n int, id func(int) string) map[string]int {
		m := map[string]int{}
		for i := range n {
			m[id(i)] = i
		}
		return m
	}
	houses := index(len(r.changed.Warehouses), func(i int) string { return r.changed.Warehouses[i].ID })
	sites := index(len(r.changed.Sites), func(i int) string { return r.changed.Sites[i].ID })
	trucks := index(len(r.changed.Trucks), func(i int) string { return r.changed.Trucks[i].ID })
	trips := slices.Clone(r.frozen)
	slices.SortStableFunc(trips, func(a, b Trip) int { return compare(a.LoadStartS, b.LoadStartS) })
	at := map[string]string{}
	var sum int64
	for _, t := range trips {
		if site, moved := at[t.Truck]; moved {
			sum += roads.back(sites[site], houses[t.Warehouse])
		} else {
			sum += roads.start(trucks[t.Truck], houses[t.Warehouse])
		}
		last := t.Stops[len(t.Stops)-1]
		sum += last.DoneS - t.LoadStartS
		at[t.Truck] = last.Site
	}
	return sum
}

// Compare lists what changed between two plans.
func Compare(before, after *Plan) Difference {
	d := Difference{LatestBefore: before.LatestS, LatestAfter: after.LatestS}
	same := func(a Trip) func(Trip) bool {
		return func(b Trip) bool {
			return a.Truck == b.Truck && a.Warehouse == b.Warehouse && a.LoadStartS == b.LoadStartS &&
				slices.EqualFunc(a.Stops, b.Stops, func(x, y Stop) bool { return x.Site == y.Site && x.DoneS == y.DoneS && maps.Equal(x.Drops, y.Drops) })
		}
	}
	for _, t := range after.Trips {
		if slices.ContainsFunc(before.Trips, same(t)) {
			d.Kept = append(d.Kept, t)
		} else {
			d.Added = append(d.Added, t)
		}
	}
	for _, t := range before.Trips {
		if !slices.ContainsFunc(after.Trips, same(t)) {
			d.Removed = append(d.Removed, t)
		}
	}
	for _, u := range before.Unmet {
		d.UnmetBefore += u.Quantity
	}
	for _, u := range after.Unmet {
		d.UnmetAfter += u.Quantity
	}
	was, is := lastUnloading(before), lastUnloading(after)
	both := maps.Clone(was)
	maps.Copy(both, is)
	for _, site := range sortedKeys(both) {
		if was[site] != is[site] {
			d.Sites = append(d.Sites, SiteChange{site, was[site], is[site]})
		}
	}
	return d
}

func lastUnloading(p *Plan) map[string]int64 {
	last := map[string]int64{}
	for _, t := range p.Trips {
		for _, s := range t.Stops {
			last[s.Site] = max(last[s.Site], s.DoneS)
		}
	}
	return last
}

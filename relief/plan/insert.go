package plan

import (
	"math"
	"math/rand/v2"
	"slices"
)

// builder puts goods that are left onto loads, where they cost the least:
// prices of the bound say how dear dock time, truck time and stock are.
type builder struct {
	*state
	random     *rand.Rand
	dockML     []float64 // warehouse × site: price of a millilitre through the dock
	truckS     []float64 // by type: price of a second of a truck
	truckLeast float64
	lot        []float64 // warehouse × item: price of a unit of stock
	near       [][]int   // by site: warehouses in the order of their prices
	most       int64     // the largest truck's volume
	skip       float64   // part of the places that are overlooked, for variety
	few        int       // trucks looked at for a place
	touched    []int     // trucks that lost a load in this rebuilding
	offers     []offer   // memory of serve
	least      []float64 // by item: the lowest of its stock prices
}

// offer is a place for some of a site's goods.
type offer struct {
	cost       float64 // of a millilitre
	ml         float64
	join       int  // an existing load, or none
	stopAt     int  // the position of the stop on it
	fresh      bool // the stop is new on it
	house      int
	dock       int
	truck      int
	a, b, c, d int // neighbours at the dock and of the truck
}

// goods are what a warehouse has of what is left for a site.
type goods struct {
	site    int
	ml      float64
	limit   int64   // the deadline of the most urgent part
	light   float64 // the largest volume of a gram
	dock    float64 // price of a millilitre through the dock
	stock   float64 // price of a millilitre of the cheapest goods
	lead    int64   // seconds of a load that do not depend on its volume
	perML   float64 // seconds that do
	smallML int64   // the smallest unit
}

// available gathers the goods that w has for s; ml is 0 when there are none.
func (b *builder) available(w, s int) goods {
	m := b.m
	h, site := &m.houses[w], &m.sites[s]
	a := goods{site: s, limit: never, dock: b.dockML[w*len(m.sites)+s], stock: math.Inf(1), smallML: math.MaxInt64,
		perML: h.secondsPerMl + site.secondsPerMl}
	for _, x := range b.bySite[s] {
		i := b.cells[x].item
		n := min(b.left[x], b.stock[w][i])
		if n <= 0 {
			continue
		}
		it := &m.items[i]
		a.ml += float64(n) * float64(it.ml)
		a.limit = min(a.limit, b.deadline[x])
		a.light = max(a.light, float64(it.ml)/max(float64(it.g), 1e-3))
		a.stock = min(a.stock, b.lot[w*len(m.items)+i]/float64(it.ml))
		a.smallML = min(a.smallML, it.ml)
	}
	if a.ml > 0 {
		a.lead = min(h.setup+m.roads.out(w, s)+site.setup, never)
	}
	return a
}

// serve places what is left for a site until nothing is left or no place is
// found. A warehouse is looked at only when its offer might be the best: at
// first by its prices alone, later by its last offer, since places only get
// worse while it goes on.
func (b *builder) serve(s int) {
	if b.at[s] == none {
		return
	}
	offers := b.offers[:0]
	for _, w := range b.near[s] {
		if a := b.available(w, s); a.ml > 0 && a.lead < never {
			offers = append(offers, offer{cost: a.dock + a.stock + b.truckLeast*a.perML, house: w})
		}
	}
	b.offers = offers
	looked := 0
	for len(offers) > 0 && b.at[s] != none {
		k := cheapest(offers)
		o := b.offer(offers[k].house, s)
		if math.IsInf(o.cost, 1) {
			offers = slices.Delete(offers, k, k+1)
			continue
		}
		offers[k].cost = o.cost
		// What is looked at differs a little each time: do not go in circles.
		if c := cheapest(offers); c != k && offers[c].cost < o.cost && looked < 3*len(offers) {
			looked++
			continue
		}
		looked = 0
		if !b.accept(&o, s) {
			offers = slices.Delete(offers, k, k+1)
		}
	}
}

func cheapest(offers []offer) int {
	k := 0
	for i := range offers {
		if offers[i].cost < offers[k].cost {
			k = i
		}
	}
	return k
}

// offer is the best place for goods from w.
func (b *builder) offer(w, s int) offer {
	best := offer{cost: math.Inf(1), house: w}
	if a := b.available(w, s); a.ml > 0 && a.lead < never {
		b.joins(&best, w, &a)
		b.fresh(&best, w, &a)
	}
	return best
}

// gap is a place at a dock, between two loads.
type gap struct {
	house, dock   int
	before, after int
	from, until   int64
}

// fresh looks for a place for a new load from w.
func (b *builder) fresh(best *offer, w int, a *goods) {
	h := &b.m.houses[w]
	for k := range b.docks[w] {
		g := gap{house: w, dock: k, before: none, after: b.docks[w][k].first, from: b.m.opens(w, k)}
		for {
			g.until = never
			if g.after != none {
				g.until = b.loads[g.after].late
			}
			if g.from+a.lead >= a.limit {
				break
			}
			if g.until-g.from > h.setup && b.random.Float64() >= b.skip {
				room := min(a.ml, float64(b.most), float64(g.until-g.from-h.setup)*float64(h.rate), float64(a.limit-g.from-a.lead)/a.perML)
				floor := a.dock + a.stock + (a.dock*float64(h.rate)*float64(h.setup)+b.truckLeast*(float64(a.lead)+room*a.perML))/max(1, room)
				if room >= float64(a.smallML) && floor < best.cost {
					b.trucksFor(best, &g, a)
				}
			}
			if g.after == none {
				break
			}
			l := &b.loads[g.after]
			g.before, g.after, g.from = g.after, l.afterDock, l.start+l.dockTime
		}
	}
}

// trucksFor looks for the best truck for a place at a dock: among those that
// lost a load just now and some others.
func (b *builder) trucksFor(best *offer, g *gap, a *goods) {
	for _, t := range b.touched {
		b.truckFor(best, g, a, t)
	}
	for i, t := 0, b.random.IntN(len(b.m.trucks)); i < min(len(b.m.trucks), b.few); i, t = i+1, t+1 {
		if t == len(b.m.trucks) {
			t = 0
		}
		b.truckFor(best, g, a, t)
	}
}

// truckFor looks for the best place on one truck.
func (b *builder) truckFor(best *offer, g *gap, a *goods, t int) {
	m := b.m
	h, truck := &m.houses[g.house], &m.trucks[t]
	most := min(a.ml, float64(truck.ml), float64(truck.g)*a.light)
	free, come := truck.ready, m.roads.start(t, g.house)
	for before, after := none, b.trucks[t].first; ; before, after = after, b.loads[after].afterTruck {
		if before != none {
			l := &b.loads[before]
			free, come = l.start+l.length, m.roads.back(l.lastSite(), g.house)
		}
		if free+h.setup >= g.until || free+a.lead >= a.limit {
			return
		}
		start, end := max(g.from, free+come), a.limit
		if after != none {
			l := &b.loads[after]
			end = min(end, l.late-m.roads.back(a.site, l.house))
		}
		room := min(most, float64(g.until-start-h.setup-1)*float64(h.rate), float64(end-start-a.lead-2)/a.perML)
		if room >= float64(a.smallML) && b.ordered(g.before, g.after, before, after) {
			seconds := float64(come+a.lead) + room*a.perML + 0.25*float64(start-free-come)
			docked := float64(h.setup) + 0.5*float64(start-g.from)
			cost := a.dock + a.stock + (a.dock*float64(h.rate)*docked+b.truckS[truck.kind]*seconds)/room
			if cost < best.cost && b.carries(g.house, a.site, room, truck.g) {
				*best = offer{cost: cost, ml: room, join: none, house: g.house, dock: g.dock, truck: t, a: g.before, b: g.after, c: before, d: after}
			}
		}
		if after == none {
			return
		}
	}
}

// carries reports whether at least one unit fits.
func (b *builder) carries(w, s int, ml float64, g int64) bool {
	for _, x := range b.bySite[s] {
		i := b.cells[x].item
		if min(b.left[x], b.stock[w][i]) > 0 && float64(b.m.items[i].ml) <= ml && b.m.items[i].g <= g {
			return true
		}
	}
	return false
}

// ordered reports whether a load can stand between these neighbours without
// making a circle: starts along a chain never decrease.
func (b *builder) ordered(dockBefore, dockAfter, truckBefore, truckAfter int) bool {
	if dockAfter != none && truckBefore != none && b.loads[dockAfter].start <= b.loads[truckBefore].start {
		return false
	}
	return truckAfter == none || dockBefore == none || b.loads[truckAfter].start > b.loads[dockBefore].start
}

// joins looks for loads from w with room for more goods: at a stop they make
// at the site, or as a new stop before their first or after their last.
func (b *builder) joins(best *offer, w int, a *goods) {
	for k := range b.docks[w] {
		for j := b.docks[w][k].first; j != none; j = b.loads[j].afterDock {
			l := &b.loads[j]
			truck := &b.m.trucks[l.truck]
			if l.late-l.start <= 1 || truck.ml-l.ml < a.smallML {
				continue
			}
			if p := slices.IndexFunc(l.stops, func(st stop) bool { return st.site == a.site }); p >= 0 {
				b.join(best, j, p, false, a)
				continue
			}
			b.join(best, j, 0, true, a)
			b.join(best, j, len(l.stops), true, a)
		}
	}
}

// join looks at one position on a load.
func (b *builder) join(best *offer, j, p int, fresh bool, a *goods) {
	l := &b.loads[j]
	truck := &b.m.trucks[l.truck]
	var detour int64
	if fresh {
		detour = b.detour(l, p, a.site)
	}
	x := min(a.ml, float64(truck.ml-l.ml), float64(truck.g-l.g)*a.light, float64(l.late-l.start-detour-2)/a.perML, b.timeLeft(l, p, fresh, a)/a.perML)
	if x < float64(a.smallML) {
		return
	}
	cost := a.dock + a.stock + b.truckS[truck.kind]*(float64(detour)/x+a.perML)
	if cost < best.cost && b.carries(l.house, a.site, x, truck.g-l.g) {
		*best = offer{cost: cost, ml: x, join: j, stopAt: p, fresh: fresh, house: l.house}
	}
}

// detour is the time that a new stop at position p adds, unloading excluded.
func (b *builder) detour(l *load, p, s int) int64 {
	r := &b.m.roads
	var before, direct, on int64
	if p == 0 {
		before = r.out(l.house, s)
	} else {
		before = r.across(l.stops[p-1].site, s)
	}
	switch {
	case p < len(l.stops) && p == 0:
		direct, on = r.out(l.house, l.stops[0].site), r.across(s, l.stops[0].site)
	case p < len(l.stops):
		direct, on = r.across(l.stops[p-1].site, l.stops[p].site), r.across(s, l.stops[p].site)
	case l.afterTruck != none:
		next := b.loads[l.afterTruck].house
		direct, on = r.back(l.lastSite(), next), r.back(s, next)
	}
	return min(before+on-direct+b.m.sites[s].setup, never)
}

// timeLeft is how long unloading at a position may still take before the
// goods' own deadline.
func (b *builder) timeLeft(l *load, p int, fresh bool, a *goods) float64 {
	at := l.start + l.dockTime
	switch {
	case !fresh:
		at = l.start + l.stops[p].done
	case p == 0:
		at += b.m.roads.out(l.house, a.site) + b.m.sites[a.site].setup
	default:
		at = l.start + l.stops[p-1].done + b.m.roads.across(l.stops[p-1].site, a.site) + b.m.sites[a.site].setup
	}
	return float64(a.limit - at - 2)
}

// accept carries an offer out: the goods that are cheapest here go first. It
// reports false when nothing could be moved.
func (b *builder) accept(o *offer, s int) bool {
	ml, g := int64(o.ml), b.m.trucks[o.truck].g
	if o.join != none {
		l := &b.loads[o.join]
		g = b.m.trucks[l.truck].g - l.g
	}
	lots, moved := b.choose(o.house, s, ml, g)
	if len(lots) == 0 {
		return false
	}
	if o.join == none {
		b.insert(load{house: o.house, dock: o.dock, truck: o.truck, beforeDock: o.a, afterDock: o.b, beforeTruck: o.c, afterTruck: o.d,
			stops: []stop{{site: s, lots: lots, ml: moved}}})
		return true
	}
	stops := slices.Clone(b.loads[o.join].stops)
	if o.fresh {
		stops = slices.Insert(stops, o.stopAt, stop{site: s, lots: lots, ml: moved})
	} else {
		st := &stops[o.stopAt]
		st.lots = append(slices.Clone(st.lots), lots...)
		st.ml += moved
	}
	b.replace(o.join, stops)
	return true
}

// choose picks goods for s from w within a volume and a mass: those first that
// w has cheaper than others, then the more urgent.
func (b *builder) choose(w, s int, ml, g int64) (lots []lot, moved int64) {
	items := len(b.m.items)
	order := make([]int, 0, 8)
	for _, x := range b.bySite[s] {
		if min(b.left[x], b.stock[w][b.cells[x].item]) > 0 {
			order = append(order, x)
		}
	}
	rank := func(x int) float64 {
		i := b.cells[x].item
		return (b.lot[w*items+i] - b.least[i]) / float64(b.m.items[i].ml)
	}
	slices.SortStableFunc(order, func(x, y int) int {
		if b.deadline[x] != b.deadline[y] {
			return compare(b.deadline[x], b.deadline[y])
		}
		return compare(rank(x), rank(y))
	})
	for _, x := range order {
		it := &b.m.items[b.cells[x].item]
		stock := b.stock[w][b.cells[x].item]
		for _, l := range lots { // several needs of one item share the stock
			if b.cells[l.cell].item == b.cells[x].item {
				stock -= l.n
			}
		}
		n := min(b.left[x], stock, (ml-moved)/it.ml)
		if it.g > 0 {
			n = min(n, g/it.g)
		}
		if n > 0 {
			lots = append(lots, lot{x, n})
			moved += n * it.ml
			g -= n * it.g
		}
	}
	return lots, moved
}

func compare[T int64 | float64 | int](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

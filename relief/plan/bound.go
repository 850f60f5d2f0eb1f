package plan

import (
	"math"
	"math/bits"
	"slices"
)

// A bound is a moment by which no plan that brings the same goods can end. It
// is proved by weak duality: each unit brought uses stock, dock volume up to a
// deadline and truck time; under any prices that are not negative, the goods
// are worth at most what all capacity earns. docs/formats/relief.md defines
// every term; Check evaluates it again on its own.

// demand is what a bound is about: quantities that are brought.
type demand struct {
	site, item int
	n          int64
}

// capacities are the terms of a bound for one model and demand.
type capacities struct {
	m        *model
	cells    []demand
	coarse   bool
	heads    [][]int64 // by warehouse, when its docks can begin
	reach    []int64   // warehouse × site: leaving to ready to unload
	home     []int64   // by site: back to the nearest warehouse
	homeMost int64     // what is counted of a way home at most: each truck has its last for free
	byMass   []bool    // by type: its loads are shares of its mass, not of its volume
	load     []int64   // by type: what its trucks carry at most, 0 without trucks
	most     int64
	unload   int64
	first    []int64   // by truck: the earliest moment it can begin to load
	tails    [][]int64 // by warehouse: thresholds that have prices
	bucket   []int16   // warehouse × site: how many thresholds its tail reaches
	soon     []int64   // cell × warehouse: when a first unit can be unloaded
	bySite   [][]int   // cells of each site
}

// coarseSize is up to how many (warehouse, site) pairs travel counts.
const coarseSize = 2_000_000

func newCapacities(m *model, cells []demand) *capacities {
	c := &capacities{m: m, cells: cells, coarse: len(m.houses)*len(m.sites) > coarseSize}
	c.bySite = make([][]int, len(m.sites))
	for i, d := range cells {
		c.unload = max(c.unload, m.sites[d.site].rate)
		c.bySite[d.site] = append(c.bySite[d.site], i)
	}
	c.loads()
	if c.coarse {
		c.mergeItems()
	}
	c.paths()
	c.arrivals()
	c.chooseTails()
	c.soonests()
	return c
}

// mergeItems adds up the demands of each item, where travel does not count.
func (c *capacities) mergeItems() {
	var merged []demand
	for _, d := range c.cells {
		if x := slices.IndexFunc(merged, func(m demand) bool { return m.item == d.item }); x >= 0 {
			merged[x].n += d.n
		} else {
			merged = append(merged, d)
		}
	}
	c.cells = merged
}

// loads finds what the trucks of each type can carry at most.
func (c *capacities) loads() {
	c.load, c.byMass = make([]int64, len(c.m.types)), make([]bool, len(c.m.types))
	var ml, g int64
	for _, d := range c.cells {
		ml, g = addCeiled(ml, mulDiv(d.n, c.m.items[d.item].ml, 1)), addCeiled(g, mulDiv(d.n, c.m.items[d.item].g, 1))
	}
	for k, t := range c.m.types {
		c.byMass[k] = compareProducts(g, t.ml, ml, t.g) > 0
	}
	light := c.m.items[c.cells[0].item]
	for _, d := range c.cells {
		it := c.m.items[d.item]
		if compareProducts(it.ml, light.g, light.ml, it.g) > 0 {
			light = it
		}
	}
	for _, t := range c.m.trucks {
		most := t.ml
		if light.g > 0 {
			most = min(most, mulDiv(t.g, light.ml, light.g))
		}
		c.load[t.kind] = most
		c.most = max(c.most, most)
	}
}

// share is what a unit of an item takes of a truck of a type, over what the
// truck holds.
func (c *capacities) share(kind, item int) (part, whole int64) {
	if c.byMass[kind] {
		return c.m.items[item].g, c.m.types[kind].g
	}
	return c.m.items[item].ml, c.load[kind]
}

// compareProducts compares a·b with c·d.
func compareProducts(a, b, c, d int64) int {
	h1, l1 := bits.Mul64(uint64(a), uint64(b))
	h2, l2 := bits.Mul64(uint64(c), uint64(d))
	switch {
	case h1 != h2 && h1 > h2 || h1 == h2 && l1 > l2:
		return 1
	case h1 == h2 && l1 == l2:
		return 0
	}
	return -1
}

// mulDiv is a·b ÷ d rounded down, at most the largest integer.
func mulDiv(a, b, d int64) int64 {
	high, low := bits.Mul64(uint64(a), uint64(b))
	if high >= uint64(d) {
		return math.MaxInt64
	}
	q, _ := bits.Div64(high, low, uint64(d))
	if q > math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(q)
}

// mulDivUp is a·b ÷ d rounded up, at most the largest integer.
func mulDivUp(a, b, d int64) int64 {
	q := mulDiv(a, b, d)
	high, low := bits.Mul64(uint64(a), uint64(b))
	h, l := bits.Mul64(uint64(q), uint64(d))
	if q < math.MaxInt64 && (h != high || l != low) {
		q++
	}
	return q
}

func (c *capacities) paths() {
	m := c.m
	c.reach, c.home = make([]int64, 0), make([]int64, len(m.sites))
	if c.coarse {
		return
	}
	c.reach = make([]int64, len(m.houses)*len(m.sites))
	closed := float64(len(m.houses))*float64(len(m.sites))*float64(len(m.sites)) <= closureWork
	for w := range m.houses {
		row := c.reach[w*len(m.sites) : (w+1)*len(m.sites)]
		for s := range row {
			row[s] = m.roads.out(w, s)
		}
		c.shorten(row, closed, m.roads.across)
		for s := range row {
			row[s] = min(row[s]+m.sites[s].setup, never)
		}
	}
	for s := range c.home {
		c.home[s] = never
		for w := range m.houses {
			c.home[s] = min(c.home[s], m.roads.back(s, w))
		}
	}
	c.shorten(c.home, closed, func(a, b int) int64 { return m.roads.across(b, a) })
	for s := range c.home {
		if c.home[s] >= never {
			c.home[s] = 0
		}
	}
	c.chooseHome()
	for s := range c.home {
		c.home[s] = min(c.home[s], c.homeMost)
	}
}

// chooseHome decides how much of a way home counts. Each truck has its last
// way home for free, so a long one pays only if trucks make many trips: with r
// trips of a truck, the best is exceeded by one part in r of the goods.
func (c *capacities) chooseHome() {
	type way struct {
		home int64
		ml   float64
	}
	var ways []way
	var total, load float64
	for _, d := range c.cells {
		ml := float64(d.n) * float64(c.m.items[d.item].ml)
		ways = append(ways, way{c.home[d.site], ml})
		total += ml
	}
	for _, t := range c.m.trucks {
		load += float64(c.load[t.kind])
	}
	slices.SortStableFunc(ways, func(a, b way) int { return compare(b.home, a.home) })
	for sum, i := 0.0, 0; i < len(ways) && total > load; i++ {
		if sum += ways[i].ml; sum >= load {
			c.homeMost = ways[i].home
			return
		}
	}
}

// shorten replaces direct times by shortest ways over sites. Estimates obey
// the triangle inequality and stay.
func (c *capacities) shorten(times []int64, closed bool, across func(a, b int) int64) {
	if c.m.roads.matrix == nil {
		return
	}
	if !closed {
		c.shortenByLegs(times, across)
		return
	}
	open := make([]int, len(times))
	for s := range open {
		open[s] = s
	}
	for len(open) > 0 {
		k := 0
		for i, s := range open {
			if times[s] < times[open[k]] {
				k = i
			}
		}
		s := open[k]
		open[k] = open[len(open)-1]
		open = open[:len(open)-1]
		if times[s] >= never {
			return
		}
		for _, o := range open {
			times[o] = min(times[o], times[s]+c.m.sites[s].setup+across(s, o))
		}
	}
}

// shortenByLegs counts a way over other sites as its first and last leg only.
func (c *capacities) shortenByLegs(times []int64, across func(a, b int) int64) {
	first := never
	for s, t := range times {
		first = min(first, t+c.m.sites[s].setup)
	}
	for s := range times {
		last := never
		for o := range times {
			if o != s {
				last = min(last, across(o, s))
			}
		}
		times[s] = min(times[s], first+last)
	}
}

// arrivals finds when docks and trucks can begin.
func (c *capacities) arrivals() {
	m := c.m
	counted := !c.coarse && len(m.trucks)*len(m.houses) <= headWork
	c.heads, c.first = make([][]int64, len(m.houses)), make([]int64, len(m.trucks))
	elsewhere := make([]int64, len(m.trucks))
	for t := range m.trucks {
		c.first[t], elsewhere[t] = m.trucks[t].ready, never
		if !counted {
			continue
		}
		c.first[t] = never
		for w := range m.houses {
			d := m.roads.start(t, w)
			elsewhere[t] = min(elsewhere[t], d)
			if d < never {
				c.first[t] = min(c.first[t], max(m.trucks[t].ready+d, m.houses[w].opens))
			}
		}
	}
	for w := range m.houses {
		h := &m.houses[w]
		if !counted {
			c.heads[w] = slices.Repeat([]int64{h.opens}, h.docks)
			continue
		}
		last := never
		if m.roads.matrix != nil {
			for s := range m.sites {
				last = min(last, m.roads.back(s, w))
			}
		}
		moments := make([]int64, 0, len(m.trucks))
		for t := range m.trucks {
			if d := min(m.roads.start(t, w), elsewhere[t]+last); d < never {
				moments = append(moments, max(m.trucks[t].ready+d, h.opens))
			}
		}
		slices.Sort(moments)
		c.heads[w] = moments[:min(h.docks, len(moments))]
	}
}

// dockVolume is the most that one dock loads in a window of seconds that ends
// when the last load must have been unloaded, travel excluded. Milliseconds,
// rounded so that it is never too little. It solves, for loads v₁, v₂, … each
// at most a truck: setup·j + Σ vᵢ/rate (i ≤ j) + vⱼ/unload ≤ window.
func (c *capacities) dockVolume(w int, window int64) int64 {
	h := &c.m.houses[w]
	if window > MaxInt || h.setup > MaxInt {
		return math.MaxInt64
	}
	left, setup := window*1000, h.setup*1000
	load := addCeiled(setup, mulDiv(c.most, 1000, h.rate))
	full := addCeiled(load, mulDiv(c.most, 1000, c.unload))
	var total int64
	if left >= full {
		if load == 0 {
			return mulDiv(h.rate, window, 1)
		}
		n := (left-full)/load + 1
		total = mulDiv(n, c.most, 1)
		left -= n*load - 2
	}
	both := mulDivUp(h.rate*1000, c.unload, h.rate+c.unload) // microlitres a second through dock and site
	for step := 0; step < 40 && left > setup; step++ {
		left -= setup
		volume := min(mulDivUp(left, both, 1_000_000), c.most)
		total = addCeiled(total, volume)
		left -= mulDiv(max(volume-1, 0), 1000, h.rate)
	}
	if left > setup {
		total = addCeiled(total, mulDivUp(left, h.rate, 1000))
	}
	return total
}

// addCeiled adds what is not negative, at most the largest integer.
func addCeiled(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// deadlineVolume is what all docks of w load by end for places with a tail of
// at least tail.
func (c *capacities) deadlineVolume(w int, tail, end int64) int64 {
	var sum int64
	for _, head := range c.heads[w] {
		if window := end - tail - head; window > 0 {
			sum = addCeiled(sum, c.dockVolume(w, window))
		}
	}
	return sum
}

// truckTime is what all trucks of a type have by end.
func (c *capacities) truckTime(kind int, end int64) int64 {
	var sum int64
	for t := range c.m.trucks {
		if window := end - c.first[t]; c.m.trucks[t].kind == kind && window > 0 {
			sum = addCeiled(sum, addCeiled(window, c.homeMost))
		}
	}
	return sum
}

func (c *capacities) reachOf(w, s int) int64 {
	if c.coarse {
		return 0
	}
	return c.reach[w*len(c.m.sites)+s]
}

// thresholds is how many tails of a warehouse can have prices.
const thresholds = 12

// chooseTails takes quantiles of the tails of each warehouse.
func (c *capacities) chooseTails() {
	c.tails = make([][]int64, len(c.m.houses))
	if c.coarse {
		for w := range c.tails {
			c.tails[w] = []int64{0}
		}
		return
	}
	c.bucket = make([]int16, len(c.reach))
	for w := range c.m.houses {
		var all []int64
		for s := range c.m.sites {
			if len(c.bySite[s]) > 0 && c.reachOf(w, s) < never {
				all = append(all, c.reachOf(w, s))
			}
		}
		slices.Sort(all)
		for q := range thresholds {
			if len(all) > 0 {
				c.tails[w] = append(c.tails[w], all[q*(len(all)-1)/(thresholds-1)])
			}
		}
		c.tails[w] = slices.Compact(c.tails[w])
		for s := range c.m.sites {
			for _, tail := range c.tails[w] {
				if tail <= c.reachOf(w, s) {
					c.bucket[w*len(c.m.sites)+s]++
				}
			}
		}
	}
}

// buckets is how many thresholds of w the tail to s reaches.
func (c *capacities) buckets(w, s int) int {
	if c.coarse {
		return 1
	}
	return int(c.bucket[w*len(c.m.sites)+s])
}

func (c *capacities) soonests() {
	if c.coarse {
		return
	}
	c.soon = make([]int64, 0, len(c.cells)*len(c.m.houses))
	for _, d := range c.cells {
		for w := range c.m.houses {
			c.soon = append(c.soon, c.soonest(w, d))
		}
	}
}

// soonest is when the first unit of an item from w can be unloaded.
func (c *capacities) soonest(w int, d demand) int64 {
	if c.m.houses[w].stock[d.item] == 0 || len(c.heads[w]) == 0 {
		return never
	}
	at := c.heads[w][0] + c.m.loadTime(w, c.m.items[d.item].ml)
	if !c.coarse {
		rate := c.m.sites[d.site].rate
		at += c.reachOf(w, d.site) + (c.m.items[d.item].ml+rate-1)/rate
	}
	return min(at, never)
}

// first unit of cell x from w, kept where travel counts.
func (c *capacities) soonestOf(x, w int) int64 {
	if c.coarse {
		return c.soonest(w, c.cells[x])
	}
	return c.soon[x*len(c.m.houses)+w]
}

// prices are integers as the certificate holds them.
type prices struct {
	dock  [][]int64 // by warehouse and threshold of tails, for a millilitre
	stock [][]int64 // by warehouse and item, for a unit
	fleet []int64   // by type, for a second
	sums  [][]int64 // of dock, see sumTails
}

// proves reports whether the prices show that no plan ends by end.
func (c *capacities) proves(p *prices, end int64) bool {
	var worth, earned wide
	p.sumTails()
	known := map[int]int64{} // by item, when travel does not count
	for x, d := range c.cells {
		cost, found := known[d.item]
		if !found {
			cost = c.unitCost(p, x, end)
			if cost < 0 {
				return true
			}
			if c.coarse {
				known[d.item] = cost
			}
		}
		worth.addProduct(d.n, cost)
	}
	for w := range c.m.houses {
		for k, price := range p.dock[w] {
			if price > 0 {
				earned.addProduct(price, c.deadlineVolume(w, c.tails[w][k], end))
			}
		}
		for i, price := range p.stock[w] {
			earned.addProduct(price, c.m.houses[w].stock[i])
		}
	}
	for k, price := range p.fleet {
		if price > 0 {
			earned.addProduct(price, c.truckTime(k, end))
		}
	}
	return earned.less(worth)
}

// sumTails adds up the dock prices by number of thresholds reached.
func (p *prices) sumTails() {
	if p.sums != nil {
		return
	}
	for _, row := range p.dock {
		sums := make([]int64, len(row)+1)
		for k, price := range row {
			sums[k+1] = sums[k] + price
		}
		p.sums = append(p.sums, sums)
	}
}

// unitCost is the least price of bringing one unit of cell x by end, −1 when
// it cannot be brought at all.
func (c *capacities) unitCost(p *prices, x int, end int64) int64 {
	best, d := int64(-1), c.cells[x]
	ml := c.m.items[d.item].ml
	for w := range c.m.houses {
		if c.soonestOf(x, w) > end {
			continue
		}
		cost := addCeiled(p.stock[w][d.item], mulDiv(p.sums[w][c.buckets(w, d.site)], ml, 1))
		if best >= 0 && cost >= best {
			continue
		}
		cost = addCeiled(cost, c.truckCost(p, w, d, c.reachOf(w, d.site)))
		if best < 0 || cost < best {
			best = cost
		}
	}
	return best
}

func (c *capacities) truckCost(p *prices, w int, d demand, reach int64) int64 {
	best := int64(-1)
	ml := c.m.items[d.item].ml
	for k, price := range p.fleet {
		if c.load[k] == 0 {
			continue
		}
		if price == 0 {
			return 0
		}
		part, whole := c.share(k, d.item)
		if whole == 0 {
			continue
		}
		paid := mulDiv(price, ml, 1)
		cost := mulDiv(mulDiv(price, part, 1), c.m.houses[w].setup+reach+c.home[d.site], whole)
		cost = addCeiled(cost, addCeiled(paid/c.m.houses[w].rate, paid/c.m.sites[d.site].rate))
		if best < 0 || cost < best {
			best = cost
		}
	}
	return max(best, 0)
}

// wide is a sum of products of integers that are not negative.
type wide struct{ high, mid, low uint64 }

func (s *wide) addProduct(a, b int64) {
	high, low := bits.Mul64(uint64(a), uint64(b))
	var carry uint64
	s.low, carry = bits.Add64(s.low, low, 0)
	s.mid, carry = bits.Add64(s.mid, high, carry)
	s.high += carry
}

func (s wide) less(o wide) bool {
	if s.high != o.high {
		return s.high < o.high
	}
	if s.mid != o.mid {
		return s.mid < o.mid
	}
	return s.low < o.low
}

// lastProved returns the last moment from low to high for which the prices
// are a proof, exact to grain; low−1 when there is none. What they prove for a
// moment they prove for every earlier one.
func (c *capacities) lastProved(p *prices, low, high, grain int64) int64 {
	low--
	for high-low >= max(grain, 1) {
		if mid := low + (high-low+1)/2; c.proves(p, mid) {
			low = mid
		} else {
			high = mid - 1
		}
	}
	return low
}

// certificate writes prices in the plan's form.
func (c *capacities) certificate(p *prices, end int64) Certificate {
	cert := Certificate{Kind: "prices", InfeasibleS: end, Coarse: c.coarse, HomeS: c.homeMost}
	for w := range c.m.houses {
		for k, price := range p.dock[w] {
			if price > 0 {
				cert.Docks = append(cert.Docks, DockPrice{c.m.p.Warehouses[w].ID, c.tails[w][k], price})
			}
		}
		for i, price := range p.stock[w] {
			if price > 0 {
				cert.Stock = append(cert.Stock, StockPrice{c.m.p.Warehouses[w].ID, c.m.p.Items[i].ID, price})
			}
		}
	}
	for k, price := range p.fleet {
		if price > 0 {
			cert.Fleet = append(cert.Fleet, FleetPrice{c.m.p.TruckTypes[k].ID, price})
		}
	}
	return cert
}
